"""Calendars over HTTP: a rota or a series as iCalendar (RFC 5545), for the calendar of whoever wants to know when.

GET /calendars/{id of a Rota or a Series}.ics

It holds what everybody may see: when, what, where. Who is on duty is not in it, whoever asks.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request as HTTPRequest
from starlette.responses import Response
from starlette.routing import Route

from hub.auth import ANONYMOUS, Viewer
from hub.db import Database
from hub.services import calendars
from schema import ids
from schema.errors import BadId

Authenticate = Callable[[HTTPRequest], Awaitable[Viewer]]


def routes(db: Database, authenticate: Authenticate) -> list[Route]:
    """The one address, over one database."""

    async def calendar(request: HTTPRequest) -> Response:
        await authenticate(request)  # a token need not be given, but one that is none is refused
        id = request.path_params["id"]
        name, key = ids.decode(id)
        if name not in calendars.FOUND or len(key) != 1:
            raise BadId(id, expected="Rota or a Series")
        async with db.read() as session:
            told = await calendars.calendar(session, ANONYMOUS, name, key[0])
        headers = {"content-disposition": f'inline; filename="{id}.ics"', "cache-control": "public, max-age=300"}
        return Response(told, media_type="text/calendar; charset=utf-8", headers=headers)

    return [Route("/calendars/{id}.ics", calendar, methods=["GET"])]
