"""Papers (三卡两表一清单): cards, sheets and lists of a practice. What stands in them is the practice's own."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypedDict, Unpack
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Invalid, NotFound
from hub.models import DocKind, Document, Project, uuid7
from hub.services import parties, resources, words, writing

WRITE = "resources:write"
MOST_FIELDS, MOST_BYTES = 100, 20_000


def visible(viewer: Viewer) -> Select[Document]:
    """Published papers; the others for those who may read persons on their grid; everyone sees their own."""
    inside = viewer.covers(Document.grid_path) if viewer.can("parties:read") else false()
    own: ColumnElement[bool] = Document.party_id == viewer.party_id if viewer.party_id is not None else false()
    return select(Document).where(or_(Document.public, inside, own))


class DocumentFields(TypedDict, total=False):
    """What can be written of a paper: what is left out stays, None empties."""

    doc_kind: DocKind
    title: str
    grid_id: UUID | None
    party_id: UUID | None
    project_id: UUID | None
    fields: dict[str, Any]
    public: bool
    code: str | None
    practice: str | None
    issued_on: date | None


async def create_document(session: AsyncSession, viewer: Viewer, **fields: Unpack[DocumentFields]) -> Document:
    """Make out a paper (三卡两表一清单) about a party or a project: what stands in it may follow later."""
    viewer.must(WRITE)
    writing.must_have(fields, "doc_kind", "title")
    row = Document(id=uuid7(), public=False, fields={})
    await _write(session, viewer, row, {"grid_id": None} | dict(fields))
    session.add(row)
    return row


async def update_document(
    session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[DocumentFields]
) -> Document:
    """Change what is given of a paper."""
    viewer.must(WRITE)
    row = await writing.found(session, "document", id, visible(viewer).where(Document.id == id))
    await _write(session, viewer, row, fields)
    return row


async def _write(session: AsyncSession, viewer: Viewer, row: Document, given: Mapping[str, Any]) -> None:
    if (party_id := given.get("party_id")) is not None:
        await parties.by_id(session, viewer, party_id)
    project_id = given.get("project_id")
    seen = resources.projects(viewer).where(Project.id == project_id)
    if project_id is not None and await session.scalar(seen) is None:
        raise NotFound("project", project_id)
    if given.get("party_id", row.party_id) is not None and given.get("project_id", row.project_id) is not None:
        raise Invalid("A paper is about a party or about a project: give one of them.", field="party_id")
    held = given.get("fields", row.fields)
    if not isinstance(held, dict):
        raise Invalid('fields is no object: write {"name": value, ...}, or leave it out.', field="fields")
    written = orjson.dumps(held).decode()
    if len(held) > MOST_FIELDS or len(written) > MOST_BYTES:
        raise Invalid(f"fields holds too much: at most {MOST_FIELDS} names and {MOST_BYTES:,} bytes.", field="fields")
    if given.get("public", row.public) and (what := words.personal(written)) is not None:
        raise Invalid(f"The fields hold {what}, and everybody can read a public paper: leave it out.", field="fields")
    await writing.fill(session, viewer, row, given)
