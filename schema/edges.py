"""Edges between nouns: declared once, batched, permission-checked. One line makes an edge."""

from collections.abc import Hashable, Mapping
from typing import Any

from strawberry.annotation import StrawberryAnnotation

from hub.errors import Invalid
from schema.connections import Connection
from schema.context import Info
from schema.edge import Edge, Match, Shape
from schema.filters import checked
from schema.inputs import Slot, arguments
from schema.node import NODES, Column, NamedField, Visible, described, graphql_name, key_for, named
from schema.paging import DEFAULT_PAGE, LARGEST_PAGE, window
from schema.terms import chinese, with_terms

FIRST = f"The size of the page, from its start: {DEFAULT_PAGE} unless said, at most {LARGEST_PAGE} (前几条)."


class EdgeField(NamedField):
    """A field that follows its edge; `metadata["edge"]` tells it to other executors."""

    is_basic_field = False

    def __init__(self, edge: Edge, type_annotation: StrawberryAnnotation, description: str, slots: list[Slot]) -> None:
        super().__init__(type_annotation=type_annotation, description=description, metadata={"edge": edge})
        self.edge = edge
        self.slots = slots
        self.arguments = arguments(slots)

    def __copy__(self) -> "EdgeField":
        assert self.type_annotation is not None
        copied = type(self)(self.edge, self.type_annotation, self.description or "", self.slots)
        copied.python_name, copied.origin = self.python_name, self.origin
        return copied


class Few(EdgeField):
    """One row or a short list."""

    def get_result(self, source: Any, info: Info | None, args: list[Any], kwargs: Any) -> Any:
        assert info is not None
        key = self.edge.key_of(source)
        return None if key is None else info.context.loaders.few(self.edge, key)


class Many(EdgeField):
    """A connection."""

    def get_result(self, source: Any, info: Info | None, args: list[Any], kwargs: Any) -> Any:
        assert info is not None
        return connect(self.edge, source, info, kwargs)


class Found(EdgeField):
    """One row by its id or by the key that people use."""

    def get_result(self, source: Any, info: Info | None, args: list[Any], kwargs: Any) -> Any:
        assert info is not None
        given = {name: value for name, value in kwargs.items() if value is not None}
        if len(given) != 1:
            names = " or by ".join(f"`{slot.name}`" for slot in self.slots)
            raise Invalid(f"Name one {self.edge.target}, by {names}: {len(given)} of them were given.")
        (name, value), node = given.popitem(), NODES[self.edge.target]
        if name == "id":
            return info.context.loaders.row(node, key_for(node.name, value))
        return info.context.loaders.few(self.edge, value)


def connect(edge: Edge, source: Any, info: Info, given: Mapping[str, Any]) -> Connection:
    """The connection that an edge and its arguments describe; nothing is read yet. Raises Invalid and BadCursor."""
    node = NODES[edge.target]
    order = tuple(way.value for way in given.get("order_by") or ()) or edge.order
    cuts = {name: given.get(name) for name in ("first", "after", "last", "before")}
    filter = checked(given["filter"]) if given.get("filter") else None
    asked = (frozen(filter), order, tuple(cuts.values()))
    return Connection(edge, edge.key_of(source), filter, window(node, order, **cuts), asked, info.context.loaders)


def frozen(value: Any) -> Hashable:
    """Arguments as a key of the batch."""
    if isinstance(value, Mapping):
        return tuple(sorted((name, frozen(one)) for name, one in value.items()))
    return tuple(map(frozen, value)) if isinstance(value, list) else value


def one(target: str, visible: Visible, column: Column, *, key: Column, description: str) -> Any:
    """The row whose `column` is this row's `key`; null where there is none, or none that the viewer may see."""
    edge = Edge(target, visible, Shape.ONE, Match.EQUAL, column, key)
    return Few(edge, named(f"{target} | None"), description, [])


def many(target: str, visible: Visible, column: Column, *, key: Column, order: str = "id", description: str) -> Any:
    """The rows whose `column` is this row's `key`, page by page."""
    return _many(Edge(target, visible, Shape.PAGE, Match.EQUAL, column, key, tuple(order.split())), description)


def inside(
    target: str, visible: Visible, column: Column, *, key: Column, order: str, strictly: bool = False, description: str
) -> Any:
    """The rows whose path lies in the subtree of this row's path, page by page; `strictly` leaves out its root."""
    match = Match.BELOW if strictly else Match.UNDER
    return _many(Edge(target, visible, Shape.PAGE, match, column, key, tuple(order.split())), description)


def above(target: str, visible: Visible, column: Column, *, key: Column, description: str) -> Any:
    """The rows whose path lies above this row's path, from the top down: as many as the tree is deep."""
    edge = Edge(target, visible, Shape.LIST, Match.ABOVE, column, key)
    return Few(edge, named(f"list[{target}]"), description, [])


def few(target: str, visible: Visible, column: Column, *, key: Column, description: str) -> Any:
    """The rows whose `column` is this row's `key`, all of them: for what is never many."""
    edge = Edge(target, visible, Shape.LIST, Match.EQUAL, column, key)
    return Few(edge, named(f"list[{target}]"), description, [])


def connection(target: str, visible: Visible, *, order: str, description: str) -> Any:
    """All rows that the viewer may see, page by page."""
    return _many(Edge(target, visible, Shape.PAGE, order=tuple(order.split())), description)


def found(target: str, visible: Visible, column: Column | None = None, *, description: str) -> Any:
    """One row by its id, or by `column`, a key that people use."""
    slots = [Slot("id", "strawberry.ID | None", "Its id (标识).")]
    if column is not None:
        words = with_terms(f"Its {column.key}, as people use it", chinese(described(column)))
        slots.append(Slot(column.key, "str | None", words))
    edge = Edge(target, visible, Shape.ONE, Match.EQUAL, column)
    return Found(edge, named(f"{target} | None"), description, slots)


def _many(edge: Edge, description: str) -> Any:
    target = edge.target
    default = ", ".join(
        f"{graphql_name(name.lstrip('-'))} {'DESC' if name[0] == '-' else 'ASC'}" for name in edge.order
    )
    slots = [
        Slot("filter", f"{target}Filter | None", "Only these (筛选)."),
        Slot("order_by", f"list[{target}Order] | None", f"The order; unless said: {default} (排序)."),
        Slot("first", "int | None", FIRST),
        Slot("after", "str | None", "Only rows after this cursor (在此之后)."),
        Slot("last", "int | None", "The size of the page, from its end, instead of `first` (后几条)."),
        Slot("before", "str | None", "Only rows before this cursor (在此之前)."),
    ]
    return Many(edge, named(f"{target}Connection"), description, slots)
