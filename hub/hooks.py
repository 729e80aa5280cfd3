"""Webhooks: what sources push by themselves. A message is kept at once and read by a worker a moment later.

POST /hooks/{name of a source}        the body as the source's plugin reads it, at most 1 MB, with the headers

    X-Hub-Timestamp   seconds since 1970, at most 300 from ours
    X-Hub-Nonce       8 to 128 visible ASCII characters, another one for every message
    X-Hub-Signature   "sha256=" or "sm3=", then in lower-case hexadecimal the HMAC over
                      timestamp + "\\n" + nonce + "\\n" + body, with a key from `hub hooks key SOURCE`

202 {"id": ...}     kept; send no more of it
200 {"again": true} it is here already
401                 whatever is wrong with the source's name, the key, the signature or the time
409                 the nonce came with another body before
413, 503            too large; later
"""

import asyncio
import re

from starlette.exceptions import HTTPException
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

from hub.auth import system
from hub.db import Database
from hub.errors import Unavailable
from hub.http import refusal
from hub.models import Source
from hub.services import arrivals, sources
from hub.services.arrivals import Signed
from schema.ids import encode

MOST_BYTES = 1024 * 1024
MOST_SECONDS = 30.0
SHAPES = {
    "x-hub-timestamp": re.compile(r"[0-9]{1,10}"),
    "x-hub-nonce": re.compile(r"[\x21-\x7e]{8,128}"),
    "x-hub-signature": re.compile(r"(sha256|sm3)=[0-9a-f]{64}"),
}
HOOKS = system("hooks")
REFUSED = "It is not taken: the source, its signature or its time does not stand. hub/hooks.py says how to sign."


def routes(db: Database) -> list[Route]:
    """The address, over one database."""

    async def take(request: HTTPRequest) -> JSONResponse:
        name, signed = request.path_params["source"].replace("\0", ""), sound(request, await received(request))
        async with db.read() as session:
            source = await session.scalar(sources.visible(HOOKS).where(Source.name == name))
        if signed is None or not signed.holds(arrivals.keys(source.keys) if source else []) or source is None:
            return refusal(401, "UNAUTHENTICATED", REFUSED)
        if not source.enabled:
            raise Unavailable(f"The source {source.name} is switched off: send it later.")
        async with db.write(system(f"hook:{source.name}")) as session:
            id = await arrivals.take(session, source.id, signed)
        if id is None:
            return JSONResponse({"again": True})
        return JSONResponse({"id": encode("Arrival", (id,))}, 202)

    return [Route("/hooks/{source}", take, methods=["POST"])]


def sound(request: HTTPRequest, body: bytes) -> Signed | None:
    """The message with its headers, if each is there once and looks as it should."""
    given = {name: request.headers.getlist(name) for name in SHAPES}
    if any(len(found) != 1 or not SHAPES[name].fullmatch(found[0]) for name, found in given.items()):
        return None
    timestamp, nonce, signature = (given[name][0] for name in SHAPES)
    return Signed(timestamp, nonce, signature, body)


async def received(request: HTTPRequest) -> bytes:
    """The body, byte for byte; no more is read than may be kept, and not for ever."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > MOST_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(MOST_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise _too_large()
    except TimeoutError as error:
        raise HTTPException(408, f"The message did not come within {MOST_SECONDS:g} s: send it again.") from error
    return bytes(body)


def _too_large() -> HTTPException:
    return HTTPException(413, "The message is larger than 1 MB: send several smaller ones.")
