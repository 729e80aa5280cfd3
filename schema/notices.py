"""What is posted for everybody, for a time."""

import strawberry

from hub import models
from hub.services import grids as see_grids
from hub.services import notices as see
from hub.services import parties as see_parties
from hub.services import stations as see_stations
from schema.changes import history
from schema.edges import connection, found, one
from schema.node import Identified, computed, node
from schema.verbs import write


@node(
    models.PublicNotice,
    see.visible,
    "code notice_kind title text basis since until practice closed_on created_at updated_at",
    natural="code",
)
class PublicNotice(Identified):
    running = computed(
        [models.PublicNotice.since, models.PublicNotice.until, models.PublicNotice.closed_on],
        see.running,
        type=bool,
        description="Whether everybody sees it today (公示中).",
        where=see.runs(),
    )
    station = one(
        "Station",
        see_stations.visible,
        models.Station.id,
        key=models.PublicNotice.station_id,
        description="Of which station (驿站).",
    )
    grid = one(
        "Grid", see_grids.visible, models.Grid.id, key=models.PublicNotice.grid_id, description="On which grid (网格)."
    )
    party = one(
        "Party",
        see_parties.visible,
        models.Party.id,
        key=models.PublicNotice.party_id,
        description="Whom it is about, or who posted it (公示主体).",
    )
    history = history(models.PublicNotice.id)


@strawberry.type
class Query:
    notice = found("PublicNotice", see.visible, models.PublicNotice.code, description="One notice (公示).")
    notices = connection(
        "PublicNotice",
        see.visible,
        order="-since",
        description="What is posted: all see it while it runs, those who post on a grid the rest there, too (公示).",
    )


@strawberry.type
class Mutation:
    post_notice = write(see.post_notice, "PublicNotice")
    update_notice = write(see.update_notice, "PublicNotice")
