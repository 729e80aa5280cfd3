"""The stream of changes: nothing twice, nothing lost, nothing for eyes that may not see it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hub.auth import Viewer
from hub.models import Change, Request, Run, Source, uuid7
from schema.following import cursor_of
from tests.schema.api import Api
from tests.schema.city import ADMIN, City, add, ask
from tests.schema.wire import SECONDS, Socket, events, socket

FOLLOW = "subscription { changes%s { cursor change { entity kind patch } } }"


@asynccontextmanager
async def following(api: Api, viewer: Viewer, arguments: str = "", document: str = FOLLOW) -> AsyncIterator[Socket]:
    async with socket(api.app) as one:
        await one.opened({"Authorization": api.token(viewer)})
        assert await one.got() == {"type": "connection_ack", "payload": {}}
        one.ask(document % arguments)
        yield one


async def told(socket: Socket) -> dict[str, Any]:
    """The next change."""
    message = await socket.got()
    assert message["type"] == "next", message
    assert "errors" not in message["payload"], message
    event: dict[str, Any] = message["payload"]["data"]["changes"]
    return event


async def place(api: Api, city: City, viewer: Viewer = ADMIN) -> str:
    """A cursor behind everything that was written up to now."""
    mark = await ask(city, f"mark {uuid7()}", "150602001001")
    # the request's event is written last, but a clerk is not told of events
    name, value = ("request_id", str(mark.id)) if viewer is ADMIN else ("number", mark.number)
    async with asyncio.timeout(SECONDS):
        while True:
            found = (await api("{ changes(first: 1) { nodes { patch } pageInfo { startCursor } } }", viewer))["changes"]
            if any(change["patch"].get(name) == value for change in found["nodes"]):
                return str(found["pageInfo"]["startCursor"])
            await asyncio.sleep(0.05)


async def test_a_change_comes_as_it_is_written_and_in_order(api: Api, city: City) -> None:
    after = f'(after: "{await place(api, city)}", entity: ["Request"])'
    async with api.bus, following(api, ADMIN, after) as stream:
        for number in ("R8", "R9"):
            await ask(city, number, "150602001001")
            event = await told(stream)
            assert (event["change"]["entity"], event["change"]["kind"]) == ("Request", "CREATED")
            assert event["change"]["patch"]["number"] == number


async def test_without_a_cursor_it_begins_now(api: Api, city: City) -> None:
    async with following(api, ADMIN, '(entity: ["Request"])') as stream:
        first = asyncio.create_task(told(stream))
        while not first.done():
            await ask(city, f"N{len(city.requests)}", "150602001001")
            await asyncio.sleep(0.1)
        assert (await first)["change"]["patch"]["number"] in city.requests


async def test_without_the_bell_the_stream_looks_by_itself(api: Api, city: City) -> None:
    after = f'(after: "{await place(api, city)}", entity: ["Request"])'
    async with following(api, ADMIN, after) as stream:
        await ask(city, "R8", "150602001001")
        assert (await told(stream))["change"]["patch"]["number"] == "R8"


async def test_going_on_after_a_cursor_tells_everything_since(api: Api, city: City) -> None:
    cursor = await place(api, city)
    for number in ("R7", "R8", "R9"):
        await ask(city, number, "150602001001")
    async with following(api, ADMIN, f'(after: "{cursor}", entity: ["Request"])') as stream:
        assert [(await told(stream))["change"]["patch"]["number"] for _ in range(3)] == ["R7", "R8", "R9"]


async def test_a_subtree_and_the_own_grid_bound_what_is_told(api: Api, city: City) -> None:
    clerk = city.clerk("150602001")
    after = f'(after: "{await place(api, city, clerk)}", entity: ["Request"], under: {{code: "150602001002"}})'
    async with following(api, clerk, after) as stream:
        for number, code in (("A", "150602002001"), ("B", "150602001001"), ("C", "150602001002")):
            await ask(city, number, code)
        assert (await told(stream))["change"]["patch"]["number"] == "C"


async def refusal(stream: Socket) -> str:
    message = await stream.got()
    errors = message["payload"]["errors"] if message["type"] == "next" else message["payload"]
    return str(errors[0]["extensions"]["code"])


@pytest.mark.reads
async def test_a_cursor_that_the_log_does_not_know_is_a_gap(api: Api, city: City) -> None:
    beyond = cursor_of(Change(position=2**62, id=uuid7()))
    async with following(api, ADMIN, f'(after: "{beyond}")') as stream:
        assert await refusal(stream) == "GAP"
    async with following(api, ADMIN, '(after: "nonsense")') as stream:
        assert await refusal(stream) == "BAD_CURSOR"


@pytest.mark.reads
async def test_who_may_not_read_changes_is_refused(api: Api, city: City) -> None:
    async with following(api, city.handler()) as stream:
        assert await refusal(stream) == "FORBIDDEN"


async def test_a_revoked_token_ends_the_stream_before_the_next_event(api: Api, city: City) -> None:
    after = f'(after: "{await place(api, city)}", entity: ["Request"])'
    async with following(api, ADMIN, after) as stream:
        await ask(city, "R8", "150602001001")
        await told(stream)
        api.viewers.clear()
        await ask(city, "R9", "150602001001")
        assert await refusal(stream) == "UNAUTHENTICATED"


async def synced(city: City, number: str, run: Run) -> None:
    """A request that a run brings."""
    grid = city.grids["150602001001"]
    request = Request(number=number, title=number, grid_id=grid.id, grid_path=grid.path)
    async with city.database.write(ADMIN, run_id=run.id) as session:
        session.add(request)


async def test_who_loses_an_ability_on_the_way_sees_what_is_left(api: Api, city: City) -> None:
    source = Source(id=uuid7(), name="s", plugin="p", title="S")
    run = Run(id=uuid7(), source_id=source.id, started_by="test")
    await add(city.database, source)
    await add(city.database, run)
    after = f'(after: "{await place(api, city)}", entity: ["Request"])'
    document = "subscription { changes%s { change { entity run { startedBy source { name } } } } }"
    async with following(api, ADMIN, after, document) as stream:
        await synced(city, "S1", run)
        assert await told(stream) == {
            "change": {"entity": "Request", "run": {"startedBy": "test", "source": {"name": "s"}}}
        }
        api.viewers = dict.fromkeys(api.viewers, city.clerk("150602001001"))
        await synced(city, "S2", run)
        assert await told(stream) == {"change": {"entity": "Request", "run": None}}


@pytest.mark.reads
async def test_a_bad_token_closes_the_socket(api: Api) -> None:
    async with socket(api.app) as one:
        await one.opened({"Authorization": "Bearer x"})
        assert await one.got() == 4403


@pytest.mark.reads
async def test_the_legacy_protocol_is_refused(api: Api) -> None:
    async with socket(api.app, "graphql-ws") as one:
        one.wire.put({"type": "websocket.connect"})
        assert (await one.wire.got())["type"] == "websocket.accept"
        assert await one.got() == 4406


@pytest.mark.reads
async def test_the_twenty_first_subscription_is_refused(api: Api, city: City) -> None:
    async with following(api, ADMIN) as stream:
        for number in range(2, 22):
            stream.ask(FOLLOW % "", str(number))
        message = await stream.got()
        (error,) = message["payload"]
        assert (message["id"], message["type"], error["extensions"]) == ("21", "error", {"code": "TOO_MANY"})
        assert error["message"].startswith("A connection carries at most 20 operations at once")


@pytest.mark.reads
async def test_a_subscription_by_plain_post_is_told_where_streams_are(api: Api, city: City) -> None:
    answer = await api.post(FOLLOW % "", ADMIN)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]) == (400, {"code": "BAD_REQUEST"})
    assert all(way in error["message"] for way in ("accept: text/event-stream", "SSE", "WebSocket"))


@pytest.mark.reads
async def test_several_operations_on_a_stream_want_a_name(api: Api, city: City) -> None:
    two = "query A { __typename } query B { __typename }"
    async with following(api, ADMIN) as stream:
        stream.ask(two, "two")
        message = await stream.got()
        assert (message["id"], message["payload"][0]["extensions"]) == ("two", {"code": "BAD_REQUEST"})
    async with events(api.app, two, api.token(ADMIN)) as wire:
        await wire.got()
        block = b""
        while b"event: next" not in block:
            block = (await wire.got())["body"]
        assert b"Name the operation to run" in block
        assert b'"code":"BAD_REQUEST"' in block


async def test_operations_on_one_socket_do_not_share_what_they_read(api: Api, city: City) -> None:
    async with following(api, ADMIN, f'(after: "{await place(api, city)}")') as stream:
        for name in ("旧", "新"):
            async with city.database.write(ADMIN) as session:
                (await session.get_one(Request, city.requests["R1"].id)).title = name
            await told(stream)
            stream.ask('{ request(number: "R1") { title } }', name)
            assert (await stream.got())["payload"]["data"] == {"request": {"title": name}}
            assert (await stream.got())["type"] == "complete"


async def test_server_sent_events(api: Api, city: City) -> None:
    query = FOLLOW % f'(after: "{await place(api, city)}", entity: ["Request"])'
    async with events(api.app, query, api.token(ADMIN)) as wire:
        start = await wire.got()
        assert (start["status"], dict(start["headers"])[b"content-type"]) == (200, b"text/event-stream")
        await ask(city, "R8", "150602001001")
        block = b""
        while b"event: next" not in block:
            block = (await wire.got())["body"]
        assert b'"number":"R8"' in block


async def test_a_change_names_what_changed(api: Api, city: City) -> None:
    data = await api(
        '{ request(number: "R1") { id history { nodes { entityId kind } } events { nodes { id } } } }', ADMIN
    )
    assert data["request"]["history"]["nodes"] == [{"entityId": data["request"]["id"], "kind": "CREATED"}]
    of = '{ changes(filter: {entity: {eq: "RequestEvent"}}, first: 200, orderBy: AT_ASC) { nodes { entityId } } }'
    await place(api, city)
    events = [change["entityId"] for change in (await api(of, ADMIN))["changes"]["nodes"]]
    assert data["request"]["events"]["nodes"] == [{"id": events[0]}]
