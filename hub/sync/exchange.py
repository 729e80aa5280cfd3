"""What a plugin said over HTTP and what came back, for the delivery log: cut short, and without anything secret."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, SecretStr

from hub.sync import archive
from hub.sync.archive import HIDDEN

LONGEST, MARGIN = 16 * 1024, 64  # bytes of a body; a number that is cut in two is masked all the same
LEAST = 4  # characters: what is shorter stands everywhere and is no secret
SECRET = re.compile(r"auth|cookie|key|secret|token|passw|signature|credential", re.IGNORECASE)
OPEN = frozenset({"idempotency-key"})
UNREADABLE = "(a body that is sent bit by bit)"


@dataclass(slots=True)
class Exchange:
    """One request and its answer; None: there was none."""

    request: httpx2.Request
    response: httpx2.Response | None = None


SEEN: ContextVar[list[Exchange]] = ContextVar("SEEN")


def listen(client: httpx2.AsyncClient) -> None:
    """Note all that goes through this client into the list in SEEN of the task that sends."""

    async def sent(request: httpx2.Request) -> None:
        SEEN.get([]).append(Exchange(request))

    async def answered(response: httpx2.Response) -> None:
        await response.aread()
        for exchange in SEEN.get([]):
            if exchange.request is response.request:
                exchange.response = response

    client.event_hooks = {"request": [sent], "response": [answered]}


def secrets(config: BaseModel) -> list[str]:
    """What must not be shown wherever it stands: the secret settings, also as an address writes them, longest first."""
    found = {form for value in _secrets(config) if len(value) >= LEAST for form in (value, quote(value, safe=""))}
    return sorted(found, key=len, reverse=True)


def _secrets(value: object) -> Iterator[str]:
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case BaseModel():
            yield from _secrets([*value.__dict__.values(), *(value.model_extra or {}).values()])
        case Mapping():
            yield from _secrets(list(value.values()))
        case list() | tuple() | set() | frozenset():
            for one in value:
                yield from _secrets(one)


def shown(seen: list[Exchange], hidden: Iterable[str]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Request and answer of the last exchange as the log keeps them; those before it in a line each."""
    if not seen:
        return None, None
    *before, last = seen
    request = {
        "method": last.request.method,
        "url": _url(last.request.url, hidden),
        "headers": _headers(last.request.headers, hidden),
        "body": _body(last.request, hidden),
    }
    if before:
        request["before"] = [_line(exchange, hidden) for exchange in before]
    if (answer := last.response) is None:
        return request, None
    told = {"status": answer.status_code, "headers": _headers(answer.headers, hidden), "body": _body(answer, hidden)}
    return request, told


def _line(exchange: Exchange, hidden: Iterable[str]) -> str:
    answer = exchange.response.status_code if exchange.response else "no answer"
    return f"{exchange.request.method} {_url(exchange.request.url, hidden)}: {answer}"


def _url(url: httpx2.URL, hidden: Iterable[str]) -> str:
    named = [(name, HIDDEN if SECRET.search(name) else value) for name, value in url.params.multi_items()]
    plain = url.copy_with(userinfo=b"", query=None)
    written = str(plain.copy_with(params=named) if named else plain)
    return masked(written.replace(quote(HIDDEN, safe=""), HIDDEN), hidden)


def _headers(headers: httpx2.Headers, hidden: Iterable[str]) -> dict[str, str]:
    return {
        name: HIDDEN if SECRET.search(name) and name not in OPEN else masked(value, hidden)
        for name, value in headers.items()
    }


def _body(message: httpx2.Request | httpx2.Response, hidden: Iterable[str]) -> str:
    try:
        content = message.content[: LONGEST + MARGIN]
    except (httpx2.RequestNotRead, httpx2.ResponseNotRead):
        return UNREADABLE
    return masked(content.decode(errors="replace"), hidden)[:LONGEST]


def masked(text: str, hidden: Iterable[str]) -> str:
    """The words without what is secret, personal numbers masked."""
    for secret in hidden:
        text = text.replace(secret, HIDDEN)
    return archive.told(text)
