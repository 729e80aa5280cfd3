"""Files of a request over HTTP: in with a bound, out as a download, and only for those who may."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import func, select

from hub.auth import Viewer
from hub.db import Database
from hub.models import Attachment, Request, RequestStatus
from hub.services import accounts, attachments
from schema.ids import encode
from tests.services.town import founded

PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


@pytest.fixture
async def request_(database: Database) -> Request:
    """A request at work."""
    return await (await founded(database)).put(RequestStatus.IN_PROGRESS)


@pytest.fixture
async def header(database: Database, hub: Viewer) -> dict[str, str]:
    """An admin's token."""
    async with database.write(hub) as session:
        given = await accounts.give_token(session, hub, b"pepper", role="admin", name="t")
    return {"authorization": f"Bearer {given}"}


def address(request: Request) -> str:
    return f"/requests/{encode('Request', (request.id,))}/attachments"


async def kept(database: Database) -> int:
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(Attachment)) or 0


async def test_a_file_comes_back_as_it_was_sent(
    door: httpx2.AsyncClient, request_: Request, header: dict[str, str]
) -> None:
    sent = await door.post(address(request_), files={"file": ("现场 1.png", PICTURE, "text/html")}, headers=header)
    assert sent.status_code == 201
    told = sent.json()
    assert told == {
        "id": told["id"],
        "name": "现场 1.png",
        "size": len(PICTURE),
        "sha256": hashlib.sha256(PICTURE).hexdigest(),
    }
    got = await door.get(f"/attachments/{told['id']}", headers=header)
    assert got.content == PICTURE
    assert got.headers["content-type"] == "image/png"
    assert got.headers["content-disposition"] == "attachment; filename*=UTF-8''%E7%8E%B0%E5%9C%BA%201.png"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == "sandbox; default-src 'none'"


async def test_who_may_not_see_it_is_told_that_it_is_not_there(
    door: httpx2.AsyncClient, database: Database, request_: Request, header: dict[str, str]
) -> None:
    files = {"file": ("a.png", PICTURE)}
    assert (await door.post(address(request_), files=files)).status_code == 401
    assert await kept(database) == 0
    id = (await door.post(address(request_), files=files, headers=header)).json()["id"]
    hidden = await door.get(f"/attachments/{id}")
    assert (hidden.status_code, hidden.json()["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("declared", [True, False])
async def test_a_file_that_is_too_large_is_refused_before_it_is_whole(
    door: httpx2.AsyncClient, database: Database, request_: Request, header: dict[str, str], declared: bool
) -> None:
    sent = 0
    begin = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield begin
        for _ in range(64):
            sent += 1
            yield b"a" * 1024 * 1024

    headers = header | {"content-type": "multipart/form-data; boundary=x"}
    headers |= {"content-length": str(64 * 1024**2)} if declared else {}
    answer = await door.post(address(request_), content=body(), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "TOO_LARGE")
    assert sent <= (0 if declared else attachments.MOST_BYTES // 1024**2 + 1)
    assert await kept(database) == 0


def bodies() -> Iterator[object]:
    yield pytest.param({"json": {}}, 415, "UNSUPPORTED_MEDIA_TYPE", id="json")
    yield pytest.param({"files": {"photo": ("a.png", PICTURE)}}, 400, "INVALID", id="another field")
    yield pytest.param({"files": [("file", ("a", b"a")), ("file", ("b", b"b"))]}, 400, "INVALID", id="two files")
    yield pytest.param({"files": {"file": ("a.exe", b"MZ\x90\0")}}, 400, "INVALID", id="a program")
    broken = {"content-type": "multipart/form-data; boundary=x"}
    yield pytest.param({"content": b"--y\r\n", "headers": broken}, 400, "INVALID", id="broken")


@pytest.mark.parametrize(("body", "status", "code"), list(bodies()))
async def test_what_is_no_file_is_refused_and_nothing_is_kept(
    door: httpx2.AsyncClient,
    database: Database,
    request_: Request,
    header: dict[str, str],
    body: dict[str, dict[str, str]],
    status: int,
    code: str,
) -> None:
    given = body | {"headers": body.get("headers", {}) | header}
    answer = await door.post(address(request_), **given)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert await kept(database) == 0


async def test_an_id_of_something_else_is_refused(door: httpx2.AsyncClient, header: dict[str, str]) -> None:
    id = encode("Grid", (UUID(int=1),))
    answer = await door.post(f"/requests/{id}/attachments", files={"file": ("a", b"a")}, headers=header)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BAD_ID")
