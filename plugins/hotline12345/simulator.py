"""A 12345 hotline to develop against: `hub simulate hotline12345`. The same seed gives the same bytes.

It serves what real ones do: several dialects in one list, duplicates, versions out of date, rows that come late, rows
without a number, thousands of orders in one second. `/` describes it, `/sim/stats` is its own truth.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from string import Template
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request as HTTPRequest
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from plugins.hotline12345.simulated_orders import BEGIN, Order, before, moved, next_status, order
from plugins.hotline12345.simulated_rows import tell

__all__ = ["Hotline", "build"]

KEY = "demo-key"
STEP = timedelta(minutes=5)
LATENESS = timedelta(minutes=8)
BAD_BEGINS = 10**9
SPELLINGS = ("{}", "12345{}", "SH{}", "12345-{}", " {} ")
FAULTS = ("401", "410", "429", "500", "503", "truncated", "html", "gb18030", "gb18030-mislabelled")
LOGIN_PAGE = "<!DOCTYPE html><html><title>统一身份认证</title><form action='/login'>请登录</form></html>"

Position = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the list: an order in one version and one spelling of its number, or (`bad`) a row that is none."""

    order: Order
    spelling: str = "{}"
    bad: str = ""

    def told(self) -> dict[str, Any]:
        number = self.spelling.format(self.order.number)
        if self.bad == "no number":
            return tell(self.order, "" if self.order.index % 2 else None)
        if self.bad == "rounded number":
            return tell(self.order, f"{float(self.order.number):.5E}")
        told = tell(self.order, number)
        return told | {"工单状态": "已转交火星"} if self.bad == "unknown word" else told


@dataclass
class Fault:
    """A misbehaviour that the next `times` answers show."""

    kind: str
    times: int = 1
    retry_after: float | str | None = None


@dataclass
class Hotline:
    """What the hotline holds: the orders, the list in the order of (updated, row), and its clock."""

    seed: int
    orders: dict[int, Order] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    feed: list[Position] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    clock: datetime = BEGIN
    steps: int = 0

    def put(self, name: str, row: Row) -> None:
        """Show this row under this name, instead of what stood there."""
        old = self.rows.get(name)
        if old is not None:
            del self.feed[bisect_left(self.feed, (stamp(old.order.updated), name))]
        self.rows[name] = row
        insort(self.feed, (stamp(row.order.updated), name))

    def add(self, new: Order) -> None:
        """Take an order in, with the duplicates that come with some."""
        self.orders[new.index] = new
        name = f"{new.index:010d}"
        self.put(name, Row(new, SPELLINGS[new.index % 7] if new.index % 7 < len(SPELLINGS) else "{}"))
        if new.index % 25 == 3:
            self.put(f"{name}-again", Row(new, SPELLINGS[new.index % 3]))
        if new.index % 25 == 7 and new.updated < BEGIN:
            self.put(f"{name}-earlier", Row(before(new), "SH{}"))

    def add_bad(self, count: int) -> None:
        """Rows that are no orders: one in a hundred without a number, some with other faults."""
        bad = ["no number"] * max(1, count // 100) + ["rounded number"] * max(1, count // 200)
        for at, fault in enumerate(bad + ["unknown word"] * max(1, count // 250)):
            index = BAD_BEGINS + at * 1000
            while (found := order(self.seed, index)).dialect != "fangshan" and fault == "unknown word":
                index += 1
            self.put(f"{index:010d}", Row(found, bad=fault))

    def advance(self) -> None:
        """Five minutes later: some orders moved on, two are new, and one of these comes late."""
        self.steps += 1
        self.clock += STEP
        chance = Random(f"{self.seed}:step {self.steps}")
        open_ = [index for index, known in self.orders.items() if next_status(known)]
        for index in chance.sample(open_, min(len(open_), max(1, len(self.orders) // 100))):
            known = self.orders[index]
            self.add(moved(known, next_status(known), self.clock - timedelta(seconds=chance.randrange(240))))
        first = len(self.orders)
        for index, updated in ((first, self.clock), (first + 1, self.clock - LATENESS)):
            new = order(self.seed, index)
            self.add(moved(new, new.status, updated))

    def late(self, count: int) -> list[Order]:
        """New orders that turn up minutes after their last update."""
        return [self.arrive(self.clock - LATENESS - timedelta(seconds=at)) for at in range(count)]

    def ties(self, count: int) -> list[Order]:
        """New orders in one and the same second."""
        self.clock += STEP
        return [self.arrive(self.clock) for _ in range(count)]

    def duplicates(self, count: int) -> list[Order]:
        """Orders that move on and stand in the list twice more: as they are, and as they were."""
        self.clock += STEP
        moving = [known for known in self.orders.values() if next_status(known)][:count]
        for known in (moved(known, next_status(known), self.clock) for known in moving):
            self.add(known)
            self.put(f"{known.index:010d}-again", Row(known, "12345-{}"))
            self.put(f"{known.index:010d}-earlier", Row(before(known), "SH{}"))
        return moving

    def days(self, count: int) -> list[Order]:
        """So many days later, when one more comes in."""
        self.clock += timedelta(days=count)
        return [self.arrive(self.clock)]

    def arrive(self, updated: datetime) -> Order:
        new = order(self.seed, len(self.orders))
        self.add(moved(new, new.status, updated))
        return new

    def take_fault(self) -> Fault | None:
        if not self.faults:
            return None
        fault = self.faults[0]
        fault.times -= 1
        if fault.times <= 0:
            self.faults.pop(0)
        return fault

    def stats(self) -> dict[str, Any]:
        """The truth: what a hub must hold once it has read everything. "none": the rows do not say."""
        bad = Counter(row.bad for row in self.rows.values() if row.bad)
        known = self.orders.values()
        return {
            "orders": len(known),
            "rows": len(self.feed),
            "duplicates": len(self.feed) - len(known) - bad.total(),
            "bad_rows": bad.total(),
            "bad": dict(sorted(bad.items())),
            "by_status": counted(told.status or "none" for told in known),
            "by_kind": counted(told.kind or "none" for told in known),
            "by_street": counted(street(told) for told in known),
            "by_dialect": counted(told.dialect for told in known),
            "clock": stamp(self.clock),
        }


def counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def street(order: Order) -> str:
    """The code of the street that the order's row names, or "none"."""
    return "none" if order.placed == "nonsense" or order.dialect == "shunde" else order.street.code


def stamp(time: datetime) -> str:
    return time.isoformat(timespec="seconds")


def envelope(rows: list[Any], info: dict[str, Any]) -> Response:
    return JSONResponse({"success": True, "code": 10000, "message": "成功", "pageInfo": info, "resultData": rows})


def refusal(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    told = {"success": False, "code": status * 100, "message": message, "pageInfo": None, "resultData": None}
    return JSONResponse(told, status, headers)


def hotline(request: HTTPRequest) -> Hotline:
    found: Hotline = request.app.state.hotline
    return found


def guarded(answer: Callable[[HTTPRequest], Response]) -> Callable[[HTTPRequest], Awaitable[Response]]:
    """The answer, behind the key and behind the faults that were asked for."""

    async def guard(request: HTTPRequest) -> Response:
        if request.headers.get("x-api-key") != KEY:
            return refusal(401, "密钥无效")
        fault = hotline(request).take_fault()
        return answer(request) if fault is None else faulty(fault, answer(request))

    return guard


def faulty(fault: Fault, answer: Response) -> Response:
    """What goes out instead of this answer."""
    body = bytes(answer.body)
    if fault.kind.isdigit():
        wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return refusal(int(fault.kind), "模拟故障", wait)
    if fault.kind == "html":
        return HTMLResponse(LOGIN_PAGE)
    if fault.kind == "truncated":
        return Response(body[: len(body) // 2], media_type="application/json")
    charset = "gb18030" if fault.kind == "gb18030" else "utf-8"
    return Response(body.decode().encode("gb18030"), headers={"content-type": f"application/json; charset={charset}"})


def work_orders(request: HTTPRequest) -> Response:
    """GET /api/workorders?since=&cursor=&limit="""
    source, asked = hotline(request), request.query_params
    try:
        limit = int(asked.get("limit", "200"))
        since = stamp(datetime.fromisoformat(asked["since"]).astimezone(BEGIN.tzinfo)) if asked.get("since") else ""
    except ValueError:
        return refusal(400, "参数 limit 或 since 格式错误")
    if not 1 <= limit <= 1000:
        return refusal(400, "参数 limit 应在 1 至 1000 之间")
    begin = bisect_left(source.feed, (since, ""))
    start = begin
    if asked.get("cursor"):
        after = unwrapped(asked["cursor"])
        if after is None:
            return refusal(410, "游标已失效，请从 since 重新开始")
        start = max(begin, bisect_right(source.feed, after))
    page = source.feed[start : start + limit]
    return envelope(
        [source.rows[name].told() for _, name in page],
        {
            "nextCursor": wrapped(page[-1]) if page else None,
            "hasMore": start + limit < len(source.feed),
            "total": len(source.feed) - begin,
            "lastUpdateTime": page[-1][0] if page else None,
            "serverTime": stamp(source.clock),
        },
    )


def wrapped(position: Position) -> str:
    return urlsafe_b64encode("|".join(position).encode()).decode()


def unwrapped(cursor: str) -> Position | None:
    try:
        updated, name = urlsafe_b64decode(cursor.encode()).decode().split("|")
    except ValueError:
        return None
    return updated, name


def work_order(request: HTTPRequest) -> Response:
    """GET /api/workorders/{number}"""
    number = request.path_params["number"]
    known = hotline(request).orders.get(int(number[6:])) if number.isdecimal() and len(number) == 18 else None
    if known is None or known.number != number:
        return refusal(404, f"没有编号为 {number} 的工单")
    return envelope([tell(known, known.number)], {"total": 1})


async def advance(request: HTTPRequest) -> Response:
    """POST /sim/advance?steps=, or {"late" | "ties" | "duplicates" | "days": how many}"""
    source = hotline(request)
    happens = {"late": source.late, "ties": source.ties, "duplicates": source.duplicates, "days": source.days}
    if body := await request.body():
        asked = json.loads(body)
        if not asked.keys() <= happens.keys():
            return refusal(400, f"应为 {'、'.join(happens)} 之一")
        touched = [known.number for name, count in asked.items() for known in happens[name](count)]
        return JSONResponse({"keys": {"request": touched}})
    steps = request.query_params.get("steps", "1")
    if not steps.isdecimal() or int(steps) > 1000:
        return refusal(400, "参数 steps 应为 0 至 1000 的整数")
    for _ in range(int(steps)):
        hotline(request).advance()
    return JSONResponse(hotline(request).stats())


async def stats(request: HTTPRequest) -> Response:
    """GET /sim/stats"""
    return JSONResponse(hotline(request).stats())


async def truth(request: HTTPRequest) -> Response:
    """GET /sim/truth: every order that can be told, and where it stands"""
    known = hotline(request).orders.values()
    return JSONResponse({"request": {order.number: {"status": order.status, "kind": order.kind} for order in known}})


async def faults(request: HTTPRequest) -> Response:
    """POST /sim/faults"""
    try:
        fault = Fault(**json.loads(await request.body()))
    except (TypeError, ValueError):
        return refusal(400, '应为 {"kind": "429", "times": 1, "retry_after": 1}')
    if fault.kind not in FAULTS:
        return refusal(400, f"kind 应为 {'、'.join(FAULTS)} 之一")
    hotline(request).faults.append(fault)
    return JSONResponse({"faults": [[waiting.kind, waiting.times] for waiting in hotline(request).faults]})


async def home(request: HTTPRequest) -> Response:
    """GET /"""
    source = hotline(request)
    page = Template(Path(__file__).with_name("simulator.html").read_text(encoding="utf-8"))
    kinds = "、".join(FAULTS)
    return HTMLResponse(
        page.substitute(seed=source.seed, orders=len(source.orders), clock=stamp(source.clock), faults=kinds)
    )


def build(orders: int = 500, seed: int = 1) -> Starlette:
    """The hotline as an ASGI application."""
    source = Hotline(seed)
    for index in range(orders):
        source.add(order(seed, index))
    source.add_bad(orders)
    app = Starlette(
        routes=[
            Route("/", home),
            Route("/api/workorders", guarded(work_orders)),
            Route("/api/workorders/{number}", guarded(work_order)),
            Route("/sim/advance", advance, methods=["POST"]),
            Route("/sim/stats", stats),
            Route("/sim/truth", truth),
            Route("/sim/faults", faults, methods=["POST"]),
        ]
    )
    app.state.hotline = source
    return app
