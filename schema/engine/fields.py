"""Selections: the expression that makes a row's dict, field by field, noting the columns that it needs."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from graphql import GraphQLField, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLOutputType
from graphql.execution.collect_fields import FieldDetails, collect_subfields
from graphql.execution.values import VariableValues
from graphql.type import is_abstract_type, is_leaf_type
from sqlalchemy import BigInteger, Float
from sqlalchemy import Enum as Vocabulary
from sqlalchemy import inspect as inspected

from schema import ids
from schema.edge import Edge
from schema.engine import code
from schema.engine.arguments import own
from schema.engine.documents import Operation
from schema.engine.plan import Below, Draft, Level, Unplannable
from schema.engine.sql import Source
from schema.node import NODES, Node, Reckoning

Details = Sequence[FieldDetails]
Follow = Callable[[Draft, Source, Edge, GraphQLObjectType, Details], str]
Reckon = Callable[[Reckoning], Level]


class Fields:
    """Writes expressions for the selections of one operation; `follow` does so for edges, `reckon` plans a level of
    what the database reckons."""

    def __init__(
        self, operation: Operation, variables: VariableValues, written: code.Code, follow: Follow, reckon: Reckon
    ) -> None:
        self._operation, self._variables, self._code = operation, variables, written
        self._follow, self._reckon = follow, reckon

    def collect(self, kind: GraphQLObjectType, details: Details) -> Mapping[str, Details]:
        """The fields that are asked of this type, by their names in the answer."""
        operation = self._operation
        found = collect_subfields(
            operation.core, operation.fragments, self._variables, operation.node, kind, list(details)
        )
        return found.grouped_field_set

    def type(self, name: str) -> Any:
        """A type of the schema."""
        return self._operation.core.type_map[name]

    def row(self, draft: Draft, source: Source, kind: Any, details: Details) -> str:
        """The expression for a row, by its type where the selection depends on it."""
        if not is_abstract_type(kind):
            return self._fields(draft, source, kind, details)
        mapper = inspected(source.node.model)
        column = mapper.polymorphic_on
        assert column is not None
        found = {
            identity.name: self._fields(draft, source, self.type(mapped.class_.__name__), details)
            for identity, mapped in mapper.polymorphic_map.items()
        }
        *others, last = found.items()
        if all(expression == last[1] for _, expression in others):
            return last[1]
        at = draft.layout.position(source, column.key)
        chain = "".join(f"{expression} if r[{at}] == {name!r} else " for name, expression in others)
        return f"({chain}{last[1]})"

    def _fields(self, draft: Draft, source: Source, kind: GraphQLObjectType, details: Details) -> str:
        return code.mapping(
            {name: self._field(draft, source, kind, sub) for name, sub in self.collect(kind, details).items()}
        )

    def _field(self, draft: Draft, source: Source, kind: GraphQLObjectType, details: Details) -> str:
        called = details[0].node.name.value
        if called == "__typename":
            return repr(kind.name)
        shown, declared = NODES[kind.name], own(kind.fields[called])
        if (edge := declared.metadata.get("edge")) is not None:
            return self._follow(draft, source, edge, kind, details)
        if (told := declared.metadata.get("reckoning")) is not None:
            at = draft.layout.position(source, told.key.key)
            below = draft.hang((id(source), id(told)), lambda: Below((at,), self._reckon(told)))
            return self._leaf(kind.fields[called], f"b{below}.get(r[{at}], {told.empty!r})")
        if "needs" in declared.metadata:
            return self._computed(draft, source, kind.fields[called], details)
        if declared.metadata.get("id"):
            places = [draft.layout.position(source, column.key) for column in shown.key]
            return f"{self._code.constant(_id_of(shown))}({', '.join(f'r[{at}]' for at in places)})"
        if declared.python_name in shown.columns and declared.base_resolver is None:
            column = shown.columns[declared.python_name]
            value = f"r[{draft.layout.position(source, column.key)}]"
            return self._leaf(kind.fields[called], value) if isinstance(column.type, BigInteger | Float) else value
        raise Unplannable(f"{kind.name}.{called} has a resolver of its own.")

    def _computed(self, draft: Draft, source: Source, field: GraphQLField, details: Details) -> str:
        """A field made in Python: of its row alone, or for the whole level at once."""
        told = own(field).metadata
        places = tuple(draft.layout.position(source, column.key) for column in told["needs"])
        values = [self._python(column, f"r[{at}]") for column, at in zip(told["needs"], places, strict=True)]
        reads = "look_up" in told
        if (batch := told.get("look_up" if reads else "batch")) is None:
            return self._made(field, f"{self._code.constant(told['function'])}({', '.join(values)})", details)
        names = [_vocabulary(column) for column in told["needs"]]
        below = draft.hang((id(source), id(batch)), lambda: Below(places, batch=_typed(batch, names), reads=reads))
        return self._made(field, f"b{below}[{', '.join(f'r[{at}]' for at in places)},]", details)

    def _python(self, column: Any, value: str) -> str:
        """A column's value as the model has it: terms come from the driver by name."""
        kind = _vocabulary(column)
        return value if kind is None else f"({value} and {self._code.constant(kind.__getitem__)}({value}))"

    def _leaf(self, field: GraphQLField, value: str) -> str:
        """A value that Python made, as its type writes it."""
        return f"{self._code.constant(completion(field.type))}({value})"

    def _made(self, field: GraphQLField, value: str, details: Details) -> str:
        """The same for a value that may have fields of its own."""
        return f"{self._code.constant(completion(field.type, lambda kind: self._object(kind, details)))}({value})"

    def _object(self, kind: GraphQLObjectType, details: Details) -> Callable[[Any], Any]:
        """How a Python object is written of which nothing but attributes is asked."""
        parts: dict[str, Callable[[Any], Any]] = {}
        for name, sub in self.collect(kind, details).items():
            called = sub[0].node.name.value
            if called == "__typename":
                parts[name] = partial(_always, kind.name)
                continue
            if (declared := own(kind.fields[called])).base_resolver is not None:
                raise Unplannable(f"{kind.name}.{called} has a resolver of its own.")
            write = completion(kind.fields[called].type, partial(self._object, details=sub))
            parts[name] = partial(_attribute, declared.python_name, write)
        return lambda value: {name: part(value) for name, part in parts.items()}

    def plain(self, kind: GraphQLOutputType, details: Details, value: str, depth: int = 0) -> str:
        """The expression for a Python object that has no node: its attributes, and resolvers that need nothing else."""
        if isinstance(kind, GraphQLNonNull):
            return self.plain(kind.of_type, details, value, depth)
        if isinstance(kind, GraphQLList):
            each = self.plain(kind.of_type, details, f"v{depth}", depth + 1)
            return f"[{each} for v{depth} in {value}]"
        if is_leaf_type(kind):
            return f"{self._code.constant(completion(kind))}({value})"
        if not isinstance(kind, GraphQLObjectType):
            raise Unplannable(f"{kind} is no plain type.")
        return code.mapping(self.plain_fields(kind, self.collect(kind, details), value, depth))

    def plain_fields(
        self, kind: GraphQLObjectType, fields: Mapping[str, Details], value: str, depth: int = 0
    ) -> dict[str, str]:
        """The expressions for some fields of such an object."""
        parts: dict[str, str] = {}
        for name, sub in fields.items():
            called = sub[0].node.name.value
            if called == "__typename":
                parts[name] = repr(kind.name)
                continue
            declared = own(kind.fields[called])
            resolver = declared.base_resolver
            if resolver is not None and (resolver.is_async or len(resolver.signature.parameters) != 1):
                raise Unplannable(f"{kind.name}.{called} has a resolver of its own.")
            found = f"{value}.{declared.python_name}"
            if resolver is not None:
                found = f"{self._code.constant(resolver.wrapped_func)}({value})"
            parts[name] = self.plain(kind.fields[called].type, sub, found, depth)
        return parts


def _id_of(shown: Node) -> Callable[..., str]:
    name = shown.name
    return lambda *key: ids.encode(name, key)


def _vocabulary(column: Any) -> Any:
    return column.type.enum_class if isinstance(column.type, Vocabulary) else None


def _typed(batch: Callable[..., Any], kinds: Sequence[Any]) -> Callable[..., Any]:
    """The function of a batched field, with terms as the model has them. What comes before the rows is passed on."""

    async def call(*given: Any) -> Sequence[Any]:
        *before, keys = given
        rows = [
            tuple(
                value if kind is None or value is None else kind[value] for kind, value in zip(kinds, key, strict=True)
            )
            for key in keys
        ]
        found: Sequence[Any] = await batch(*before, rows)
        return found

    return call


def _always(said: str, _value: Any) -> str:
    return said


def _attribute(name: str, write: Callable[[Any], Any], value: Any) -> Any:
    return write(getattr(value, name))


def completion(
    kind: GraphQLOutputType, made: Callable[[GraphQLObjectType], Callable[[Any], Any]] | None = None
) -> Callable[[Any], Any]:
    """How a value made in Python is written; `made` tells it for objects."""
    if isinstance(kind, GraphQLNonNull):
        inner = completion(kind.of_type, made)
        return lambda value: inner(_there(value))
    if isinstance(kind, GraphQLList):
        each = completion(kind.of_type, made)
        return lambda value: None if value is None else [each(one) for one in value]
    if isinstance(kind, GraphQLObjectType) and made is not None:
        write: Callable[[Any], Any] = made(kind)
    elif is_leaf_type(kind):
        write = kind.coerce_output_value
    else:
        raise Unplannable(f"{kind} is made in Python and has fields of its own.")
    return lambda value: None if value is None else write(value)


def _there(value: Any) -> Any:
    if value is None:
        raise TypeError("A value that must be there is missing.")
    return value
