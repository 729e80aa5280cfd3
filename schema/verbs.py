"""Mutations made from the services' verbs: name, arguments and description are those of the function."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from inspect import Parameter, getdoc, signature
from types import UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

from sqlalchemy import inspect as inspected

from schema.context import Context, Info
from schema.inputs import Slot, arguments, input_type
from schema.node import REGISTRY, NamedField, graphql_name, named, term, uuid_for

Verb = Callable[..., Any]
SIMPLE = (str, int, float, bool)


class VerbField(NamedField):
    """A mutation: one write, one verb. `metadata["verb"]` tells it to other executors."""

    is_basic_field = False

    def __init__(self, verb: Verb, returns: str, ids: Mapping[str, str], words: Mapping[str, str]) -> None:
        super().__init__(
            type_annotation=named(f"{returns} | None"), description=_said(verb), metadata={"verb": verb, "ids": ids}
        )
        self.verb, self.returns, self.ids, self.words = verb, returns, ids, words
        parameters = list(signature(verb).parameters.values())[2:]  # the first two are the session and the viewer
        self.converters = {parameter.name: _converter(parameter, ids) for parameter in parameters}
        self.arguments = arguments(Slot(one.name, _type(one, words), words[one.name]) for one in parameters)

    def __copy__(self) -> "VerbField":
        copied = type(self)(self.verb, self.returns, self.ids, self.words)
        copied.python_name, copied.origin = self.python_name, self.origin
        return copied

    def get_result(self, source: Any, info: Info | None, args: list[Any], kwargs: Any) -> Any:
        assert info is not None
        given = {name: self.converters[name](value) for name, value in kwargs.items() if value is not None}
        return written(info.context, self.verb, given)


async def written(context: Context, verb: Verb, given: Mapping[str, Any]) -> Any:
    """Do it in one transaction; the row comes back whole, as the hub now has it."""
    async with context.write() as session:
        row = await verb(session, context.viewer, **given)
        await session.flush()
        if inspected(row).unloaded:
            await session.refresh(row)
        return row


def verb(function: Verb, words: Mapping[str, str], *, returns: str, ids: Mapping[str, str]) -> Any:
    """The mutation for a verb. `words` describe its arguments, `ids` say of which type an id must be."""
    return VerbField(function, returns, ids, words)


def _said(verb: Verb) -> str:
    return " ".join((getdoc(verb) or "").split("\n\n")[0].split())


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
        return lambda value: uuid_for(ids[parameter.name], value)
    if get_origin(kind) is not None and is_dataclass(one := get_args(kind)[0]):
        return lambda values: [_made(one, value) for value in values]
    if is_dataclass(kind):
        return lambda value: _made(kind, value)
    return lambda value: value


def _made(kind: Any, value: Mapping[str, Any]) -> Any:
    given = {part.name: value.get(graphql_name(part.name)) for part in fields(kind)}
    return kind(**{name: one for name, one in given.items() if one is not None})
