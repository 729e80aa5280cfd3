from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import CoHandler, RequestAction, RequestStatus, now, uuid7
from hub.services import attachments, handling, triage, working_days
from tests.services.town import Town, columns, founded

A, S = RequestAction, RequestStatus


async def places(town: Town, **which: Any) -> list[CoHandler]:
    statement = select(CoHandler).filter_by(**which).order_by(CoHandler.asked_at)
    async with town.database.read() as session:
        return list(await session.scalars(statement))


async def test_the_clock_starts_when_the_party_signs(database: Database) -> None:
    town = await founded(database)
    request = await town.submit()
    sent = await town.do(triage.dispatch, request.id, party_id=town.police, working_days=4)
    async with database.write(town.clerk()) as session:
        row = await session.get_one(type(request), request.id)
        row.due_at = sent.due_at - timedelta(days=9)  # as if it had been sent nine days ago
    signed = await town.do(handling.sign, request.id, viewer=town.handler(town.police))
    assert signed.due_at == working_days.add(signed.signed_at, 4)
    assert (await town.events(request.id))[-1].details["days"] == 4


async def test_a_life_from_dispatch_to_the_result(database: Database) -> None:
    town = await founded(database)
    request, police = await town.submit(), town.handler(town.police)
    await town.do(triage.dispatch, request.id, party_id=town.police, viewer=town.clerk())
    await town.do(handling.sign, request.id, viewer=police)
    await town.do(handling.accept, request.id, viewer=police)
    done = await town.do(handling.handle, request.id, result=" 已换灯 ", viewer=police)
    assert (done.status, done.result, done.closed_at) == (S.HANDLED, "已换灯", None)
    assert done.handled_at is not None
    assert await town.steps(request.id) == [A.SUBMIT, A.DISPATCH, A.SIGN, A.ACCEPT, A.HANDLE]


async def test_a_party_called_in_sees_the_request_and_answers_once(database: Database) -> None:
    town = await founded(database)
    request, police = await town.put(S.IN_PROGRESS), town.handler(town.police)
    with pytest.raises(NotFound):
        await town.do(handling.respond, request.id, reply="到场", viewer=police)
    caller = town.handler(town.property_company)
    await town.do(handling.join, request.id, party_id=town.police, working_days=1, note="请到场", viewer=caller)
    await town.do(handling.respond, request.id, reply=" 已到场 ", viewer=police)
    (place,) = await places(town, party_id=town.police)
    assert (place.reply, place.due_at) == ("已到场", working_days.add(place.asked_at, 1))
    assert place.responded_at is not None
    with pytest.raises(Conflict) as refused:
        await town.do(handling.respond, request.id, reply="再说", viewer=police)
    said = f"The party has answered already in request {request.number}: have it called in first."
    assert (str(refused.value), await town.steps(request.id)) == (said, [A.JOIN, A.RESPOND])


async def test_a_party_that_answered_may_be_called_in_again(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.IN_PROGRESS)
    for reply in ("一", "二"):
        await town.do(handling.join, request.id, party_id=town.police)
        await town.do(handling.respond, request.id, reply=reply, party_id=town.police)
    assert [place.reply for place in await places(town, party_id=town.police)] == ["一", "二"]


@pytest.mark.parametrize("party", ["property_company", "water_works"])
async def test_who_is_at_it_already_is_not_called_in(database: Database, party: str) -> None:
    town = await founded(database)
    request = await town.put(S.IN_PROGRESS)
    with pytest.raises(Conflict):
        await town.do(handling.join, request.id, party_id=getattr(town, party))
    assert (len(await places(town)), await town.steps(request.id)) == (1, [])


async def test_one_answers_for_ones_own_party_only(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.IN_PROGRESS)
    await town.do(handling.join, request.id, party_id=town.police)
    with pytest.raises(Forbidden):
        await town.do(
            handling.respond, request.id, reply="x", party_id=town.police, viewer=town.handler(town.water_works)
        )
    with pytest.raises(Invalid):
        await town.do(handling.respond, request.id, reply="x")
    assert await town.steps(request.id) == [A.JOIN]


async def test_who_called_in_says_whether_the_answer_was_good(database: Database) -> None:
    town = await founded(database)
    request, caller = await town.put(S.IN_PROGRESS), town.handler(town.property_company)
    await town.do(handling.join, request.id, party_id=town.police, working_days=1, viewer=caller)
    judge = partial(town.do, handling.evaluate_response, request.id, party_id=town.police)
    with pytest.raises(Conflict, match="has given no answer"):
        await judge(ok=True, viewer=caller)
    await town.do(handling.respond, request.id, reply="已到场", viewer=town.handler(town.police))
    with pytest.raises(Invalid, match="note is empty"):
        await judge(ok=False, viewer=caller)
    with pytest.raises(Forbidden):
        await judge(ok=True, viewer=town.handler(town.police))
    await judge(ok=False, note="没带工具", viewer=caller)
    with pytest.raises(Conflict, match="was evaluated already"):
        await judge(ok=True, viewer=caller)
    (place,) = await places(town, party_id=town.police)
    assert (place.ok, place.evaluation, place.evaluated_at is None) == (False, "没带工具", False)
    event = (await town.events(request.id))[-1]
    assert (event.action, event.details) == (A.EVALUATE_RESPONSE, {"ok": False, "in_time": True})
    assert await town.steps(request.id) == [A.JOIN, A.RESPOND, A.EVALUATE_RESPONSE]


async def test_a_return_names_its_evidence_among_the_files_of_the_request(database: Database) -> None:
    town = await founded(database)
    request, other = await town.put(S.IN_PROGRESS), await town.put(S.IN_PROGRESS)
    mine, foreign = [
        await town.do(attachments.attach, one.id, name="界线.txt", content="不在红线内".encode())
        for one in (request, other)
    ]
    before = columns(await town.get(request.id))
    with pytest.raises(Invalid) as refused:
        await town.do(handling.ask_return, request.id, reason="不属", evidence_ids=[mine.id, foreign.id])
    assert str(refused.value) == f"1 of the files are not attached to request {request.number}: attach them first."
    assert columns(await town.get(request.id)) == before
    await town.do(handling.ask_return, request.id, reason="不属", evidence_ids=[mine.id])
    named = {"id": str(mine.id), "name": mine.name, "sha256": mine.sha256}
    assert (await town.events(request.id))[-1].details == {"from": "IN_PROGRESS", "evidence": [named]}


async def test_more_time_is_asked_for_before_the_deadline_only(database: Database) -> None:
    town = await founded(database)
    late, open_ended = await town.put(S.IN_PROGRESS, due_at=now()), await town.put(S.IN_PROGRESS, due_at=None)
    for request, words in ((late, "The deadline of request"), (open_ended, "Request")):
        with pytest.raises(Conflict, match=f"^{words} {request.number} has "):
            await town.do(handling.ask_extension, request.id, working_days=1, reason="等")
        assert columns(await town.get(request.id)) == columns(request)


async def test_no_more_time_than_a_year_and_no_less_than_a_day(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.IN_PROGRESS)
    for days in (0, 366):
        with pytest.raises(Invalid, match=f"^working_days is {days}: give 1 to 365 working days"):
            await town.do(handling.ask_extension, request.id, working_days=days, reason="等")


async def test_a_result_must_be_said(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.IN_PROGRESS)
    with pytest.raises(Invalid, match=r"^result is empty: write at least a word\.$"):
        await town.do(handling.handle, request.id, result="  ")
    assert columns(await town.get(request.id)) == columns(request)


async def test_a_request_that_is_not_there_is_not_found(database: Database) -> None:
    town = await founded(database)
    with pytest.raises(NotFound):
        await town.do(handling.sign, uuid7())
