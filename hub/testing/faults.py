"""Faults that any simulator can sit behind: a transport that does to requests what it is told to.

Nothing here sleeps: a time-out is raised, a slow answer comes in crumbs.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2

from hub.plugin import SourceBroken, SourceDown, SourceError, SourceRefused

Send = Callable[[httpx2.Request], Awaitable[httpx2.Response]]
Alter = Callable[[httpx2.Request, Send], Awaitable[httpx2.Response]]
Errors = tuple[type[SourceError], ...]

ANY: Errors = (SourceDown, SourceRefused, SourceBroken)
READS = frozenset({"GET", "HEAD", "OPTIONS"})
SOON = 90
LOGIN_PAGE = "<!DOCTYPE html><html><head><title>统一身份认证</title></head><form action='/login'>请登录</form></html>"
CRUMB = 7


@dataclass(frozen=True, slots=True)
class Fault:
    """A misbehaviour of the other side.

    name         for people
    alter        gives the answer to a request; may ask the simulator for the true one
    errors       what a plugin may raise when this goes on and on; empty: it must come through
    retry_after  the longest wait in seconds that the raised SourceDown may carry, where it must carry one
    """

    name: str
    alter: Alter
    errors: Errors = (SourceDown,)
    retry_after: float | None = None


class Faults(httpx2.AsyncBaseTransport):
    """Stands before another transport. `asked` are the requests so far, whether or not they went through."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self.asked: list[httpx2.Request] = []
        self.clear()

    def clear(self) -> None:
        """From now on everything goes through."""
        self._fault: Fault | None = None
        self._left = self._past = 0
        self._writes_only = False

    def begin(self, fault: Fault, *, after: int = 0, times: int = 1_000_000, writes_only: bool = False) -> None:
        """Do this to the coming requests, or to the writes among them: when `after` went through, `times` over."""
        self._fault, self._past, self._left, self._writes_only = fault, after, times, writes_only

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        fault = self._taken(request)
        if fault is None:
            return await self._inner.handle_async_request(request)
        return await fault.alter(request, self._inner.handle_async_request)

    def _taken(self, request: httpx2.Request) -> Fault | None:
        if self._fault is None or (self._writes_only and request.method in READS):
            return None
        if self._past > 0:
            self._past -= 1
            return None
        self._left -= 1
        return self._fault if self._left >= 0 else None


class Crumbs(httpx2.AsyncByteStream):
    """A body that comes a few bytes at a time; `end` is raised where it breaks off."""

    def __init__(self, body: bytes, end: Exception | None = None) -> None:
        self._body, self._end = body, end

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._body), CRUMB):
            yield self._body[at : at + CRUMB]
        if self._end is not None:
            raise self._end


def answers(status: int, body: str | bytes = "", **headers: str) -> Alter:
    """This answer, and the simulator is not asked. Underscores in the names of headers stand for dashes."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}

    async def alter(request: httpx2.Request, send: Send) -> httpx2.Response:
        return httpx2.Response(status, content=body, headers=told)

    return alter


async def later_by_date(request: httpx2.Request, send: Send) -> httpx2.Response:
    """429 with a date."""
    now = datetime.now(UTC)
    until = format_datetime(now + timedelta(seconds=SOON), usegmt=True)
    return httpx2.Response(429, headers={"Date": format_datetime(now, usegmt=True), "Retry-After": until})


async def away(request: httpx2.Request, send: Send) -> httpx2.Response:
    """Nothing listens: the simulator is not reached."""
    raise httpx2.ConnectError("All connection attempts failed", request=request)


async def unanswered(request: httpx2.Request, send: Send) -> httpx2.Response:
    """The simulator does what it was asked to; its answer does not come in time."""
    await (await send(request)).aread()
    raise httpx2.ReadTimeout("The read operation timed out", request=request)


async def cut_off(request: httpx2.Request, send: Send) -> httpx2.Response:
    """Half of the body, as if it were all."""
    true, body = await whole(request, send)
    return told_anew(true, body[: len(body) // 2])


async def too_short(request: httpx2.Request, send: Send) -> httpx2.Response:
    """Half of the body, where Content-Length promises all of it."""
    true, body = await whole(request, send)
    end = httpx2.RemoteProtocolError("peer closed connection without sending complete message body", request=request)
    return httpx2.Response(true.status_code, headers=true.headers, stream=Crumbs(body[: len(body) // 2], end))


async def stalled(request: httpx2.Request, send: Send) -> httpx2.Response:
    """Half of the body, and then nothing more."""
    true, body = await whole(request, send)
    end = httpx2.ReadTimeout("The read operation timed out", request=request)
    return httpx2.Response(true.status_code, headers=true.headers, stream=Crumbs(body[: len(body) // 2], end))


async def dripping(request: httpx2.Request, send: Send) -> httpx2.Response:
    """All of the body, a few bytes at a time."""
    true, body = await whole(request, send)
    return httpx2.Response(true.status_code, headers=true.headers, stream=Crumbs(body))


def transcoded(told: str) -> Alter:
    """The body in GB18030 under the name of this charset, where it was text in UTF-8."""

    async def alter(request: httpx2.Request, send: Send) -> httpx2.Response:
        true, body = await whole(request, send)
        try:
            body = body.decode().encode("gb18030")
        except UnicodeDecodeError:
            return told_anew(true, body)
        kind = true.headers.get("content-type", "text/plain").partition(";")[0]
        return told_anew(true, body, **{"content-type": f"{kind}; charset={told}"})

    return alter


async def whole(request: httpx2.Request, send: Send) -> tuple[httpx2.Response, bytes]:
    """The simulator's own answer."""
    true = await send(request)
    return true, await true.aread()


def told_anew(true: httpx2.Response, body: bytes, **headers: str) -> httpx2.Response:
    """The answer with another body."""
    kept = {name: value for name, value in true.headers.items() if name != "content-length"}
    return httpx2.Response(true.status_code, content=body, headers=kept | headers)


OVERLOADED = tuple(Fault(f"{status}", answers(status)) for status in (500, 502, 503, 504))
LATER = (
    Fault("429", answers(429)),
    Fault("429 with Retry-After in seconds", answers(429, Retry_After="7"), retry_after=7),
    Fault("429 with Retry-After as a date", later_by_date, retry_after=SOON),
    Fault("503 with Retry-After of two hours", answers(503, Retry_After="7200"), retry_after=7200),
)
UNREACHED = (Fault("nothing listens", away),)
UNSAID = (
    Fault("a time-out after the other side has done it", unanswered),
    Fault("a body that stalls", stalled),
    Fault("a body shorter than its Content-Length", too_short),
)
HALF = Fault("half of a body", cut_off, (SourceDown, SourceBroken))
KEY_REFUSED = tuple(Fault(f"{status}", answers(status), (SourceRefused,)) for status in (401, 403))
LOGIN = Fault(
    "200 with a login page",
    answers(200, LOGIN_PAGE, content_type="text/html; charset=utf-8"),
    (SourceRefused, SourceBroken),
)
STRANGE = (
    LOGIN,
    Fault("302 to a login page", answers(302, location="/login"), (SourceRefused, SourceBroken)),
    Fault("404", answers(404), (SourceRefused, SourceBroken)),
    Fault("200 with nothing in it", answers(200), ANY),
    Fault("200 with bytes that are no text", answers(200, b"\xff\xfe\x00\xd8" * 9), ANY),
    Fault("200 with null", answers(200, "null", content_type="application/json"), ANY),
    Fault("200 with an error", answers(200, '{"error": "maintenance"}', content_type="application/json"), ANY),
)
READING = (*OVERLOADED, *LATER, *UNREACHED, *UNSAID, HALF, *KEY_REFUSED, *STRANGE)
ONCE = (Fault("one 429", answers(429), ()), Fault("one 503", answers(503, Retry_After="2"), ()), UNREACHED[0])
SLOW = Fault("a slow drip", dripping, ())
CHARSETS = (
    Fault("GB18030", transcoded("gb18030"), ANY),
    Fault("GB18030 that says it is UTF-8", transcoded("utf-8"), ANY),
)
