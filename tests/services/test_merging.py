import asyncio
from datetime import timedelta

import pytest

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid
from hub.models import Request, RequestAction, RequestEvent, RequestStatus, Satisfaction, now
from hub.services import closing, handling, intake, merging, triage, working_days
from tests.services.town import HUB, columns, founded

A, S = RequestAction, RequestStatus


@pytest.mark.parametrize("status", [S.RECEIVED, S.NEEDS_INFO, S.RETURNED, S.IN_PROGRESS, S.REWORK])
async def test_what_was_merged_comes_back_to_where_it_was(database: Database, status: RequestStatus) -> None:
    town = await founded(database)
    one, other = await town.put(status), await town.put(S.IN_PROGRESS)
    merged = await town.do(merging.merge, one.id, into_id=other.id, note="同一盏灯")
    event = (await town.events(one.id))[-1]
    assert (merged.status, merged.merged_into_id, merged.closed_at) == (S.MERGED, other.id, event.at)
    assert event.details == {"from": status.name, "into": str(other.id), "into_number": other.number}
    back = await town.do(merging.unmerge, one.id)
    assert (back.status, back.merged_into_id, back.closed_at, back.due_at) == (status, None, None, one.due_at)
    assert columns(await town.get(other.id)) == columns(other)


async def test_every_caller_stays_known(database: Database) -> None:
    town = await founded(database)
    one = await town.submit(caller=intake.Caller("王"))
    other = await town.submit(caller=intake.Caller("李"))
    merged = await town.do(merging.merge, one.id, into_id=other.id)
    assert (merged.caller_id, (await town.get(other.id)).caller_id) == (one.caller_id, other.caller_id)


async def test_clusters_are_one_deep(database: Database) -> None:
    town = await founded(database)
    one, head, other = [await town.submit() for _ in range(3)]
    await town.do(merging.merge, one.id, into_id=head.id)
    refusals = {
        (head.id, one.id): f"Request {one.number} is MERGED: merge into one that is open.",
        (other.id, one.id): f"Request {one.number} is MERGED: merge into one that is open.",
        (head.id, other.id): f"1 requests are merged into {head.number}: merge {other.number} into it, "
        "or take them out first.",
    }
    counts = await town.counts()
    for (id, into_id), message in refusals.items():
        with pytest.raises(Conflict) as refused:
            await town.do(merging.merge, id, into_id=into_id)
        assert str(refused.value) == message
    assert await town.counts() == counts


async def test_nothing_is_merged_into_itself(database: Database) -> None:
    town = await founded(database)
    one = await town.submit()
    with pytest.raises(Invalid, match=r"^A request cannot be merged into itself: name the other one\.$"):
        await town.do(merging.merge, one.id, into_id=one.id)


async def test_two_that_merge_into_one_another_at_once_make_no_circle(database: Database) -> None:
    town = await founded(database)
    one, other = await town.submit(), await town.submit()
    both = [town.do(merging.merge, one.id, into_id=other.id), town.do(merging.merge, other.id, into_id=one.id)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Request"]
    statuses = [(await town.get(request.id)).status for request in (one, other)]
    assert sorted(status.name for status in statuses) == ["MERGED", "RECEIVED"]


async def test_the_other_one_must_be_on_the_viewers_grid(database: Database) -> None:
    town = await founded(database)
    one, far = await town.submit(), await town.submit(grid_id=town.street.id)
    await town.put(S.RECEIVED)
    async with database.write(HUB) as session:
        (await session.get_one(Request, far.id)).public = True
    with pytest.raises(Forbidden) as refused:
        await town.do(merging.merge, one.id, into_id=far.id, viewer=Viewer("c", ROLES["clerk"], (town.community.path,)))
    assert str(refused.value) == f"Request {far.number} is not on your grid: ask those above both to merge them."
    assert (await town.get(one.id)).status is S.RECEIVED


async def test_the_clock_stands_still_while_it_is_merged(database: Database) -> None:
    town = await founded(database)
    one, long_ago = await town.put(S.MERGED), now() - timedelta(days=20)
    async with database.write(HUB) as session:
        session.add(RequestEvent(request_id=one.id, at=long_ago, action=A.MERGE, status=S.MERGED))
    back = await town.do(merging.unmerge, one.id)
    assert one.due_at is not None
    assert back.due_at == working_days.add(one.due_at, working_days.between(long_ago, now()))
    assert back.status is S.TRIAGED


async def test_every_caller_is_answered_with_the_one_that_is_handled(database: Database) -> None:
    town = await founded(database)
    head, *others = [await town.put(S.IN_PROGRESS) for _ in range(3)]
    for one in others:
        await town.do(merging.merge, one.id, into_id=head.id)
    done = await town.do(handling.handle, head.id, result="已疏通", viewer=town.handler(town.property_company))
    await town.do(closing.feed_back, head.id, note="已电话告知")
    for one in others:
        row = await town.get(one.id)
        assert (row.status, row.result, row.handled_at) == (S.MERGED, "已疏通", done.handled_at)
        assert await town.steps(one.id) == [A.MERGE, A.ANSWER, A.ANSWER]
        first, second = (await town.events(one.id))[1:]
        before = {"result": None, "handled_at": None}
        said = {"cluster": head.number, "result": "已疏通"}
        assert first.details == said | {"by": "HANDLE", "before": before}
        assert (second.details["by"], second.note) == ("FEED_BACK", "已电话告知")


async def test_what_is_merged_into_one_that_is_done_is_answered_at_once(database: Database) -> None:
    town = await founded(database)
    one, head = await town.put(S.RECEIVED), await town.put(S.HANDLED, result="已换灯", handled_at=now())
    merged = await town.do(merging.merge, one.id, into_id=head.id)
    assert (merged.status, merged.result, merged.revision) == (S.MERGED, "已换灯", 2)
    assert await town.steps(one.id) == [A.MERGE, A.ANSWER]


async def test_taken_out_it_has_what_it_had_before_it_was_answered(database: Database) -> None:
    town = await founded(database)
    at = now() - timedelta(days=3)
    one, head = await town.put(S.REWORK, result="修过一次", handled_at=at), await town.put(S.IN_PROGRESS)
    await town.do(merging.merge, one.id, into_id=head.id)
    await town.do(handling.handle, head.id, result="已换灯")
    await town.do(closing.close, head.id, result="已换新灯")
    assert (await town.get(one.id)).result == "已换新灯"
    back = await town.do(merging.unmerge, one.id)
    assert (back.status, back.result, back.handled_at, back.closed_at) == (S.REWORK, "修过一次", at, None)
    await town.do(merging.merge, one.id, into_id=(await town.put(S.RECEIVED)).id)
    again = await town.do(merging.unmerge, one.id)
    assert (again.result, again.handled_at) == ("修过一次", at)


async def test_a_refused_answer_leaves_the_whole_cluster_as_it_was(database: Database) -> None:
    town = await founded(database)
    head, one = await town.put(S.IN_PROGRESS), await town.put(S.RECEIVED)
    await town.do(merging.merge, one.id, into_id=head.id)
    async with database.write(HUB) as session:
        (await session.get_one(Request, one.id)).public = True
    before = columns(await town.get(head.id)), columns(await town.get(one.id)), await town.counts()
    with pytest.raises(Conflict, match=f"result of request {one.number} holds a mobile number"):
        await town.do(handling.handle, head.id, result="已联系 13800001234")
    assert (columns(await town.get(head.id)), columns(await town.get(one.id)), await town.counts()) == before


async def test_those_under_one_that_is_not_for_this_hub_are_told_so(database: Database) -> None:
    town = await founded(database)
    one, head = await town.put(S.RECEIVED, result="修过一次"), await town.put(S.RECEIVED)
    other = await town.put(S.RECEIVED)
    for under in (one, other):
        await town.do(merging.merge, under.id, into_id=head.id)
    await town.do(triage.reject_scope, head.id, reason=triage.ScopeReason.PROCEEDINGS, note="已在法院")
    row, event = await town.get(one.id), (await town.events(one.id))[-1]
    assert (row.status, row.result) == (S.MERGED, "修过一次")
    assert (event.action, event.note, event.details["by"]) == (A.ANSWER, "已在法院", "REJECT_SCOPE")
    judged = await town.do(closing.evaluate, other.id, satisfaction=Satisfaction.DISSATISFIED)
    assert (judged.status, judged.result, judged.satisfaction) == (S.MERGED, None, Satisfaction.DISSATISFIED)


async def test_a_merged_caller_evaluates_once_there_is_an_answer_and_no_longer_when_that_is_taken_back(
    database: Database,
) -> None:
    town = await founded(database)
    resident = Viewer("r", ROLES["resident"], (), town.police)
    one, head = await town.put(S.IN_PROGRESS, submitter_id=town.police), await town.put(S.IN_PROGRESS)
    await town.do(merging.merge, one.id, into_id=head.id)
    evaluate = {"satisfaction": Satisfaction.SATISFIED, "solved": True, "viewer": resident}
    before, counts = columns(await town.get(one.id)), await town.counts()
    with pytest.raises(Conflict, match=f"Request {one.number} was not answered yet"):
        await town.do(closing.evaluate, one.id, **evaluate)
    assert (columns(await town.get(one.id)), await town.counts()) == (before, counts)
    await town.do(handling.handle, head.id, result="已疏通")
    done = await town.do(closing.evaluate, one.id, **evaluate)
    assert (done.status, done.satisfaction, done.solved) == (S.MERGED, Satisfaction.SATISFIED, True)
    back = await town.do(merging.unmerge, one.id)
    assert (back.status, back.result, back.satisfaction, back.solved) == (S.IN_PROGRESS, None, None, None)
