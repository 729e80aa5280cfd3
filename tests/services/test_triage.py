import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid, NotFound, TransitionRefused
from hub.models import (
    Grid,
    GridLevel,
    Organization,
    Request,
    RequestAction,
    RequestEvent,
    RequestKind,
    RequestLevel,
    RequestStatus,
    Urgency,
    now,
    uuid7,
)
from hub.services import closing, handling, triage, working_days
from tests.services.town import HUB, Town, columns, founded

A, S = RequestAction, RequestStatus


async def asked(town: Town, action: RequestAction, at: datetime, **details: Any) -> Request:
    """A request for which a return or more time was asked at some moment."""
    status = S.RETURN_REQUESTED if action is A.ASK_RETURN else S.EXTENSION_REQUESTED
    request = await town.put(status)
    event = RequestEvent(request_id=request.id, at=at, action=action, status=status, details=details)
    async with town.database.write(HUB) as session:
        session.add(event)
    return request


@pytest.mark.parametrize(
    ("kind", "urgency", "days"),
    [
        (RequestKind.CONSULTATION, Urgency.NORMAL, 3),
        (RequestKind.HELP, Urgency.NORMAL, 3),
        (RequestKind.COMPLAINT, Urgency.NORMAL, 13),
        (RequestKind.SUGGESTION, Urgency.NORMAL, 13),
        (RequestKind.COMPLAINT, Urgency.URGENT, 0),
    ],
)
async def test_the_deadline_follows_kind_and_urgency(
    database: Database, kind: RequestKind, urgency: Urgency, days: int
) -> None:
    town = await founded(database)
    request = await town.submit(kind=kind, urgency=urgency)
    sent = await town.do(triage.dispatch, request.id, party_id=town.police, note="请处理", viewer=town.clerk())
    event = (await town.events(request.id))[-1]
    assert (sent.status, sent.assignee_id) == (S.DISPATCHED, town.police)
    assert sent.dispatched_at is not None
    assert sent.due_at == working_days.add(sent.dispatched_at, days)
    assert (event.action, event.party_id, event.note) == (A.DISPATCH, town.police, "请处理")
    assert event.details == {
        "from": "RECEIVED",
        "days": days,
        "due_at": sent.due_at.isoformat(),
        "calendar_known": working_days.known(sent.due_at),
    }


async def test_a_deadline_that_a_source_set_is_kept_unless_days_are_given(database: Database) -> None:
    town = await founded(database)
    due_at = datetime.fromisoformat("2026-03-01T04:00:00+00:00")
    first, second = await town.put(S.TRIAGED, due_at=due_at), await town.put(S.TRIAGED, due_at=due_at)
    await town.do(triage.dispatch, first.id, party_id=town.police)
    kept = await town.do(handling.sign, first.id)
    given = await town.do(triage.dispatch, second.id, party_id=town.police, working_days=2)
    assert kept.due_at == due_at
    assert given.due_at == working_days.add(given.dispatched_at, 2)


@pytest.mark.parametrize("days", [-1, 366])
async def test_a_number_of_days_that_cannot_be_is_refused(database: Database, days: int) -> None:
    town = await founded(database)
    request = await town.put(S.TRIAGED)
    with pytest.raises(Invalid) as refused:
        await town.do(triage.dispatch, request.id, party_id=town.police, working_days=days)
    assert str(refused.value) == f"working_days is {days}: give 0 to 365 working days."
    assert columns(await town.get(request.id)) == columns(request)


async def test_nothing_is_sent_to_a_party_that_is_not_there(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.TRIAGED, assignee_id=None)
    with pytest.raises(NotFound):
        await town.do(triage.dispatch, request.id, party_id=request.id)
    assert (await town.get(request.id)).assignee_id is None


async def test_of_two_dispatches_at_once_one_wins(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.TRIAGED)
    parties = [town.police, town.water_works, town.police, town.property_company]
    sending = [town.do(triage.dispatch, request.id, party_id=party) for party in parties]
    outcomes = await asyncio.gather(*sending, return_exceptions=True)
    (won,) = [outcome for outcome in outcomes if isinstance(outcome, Request)]
    assert [type(outcome) for outcome in outcomes if outcome is not won] == [TransitionRefused] * 3
    assert await town.steps(request.id) == [A.DISPATCH]
    stored = await town.get(request.id)
    assert (stored.assignee_id, stored.revision) == (won.assignee_id, 2)


async def test_what_was_missing_brings_it_back_to_where_it_was(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.TRIAGED, submitter_id=town.water_works, assignee_id=None)
    await town.do(triage.ask_info, request.id, note="哪一栋?")
    back = await town.do(triage.add_info, request.id, note="3 栋", viewer=town.handler(town.water_works))
    assert back.status is S.TRIAGED
    assert [event.note for event in await town.events(request.id)] == ["哪一栋?", "3 栋"]


async def test_examining_puts_right_what_is_given_only(database: Database) -> None:
    town = await founded(database)
    request = await town.submit(kind=RequestKind.OTHER, category="市政/照明")
    done = await town.do(triage.triage, request.id, kind=RequestKind.HELP, urgency=Urgency.URGENT)
    assert (done.kind, done.category, done.urgency) == (RequestKind.HELP, "市政/照明", Urgency.URGENT)


async def test_what_is_out_of_scope_ends_with_its_reason(database: Database) -> None:
    town = await founded(database)
    request = await town.submit()
    ended = await town.do(triage.reject_scope, request.id, reason=triage.ScopeReason.PROCEEDINGS, note="法院已受理")
    assert ended.closed_at == (await town.events(request.id))[-1].at
    assert (await town.events(request.id))[-1].details == {"from": "RECEIVED", "reason": "PROCEEDINGS"}


async def test_a_granted_return_goes_back_to_the_desk(database: Database) -> None:
    town = await founded(database)
    request = await town.submit()
    await town.do(triage.dispatch, request.id, party_id=town.police)
    await town.do(handling.ask_return, request.id, reason="不属我所", viewer=town.handler(town.police))
    back = await town.do(triage.decide_return, request.id, granted=True, viewer=town.clerk())
    assert (back.status, back.assignee_id, back.due_at, back.returns) == (S.RETURNED, None, None, 1)
    assert (await town.events(request.id))[-1].party_id == town.police


@pytest.mark.parametrize("status", [S.DISPATCHED, S.SIGNED, S.IN_PROGRESS])
async def test_a_refused_return_goes_back_to_where_it_was(database: Database, status: RequestStatus) -> None:
    town = await founded(database)
    request = await town.put(status)
    await town.do(handling.ask_return, request.id, reason="不属我司")
    back = await town.do(triage.decide_return, request.id, granted=False, reason="属你司")
    assert (back.status, back.returns, back.due_at) == (status, 0, request.due_at)


async def test_the_clock_stands_still_while_a_return_is_asked_for(database: Database) -> None:
    town = await founded(database)
    long_ago = now() - timedelta(days=14)
    request = await asked(town, A.ASK_RETURN, long_ago, **{"from": "IN_PROGRESS"})
    assert request.due_at is not None
    back = await town.do(triage.decide_return, request.id, granted=False, reason="属你司")
    paused = working_days.between(long_ago, now())
    assert (back.status, back.due_at) == (S.IN_PROGRESS, working_days.add(request.due_at, paused))
    details = (await town.events(request.id))[-1].details
    assert details == {"from": "RETURN_REQUESTED", "paused_days": paused, "due_at": back.due_at.isoformat()}


async def test_a_decision_without_a_reason_is_refused(database: Database) -> None:
    town = await founded(database)
    request = await asked(town, A.ASK_RETURN, now())
    with pytest.raises(Invalid, match=r"^reason is empty: write at least a word\.$"):
        await town.do(triage.decide_return, request.id, granted=False)
    assert (await town.get(request.id)).status is S.RETURN_REQUESTED


async def test_two_decisions_on_returns_are_final(database: Database) -> None:
    town = await founded(database)
    request = await town.submit()
    for party, granted in ((town.police, True), (town.water_works, False)):
        await town.do(triage.dispatch, request.id, party_id=party)
        await town.do(handling.ask_return, request.id, reason="不属")
        await town.do(triage.decide_return, request.id, granted=granted, reason="决定")
    with pytest.raises(Conflict) as refused:
        await town.do(handling.ask_return, request.id, reason="还是不属")
    assert str(refused.value).startswith(
        f"Returns of request {request.number} were decided on 2 times, and that is final"
    )
    await town.do(triage.escalate, request.id, reason="推诿")
    await town.do(triage.dispatch, request.id, party_id=town.police)
    assert (await town.events(request.id))[-1].details["forced"] is True


async def test_more_time_moves_the_deadline_by_working_days(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.IN_PROGRESS)
    assert request.due_at is not None
    await town.do(handling.ask_extension, request.id, working_days=5, reason="等备件")
    granted = await town.do(triage.decide_extension, request.id, granted=True)
    assert (granted.status, granted.due_at) == (S.IN_PROGRESS, working_days.add(request.due_at, 5))
    await town.do(handling.ask_extension, request.id, working_days=5, reason="再等")
    fewer = await town.do(triage.decide_extension, request.id, granted=True, working_days=2)
    assert fewer.due_at == working_days.add(granted.due_at, 2)


async def test_refused_time_leaves_the_deadline(database: Database) -> None:
    town = await founded(database)
    request = await asked(town, A.ASK_EXTENSION, now(), days=5)
    refused = await town.do(triage.decide_extension, request.id, granted=False, reason="抓紧")
    assert (refused.status, refused.due_at) == (S.IN_PROGRESS, request.due_at)


async def test_escalation_climbs_to_the_top_and_no_further(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.IN_PROGRESS, level=RequestLevel.ESTATE)
    for before, after in (("ESTATE", "COMMUNITY"), ("COMMUNITY", "STREET"), ("STREET", "DISTRICT")):
        up = await town.do(triage.escalate, request.id, reason="解决不了")
        details = (await town.events(request.id))[-1].details
        assert (details["from_level"], details["to_level"]) == (before, after)
    assert (up.status, up.level, up.assignee_id, up.grid_id) == (
        S.TRIAGED,
        RequestLevel.DISTRICT,
        None,
        request.grid_id,
    )
    with pytest.raises(Conflict) as refused:
        await town.do(triage.escalate, request.id, reason="解决不了")
    message = f"Request {request.number} is on the highest level, DISTRICT: dispatch it instead."
    assert (str(refused.value), (await town.get(request.id)).revision) == (message, 4)


async def test_a_level_without_a_grid_on_its_own_way_up_is_passed_over(database: Database) -> None:
    town = await founded(database)
    district = Grid(id=uuid7(), code="420606", name="樊城区", level=GridLevel.DISTRICT, path="420606/")
    estate = Grid(id=uuid7(), code="e1", name="小区", level=GridLevel.ESTATE, path="420606/e1/", parent_id=district.id)
    async with database.write(HUB) as session:
        session.add(district)
        await session.flush()
        session.add(estate)
    request = await town.put(S.TRIAGED, level=RequestLevel.ESTATE, grid_id=estate.id, grid_path=estate.path)
    up = await town.do(triage.escalate, request.id, reason="解决不了")
    assert up.level is RequestLevel.DISTRICT
    assert (await town.events(request.id))[-1].details == {
        "from_level": "ESTATE",
        "to_level": "DISTRICT",
        "grid": {"code": "420606", "name": "樊城区"},
    }


async def test_each_loop_names_the_grid_that_it_is_handled_on(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.TRIAGED, level=RequestLevel.ESTATE)
    for _ in range(2):
        await town.do(triage.escalate, request.id, reason="解决不了")
    grids = [event.details["grid"]["code"] for event in await town.events(request.id)]
    assert grids == [town.community.code, town.street.code]


async def test_a_return_is_decided_above_both_the_request_and_the_party(database: Database) -> None:
    town = await founded(database)
    request = await asked(town, A.ASK_RETURN, now())
    async with database.write(HUB) as session:
        party = await session.get_one(Organization, town.property_company)
        party.grid_id, party.grid_path = town.street.id, town.street.path
    before = await town.counts()
    for granted in (True, False):
        with pytest.raises(Forbidden) as refused:
            await town.do(triage.decide_return, request.id, granted=granted, reason="属你司", viewer=town.clerk())
        assert str(refused.value) == (
            "Whether it is given back is decided by whoever stands over both, "
            f"request {request.number} and 物业公司: ask those over the grid {town.street.code}."
        )
    assert (columns(await town.get(request.id)), await town.counts()) == (columns(request), before)
    arbiter = Viewer("arbiter", ROLES["clerk"], (town.street.path,))
    back = await town.do(triage.decide_return, request.id, granted=False, reason="属你司", viewer=arbiter)
    assert back.status is S.SIGNED


async def test_who_asks_does_not_decide_on_its_own_return(database: Database) -> None:
    town = await founded(database)
    request = await asked(town, A.ASK_RETURN, now())
    itself = Viewer("both", ROLES["clerk"], (town.community.path,), town.property_company)
    with pytest.raises(Forbidden, match="it does not decide that itself"):
        await town.do(triage.decide_return, request.id, granted=True, viewer=itself)
    assert columns(await town.get(request.id)) == columns(request)


async def test_what_is_waited_for_stops_a_deadline_that_a_source_set(database: Database) -> None:
    town = await founded(database)
    due_at, long_ago = working_days.add(now(), 3), now() - timedelta(days=10)
    paused = working_days.between(long_ago, now())
    for verb, words in ((triage.add_info, {"note": "3 栋"}), (triage.triage, {})):
        request = await town.put(S.NEEDS_INFO, due_at=due_at)
        event = RequestEvent(request_id=request.id, at=long_ago, action=A.ASK_INFO, status=S.NEEDS_INFO)
        async with database.write(HUB) as session:
            session.add(event)
        assert (await town.do(verb, request.id, **words)).due_at == working_days.add(due_at, paused)


async def test_who_handles_cannot_decide(database: Database) -> None:
    town = await founded(database)
    request = await asked(town, A.ASK_RETURN, now())
    with pytest.raises(Forbidden):
        await town.do(triage.decide_return, request.id, granted=True, viewer=town.handler(town.property_company))
    assert (await town.get(request.id)).status is S.RETURN_REQUESTED


async def test_a_reopened_request_is_sent_under_a_new_deadline(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.CLOSED)
    await town.do(closing.reopen, request.id, reason="又坏了")
    sent = await town.do(triage.dispatch, request.id, party_id=town.police)
    assert sent.due_at == working_days.add(sent.dispatched_at, 13)
