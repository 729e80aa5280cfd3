"""A request has the deadline of the step that is now to be taken, from when it came to stand before it."""

from typing import Any
from uuid import UUID

import pytest

from hub.db import Database
from hub.models import Phase, RequestAction, RequestStatus, now
from hub.services import clock, closing, handling, triage, working_days
from hub.services.adding import adding
from hub.services.intake import submit
from tests.services.test_steps import workflow
from tests.services.town import HUB, Town, founded

A, P, S = RequestAction, Phase, RequestStatus
ORDER = (
    ("place", "点单", P.INTAKE, [], None, ["dispatch"]),
    ("dispatch", "派单", P.DISPATCH, [], 2, ["accept"]),
    ("accept", "接单", P.ACCEPT, [], 1, ["handle"]),
    ("handle", "服务", P.HANDLE, [], 6, ["tell"]),
    ("tell", "反馈", P.FEEDBACK, [], None, []),
)
LEDGER = (
    ("analyse", "分析", P.INTAKE, [], None, ["ledger"]),
    ("ledger", "台账", P.TRIAGE, [], 1, ["handle"]),
    ("handle", "办理", P.HANDLE, [], 7, []),
)
WHISTLE = (
    ("whistle", "吹哨", P.DISPATCH, [], 1, ["respond"]),
    ("respond", "响应", P.ACCEPT, [], 2, ["report"]),
    ("report", "报到", P.HANDLE, [], None, []),
)


async def given(town: Town, id: UUID) -> tuple[int | None, Any]:
    """How many working days from now the deadline lies, and what the last event says of it."""
    due, event = (await town.get(id)).due_at, (await town.events(id))[-1]
    days = next((days for days in range(40) if working_days.add(now(), days) == due), None)
    return days, event.details.get("step")


async def test_each_step_has_its_own_days(database: Database) -> None:
    town = await founded(database)
    course = await workflow(town, *ORDER)
    request = await town.submit(workflow_id=course.id)
    seen = [await given(town, request.id)]
    for verb, more in (
        (triage.dispatch, {"party_id": town.police}),
        (handling.sign, {}),
        (handling.accept, {}),
        (handling.handle, {"result": "修好了"}),
    ):
        await town.do(verb, request.id, **more)
        seen.append(await given(town, request.id))
    assert seen == [(2, "派单"), (1, "接单"), (1, "接单"), (6, "服务"), (6, None)]
    reworked = await town.do(closing.verify, request.id, ok=False, note="没有修好")
    assert reworked.due_at == working_days.add(now(), 6)


async def test_sending_it_out_leaves_the_deadline_of_a_step_that_it_is_not(database: Database) -> None:
    town = await founded(database)
    course = await workflow(town, *LEDGER)
    request = await town.submit(workflow_id=course.id)
    assert await given(town, request.id) == (1, "台账")
    await town.do(triage.triage, request.id)
    assert await given(town, request.id) == (7, "办理")
    await town.do(triage.dispatch, request.id, party_id=town.police)
    await town.do(handling.sign, request.id)
    assert await given(town, request.id) == (7, None)
    await town.do(handling.accept, request.id)
    assert await given(town, request.id) == (7, None)
    other = await town.submit(workflow_id=course.id)
    await town.do(triage.triage, other.id)
    await town.do(triage.dispatch, other.id, party_id=town.police, working_days=3)
    assert await given(town, other.id) == (3, None)


async def test_a_step_that_was_taken_leaves_no_deadline_behind(database: Database) -> None:
    town = await founded(database)
    course = await workflow(town, *WHISTLE)
    request = await town.submit(workflow_id=course.id)
    assert await given(town, request.id) == (1, "吹哨")
    await town.do(triage.dispatch, request.id, party_id=town.police)
    assert await given(town, request.id) == (2, "响应")
    await town.do(handling.sign, request.id)
    await town.do(handling.accept, request.id)
    assert await given(town, request.id) == (13, None)


async def test_what_comes_back_to_the_desk_waits_there_no_longer_than_before(database: Database) -> None:
    town = await founded(database)
    course = await workflow(town, *ORDER)
    seen = []
    for back in (triage.escalate, handling.ask_return):
        request = await town.submit(workflow_id=course.id)
        await town.do(triage.dispatch, request.id, party_id=town.police)
        await town.do(back, request.id, reason="不归我们")
        if back is handling.ask_return:
            await town.do(triage.decide_return, request.id, granted=True)
        seen.append(await given(town, request.id))
        await town.do(triage.dispatch, request.id, party_id=town.police)
        seen.append(await given(town, request.id))
    assert seen == [(2, "派单"), (1, "接单")] * 2


async def test_what_is_opened_again_waits_to_be_sent_out_again(database: Database) -> None:
    town = await founded(database)
    course = await workflow(town, *ORDER)
    request = await town.submit(workflow_id=course.id)
    await town.do(closing.close, request.id, result="答复")
    await town.do(closing.reopen, request.id, reason="没有解决")
    assert await given(town, request.id) == (2, "派单")


async def test_a_deadline_that_a_source_or_a_person_has_given_stands_above_that_of_a_step(database: Database) -> None:
    town = await founded(database)
    course = await workflow(town, *LEDGER)
    foreign = await town.put(S.RECEIVED, workflow_id=course.id, assignee_id=None)
    await town.do(triage.triage, foreign.id)
    await town.do(triage.dispatch, foreign.id, party_id=town.police)
    assert (await town.get(foreign.id)).due_at == foreign.due_at
    request = await town.submit(workflow_id=(await workflow(town, *WHISTLE, code="x.W")).id)
    await town.do(triage.dispatch, request.id, party_id=town.police, working_days=5)
    await town.do(handling.sign, request.id)
    await town.do(handling.accept, request.id)
    assert await given(town, request.id) == (5, None)


async def test_it_stands_above_those_of_all_steps_that_follow(database: Database) -> None:
    town = await founded(database)
    course = await workflow(town, *ORDER)
    foreign = await town.put(S.RECEIVED, workflow_id=course.id, assignee_id=None)
    plain = await town.put(S.RECEIVED, assignee_id=None)
    ours = await town.submit(workflow_id=course.id)
    for request, more in ((foreign, {}), (plain, {}), (ours, {"working_days": 3})):
        await town.do(triage.dispatch, request.id, party_id=town.police, **more)
        await town.do(handling.sign, request.id)
        await town.do(handling.accept, request.id)
    assert [(await town.get(one.id)).due_at for one in (foreign, plain)] == [foreign.due_at, plain.due_at]
    assert await given(town, ours.id) == (3, None)
    await town.do(handling.ask_return, plain.id, reason="不归我们")
    await town.do(triage.decide_return, plain.id, granted=True)
    assert (await town.get(plain.id)).due_at == plain.due_at
    await town.do(handling.handle, ours.id, result="修好了")
    await town.do(closing.verify, ours.id, ok=False, note="没有修好", working_days=2)
    await town.do(handling.accept, ours.id)
    assert await given(town, ours.id) == (2, None)


async def test_the_clock_runs_from_where_the_step_began(database: Database) -> None:
    town = await founded(database)
    course = await workflow(town, *LEDGER)
    async with adding(database, HUB) as session:
        request = await submit(session, HUB, workflow_id=course.id, grid_id=town.community.id, title="路灯")
    for verb, by in ((None, A.SUBMIT), (triage.triage, A.TRIAGE)):
        if verb is not None:
            await town.do(verb, request.id)
        row = await town.get(request.id)
        async with database.read() as session:
            (found,) = await clock.clocks(session, HUB, [(row.id, row.status, row.due_at, None, None)])
        assert found is not None
        assert (found.runs, found.due_at, found.overdue_days, found.started_by) == (True, row.due_at, None, by)


@pytest.mark.parametrize("kind", ["plain", "no days"])
async def test_without_days_there_is_no_deadline_before_it_is_sent_out(database: Database, kind: str) -> None:
    town = await founded(database)
    course = await workflow(town, ORDER[0], ("dispatch", "派单", P.DISPATCH, [], None, []))
    request = await town.submit(workflow_id=course.id if kind == "no days" else None)
    await town.do(triage.triage, request.id)
    assert (await town.get(request.id)).due_at is None
    await town.do(triage.dispatch, request.id, party_id=town.police)
    assert await given(town, request.id) == (13, None)
