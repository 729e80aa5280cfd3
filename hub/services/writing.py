"""Writing the fields of a noun, the same way for all: words in bounds, its place in the tree, on one's own grid."""

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, inspect
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Forbidden, Invalid, NotFound
from hub.models import Entity
from hub.services import grids, words

Row = TypeVar("Row", bound=Entity)
Find = Callable[[AsyncSession, Viewer, UUID], Awaitable[Any]]
Names = Mapping[str, Find]

NEEDED = frozenset(
    {"name", "title", "affiliation_kind", "alliance_kind", "doc_kind", "organization_kind", "resource_kind", "role"}
    | {"public", "rule", "metric"}
)
LONG = frozenset({"description", "offer", "note", "text", "reply", "because", "minutes"})
OPEN_TO_ALL = frozenset(
    {"name", "title", "code", "description", "offer", "note", "text", "basis", "reply", "because", "place", "address"}
    | {"opening_hours", "services", "functions", "facilities", "zones", "beneficiaries", "venue", "metric", "source"}
)


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
    written = checked(given)
    if inspect(row).persistent:
        must_cover(viewer, row.grid_path)
    if "grid_id" in given:
        id = given["grid_id"]
        grid = await grids.by_id(session, viewer, id) if isinstance(id, UUID) else None
        written["grid_path"] = grid.path if grid else None
        must_cover(viewer, grid.path if grid else None)
    put(row, written)


def put(row: Any, checked: Mapping[str, object]) -> None:
    """Write fields as they are."""
    for name, value in checked.items():
        setattr(row, name, value)


def must_cover(viewer: Viewer, path: str | None) -> None:
    """Raise Forbidden unless the viewer stands over that place in the tree."""
    if not viewer.covers_path(path):
        where = f"The grid {path.rstrip('/').rsplit('/', 1)[-1]}" if path else "What belongs to no grid"
        raise Forbidden(f"{where} is not yours to write: name a grid of yours, or ask those above it.")


def seen(noun: str, model: type[Row], visible: Callable[[Viewer], Select[Row]]) -> Find:
    """How a row that a field names is found: among those that the viewer sees. It raises NotFound."""

    async def find(session: AsyncSession, viewer: Viewer, id: UUID) -> Row:
        row = await session.scalar(visible(viewer).where(model.id == id))
        if row is None:
            raise NotFound(noun, id)
        return row

    return find


async def enter(
    session: AsyncSession, viewer: Viewer, row: Row, given: Mapping[str, object], *needed: str, names: Names
) -> Row:
    """Write a new row, once what it needs is given and what it names is seen to be there."""
    must_have(given, *needed)
    await change(session, viewer, row, {"grid_id": None} | dict(given), names=names)
    session.add(row)
    return row


async def change(session: AsyncSession, viewer: Viewer, row: Row, given: Mapping[str, object], *, names: Names) -> Row:
    """Write what is given of a row; `names` says how the rows are found that its fields name."""
    for name, find in names.items():
        if isinstance(id := given.get(name), UUID):
            await find(session, viewer, id)
    await fill(session, viewer, row, given)
    return row


def checked(given: Mapping[str, object]) -> dict[str, object]:
    """The values as they are kept: words in bounds, and without personal numbers. Raises Invalid."""
    return {name: _checked(name, value) for name, value in given.items()}


def shown(value: str | None, field: str) -> str | None:
    """Words that everybody may come to read, or nothing. Raises Invalid where they hold a personal number."""
    checked = _checked(field, value)
    return checked if isinstance(checked, str) else None


def _checked(name: str, value: object) -> object:
    if value is None and name in NEEDED:
        raise Invalid(f"{name} cannot be empty: leave it out, or give a value.", field=name)
    if isinstance(value, list):
        return [words.said(_open(name, part), field=name, most=words.LINE) for part in value]
    return _text(name, _open(name, value)) if isinstance(value, str) else value


def _open(name: str, value: Any) -> str:
    """The words, if everybody may read them. A term in a list is kept by its name."""
    if isinstance(value, Enum):
        return value.name
    if name in OPEN_TO_ALL and (what := words.personal(value)):
        raise Invalid(f"The {name} holds {what}, and everybody may come to read it: leave it out.", field=name)
    return str(value)


def _text(name: str, value: str) -> str | None:
    most = words.PARAGRAPH if name in LONG else words.LINE
    return words.said(value, field=name, most=most) if name in NEEDED else words.maybe(value, field=name, most=most)
