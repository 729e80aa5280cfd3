"""What is sent: the oldest of each row first, as the row stands, once; what the target has is not said again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hub.auth import system
from hub.db import Database
from hub.errors import Conflict
from hub.models import (
    Alert,
    AlertKind,
    DeliveryStatus,
    Link,
    Ownership,
    Request,
    RequestAction,
    RequestStatus,
    Rule,
    TargetStatus,
)
from hub.plugin import BadRecord, Change, Record
from hub.services import handling, merging, targets, triage
from hub.sync import telling
from tests.services import town as towns
from tests.sync.sources import column, gone, organization, rows, run, told
from tests.sync.targets import Listener, founded, opened, renamed


def number(change: Change) -> str:
    """How a target of requests calls them."""
    return f"T-{change.fields['number']}"


async def test_a_new_row_is_told_whole_and_linked_by_the_key_it_gets(database: Database) -> None:
    post = await opened(database, Listener())
    (one,) = await founded(database, "A")
    assert await post.send() == 1
    (change,) = post.listener.messages
    assert (change.kind, change.key, change.id, change.changed) == ("organization", None, str(one.id), frozenset())
    assert (change.deleted, change.event, change.again) == (False, None, False)
    assert change.fields == {
        "code": "A",
        "name": "A",
        "organization_kind": "OTHER",
        "description": None,
        "grid": None,
        "parent": None,
        **dict.fromkeys(("colour", "established_on", "industry", "minimum_size", "practice")),
    }
    (delivery,) = await post.deliveries()
    assert (delivery.status, delivery.key, delivery.tries) == (DeliveryStatus.SENT, "T-A", 1)
    assert change.token == telling.token(delivery)
    assert await rows(database, select(Link.key, Link.kind, Link.entity_id)) == [("T-A", "organization", one.id)]
    assert [(one.outcome, one.by) for one in await post.attempts()] == [("sent", None)]
    assert await post.send() == 0


async def test_what_changed_is_named_and_the_key_is_the_targets(database: Database) -> None:
    post = await opened(database, Listener())
    one, above = await founded(database, "A", "B")
    await post.send()
    await renamed(database, one, "一")
    async with database.write(towns.HUB) as session:
        (await session.get_one(type(one), one.id)).parent_id = above.id
    await post.send()
    *_, change = post.listener.messages
    assert (change.key, change.changed) == ("T-A", {"name", "parent"})
    assert (change.fields["name"], change.fields["parent"]) == ("一", "B")
    assert await post.states() == ["SENT", "SENT", "SKIPPED", "SENT"]


async def test_what_waits_is_said_once_as_it_stands_and_steps_are_said_each(database: Database) -> None:
    town = await towns.founded(database)
    post = await opened(database, Listener(fails=number))
    request = await town.submit()
    await town.do(triage.triage, request.id)
    await town.do(triage.dispatch, request.id, party_id=town.property_company)
    await town.do(handling.sign, request.id)
    await town.do(handling.accept, request.id, note="马上来")
    await post.send()
    said = [(change.event and change.event.action, change.fields["status"]) for change in post.listener.messages]
    steps = [action.name for action in await town.steps(request.id)]
    assert said == [(step, "IN_PROGRESS") for step in steps]
    assert steps[-1] == RequestAction.ACCEPT.name
    last = post.listener.messages[-1].event
    assert last is not None
    assert (last.party, last.note) == ("物业公司", "马上来")
    assert set(await post.states()) == {"SENT", "SKIPPED"}


async def test_a_parked_one_holds_up_its_own_row_and_no_other(database: Database) -> None:
    refused: list[str] = ["no"]
    listener = Listener(
        fails=lambda change: BadRecord("It has no seal.", {}) if change.fields["name"] in refused else None
    )
    post = await opened(database, listener)
    bad, good = await founded(database, "no", "yes")
    await post.send()
    await renamed(database, bad, "b")
    await renamed(database, good, "g")
    await post.send(3600)
    assert listener.said() == ["no", "yes", "g"]
    assert await post.states() == ["PARKED", "SENT", "READY", "SENT"]
    parked = (await post.deliveries())[0]
    assert (parked.reason, parked.tries) == ("It has no seal.", 1)
    assert await column(database, select(Alert.words)) == [
        "1 deliveries to ear wait for a person: hub targets deliveries ear."
    ]
    await post.do(targets.retry, parked.id)
    await post.send()
    assert [(change.fields["name"], change.again) for change in listener.messages[3:]] == [("b", True), ("b", False)]
    assert await post.states() == ["SENT"] * 4
    assert await column(database, select(Alert.id).where(Alert.cleared_at.is_(None))) == []


async def test_one_that_is_skipped_lets_the_next_one_pass(database: Database) -> None:
    listener = Listener(fails=lambda change: BadRecord("No.", {}) if change.fields["name"] == "A" else None)
    post = await opened(database, listener)
    (one,) = await founded(database, "A")
    await post.send()
    await renamed(database, one, "b")
    assert await post.send() == 0
    parked, _ = await post.deliveries()
    await post.do(targets.skip, parked.id, reason="不需要")
    await post.send()
    assert listener.said() == ["A", "b"]
    assert [(one.status.name, one.reason) for one in await post.deliveries()] == [("SKIPPED", "不需要"), ("SENT", None)]
    with pytest.raises(Conflict, match="skipped already"):
        await post.do(targets.skip, parked.id, reason="again")


async def test_what_the_target_said_itself_is_not_said_back(database: Database) -> None:
    post = await opened(database, Listener(), name="told")
    await run(database, told([organization("A")], [organization("A", "二")]))
    await post.send()
    assert await post.deliveries() == []


async def test_what_it_holds_already_is_not_said_again_unless_it_has_said_otherwise(database: Database) -> None:
    post = await opened(database, Listener(), name="told")
    (one,) = await founded(database, "A")
    await post.send()
    await renamed(database, one, "b", "A")
    await post.send()
    assert await post.states() == ["SENT", "SKIPPED", "SKIPPED"]
    assert (await post.deliveries())[-1].reason == "The target has exactly this already."
    async with database.write(system("test")) as session:
        session.add(Ownership(kind="organization", field="*", rule=Rule.SOURCE))
    await run(database, told([organization("T-A", "b", code="A")]))
    await renamed(database, one, "A")
    await post.send()
    assert post.listener.said() == ["A", "A"]
    assert (await post.deliveries())[-1].status is DeliveryStatus.SENT


async def test_a_target_is_told_only_of_what_it_knows(database: Database) -> None:
    post = await opened(database, Listener(), name="told", known_only=True)
    await run(database, told([organization("A", "一")]))
    known = (await column(database, select(Link.entity_id)))[0]
    (other,) = await founded(database, "B")
    async with database.write(towns.HUB) as session:
        (await session.get_one(type(other), known)).name = "改"
    await post.send()
    assert [(change.key, change.fields["name"]) for change in post.listener.messages] == [("A", "改")]


async def test_what_is_gone_is_told_as_gone_and_never_where_it_was_not_known(database: Database) -> None:
    post = await opened(database, Listener())
    await run(database, told([organization("A"), organization("B")], [gone("organization", "B")]))
    await post.send()
    assert [change.fields["code"] for change in post.listener.messages] == ["A"]
    skipped = [(one.action, one.reason) for one in await post.deliveries() if one.status is DeliveryStatus.SKIPPED]
    assert skipped == [
        *(("CREATED", "A later one says it all."), ("CLOSED", "It was gone before the target heard of it."))
    ]
    await run(database, told([gone("organization", "A")]), overrides={"any": 1})
    await post.send()
    *_, last = post.listener.messages
    assert (last.key, last.deleted, last.token) == ("T-A", True, telling.token((await post.deliveries())[-1]))


async def test_a_paused_target_is_told_everything_when_it_goes_on(database: Database) -> None:
    post = await opened(database, Listener())
    await post.do(targets.pause, post.target.id, reason="检修")
    await founded(database, "A", "B")
    assert (await post.send(), await post.states()) == (0, ["READY", "READY"])
    await post.do(targets.resume, post.target.id)
    assert await post.send() == 2
    assert post.listener.said() == ["A", "B"]


async def test_a_delivery_is_replayed_under_its_token(database: Database) -> None:
    post = await opened(database, Listener())
    (one,) = await founded(database, "A")
    await post.send()
    await renamed(database, one, "b")
    await post.send()
    first, _ = await post.deliveries()
    await post.do(targets.replay, first.id)
    await post.send()
    said = [
        (change.token == telling.token(first), change.fields["name"], change.again) for change in post.listener.messages
    ]
    assert said == [(True, "A", False), (False, "b", False), (True, "b", True)]
    assert [one.by for one in await post.attempts()] == [None, None, "test"]
    assert (await post.deliveries())[0].asked_by is None


async def test_rows_that_go_to_and_fro_wait_for_a_person(database: Database) -> None:
    post = await opened(database, Listener())
    (one,) = await founded(database, "A")
    for turn in range(6):
        await renamed(database, one, "甲" if turn % 2 else "乙", actor=f"source:{turn % 2}")
    from_now = await column(database, select(type(one).updated_at).where(type(one).id == one.id))
    post.at = from_now[0] + timedelta(minutes=1)
    await post.send()
    (*_, last) = await post.deliveries()
    assert (last.status.name, post.listener.messages) == ("PARKED", [])
    assert str(last.reason).startswith("It went to and fro 4 times within 10 minutes: those who write it contradict")
    (alert,) = await rows(database, select(Alert.kind, Alert.subject).where(Alert.kind == AlertKind.ECHO))
    assert alert == (AlertKind.ECHO, f"organization {one.id}")
    await post.do(targets.retry, last.id)
    assert await post.send() == 1
    assert (await post.stands()).status is TargetStatus.ACTIVE


async def test_a_merge_and_the_answer_that_comes_of_it_are_told_as_steps(database: Database) -> None:
    town = await towns.founded(database)
    post = await opened(database, Listener(fails=number))
    one, head = await town.submit(), await town.put(RequestStatus.IN_PROGRESS)
    await town.do(merging.merge, one.id, into_id=head.id)
    await town.do(handling.handle, head.id, result="已疏通")
    await post.send()
    steps = [change.event for change in post.listener.messages if change.id == str(one.id) and change.event]
    assert [step.action for step in steps] == ["SUBMIT", "MERGE", "ANSWER"]
    assert steps[1].details["into_number"] == head.number
    assert (steps[2].details["cluster"], steps[2].details["result"]) == (head.number, "已疏通")


async def test_what_a_source_says_of_the_head_is_answered_to_those_under_it_and_told_to_that_source(
    database: Database,
) -> None:
    town = await towns.founded(database)
    post = await opened(database, Listener(fails=number))
    brought = [Record("request", key, {"number": key, "title": "路灯", "status": "RECEIVED"}) for key in "12"]
    done = Record("request", "2", {"number": "2", "title": "路灯", "status": "HANDLED", "result": "已换灯"})
    checked = Record("request", "2", {**done.fields, "status": "VERIFIED"})
    closed = Record("request", "2", {**done.fields, "status": "CLOSED", "result": "已换新灯"})
    await run(database, told(brought, name="ear"), "ear")
    ids = dict(await rows(database, select(Request.number, Request.id)))
    await town.do(merging.merge, ids["1"], into_id=ids["2"])
    said = []
    for news in (done, checked, closed):
        await run(database, told([news], name="ear"), "ear", overrides={"any": len(said) + 1})
        said.append((await town.steps(ids["1"])).count(RequestAction.ANSWER))
    assert said == [1, 1, 2]
    row = await town.get(ids["1"])
    assert (row.status, row.result, row.revision) == (RequestStatus.MERGED, "已换新灯", 4)
    await post.send()
    steps = [change.event for change in post.listener.messages if change.id == str(row.id) and change.event]
    assert [(step.action, step.details.get("by")) for step in steps] == [
        ("MERGE", None),
        ("ANSWER", "HANDLE"),
        ("ANSWER", "CLOSE"),
    ]


async def test_a_published_one_that_an_answer_would_show_a_number_of_is_taken_back(database: Database) -> None:
    town = await towns.founded(database)
    brought = [Record("request", key, {"number": key, "title": "路灯", "status": "RECEIVED"}) for key in "12"]
    done = Record("request", "2", {**brought[1].fields, "status": "CLOSED", "result": "已联系 13800001234"})
    await run(database, told(brought))
    ids = dict(await rows(database, select(Request.number, Request.id)))
    await town.do(merging.merge, ids["1"], into_id=ids["2"])
    async with database.write(towns.HUB) as session:
        (await session.get_one(Request, ids["1"])).public = True
    assert (await run(database, told(brought, [done]))).error is None
    row = await town.get(ids["1"])
    assert (row.public, row.result) == (False, "已联系 13800001234")


async def test_a_page_asks_for_those_under_it_only_where_something_ended(
    database: Database, count_statements: Any
) -> None:
    orders = [Record("request", key, {"number": key, "title": "路灯", "status": "RECEIVED"}) for key in "12"]
    asked = []
    for at, status in enumerate(("RECEIVED", "IN_PROGRESS", "CLOSED")):
        page = [Record("request", one.key, {**one.fields, "status": status}) for one in orders]
        with count_statements() as statements:
            await run(database, told(page), overrides={"any": at})
        asked.append(sum("merged_into_id IN" in one for one in statements))
    assert asked == [0, 0, 1]
