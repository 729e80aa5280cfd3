"""Webhooks end to end: the hub, the plugin and a subscriber over HTTP; the log of it; and two hubs in a ring."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse
from starlette.routing import Host, Route, Router

from hub.db import Database
from hub.errors import Misconfigured
from hub.models import Delivery, Organization, Source, Target, TargetStatus, now
from hub.plugin import Page
from hub.serve import HTTPServer, listener
from hub.services import targets
from hub.sync import sending
from hub.sync.run import run_source
from hub.sync.subscribing import subscribe
from plugins.webhook import Webhook
from plugins.webhook.simulator import SECRET, Fault, build
from tests.conftest import copied
from tests.sync import crashing_sender
from tests.sync.sources import installed, reached, stored
from tests.sync.targets import HUB, Listener, Post, founded, renamed

CLEAN = ("while it is marked", "after it is settled")
SETTINGS = {"url": "http://shop/hook?token=abc&page=1", "secret": SECRET}


async def subscribed(database: Database, name: str = "shop", **more: Any) -> Post:
    registry = installed(Webhook)
    settings = {"known_only": False, "made_of": ("webhook", {**SETTINGS, **more})}
    target = await subscribe(database, registry, name, **settings)
    return Post(database, registry, Listener(), target)


@pytest.fixture
def subscriber(monkeypatch: pytest.MonkeyPatch) -> Any:
    app = build()
    app.routes.append(Route("/hook", app.routes[1].endpoint, methods=["POST"]))  # type: ignore[attr-defined]
    reached(app, monkeypatch)
    return app.state.subscriber


async def test_every_change_has_one_effect_whatever_the_subscriber_does(database: Database, subscriber: Any) -> None:
    post = await subscribed(database)
    subscriber.faults += [Fault("503", 2), Fault("lost", 2, of="B"), Fault("429", retry_after=5)]
    made = await founded(database, *"ABC")
    for seconds in (0, 60, 3600, 3600, 3600):
        await post.send(seconds)
    await renamed(database, made[1], "二")
    await post.send()
    assert set(await post.states()) == {"SENT"}
    assert [one["fields"]["name"] for one in subscriber.effects.values() if one["fields"]["code"] == "B"] == ["B", "二"]
    assert len(subscriber.effects) == 4 < len(subscriber.log)


async def test_the_log_shows_request_and_answer_without_secrets_and_numbers(
    database: Database, subscriber: Any
) -> None:
    post = await subscribed(database, url=f"http://shop/hook?token=abc&page=1&s={SECRET}")
    (one,) = await founded(database, "A")
    await renamed(database, one, "热线 13800001234")
    await post.send()
    (attempt,) = await post.attempts()
    request, response = attempt.request, attempt.response
    assert request is not None
    assert response is not None
    assert request["url"] == "http://shop/hook?token=***&page=1&s=***"
    assert (request["headers"]["x-hub-signature"], request["headers"]["idempotency-key"]) == (
        "***",
        subscriber.log[0]["token"],
    )
    assert "138****1234" in request["body"]
    assert (response["status"], response["body"]) == (200, f'{{"key":"S-{one.id}"}}')
    assert not [word for word in ("13800001234", SECRET) if word in f"{request}{response}"]


async def test_a_long_body_is_cut(database: Database, subscriber: Any) -> None:
    post = await subscribed(database)
    (one,) = await founded(database, "A")
    await renamed(database, one, "长" * 20_000)
    await post.send()
    (attempt,) = await post.attempts()
    assert attempt.request is not None
    assert 5_000 < len(attempt.request["body"]) <= 16 * 1024


async def test_a_subscriber_that_is_gone_is_parked(database: Database, subscriber: Any) -> None:
    post = await subscribed(database)
    subscriber.faults.append(Fault("410"))
    await founded(database, "A")
    await post.send()
    target = await post.stands()
    assert target.status is TargetStatus.PARKED
    assert target.reason == "http://shop/hook is gone: the subscriber does not want to be told any more (410)."


async def test_settings_that_make_no_sense_park_the_target_and_are_refused_at_first(
    database: Database, subscriber: Any
) -> None:
    with pytest.raises(Misconfigured, match="secret"):
        await subscribed(database, secret="short")
    with pytest.raises(Misconfigured, match="webhook takes no planet"):
        await subscribe(database, installed(Webhook), "shop", kinds=["planet"], made_of=("webhook", SETTINGS))
    assert await stored(database, Source, "name") == await stored(database, Target, "id") == {}
    post = await subscribed(database)
    assert post.target.kinds == ["alliance", "grid", "member", "organization", "request", "resource"]
    async with database.write(HUB) as session:
        (await session.get_one(Source, post.target.source_id)).settings = {"url": "http://shop/"}
    await founded(database, "A")
    assert await post.send() == 0
    target = await post.stands()
    assert (target.status, await post.states()) == (TargetStatus.PARKED, ["READY"])
    assert "secret" in str(target.reason)


@pytest.fixture
async def loopback() -> AsyncIterator[tuple[str, Any]]:
    """The subscriber behind a socket: its address, and itself."""
    app, began = build(), asyncio.Event()
    sock = listener("127.0.0.1", 0)
    server = HTTPServer(app, began.set)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    await asyncio.wait_for(began.wait(), 10)
    yield f"http://127.0.0.1:{sock.getsockname()[1]}/", app.state.subscriber
    server.halt()
    await asyncio.wait_for(serving, 10)


@pytest.mark.parametrize("point", crashing_sender.POINTS)
async def test_a_sender_that_is_killed_has_told_each_change_once(
    database: Database, loopback: tuple[str, Any], point: str
) -> None:
    address, subscriber = loopback
    post = await subscribed(database, url=address)
    await founded(database, "A", "B")
    url = database.url.render_as_string(hide_password=False)
    arguments = (sys.executable, "-m", crashing_sender.__name__, url, str(post.target.id), point)
    process = await asyncio.create_subprocess_exec(*arguments)
    assert await asyncio.wait_for(process.wait(), 60) == 137
    post.at = now()
    arrived = ["A"] if point.startswith(("after", "while it is settled")) else []
    assert [one["fields"]["code"] for one in subscriber.effects.values()] == arrived
    assert await post.send(0) == 0
    assert await post.send(31) == (1 if point == "after it is settled" else 2)
    assert [one["fields"]["code"] for one in subscriber.effects.values()] == ["A", "B"]
    assert await post.states() == ["SENT", "SENT"]
    assert [one.tries for one in await post.deliveries()] == [1 if point in CLEAN else 2, 1]


# --- two hubs, each the other's source and target ---


class Neighbour(Webhook):
    """The other hub: what it has told is read in the order in which it came."""

    inbox: list[bytes]

    async def pull(self, cursor: str | None) -> AsyncIterator[Page]:
        for at in range(int(cursor or 0), len(self.inbox)):
            page = await self.receive(self.inbox[at])
            yield Page(page.items, cursor=str(at + 1))


async def joined(database: Database, other: str) -> tuple[Post, type[Neighbour]]:
    """A hub that tells the other one, and reads what that tells."""
    neighbour = type("Neighbour", (Neighbour,), {"name": "webhook", "inbox": []})
    registry = installed(neighbour)
    settings = {"url": f"http://{other}/", "secret": SECRET}
    target = await subscribe(database, registry, other, known_only=False, made_of=("webhook", settings))
    return Post(database, registry, Listener(), target), neighbour


def doors(inboxes: dict[str, list[bytes]]) -> Router:
    """The addresses of both."""

    def door(name: str) -> Starlette:
        async def hear(request: HTTPRequest) -> JSONResponse:
            inboxes[name].append(await request.body())
            return JSONResponse({}, 202)

        return Starlette(routes=[Route("/", hear, methods=["POST"])])

    return Router([Host(name, door(name)) for name in inboxes])


async def rounds(one: tuple[Post, Any, str], other: tuple[Post, Any, str]) -> list[int]:
    """How many messages go to and fro in each round, until there is silence."""
    said = []
    while not said or said[-1]:
        before = len(one[1].inbox) + len(other[1].inbox)
        for post, _, _ in (one, other):
            await post.send(60)
        for post, _, source in (one, other):
            done = await run_source(post.database, post.registry, source, started_by="test")
            assert (done.error, done.rejected) == (None, 0)
        said.append(len(one[1].inbox) + len(other[1].inbox) - before)
        assert len(said) < 6
    return said


async def test_two_hubs_in_a_ring_fall_silent(
    database: Database, server_url: str, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with copied(server_url, template) as second:
        (a, to_b), (b, to_a) = await joined(database, "hub-b"), await joined(second, "hub-a")
        reached(doors({"hub-a": to_b.inbox, "hub-b": to_a.inbox}), monkeypatch)
        ring = (a, to_b, "hub-b"), (b, to_a, "hub-a")
        (one,) = await founded(database, "A")
        (two,) = await founded(second, "B")
        assert await rounds(*ring) == [2, 0]
        async with second.read() as session:
            theirs = (await session.scalars(select(Organization).where(Organization.code == "A"))).one()
        await renamed(second, theirs, "二")
        assert await rounds(*ring) == [1, 0]
        await renamed(database, one, "三")
        await renamed(second, two, "四")
        assert await rounds(*ring) == [2, 0]
        for hub in (database, second):
            rows = await stored(hub, Organization)
            assert {code: row["name"] for code, row in rows.items()} == {"A": "三", "B": "四"}
        async with database.read() as session:
            waiting = await session.scalars(targets.deliveries(HUB).where(sending.waiting(Delivery)))
            assert list(waiting) == []
