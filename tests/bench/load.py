"""A light HTTP client: the bytes of a request are made beforehand, and of an answer only what must be is looked at."""

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

CONNECTIONS = 32
SECONDS_FOR_ONE = 120
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class BadAnswer(Exception):
    """A server answered with something else than 200 and data."""


@dataclass
class Answered:
    """What a load came to."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)


def post(port: int, body: bytes, headers: Sequence[str] = ()) -> bytes:
    """The bytes of a request."""
    lines = ["POST /graphql HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Type: application/json"]
    lines += ["Accept: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Connection(asyncio.Protocol):
    """One connection that sends the next request when the last is answered, until there is none."""

    def __init__(self, following: Callable[[], bytes | None], answered: Callable[[bytes, float], None]) -> None:
        self._following, self._answered = following, answered
        self._buffer, self._parts, self._missing, self._sent = b"", list[bytes](), 0, 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(BadAnswer(f"The server hung up ({error})."))

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._parts.append(data)
            self._missing -= len(data)
        else:
            head, found, rest = (self._buffer + data).partition(b"\r\n\r\n")
            if not found:
                self._buffer = head
                return
            length = LENGTH.search(head)
            if length is None or not head.startswith(b"HTTP/1.1 200"):
                self._fail(head + b"\n" + rest)
                return
            self._buffer, self._parts, self._missing = b"", [rest], int(length[1]) - len(rest)
        if self._missing == 0:
            self._finish(b"".join(self._parts))

    def _finish(self, body: bytes) -> None:
        if b'"errors":' in body:
            self._fail(body)
            return
        self._answered(body, time.perf_counter() - self._sent)
        self._send()

    def _send(self) -> None:
        request = self._following()
        if request is None:
            self.done.set_result(None)
            self._transport.close()
        else:
            self._sent = time.perf_counter()
            self._transport.write(request)

    def _fail(self, said: bytes) -> None:
        if not self.done.done():
            self.done.set_exception(BadAnswer(said[:2000].decode(errors="replace")))
        self._transport.close()


async def _connections(port: int, count: int, make: Callable[[], Connection]) -> None:
    loop = asyncio.get_running_loop()
    made = [(await loop.create_connection(make, "127.0.0.1", port))[1] for _ in range(count)]
    await asyncio.gather(*(connection.done for connection in made))


async def load(port: int, requests: Iterator[bytes], seconds: float, connections: int = CONNECTIONS) -> Answered:
    """Send for so many seconds; what is on its way then is waited for and counted."""
    answered = Answered()
    began = time.perf_counter()
    until = began + seconds

    def following() -> bytes | None:
        return next(requests) if time.perf_counter() < until else None

    def took(_body: bytes, latency: float) -> None:
        answered.latencies.append(latency)

    await _connections(port, connections, lambda: Connection(following, took))
    answered.seconds = time.perf_counter() - began
    return answered


async def ask(port: int, requests: Iterable[bytes]) -> list[bytes]:
    """The answers to these, one after the other."""
    waiting, bodies = iter(requests), list[bytes]()
    async with asyncio.timeout(SECONDS_FOR_ONE):
        following = lambda: next(waiting, None)  # noqa: E731
        await _connections(port, 1, lambda: Connection(following, lambda body, _: bodies.append(body)))
    return bodies
