from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hub.auth import Viewer
from hub.db import Database
from hub.models import Request, RequestAction, RequestEvent, RequestStatus, now
from hub.services import clock, handling, merging, triage, working_days
from hub.services.clock import Clock
from tests.services.town import HUB, Town, founded

A, S = RequestAction, RequestStatus


async def told(town: Town, *requests: Request, viewer: Viewer = HUB, at: datetime | None = None) -> list[Clock | None]:
    rows = [await town.get(request.id) for request in requests]
    asked = [(row.id, row.status, row.due_at, row.handled_at, row.closed_at) for row in rows]
    async with town.database.read() as session:
        return await clock.clocks(session, viewer, asked, at=at)


async def happened(town: Town, request: Request, at: datetime, action: RequestAction, **details: Any) -> None:
    event = RequestEvent(request_id=request.id, at=at, action=action, status=request.status, details=details)
    async with town.database.write(HUB) as session:
        session.add(event)


async def test_it_runs_from_the_signature_and_says_how_late_it_is(database: Database) -> None:
    town = await founded(database)
    request = await town.submit()
    assert await told(town, request) == [None]
    await town.do(triage.dispatch, request.id, party_id=town.police, working_days=2)
    signed = await town.do(handling.sign, request.id, viewer=town.handler(town.police))
    due = signed.due_at
    running = Clock(True, None, 0, due, None, A.SIGN)
    assert await told(town, request) == [running]
    later = working_days.add(due, 3)
    assert await told(town, request, at=later) == [Clock(True, None, 0, due, 3, A.SIGN)]


@pytest.mark.parametrize(
    ("status", "action"), [(S.RETURN_REQUESTED, A.ASK_RETURN), (S.NEEDS_INFO, A.ASK_INFO), (S.MERGED, A.MERGE)]
)
async def test_it_stands_still_visibly(database: Database, status: RequestStatus, action: RequestAction) -> None:
    town = await founded(database)
    due, since = working_days.add(now(), 1), now() - timedelta(days=14)
    request = await town.put(status, due_at=due)
    await happened(town, request, since - timedelta(days=1), A.DISPATCH, days=5)
    await happened(town, request, since, action)
    days = working_days.between(since, now())
    (found,) = await told(town, request)
    assert found == Clock(False, since, days, working_days.add(due, days), None, A.DISPATCH)


async def test_what_stood_still_before_is_counted_until_a_new_deadline(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.IN_PROGRESS)
    start = now() - timedelta(days=9)
    await happened(town, request, start, A.SIGN, days=5)
    await happened(town, request, start + timedelta(days=1), A.ASK_RETURN)
    await happened(town, request, start + timedelta(days=5), A.REFUSE_RETURN, paused_days=3)
    (found,) = await told(town, request)
    assert found is not None
    assert (found.runs, found.paused_since, found.paused_days) == (True, None, 3)
    await happened(town, request, start + timedelta(days=6), A.REWORK, days=5)
    (again,) = await told(town, request)
    assert again is not None
    assert (again.paused_days, again.started_by) == (0, A.REWORK)


async def test_it_stops_when_it_is_handled(database: Database) -> None:
    town = await founded(database)
    due = now() - timedelta(days=30)
    request = await town.put(S.HANDLED, due_at=due, handled_at=due - timedelta(hours=1))
    late = await town.put(S.CLOSED, due_at=due, handled_at=working_days.add(due, 2), closed_at=now())
    found = await told(town, request, late)
    assert [(one.runs, one.overdue_days, one.started_by) for one in found if one] == [
        (False, None, A.SYNC),
        (False, 2, A.SYNC),
    ]


async def test_a_merged_one_runs_on_when_it_is_taken_out(database: Database) -> None:
    town = await founded(database)
    one, other = await town.put(S.IN_PROGRESS), await town.put(S.IN_PROGRESS)
    await town.do(merging.merge, one.id, into_id=other.id)
    (stands,) = await told(town, one)
    await town.do(merging.unmerge, one.id)
    (runs,) = await told(town, one)
    assert stands is not None
    assert runs is not None
    assert (stands.runs, stands.paused_since is None, runs.runs) == (False, False, True)


async def test_who_is_not_inside_learns_what_the_row_says(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.IN_PROGRESS, public=True)
    await happened(town, request, now(), A.SIGN, days=5)
    assert await told(town, request, viewer=Viewer()) == [Clock(True, None, 0, request.due_at, None, A.SYNC)]  # type: ignore[arg-type]


async def test_a_pause_inside_of_a_pause_counts_once(database: Database) -> None:
    town = await founded(database)
    due, asked = working_days.add(now(), 4), now() - timedelta(days=19)
    request, head = await town.put(S.NEEDS_INFO, due_at=due), await town.put(S.IN_PROGRESS)
    days = working_days.between(asked, now())
    await happened(town, request, asked, A.ASK_INFO, **{"from": "RECEIVED"})
    await town.do(merging.merge, request.id, into_id=head.id)
    async with database.write(HUB) as session:
        wanted = select(RequestEvent).where(RequestEvent.request_id == request.id, RequestEvent.action == A.MERGE)
        (await session.scalars(wanted)).one().at = asked + timedelta(hours=1)
    late = working_days.add(due, days)
    assert await told(town, request) == [Clock(False, asked, days, late, None, A.SYNC)]
    back = await town.do(merging.unmerge, request.id)
    assert (back.status, back.due_at) == (S.NEEDS_INFO, due)
    assert await told(town, request) == [Clock(False, asked, days, late, None, A.SYNC)]
    done = await town.do(triage.add_info, request.id, note="这里")
    assert (done.status, done.due_at) == (S.RECEIVED, late)
    assert await told(town, request) == [Clock(True, None, days, late, None, A.SYNC)]
