"""Webhooks at the door: taken once, if signed just now with a key of the source; refused without a word else."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select, text, update

from hub import hooks, worker
from hub.auth import Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import Arrival, ArrivalStatus, Change, HookAlgorithm, Source, now
from hub.services import accounts, arrivals
from hub.services.arrivals import HookKey
from tests.sync.pushed import registry

NONCE, BODY = "nonce-01", b'{"number": "1"}'
UNSIGNED = {"error": {"code": "UNAUTHENTICATED", "message": hooks.REFUSED}}


@pytest.fixture
async def source(database: Database, hub: Viewer) -> Source:
    async with database.write(hub) as session:
        session.add(made := Source(name="pushing", plugin="pushing", title="pushing"))
    return made


@pytest.fixture
async def key(database: Database, hub: Viewer, source: Source) -> HookKey:
    return await fresh(database, hub, source)


async def fresh(database: Database, hub: Viewer, source: Source, **more: Any) -> HookKey:
    async with database.write(hub) as session:
        return await arrivals.add_key(session, hub, source.id, **more)


def signed(
    secret: str, *, nonce: str = NONCE, body: bytes = BODY, ago: float = 0, digest: str = "sha256"
) -> dict[str, str]:
    """The headers as a sender of any make would write them."""
    timestamp = str(int(time.time() - ago))
    said = f"{timestamp}\n{nonce}\n".encode() + body
    signature = hmac.new(secret.encode(), said, digest).hexdigest()
    return {"x-hub-timestamp": timestamp, "x-hub-nonce": nonce, "x-hub-signature": f"{digest}={signature}"}


async def push(door: httpx2.AsyncClient, headers: Any, body: Any = BODY, name: str = "pushing") -> tuple[int, Any]:
    answer = await door.post(f"/hooks/{name}", content=body, headers=headers)
    return answer.status_code, answer.json()


async def kept(database: Database) -> list[tuple[str, bytes, ArrivalStatus]]:
    async with database.read() as session:
        found = await session.execute(select(Arrival.nonce, Arrival.body, Arrival.status).order_by(Arrival.id))
        return [tuple(row) for row in found]  # type: ignore[misc]


async def test_a_signed_message_is_kept_byte_for_byte(
    door: httpx2.AsyncClient, database: Database, key: HookKey
) -> None:
    body = b"\xff\x00 no text at all"
    status, told = await push(door, signed(key.secret, body=body), body)
    assert (status, list(told)) == (202, ["id"])
    assert await kept(database) == [(NONCE, body, ArrivalStatus.WAITING)]
    async with database.read() as session:
        (one,) = await session.scalars(select(Arrival))
    assert (one.sha256, one.tries, one.reason) == (hashlib.sha256(body).hexdigest(), 0, None)
    assert abs((one.signed_at - now()).total_seconds()) < 5


async def test_every_flipped_byte_is_refused_and_nothing_is_kept(
    door: httpx2.AsyncClient, database: Database, key: HookKey
) -> None:
    right = signed(key.secret)
    tried = 0
    for name, value in right.items():
        for at, bit in ((at, 1 << bit) for at in range(len(value)) for bit in (0, 1, 6)):
            wrong = value[:at] + chr(ord(value[at]) ^ bit) + value[at + 1 :]
            if wrong.isprintable() and wrong.strip() == wrong:
                assert await push(door, right | {name: wrong}) == (401, UNSIGNED), (name, at)
                tried += 1
    for at in range(len(BODY)):
        assert await push(door, right, BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :]) == (401, UNSIGNED)
    assert tried > 150
    assert await kept(database) == []
    assert (await push(door, right))[0] == 202


@pytest.mark.parametrize("ago", [-400, -302, 302, 400, 86_400])
async def test_a_message_of_another_time_is_refused(
    door: httpx2.AsyncClient, database: Database, key: HookKey, ago: int
) -> None:
    assert await push(door, signed(key.secret, ago=ago)) == (401, UNSIGNED)
    assert await kept(database) == []


@pytest.mark.parametrize("ago", [-295, 295])
async def test_a_clock_may_be_a_little_off(door: httpx2.AsyncClient, key: HookKey, ago: int) -> None:
    assert (await push(door, signed(key.secret, ago=ago)))[0] == 202


async def test_whatever_is_wrong_gets_the_same_answer(
    door: httpx2.AsyncClient, database: Database, source: Source
) -> None:
    headers = signed("a key of nobody's")
    assert await push(door, headers) == (401, UNSIGNED)  # a source without keys
    for name in ("nobody", "nul%00", "pushing%00", "推送"):
        assert await push(door, headers, name=name) == (401, UNSIGNED), name
    for name in headers:
        lacking = {other: value for other, value in headers.items() if other != name}
        assert await push(door, lacking) == (401, UNSIGNED)
        assert await push(door, [*headers.items(), (name, headers[name])]) == (401, UNSIGNED)
    for wrong in ({"x-hub-nonce": "7 bytes"}, {"x-hub-nonce": "n" * 129}, {"x-hub-timestamp": "1e9"}):
        assert await push(door, headers | wrong) == (401, UNSIGNED)
    assert await kept(database) == []


async def test_a_message_that_comes_a_hundred_times_at_once_is_kept_once(
    door: httpx2.AsyncClient, database: Database, key: HookKey
) -> None:
    headers = signed(key.secret)
    answers = await asyncio.gather(*(push(door, headers) for _ in range(100)))
    assert sorted(status for status, _ in answers) == [200] * 99 + [202]
    assert [told for status, told in answers if status == 200] == [{"again": True}] * 99
    assert len(await kept(database)) == 1
    assert await push(door, signed(key.secret, ago=9)) == (200, {"again": True})  # signed afresh, the same message


async def test_a_nonce_is_of_one_message_and_of_one_source(
    door: httpx2.AsyncClient, database: Database, hub: Viewer, key: HookKey
) -> None:
    assert (await push(door, signed(key.secret)))[0] == 202
    status, told = await push(door, signed(key.secret, body=b"another"), b"another")
    assert (status, told["error"]["code"]) == (409, "CONFLICT")
    assert [body for _, body, _ in await kept(database)] == [BODY]
    async with database.write(hub) as session:
        session.add(other := Source(name="other", plugin="pushing", title="other"))
    theirs = await fresh(database, hub, other)
    assert (await push(door, signed(theirs.secret), name="other"))[0] == 202
    assert await push(door, signed(key.secret, nonce="nonce-02"), name="other") == (401, UNSIGNED)
    assert len(await kept(database)) == 2


async def test_one_key_follows_the_other_without_a_gap(
    door: httpx2.AsyncClient, database: Database, hub: Viewer, source: Source, key: HookKey
) -> None:
    new = await fresh(database, hub, source)
    with pytest.raises(Conflict, match=rf"two keys, {key.name} and {new.name}: drop the one"):
        await fresh(database, hub, source)
    for at, secret in enumerate((key.secret, new.secret)):
        assert (await push(door, signed(secret, nonce=f"nonce-{at}0")))[0] == 202
    async with database.write(hub) as session:
        await arrivals.drop_key(session, hub, source.id, name=key.name)
    assert await push(door, signed(key.secret, nonce="nonce-21")) == (401, UNSIGNED)
    assert (await push(door, signed(new.secret, nonce="nonce-22")))[0] == 202
    with pytest.raises(NotFound, match=f"No key {key.name} is visible to you. pushing has {new.name}."):
        async with database.write(hub) as session:
            await arrivals.drop_key(session, hub, source.id, name=key.name)


async def test_a_key_of_sm3_takes_sm3_and_nothing_else(
    door: httpx2.AsyncClient, database: Database, hub: Viewer, source: Source
) -> None:
    key = await fresh(database, hub, source, algorithm=HookAlgorithm.SM3)
    assert await push(door, signed(key.secret)) == (401, UNSIGNED)
    headers = signed(key.secret, digest="sm3")
    assert (await push(door, headers))[0] == 202
    assert headers["x-hub-signature"] == key.sign(headers["x-hub-timestamp"], NONCE, BODY)
    sm3 = HookKey("", HookAlgorithm.SM3, now(), "key").sign("1700000000", NONCE, BODY)
    assert sm3 == "sm3=" + hmac.new(b"key", b"1700000000\n" + NONCE.encode() + b"\n" + BODY, "sm3").hexdigest()


async def test_sm3_is_refused_where_openssl_has_none(
    database: Database, hub: Viewer, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(arrivals.DIGESTS, HookAlgorithm.SM3, "sm3-of-another-openssl")
    with pytest.raises(Invalid, match="SM3 is not in this machine's OpenSSL"):
        await fresh(database, hub, source, algorithm=HookAlgorithm.SM3)
    async with database.read() as session:
        assert await session.scalar(select(Source.keys)) is None


@pytest.mark.parametrize("declared", [True, False])
async def test_a_message_that_is_too_large_is_refused_before_it_is_whole(
    door: httpx2.AsyncClient, database: Database, key: HookKey, declared: bool
) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(64):
            sent += 1
            yield b"a" * 256 * 1024

    headers = signed(key.secret) | ({"content-length": str(16 * 1024**2)} if declared else {})
    status, told = await push(door, headers, body())
    assert (status, told["error"]["code"]) == (413, "TOO_LARGE")
    assert sent <= (0 if declared else 5)
    largest = b"a" * hooks.MOST_BYTES
    assert (await push(door, signed(key.secret, body=largest), largest))[0] == 202
    assert len(await kept(database)) == 1


async def test_a_message_that_drips_is_given_up(
    door: httpx2.AsyncClient, database: Database, key: HookKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "MOST_SECONDS", 0.1)

    async def body() -> AsyncIterator[bytes]:
        for sign in BODY:
            await asyncio.sleep(0.05)
            yield bytes([sign])

    assert (await push(door, signed(key.secret), body()))[0] == 408
    assert await kept(database) == []


async def test_a_source_that_is_switched_off_is_told_to_come_later(
    door: httpx2.AsyncClient, database: Database, hub: Viewer, key: HookKey
) -> None:
    async with database.write(hub) as session:
        await session.execute(update(Source).values(enabled=False))
    status, told = await push(door, signed(key.secret))
    assert (status, told["error"]["code"]) == (503, "UNAVAILABLE")
    assert await push(door, signed("wrong")) == (401, UNSIGNED)
    assert await kept(database) == []


async def test_only_who_runs_sync_makes_and_drops_keys(database: Database, source: Source, key: HookKey) -> None:
    viewer = Viewer("key:1", frozenset({"sync:read"}), ("",), name="reader")
    verbs: list[Callable[..., Any]] = [
        lambda session: arrivals.add_key(session, viewer, source.id),
        lambda session: arrivals.drop_key(session, viewer, source.id, name=key.name),
    ]
    for verb in verbs:
        with pytest.raises(Forbidden, match="reader lacks the ability sync:run"):
            async with database.write(viewer) as session:
                await verb(session)
    async with database.read() as session:
        (found,) = await session.scalars(select(Source))
    assert [one.name for one in arrivals.keys(found.keys)] == [key.name]


async def test_a_key_and_a_body_stand_in_no_log(door: httpx2.AsyncClient, database: Database, key: HookKey) -> None:
    await push(door, signed(key.secret))
    assert key.secret not in repr(key)
    async with database.read() as session:
        changes = list(await session.execute(select(Change.entity, func.jsonb_pretty(Change.patch), Change.reverse)))
        logged = await session.scalar(text("SELECT string_agg(changes::text, '') FROM changes"))
    assert [entity for entity, _, _ in changes] == ["Source", "Source"]
    assert '"keys": "***"' in changes[1][1]
    assert key.secret not in str(logged)
    assert BODY.decode() not in str(logged)


async def test_what_nobody_has_mended_for_ninety_days_is_let_go(
    door: httpx2.AsyncClient, database: Database, hub: Viewer, key: HookKey
) -> None:
    for at in range(4):
        await push(door, signed(key.secret, nonce=f"nonce-0{at}"))
    ages = (("REFUSED", 91), ("PARKED", 91), ("REFUSED", 89), ("WAITING", 91))
    async with database.write(hub) as session:
        for at, (status, days) in enumerate(ages):
            age = {"status": ArrivalStatus[status], "created_at": now() - timedelta(days=days)}
            await session.execute(update(Arrival).where(Arrival.nonce == f"nonce-0{at}").values(age))
        await arrivals.forget(session)
    assert [nonce for nonce, _, _ in await kept(database)] == ["nonce-02", "nonce-03"]


async def test_what_was_taken_is_known_for_seven_days(
    door: httpx2.AsyncClient, database: Database, hub: Viewer, key: HookKey
) -> None:
    for at in range(3):
        await push(door, signed(key.secret, nonce=f"nonce-0{at}"))
    async with database.write(hub) as session:
        for nonce, status, days in (("nonce-00", "TAKEN", 8), ("nonce-01", "TAKEN", 6.9), ("nonce-02", "REFUSED", 8)):
            age = {"status": ArrivalStatus[status], "created_at": now() - arrivals.KEPT * days / 7}
            await session.execute(update(Arrival).where(Arrival.nonce == nonce).values(age))
        await arrivals.forget(session)
    assert [nonce for nonce, _, _ in await kept(database)] == ["nonce-01", "nonce-02"]


async def test_what_is_pushed_is_in_the_graph_a_moment_later(
    door: httpx2.AsyncClient, database: Database, hub: Viewer, key: HookKey
) -> None:
    body = b'[{"kind": "request", "key": "R1", "fields": {"number": "R1", "title": "\xe7\x81\xaf"}}]'
    _, told = await push(door, signed(key.secret, body=body), body)
    stop = asyncio.Event()
    working = asyncio.create_task(worker.work(database, registry(), stop))
    async with database.write(hub) as session:
        given = await accounts.give_token(session, hub, b"pepper", role="admin", name="t")
    arrival = "arrival(id: $id) { status source { hookKeys { name } } run { created } }"
    query = f'query ($id: ID!) {{ {arrival} request(number: "R1") {{ title }} }}'
    sent = {"query": query, "variables": {"id": told["id"]}}
    for _ in range(200):
        answer = await door.post("/graphql", json=sent, headers={"authorization": f"Bearer {given}"})
        if answer.json()["data"]["request"]:
            break
        await asyncio.sleep(0.05)
    stop.set()
    await working
    assert answer.json()["data"] == {
        "arrival": {"status": "TAKEN", "source": {"hookKeys": [{"name": key.name}]}, "run": {"created": 1}},
        "request": {"title": "灯"},
    }
