"""Filters: for each noun an input made from what it shows, and the SQL that the input means."""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import partial
from typing import Any, TypeAlias

import strawberry
from sqlalchemy import TEXT, ColumnElement, and_, any_, false, func, literal, not_, or_, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from strawberry.scalars import JSON

from hub.auth import Viewer, under
from hub.errors import Invalid
from hub.later import alone, later
from schema.edge import Edge, Match, Shape
from schema.inputs import Slot, input_type
from schema.node import (
    NODES,
    REGISTRY,
    Column,
    Node,
    described,
    graphql_name,
    identified,
    key_for,
    optional,
    python_type,
    uuid_for,
)
from schema.terms import chinese, with_terms

Filter: TypeAlias = Mapping[str, Any]
Ref: TypeAlias = tuple[str, Any]  # ("code", "150602") or ("id", a UUID): a grid that a filter names
PathOf: TypeAlias = Callable[[Ref], Any]

MOST_VALUES = 1000
LARGEST_DEPTH = 12

NULL = Slot("null", "bool | None", "True: rows without a value; false: rows with one (有无).")


def _compare(kind: str) -> list[Slot]:
    said = {
        "eq": "The same (等于).",
        "gt": "Larger (大于).",
        "gte": "Larger or the same (不小于).",
        "lt": "Smaller (小于).",
        "lte": "Smaller or the same (不大于).",
    }
    return [*(Slot(name, f"{kind} | None", words) for name, words in said.items()), NULL]


RANGES: dict[type, str] = {int: "IntRange", float: "FloatRange", date: "DateRange", datetime: "TimeRange"}
REGISTRY.update(date=date, datetime=datetime, strawberry=strawberry, JSON=JSON)
for _kind, _name in RANGES.items():
    input_type(_name, "All the bounds that are given hold together (范围).", _compare(_kind.__name__))
input_type(
    "StringFilter",
    "All the tests that are given hold together (文本条件). Latin letters: case does not matter but in eq, ne and in.",
    [
        Slot("eq", "str | None", "The same text (等于)."),
        Slot("ne", "str | None", "Another text, or none (不等于)."),
        Slot("in", "list[str | None] | None", "One of these; a null in the list means rows without a value (属于)."),
        Slot("contains", "str | None", "Holds this text, taken as it stands: %, _ and \\ mean themselves (包含)."),
        Slot("startsWith", "str | None", "Begins with this text, taken as it stands (开头是)."),
        NULL,
    ],
)
GRID_REF = input_type(
    "GridRef",
    "Names one grid: by its code or by its id (网格).",
    [
        Slot("code", "str | None", "Its statistical code (区划代码)."),
        Slot("id", "strawberry.ID | None", "Its id (标识)."),
    ],
    one_of=True,
)


BOUNDS = {"eq": "eq", "gt": "gt", "gte": "ge", "lt": "lt", "lte": "le"}  # to the names of Python's operators


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, and where the grids are that the filter names."""

    viewer: Viewer
    path: PathOf


@dataclass(frozen=True, slots=True)
class Test:
    """One field of a filter and the SQL that it means."""

    slot: Slot
    sql: Callable[[Any, Asked], ColumnElement[bool]]


TESTS: dict[str, dict[str, Test]] = {}


def filter_type(node: Node) -> Any:
    """The filter input of a noun."""
    itself = f"{node.name}Filter"
    tests = {test.slot.name: test for test in _tests(node)}
    TESTS[node.name] = tests
    slots = [
        Slot("and", f"list[{itself}] | None", "All of these hold (且)."),
        Slot("or", f"list[{itself}] | None", "At least one of these holds (或)."),
        Slot("not", f"{itself} | None", "This does not hold; where it cannot be decided, it does not (非)."),
        Slot("null", "bool | None", "Only inside an edge's filter: true finds rows that lead nowhere (有无)."),
        *(test.slot for test in tests.values()),
    ]
    return input_type(
        itself,
        f"Which {node.name} are meant; all that is given holds together ({chinese(node.description)}筛选).",
        slots,
    )


def _tests(node: Node) -> Iterator[Test]:
    if node.name in identified():
        slot = Slot("id", "list[strawberry.ID] | None", "One of these ids (标识).")
        yield Test(slot, lambda value, _asked: _keyed(node, value))
    if (tree := node.tree) is not None:
        slot = Slot("under", "GridRef | None", "At or below this grid (网格范围).")
        yield Test(slot, lambda value, asked: under(tree, asked.path(reference(value, field="filter"))))
    for name, column in node.columns.items():
        yield from _column_tests(graphql_name(name), column, natural=name == node.natural)
    for field in REGISTRY[node.name].__strawberry_definition__.fields:
        edge: Edge | None = field.metadata.get("edge")
        if edge is not None and edge.shape is Shape.ONE and edge.match is Match.EQUAL and edge.target in NODES:
            name = graphql_name(field.python_name)
            slot = Slot(
                name,
                f"{edge.target}Filter | None",
                with_terms(f"Where `{name}` leads to one of these", chinese(field.description)),
            )
            yield Test(slot, _through(edge))
        if (condition := field.metadata.get("where")) is not None:
            slot = Slot(graphql_name(field.python_name), "bool | None", field.description)
            yield Test(slot, _whether(condition))


def _whether(condition: ColumnElement[bool]) -> Callable[[Any, Asked], ColumnElement[bool]]:
    return lambda value, _asked: condition if value else not_(condition)


def _column_tests(name: str, column: Column, *, natural: bool) -> Iterator[Test]:
    kind, said = python_type(column), described(column)
    if kind == list[str]:
        slot = Slot(name, "list[str] | None", f"{said} Holds one of these.")
        yield Test(slot, lambda value, _asked: func.jsonb_exists_any(column, literal(value, ARRAY(TEXT))))
    elif kind is str:
        if natural:
            yield Test(
                Slot(name, "list[str | None] | None", f"{said} One of these."), lambda v, _asked: _one_of(column, v)
            )
            name = f"{name}Text"
        yield Test(Slot(name, "StringFilter | None", said), lambda value, _asked: _text(column, value))
    elif kind is bool and not optional(column):
        yield Test(Slot(name, "bool | None", said), lambda value, _asked: column.is_(value))
    elif kind is bool or (isinstance(kind, type) and issubclass(kind, Enum)):
        slot = Slot(name, f"list[{kind.__name__} | None] | None", f"{said} One of these; null: rows without a value.")
        yield Test(slot, lambda value, _asked: _one_of(column, value))
    elif kind in RANGES:
        yield Test(Slot(name, f"{RANGES[kind]} | None", said), lambda value, _asked: between(column, value))


def where(node: Node, filter: Filter, asked: Asked, *, inside: bool = False) -> ColumnElement[bool]:
    """What a filter of `node` means. A null for a field says nothing. `inside`: it is the filter of an edge."""
    parts = list[ColumnElement[bool]]()
    for name, value in filter.items():
        if value is None:
            continue
        if name == "and":
            parts.append(and_(true(), *(where(node, one, asked) for one in value)))
        elif name == "or":
            parts.append(or_(false(), *(where(node, one, asked) for one in value)))
        elif name == "not":
            parts.append(where(node, value, asked).is_not(true()))
        elif name == "null":
            if not inside:
                raise Invalid(
                    "`null` belongs into the filter of an edge, as in {assignee: {null: true}}.", field="filter"
                )
        else:
            parts.append(TESTS[node.name][name].sql(value, asked))
    return and_(true(), *parts)


def checked(filter: Filter) -> Filter:
    """The same filter, if it is of a size that makes sense. Raises Invalid."""
    if (size := _size(filter, 1)) > MOST_VALUES:
        raise Invalid(f"The filter holds {size} values: at most {MOST_VALUES} are taken. Ask in parts.", field="filter")
    return filter


def _size(value: Any, depth: int) -> int:
    if depth > LARGEST_DEPTH:
        raise Invalid(f"The filter is nested more than {LARGEST_DEPTH} deep: write it flatter.", field="filter")
    if isinstance(value, Mapping):
        return sum(_size(one, depth + 1) for one in value.values())
    return sum(_size(one, depth) for one in value) if isinstance(value, list) else 1


def references(filter: Filter) -> set[Ref]:
    """The grids that a filter names, wherever they stand in it."""
    found: set[Ref] = set()
    for name, value in filter.items():
        if name == "under" and value is not None:
            found.add(reference(value, field="filter"))
        elif isinstance(value, Mapping):
            found |= references(value)
        elif isinstance(value, list):
            found |= {ref for one in value if isinstance(one, Mapping) for ref in references(one)}
    return found


def reference(value: Mapping[str, Any], *, field: str) -> Ref:
    """The grid that a GridRef names, in the argument `field`."""
    if "id" not in value:
        return "code", value["code"]
    return "id", later(value["id"], lambda id: uuid_for("Grid", id, field=field))


def _keyed(node: Node, values: list[str]) -> ColumnElement[bool]:
    if len(node.key) == 1:
        (only,) = node.key
        if alone(values):
            same: ColumnElement[bool] = only == later(values[0], lambda id: uuid_for(node.name, id, field="filter"))
            return same
        wanted = later(values, lambda ids: [uuid_for(node.name, id, field="filter") for id in ids])
        return only == any_(literal(wanted, ARRAY(only.type)))
    keys = later(values, lambda ids: [key_for(node.name, id, field="filter") for id in ids])
    parts = [later(keys, partial(_column_of, at)) for at in range(len(node.key))]
    rows = [func.unnest(literal(part, ARRAY(column.type))) for part, column in zip(parts, node.key, strict=True)]
    return tuple_(*node.key).in_(select(*rows))


def _column_of(at: int, keys: Iterable[tuple[Any, ...]]) -> list[Any]:
    return [key[at] for key in keys]


def _through(edge: Edge) -> Callable[[Any, Asked], ColumnElement[bool]]:
    def sql(value: Filter, asked: Asked) -> ColumnElement[bool]:
        target, key, column = NODES[edge.target], edge.key, edge.column
        assert key is not None
        assert column is not None
        meant = edge.visible(asked.viewer).where(where(target, value, asked, inside=True))
        one = any(value.get(name) is not None and alone(value[name]) for name in unique(target))
        ids = meant.with_only_columns(column)
        leads: ColumnElement[bool] = key == ids.scalar_subquery() if one else key.in_(ids)
        return leads.is_not(true()) if value.get("null") else leads

    return sql


def unique(node: Node) -> list[str]:
    """The fields of a filter that name one row where they hold one value."""
    natural = node.natural and graphql_name(node.natural)
    return [name for name in ("id", natural) if name and name in TESTS[node.name]]


def _one_of(column: Column, values: Any) -> ColumnElement[bool]:
    if alone(values):
        same: ColumnElement[bool] = column == values[0]
        return same
    given = later(values, lambda values: [value for value in values if value is not None])
    found = column == any_(literal(given, ARRAY(column.type)))
    return or_(found, column.is_(None)) if None in values else found


def between(column: Column, value: Mapping[str, Any]) -> ColumnElement[bool]:
    """What a range means for a column."""
    return and_(true(), *(_bound(column, name, bound) for name, bound in value.items() if bound is not None))


def _bound(column: Column, name: str, bound: Any) -> ColumnElement[bool]:
    if name == "null":
        return column.is_(None) if bound else column.is_not(None)
    compared: ColumnElement[bool] = getattr(operator, BOUNDS[name])(column, bound)
    return compared


def _text(column: Column, value: Mapping[str, Any]) -> ColumnElement[bool]:
    return and_(true(), *(_text_test(column, name, text) for name, text in value.items() if text is not None))


def _text_test(column: Column, name: str, text: Any) -> ColumnElement[bool]:
    match name:
        case "ne":
            return column.is_distinct_from(text)
        case "in":
            return _one_of(column, text)
        case "contains":
            return column.ilike(later(text, lambda text: f"%{_literal(text)}%"), escape="\\")
        case "startsWith":
            return column.ilike(later(text, lambda text: f"{_literal(text)}%"), escape="\\")
    return _bound(column, name, text)


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
