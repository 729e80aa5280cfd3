"""Targets in the graph: seen by those who may see sync, decided by those who may run it."""

from typing import Any

import pytest

from hub import models
from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.models import DeliveryStatus, Source, uuid7
from hub.plugin import BadRecord
from schema import ids
from tests.schema.api import Api
from tests.schema.city import ADMIN
from tests.sync.sources import sizes
from tests.sync.targets import Listener, Post, founded, opened

DISTRICT = Viewer("district", ROLES["district"], ("",), name="district")
CLERK = Viewer("clerk", ROLES["clerk"], ("",), name="clerk")
ALL = """{
  targets { nodes { id status kinds events knownOnly failures source { name target { status } }
    deliveries(orderBy: [CREATED_AT_ASC]) { totalCount nodes {
      kind action status tries key reason entityId change { entity } target { id }
      attempts { nodes { outcome by milliseconds request response delivery { id } } } } } } }
}"""


def number(one: Any) -> str:
    return ids.encode(type(one).__name__, (one.id,))


async def told(database: Database) -> Post:
    """Two deliveries: one that arrived, one that was refused."""
    refused = BadRecord("no seal", {})
    post = await opened(database, Listener(fails=lambda change: refused if change.fields["code"] == "B" else None))
    await founded(database, "A", "B")
    await post.send()
    return post


async def test_the_log_is_seen_whole_by_those_who_may_see_sync(api: Api, database: Database) -> None:
    post = await told(database)
    for viewer in (ADMIN, DISTRICT):
        (target,) = (await api(ALL, viewer))["targets"]["nodes"]
        assert target["source"] == {"name": "ear", "target": {"status": "ACTIVE"}}
        first, second = target["deliveries"]["nodes"]
        assert (first["action"], first["status"], first["key"], first["tries"]) == ("CREATED", "SENT", "T-A", 1)
        assert (second["status"], second["reason"]) == ("PARKED", "no seal")
        assert (first["change"], first["target"]) == ({"entity": "Organization"}, {"id": number(post.target)})
        assert ids.decode(first["entityId"], field="id")[0] == "Organization"
        assert [one["outcome"] for one in second["attempts"]["nodes"]] == ["no seal"]
    for nobody in (None, CLERK):
        assert (await api(ALL, nobody))["targets"]["nodes"] == []


async def test_what_waits_for_a_person_is_found_by_a_filter(api: Api, database: Database) -> None:
    await told(database)
    query = '{ deliveries(filter: {status: PARKED, target: {source: {name: "ear"}}}) { totalCount nodes { reason } } }'
    assert await api(query, ADMIN) == {"deliveries": {"totalCount": 1, "nodes": [{"reason": "no seal"}]}}
    query = "{ attempts(filter: {delivery: {status: SENT}}) { nodes { outcome } } }"
    assert await api(query, ADMIN) == {"attempts": {"nodes": [{"outcome": "sent"}]}}


async def test_the_whole_log_costs_a_statement_a_level(api: Api, database: Database, count_statements: Any) -> None:
    await told(database)
    await api(ALL, ADMIN)
    with count_statements() as first:
        await api(ALL, ADMIN)
    await founded(database, "C", "D")
    with count_statements() as second:
        await api(ALL, ADMIN)
    assert len(first) == len(second) == 4


async def test_a_target_is_added_paused_and_resumed(api: Api, database: Database) -> None:
    source = Source(id=uuid7(), name="shop", plugin="ear", title="shop", settings={})
    async with database.write(ADMIN) as session:
        session.add(source)
    add = 'mutation($id: ID!) { addTarget(sourceId: $id, kinds: ["request"]) { id status kinds knownOnly } }'
    made = (await api(add, ADMIN, id=number(source)))["addTarget"]
    assert made == made | {"status": "ACTIVE", "kinds": ["request"], "knownOnly": True}
    pause = 'mutation($id: ID!) { pauseTarget(id: $id, reason: "检修") { status reason } }'
    assert (await api(pause, ADMIN, id=made["id"]))["pauseTarget"] == {"status": "PAUSED", "reason": "检修"}
    resume = "mutation($id: ID!) { resumeTarget(id: $id) { status reason } }"
    assert (await api(resume, ADMIN, id=made["id"]))["resumeTarget"] == {"status": "ACTIVE", "reason": None}
    code, message = await api.refused(add, ADMIN, id=number(source))
    assert (code, message) == ("CONFLICT", "shop is a target already. `hub targets list` shows it.")


async def test_deliveries_are_retried_replayed_and_skipped(api: Api, database: Database) -> None:
    post = await told(database)
    sent, parked = await post.deliveries()
    one = "mutation($id: ID!) { %s(id: $id%s) { status askedBy reason } }"
    skip = one % ("skipDelivery", ', reason: "不需要"')
    ready = {"status": "READY", "askedBy": ADMIN.subject, "reason": None}
    assert await api(one % ("retryDelivery", ""), ADMIN, id=number(parked)) == {"retryDelivery": ready}
    assert await api(one % ("replayDelivery", ""), ADMIN, id=number(sent)) == {"replayDelivery": ready}
    skipped = (await api(skip, ADMIN, id=number(parked)))["skipDelivery"]
    assert skipped == {"status": "SKIPPED", "askedBy": None, "reason": "不需要"}
    code, message = await api.refused(skip, ADMIN, id=number(parked))
    assert (code, message) == ("CONFLICT", "It is skipped already: there is nothing to skip.")
    assert await post.send() == 1
    assert [attempt.by for attempt in await post.attempts()] == [None, None, ADMIN.subject]


@pytest.mark.parametrize("viewer", [None, CLERK, DISTRICT])
async def test_nobody_else_decides_anything(api: Api, database: Database, viewer: Viewer | None) -> None:
    post = await told(database)
    sent, _ = await post.deliveries()
    before = await sizes(database), await post.states()
    for verb in ("retryDelivery", "replayDelivery"):
        code, _ = await api.refused(f"mutation($id: ID!) {{ {verb}(id: $id) {{ id }} }}", viewer, id=number(sent))
        assert code == ("FORBIDDEN" if viewer else "UNAUTHENTICATED")
    for verb in ("pauseTarget", "resumeTarget"):
        code, _ = await api.refused(
            f"mutation($id: ID!) {{ {verb}(id: $id) {{ id }} }}", viewer, id=number(post.target)
        )
        assert code == ("FORBIDDEN" if viewer else "UNAUTHENTICATED")
    assert (await sizes(database), await post.states()) == before


async def test_what_is_being_sent_is_left_to_its_sender(api: Api, database: Database) -> None:
    post = await told(database)
    async with database.write(ADMIN) as session:
        one = await session.get_one(models.Delivery, (await post.deliveries())[0].id)
        one.status = DeliveryStatus.SENDING
    code, message = await api.refused("mutation($id: ID!) { retryDelivery(id: $id) { id } }", ADMIN, id=number(one))
    assert (code, message) == ("CONFLICT", "It is being sent right now: look again in half a minute.")
    assert await post.states() == ["SENDING", "PARKED"]
