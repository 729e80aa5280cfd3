import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.db import Database
from hub.models import (
    Escalation,
    Request,
    RequestAction,
    RequestLevel,
    RequestStatus,
    Rung,
    Workflow,
    WorkflowSubject,
    now,
    uuid7,
)
from hub.services import ladder, supervision, working_days
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
