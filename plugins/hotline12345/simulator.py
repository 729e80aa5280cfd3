"""A hotline to develop against: `hub simulate hotline12345`, or hotline12319. The same seed gives the same bytes.

It serves what real ones do: several dialects in one list, duplicates, versions out of date, rows that come late, rows
without a number, thousands of orders in one second. It takes what it is told about its orders, once for each token,
and sends signed messages. `/` describes it, `/sim/stats`, `/sim/orders` and `/sim/truth` are its own truth.
"""

import asyncio
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Sequence
from copy import deepcopy
from dataclasses import asdict
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request as HTTPRequest
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from hub.plugin import Record
from plugins.hotline12345.simulated_given import hold
from plugins.hotline12345.simulated_hotline import Fault, Hotline, Position, stamp
from plugins.hotline12345.simulated_messages import message, signature
from plugins.hotline12345.simulated_orders import BEGIN, order
from plugins.hotline12345.simulated_rows import tell
from plugins.hotline12345.simulated_submissions import SUBMISSIONS, Effect, Refused, judged

__all__ = ["build", "build_12319"]

KEY = "demo-key"
FAULTS = (
    *("401", "409", "410", "422", "429", "500", "503", "timeout"),
    *("truncated", "html", "gb18030", "gb18030-mislabelled"),
)
MESSAGES = 60
SCHEMES = ("sha256", "sm3")
LOGIN_PAGE = "<!DOCTYPE html><html><title>统一身份认证</title><form action='/login'>请登录</form></html>"
Answer = Callable[[HTTPRequest], Awaitable[Response]]


def envelope(rows: list[Any], info: dict[str, Any]) -> Response:
    return JSONResponse({"success": True, "code": 10000, "message": "成功", "pageInfo": info, "resultData": rows})


def refusal(status: int, message: str, headers: dict[str, str] | None = None, code: int = 0) -> Response:
    told = {"success": False, "code": code or status * 100, "message": message, "pageInfo": None, "resultData": None}
    return JSONResponse(told, status, headers)


def hotline(request: HTTPRequest) -> Hotline:
    found: Hotline = request.app.state.hotline
    return found


def guarded(answer: Answer) -> Answer:
    """The answer, behind the key and behind the faults that were asked for. A refusal does nothing; an answer that is
    cut off or does not come is to something that was done."""

    async def guard(request: HTTPRequest) -> Response:
        if request.headers.get("x-api-key") != KEY:
            return refusal(401, "密钥无效")
        fault = hotline(request).take_fault()
        if fault is None:
            return await answer(request)
        if fault.kind.isdigit():
            wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return refusal(int(fault.kind), "模拟故障", wait)
        if fault.kind == "html":
            return HTMLResponse(LOGIN_PAGE)
        done = await answer(request)
        if fault.kind == "timeout":
            await asyncio.sleep(float(fault.retry_after or 60))
        return faulty(fault, done)

    return guard


def faulty(fault: Fault, answer: Response) -> Response:
    """What goes out instead of this answer."""
    body = bytes(answer.body)
    if fault.kind == "timeout":
        return answer
    if fault.kind == "truncated":
        return Response(body[: len(body) // 2], media_type="application/json")
    charset = "gb18030" if fault.kind == "gb18030" else "utf-8"
    return Response(body.decode().encode("gb18030"), headers={"content-type": f"application/json; charset={charset}"})


async def work_orders(request: HTTPRequest) -> Response:
    """GET /api/workorders?since=&until=&cursor=&limit="""
    source, asked = hotline(request), request.query_params
    try:
        limit = int(asked.get("limit", "200"))
        since, until = (
            stamp(datetime.fromisoformat(asked[name]).astimezone(BEGIN.tzinfo)) if asked.get(name) else other
            for name, other in (("since", ""), ("until", "9"))
        )
    except ValueError:
        return refusal(400, "参数 limit、since 或 until 格式错误")
    if not 1 <= limit <= 1000:
        return refusal(400, "参数 limit 应在 1 至 1000 之间")
    begin, end = bisect_left(source.feed, (since, "")), bisect_right(source.feed, (until, "~"))
    start = begin
    if asked.get("cursor"):
        after = unwrapped(asked["cursor"])
        if after is None:
            return refusal(410, "游标已失效，请从 since 重新开始")
        start = max(begin, bisect_right(source.feed, after))
    page = source.feed[start : min(start + limit, end)]
    return envelope(
        [source.rows[name].told() for _, name in page],
        {
            "nextCursor": wrapped(page[-1]) if page else None,
            "hasMore": start + limit < end,
            "total": max(0, end - begin),
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


async def work_order(request: HTTPRequest) -> Response:
    """GET /api/workorders/{number}"""
    number = request.path_params["number"]
    if (known := hotline(request).known(number)) is None:
        return refusal(404, f"没有编号为 {number} 的工单")
    return envelope([tell(known, known.number)], {"total": 1})


async def submissions(request: HTTPRequest) -> Response:
    """GET /api/workorders/{number}/submissions?token="""
    number, token = request.path_params["number"], request.query_params.get("token")
    if hotline(request).known(number) is None:
        return refusal(404, f"没有编号为 {number} 的工单")
    kept = [one for one in hotline(request).effects.values() if one.number == number and token in (None, one.token)]
    return envelope([asdict(one) for one in kept], {"total": len(kept)})


async def submit(request: HTTPRequest) -> Response:
    """POST /api/workorders/{number}/acceptances, results, returns, extensions, evaluations or merges"""
    source, number, what = hotline(request), request.path_params["number"], request.path_params["what"]
    known, token = source.known(number), request.headers.get("idempotency-key", "")
    if known is None or what not in SUBMISSIONS:
        return refusal(404, f"没有编号为 {number} 的工单，或没有 {what} 接口")
    if token in source.effects:
        return refusal(409, "该提交已受理，请勿重复提交")
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not token or not isinstance(body, dict):
        return refusal(400, "应为 JSON 对象，并带 Idempotency-Key")
    try:
        told, waiting = judged(known, what, body)
    except Refused as refused:
        return refusal(422, str(refused), code=refused.code)
    source.take(Effect(token, number, what, stamp(source.clock), body), told, waiting)
    return envelope([tell(source.orders[known.index], number)], {"total": 1})


async def advance(request: HTTPRequest) -> Response:
    """POST /sim/advance?steps=, or {"late" | "ties" | "duplicates" | "days": how many}"""
    source = hotline(request)
    happens = {"late": source.late, "ties": source.ties, "duplicates": source.duplicates, "days": source.days}
    if body := await request.body():
        asked = json.loads(body)
        if not asked.keys() <= happens.keys():
            return refusal(400, f"应为 {'、'.join(happens)} 之一")
        touched = [source.key(known) for name, count in asked.items() for known in happens[name](count)]
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
    """GET /sim/truth"""
    return JSONResponse(hotline(request).truth())


async def every_order(request: HTTPRequest) -> Response:
    """GET /sim/orders"""
    return JSONResponse(hotline(request).standing())


async def effects(request: HTTPRequest) -> Response:
    """GET /sim/effects"""
    return JSONResponse({"effects": [asdict(one) for one in hotline(request).effects.values()]})


async def messages(request: HTTPRequest) -> Response:
    """GET /sim/messages: what it would send, one minute after the other. Nothing of it happens."""
    source = deepcopy(hotline(request))
    return JSONResponse({"messages": [message(source).decode() for _ in range(MESSAGES)]})


async def push(request: HTTPRequest) -> Response:
    """POST /sim/push?url=&key=&count=1&scheme=sha256&repeat=1&reverse=0: messages to a hub on this machine.

    `repeat`: each is sent so often, nonce and all; `reverse`: the newest first.
    """
    asked = request.query_params
    url, key, scheme = asked.get("url", ""), asked.get("key", ""), asked.get("scheme", "sha256")
    numbers = [asked.get(name, "1") for name in ("count", "repeat")]
    if not (
        loopback(url) and key and scheme in SCHEMES and all(one.isdecimal() and int(one) < 1001 for one in numbers)
    ):
        return refusal(
            400, f"url 应在本机，key 不能为空，scheme 应为 {'、'.join(SCHEMES)}，count、repeat 应为 1 至 1000"
        )
    bodies = [message(hotline(request)) for _ in range(int(numbers[0]))]
    answers = []
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        for body in reversed(bodies) if asked.get("reverse") == "1" else bodies:
            timestamp, nonce = str(int(time.time())), uuid4().hex
            headers = {"X-Hub-Timestamp": timestamp, "X-Hub-Nonce": nonce, "Content-Type": "application/json"}
            headers["X-Hub-Signature"] = signature(key, scheme, timestamp, nonce, body)
            for _ in range(int(numbers[1])):
                try:
                    answers.append((await client.post(url, content=body, headers=headers)).status_code)
                except httpx2.RequestError as error:
                    return refusal(502, f"{url} 没有应答：{str(error) or type(error).__name__}")
    return JSONResponse({"answers": answers})


def loopback(url: str) -> bool:
    """Whether the address is on this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


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
    told = {"code": source.code, "seed": source.seed, "orders": len(source.orders), "clock": stamp(source.clock)}
    return HTMLResponse(page.substitute(told, faults="、".join(FAULTS)))


def build_12319(orders: int = 500, seed: int = 1, rows: Sequence[Record] | None = None) -> Starlette:
    """The city management hotline: like the other one, with orders of its own, some of whose numbers are the same."""
    return build(orders, seed + 12319, rows, "12319", "12319-")


def build(
    orders: int = 500, seed: int = 1, rows: Sequence[Record] | None = None, code: str = "12345", prefix: str = ""
) -> Starlette:
    """The hotline of this telephone number as an ASGI application; `prefix` stands before its keys in a hub.

    With `rows`, which are requests, it holds exactly these, each once and without a fault.
    """
    source = Hotline(seed, code=code, prefix=prefix)
    if rows is None:
        for index in range(orders):
            source.add(order(seed, index))
        source.add_bad(orders)
    else:
        hold(source, rows)
    app = Starlette(
        routes=[
            Route("/", home),
            Route("/api/workorders", guarded(work_orders)),
            Route("/api/workorders/{number}", guarded(work_order)),
            Route("/api/workorders/{number}/submissions", guarded(submissions)),
            Route("/api/workorders/{number}/{what}", guarded(submit), methods=["POST"]),
            Route("/sim/advance", advance, methods=["POST"]),
            Route("/sim/stats", stats),
            Route("/sim/truth", truth),
            Route("/sim/orders", every_order),
            Route("/sim/messages", messages),
            Route("/sim/effects", effects),
            Route("/sim/push", push, methods=["POST"]),
            Route("/sim/faults", faults, methods=["POST"]),
        ]
    )
    app.state.hotline = source
    return app
