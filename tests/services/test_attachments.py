import hashlib

import pytest

from hub.auth import Viewer
from hub.db import Database
from hub.errors import Conflict, Invalid, NotFound
from hub.models import RequestAction, RequestStatus
from hub.services import attachments
from tests.services.town import columns, founded

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


async def test_a_file_is_kept_with_its_type_and_digest(database: Database) -> None:
    town = await founded(database)
    request = await town.put(RequestStatus.IN_PROGRESS)
    handler = town.handler(town.property_company)
    kept = await town.do(attachments.attach, request.id, name="../现场\r\n.PNG", content=PNG, viewer=handler)
    assert (kept.name, kept.media_type, kept.size, kept.by_id) == ("现场.png", "image/png", 28, town.property_company)
    assert kept.sha256 == hashlib.sha256(PNG).hexdigest()
    async with database.read() as session:
        read = await attachments.content(session, handler, request.id, kept.id)
    assert read.content == PNG
    (event,) = await town.events(request.id)
    assert (event.action, event.details["name"], event.details["size"]) == (RequestAction.ATTACH, "现场.png", 28)


async def test_the_same_bytes_are_kept_once_a_request(database: Database) -> None:
    town = await founded(database)
    one, other = await town.put(RequestStatus.RECEIVED), await town.put(RequestStatus.RECEIVED)
    first = await town.do(attachments.attach, one.id, name="a.png", content=PNG)
    counts = await town.counts()
    again = await town.do(attachments.attach, one.id, name="b.png", content=PNG)
    assert ((again.id, again.name), await town.counts()) == ((first.id, "a.png"), counts)
    assert (await town.do(attachments.attach, other.id, name="a.png", content=PNG)).id != first.id


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty: choose another one."),
        (b"a" * (10 * 1024 * 1024 + 1), "The file has 10485761 bytes: at most 10485760 (10 MB) are kept."),
        (b"MZ\x90\x00\x03", "Its first bytes are of no type that is taken: png, jpeg, "),
        (b"PK\x03\x04 no archive", "Its first bytes are of no type that is taken: png, jpeg, "),
    ],
    ids=["empty", "large", "program", "torn"],
)
async def test_a_file_out_of_bounds_is_refused(database: Database, content: bytes, message: str) -> None:
    town = await founded(database)
    request = await town.put(RequestStatus.RECEIVED)
    with pytest.raises(Invalid) as refused:
        await town.do(attachments.attach, request.id, name="x.png", content=content)
    assert str(refused.value).startswith(message)
    assert columns(await town.get(request.id)) == columns(request)


async def test_a_request_holds_twenty_files(database: Database) -> None:
    town = await founded(database)
    request = await town.put(RequestStatus.RECEIVED)
    for number in range(20):
        await town.do(attachments.attach, request.id, name="x.txt", content=str(number).encode())
    with pytest.raises(Conflict) as refused:
        await town.do(attachments.attach, request.id, name="x.txt", content=b"one too many")
    assert str(refused.value) == f"Request {request.number} has 20 files: at most 20 are kept."
    assert (await town.get(request.id)).revision == 21


async def test_only_those_inside_read_a_file(database: Database) -> None:
    town = await founded(database)
    request = await town.put(RequestStatus.RECEIVED, public=True)
    kept = await town.do(attachments.attach, request.id, name="x.png", content=PNG)
    for stranger in (Viewer(), town.handler(town.police)):
        async with database.read() as session:
            with pytest.raises(NotFound):
                await attachments.content(session, stranger, request.id, kept.id)
