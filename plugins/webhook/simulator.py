"""A subscriber to develop against: `hub simulate webhook`. It checks signatures, and keeps what it was told by token.

POST / is told of changes; GET /sim/effects is all that it has, GET /sim/log every message in the order of arrival.
GET /sim/messages is what another hub would tell by the same words.
POST /sim/faults {"kind": "503", "times": 2, "retry_after": 5} lets the next answers go wrong:

    "408" ... "503"   that status, and nothing is kept
    "lost"            it is kept, but the answer is a 502: it came too late
    "slow"            it is kept, and answered after `seconds`
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from plugins.webhook import signature

__all__ = ["Fault", "Subscriber", "build"]

SECRET = "demo-secret"
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
TOLERANCE = 300
KINDS = frozenset({"lost", "slow"})


@dataclass
class Fault:
    """A misbehaviour that the next `times` answers show. `of`: only where the message is about this key, id or name."""

    kind: str
    times: int = 1
    retry_after: float | str | None = None
    seconds: float = 1.0
    of: str | None = None


@dataclass
class Subscriber:
    """What it holds: an effect for every token, the messages as they came, and the nonces that it has seen."""

    effects: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    def problem(self, request: HTTPRequest, body: bytes) -> str | None:
        """What is wrong with the signature of a message."""
        algorithm, _, given = request.headers.get("x-hub-signature", "").partition("=")
        stamp, nonce = request.headers.get("x-hub-timestamp", ""), request.headers.get("x-hub-nonce", "")
        if algorithm not in ("sha256", "sm3") or given != signature(SECRET, algorithm, stamp, nonce, body):
            return "signature"
        if abs(int(stamp) - time.time()) > TOLERANCE:
            return "stale"
        if nonce in self.nonces:
            return "replayed"
        self.nonces.add(nonce)
        return None

    def take_fault(self, message: dict[str, Any]) -> Fault | None:
        words = {message["id"], message["key"], *map(str, message["fields"].values())}
        for fault in self.faults:
            if fault.of is None or fault.of in words:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def keep(self, message: dict[str, Any]) -> None:
        """One effect a token, however often it is told."""
        self.effects.setdefault(message["token"], message)


def subscriber(request: HTTPRequest) -> Subscriber:
    found: Subscriber = request.app.state.subscriber
    return found


async def hear(request: HTTPRequest) -> Response:
    """POST /"""
    known, body = subscriber(request), await request.body()
    if problem := known.problem(request, body):
        known.refused[problem] += 1
        return JSONResponse({"error": problem}, 401)
    message = json.loads(body)
    known.log.append(message)
    fault = known.take_fault(message)
    if fault is not None and fault.kind not in KINDS:
        wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return JSONResponse({"error": "模拟故障"}, int(fault.kind), wait)
    told_before = message["token"] in known.effects
    known.keep(message)
    match fault:
        case Fault(kind="lost"):
            return JSONResponse({"error": "模拟超时"}, 502)
        case Fault(kind="slow", seconds=seconds):
            await asyncio.sleep(seconds)
    return JSONResponse({"key": message["key"] or f"S-{message['id']}"}, 409 if told_before else 200)


async def effects(request: HTTPRequest) -> Response:
    """GET /sim/effects"""
    return JSONResponse({"effects": list(subscriber(request).effects.values())})


async def messages(request: HTTPRequest) -> Response:
    """GET /sim/messages"""
    return JSONResponse({"messages": [json.dumps(one, ensure_ascii=False) for one in told()]})


def told() -> Iterator[dict[str, Any]]:
    """What another hub tells: a request that comes in, is handed on and is closed, and an organization that goes."""
    request = {"number": "B-1", "title": "路灯不亮", "submitted_at": BEGIN.isoformat()}
    organization = {"code": "B-2", "name": "滨河社区居委会"}
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("request", "CREATED", {**request, "status": "RECEIVED"}),
        ("organization", "CREATED", organization),
        ("request", "DISPATCH", {**request, "status": "DISPATCHED"}),
        ("request", "CLOSE", {**request, "status": "CLOSED", "result": "已更换灯泡"}),
        ("organization", "DELETED", organization),
    ]
    for at, (kind, action, fields) in enumerate(steps):
        step: dict[str, Any] = {"action": action, "at": None, "party": None, "note": None, "details": {}}
        yield {
            "token": f"b-{at}",
            "kind": kind,
            "key": None,
            "id": f"hub-b-{kind}",
            "action": action,
            "event": step if kind == "request" else None,
            "changed": [],
            "fields": fields,
            "deleted": action == "DELETED",
            "at": (BEGIN + timedelta(hours=at)).isoformat(),
        }


async def log(request: HTTPRequest) -> Response:
    """GET /sim/log"""
    return JSONResponse(subscriber(request).log)


async def faults(request: HTTPRequest) -> Response:
    """POST /sim/faults"""
    try:
        fault = Fault(**json.loads(await request.body()))
    except (TypeError, ValueError):
        return JSONResponse({"error": '应为 {"kind": "503", "times": 1, "retry_after": 5}'}, 400)
    if fault.kind not in KINDS and not (fault.kind.isdigit() and 300 <= int(fault.kind) <= 599):
        return JSONResponse({"error": f"kind 应为 300 至 599 的状态码，或 {'、'.join(sorted(KINDS))} 之一"}, 400)
    subscriber(request).faults.append(fault)
    return JSONResponse({"faults": [[waiting.kind, waiting.times] for waiting in subscriber(request).faults]})


async def home(request: HTTPRequest) -> Response:
    """GET /"""
    known = subscriber(request)
    counts = {"effects": len(known.effects), "messages": len(known.log), "refused": dict(known.refused)}
    return JSONResponse({"secret": SECRET, **counts})


def build(orders: int = 0, seed: int = 1) -> Starlette:
    """The subscriber as an ASGI application. It holds nothing at first, whatever `orders` and `seed` say."""
    app = Starlette(
        routes=[
            Route("/", home),
            Route("/", hear, methods=["POST"]),
            Route("/sim/effects", effects),
            Route("/sim/messages", messages),
            Route("/sim/log", log),
            Route("/sim/faults", faults, methods=["POST"]),
        ]
    )
    app.state.subscriber = Subscriber()
    return app
