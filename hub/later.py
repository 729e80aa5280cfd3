"""Values that are not there yet: what a plan is made with, so that it serves every viewer and every call of its shape.

SQL is built from a Later as from the value itself; it stands where the parameter stands. Whoever must know the value to
decide something cannot, and says so: then there is no plan, and the ordinary executor does the work.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import Enum
from typing import Any, Never
from uuid import UUID


class Undecided(TypeError):
    """Something wanted to know a value that only a run brings."""


class Later:
    """A value that each run of a plan brings. What is done with it now is done then."""

    __slots__ = ("now",)

    def __init__(self, now: Callable[[Any], Any]) -> None:
        self.now = now

    def __getitem__(self, part: Any) -> "Later":
        return Later(lambda run: self.now(run)[part])

    def __add__(self, more: Any) -> "Later":
        return Later(lambda run: self.now(run) + more)

    def __bool__(self) -> Never:
        raise Undecided("A plan cannot depend on a value: only on whether there is one.")

    def __iter__(self) -> Iterator[Any]:
        raise Undecided("A plan cannot depend on the values in a list.")

    def __contains__(self, value: object) -> bool:
        raise Undecided("A plan cannot depend on the values in a list.")


class LaterList(Later):
    """A list that each run brings; whether a null is in it is known, and whether it is one value alone."""

    __slots__ = ("alone", "nullable")

    def __init__(self, now: Callable[[Any], Any], *, nullable: bool, alone: bool) -> None:
        super().__init__(now)
        self.nullable, self.alone = nullable, alone

    def __contains__(self, value: object) -> bool:
        return self.nullable if value is None else super().__contains__(value)


def alone(values: Any) -> bool:
    """Whether a list holds one value and no null: it can be compared as a value."""
    return values.alone if isinstance(values, LaterList) else len(values) == 1 and values[0] is not None


def later(value: Any, function: Callable[[Any], Any]) -> Any:
    """The function of a value: now, if the value is there."""
    if isinstance(value, Later):
        return Later(lambda run: function(value.now(run)))
    return function(value)


def shape(arguments: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a plan depends on: which parts are given, and terms and switches, but no other value."""
    return tuple((name, _decided(value) if _decides(value) else _shape(value)) for name, value in arguments.items())


def postponed(arguments: Mapping[str, Any], now: Callable[[Any], Any]) -> dict[str, Any]:
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
