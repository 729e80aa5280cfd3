"""A registry of volunteers to develop against: `hub simulate volunteers`. The same seed gives the same bytes.

It serves what real ones do: ID numbers in odd spellings and in wrong places, people without a number or without
consent, rows that come late or twice, thousands in one second. `/` describes it, `/sim/truth` and `/sim/stats` are
its own truth.
"""

import csv
import io
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from string import Template
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request as HTTPRequest
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from hub.plugin import Record
from plugins.volunteers.dialect import COLUMNS, STREAMS
from plugins.volunteers.simulated import BEGIN, stamp
from plugins.volunteers.simulated_given import hold
from plugins.volunteers.simulated_registry import Feed, Registry, Unacceptable
from plugins.volunteers.simulated_truth import keys
from plugins.volunteers.simulated_truth import truth as told

__all__ = ["build", "exported"]

KEY = "demo-key"
FAULTS = ("401", "410", "429", "500", "503", "truncated", "html", "gb18030", "lost")
LOGIN_PAGE = "<!DOCTYPE html><html><title>统一身份认证</title><form action='/login'>请登录</form></html>"


@dataclass
class Fault:
    """A misbehaviour that the next `times` answers show. "lost": it is done, and the answer never comes."""

    kind: str
    times: int = 1
    retry_after: float | str | None = None


@dataclass
class Simulation:
    """The registry and the faults that were asked for."""

    registry: Registry
    faults: list[Fault] = field(default_factory=list)

    def take_fault(self) -> Fault | None:
        if not self.faults:
            return None
        fault = self.faults[0]
        fault.times -= 1
        if fault.times <= 0:
            self.faults.pop(0)
        return fault


def simulation(request: HTTPRequest) -> Simulation:
    found: Simulation = request.app.state.simulation
    return found


def envelope(data: Any, status: int = 200) -> Response:
    return JSONResponse({"code": 0, "message": "成功", "data": data}, status)


def refusal(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"code": status, "message": message, "data": None}, status, headers)


Answer = Callable[[HTTPRequest], Awaitable[Response]]


def guarded(answer: Answer) -> Answer:
    """The answer, behind the key and behind the faults that were asked for."""

    async def guard(request: HTTPRequest) -> Response:
        if request.headers.get("x-api-key") != KEY:
            return refusal(401, "密钥无效")
        fault = simulation(request).take_fault()
        if fault is not None and fault.kind.isdigit():
            wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return refusal(int(fault.kind), "模拟故障", wait)
        found = await answer(request)
        return found if fault is None else faulty(fault, found)

    return guard


def faulty(fault: Fault, answer: Response) -> Response:
    """What goes out instead of this answer."""
    body = bytes(answer.body)
    if fault.kind == "lost":
        return refusal(504, "网关超时")
    if fault.kind == "html":
        return HTMLResponse(LOGIN_PAGE)
    if fault.kind == "truncated":
        return Response(body[: len(body) // 2], media_type="application/json")
    return Response(body.decode().encode("gb18030"), headers={"content-type": "application/json; charset=utf-8"})


async def table(request: HTTPRequest) -> Response:
    """GET /api/v1/{table}?updated_since=&updated_until=&cursor=&page_size= or ?reference="""
    registry, asked = simulation(request).registry, request.query_params
    feed = registry.tables.get(request.path_params["table"])
    if feed is None:
        return refusal(404, f"没有该表，只有 {'、'.join(STREAMS)}")
    if "reference" in asked:
        found = [row for row in feed.rows.values() if row.get("reference") == asked["reference"]]
        return envelope({"rows": found, "next": None, "server_time": stamp(registry.clock)})
    try:
        size = int(asked.get("page_size", "500"))
        since, until = (moment(asked.get(name)) for name in ("updated_since", "updated_until"))
    except ValueError:
        return refusal(400, "参数 page_size、updated_since 或 updated_until 格式错误")
    if not 1 <= size <= 1000:
        return refusal(400, "参数 page_size 应在 1 至 1000 之间")
    after = unwrapped(asked["cursor"]) if asked.get("cursor") else ("", "")
    if after is None:
        return refusal(410, "游标已失效，请从 updated_since 重新开始")
    return envelope(page(registry, feed, size, since, until, after))


def page(registry: Registry, feed: Feed, size: int, since: str, until: str, after: tuple[str, str]) -> dict[str, Any]:
    begin = bisect_left(feed.order, (since, ""))
    end = bisect_right(feed.order, (until, "\uffff")) if until else len(feed.order)
    start = max(begin, bisect_right(feed.order, after))
    shown = feed.order[start : min(start + size, end)]
    return {
        "rows": [feed.rows[name] for _, name in shown],
        "next": wrapped(shown[-1]) if shown and start + size < end else None,
        "total": max(0, end - begin),
        "last_update": shown[-1][0] if shown else None,
        "server_time": stamp(registry.clock),
    }


def moment(written: str | None) -> str:
    return stamp(datetime.fromisoformat(written).astimezone(BEGIN.tzinfo)) if written else ""


def wrapped(position: tuple[str, str]) -> str:
    return urlsafe_b64encode("|".join(position).encode()).decode()


def unwrapped(cursor: str) -> tuple[str, str] | None:
    try:
        updated, name = urlsafe_b64decode(cursor.encode()).decode().split("|")
    except ValueError:
        return None
    return updated, name


async def take_hours(request: HTTPRequest) -> Response:
    """POST /api/v1/hours and PUT /api/v1/hours/{number}"""
    number, key = request.path_params.get("number"), request.headers.get("idempotency-key", "")
    try:
        body = json.loads(await request.body())
        if not key or not isinstance(body, dict) or "reference" not in body:
            return refusal(400, "缺少 Idempotency-Key 或 reference")
        found = simulation(request).registry.take(body, key, number)
    except ValueError:
        return refusal(400, "请求体不是 JSON")
    except Unacceptable as no:
        return refusal(no.status, str(no))
    return envelope({"record_no": found}, 200 if number else 201)


async def export(request: HTTPRequest) -> Response:
    """GET /sim/export/{table}.csv"""
    stream = request.path_params["table"]
    if stream not in STREAMS:
        return refusal(404, f"没有该表，只有 {'、'.join(STREAMS)}")
    written = exported(simulation(request).registry, stream)
    return Response(written.encode("gb18030"), media_type="text/csv; charset=gb18030")


def exported(registry: Registry, stream: str) -> str:
    """A table as a file."""
    feed = registry.tables[stream]
    columns = [column for column in COLUMNS if column.stream == stream]
    written = io.StringIO(newline="")
    table = csv.writer(written)
    table.writerow(column.headers[1] for column in columns)
    for _, name in feed.order:
        row = feed.rows[name]
        table.writerow("" if row.get(column.headers[0]) is None else row[column.headers[0]] for column in columns)
    return written.getvalue()


async def advance(request: HTTPRequest) -> Response:
    """POST /sim/advance?steps=, or {"late" | "ties" | "duplicates" | "days": how many}"""
    registry = simulation(request).registry
    if body := await request.body():
        return happened(registry, json.loads(body))
    steps = request.query_params.get("steps", "1")
    if not steps.isdecimal() or int(steps) > 1000:
        return refusal(400, "参数 steps 应为 0 至 1000 的整数")
    for _ in range(int(steps)):
        registry.advance()
    return JSONResponse(registry.stats())


def happened(registry: Registry, asked: dict[str, int]) -> Response:
    """What came of it, by the names that a hub has for it."""
    comes = {"late": registry.late, "ties": registry.ties, "days": registry.days}
    if len(asked) != 1 or not asked.keys() <= {*comes, "duplicates"}:
        return refusal(400, f"应为 {'、'.join([*comes, 'duplicates'])} 之一")
    ((what, count),) = asked.items()
    if what == "duplicates":
        return JSONResponse({"keys": {"service_record": registry.duplicates(count)}})
    return JSONResponse({"keys": keys(comes[what](count))})


async def stats(request: HTTPRequest) -> Response:
    """GET /sim/stats"""
    return JSONResponse(simulation(request).registry.stats())


async def truth(request: HTTPRequest) -> Response:
    """GET /sim/truth"""
    return JSONResponse(told(simulation(request).registry))


async def effects(request: HTTPRequest) -> Response:
    """GET /sim/effects"""
    return JSONResponse({"effects": simulation(request).registry.effects})


async def faults(request: HTTPRequest) -> Response:
    """POST /sim/faults"""
    try:
        fault = Fault(**json.loads(await request.body()))
    except (TypeError, ValueError):
        return refusal(400, '应为 {"kind": "429", "times": 1, "retry_after": 1}')
    if fault.kind not in FAULTS:
        return refusal(400, f"kind 应为 {'、'.join(FAULTS)} 之一")
    simulation(request).faults.append(fault)
    return JSONResponse({"faults": [[waiting.kind, waiting.times] for waiting in simulation(request).faults]})


async def home(request: HTTPRequest) -> Response:
    """GET /"""
    registry = simulation(request).registry
    shown = Template(Path(__file__).with_name("simulator.html").read_text(encoding="utf-8"))
    said = {"seed": registry.seed, "people": len(registry.people), "clock": stamp(registry.clock)}
    return HTMLResponse(shown.substitute(said, faults="、".join(FAULTS)))


def build(orders: int = 500, seed: int = 1, rows: Sequence[Record] | None = None) -> Starlette:
    """The registry as an ASGI application; `orders` is how many volunteers it knows.

    With `rows` it holds exactly these: records of organizations, persons, posts, activities, shifts, service records.
    """
    registry = Registry(seed)
    if rows is None:
        registry.fill(orders)
    else:
        hold(registry, rows)
    app = Starlette(
        routes=[
            Route("/", home),
            Route("/api/v1/hours", guarded(take_hours), methods=["POST"]),
            Route("/api/v1/hours/{number}", guarded(take_hours), methods=["PUT"]),
            Route("/api/v1/{table}", guarded(table), methods=["GET"]),
            Route("/sim/export/{table}.csv", export),
            Route("/sim/advance", advance, methods=["POST"]),
            Route("/sim/stats", stats),
            Route("/sim/truth", truth),
            Route("/sim/effects", effects),
            Route("/sim/faults", faults, methods=["POST"]),
        ]
    )
    app.state.simulation = Simulation(registry)
    return app
