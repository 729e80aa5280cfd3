"""Files of a request over HTTP: sent as multipart, read back as a download. Ids are those of the graph.

POST /requests/{id of a Request}/attachments        the file in the field `file`; answers {id, name, size, sha256}
GET  /attachments/{id of an Attachment}
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.auth import Viewer
from hub.db import Database
from hub.errors import Invalid
from hub.services import attachments
from schema.ids import encode
from schema.node import key_for, uuid_for

Authenticate = Callable[[HTTPRequest], Awaitable[Viewer]]

OVERHEAD = 16 * 1024  # of the multipart form around the file


def routes(db: Database, authenticate: Authenticate) -> list[Route]:
    """The two addresses, over one database."""

    async def upload(request: HTTPRequest) -> JSONResponse:
        viewer = await authenticate(request)
        request_id = uuid_for("Request", request.path_params["id"])
        name, content = await received(request)
        async with db.write(viewer) as session:
            made = await attachments.attach(session, viewer, request_id, name=name, content=content)
        id = encode("Attachment", (made.request_id, made.id))
        return JSONResponse({"id": id, "name": made.name, "size": made.size, "sha256": made.sha256}, 201)

    async def download(request: HTTPRequest) -> Response:
        viewer = await authenticate(request)
        key = key_for("Attachment", request.path_params["id"])
        async with db.read() as session:
            found = await attachments.content(session, viewer, *key)
        headers = {
            "content-disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
            "content-security-policy": "sandbox; default-src 'none'",
            "cache-control": "private, no-store",
        }
        return Response(found.content, media_type=found.media_type, headers=headers)

    return [
        Route("/requests/{id}/attachments", upload, methods=["POST"]),
        Route("/attachments/{id}", download, methods=["GET"]),
    ]


async def received(request: HTTPRequest) -> tuple[str, bytes]:
    """The name and the bytes of the one file that came; no more is read than may be kept."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HTTPException(415, "Send the file as multipart/form-data, in the field `file`.")
    if int(request.headers.get("content-length", "0")) > attachments.MOST_BYTES + OVERHEAD:
        raise _too_large()
    async with aclosing(_capped(request.stream())) as stream:
        try:
            form = await MultiPartParser(request.headers, stream, max_files=1, max_fields=1).parse()
        except MultiPartException as error:
            raise Invalid(f"The form cannot be read: {error.message} Send one file in the field `file`.") from error
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Invalid("There is no file in the field `file`.", field="file")
        return file.filename or "file", await file.read()
    finally:
        await form.close()


async def _capped(stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in stream:
        size += len(chunk)
        if size > attachments.MOST_BYTES + OVERHEAD:
            raise _too_large()
        yield chunk


def _too_large() -> HTTPException:
    return HTTPException(413, "The file is larger than 10 MB. Send a smaller one.")
