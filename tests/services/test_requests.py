import re
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Forbidden, Invalid, NotFound, Unauthenticated
from hub.models import (
    Base,
    Channel,
    Grid,
    GridLevel,
    Identity,
    Practice,
    RequestAction,
    RequestIssue,
    RequestKind,
    RequestLevel,
    RequestStatus,
)
from hub.services import handling, intake
from tests.services.town import HUB, Town, founded

RESIDENT = Viewer("resident", ROLES["resident"])
NOWHERE = UUID(int=0)


async def rows(town: Town, table: type[Base]) -> list[Any]:
    async with town.database.read() as session:
        return list(await session.scalars(select(table)))


async def test_a_resident_submits_and_gets_a_number_that_can_be_read_out(database: Database) -> None:
    town = await founded(database)
    request = await town.submit(
        RESIDENT,
        title=" 电梯停了 ",
        content="三天了",
        kind=RequestKind.COMPLAINT,
        channel=Channel.QR_CODE,
        place="3 栋",
    )
    stored = await town.get(request.id)
    assert re.fullmatch(r"LS20\d{6}-[0-9A-HJKMNP-TV-Z]{6}", stored.number)
    assert (stored.title, stored.content, stored.place) == ("电梯停了", "三天了", "3 栋")
    assert (stored.kind, stored.channel) == (RequestKind.COMPLAINT, Channel.QR_CODE)
    assert (stored.status, stored.level, stored.revision) == (RequestStatus.RECEIVED, RequestLevel.COMMUNITY, 1)
    assert (stored.grid_path, stored.closed_at, stored.due_at, stored.public) == (
        town.community.path,
        None,
        None,
        False,
    )
    assert await town.steps(request.id) == [RequestAction.SUBMIT]


async def test_who_calls_is_kept_in_the_vault_and_nowhere_else(database: Database) -> None:
    town = await founded(database)
    caller = intake.Caller(name="王小明", phone="138 0000 1111")
    request = await town.submit(caller=caller)
    (identity,) = await rows(town, Identity)
    assert (identity.name, identity.phone, identity.confidential) == ("王小明", "138 0000 1111", True)
    assert (request.caller_id, identity.request_id) == (identity.id, request.id)


async def test_a_caller_of_whom_nothing_is_known_leaves_no_trace(database: Database) -> None:
    town = await founded(database)
    assert (await town.submit(caller=intake.Caller(" ", ""))).caller_id is None
    assert await rows(town, Identity) == []


async def test_one_request_may_hold_several_issues(database: Database) -> None:
    town = await founded(database)
    await town.submit(issues=[intake.Issue("路灯", "市政/照明"), intake.Issue("井盖")])
    found = [(issue.key, issue.title, issue.category) for issue in await rows(town, RequestIssue)]
    assert sorted(found) == [("1", "路灯", "市政/照明"), ("2", "井盖", None)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"title": " "}, "title is empty: write at least a word."),
        ({"longitude": 181.0}, "longitude is 181: give degrees from -180 to 180."),
        (
            {"caller": intake.Caller(phone="ring me")},
            "caller.phone is no telephone number: give 3 to 32 digits, blanks, () or -.",
        ),
        ({"issues": [intake.Issue("x")] * 21}, "21 issues: a request holds at most 20. Submit several."),
        ({"grid_id": NOWHERE}, f"No grid {NOWHERE} is visible to you. Check the id, or ask for access to its grid."),
    ],
)
async def test_what_makes_no_sense_is_refused_and_leaves_nothing(
    database: Database, words: dict[str, Any], message: str
) -> None:
    town = await founded(database)
    before = await town.counts()
    with pytest.raises((Invalid, NotFound)) as refused:
        await town.submit(**words)
    assert str(refused.value) == message
    assert (await town.counts(), await rows(town, Identity)) == (before, [])


async def test_a_grid_that_is_no_more_takes_nothing_in(database: Database) -> None:
    town = await founded(database)
    async with database.write(HUB) as session:
        old = Grid(code="1", name="旧村", level=GridLevel.COMMUNITY, path="1/", valid_to=date(2020, 1, 1))
        session.add(old)
    with pytest.raises(Invalid, match=r"^The grid 旧村 ended on 2020-01-01: choose the one after it\.$"):
        await town.submit(grid_id=old.id)


async def test_whoever_may_not_submit_is_refused(database: Database) -> None:
    town = await founded(database)
    with pytest.raises(Unauthenticated):
        await town.submit(Viewer())
    with pytest.raises(Forbidden):
        await town.submit(Viewer("watcher", frozenset({"requests:read"})))


async def test_submitting_in_a_session_costs_the_rows(database: Database, count_statements: Callable[[], Any]) -> None:
    town = await founded(database)
    with count_statements() as seen:
        await town.submit(caller=intake.Caller(name="王"))
    tables = [re.split(r"\W+", statement)[2 if statement.startswith("INSERT") else 1] for statement in seen]
    rows = ["identities", "requests", "request_events", "tally_deltas", "changes", "pg_notify"]
    assert tables == ["1", *rows]  # "1" begins the transaction; the grid is read by the driver itself


async def test_a_request_out_of_sight_is_not_found(database: Database) -> None:
    town = await founded(database)
    request = await town.put(RequestStatus.DISPATCHED)
    clerk_elsewhere = Viewer("clerk", ROLES["clerk"], ("420606002/",))
    for stranger in (clerk_elsewhere, town.handler(town.police)):
        with pytest.raises(NotFound):
            await town.do(handling.sign, request.id, viewer=stranger)
    assert (await town.get(request.id)).revision == 1


async def test_a_published_request_can_be_read_but_not_worked_on_from_outside(database: Database) -> None:
    town = await founded(database)
    request = await town.put(RequestStatus.DISPATCHED, public=True)
    with pytest.raises(Forbidden) as refused:
        await town.do(handling.sign, request.id, viewer=town.handler(town.police))
    assert str(refused.value) == (
        f"SIGN of request {request.number} is for those over its grid with the ability requests:handle, "
        "and for the party it was sent to. Ask one of them."
    )
    assert await town.steps(request.id) == []


async def test_only_the_submitter_and_those_who_triage_send_a_draft(database: Database) -> None:
    town = await founded(database)
    draft = await town.put(RequestStatus.DRAFT, submitter_id=town.police, public=True)
    with pytest.raises(Forbidden):
        await town.do(intake.send, draft.id, viewer=town.handler(town.property_company))
    sent = await town.do(intake.send, draft.id, viewer=town.handler(town.police))
    assert (sent.status, sent.submitted_at > draft.submitted_at) == (RequestStatus.RECEIVED, True)


def test_numbers_do_not_repeat() -> None:
    assert len({intake.new_number() for _ in range(1000)}) == 1000


async def test_a_practice_that_is_not_known_is_refused_and_those_that_are_are_named(database: Database) -> None:
    town = await founded(database)
    with pytest.raises(Invalid, match=r"^No practice no-such is known here\. There is none yet\.$"):
        await town.submit(practice="no-such")
    async with database.write(HUB) as session:
        session.add_all([Practice(code=code, name=code, title=code) for code in ("hudai", "baohe")])
        session.add(Practice(code="over", name="over", title="over", closed_on=date(2020, 1, 1)))
    counts = await town.counts()
    with pytest.raises(Invalid, match=r"^No practice no-such is known here\. There are: baohe, hudai\.$"):
        await town.submit(practice="no-such")
    assert await town.counts() == counts
    assert (await town.submit(practice=" baohe ")).practice == "baohe"
    assert (await town.submit(practice=" ")).practice is None
