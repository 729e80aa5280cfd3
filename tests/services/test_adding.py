"""Adding past the session leaves exactly what a session leaves."""

from typing import Any

import pytest
from sqlalchemy import select

from hub.auth import Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import Base, Change, Identity, Request, RequestEvent, RequestIssue, TallyDelta, Urgency, uuid7
from hub.services import intake
from hub.services.adding import adding
from tests.services.town import HUB, founded

TABLES: tuple[type[Base], ...] = (Request, RequestEvent, RequestIssue, Identity, Change, TallyDelta)
OWN = {"id", "number", "at", "created_at", "updated_at", "submitted_at", "position", "entity_id", "subject_id"}
KEYS = {"request_id", "caller_id"}
ASKED: dict[str, Any] = {
    "title": "路灯不亮",
    "content": "东门口，第三天了",
    "urgency": Urgency.URGENT,
    "longitude": 109.98,
    "latitude": 39.81,
    "caller": intake.Caller("王小明", "13800001234"),
    "issues": [intake.Issue("路灯"), intake.Issue("道路", "市政/道路")],
}


async def held(database: Database) -> dict[Any, Base]:
    """Every row of the tables that a request comes with, by table and id."""
    async with database.read() as session:
        return {(model, row.id): row for model in TABLES for row in await session.scalars(select(model))}


def shown(row: Any) -> str:
    """A row but for its own keys and times."""

    def told(values: dict[str, Any]) -> dict[str, Any]:
        return {
            name: (name in KEYS and value is not None) or value
            for name, value in sorted(values.items())
            if name not in OWN
        }

    values = told({column.name: getattr(row, column.key) for column in row.__table__.c})
    return repr({name: told(value) if isinstance(value, dict) else value for name, value in values.items()})


async def test_the_rows_the_log_and_the_tally_are_those_of_a_session(database: Database) -> None:
    town = await founded(database)
    first = await held(database)
    await town.submit(**ASKED)
    second = await held(database)
    async with adding(database, HUB) as begun:
        row = await intake.submit(begun, HUB, grid_id=town.community.id, **ASKED)
    third = await held(database)
    by_session = sorted(shown(one) for key, one in second.items() if key not in first)
    assert sorted(shown(one) for key, one in third.items() if key not in second) == by_session
    assert len(by_session) == 1 + 1 + 2 + 1 + 4 + 1  # no change for the caller
    kept = third[Request, row.id]
    assert {c.key: getattr(kept, c.key) for c in Request.__table__.c} == {
        c.key: getattr(row, c.key) for c in Request.__table__.c
    }


@pytest.mark.parametrize(
    ("viewer", "given", "refusal"),
    [
        (HUB, {"grid_id": uuid7()}, NotFound),
        (HUB, {"longitude": 999.0}, Invalid),
        (Viewer("watcher", frozenset({"requests:read"})), {}, Forbidden),
    ],
)
async def test_what_is_refused_leaves_nothing(
    database: Database, viewer: Viewer, given: dict[str, Any], refusal: type[Exception]
) -> None:
    town = await founded(database)
    before = await held(database)
    with pytest.raises(refusal):
        async with adding(database, viewer) as begun:
            await intake.submit(begun, viewer, **{"grid_id": town.community.id, **ASKED, **given})
    assert (await held(database)).keys() == before.keys()


async def test_a_number_that_somebody_took_in_between_is_told_and_leaves_nothing(database: Database) -> None:
    town = await founded(database)
    taken = await town.submit()
    before = await held(database)

    async def take() -> None:
        async with adding(database, HUB) as begun:
            row = await intake.submit(begun, HUB, grid_id=town.community.id, title="路灯不亮")
            row.number = taken.number

    with pytest.raises(Conflict, match=taken.number):
        await take()
    assert (await held(database)).keys() == before.keys()
