"""The HTTP door: what stands at which address. Wires, decides nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from hub import __version__, calendars, hooks, metrics, uploads
from hub.access import Access
from hub.db import Database
from hub.errors import HubError
from hub.http import Door, on_fault, on_http_error, on_hub_error
from hub.models import Change
from hub.upgrade import pending
from schema.asgi import graphql_app
from schema.bus import Bus
from schema.schema import build_schema

STATIC = Path(__file__).parent / "static"
READY_SECONDS = 2


def build(
    db: Database,
    pepper: bytes,
    bus: Bus,
    *,
    more: Mapping[str, Sequence[Any]] | None = None,
    development: bool = False,
    every: bool = False,
) -> ASGIApp:
    """The application over one database. `pepper` is the secret that token hashes are keyed with.

    `more`: the fields that plugins add to the graph, by type. `development`: everybody may choose the executor.
    `every`: every request is logged.
    """

    authenticate, answered = Access(db, pepper, bus), metrics.Answered()

    async def readyz(_request: HTTPRequest) -> JSONResponse:
        reasons = await unready(db)
        return JSONResponse({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)

    graph = graphql_app(build_schema(more=more), db, authenticate, bus, development=development)
    routes: list[BaseRoute] = [
        Route("/", front),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/graphql", graph),
        WebSocketRoute("/graphql", graph),
        *uploads.routes(db, authenticate),
        *calendars.routes(db, authenticate),
        *metrics.routes(db, authenticate, answered),
        *hooks.routes(db),
        *([Mount("/static", StaticFiles(directory=STATIC))] if STATIC.is_dir() else []),  # it holds what npm brought
    ]
    handlers = {HubError: on_hub_error, HTTPException: on_http_error, Exception: on_fault}
    site = Starlette(routes=routes, exception_handlers=handlers)
    return Door(Entrance(site, ServerErrorMiddleware(graph, on_fault)), answered.note, every=every)


class Entrance:
    """Operations go straight to the graph: the way through the router costs as much as a small query."""

    def __init__(self, site: ASGIApp, graph: ASGIApp) -> None:
        self._site, self._graph = site, graph

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        straight = scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == "/graphql"
        await (self._graph if straight else self._site)(scope, receive, send)


async def front(_request: HTTPRequest) -> Response:
    """The front page is the graph's."""
    return RedirectResponse("/graphql")


async def healthz(_request: HTTPRequest) -> JSONResponse:
    """The process lives; nothing else is asked."""
    return JSONResponse({"alive": True, "version": __version__})


async def unready(db: Database) -> list[str]:
    """Why the hub cannot serve just now; empty: it can."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            lacking = await pending(db)
            if lacking:
                return [f"The database lacks {len(lacking)} steps. Run: hub db upgrade."]
            async with db.read() as session:
                await session.scalar(select(Change.position).order_by(Change.position.desc()).limit(1))
    except TimeoutError:
        return [f"The database did not answer within {READY_SECONDS} s. `hub doctor` tells more."]
    except HubError as error:
        return [str(error)]
    return []
