"""What is given to groups of people: couriers, food riders, ..."""

import strawberry

from hub import models
from hub.services import grids as see_grids
from hub.services import offers as see
from hub.services import parties as see_parties
from hub.services import resources as see_resources
from hub.services import stations as see_stations
from schema.changes import history
from schema.edges import connection, found, one
from schema.node import Identified, computed, node
from schema.verbs import write


@node(
    models.Offer,
    see_resources.offers,
    "code title beneficiaries valid_from valid_to practice closed_on created_at updated_at",
    natural="code",
)
class Offer(Identified):
    active = computed(
        [models.Offer.valid_from, models.Offer.valid_to, models.Offer.closed_on],
        see.active,
        type=bool,
        description="Whether it holds today (有效).",
        where=see.holds(),
    )
    provider = one(
        "Party",
        see_parties.visible,
        models.Party.id,
        key=models.Offer.provider_id,
        description="Who gives it (提供方).",
    )
    station = one(
        "Station",
        see_stations.visible,
        models.Station.id,
        key=models.Offer.station_id,
        description="Where it is given (驿站).",
    )
    grid = one("Grid", see_grids.visible, models.Grid.id, key=models.Offer.grid_id, description="On which grid (网格).")
    history = history(models.Offer.id)


@strawberry.type
class Query:
    offer = found("Offer", see_resources.offers, models.Offer.code, description="One offer (优惠).")
    offers = connection("Offer", see_resources.offers, order="title", description="What is given to groups (优惠).")


@strawberry.type
class Mutation:
    create_offer = write(see.create_offer, "Offer")
    update_offer = write(see.update_offer, "Offer")
