import pytest
from sqlalchemy import select

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid
from hub.models import Evaluation, RequestAction, RequestStatus, Satisfaction
from hub.services import closing, handling, intake, triage, working_days
from tests.services.town import Town, columns, founded

A, S = RequestAction, RequestStatus


async def opinions(town: Town) -> list[Evaluation]:
    async with town.database.read() as session:
        return list(await session.scalars(select(Evaluation).order_by(Evaluation.at)))


async def test_what_does_not_hold_is_done_again_under_a_new_deadline(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.HANDLED, result="已修", due_at=None)
    again = await town.do(closing.verify, request.id, ok=False, note="还是不亮", working_days=2)
    event = (await town.events(request.id))[-1]
    assert (again.status, again.handled_at) == (S.REWORK, None)
    assert again.due_at == working_days.add(event.at, 2)
    accepted = await town.do(handling.accept, request.id, viewer=town.handler(town.property_company))
    assert accepted.status is S.IN_PROGRESS


async def test_rework_needs_a_word_why(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.HANDLED)
    with pytest.raises(Invalid, match=r"^note is empty: write at least a word\.$"):
        await town.do(closing.verify, request.id, ok=False)
    assert columns(await town.get(request.id)) == columns(request)


async def test_the_callers_last_answer_counts(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.VERIFIED)
    assert (await town.do(closing.feed_back, request.id, note="无人接听")).solved is None
    assert (await town.do(closing.feed_back, request.id, note="已接通", solved=False)).solved is False
    assert await town.steps(request.id) == [A.FEED_BACK, A.FEED_BACK]


async def test_the_submitter_evaluates(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.CLOSED, submitter_id=town.water_works)
    resident = Viewer("resident", ROLES["resident"], (), town.water_works)
    happy = {"satisfaction": Satisfaction.VERY_SATISFIED, "solved": True, "note": "很好"}
    done = await town.do(closing.evaluate, request.id, viewer=resident, **happy)
    (opinion,) = await opinions(town)
    assert (done.satisfaction, done.solved, done.status) == (Satisfaction.VERY_SATISFIED, True, S.CLOSED)
    assert (opinion.by_id, opinion.satisfaction, opinion.note) == (town.water_works, done.satisfaction, "很好")


async def test_staff_evaluate_for_the_caller(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.HANDLED, solved=True)
    await town.do(closing.evaluate, request.id, satisfaction=Satisfaction.DISSATISFIED, viewer=town.clerk())
    (opinion,) = await opinions(town)
    details = (await town.events(request.id))[-1].details
    assert (opinion.by_id, (await town.get(request.id)).solved) == (None, True)
    assert details == {"satisfaction": "DISSATISFIED", "solved": None, "for_the_caller": True}


@pytest.mark.parametrize(("role", "for_the_caller"), [("clerk", True), ("partner", False)])
async def test_who_took_a_call_down_evaluates_for_the_caller(
    database: Database, role: str, for_the_caller: bool
) -> None:
    town = await founded(database)
    taker = Viewer(role, ROLES[role], (town.community.path,), town.water_works)
    asked = await town.submit(taker, caller=intake.Caller(name="王小明"))
    await town.do(closing.close, asked.id, result="已答复")
    await town.do(closing.evaluate, asked.id, satisfaction=Satisfaction.SATISFIED, viewer=taker)
    (opinion,) = await opinions(town)
    assert opinion.by_id == (None if for_the_caller else town.water_works)
    assert (await town.events(asked.id))[-1].details["for_the_caller"] is for_the_caller


async def test_the_party_does_not_evaluate_itself(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.HANDLED)
    with pytest.raises(Forbidden):
        await town.do(
            closing.evaluate,
            request.id,
            satisfaction=Satisfaction.VERY_SATISFIED,
            viewer=town.handler(town.property_company),
        )
    assert (await opinions(town), await town.steps(request.id)) == ([], [])


async def test_an_opinion_on_a_public_request_holds_no_number(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.CLOSED, public=True)
    with pytest.raises(Conflict, match=r"^The note of request .* holds a mobile number"):
        await town.do(closing.evaluate, request.id, satisfaction=Satisfaction.SATISFIED, note="打我电话 13800001111")
    assert (await opinions(town), await town.steps(request.id)) == ([], [])


async def test_a_question_may_be_answered_at_once(database: Database) -> None:
    town = await founded(database)
    request = await town.submit()
    with pytest.raises(Invalid) as refused:
        await town.do(closing.close, request.id)
    assert str(refused.value) == f"Request {request.number} has no result: say what the caller was told."
    closed = await town.do(closing.close, request.id, result="周一至周五办理")
    event = (await town.events(request.id))[-1]
    assert (closed.status, closed.result, closed.closed_at) == (S.CLOSED, "周一至周五办理", event.at)


async def test_what_is_opened_again_starts_anew(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.HANDLED, result="已修", solved=True, satisfaction=Satisfaction.SATISFIED)
    await town.do(closing.close, request.id)
    again = await town.do(closing.reopen, request.id, reason="又不亮了")
    assert (again.status, again.assignee_id, again.due_at, again.closed_at) == (S.TRIAGED, None, None, None)
    assert (again.solved, again.satisfaction, again.result) == (None, None, "已修")
    assert (await town.events(request.id))[-1].party_id == town.property_company


async def test_filing_keeps_the_day_of_closing(database: Database) -> None:
    town = await founded(database)
    request = await town.submit()
    ended = await town.do(triage.reject_scope, request.id, reason=triage.ScopeReason.SECRECY)
    filed = await town.do(closing.archive, request.id)
    assert (filed.status, filed.closed_at) == (S.ARCHIVED, ended.closed_at)
