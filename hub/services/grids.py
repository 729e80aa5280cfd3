"""Grids: who sees them, where they stand in the tree, and what moves with them."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, cast, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer, under
from hub.errors import Invalid, NotFound
from hub.models import AltCode, Base, Grid, Ledger, Request, Tally, TallyDelta
from hub.services import tally_keeping


def visible(viewer: Viewer) -> Select[Grid]:
    """Everybody may see every grid."""
    return select(Grid)


def ledgers(viewer: Viewer) -> Select[Ledger]:
    """Everybody may see that there are registers; what stands in them, obeys its own rules."""
    return select(Ledger)


def alt_codes(viewer: Viewer) -> Select[AltCode]:
    """Everybody may see what other schemes call a grid."""
    return select(AltCode)


def path(parent: str | None, code: str) -> str:
    """The place in the tree of the grid `code` below `parent` (a path, or None for the top)."""
    return f"{parent or ''}{code}/"


def ancestors(of: str) -> list[str]:
    """The paths of everything above the path `of`, from the top down."""
    parts = of.rstrip("/").split("/")
    return ["/".join(parts[:depth]) + "/" for depth in range(1, len(parts))]


def common(one: str | None, other: str | None) -> str | None:
    """The path of the smallest grid that both paths lie in; None: there is none."""
    if one is None or other is None:
        return None
    shared = [path for path in [*ancestors(one), one] if other.startswith(path)]
    return shared[-1] if shared else None


async def by_code(session: AsyncSession, viewer: Viewer, code: str) -> Grid:
    """The grid with this code. Raises NotFound."""
    grid = await session.scalar(visible(viewer).where(Grid.code == code))
    if grid is None:
        raise NotFound("grid", code)
    return grid


async def by_id(session: AsyncSession, viewer: Viewer, id: UUID) -> Grid:
    """The grid with this id. Raises NotFound."""
    grid = await session.scalar(visible(viewer).where(Grid.id == id))
    if grid is None:
        raise NotFound("grid", id)
    return grid


async def move(session: AsyncSession, grid: Grid, parent: Grid | None) -> None:
    """Hang a grid below another parent, with all that stands below it. Raises Invalid where that made a cycle."""
    if parent is not None and parent.path.startswith(grid.path):
        raise Invalid(f"{parent.code} lies below {grid.code}: it cannot become its parent.", field="parent")
    await repath(session, grid.path, path(parent.path if parent else None, grid.code))
    grid.parent_id = parent.id if parent else None


async def repath(session: AsyncSession, old: str, new: str) -> None:
    """Rewrite the beginning of every path in the database that lies in the subtree `old`.

    The tally is no exception, but it hears of each request that moved: others may write in that subtree meanwhile.
    """
    kept = (Tally.__table__, TallyDelta.__table__)
    for table in Base.metadata.tables.values():
        for name in ("path", "grid_path"):
            if name in table.c and not (name == "path" and table is not Grid.__table__) and table not in kept:
                column: ColumnElement[str] = table.c[name]
                moved = func.concat(cast(literal(new), Text), func.substr(column, len(old) + 1))
                move = update(table).where(under(column, old)).values({name: moved})
                await session.execute(tally_keeping.moved(move, old, new) if table is Request.__table__ else move)
