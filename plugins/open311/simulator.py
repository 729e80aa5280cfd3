"""An Open311 GeoReport v2 endpoint to develop against: `hub simulate open311`. The same seed gives the same bytes.

It keeps the rules as cities do (at most 90 days and 1000 requests at once, a key for what is posted) and has what they
have: duplicates, versions out of date, rows that come late, equal times, times without a zone, rows without a number.
`/` describes it, `/sim/truth` and `/sim/stats` are its own truth, `/sim/effects` what was posted to it.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from starlette.applications import Starlette
from starlette.requests import Request as HTTPRequest
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from plugins.open311.simulated_city import CHINA, SERVICES, City, Report, report

__all__ = ["Endpoint", "build"]

KEY = "demo-key"
JURISDICTION = "city.example.org"
LONGEST = timedelta(days=90)
BEFORE = ("401", "403", "429", "500", "503")
AFTER = ("504", "truncated", "html", "doctype", "gb18030")
FAULTS = (*BEFORE, *AFTER)
LOGIN_PAGE = "<!DOCTYPE html><html><title>统一身份认证</title><form action='/login'>请登录</form></html>"
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><service_requests>&b;</service_requests>'
)
NAMES = {
    "service_requests": "request",
    "services": "service",
    "service_request_updates": "request_update",
    "errors": "error",
}

Rows = Sequence[dict[str, Any]]
Form = dict[str, str]


@dataclass
class Fault:
    """A misbehaviour that the next `times` answers show: those of BEFORE come before anything is done."""

    kind: str
    times: int = 1
    retry_after: float | str | None = None


@dataclass
class Endpoint:
    """The city, how it is asked, and how it misbehaves."""

    city: City
    by: str
    cap: int
    pages: bool
    formats: tuple[str, ...]
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def take_fault(self) -> Fault | None:
        if not self.faults:
            return None
        fault = self.faults[0]
        fault.times -= 1
        if fault.times <= 0:
            self.faults.pop(0)
        return fault


class Refused(Exception):
    """A refusal in the words of the standard."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


Asked = tuple[Endpoint, Form, HTTPRequest]


def endpoint(request: HTTPRequest) -> Endpoint:
    found: Endpoint = request.app.state.endpoint
    return found


def served(answer: Callable[[Asked], tuple[str, Rows]], *, post: bool = False) -> Callable[..., Awaitable[Response]]:
    """The answer in the format that was asked for, behind the faults that were asked for."""

    async def serve(request: HTTPRequest) -> Response:
        here, format = endpoint(request), request.path_params["format"]
        here.asked.append(f"{request.method} {request.url.path}?{request.url.query}")
        fault = here.take_fault()
        if fault is not None and fault.kind in BEFORE:
            return faulty(fault, Response())
        if format not in here.formats:
            return Response("not found", 404)
        said = (await request.body()).decode() if post else request.url.query
        form = dict(parse_qsl(said, keep_blank_values=True))
        status = 200
        try:
            if form.get("jurisdiction_id", JURISDICTION) != JURISDICTION:
                raise Refused(404, "jurisdiction_id was not found.")
            if post and form.pop("api_key", None) != KEY:
                raise Refused(403, "api_key is missing or invalid.")
            name, rows = answer((here, form, request))
        except Refused as refused:
            status, name, rows = refused.status, "errors", [{"code": refused.status, "description": str(refused)}]
        told = written(name, rows, format, status)
        told.headers["date"] = format_datetime(here.city.clock.astimezone(UTC), usegmt=True)
        return told if fault is None else faulty(fault, told)

    return serve


def written(name: str, rows: Rows, format: str, status: int) -> Response:
    if format == "json":
        return JSONResponse(list(rows), status)
    root = ElementTree.Element(name)
    for row in rows:
        one = ElementTree.SubElement(root, NAMES[name])
        for field_name, value in row.items():
            ElementTree.SubElement(one, field_name).text = None if value is None else str(value)
    body = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(body, status, media_type="text/xml; charset=utf-8")


def faulty(fault: Fault, answer: Response) -> Response:
    """What goes out instead of this answer."""
    body = bytes(answer.body)
    if fault.kind.isdigit():
        wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return Response("故障", int(fault.kind), wait)
    if fault.kind == "html":
        return HTMLResponse(LOGIN_PAGE)
    if fault.kind == "doctype":
        return Response(BOMB, media_type="text/xml")
    if fault.kind == "truncated":
        return Response(body[: len(body) // 2], media_type="application/json")
    return Response(body.decode().encode("gb18030"), headers=dict(answer.headers) | {"content-length": ""})


def services(asked: Asked) -> tuple[str, Rows]:
    """GET services"""
    names = ("service_code", "service_name", "group", "type")
    return "services", [
        {name: getattr(one, name) for name in names}
        | {"description": one.detail, "metadata": "false", "keywords": None}
        for one in SERVICES.values()
    ]


def service(asked: Asked) -> tuple[str, Rows]:
    """GET services/{code}"""
    code = asked[2].path_params["code"]
    if code not in SERVICES:
        raise Refused(404, "service_code was not found.")
    return "services", [{"service_code": code, "attributes": None}]


def requests(asked: Asked) -> tuple[str, Rows]:
    """GET requests?service_request_id=&service_code=&status=&start_date=&end_date=&page=&page_size="""
    here, form, _ = asked
    found = list(here.city.rows.values())
    if form.get("service_request_id"):
        wanted = form["service_request_id"].split(",")
        return "service_requests", [one.told() for one in found if one.number in wanted]
    start, end = window(here, form)
    found = [one for one in found if start <= chosen_by(here, one) <= end]
    if form.get("service_code"):
        found = [one for one in found if one.service.service_code in form["service_code"].split(",")]
    if form.get("status"):
        found = [one for one in found if ("closed" if one.closed else "open") in form["status"].split(",")]
    found.sort(key=lambda one: (chosen_by(here, one), one.index), reverse=True)
    first, size = 0, here.cap
    if here.pages and form.get("page_size", "").isdecimal():
        size = min(here.cap, int(form["page_size"]))
        first = (int(form.get("page", "1")) - 1) * size
    return "service_requests", [one.told() for one in found[first : first + size]]


def chosen_by(here: Endpoint, one: Report) -> datetime:
    return one.requested if here.by == "requested" else one.updated


def window(here: Endpoint, form: Form) -> tuple[datetime, datetime]:
    """The span of time that is asked for: the last 90 days where nothing is said, and never more than 90."""
    try:
        start, end = (
            datetime.fromisoformat(form[name]) if form.get(name) else None for name in ("start_date", "end_date")
        )
    except ValueError:
        raise Refused(400, "start_date and end_date must be W3C datetimes.") from None
    if (start and start.tzinfo is None) or (end and end.tzinfo is None):
        raise Refused(400, "start_date and end_date must have a time zone.")
    start = start or (end or here.city.clock) - LONGEST
    end = end or start + LONGEST
    if end - start > LONGEST:
        raise Refused(400, "The span from start_date to end_date must not exceed 90 days.")
    return start, end


def one_request(asked: Asked) -> tuple[str, Rows]:
    """GET requests/{id}"""
    here, _, request = asked
    found = [one.told() for one in here.city.reports.values() if one.number == request.path_params["id"]]
    if not found:
        raise Refused(404, "service_request_id was not found.")
    return "service_requests", found


def create(asked: Asked) -> tuple[str, Rows]:
    """POST requests"""
    here, form, _ = asked
    if form.get("service_code") not in SERVICES:
        raise Refused(400, "service_code was not provided or is unknown.")
    if not form.get("address_string") and not (form.get("lat") and form.get("long")):
        raise Refused(400, "lat and long, or address_string, must be provided.")
    if len(form.get("description", "")) > 4000:
        raise Refused(400, "description must not exceed 4000 characters.")
    new = here.city.take(form)
    told = {"token": new.token} if new.token else {"service_request_id": new.number}
    return "service_requests", [told | {"service_notice": None, "account_id": None}]


def token(asked: Asked) -> tuple[str, Rows]:
    """GET tokens/{token}"""
    here, _, request = asked
    known = next((one for one in here.city.reports.values() if one.token == request.path_params["token"]), None)
    if known is None:
        raise Refused(404, "token was not found.")
    return "service_requests", [{"token": known.token, "service_request_id": known.number or None}]


def updates(asked: Asked) -> tuple[str, Rows]:
    """GET servicerequestupdates?start_date=&end_date="""
    here, form, _ = asked
    start, end = window(here, form)
    found = here.city.updates
    return "service_request_updates", [
        one for one in found if start <= datetime.fromisoformat(one["updated_datetime"]) <= end
    ]


def create_update(asked: Asked) -> tuple[str, Rows]:
    """POST servicerequestupdates"""
    here, form, _ = asked
    needed = ("service_request_id", "update_id", "status", "updated_datetime", "description")
    if missing := [name for name in needed if not form.get(name)]:
        raise Refused(400, f"{', '.join(missing)} must be provided.")
    if form["service_request_id"] not in {one.number for one in here.city.reports.values()}:
        raise Refused(400, "service_request_id was not found.")
    return "service_request_updates", [{"update_id": here.city.take_update(form)}]


async def advance(request: HTTPRequest) -> Response:
    """POST /sim/advance?steps=, or {"late" | "ties" | "duplicates" | "days": how many}"""
    city = endpoint(request).city
    happens = {"late": city.late, "ties": city.ties, "duplicates": city.duplicates, "days": city.days}
    if body := await request.body():
        asked = json.loads(body)
        if not asked.keys() <= happens.keys():
            return Response(", ".join(happens), 400)
        touched = [one.number for name, count in asked.items() for one in happens[name](count)]
        return JSONResponse({"keys": {"request": touched}})
    steps = request.query_params.get("steps", "1")
    if not steps.isdecimal() or int(steps) > 1000:
        return Response("steps: 0 to 1000", 400)
    for _ in range(int(steps)):
        city.advance()
    return JSONResponse(city.stats())


async def stats(request: HTTPRequest) -> Response:
    """GET /sim/stats"""
    return JSONResponse(endpoint(request).city.stats())


async def truth(request: HTTPRequest) -> Response:
    """GET /sim/truth"""
    return JSONResponse(endpoint(request).city.truth())


async def effects(request: HTTPRequest) -> Response:
    """GET /sim/effects"""
    return JSONResponse({"effects": endpoint(request).city.effects})


async def faults(request: HTTPRequest) -> Response:
    """POST /sim/faults"""
    try:
        fault = Fault(**json.loads(await request.body()))
    except (TypeError, ValueError):
        return Response('{"kind": "429", "times": 1, "retry_after": 1}', 400)
    if fault.kind not in FAULTS:
        return Response(f"kind: {', '.join(FAULTS)}", 400)
    endpoint(request).faults.append(fault)
    return JSONResponse({"faults": [[waiting.kind, waiting.times] for waiting in endpoint(request).faults]})


async def home(request: HTTPRequest) -> Response:
    """GET /"""
    here = endpoint(request)
    page = Template(Path(__file__).with_name("simulator.html").read_text(encoding="utf-8"))
    return HTMLResponse(
        page.substitute(
            seed=here.city.seed,
            requests=len(here.city.reports),
            clock=here.city.clock.astimezone(CHINA).isoformat(),
            faults="、".join(FAULTS),
        )
    )


def build(
    orders: int = 500,
    seed: int = 1,
    *,
    by: str = "requested",
    cap: int = 1000,
    pages: bool = True,
    formats: tuple[str, ...] = ("json", "xml"),
) -> Starlette:
    """The endpoint as an ASGI application. `by`: the time by which it chooses; `cap`: the most that it gives."""
    city = City(seed)
    for index in range(orders):
        city.add(report(seed, index))
    city.add_bad(orders)
    app = Starlette(
        routes=[
            Route("/", home),
            Route("/services.{format}", served(services)),
            Route("/services/{code}.{format}", served(service)),
            Route("/requests.{format}", served(requests), methods=["GET"]),
            Route("/requests.{format}", served(create, post=True), methods=["POST"]),
            Route("/requests/{id}.{format}", served(one_request)),
            Route("/tokens/{token}.{format}", served(token)),
            Route("/servicerequestupdates.{format}", served(updates), methods=["GET"]),
            Route("/servicerequestupdates.{format}", served(create_update, post=True), methods=["POST"]),
            Route("/sim/advance", advance, methods=["POST"]),
            Route("/sim/stats", stats),
            Route("/sim/truth", truth),
            Route("/sim/effects", effects),
            Route("/sim/faults", faults, methods=["POST"]),
        ]
    )
    app.state.endpoint = Endpoint(city, by, cap, pages, formats)
    return app
