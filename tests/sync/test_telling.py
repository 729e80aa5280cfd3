"""A row is told in the words in which a source would have said it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from hub.db import Database
from hub.models import Link, Request
from hub.plugin import Caller, Issue, Record
from hub.sync import telling
from hub.sync.kinds import KINDS
from hub.sync.reading import read
from tests.sync import told_places
from tests.sync.sources import gone, grid, organization, rows, run, told

AT = datetime(2027, 1, 1, 4, 5, 6, 789, tzinfo=UTC)
FIELDS: dict[str, dict[str, Any]] = {
    "grid": {
        "code": "150602001",
        "name": "街道",
        "level": "STREET",
        "parent": "150602",
        "jurisdiction": None,
        "kind": "RESIDENTIAL",
        "buildings": 67,
        "households": 1758,
        "population": None,
        "longitude": 110.1,
        "latitude": 39.8,
        "valid_from": date(2020, 1, 1),
        "valid_to": None,
    },
    "practice": {
        "code": "p",
        "name": "某区",
        "title": "某法",
        "description": None,
        "demo": {},
        "grid": "150602001",
    },
    "scheme": {
        "code": "p.S",
        "practice": "p",
        "scheme_kind": "STANDARD",
        "name": "四化",
        "description": None,
        "expected": 4,
        "complete": False,
    },
    "scheme_item": {
        "code": "p.S.1",
        "position": 1,
        "name": "清单化",
        "description": None,
        "year": 2020,
        "scheme": "p.S",
    },
    "workflow": {"code": "p.W", "practice": "p", "name": "点单", "subject": "REQUEST", "description": None},
    "workflow_step": {
        "code": "p.W.a",
        "position": 1,
        "name": "点单",
        "phase": "INTAKE",
        "actions": ["SUBMIT"],
        "taken_by": [],
        "days": 2,
        "leads_to": [],
        "workflow": "p.W",
    },
    "escalation": {"code": "p.W.urge", "days": 1, "rung": "URGE", "workflow": "p.W"},
    "feature": {
        "code": "p.F9-01",
        "row": "F9-01",
        "practice": "p",
        "title": "四化",
        "scenario": {"steps": [{"do": "{ viewer { name } }"}]},
    },
    "figure": {
        "code": "p.F9-01.n",
        "practice": "p",
        "name": "项数",
        "value": 4.0,
        "unit": None,
        "qualifier": "EXACT",
        "scope": None,
        "said": "四化",
        "query": "{ schemes { totalCount } }",
        "at": "schemes.totalCount",
        "feature": "p.F9-01",
    },
    "indicator": {
        "code": "p.I",
        "practice": "p",
        "name": "办结率",
        "description": None,
        "numerator": {"of": "requests", "where": {"status": "CLOSED"}},
        "denominator": {"of": "requests"},
        "exclusions": {},
        "period": "MONTH:19",
    },
    "organization": {
        "code": "O1",
        "name": "物业",
        "organization_kind": "PROPERTY_COMPANY",
        "parent": "O0",
        "grid": "150602001",
        "description": "好",
        "industry": None,
        "colour": "红",
        "minimum_size": 15,
        "established_on": date(2024, 2, 29),
        "practice": "fancheng",
    },
    "person": {"code": "P1", "name": "甲", "grid": None, "public": True, "skills": ["水电", "木工"], "practice": None},
    "alliance": {
        "code": "A1",
        "name": "联盟",
        "alliance_kind": "OTHER",
        "lead": "O1",
        "grid": "150602001",
        "description": None,
        "practice": None,
        "pillars": ["组织联建"],
        "match_basis": [],
    },
    "member": {"alliance": "A1", "party": "O1", "role": None, "joined_on": date(2024, 2, 29)},
    "post": {
        "role": "STEWARD",
        "title": None,
        "steward_kind": "STUDENT",
        "practice": "baohe",
        "public": False,
        "since": date(2024, 2, 29),
        "until": None,
        "person": "P1",
        "organization": "O1",
        "grid": "150602001",
    },
    "activity": {
        "code": "C1",
        "title": "清河",
        "category": None,
        "starts_at": AT,
        "ends_at": None,
        "attendance": 3,
        "grid": "150602001",
        "organizer": "O1",
        "practice": None,
        "station": "ST",
        "series": "SE",
    },
    "shift": {"starts_at": AT, "ends_at": AT, "held": True, "person": "P1", "activity": "C1"}
    | {"practice": None, "rota": "RO"},
    **told_places.FIELDS,
    "service_record": {
        "code": "S1",
        "title": "清河",
        "started_at": AT,
        "hours": 1.5,
        "method": "APP",
        "status": "DRAFT",
        "notice_from": None,
        "notice_until": None,
        "dispute": None,
        "disputed_at": None,
        "resolution": None,
        "resolved_at": None,
        "person": "P1",
        "team": "O1",
        "activity": "C1",
        "recorder": None,
    },
    "resource": {
        "code": "R1",
        "title": "会议室",
        "resource_kind": "OTHER",
        "owner": "O1",
        "grid": None,
        "category": "场地",
        "capacity": 30,
        "available_from": None,
        "available_until": date(2024, 2, 29),
        "description": None,
        "practice": None,
    },
    "catalogue_entry": {
        "code": "D1",
        "practice": None,
        "category": "城管/灯",
        "grid": "150602001",
        "party": "O1",
        "basis": "权责清单第 3 条",
        "valid_from": date(2026, 3, 1),
        "valid_to": None,
    },
    "request": {
        "number": "N1",
        "title": "路灯",
        "content": "不亮",
        "kind": "HELP",
        "channel": "VISIT",
        "category": "城管/灯",
        "status": "CLOSED",
        "urgency": "URGENT",
        "grid": "150602001",
        "place": "门口",
        "longitude": None,
        "latitude": None,
        "assignee": "O1",
        "submitted_at": AT,
        "due_at": AT,
        "handled_at": AT,
        "closed_at": AT,
        "result": "好了",
        "solved": True,
        "satisfaction": "SATISFIED",
        "supervised": False,
        "urged": 0,
        "practice": None,
        "workflow": "p.W",
        "issues": (Issue("1", "灯", "城管"),),
    },
    "affiliation": {
        "organization": "O1",
        "party": "P1",
        "affiliation_kind": "FOUNDER",
        "practice": "hudai",
        "since": date(2024, 2, 29),
        "until": None,
    },
    "report_in": {
        "code": "B1",
        "party": "P1",
        "grid": "150602001",
        "host": "O1",
        "at": AT,
        "offer": "普法",
        "practice": "xiangyang",
    },
    "need": {
        "code": "D1",
        "title": "缺场地",
        "category": "场地",
        "grid": "150602001",
        "raised_by": None,
        "raised_at": AT,
        "wanted_on": date(2024, 2, 29),
        "met_at": None,
        "practice": "xiangyang",
    },
    "project": {
        "code": "J1",
        "title": "共享会议室",
        "category": None,
        "need": "D1",
        "resource": "R1",
        "owner": "O1",
        "grid": "150602001",
        "capacity": 3,
        "starts_on": date(2024, 2, 29),
        "done_on": None,
        "practice": None,
    },
    "claim": {
        "code": "L1",
        "party": "P1",
        "project": None,
        "request": "N1",
        "claimed_at": AT,
        "skill": "水电",
        "note": None,
        "practice": "dongsheng",
    },
}


async def known(database: Database) -> dict[str, Any]:
    """The ids of one row of each kind, as a source brought them."""
    first = [grid("150602", None, "DISTRICT"), organization("O0")]
    records = [Record(kind, f"k-{kind}", fields) for kind, fields in FIELDS.items()]
    called = FIELDS["request"] | {"caller": Caller("王小明", "13800001111")}
    records[list(FIELDS).index("request")] = Record("request", "k-request", called)
    done = await run(database, told(first, records))
    assert (done.error, done.rejected) == (None, 0)
    return dict(await rows(database, select(Link.key, Link.entity_id)))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_row_is_told_as_it_was_said_and_could_be_read_again(database: Database, kind: str) -> None:
    ids = await known(database)
    async with database.read() as session:
        row = await telling.told(session, KINDS[kind], ids[f"k-{kind}"], AT)
    assert (row.fields, row.deleted) == (FIELDS[kind], False)
    assert read([Record(kind, "x", row.fields)]).refused == []


async def test_who_called_is_never_told(database: Database) -> None:
    ids = await known(database)
    async with database.read() as session:
        row = await telling.told(session, KINDS["request"], ids["k-request"], AT)
        assert (await session.get_one(Request, ids["k-request"])).caller_id is not None
    assert "caller" not in row.fields
    assert not [word for word in ("王小明", "13800001111") if word in str(row)]


async def test_what_is_gone_is_told_so_and_a_filed_request_is_not(database: Database) -> None:
    ids = await known(database)
    await run(database, told([gone(kind, f"k-{kind}") for kind in KINDS]), overrides={"any": 1}, reason="test")
    async with database.read() as session:
        rows = {kind: await telling.told(session, KINDS[kind], ids[f"k-{kind}"], datetime.now(UTC)) for kind in KINDS}
        nothing = await telling.told(session, KINDS["grid"], ids["k-request"], AT)
    filed = {"request": "ARCHIVED", "service_record": "WITHDRAWN", "topic": "DROPPED"}
    assert {kind for kind, row in rows.items() if row.deleted} == {*KINDS} - filed.keys()
    assert {kind: rows[kind].fields["status"] for kind in filed} == filed
    assert (nothing.fields, nothing.deleted) == ({}, True)
