"""Nodes: types of the API built from the models. A node lists by name which scalars it shows; type and description are
the model's own."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from functools import cache, cached_property
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import strawberry
from sqlalchemy import ColumnElement, Select
from sqlalchemy import inspect as inspected
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from strawberry.annotation import StrawberryAnnotation
from strawberry.scalars import JSON
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from hub.auth import Viewer
from hub.models import Base
from schema import ids
from schema.errors import BadId

Class = TypeVar("Class", bound=type)
Column = InstrumentedAttribute[Any]
Visible = Callable[[Viewer], Select[Any]]

REGISTRY: dict[str, Any] = {}  # every type that a field or an argument names by string


@dataclass(frozen=True, eq=False)
class Node:
    """What the API knows of a noun. Executors plan from this and from the edges."""

    name: str
    model: type[Base]
    visible: Visible
    description: str
    natural: str | None = None
    columns: dict[str, Column] = field(default_factory=dict)

    @cached_property
    def key(self) -> tuple[Column, ...]:
        """The primary key, as attributes of the model."""
        mapper = inspected(self.model)
        return tuple(getattr(self.model, mapper.get_property_by_column(column).key) for column in mapper.primary_key)

    @property
    def tree(self) -> Column | None:
        """The column that says where in the tree of grids a row stands."""
        found: Column | None = getattr(self.model, "grid_path", None) or getattr(self.model, "path", None)
        return found


NODES: dict[str, Node] = {}
_BY_MODEL: dict[type[Base], Node] = {}


def named(annotation: str) -> StrawberryAnnotation:
    """An annotation that is looked up in the registry when the schema is built: no import cycles between nouns."""
    return StrawberryAnnotation(annotation, namespace=REGISTRY)


class NamedField(StrawberryField):
    """A field whose type is named by string. Dataclasses hand that string back bare: the registry must stay with it."""

    @property
    def type(self) -> Any:
        return self.resolve_type()

    @type.setter
    def type(self, type_: Any) -> None:
        if not isinstance(type_, str):
            self.type_annotation = StrawberryAnnotation.from_annotation(type_)


def registered(cls: Class) -> Class:
    """Make a type known by its name."""
    REGISTRY[cls.__name__] = cls
    return cls


def term(vocabulary: type[Enum]) -> type[Enum]:
    """A vocabulary as a GraphQL enum: its docstring and the meaning of each value become descriptions."""
    if vocabulary.__name__ not in REGISTRY:
        strawberry.enum(vocabulary, description=vocabulary.__doc__ or "")
        for value in vocabulary.__strawberry_definition__.values:  # type: ignore[attr-defined]
            value.description = value.value
        registered(vocabulary)
    return vocabulary


def python_type(column: Column) -> Any:
    """The Python type of a mapped column, without `| None`."""
    return next(part for part in _parts(column) if part is not type(None))


def optional(column: Column) -> bool:
    """Whether a row may have no value there."""
    return type(None) in _parts(column)


def _parts(column: Column) -> tuple[Any, ...]:
    model: Any = column.class_
    (mapped,) = get_args(_hints(model)[column.key])
    return get_args(mapped) if get_origin(mapped) in (Union, UnionType) else (mapped,)


@cache
def _hints(model: type) -> dict[str, Any]:
    return get_type_hints(model)


def graphql_type(column: Column) -> Any:
    """The annotation that Strawberry needs for a mapped column."""
    kind = python_type(column)
    if get_origin(kind) is dict:
        kind = JSON
    elif isinstance(kind, type) and issubclass(kind, Enum):
        kind = term(kind)
    elif kind not in (str, int, float, bool, date, datetime, list[str]):
        raise TypeError(f"{column} has a type that the API cannot show: {kind}.")
    return kind | None if optional(column) else kind


def described(column: Column) -> str:
    """The description of a column, which every shown one must have."""
    text: str | None = column.property.columns[0].doc
    if not text:
        raise TypeError(f"{column} is shown, but its column has no doc.")
    return text


def _id(root: strawberry.Parent[Any]) -> strawberry.ID:
    return strawberry.ID(global_id(root))


@strawberry.interface(name="Node", description="Anything that has an id (节点): `node(id)` finds it again.")
class Identified:
    """The Relay interface `Node`."""

    id = strawberry.field(
        resolver=_id, description="The id: opaque, and unique in the whole hub (全局标识).", metadata={"id": True}
    )

    @staticmethod
    def resolve_type(row: Any, _info: object, _abstract: object) -> str:
        return node_of(row).name


REGISTRY["Node"] = Identified


def node(
    model: type[Base],
    visible: Visible,
    shows: str | Iterable[str],
    *,
    natural: str | None = None,
    interface: bool = False,
) -> Callable[[Class], Class]:
    """Make the decorated class the API's type for `model`. `natural` is the key that people use, like a code."""
    names = shows.split() if isinstance(shows, str) else list(shows)

    def build(cls: Class) -> Class:
        columns = {name: getattr(model, name) for name in names}
        for name, column in columns.items():
            setattr(cls, name, strawberry.field(description=described(column)))
        cls.__annotations__ = {name: graphql_type(column) for name, column in columns.items()}
        inherited = next((NODES[base.__name__].columns for base in cls.__bases__ if base.__name__ in NODES), {})
        said = _first(model.__doc__)
        own = Node(cls.__name__, model, visible, said, natural, inherited | columns)
        NODES[own.name] = _BY_MODEL[model] = own
        if interface:
            return registered(strawberry.interface(cls, description=own.description))
        cls.is_type_of = staticmethod(lambda row, _info: node_of(row) is own)  # type: ignore[attr-defined]
        return registered(strawberry.type(cls, description=own.description))

    return build


def _first(docstring: str | None) -> str:
    return (docstring or "").split("\n\n")[0].strip()


def node_of(row: Any) -> Node:
    """The node that shows this row."""
    return _BY_MODEL[type(row)]


def global_id(row: Any) -> str:
    """The id of a row."""
    own = node_of(row)
    return ids.encode(own.name, tuple(getattr(row, column.key) for column in own.key))


def identified() -> dict[str, Node]:
    """The nodes whose rows have an id."""
    return {name: node for name, node in NODES.items() if issubclass(REGISTRY[name], Identified)}


def key_for(name: str, id: str, *, field: str = "id") -> ids.Key:
    """The key that an id of type `name`, or of a type that implements it, holds. Raises BadId, naming the argument."""
    found, key = ids.decode(id, field=field)
    if (found, len(key)) not in _ids(name):
        raise BadId(id, expected=name, field=field)
    return key


@cache
def _ids(name: str) -> frozenset[tuple[str, int]]:
    """The types that an id of this type may name, and how many parts their keys have."""
    kinds = {known: node for known, node in identified().items() if issubclass(REGISTRY[known], REGISTRY[name])}
    return frozenset((known, len(node.key)) for known, node in kinds.items())


def uuid_for(name: str, id: str, *, field: str = "id") -> UUID:
    """The same as one UUID: the row's own key, without that of the request it belongs to."""
    *_, key = key_for(name, id, field=field)
    return key


def computed(
    needs: Iterable[Column],
    function: Callable[..., Any],
    *,
    type: Any,
    description: str,
    where: ColumnElement[bool] | None = None,
) -> Any:
    """A field made in Python of the columns that `needs` declares. `where`: the same as SQL, to filter by."""
    columns = tuple(needs)

    def resolve(root: strawberry.Parent[Any]) -> Any:
        return function(*(getattr(root, column.key) for column in columns))

    told = {"needs": columns, "function": function} | ({} if where is None else {"where": where})
    return strawberry.field(resolver=resolve, graphql_type=type, description=description, metadata=told)


def batched(
    needs: Iterable[Column],
    function: Callable[[Viewer, Sequence[tuple[Any, ...]]], Awaitable[Sequence[Any]]],
    *,
    type: Any,
    description: str,
) -> Any:
    """A field that Python makes for a whole level at once: each row brings the columns that `needs` declares.

    `function` gets the viewer and the rows without repetition, and gives a value for each, in the same order.
    """
    columns = tuple(needs)

    async def resolve(root: strawberry.Parent[Any], info: strawberry.Info) -> Any:
        return await info.context.loaders.batch(function, tuple(getattr(root, column.key) for column in columns))

    told = {"needs": columns, "batch": function}
    return strawberry.field(resolver=resolve, graphql_type=type, description=description, metadata=told)


@dataclass(frozen=True, eq=False, slots=True)
class Reckoning:
    """What the database reckons for each row of a level: `select` gives (key, value), `empty` stands for no row.

    `select` is told who asks and the keys, an array: `column == any_(keys)`.
    """

    key: Column
    select: Callable[[Viewer, ColumnElement[Any]], Select[*tuple[Any, ...]]]
    empty: Any = None


def reckoned(
    key: Column,
    select: Callable[[Viewer, ColumnElement[Any]], Select[*tuple[Any, ...]]],
    *,
    type: Any,
    description: str,
    empty: Any = None,
    where: ColumnElement[bool] | None = None,
) -> Any:
    """A field that one statement reckons for a whole level. `where`: the same as SQL, to filter by."""
    made = Reckoning(key, select, empty)

    async def resolve(root: strawberry.Parent[Any], info: strawberry.Info) -> Any:
        return await info.context.loaders.reckon(made, getattr(root, key.key))

    told = {"reckoning": made, "rows": 1} | ({} if where is None else {"where": where})
    return strawberry.field(resolver=resolve, graphql_type=type, description=description, metadata=told)


def looked_up(
    needs: Iterable[Column],
    function: Callable[[AsyncSession, Viewer, Sequence[tuple[Any, ...]]], Awaitable[Sequence[Any]]],
    *,
    type: Any,
    description: str,
) -> Any:
    """The same for a field that is read from the database: `function` gets a session that cannot write, too."""
    columns = tuple(needs)

    async def resolve(root: strawberry.Parent[Any], info: strawberry.Info) -> Any:
        return await info.context.loaders.look_up(function, tuple(getattr(root, column.key) for column in columns))

    told = {"needs": columns, "look_up": function}
    return strawberry.field(resolver=resolve, graphql_type=type, description=description, metadata=told)


def graphql_name(python_name: str) -> str:
    """How a Python name is written in the API."""
    return to_camel_case(python_name)


def bare(key: Column) -> Any:
    """The field that shows the key as the command line does."""
    description = "The bare key, as the command line shows it; there `id` does as well (行键)."
    return computed([key], str, type=str, description=description)
