"""Pages: orders, cursors and bounds. A cursor holds the sort values of its row, so rows that come or go elsewhere move
nothing; NULL sorts as PostgreSQL has it, above every value."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import orjson
import strawberry
from sqlalchemy import BigInteger, ColumnElement, and_, literal, or_, tuple_

from hub.errors import Invalid
from schema.errors import BadCursor
from schema.node import Column, Node, described, graphql_name, optional, python_type, registered
from schema.terms import chinese, with_terms

DEFAULT_PAGE = 20
LARGEST_PAGE = 200
SORTABLE = (str, int, float, bool, date, datetime)


@dataclass(frozen=True, eq=False, slots=True)
class Sort:
    """One column of an order."""

    column: Column
    descending: bool

    def by(self) -> ColumnElement[Any]:
        return self.column.desc() if self.descending else self.column.asc()

    def reversed(self) -> "Sort":
        return Sort(self.column, not self.descending)

    def __str__(self) -> str:
        return f"{'-' if self.descending else ''}{self.column.key}"


def parse(node: Node, order: Iterable[str]) -> tuple[Sort, ...]:
    """An order written as column names, "-" for descending, closed by the primary key so that no two rows tie."""
    sorts = [Sort(getattr(node.model, name.lstrip("-")), name.startswith("-")) for name in order]
    named = {sort.column.key for sort in sorts}
    descending = bool(sorts) and sorts[-1].descending
    return (*sorts, *(Sort(column, descending) for column in node.key if column.key not in named))


def order_type(node: Node) -> Any:
    """The enum of what a list of this noun can be ordered by."""
    ways: dict[str, str] = {}
    said: dict[str, str] = {}
    for name, column in node.columns.items():
        kind = python_type(column)
        if isinstance(kind, type) and issubclass(kind, (*SORTABLE, Enum)):
            for suffix, sign, words, way in (
                ("ASC", "", "smallest first", "升序"),
                ("DESC", "-", "largest first", "降序"),
            ):
                ways[f"{name.upper()}_{suffix}"] = f"{sign}{name}"
                said[f"{name.upper()}_{suffix}"] = with_terms(
                    f"By `{graphql_name(name)}`, {words}", chinese(described(column)), way
                )
    name = f"{node.name}Order"
    made = Enum(name, ways)  # type: ignore[misc]  # mypy wants the name in letters
    strawberry.enum(
        made, description=f"What a list of {node.name} can be ordered by ({chinese(node.description)}排序)."
    )
    for value in made.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = said[value.name]
    return registered(made)


@dataclass(frozen=True, eq=False, slots=True)
class Window:
    """Which part of an ordered list is asked for. `order` is the one that the client sees, also where it reads back."""

    order: tuple[Sort, ...]
    limit: int
    backward: bool = False
    after: tuple[Any, ...] | None = None
    before: tuple[Any, ...] | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Only rows beyond the cursors."""
        backwards = [sort.reversed() for sort in self.order]
        return [
            *([beyond(self.order, self.after)] if self.after is not None else []),
            *([beyond(backwards, self.before)] if self.before is not None else []),
        ]

    def ordering(self) -> list[ColumnElement[Any]]:
        return [(sort.reversed() if self.backward else sort).by() for sort in self.order]


def window(
    node: Node,
    order: Sequence[str],
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Window:
    """The arguments of a connection, checked. Raises Invalid and BadCursor."""
    if first is not None and last is not None:
        raise Invalid("Ask for `first` or for `last`, not for both.", field="first")
    for name, count in (("first", first), ("last", last)):
        if count is not None and not 0 <= count <= LARGEST_PAGE:
            raise Invalid(f"`{name}` is {count}: it must lie between 0 and {LARGEST_PAGE}.", field=name)
    sorts = parse(node, order)
    return Window(
        sorts,
        limit=next((count for count in (first, last) if count is not None), DEFAULT_PAGE),
        backward=last is not None,
        after=None if after is None else uncursor(sorts, after),
        before=None if before is None else uncursor(sorts, before),
    )


def beyond(order: Sequence[Sort], values: Sequence[Any]) -> ColumnElement[bool]:
    """Rows that come strictly after the row with these sort values."""
    columns = [sort.column for sort in order]
    if len({sort.descending for sort in order}) == 1 and not any(optional(column) for column in columns):
        left, right = tuple_(*columns), tuple_(*map(literal, values, (column.type for column in columns)))
        return left < right if order[0].descending else left > right
    ways: list[ColumnElement[bool]] = []
    same: list[ColumnElement[bool]] = []
    for sort, value in zip(order, values, strict=True):
        at = literal(value, sort.column.type)
        ways.append(and_(*same, _past(sort, at)))
        same.append(sort.column.is_not_distinct_from(at) if optional(sort.column) else sort.column == at)
    return or_(*ways)


def _past(sort: Sort, value: ColumnElement[Any]) -> ColumnElement[bool]:
    """Rows after that value. NULL, where there can be one, comes after all values."""
    if not optional(sort.column):
        return sort.column < value if sort.descending else sort.column > value
    if sort.descending:
        return or_(sort.column < value, and_(value.is_(None), sort.column.is_not(None)))
    return or_(sort.column > value, and_(value.is_not(None), sort.column.is_(None)))


def cursor(order: Sequence[Sort], row: Any) -> str:
    """The place of a row in an order, opaque."""
    return ways(order)(*(_plain(getattr(row, sort.column.key)) for sort in order))


def ways(order: Sequence[Sort]) -> Callable[..., str]:
    """A function that makes a cursor of the values, in this order, of a row: vocabularies by name."""
    said = ",".join(map(str, order))
    return lambda *values: urlsafe_b64encode(orjson.dumps([said, *values], str)).decode().rstrip("=")


def uncursor(order: Sequence[Sort], text: str) -> tuple[Any, ...]:
    """The sort values in a cursor. Raises BadCursor."""
    try:
        ways, *values = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, TypeError) as error:
        raise BadCursor(f"{text[:100]!r} is no cursor.") from error
    if ways != ",".join(map(str, order)):
        raise BadCursor("The cursor belongs to another order.")
    try:
        return tuple(_typed(sort.column, value) for sort, value in zip(order, values, strict=True))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise BadCursor(f"{text[:100]!r} is no cursor.") from error


def _plain(value: Any) -> Any:
    return value.name if isinstance(value, Enum) else value


def _typed(column: Column, value: Any) -> Any:
    """A cursor's value as the column has it; anything else raises."""
    kind = python_type(column)
    if value is None:
        if not optional(column):
            raise ValueError
        return None
    if issubclass(kind, Enum):
        return kind[value]
    if issubclass(kind, datetime | date):
        return kind.fromisoformat(value)
    if kind is UUID:
        return UUID(value)
    if kind is int:
        value.to_bytes(8 if isinstance(column.type, BigInteger) else 4, "big", signed=True)
    if not isinstance(value, (int, float) if kind is float else kind):
        raise TypeError
    if isinstance(value, str) and "\0" in value:
        raise ValueError
    return value
