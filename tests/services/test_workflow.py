"""The whole table: every status against every action."""

import pytest

from hub.auth import ABILITIES
from hub.db import Database
from hub.errors import TransitionRefused
from hub.models import RequestAction, RequestStatus
from hub.services import handling, workflow
from tests.services.actions import VERBS, take
from tests.services.town import columns, founded

A, S = RequestAction, RequestStatus
FLAGS = {
    A.UNPUBLISH: {"public": True},
    A.RELEASE: {"supervised": True},
    A.EVALUATE_RESPONSE: {"answered": True},
    A.EVALUATE: {"result": "已修"},
}


@pytest.mark.parametrize("status", list(S), ids=lambda status: status.name)
async def test_the_table_alone_says_what_is_possible(database: Database, status: RequestStatus) -> None:
    town = await founded(database)
    other = await town.put(S.RECEIVED)
    for action, row in workflow.TABLE.items():
        request = await town.put(status, **FLAGS.get(action, {}))
        before, counts = await town.get(request.id), await town.counts()
        if status in row.frm:
            await take(town, action, request.id, other.id)
            after = await town.get(request.id)
            assert after.status is (row.to or status), action
            assert await town.steps(request.id) == [action]
            assert after.revision == before.revision + 1, action
        else:
            with pytest.raises(TransitionRefused) as refused:
                await take(town, action, request.id, other.id)
            assert refused.value.status == status.name
            assert refused.value.allowed == sorted(one.name for one in workflow.allowed(status))
            assert columns(await town.get(request.id)) == columns(before), action
            assert await town.counts() == counts, action


async def test_a_refusal_says_what_is_possible_instead(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.ARCHIVED)
    with pytest.raises(TransitionRefused) as refused:
        await town.do(handling.sign, request.id)
    assert str(refused.value) == (
        f"Request {request.number} is ARCHIVED: SIGN is not possible. Possible now: PUBLISH, UNPUBLISH."
    )


def test_every_action_that_somebody_takes_is_in_the_table_and_has_a_verb() -> None:
    assert set(workflow.TABLE) == set(RequestAction) - {A.SYNC, A.ANSWER}
    assert list(VERBS) == list(workflow.TABLE)


def test_every_row_needs_an_ability_that_there_is() -> None:
    needed = {row.ability for row in workflow.TABLE.values()} | {row.staff_ability for row in workflow.TABLE.values()}
    assert needed <= set(ABILITIES)


def test_every_status_can_be_reached_and_left() -> None:
    reached = {row.to for row in workflow.TABLE.values()} | {S.DRAFT}
    assert reached - {None} == set(S)
    final = {status for status in S if not any(status in row.frm and row.to for row in workflow.TABLE.values())}
    assert final == {S.ARCHIVED}


async def test_an_event_names_who_did_what_and_the_status_before(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.DISPATCHED)
    await town.do(handling.sign, request.id, viewer=town.handler(town.property_company))
    (event,) = await town.events(request.id)
    assert (event.action, event.status, event.details) == (A.SIGN, S.SIGNED, {"from": "DISPATCHED"})
    assert (event.actor_id, event.party_id) == (town.property_company, town.property_company)
