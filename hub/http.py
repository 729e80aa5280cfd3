"""What every answer has in common: its number and its line in the log, its headers, and how an error looks."""

import time
from collections.abc import Callable, Mapping

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.errors import (
    Conflict,
    Forbidden,
    HubError,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
)
from hub.models import uuid7

STATUSES: Mapping[type[HubError], int] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Refused: 400,
    Unavailable: 503,
    HubError: 500,
}
CODES = {400: "INVALID", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "TOO_LARGE", 415: "UNSUPPORTED_MEDIA_TYPE"}
WORDS = {
    404: "There is nothing at {path}. The graph is at /graphql.",
    405: "{path} does not take {method}.",
}

HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",  # a page says itself what it needs
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

log = structlog.get_logger("hub.http")


def token(connection: HTTPConnection) -> str | None:
    """The bearer token that came along. Raises Unauthenticated where it is written another way."""
    given = connection.headers.get("authorization")
    if given is None:
        return None
    scheme, _, value = given.partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        raise Unauthenticated("The header Authorization is not understood. Write: Authorization: Bearer lh_...")
    return value.strip()


def refusal(status: int, code: str, message: str, more: Mapping[str, object] | None = None) -> JSONResponse:
    """An error as JSON: the code is stable, the message names the next step."""
    return JSONResponse({"error": {"code": code, "message": message, **(more or {})}}, status)


async def on_hub_error(request: HTTPRequest, error: Exception) -> JSONResponse:
    """What the hub itself refuses, by the class of the error."""
    assert isinstance(error, HubError)
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    if status == 500:
        log.error("fault", id=request.state.id, path=request.url.path, exc_info=error)
    answer = refusal(status, error.code, str(error), error.extensions())
    if status == 401:
        answer.headers["www-authenticate"] = "Bearer"
    if status == 503:
        answer.headers["retry-after"] = "5"
    return answer


async def on_http_error(request: HTTPRequest, error: Exception) -> JSONResponse:
    """What the router refuses: no such address, no such method."""
    assert isinstance(error, HTTPException)
    words = WORDS.get(error.status_code, error.detail).format(path=request.url.path, method=request.method)
    answer = refusal(error.status_code, CODES.get(error.status_code, "REFUSED"), words)
    answer.headers.update(error.headers or {})
    return answer


async def on_fault(request: HTTPRequest, error: Exception) -> JSONResponse:
    """Anything else is a fault of ours: the log says where, the caller gets the number to ask about."""
    log.error("fault", id=request.state.id, path=request.url.path, exc_info=error)
    return refusal(500, "INTERNAL", f"This is a fault of the hub. Please report it with the number {request.state.id}.")


class Door:
    """Around the whole application: a number and the headers for every answer, a line in the log where it is wanted.

    `note` is told the status and the seconds of each."""

    def __init__(self, app: ASGIApp, note: Callable[[int, float], None], *, every: bool = False) -> None:
        self.app = app
        self._note = note
        self._every = every

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        number = scope.setdefault("state", {})["id"] = uuid7().hex

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                sent = message.setdefault("headers", [])
                names = {name for name, _ in sent}
                message["headers"] = [*sent, *(one for one in OURS if one[0] not in names), (NUMBER, number.encode())]
            elif message["type"] == "websocket.accept":
                status = 101
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            took = time.perf_counter() - began
            if scope["type"] == "http":
                self._note(status, took)
            if self._every or status >= 500 or (took > SLOW_SECONDS and scope["type"] == "http"):
                method = scope.get("method", "WEBSOCKET")
                ms = round(took * 1000, 1)
                log.info("request", id=number, method=method, path=scope["path"], status=status, ms=ms)


OURS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
NUMBER = b"x-request-id"
SLOW_SECONDS = 1.0
