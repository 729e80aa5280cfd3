"""Where service happens: stations, their items, who is on duty, what goes on."""

from typing import Any

import strawberry

from hub import models
from hub.services import grids as see_grids
from hub.services import parties as see_parties
from hub.services import resources as see_resources
from hub.services import service_records
from hub.services import stations as see_stations
from schema.changes import history
from schema.edges import connection, found, many, one
from schema.node import Identified, node
from schema.ownership import extras, provenance, withheld
from schema.verbs import verb, write

GRID = models.Grid.id
PARTY = models.Party.id
STATION = models.Station.id


@node(
    models.Station,
    see_stations.visible,
    """code name tier address longitude latitude area opening_hours functions facilities created_at updated_at""",
    natural="code",
)
class Station(Identified):
    grid = one("Grid", see_grids.visible, GRID, key=models.Station.grid_id, description="Where it is (网格).")
    operator = one(
        "Party", see_parties.visible, PARTY, key=models.Station.operator_id, description="Who runs it (运营方)."
    )
    centre = one(
        "Station", see_stations.visible, STATION, key=models.Station.centre_id, description="Its centre (所属中心)."
    )
    stations = many(
        "Station",
        see_stations.visible,
        models.Station.centre_id,
        key=STATION,
        order="name",
        description="The stations whose centre it is (下属驿站).",
    )
    service_items = many(
        "ServiceItem",
        see_stations.service_items,
        models.ServiceItem.station_id,
        key=STATION,
        order="title",
        description="What can be had there (服务事项).",
    )
    rotas = many(
        "Rota",
        see_stations.rotas,
        models.Rota.station_id,
        key=STATION,
        order="title",
        description="When somebody is on duty there (轮值).",
    )
    activities = many(
        "Activity",
        see_stations.activities,
        models.Activity.station_id,
        key=STATION,
        order="-starts_at",
        description="What goes on there (活动).",
    )
    offers = many(
        "Offer",
        see_resources.offers,
        models.Offer.station_id,
        key=STATION,
        order="title",
        description="What is given there to groups of people (优惠).",
    )
    history = history(STATION)
    provenance = provenance(STATION)
    withheld = withheld(STATION)
    extras = extras(STATION)


@node(models.ServiceItem, see_stations.service_items, "title category sunk extended capacity created_at updated_at")
class ServiceItem(Identified):
    station = one(
        "Station",
        see_stations.visible,
        STATION,
        key=models.ServiceItem.station_id,
        description="Where it is had (驿站).",
    )
    provider = one(
        "Party", see_parties.visible, PARTY, key=models.ServiceItem.provider_id, description="Who gives it (提供方)."
    )
    claims = many(
        "Claim",
        see_resources.claims,
        models.Claim.service_item_id,
        key=models.ServiceItem.id,
        order="-claimed_at",
        description="Who took it on (领单).",
    )


@node(models.Rota, see_stations.rotas, "title rule starts_on ends_on created_at updated_at")
class Rota(Identified):
    station = one(
        "Station", see_stations.visible, STATION, key=models.Rota.station_id, description="At which station (驿站)."
    )
    grid = one("Grid", see_grids.visible, GRID, key=models.Rota.grid_id, description="On which grid (网格).")
    shifts = many(
        "Shift",
        see_stations.shifts,
        models.Shift.rota_id,
        key=models.Rota.id,
        order="starts_at",
        description="Whose turn it is, when (班次).",
    )


@node(models.Shift, see_stations.shifts, "starts_at ends_at held withdrawn_at created_at updated_at")
class Shift(Identified):
    rota = one(
        "Rota", see_stations.rotas, models.Rota.id, key=models.Shift.rota_id, description="Of which rota (轮值)."
    )
    person = one(
        "Person", see_parties.persons, models.Person.id, key=models.Shift.person_id, description="Whose turn (值班人)."
    )
    activity = one(
        "Activity",
        see_stations.activities,
        models.Activity.id,
        key=models.Shift.activity_id,
        description="At which activity (活动).",
    )


@node(
    models.Activity,
    see_stations.activities,
    "code title category starts_at ends_at attendance closed_on created_at updated_at",
    natural="code",
)
class Activity(Identified):
    organizer = one(
        "Party", see_parties.visible, PARTY, key=models.Activity.organizer_id, description="Who organizes it (主办方)."
    )
    station = one(
        "Station", see_stations.visible, STATION, key=models.Activity.station_id, description="At which station (驿站)."
    )
    grid = one("Grid", see_grids.visible, GRID, key=models.Activity.grid_id, description="On which grid (网格).")
    service_records = many(
        "ServiceRecord",
        see_stations.service_records,
        models.ServiceRecord.activity_id,
        key=models.Activity.id,
        order="started_at",
        description="The hours that were given at it (服务记录).",
    )
    shifts = many(
        "Shift",
        see_stations.shifts,
        models.Shift.activity_id,
        key=models.Activity.id,
        order="starts_at",
        description="Whose turn it is, when (班次).",
    )


@node(
    models.ServiceRecord,
    see_stations.service_records,
    """code title started_at hours method status notice_from notice_until dispute disputed_at resolution resolved_at
    created_at updated_at""",
    natural="code",
)
class ServiceRecord(Identified):
    person = one(
        "Person",
        see_parties.persons,
        models.Person.id,
        key=models.ServiceRecord.person_id,
        description="Who gave the hours (志愿者).",
    )
    team = one(
        "Party", see_parties.visible, PARTY, key=models.ServiceRecord.team_id, description="With which team (服务队)."
    )
    activity = one(
        "Activity",
        see_stations.activities,
        models.Activity.id,
        key=models.ServiceRecord.activity_id,
        description="At which activity (活动).",
    )
    recorder = one(
        "Party",
        see_parties.visible,
        PARTY,
        key=models.ServiceRecord.recorder_id,
        description="Who recorded them, and answers for it (记录人).",
    )
    history = history(models.ServiceRecord.id)


@strawberry.type
class Query:
    station = found("Station", see_stations.visible, models.Station.code, description="One station (驿站).")
    stations = connection("Station", see_stations.visible, order="name", description="The stations (驿站).")
    service_items = connection(
        "ServiceItem", see_stations.service_items, order="title", description="What can be had (服务事项)."
    )
    rotas = connection("Rota", see_stations.rotas, order="title", description="When somebody is on duty (轮值).")
    shifts = connection("Shift", see_stations.shifts, order="-starts_at", description="Whose turn it is, when (班次).")
    activity = found("Activity", see_stations.activities, models.Activity.code, description="One activity (活动).")
    activities = connection("Activity", see_stations.activities, order="-starts_at", description="What goes on (活动).")
    service_record = found(
        "ServiceRecord",
        see_stations.service_records,
        models.ServiceRecord.code,
        description="One record of hours that were given (服务记录).",
    )
    service_records = connection(
        "ServiceRecord",
        see_stations.service_records,
        order="-started_at",
        description="Hours that were given (服务记录).",
    )


IDS = {"id": "ServiceRecord"}
WORDS = {
    "id": "The record (服务记录).",
    "days": "For how many days, today included: seven unless said (公示天数).",
    "reason": "Why, in words (理由).",
    "upheld": "Whether the dispute is right: then the hours do not count (异议成立).",
    "resolution": "What came of it, in words (处理结果).",
}


def _step(function: Any) -> Any:
    return verb(function, WORDS, returns="ServiceRecord", ids=IDS)


@strawberry.type
class Mutation:
    record_service = write(service_records.record, "ServiceRecord")
    announce_service = _step(service_records.announce)
    confirm_service = _step(service_records.confirm)
    dispute_service = _step(service_records.dispute)
    resolve_service_dispute = _step(service_records.resolve)
    withdraw_service = _step(service_records.withdraw)
