"""When: what comes again by a rule, whose turn it is, and whether it was held."""

from datetime import datetime
from typing import Any

import strawberry

from hub import models
from hub.services import alliances as see_alliances
from hub.services import deliberation as see_deliberation
from hub.services import grids as see_grids
from hub.services import occurrences as due
from hub.services import parties as see_parties
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
ROTA = models.Rota.id
SERIES = models.Series.id

DAYS = (
    Slot("from", "date", "The first day, in China (起始日期)."),
    Slot("to", "date", "The last day (截止日期): at most three years later, and at most 1,000 times."),
)


def _rows(kind: str, description: str) -> Any:
    return NamedField(type_annotation=named(kind), description=description)


@registered
@strawberry.type(description="One time that a rule is due, and what there is of it (应到场次).")
class Occurrence:
    starts_at: datetime = strawberry.field(description="When it begins (开始时间).")
    ends_at: datetime = strawberry.field(description="When it ends (结束时间).")
    shifts = _rows("list[Shift]", "The turns that are taken, as far as the viewer sees them (班次).")
    on_duty = _rows("list[Person]", "Who is on duty, one after the other (值班人).")
    meetings = _rows("list[Meeting]", "The meetings of it (会议).")
    activities = _rows("list[Activity]", "The activities of it (活动).")


@registered
@strawberry.type(description="How often something was due until now, and how often it was held (履行情况).")
class Compliance:
    due: int = strawberry.field(description="How often it was due (应到次数).")
    held: int = strawberry.field(description="How often it was held (实到次数).")
    missed: int = strawberry.field(description="How often it was not (缺勤次数).")
    rate: float | None = strawberry.field(description="Held by due, from 0 to 1; null: it was not due (到岗率).")


@node(
    models.Rota,
    see_rotas.visible,
    "code title rule at minutes starts_on ends_on actions modes practice created_at updated_at",
    natural="code",
)
class Rota(Identified):
    station = one(
        "Station", see_stations.visible, STATION, key=models.Rota.station_id, description="At which station (驿站)."
    )
    grid = one("Grid", see_grids.visible, GRID, key=models.Rota.grid_id, description="On which grid (网格).")
    shifts = many(
        "Shift",
        see_rotas.shifts,
        models.Shift.rota_id,
        key=ROTA,
        order="starts_at",
        description="Whose turn it is, when (班次).",
    )
    occurrences = asked(
        due.of_rotas,
        "list[Occurrence] | None",
        "When it is due in these days, and who is on duty (应到场次).",
        *DAYS,
        rows=100,
    )
    compliance = asked(
        due.rotas_comply,
        "Compliance | None",
        "How often it was due in these days, until now, and held (到岗情况): at least one turn of it was.",
        *DAYS,
    )
    history = history(ROTA)
    provenance = provenance(ROTA)
    withheld = withheld(ROTA)
    extras = extras(ROTA)


@node(
    models.Series,
    see_rotas.series,
    "code title series_kind rule at minutes starts_on ends_on practice created_at updated_at",
    natural="code",
)
class Series(Identified):
    organizer = one(
        "Party", see_parties.visible, PARTY, key=models.Series.organizer_id, description="Who holds it (主办方)."
    )
    alliance = one(
        "Alliance",
        see_alliances.visible,
        models.Alliance.id,
        key=models.Series.alliance_id,
        description="Of which alliance (联盟).",
    )
    station = one(
        "Station", see_stations.visible, STATION, key=models.Series.station_id, description="At which station (驿站)."
    )
    grid = one("Grid", see_grids.visible, GRID, key=models.Series.grid_id, description="On which grid (网格).")
    meetings = many(
        "Meeting",
        see_deliberation.meetings,
        models.Meeting.series_id,
        key=SERIES,
        order="-held_at",
        description="Its meetings (会议).",
    )
    activities = many(
        "Activity",
        see_stations.activities,
        models.Activity.series_id,
        key=SERIES,
        order="-starts_at",
        description="Its activities (活动).",
    )
    occurrences = asked(
        due.of_series,
        "list[Occurrence] | None",
        "When it is due in these days, and what was held: each with the time nearest to it (应到场次).",
        *DAYS,
        rows=100,
    )
    compliance = asked(
        due.series_comply,
        "Compliance | None",
        "How often it was due in these days, until now, and held (履行情况).",
        *DAYS,
    )
    history = history(SERIES)
    provenance = provenance(SERIES)
    withheld = withheld(SERIES)
    extras = extras(SERIES)


@node(models.Shift, see_rotas.shifts, "starts_at ends_at held withdrawn_at practice created_at updated_at")
class Shift(Identified):
    rota = one("Rota", see_rotas.visible, ROTA, key=models.Shift.rota_id, description="Of which rota (轮值).")
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
    relieves = one(
        "Shift",
        see_rotas.shifts,
        models.Shift.id,
        key=models.Shift.relieves_id,
        description="Whose turn it takes over, or follows (接替的班次).",
    )


@strawberry.type
class Query:
    rota = found("Rota", see_rotas.visible, models.Rota.code, description="One rota (轮值).")
    rotas = connection("Rota", see_rotas.visible, order="title", description="When somebody is on duty (轮值).")
    series = connection(
        "Series", see_rotas.series, order="title", description="The meetings and activities that come again (系列)."
    )
    shifts = connection("Shift", see_rotas.shifts, order="-starts_at", description="Whose turn it is, when (班次).")


IDS = {"id": "Shift", "rota_id": "Rota", "person_id": "Person"}
WORDS = {
    "id": "The turn (班次).",
    "rota_id": "The rota (轮值).",
    "person_id": "The person (值班人).",
    "starts_at": "When it begins (开始时间): at a time when the rota is due.",
    "ends_at": "When it ends (结束时间); without it: with the rota.",
    "at": "From when on (接岗时间); without it: from the beginning.",
    "held": "Whether it was held (是否到岗).",
}


def _turn(function: Any) -> Any:
    return verb(function, WORDS, returns="Shift", ids=IDS)


@strawberry.type
class Mutation:
    create_rota = write(see_rotas.create_rota, "Rota")
    update_rota = write(see_rotas.update_rota, "Rota")
    create_series = write(see_rotas.create_series, "Series")
    update_series = write(see_rotas.update_series, "Series")
    assign_shift = _turn(see_rotas.assign_shift)
    relieve_shift = _turn(see_rotas.relieve_shift)
    note_held = _turn(see_rotas.note_held)
    withdraw_shift = _turn(see_rotas.withdraw_shift)
