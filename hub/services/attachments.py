"""Files that belong to a request (附件): kept in the table, bounded, typed by their bytes."""

import hashlib
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from hub.auth import Viewer
from hub.errors import Conflict, Invalid, NotFound
from hub.models import Attachment, RequestAction
from hub.services import media, requests

MOST_BYTES = 10 * 1024 * 1024
MOST_FILES = 20


async def attach(session: AsyncSession, viewer: Viewer, request_id: UUID, *, name: str, content: bytes) -> Attachment:
    """Attach a file (附件). The same bytes a second time are the same attachment: it is returned, nothing changes."""
    request = await requests.begin(session, viewer, request_id, RequestAction.ATTACH)
    if not content:
        raise Invalid("The file is empty: choose another one.", field="content")
    if len(content) > MOST_BYTES:
        raise Invalid(f"The file has {len(content)} bytes: at most {MOST_BYTES} (10 MB) are kept.", field="content")
    found = media.media_type(content)
    if found is None:
        raise Invalid(f"Its first bytes are of no type that is taken: {media.KNOWN}.", field="content")
    digest = hashlib.sha256(content).hexdigest()
    there = (await session.scalars(select(Attachment).where(Attachment.request_id == request.id))).all()
    if same := next((one for one in there if one.sha256 == digest), None):
        return same
    if len(there) >= MOST_FILES:
        raise Conflict(f"Request {request.number} has {len(there)} files: at most {MOST_FILES} are kept.")
    attachment = Attachment(
        request_id=request.id,
        name=media.file_name(name, found),
        media_type=found,
        size=len(content),
        sha256=digest,
        by_id=viewer.party_id,
        content=content,
    )
    session.add(attachment)
    details = {"name": attachment.name, "size": len(content), "sha256": digest}
    requests.record(session, viewer, request, RequestAction.ATTACH, details=details)
    return attachment


async def content(session: AsyncSession, viewer: Viewer, request_id: UUID, id: UUID) -> Attachment:
    """One attachment with its bytes in `content`. Raises NotFound."""
    which = requests.attachments(viewer).where(Attachment.request_id == request_id, Attachment.id == id)
    found = await session.scalar(which.options(undefer(Attachment.content)))
    if found is None:
        raise NotFound("attachment", id)
    return found
