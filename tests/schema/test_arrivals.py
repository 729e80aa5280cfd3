"""Keys and pushed messages in the graph: a key is shown once, and only who may see sync sees anything."""

import hashlib
from typing import Any

import pytest
from sqlalchemy import select

from hub.auth import Viewer
from hub.db import Database
from hub.models import Arrival, ArrivalStatus, Source, now
from schema.ids import encode
from tests.schema.api import Api
from tests.schema.city import ADMIN

ADD = "mutation ($id: ID!, $algorithm: HookAlgorithm) { addHookKey(id: $id, algorithm: $algorithm) { name secret } }"
ALL = """{ sources { nodes { name hookKeys { __typename name algorithm createdAt } arrivals { totalCount } } }
           arrivals { nodes { status reason nonce sha256 tries } } changes(first: 50) { nodes { patch reverse } } }"""
READER = Viewer("key:1", frozenset({"sync:read"}), ("",), name="reader")


@pytest.fixture
async def source(database: Database, hub: Viewer) -> Source:
    """A source that has pushed one message, which was refused."""
    async with database.write(hub) as session:
        session.add(made := Source(name="pushing", plugin="pushing", title="pushing"))
        await session.flush()
        body = b"secret words"
        refused = Arrival(source_id=made.id, nonce="nonce-01", body=body, sha256=hashlib.sha256(body).hexdigest())
        refused.status, refused.reason, refused.signed_at = ArrivalStatus.REFUSED, "no JSON", now()
        session.add(refused)
    return made


async def keys(database: Database) -> Any:
    async with database.read() as session:
        return await session.scalar(select(Source.keys))


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_a_key_is_shown_once_and_never_again(api: Api, database: Database, source: Source, executor: str) -> None:
    id = encode("Source", (source.id,))
    first, second = [(await api(ADD, ADMIN, id=id, algorithm=one))["addHookKey"] for one in ("SHA256", "SM3")]
    assert [one["secret"] for one in await keys(database)] == [first["secret"], second["secret"]]
    code, message = await api.refused(ADD, ADMIN, id=id)
    assert (code, "two keys" in message) == ("CONFLICT", True)
    answer = await api.post(ALL, ADMIN, executor=executor)
    assert answer.json()["extensions"]["executor"] == executor
    (shown,) = answer.json()["data"]["sources"]["nodes"]
    assert [(key["name"], key["algorithm"]) for key in shown["hookKeys"]] == [
        (first["name"], "SHA256"),
        (second["name"], "SM3"),
    ]
    assert shown["arrivals"] == {"totalCount": 1}
    hidden = (first["secret"], second["secret"], "secret words")
    assert [one for one in hidden if one in answer.text] == []
    drop = f'mutation {{ dropHookKey(id: "{id}", name: "{first["name"]}") {{ hookKeys {{ name }} }} }}'
    assert await api(drop, ADMIN) == {"dropHookKey": {"hookKeys": [{"name": second["name"]}]}}


@pytest.mark.parametrize(("viewer", "code"), [(None, "UNAUTHENTICATED"), (READER, "FORBIDDEN")])
async def test_who_does_not_run_sync_changes_nothing(
    api: Api, database: Database, source: Source, viewer: Viewer | None, code: str
) -> None:
    id = encode("Source", (source.id,))
    assert (await api.refused(ADD, viewer, id=id))[0] == code
    drop = f'mutation {{ dropHookKey(id: "{id}", name: "a") {{ name }} }}'
    assert (await api.refused(drop, viewer))[0] == code
    async with database.read() as session:
        one = await session.scalar(select(Arrival.id))
    retry = f'mutation {{ retryArrival(id: "{encode("Arrival", (one,))}") {{ status }} }}'
    assert (await api.refused(retry, viewer))[0] == code
    assert await keys(database) is None
    assert (await api("{ arrivals { totalCount } }", viewer))["arrivals"]["totalCount"] == (1 if viewer else 0)
    done = await api(retry.replace("{ status }", "{ status reason source { name } }"), ADMIN)
    assert done["retryArrival"] == {"status": "WAITING", "reason": None, "source": {"name": "pushing"}}
    assert (await api.refused(retry, ADMIN))[0] == "CONFLICT"
