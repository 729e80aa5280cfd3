"""The SQL of a level: one statement for all parents, only the columns that the selection needs, to-one edges joined.

    SELECT parent.n, t0.title, t1.name ...
    FROM unnest($1) WITH ORDINALITY AS parent(key, n)
    JOIN LATERAL (SELECT ... the visible, filtered, ordered page of one parent ... LIMIT n) AS t0 ON true
    LEFT JOIN (SELECT ... the visible rows of a to-one edge ...) AS t1 ON t1.id = t0.grid_id

It is built with SQLAlchemy from the same `visible` selects as everywhere, compiled once, and run by the driver itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ARRAY, FromClause, Integer, Select, any_, literal, select, true
from sqlalchemy import inspect as inspected
from sqlalchemy.sql.elements import KeyedColumnElement

from hub.later import Later
from schema import statements
from schema.edge import Edge, Match
from schema.node import Node
from schema.paging import Window


@dataclass(eq=False, slots=True)
class Source:
    """One noun's rows in a level: which are chosen, by which edge they were reached, which columns are read."""

    node: Node
    chosen: Select[Any]
    edge: Edge | None = None
    above: "Source | None" = None
    names: list[str] = field(default_factory=list)

    def needs(self, name: str) -> str:
        if name not in self.names:
            self.names.append(name)
        return name

    def column(self, name: str) -> KeyedColumnElement[Any]:
        found: KeyedColumnElement[Any] = inspected(self.node.model).local_table.c[name]
        return found

    def select(self) -> Select[Any]:
        """The visible rows with the columns that are read. A column that is not the model's own is none of its type."""
        return self.chosen.with_only_columns(*map(self.column, self.names), maintain_column_froms=True)


@dataclass(eq=False, slots=True)
class Layout:
    """What a level's statement gives: column after column, by position. The first source is the level's own."""

    sources: list[Source]
    picked: list[tuple[Source | None, str]] = field(default_factory=list)

    def position(self, source: Source | None, name: str) -> int:
        """Where the column stands in a record. Without a source it is the parent's key."""
        if source is not None:
            source.needs(name)
        if (source, name) not in self.picked:
            self.picked.append((source, name))
        return self.picked.index((source, name))

    def witness(self, joined: Source) -> int:
        """Where a column stands that is null only if the row is not there."""
        assert joined.edge is not None
        assert joined.edge.column is not None
        read = (name for source, name in self.picked if source is joined and not joined.column(name).nullable)
        return self.position(joined, next(read, joined.edge.column.key))

    def has(self, above: Source, edge: Edge) -> bool:
        """Whether the rows of that edge are joined already."""
        return any(source.above is above and source.edge is edge for source in self.sources)

    def joined(self, above: Source, edge: Edge, node: Node, chosen: Select[Any]) -> Source:
        """The rows of a to-one edge beside those of `above`."""
        assert edge.key is not None
        assert edge.column is not None
        for source in self.sources:
            if source.above is above and source.edge is edge:
                return source
        above.needs(edge.key.key)
        source = Source(node, chosen, edge, above)
        source.needs(edge.column.key)
        self.sources.append(source)
        return source

    def _read(self, own: FromClause, start: FromClause, parent: Any) -> Select[Any]:
        """The picked columns, of the level's own rows and of those joined to them."""
        tables = {id(self.sources[0]): own}
        for at, source in enumerate(self.sources[1:], 1):
            assert source.edge is not None
            assert source.edge.key is not None
            assert source.edge.column is not None
            joined = source.select().subquery(f"t{at}")
            meets = joined.c[source.edge.column.key] == tables[id(source.above)].c[source.edge.key.key]
            start = start.outerjoin(joined, meets)
            tables[id(source)] = joined
        columns = [parent if source is None else tables[id(source)].c[name] for source, name in self.picked]
        return select(*(columns or [literal(None)])).select_from(start)

    def page(self, edge: Edge, window: Window, keys: Later) -> Select[Any]:
        """A page for each parent, one row more than the page so that it is known whether more follow."""
        source = self.sources[0]
        for sort in window.order:
            source.needs(sort.column.key)
        rows = source.select().where(*window.conditions()).order_by(*window.ordering())
        rows = rows.limit(literal(window.limit + 1, Integer))
        if edge.match is Match.ALL:
            own: FromClause = rows.subquery("t0")
            statement = self._read(own, own, literal(None))
        else:
            parent = statements.parents(edge, keys, numbered=True)
            own = rows.where(statements.related(edge, parent.c.key)).correlate(parent).lateral("t0")
            statement = self._read(own, parent.join(own, true()), parent.c.n).order_by(parent.c.n)
        order = window.order if not window.backward else [sort.reversed() for sort in window.order]
        columns = [own.c[sort.column.key] for sort in order]
        return statement.order_by(*(c.desc() if s.descending else c.asc() for c, s in zip(columns, order, strict=True)))

    def keyed(self, name: str, keys: Later) -> Select[Any]:
        """The rows whose column is one of the keys."""
        source = self.sources[0]
        column = source.column(source.needs(name))
        own = source.select().where(column == any_(literal(keys, ARRAY(column.type)))).subquery("t0")
        return self._read(own, own, own.c[name])

    def only(self, values: Sequence[tuple[str, Any]]) -> Select[Any]:
        """The one row with these values."""
        source = self.sources[0]
        same = [source.column(source.needs(name)) == value for name, value in values]
        own = source.select().where(*same).subquery("t0")
        return self._read(own, own, literal(None))
