"""Arguments that hold variables: what of them a plan depends on, and what each call brings.

    requests(filter: {open: true, grid: {id: [$id]}}, first: $n)
      text      {"filter": {"open": True, "grid": {"id": [Hole id]}}, "first": Hole n}    read once, with the document
      planned   {"filter": {"open": True, "grid": {"id": LaterList}}, "first": Later}     a plan is made with this
      brought   {"filter": {"open": True, "grid": {"id": ["R3J..."]}}, "first": 50}       each call, where it is wanted

Where a variable is a list or an input, or is left out, there is no such text: then the arguments are converted for each
call, and their `shape` says which plan it is.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any
from uuid import UUID

from graphql import FieldNode, GraphQLEnumType, GraphQLField, GraphQLNamedType
from strawberry.types.field import StrawberryField

from hub.later import Later, LaterList, Undecided, alone

Arguments = Mapping[str, Any]


@dataclass(frozen=True, eq=False, slots=True)
class Hole:
    """Where a variable's value stands."""

    name: str
    kind: GraphQLNamedType

    def decides(self, *, nested: bool) -> bool:
        """Whether a plan depends on the value: on every switch, and on terms that are arguments."""
        return self.kind.name == "Boolean" or (isinstance(self.kind, GraphQLEnumType) and not nested)


class Site:
    """A field whose arguments hold variables.

    text      the arguments with their holes; None where a variable is no hole
    decisive  the variables that a plan depends on
    shape     what a plan depends on, where the field tells it by itself
    """

    __slots__ = ("decisive", "field", "node", "shape", "text", "variables")

    def __init__(self, node: FieldNode, field: GraphQLField, variables: Sequence[str]) -> None:
        self.node, self.field, self.variables = node, field, variables
        self.text: Arguments | None = None
        self.decisive: tuple[str, ...] = ()
        self.shape: Callable[[Arguments], Hashable] | None = own(field).metadata.get("shape")

    def read(self, text: Arguments) -> None:
        """Take the arguments with their holes, if every variable stands in one."""
        holes = [found for value in text.values() for found in _holes(value, nested=False)]
        if {hole.name for hole, _ in holes} == set(self.variables):
            self.text = text
            writes = "verb" in own(self.field).metadata
            self.decisive = (
                () if writes else tuple({hole.name for hole, nested in holes if hole.decides(nested=nested)})
            )

    def filled(self, values: Mapping[str, Any]) -> bool:
        """Whether the variables' values fill the holes, so that nothing need be converted."""
        return self.text is not None and all(values.get(name) is not None for name in self.variables)

    def brought(self, values: Mapping[str, Any]) -> Arguments:
        """The arguments of a call that fills the holes."""
        found: Arguments = _filled(self.text, values)
        return found

    def planned(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of every call with the same decisive values."""
        assert self.text is not None
        return {name: _laid(part, values, nested=False) for name, part in self.text.items()}

    def key(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """What a plan depends on, other than any `shape`."""
        return True, *(values[name] for name in self.decisive)


def own(field: GraphQLField) -> StrawberryField:
    """The declaration behind a field of the schema."""
    found: StrawberryField = field.extensions["strawberry-definition"]
    return found


def _holes(value: Any, *, nested: bool) -> Iterator[tuple[Hole, bool]]:
    """The holes, each with whether it is a part of an input."""
    match value:
        case Hole():
            yield value, nested
        case Mapping():
            for part in value.values():
                yield from _holes(part, nested=True)
        case list():
            for part in value:
                yield from _holes(part, nested=nested)


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    match value:
        case Hole():
            return values[value.name]
        case Mapping():
            return {name: _filled(part, values) for name, part in value.items()}
        case list():
            return [_filled(part, values) for part in value]
    return value


def _laid(value: Any, values: Mapping[str, Any], *, nested: bool) -> Any:
    match value:
        case Hole():
            return (
                values[value.name] if value.decides(nested=nested) else Later(lambda run: run.given.values[value.name])
            )
        case Mapping():
            return {name: _laid(part, values, nested=True) for name, part in value.items()}
        case list():
            parts = [_laid(part, values, nested=nested) for part in value]
            if any(isinstance(part, Later) for part in parts):
                return LaterList(
                    lambda run: _filled(value, run.given.values), nullable=None in parts, alone=alone(parts)
                )
            return parts
    return value


# --- arguments that are converted for each call


def shape(arguments: Arguments) -> tuple[Any, ...]:
    """What a plan depends on: which parts are given, and terms and switches, but no other value."""
    return tuple((name, _decided(value) if _decides(value) else _shape(value)) for name, value in arguments.items())


def postponed(arguments: Arguments, now: Callable[[Any], Any]) -> dict[str, Any]:
    """The same arguments, with a Later for each value that is no part of their `shape`."""
    return {
        name: value if _decides(value) else _postponed(value, _part(now, name)) for name, value in arguments.items()
    }


def _decides(value: Any) -> bool:
    """Whether it is a term or a list of terms: an order, a key to count by."""
    return isinstance(value, Enum) or (isinstance(value, list) and all(isinstance(one, Enum) for one in value))


def _decided(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _shape(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return (Mapping, *((name, _shape(part)) for name, part in value.items()))
    if isinstance(value, list):
        if not value:
            return (list,)
        if any(isinstance(part, Mapping | list) for part in value):
            return (list, *map(_shape, value))
        return (list, None in value, alone(value))
    return type(value)


def _postponed(value: Any, now: Callable[[Any], Any]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return {name: _postponed(part, _part(now, name)) for name, part in value.items()}
    if isinstance(value, list):
        if not value:
            return []
        if any(isinstance(part, Mapping | list) for part in value):
            return [_postponed(part, _part(now, at)) for at, part in enumerate(value)]
        return LaterList(now, nullable=None in value, alone=alone(value))
    if isinstance(value, str | int | float | date | UUID | Enum):
        return Later(now)
    raise Undecided(f"A {type(value).__name__} is no value that a plan can wait for.")


def _part(now: Callable[[Any], Any], name: Any) -> Callable[[Any], Any]:
    return lambda run: now(run)[name]
