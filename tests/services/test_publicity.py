from typing import Any

import pytest

from hub.auth import Viewer
from hub.db import Database
from hub.errors import Conflict, NotFound
from hub.models import Evaluation, RequestAction, RequestIssue, RequestStatus, Satisfaction
from hub.services import handling, publicity, requests, triage
from tests.services.town import HUB, columns, founded

A, S = RequestAction, RequestStatus


async def test_a_published_request_is_seen_by_everybody_until_it_is_taken_back(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.CLOSED)
    for verb, seen in ((publicity.publish, 1), (publicity.unpublish, 0)):
        assert (await town.do(verb, request.id)).public == bool(seen)
        async with database.read() as session:
            assert len((await session.scalars(requests.visible(Viewer()))).all()) == seen
    assert await town.steps(request.id) == [A.PUBLISH, A.UNPUBLISH]


@pytest.mark.parametrize(
    ("columns_", "found"),
    [
        ({"title": "找13800001111"}, "title of request {} holds a mobile number"),
        ({"content": "身份证420606199001011234"}, "content of request {} holds an ID number"),
        ({"place": "3 栋 138 0000 1111"}, "place of request {} holds a mobile number"),
        ({"result": "已联系138-0000-1111"}, "result of request {} holds a mobile number"),
    ],
)
async def test_words_with_a_personal_number_are_not_published(
    database: Database, columns_: dict[str, Any], found: str
) -> None:
    town = await founded(database)
    request = await town.put(S.CLOSED, **columns_)
    with pytest.raises(Conflict) as refused:
        await town.do(publicity.publish, request.id)
    assert str(refused.value) == (
        f"The {found.format(request.number)}, and everybody can read a published request: take the number out first."
    )
    assert "13800001111" not in str(refused.value)
    assert columns(await town.get(request.id)) == columns(request)


async def test_issues_and_opinions_are_looked_through_too(database: Database) -> None:
    town = await founded(database)
    one, other = await town.put(S.CLOSED), await town.put(S.CLOSED)
    opinion = Evaluation(request_id=other.id, satisfaction=Satisfaction.SATISFIED, note="13800001111")
    async with database.write(HUB) as session:
        session.add_all([RequestIssue(request_id=one.id, key="1", title="13800001111"), opinion])
    for request, field in ((one, "issue 1"), (other, "evaluation")):
        with pytest.raises(Conflict, match=f"^The {field} of request {request.number} holds a mobile number"):
            await town.do(publicity.publish, request.id)


async def test_a_public_request_gets_no_number_later(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.IN_PROGRESS, public=True)
    with pytest.raises(Conflict, match=r"^The result of request .* holds a mobile number"):
        await town.do(handling.handle, request.id, result="电话 13800001111")
    assert columns(await town.get(request.id)) == columns(request)


async def test_publishing_twice_is_refused(database: Database) -> None:
    town = await founded(database)
    request, hidden = await town.put(S.CLOSED, public=True), await town.put(S.CLOSED)
    with pytest.raises(Conflict, match=r" is published already\.$"):
        await town.do(publicity.publish, request.id)
    with pytest.raises(Conflict, match=r" is not published: there is nothing to take back\.$"):
        await town.do(publicity.unpublish, hidden.id)
    with pytest.raises(NotFound):
        await town.do(publicity.publish, hidden.id, viewer=Viewer("x", frozenset({"requests:verify"})))


async def test_no_verb_puts_a_number_before_the_public(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.RECEIVED, public=True)
    with pytest.raises(Conflict, match=r"^The category of request .* holds a mobile number"):
        await town.do(triage.triage, request.id, category="联系人13812345678")
    assert columns(await town.get(request.id)) == columns(request)
