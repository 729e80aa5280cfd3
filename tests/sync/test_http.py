"""The client that plugins get: it waits as it is asked to, tries reads four times, and never repeats a write."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response
from starlette.routing import Route

from hub.sync import http

Answer = tuple[int, dict[str, str]]


class Upstream:
    """A real server that answers as it is told to, in turn, the last one for ever; and knows when it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[float] = []

    async def answer(self, request: HTTPRequest) -> Response:
        self.asked.append(time.monotonic())
        status, headers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Response(f"{status} after {len(self.asked)}".encode() * 1000, status, headers)

    def waits(self) -> list[float]:
        return [after - before for before, after in zip(self.asked, self.asked[1:], strict=False)]

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx2.AsyncClient]:
        app = Starlette(routes=[Route("/", self.answer, methods=["GET", "POST", "PUT", "DELETE"])])
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with http.client() as client:
            client.base_url = httpx2.URL(f"http://127.0.0.1:{port}")
            yield client
        server.should_exit = True
        await serving


AT_ONCE = {"Retry-After": "0"}
OK: Answer = (200, {})


async def test_seconds_are_waited() -> None:
    upstream = Upstream((429, {"Retry-After": "1"}), OK)
    async with upstream.client() as client:
        assert (await client.get("/")).status_code == 200
    (wait,) = upstream.waits()
    assert 1.0 <= wait < 1.5


async def test_a_date_is_waited_for() -> None:
    until = datetime.now(UTC) + timedelta(seconds=2)
    upstream = Upstream((503, {"Retry-After": format_datetime(until, usegmt=True)}), OK)
    async with upstream.client() as client:
        assert (await client.get("/")).status_code == 200
    assert datetime.now(UTC) >= until.replace(microsecond=0)
    assert len(upstream.asked) == 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_four_tries_and_the_last_answer_is_the_plugins(status: int) -> None:
    upstream = Upstream((status, AT_ONCE))
    async with upstream.client() as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.text, len(upstream.asked)) == (status, f"{status} after 4" * 1000, 4)


async def test_an_answer_that_was_put_off_for_too_long_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PATIENCE", 1.2)
    upstream = Upstream((503, {"Retry-After": "1"}))
    async with upstream.client() as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.text) == (503, f"503 after {len(upstream.asked)}" * 1000)
    assert len(upstream.asked) == 3


async def test_whoever_asks_for_an_hour_is_not_waited_for() -> None:
    upstream = Upstream((429, {"Retry-After": "3600"}))
    async with upstream.client() as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.headers["Retry-After"], len(upstream.asked)) == (429, "3600", 1)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_a_write_is_never_repeated(method: str) -> None:
    upstream = Upstream((503, AT_ONCE), OK)
    async with upstream.client() as client:
        answer = await client.request(method, "/")
    assert (answer.status_code, len(upstream.asked)) == (503, 1)


@pytest.mark.parametrize("status", [301, 400, 401, 404, 500])
async def test_other_answers_are_given_as_they_are(status: int) -> None:
    upstream = Upstream((status, {"Location": "/elsewhere"}))
    async with upstream.client() as client:
        assert (await client.get("/")).status_code == status
    assert len(upstream.asked) == 1


async def test_who_does_not_answer_is_asked_four_times() -> None:
    asked: list[httpx2.Request] = []

    def away(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        raise httpx2.ConnectError("away", request=request)

    async with http.client(httpx2.MockTransport(away)) as client:
        with pytest.raises(httpx2.ConnectError, match="away"):
            await client.get("http://nowhere/")
        assert len(asked) == 4
        with pytest.raises(httpx2.ConnectError, match="away"):
            await client.post("http://nowhere/")
    assert len(asked) == 5


@pytest.mark.parametrize(
    "said", ["", "soon", "²", "-5", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 -0000"]
)
def test_what_cannot_be_waited_for_is_no_wait(said: str) -> None:
    assert http.asked_wait(httpx2.Response(503, headers=[(b"Retry-After", said.encode("latin-1"))])) == 0.0
