"""Where service happens: stations, their items, what goes on, the hours that people give."""

from typing import Any

import strawberry

from hub import models
from hub.services import activities, life_circle, service_items, service_records
from hub.services import grids as see_grids
from hub.services import notices as see_notices
from hub.services import parties as see_parties
from hub.services import qr_points as see_qr_points
from hub.services import requests as see_requests
from hub.services import resources as see_resources
from hub.services import rotas as see_rotas
from hub.services import stations as see_stations
from schema.asked import asked
from schema.changes import history
from schema.edges import connection, found, many, one
from schema.inputs import Slot
from schema.node import Identified, NamedField, named, node, registered
from schema.ownership import extras, provenance, withheld
from schema.verbs import verb, write

GRID = models.Grid.id
PARTY = models.Party.id
STATION = models.Station.id


def _rows(kind: str, description: str) -> Any:
    return NamedField(type_annotation=named(kind), description=description)


@registered
@strawberry.type(description="A station nearby (附近驿站).")
class Near:
    station = _rows("Station", "The station (驿站).")
    distance: float = strawberry.field(description="How far, in metres (距离).")
    minutes: int = strawberry.field(description="How long one walks, in minutes (步行时间).")


@registered
@strawberry.type(description="What lies within so many minutes of walking, the nearest first (生活圈).")
class LifeCircle:
    minutes: int = strawberry.field(description="The minutes (步行分钟).")
    distance: float = strawberry.field(description="How far that is, in metres (半径).")
    stations = _rows("list[Near]", "The open stations, itself among them; at most 50 (驿站).")
    service_items = _rows("list[ServiceItem]", "What can be had there, at most 200 (服务事项).")
    activities = _rows("list[Activity]", "What goes on there now and later, at most 200 (活动).")
    offers = _rows("list[Offer]", "What is given there today, at most 200 (优惠).")


@node(
    models.Station,
    see_stations.visible,
    """code name tier address longitude latitude area opening_hours functions facilities zones build_mode premises
    demonstration agency practice opened_on closed_on created_at updated_at""",
    natural="code",
)
class Station(Identified):
    grid = one("Grid", see_grids.visible, GRID, key=models.Station.grid_id, description="Where it is (网格).")
    operator = one(
        "Party", see_parties.visible, PARTY, key=models.Station.operator_id, description="Who runs it (运营方)."
    )
    partner = one(
        "Party", see_parties.visible, PARTY, key=models.Station.partner_id, description="Who built it too (共建单位)."
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
        see_rotas.visible,
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
    series = many(
        "Series",
        see_rotas.series,
        models.Series.station_id,
        key=STATION,
        order="title",
        description="What comes again there (系列).",
    )
    notices = many(
        "PublicNotice",
        see_notices.visible,
        models.PublicNotice.station_id,
        key=STATION,
        order="-since",
        description="What is posted about it (公示).",
    )
    qr_points = many(
        "QrPoint",
        see_qr_points.visible,
        models.QrPoint.station_id,
        key=STATION,
        order="code",
        description="The codes that hang there (码上反馈).",
    )
    life_circle = asked(
        life_circle.circles,
        "LifeCircle | None",
        "What lies within so many minutes of walking, as the bird flies (生活圈); null: it has no coordinates.",
        Slot("minutes", "int | None", "How many minutes, 1 to 60: 15 unless said (步行分钟)."),
        rows=200,
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


@node(
    models.ServiceItem,
    see_stations.service_items,
    """code title category modes sunk extended contactless capacity because practice closed_on created_at updated_at""",
    natural="code",
)
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
    grid = one("Grid", see_grids.visible, GRID, key=models.ServiceItem.grid_id, description="Where it is had (网格).")
    replaces = one(
        "ServiceItem",
        see_stations.service_items,
        models.ServiceItem.id,
        key=models.ServiceItem.replaces_id,
        description="The version whose place it took (前一版本).",
    )
    evaluation = one(
        "Evaluation",
        see_requests.evaluations,
        models.Evaluation.id,
        key=models.ServiceItem.evaluation_id,
        description="The evaluation because of which it changed (评价依据).",
    )
    versions = asked(
        service_items.versions,
        "list[ServiceItem] | None",
        "All its versions, the newest first, itself among them (历次版本).",
        rows=8,
    )
    history = history(models.ServiceItem.id)
    provenance = provenance(models.ServiceItem.id)
    withheld = withheld(models.ServiceItem.id)
    extras = extras(models.ServiceItem.id)
    claims = many(
        "Claim",
        see_resources.claims,
        models.Claim.service_item_id,
        key=models.ServiceItem.id,
        order="-claimed_at",
        description="Who took it on (领单).",
    )


@node(models.QrPoint, see_qr_points.visible, "code title practice closed_on created_at updated_at", natural="code")
class QrPoint(Identified):
    grid = one("Grid", see_grids.visible, GRID, key=models.QrPoint.grid_id, description="On which grid (网格).")
    station = one(
        "Station", see_stations.visible, STATION, key=models.QrPoint.station_id, description="At which station (驿站)."
    )


@node(
    models.Activity,
    see_stations.activities,
    "code title category starts_at ends_at attendance practice closed_on created_at updated_at",
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
    series = one(
        "Series",
        see_rotas.series,
        models.Series.id,
        key=models.Activity.series_id,
        description="Of which series (活动系列).",
    )
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
        see_rotas.shifts,
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
    service_item = found(
        "ServiceItem",
        see_stations.service_items,
        models.ServiceItem.code,
        description="One service (服务事项).",
    )
    qr_point = found(
        "QrPoint", see_qr_points.visible, models.QrPoint.code, description="One code on a wall (码上反馈)."
    )
    qr_points = connection("QrPoint", see_qr_points.visible, order="code", description="The codes on walls (码上反馈).")
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


SUBMIT = {
    "code": "What the code says (二维码编号).",
    "title": "What it is about, in a line (标题).",
    "content": "What was said (内容).",
    "kind": "What the caller wants (诉求类型).",
    "caller": "Who called; kept in the vault, shown only masked (来电人).",
    "caller.name": "The name given (姓名).",
    "caller.phone": "The number given (电话).",
    "caller.confidential": "Whether the caller asks for secrecy: yes unless said (保密).",
}
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
    create_station = write(see_stations.create_station, "Station")
    update_station = write(see_stations.update_station, "Station")
    create_service_item = write(service_items.create_service_item, "ServiceItem")
    update_service_item = write(service_items.update_service_item, "ServiceItem")
    replace_service_item = write(service_items.replace_service_item, "ServiceItem")
    create_activity = write(activities.create_activity, "Activity")
    update_activity = write(activities.update_activity, "Activity")
    create_qr_point = write(see_qr_points.create_qr_point, "QrPoint")
    update_qr_point = write(see_qr_points.update_qr_point, "QrPoint")
    submit_by_code = verb(see_qr_points.submit_by_code, SUBMIT, returns="Request", ids={})
    record_service = write(service_records.record, "ServiceRecord")
    announce_service = _step(service_records.announce)
    confirm_service = _step(service_records.confirm)
    dispute_service = _step(service_records.dispute)
    resolve_service_dispute = _step(service_records.resolve)
    withdraw_service = _step(service_records.withdraw)
