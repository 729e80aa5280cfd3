"""The SQL of an edge: one statement for all parents of a level, with the page and its order inside it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, any_, column, func, literal, or_, select, true
from sqlalchemy import inspect as inspected
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased, with_polymorphic

from hub.auth import Viewer
from hub.models import Base
from hub.services import grids
from schema.edge import Edge, Match
from schema.node import NODES, Node, Reckoning
from schema.paging import Window


def _columns(model: type[Base]) -> list[ColumnElement[Any]]:
    """Every column of the model's table but those that are read only when asked for."""
    mapper = inspected(model)
    late = {id(column) for attribute in mapper.column_attrs if attribute.deferred for column in attribute.columns}
    return [column for column in mapper.local_table.c if id(column) not in late]


def entity(model: type[Base], source: FromClause | None = None) -> Any:
    """The model as something to select, read from `source`; an interface comes with the columns of all its types."""
    if inspected(model).polymorphic_on is not None and not inspected(model).single:
        return with_polymorphic(model, "*", selectable=source) if source is not None else with_polymorphic(model, "*")
    return model if source is None else aliased(model, source)


def parents(edge: Edge, keys: Any, *, numbered: bool = False) -> Any:
    """The keys of the level as a table `parent(key)`, or `parent(key, n)` with their numbers from 1 on."""
    assert edge.key is not None
    kind = edge.key.type
    more = {"with_ordinality": "n"} if numbered else {}
    table = func.unnest(literal(keys, ARRAY(kind))).table_valued(column("key", kind), name="parent", **more)
    return table.render_derived()


def related(edge: Edge, key: Any) -> ColumnElement[bool]:
    """What ties a target row to one parent."""
    target = edge.column
    assert target is not None
    if edge.match is Match.EQUAL:
        same: ColumnElement[bool] = target == key
        return same
    end = func.concat(func.substr(key, 1, func.length(key) - 1), "0")  # "0" follows "/"
    return and_(target > key if edge.match is Match.BELOW else target >= key, target < end)


def page(edge: Edge, chosen: Select[Any], keys: Sequence[Any], window: Window) -> Select[Any]:
    """(key, row) of one page for each parent, one row more than the page so that it is known whether more follow."""
    model = NODES[edge.target].model
    chosen = chosen.with_only_columns(*_columns(model)).where(*window.conditions())
    chosen = chosen.order_by(*window.ordering()).limit(window.limit + 1)
    if edge.match is Match.ALL:
        return chosen.with_only_columns(literal(None).label("key"), entity(model))
    parent = parents(edge, keys)
    found = chosen.where(related(edge, parent.c.key)).correlate(parent).lateral("found")
    rows = entity(model, found)
    order = [
        getattr(rows, sort.column.key).desc() if sort.descending else getattr(rows, sort.column.key).asc()
        for sort in (window.order if not window.backward else [sort.reversed() for sort in window.order])
    ]
    return select(parent.c.key, rows).select_from(parent).join(found, true()).order_by(*order)


def count(edge: Edge, chosen: Select[Any], keys: Any) -> Select[Any, int]:
    """(key, number of rows) for each parent."""
    if edge.match is Match.ALL:
        return chosen.with_only_columns(literal(None).label("key"), func.count(), maintain_column_froms=True)
    parent = parents(edge, keys)
    counted = chosen.where(related(edge, parent.c.key)).with_only_columns(
        func.count().label("rows"), maintain_column_froms=True
    )
    found = counted.correlate(parent).lateral("found")
    return select(parent.c.key, found.c.rows).select_from(parent).join(found, true())


def rows(edge: Edge, chosen: Select[Any], keys: Sequence[Any]) -> Select[Any]:
    """The rows that any of the parents may want, of an edge that gives one row or a short list."""
    target = edge.column
    assert target is not None
    model = NODES[edge.target].model
    wanted = sorted({path for key in keys for path in grids.ancestors(key)}) if edge.match is Match.ABOVE else keys
    return chosen.with_only_columns(entity(model)).where(target == any_(literal(list(wanted), ARRAY(target.type))))


def reckoning(told: Reckoning, viewer: Viewer, keys: Any) -> Select[*tuple[Any, ...]]:
    """(key, value) for each parent that has a value."""
    return told.select(viewer, literal(keys, ARRAY(told.key.type)))


def by_key(node: Node, chosen: Select[Any], keys: Sequence[tuple[Any, ...]]) -> Select[Any]:
    """The rows with these primary keys."""
    chosen = chosen.with_only_columns(entity(node.model))
    if len(node.key) == 1:
        (only,) = node.key
        return chosen.where(only == any_(literal([key for (key,) in keys], ARRAY(only.type))))
    return chosen.where(or_(*(and_(*(c == v for c, v in zip(node.key, key, strict=True))) for key in keys)))
