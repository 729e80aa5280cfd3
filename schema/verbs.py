"""Mutations made from the services' verbs: name, arguments and description are those of the function."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from inspect import Parameter, getdoc, signature
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from sqlalchemy import inspect as inspected
from strawberry.types.unset import UNSET

from hub.errors import Invalid
from hub.services.adding import Adding, adding
from schema.context import Context, Info
from schema.edge import Shape
from schema.inputs import Slot, arguments, input_type
from schema.node import NODES, REGISTRY, NamedField, graphql_name, key_for, named, term, uuid_for

Verb = Callable[..., Any]
SIMPLE = (str, int, float, bool, date, datetime)
PARTLY = " What is left out stays as it is; null empties it (修改)."


class VerbField(NamedField):
    """A mutation: one write, one verb. `metadata["verb"]` tells it to other executors."""

    is_basic_field = False

    def __init__(self, verb: Verb, returns: str, ids: Mapping[str, str], words: Mapping[str, str]) -> None:
        super().__init__(
            type_annotation=named(f"{returns} | None"),
            description=_said(verb),
            metadata={"verb": self, "ids": ids, "rows": 1},
        )
        self.verb, self.returns, self.ids, self.words = verb, returns, ids, words
        parameters = list(_parameters(verb, returns))
        self.fields = {one.name: _may_be_empty(one.annotation) for one in parameters if one.default is UNSET}
        self.converters = {parameter.name: _converter(parameter, ids) for parameter in parameters}
        self.arguments = arguments(Slot(one.name, _type(one, words), words[one.name]) for one in parameters)

    def __copy__(self) -> "VerbField":
        copied = type(self)(self.verb, self.returns, self.ids, self.words)
        copied.python_name, copied.origin = self.python_name, self.origin
        return copied

    def get_result(self, source: Any, info: Info | None, args: list[Any], kwargs: Any) -> Any:
        assert info is not None
        return self.do(info.context, kwargs)

    async def do(self, context: Context, kwargs: Mapping[str, Any]) -> Any:
        """Write; the row that came of it."""
        return await written(context, self.verb, dict(self._given(kwargs)))

    def _given(self, kwargs: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """The arguments as the verb takes them: null empties a field, and means nothing anywhere else."""
        for name, value in kwargs.items():
            if value is not None:
                yield name, self.converters[name](value)
            elif self.fields.get(name):
                yield name, None
            elif name in self.fields:
                raise Invalid(f"{name} cannot be empty: leave it out, or give a value.", field=name)


async def written(context: Context, verb: Verb, given: Mapping[str, Any]) -> Any:
    """Do it in one transaction; the row comes back whole, as the hub now has it."""
    if only_adds(verb):
        async with adding(context.db, context.viewer) as begun:
            row = await verb(begun, context.viewer, **given)
        context.forget()
        return row
    async with context.write() as session:
        row = await verb(session, context.viewer, **given)
        await session.flush()
        if inspected(row).unloaded:
            await session.refresh(row)
        return row


@cache
def only_adds(verb: Verb) -> bool:
    """Whether the verb says that it can do without a session."""
    first = next(iter(signature(verb).parameters.values()))
    return Adding in get_args(first.annotation)


def verb(function: Verb, words: Mapping[str, str], *, returns: str, ids: Mapping[str, str]) -> Any:
    """The mutation for a verb. `words` describe its arguments, `ids` say of which type an id must be."""
    return VerbField(function, returns, ids, words)


def write(function: Verb, returns: str, *, id: str = "id") -> Any:
    """The mutation for a verb that writes a noun: the columns and the edges of `returns` describe its arguments.

    Of several edges from one column the widest says which ids it takes: a party rather than an organization. `id` is
    the column that the argument of that name stands for, where it is not the noun's own.
    """
    words = {one.key: one.columns[0].doc or "" for one in inspected(NODES[returns].model).column_attrs}
    words["id"], ids = "Its id (标识).", {"id": returns}
    for field in REGISTRY[returns].__strawberry_definition__.fields:
        edge = field.metadata.get("edge")
        if edge is not None and edge.shape is Shape.ONE and _is_wider(edge.target, ids.get(edge.key.key)):
            words[edge.key.key], ids[edge.key.key] = field.description, edge.target
    return verb(function, words | {"id": words[id]}, returns=returns, ids=ids | {"id": ids[id]})


def _is_wider(name: str, known: str | None) -> bool:
    """Whether a type takes in another one that is known already, or none is."""
    return known is None or issubclass(REGISTRY[known], REGISTRY[name])


def _parameters(verb: Verb, returns: str) -> Iterator[Parameter]:
    """What the verb takes behind the session and the viewer. The fields of a noun, its `**Unpack[...]`, come one by
    one, UNSET by default: they may be left out, unless a new row cannot be without them."""
    for one in list(signature(verb).parameters.values())[2:]:
        if one.kind is not Parameter.VAR_KEYWORD:
            yield one
            continue
        (typed,) = get_args(one.annotation)
        for name, kind in get_type_hints(typed).items():
            needed = name in typed.__required_keys__ or (not _changes(verb) and _needed(returns, name, kind))
            default = Parameter.empty if needed else UNSET
            yield Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind, default=default)


def _changes(verb: Verb) -> bool:
    """Whether it is done to a row that is there."""
    return "id" in signature(verb).parameters


def _needed(returns: str, name: str, kind: Any) -> bool:
    """Whether a new row must be given that field: it cannot be empty, and has no default."""
    column = inspected(NODES[returns].model).column_attrs[name].columns[0]
    return not _may_be_empty(kind) and column.default is None


def _may_be_empty(kind: Any) -> bool:
    return type(None) in get_args(kind)


def _said(verb: Verb) -> str:
    words = " ".join((getdoc(verb) or "").split("\n\n")[0].split())
    words = re.sub(r"`(\w+)`", lambda name: f"`{graphql_name(name[1])}`", words)
    fields = any(one.kind is Parameter.VAR_KEYWORD for one in signature(verb).parameters.values())
    return words + PARTLY if fields and _changes(verb) else words


def _kind(parameter: Parameter) -> tuple[Any, bool]:
    """The parameter's type without `| None`, and whether a call may go without it."""
    annotation, required = parameter.annotation, parameter.default is Parameter.empty
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    return annotation, not required


def _type(parameter: Parameter, words: Mapping[str, str]) -> str:
    kind, free = _kind(parameter)
    return f"{_name(kind, parameter.name, words)}{' | None' if free else ''}"


def _name(kind: Any, parameter: str, words: Mapping[str, str]) -> str:
    if get_origin(kind) is dict:
        return "JSON"
    if get_origin(kind) is not None and issubclass(get_origin(kind), Sequence):
        return f"list[{_name(get_args(kind)[0], parameter, words)}]"
    if is_dataclass(kind) and isinstance(kind, type):
        return _input(kind, parameter, words)
    if kind is UUID:
        return "strawberry.ID"
    if issubclass(kind, Enum):
        return term(kind).__name__
    if kind not in SIMPLE:
        raise TypeError(f"The argument {parameter} has a type that the API cannot take: {kind}.")
    return str(kind.__name__)


def _input(kind: type, parameter: str, words: Mapping[str, str]) -> str:
    name = f"{kind.__name__}Input"
    if name not in REGISTRY:
        parts = signature(kind).parameters.values()
        slots = [Slot(graphql_name(part.name), _type(part, words), words[f"{parameter}.{part.name}"]) for part in parts]
        input_type(name, getdoc(kind) or "", slots)
    return name


def _converter(parameter: Parameter, ids: Mapping[str, str]) -> Callable[[Any], Any]:
    """From GraphQL's value to the one that the verb takes."""
    kind, _ = _kind(parameter)
    if kind is UUID:
        return lambda value: uuid_for(ids[parameter.name], value, field=parameter.name)
    if get_origin(kind) is not None and get_args(kind)[0] is UUID:
        field = parameter.name  # of what belongs to a request the last part of the key: the verb knows the request
        return lambda values: [key_for(ids[field], value, field=field)[-1] for value in values]
    if get_origin(kind) is not None and is_dataclass(one := get_args(kind)[0]):
        return lambda values: [_made(one, value) for value in values]
    if is_dataclass(kind):
        return lambda value: _made(kind, value)
    return lambda value: value


def _made(kind: Any, value: Mapping[str, Any]) -> Any:
    given = {part.name: value.get(graphql_name(part.name)) for part in fields(kind)}
    return kind(**{name: one for name, one in given.items() if one is not None})
