"""Writing the fields of a noun, the same way for all: words in bounds, its place in the tree, on one's own grid."""

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, inspect
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Forbidden, Invalid, NotFound
from hub.models import Entity
from hub.services import grids, words

Row = TypeVar("Row", bound=Entity)

NEEDED = frozenset(
    {"name", "title", "affiliation_kind", "alliance_kind", "doc_kind", "organization_kind", "resource_kind", "role"}
    | {"public"}
)
LONG = frozenset({"description", "offer", "note"})
OPEN_TO_ALL = frozenset({"name", "title", "code", "description", "offer", "note"})


async def found(session: AsyncSession, noun: str, id: UUID, visible: Select[Row]) -> Row:
    """The row, locked until the end of the transaction and read afresh. Raises NotFound."""
    row = await session.scalar(visible.with_for_update().execution_options(populate_existing=True))
    if row is None:
        raise NotFound(noun, id)
    return row


def must_have(given: Mapping[str, object], *needed: str) -> None:
    """Raise Invalid if something is missing without which the noun cannot be."""
    for name in needed:
        if given.get(name) is None:
            raise Invalid(f"{name} is missing: give it.", field=name)


async def fill(session: AsyncSession, viewer: Viewer, row: Any, given: Mapping[str, object]) -> None:
    """Write the fields that are given; those left out stay. Raises Forbidden off the viewer's grids, and Invalid."""
    written = {name: _checked(name, value) for name, value in given.items()}
    if inspect(row).persistent:
        must_cover(viewer, row.grid_path)
    if "grid_id" in given:
        id = given["grid_id"]
        grid = await grids.by_id(session, viewer, id) if isinstance(id, UUID) else None
        written["grid_path"] = grid.path if grid else None
        must_cover(viewer, grid.path if grid else None)
    for name, value in written.items():
        setattr(row, name, value)


def put(row: Any, given: Mapping[str, object]) -> None:
    """Write the fields that are given of what has no place of its own in the tree. Raises Invalid."""
    for name, value in {name: _checked(name, value) for name, value in given.items()}.items():
        setattr(row, name, value)


def must_cover(viewer: Viewer, path: str | None) -> None:
    """Raise Forbidden unless the viewer stands over that place in the tree."""
    if not viewer.covers_path(path):
        where = f"The grid {path.rstrip('/').rsplit('/', 1)[-1]}" if path else "What belongs to no grid"
        raise Forbidden(f"{where} is not yours to write: name a grid of yours, or ask those above it.")


def shown(value: str | None, field: str) -> str | None:
    """Words that everybody may come to read, or nothing. Raises Invalid where they hold a personal number."""
    checked = _checked(field, value)
    return checked if isinstance(checked, str) else None


def _checked(name: str, value: object) -> object:
    if value is None and name in NEEDED:
        raise Invalid(f"{name} cannot be empty: leave it out, or give a value.", field=name)
    if isinstance(value, list):
        return [words.said(part, field=name, most=words.LINE) for part in value]
    if not isinstance(value, str):
        return value
    if name in OPEN_TO_ALL and (what := words.personal(value)):
        raise Invalid(f"The {name} holds {what}, and everybody may come to read it: leave it out.", field=name)
    most = words.PARAGRAPH if name in LONG else words.LINE
    return words.said(value, field=name, most=most) if name in NEEDED else words.maybe(value, field=name, most=most)
