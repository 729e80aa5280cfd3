"""Requests that live at random: what holds after every step, whichever they are."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.db import Database
from hub.errors import Refused
from hub.models import Request, RequestAction, RequestStatus
from hub.services import workflow
from tests.services.actions import take
from tests.services.town import Town, columns, founded

A = RequestAction
MOVES_THE_DEADLINE = {A.DISPATCH, A.SIGN, A.GRANT_RETURN, A.REFUSE_RETURN, A.GRANT_EXTENSION, A.REWORK, A.REOPEN}
MOVES_THE_DEADLINE |= {A.ESCALATE, A.UNMERGE}


@pytest.fixture
async def town(database: Database) -> Town:
    return await founded(database)


async def step(town: Town, request: Request, other: Request, action: RequestAction) -> None:
    """Take one action, and look at everything that must hold afterwards."""
    before, events = await town.get(request.id), await town.events(request.id)
    try:
        await take(town, action, request.id, other.id)
        done = True
    except Refused:
        done = False
    after, added = await town.get(request.id), (await town.events(request.id))[len(events) :]
    if not done:
        assert (columns(after), added) == (columns(before), [])
        return
    assert action in workflow.allowed(before.status)
    assert [(event.action, event.status) for event in added] == [(action, after.status)] or action is A.ATTACH
    assert after.revision == before.revision + len(added)
    assert (after.closed_at is not None) == (after.status in workflow.ENDED)
    assert (after.merged_into_id is not None) == (after.status is RequestStatus.MERGED)
    assert after.due_at == before.due_at or action in MOVES_THE_DEADLINE
    assert after.level is before.level or action is A.ESCALATE
    assert after.grid_id == before.grid_id
    if after.status in {RequestStatus.DISPATCHED, RequestStatus.SIGNED, RequestStatus.IN_PROGRESS}:
        assert None not in (after.assignee_id, after.due_at, after.dispatched_at)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
async def test_what_must_hold_holds_after_every_step(town: Town, data: st.DataObject) -> None:
    request, other = await town.submit(), await town.submit()
    for _ in range(25):
        status = (await town.get(request.id)).status
        likely = st.sampled_from(workflow.allowed(status))
        action = data.draw(st.one_of(likely, likely, likely, st.sampled_from(list(workflow.TABLE))))
        await step(town, request, other, action)
