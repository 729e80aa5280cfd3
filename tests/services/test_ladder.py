import asyncio
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Forbidden
from hub.models import (
    CoHandler,
    Escalation,
    Phase,
    Request,
    RequestAction,
    RequestEvent,
    RequestLevel,
    RequestStatus,
    Rung,
    Workflow,
    WorkflowSubject,
    now,
    uuid7,
)
from hub.services import clock, ladder, supervision, triage, working_days
from tests.services.test_steps import workflow
from tests.services.town import HUB, Town, columns, founded

A, S = RequestAction, RequestStatus
MONDAY = datetime.fromisoformat("2026-03-16T15:59:59+00:00")  # its last second in China


RULES: ladder.Rules = {None: {0: A.URGE, 2: A.SUPERVISE, 5: A.ESCALATE}}


async def overdue(town: Town, status: RequestStatus = S.IN_PROGRESS, **more: Any) -> Request:
    return await town.put(status, **{"due_at": MONDAY, "dispatched_at": MONDAY - timedelta(days=7)} | more)


async def climb(town: Town, at: datetime, rules: ladder.Rules = RULES) -> int:
    async with town.database.write(ladder.VIEWER) as session:
        return await ladder.climb(session, rules, at)


async def rungs(town: Town, request: Request) -> list[Any]:
    return [event.details["rung"] for event in await town.events(request.id) if "rung" in event.details]


@pytest.mark.parametrize("days", [0, 1, 2, 5, 8, 30])
def test_the_cutoff_agrees_with_the_working_days_in_between(days: int) -> None:
    for hours in range(0, 24 * 45, 7):
        due, at = MONDAY, MONDAY + timedelta(hours=hours, seconds=1)
        assert (due < ladder.cutoff(at, days)) == (working_days.between(due, at) >= days), (hours, days)


async def test_each_rung_is_taken_once_when_it_is_due(database: Database) -> None:
    town = await founded(database)
    request = await overdue(town)
    taken = []
    for day in (0, 1, 2, 3, 4, 7, 8):  # Monday is the deadline; the 21st and 22nd are a weekend
        at = MONDAY + timedelta(days=day, hours=-1)
        taken += [(day, await climb(town, at)), (day, await climb(town, at))]
    assert [one for one in taken if one[1]] == [(1, 1), (2, 1), (7, 1)]
    assert await rungs(town, request) == ["URGE@0", "SUPERVISE@2", "ESCALATE@5"]
    row = await town.get(request.id)
    assert (row.urged, row.supervised, row.level, row.status) == (1, True, RequestLevel.STREET, S.TRIAGED)
    event = (await town.events(request.id))[-1]
    assert row.due_at == working_days.add(event.at, event.details["days"])
    assert (event.note, event.details["overdue_since"]) == ("超期 5 个工作日", MONDAY.isoformat())
    assert (event.details["from_level"], event.details["grid"]["code"]) == ("COMMUNITY", town.street.code)


async def test_what_was_missed_is_made_up_for_in_order(database: Database) -> None:
    town = await founded(database)
    request = await overdue(town)
    assert await climb(town, MONDAY + timedelta(days=30)) == 3
    assert await rungs(town, request) == ["URGE@0", "SUPERVISE@2", "ESCALATE@5"]


async def test_a_new_deadline_begins_the_ladder_anew(database: Database) -> None:
    town = await founded(database)
    request = await overdue(town)
    await climb(town, MONDAY + timedelta(days=1))
    async with database.write(HUB) as session:
        (await session.get_one(Request, request.id)).due_at = MONDAY + timedelta(days=2)
    await climb(town, MONDAY + timedelta(days=3))
    assert await rungs(town, request) == ["URGE@0", "URGE@0"]


@pytest.mark.parametrize("status", [S.RETURN_REQUESTED, S.NEEDS_INFO, S.HANDLED, S.CLOSED, S.MERGED, S.DRAFT])
async def test_where_the_clock_does_not_run_nobody_is_urged(database: Database, status: RequestStatus) -> None:
    town = await founded(database)
    request = await overdue(town, status, closed_at=now() if status in (S.CLOSED, S.MERGED) else None)
    before, counts = columns(await town.get(request.id)), await town.counts()
    assert await climb(town, MONDAY + timedelta(days=30)) == 0
    assert (columns(await town.get(request.id)), await town.counts()) == (before, counts)


async def test_what_a_source_dispatched_or_a_person_supervises_already_is_left_alone(database: Database) -> None:
    town = await founded(database)
    foreign, watched = await overdue(town, dispatched_at=None), await overdue(town)
    await town.do(supervision.supervise, watched.id)
    await climb(town, MONDAY + timedelta(days=3))
    assert (await rungs(town, foreign), await rungs(town, watched)) == ([], ["URGE@0"])


async def test_a_workflow_has_the_ladder_that_its_practice_wrote_down(database: Database) -> None:
    town = await founded(database)
    course = Workflow(id=uuid7(), code="baohe.BH6", practice="baohe", name="上报", subject=WorkflowSubject.REQUEST)
    async with database.write(HUB) as session:
        session.add(course)
        await session.flush()
        session.add(Escalation(code="baohe.BH6.s", workflow_id=course.id, days=1, rung=Rung.SUPERVISE))
    plain, baohe = await overdue(town), await overdue(town, workflow_id=course.id)
    async with database.read() as session:
        rules = await ladder.known(session)
    assert await climb(town, MONDAY + timedelta(days=30), rules) == 1
    assert (await rungs(town, plain), await rungs(town, baohe)) == ([], ["SUPERVISE@1"])


async def test_two_workers_take_a_rung_once(database: Database) -> None:
    town = await founded(database)
    several = [await overdue(town) for _ in range(5)]
    await asyncio.gather(*(climb(town, MONDAY + timedelta(days=1)) for _ in range(3)))
    assert [await rungs(town, one) for one in several] == [["URGE@0"]] * 5


async def test_at_the_top_there_is_nothing_to_climb(database: Database) -> None:
    town = await founded(database)
    request = await overdue(town, level=RequestLevel.DISTRICT)
    await climb(town, MONDAY + timedelta(days=30))
    assert await rungs(town, request) == ["URGE@0", "SUPERVISE@2"]


ORDER = (
    ("place", "点单", Phase.INTAKE, [], None, ["dispatch"]),
    ("dispatch", "派单", Phase.DISPATCH, [], 2, ["accept"]),
    ("accept", "接单", Phase.ACCEPT, [], None, []),
)
LADDER = {1: A.URGE, 3: A.SUPERVISE, 5: A.ESCALATE}


DAYS_AGO = count(1)
"""No two deadlines are alike."""


async def late(town: Town, id: UUID) -> datetime:
    """Put the deadline into the past, as if it had been given then; the moment when every rung is due."""
    at = MONDAY - timedelta(days=next(DAYS_AGO), hours=1)
    async with town.database.write(HUB) as session:
        wanted = select(RequestEvent).where(RequestEvent.request_id == id, RequestEvent.details.has_key("due_at"))
        event = (await session.scalars(wanted.order_by(RequestEvent.id.desc()).limit(1))).one()
        event.details = {**event.details, "due_at": at.isoformat()}
        (await session.get_one(Request, id)).due_at = at
    return MONDAY + timedelta(days=30)


async def test_it_climbs_on_to_the_district_and_stays_overdue_there(database: Database) -> None:
    town = await founded(database)
    course = await workflow(town, *ORDER)
    request = await town.submit(workflow_id=course.id)
    levels = []
    for _ in range(3):
        at = await late(town, request.id)
        await climb(town, at, {course.id: LADDER})
        row = await town.get(request.id)
        levels.append((row.level, row.supervised, row.due_at == working_days.add(now(), 2)))
    assert levels == [
        (RequestLevel.STREET, True, True), (RequestLevel.DISTRICT, True, True), (RequestLevel.DISTRICT, True, False)
    ]  # fmt: skip
    assert await rungs(town, request) == [
        "URGE@1", "SUPERVISE@3", "ESCALATE@5", "URGE@1", "ESCALATE@5", "URGE@1"
    ]  # fmt: skip
    async with database.read() as session:
        (found,) = await clock.clocks(session, HUB, [(row.id, row.status, row.due_at, None, None)], at=at)
    assert found is not None
    assert row.due_at is not None
    assert (found.runs, found.overdue_days) == (True, working_days.between(row.due_at, at))
    assert found.started_by is A.ESCALATE


async def test_at_the_level_that_it_was_taken_up_to_those_over_that_decide(database: Database) -> None:
    town = await founded(database)
    request = await town.submit()
    await town.do(triage.escalate, request.id, reason="社区办不了", viewer=town.clerk())
    before, counts = columns(await town.get(request.id)), await town.counts()
    for verb, more in (
        (triage.dispatch, {"party_id": town.police}),
        (triage.reject_scope, {"reason": triage.ScopeReason.IMPOSSIBLE}),
    ):
        with pytest.raises(
            Forbidden, match=f"was taken up to the level STREET: it is for those over {town.street.name}"
        ):
            await town.do(verb, request.id, viewer=town.clerk(), **more)
    assert (columns(await town.get(request.id)), await town.counts()) == (before, counts)
    street = Viewer("s", ROLES["clerk"], (town.street.path,))
    sent = await town.do(triage.dispatch, request.id, party_id=town.police, viewer=street)
    assert sent.status is S.DISPATCHED
    await town.do(triage.escalate, request.id, reason="街道办不了", viewer=street)
    sent = await town.do(triage.dispatch, request.id, party_id=town.police, viewer=street)  # the top of this tree
    assert (sent.status, sent.level) == (S.DISPATCHED, RequestLevel.DISTRICT)


async def test_those_that_a_rule_refuses_do_not_stand_before_the_others(database: Database) -> None:
    town = await founded(database)
    numbers = {"result": "已联系 13800001234", "public": True, "due_at": MONDAY - timedelta(days=1)}
    refused = [await overdue(town, **numbers) for _ in range(ladder.AT_ONCE + 1)]
    request = await overdue(town)
    assert await climb(town, MONDAY + timedelta(days=1), {None: {0: A.URGE}}) == 1
    assert await rungs(town, request) == ["URGE@0"]
    assert {columns(one)["urged"] for one in [await town.get(one.id) for one in refused]} == {0}
    assert [await rungs(town, one) for one in refused] == [[]] * len(refused)


async def test_a_party_that_was_called_in_and_does_not_answer_is_urged_by_name(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.IN_PROGRESS)
    answered = await town.put(S.IN_PROGRESS, answered=True)
    async with database.write(HUB) as session:
        await session.execute(update(CoHandler).values(due_at=MONDAY))
    assert [await climb(town, MONDAY + timedelta(days=2)) for _ in range(2)] == [1, 0]
    (event,) = await town.events(request.id)
    assert (event.action, event.party_id, event.details["rung"]) == (A.URGE, town.water_works, "URGE@0")
    assert (await town.steps(answered.id), (await town.get(request.id)).urged) == ([], 1)
