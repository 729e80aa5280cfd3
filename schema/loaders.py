"""The batches of one operation: every edge costs one statement for each level, however many rows ask."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY
from strawberry.dataloader import DataLoader

from hub import models
from hub.auth import Viewer
from hub.db import Database
from hub.errors import NotFound
from hub.services import grids
from schema import filters, statements
from schema.edge import Edge, Match, Shape
from schema.node import NODES, Node, Reckoning
from schema.paging import Window, cursor

Fetch = Callable[[list[Any]], Awaitable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page in the client's order, and whether more lie on either side."""

    rows: list[Any]
    window: Window
    more: bool

    @property
    def has_next(self) -> bool:
        return self.window.before is not None if self.window.backward else self.more

    @property
    def has_previous(self) -> bool:
        return self.more if self.window.backward else self.window.after is not None

    def cursor(self, row: Any) -> str:
        return cursor(self.window.order, row)


def paged(found: list[Any], window: Window) -> Page:
    """A page from what its statement gave: one row more than was asked for tells that there are more."""
    kept = found[: window.limit]
    return Page(kept[::-1] if window.backward else kept, window, more=len(found) > window.limit)


class Loaders:
    """One DataLoader for each edge and its arguments."""

    def __init__(self, db: Database, viewer: Viewer) -> None:
        self._db = db
        self._viewer = viewer
        self._made: dict[Hashable, DataLoader[Any, Any]] = {}

    def _loader(self, key: Hashable, fetch: Fetch) -> DataLoader[Any, Any]:
        if key not in self._made:
            self._made[key] = DataLoader(fetch)
        return self._made[key]

    async def _chosen(self, edge: Edge, filter: filters.Filter | None) -> Select[Any]:
        """The visible rows that the filter lets through."""
        chosen = edge.visible(self._viewer)
        if filter is None:
            return chosen
        paths = {ref: await self.path(ref) for ref in filters.references(filter)}
        asked = filters.Asked(self._viewer, paths.__getitem__)
        return chosen.where(filters.where(NODES[edge.target], filter, asked))

    async def page(self, edge: Edge, key: Any, filter: filters.Filter | None, window: Window, asked: Hashable) -> Page:
        """One page of an edge."""

        async def fetch(keys: list[Any]) -> list[Page]:
            statement = statements.page(edge, await self._chosen(edge, filter), keys, window)
            found: dict[Any, list[Any]] = defaultdict(list)
            async with self._db.read() as session:
                for parent, row in await session.execute(statement):
                    found[parent].append(row)
            return [paged(found[parent], window) for parent in keys]

        page: Page = await self._loader((edge, "page", asked), fetch).load(key)
        return page

    async def count(self, edge: Edge, key: Any, filter: filters.Filter | None, asked: Hashable) -> int:
        """How many rows an edge leads to in all."""

        async def fetch(keys: list[Any]) -> list[int]:
            statement = statements.count(edge, await self._chosen(edge, filter), keys)
            async with self._db.read() as session:
                counted = {row[0]: row[1] for row in await session.execute(statement)}
            return [counted.get(parent, 0) for parent in keys]

        rows: int = await self._loader((edge, "count", asked), fetch).load(key)
        return rows

    async def few(self, edge: Edge, key: Any) -> Any:
        """The one row, or the short list, that an edge leads to."""
        column = edge.column
        assert column is not None

        async def fetch(keys: list[Any]) -> list[Any]:
            async with self._db.read() as session:
                statement = statements.rows(edge, edge.visible(self._viewer), keys)
                rows = list(await session.scalars(statement))
            if edge.shape is Shape.LIST and edge.match is Match.EQUAL:
                return [[row for row in rows if getattr(row, column.key) == parent] for parent in keys]
            found = {getattr(row, column.key): row for row in rows}
            if edge.shape is Shape.ONE:
                return [found.get(parent) for parent in keys]
            assert edge.match is Match.ABOVE
            return [[found[path] for path in grids.ancestors(parent) if path in found] for parent in keys]

        return await self._loader((edge, "few"), fetch).load(key)

    async def row(self, node: Node, key: tuple[Any, ...]) -> Any:
        """The row with this primary key, or None: missing and hidden look the same."""

        async def fetch(keys: list[Any]) -> list[Any]:
            async with self._db.read() as session:
                found = await session.scalars(statements.by_key(node, node.visible(self._viewer), keys))
                rows = {tuple(getattr(row, column.key) for column in node.key): row for row in found}
            return [rows.get(one) for one in keys]

        return await self._loader((node, "row"), fetch).load(key)

    async def batch(self, function: Callable[[Viewer, list[Any]], Awaitable[Sequence[Any]]], row: Any) -> Any:
        """The value of a batched field for one row of its level."""

        async def fetch(rows: list[Any]) -> Sequence[Any]:
            return await function(self._viewer, rows)

        return await self._loader(("batch", function), fetch).load(row)

    async def reckon(self, reckoning: Reckoning, key: Any) -> Any:
        """What the database reckons for one row of a level."""

        async def fetch(keys: list[Any]) -> list[Any]:
            async with self._db.read() as session:
                statement = statements.reckoning(reckoning, self._viewer, keys)
                found = {row[0]: row[1] for row in await session.execute(statement)}
            return [found.get(one, reckoning.empty) for one in keys]

        return await self._loader((reckoning, "reckoning"), fetch).load(key)

    async def look_up(self, function: Callable[..., Awaitable[Sequence[Any]]], row: Any) -> Any:
        """The same for a field that is read from the database."""

        async def fetch(rows: list[Any]) -> Sequence[Any]:
            async with self._db.read() as session:
                return await function(session, self._viewer, rows)

        return await self._loader(("look up", function), fetch).load(row)

    async def asked(self, ask: Callable[..., Awaitable[Sequence[Any]]], row: Any, given: Mapping[str, Any]) -> Any:
        """What a service answers for one row of its level, with these arguments."""

        async def fetch(rows: list[Any]) -> Sequence[Any]:
            async with self._db.read() as session:
                return await ask(session, self._viewer, rows, **given)

        return await self._loader(("asked", ask, *sorted(given.items())), fetch).load(row)

    async def path(self, ref: filters.Ref) -> str:
        """The path of a grid that an argument names. Raises NotFound."""
        by, value = ref
        column = models.Grid.code if by == "code" else models.Grid.id

        async def fetch(values: list[Any]) -> list[str | NotFound]:
            async with self._db.read() as session:
                chosen = grids.visible(self._viewer).where(column == any_(literal(values, ARRAY(column.type))))
                paths = {getattr(grid, by): grid.path for grid in await session.scalars(chosen)}
            return [paths.get(value) or NotFound("grid", value) for value in values]

        path: str = await self._loader(("path", by), fetch).load(value)
        return path
