"""Values that are not there yet: what a plan is made with, so that it serves every viewer and every call of its shape.

SQL is built from a Later as from the value itself; it stands where the parameter stands. Whoever must know the value to
decide something cannot, and says so: then there is no plan, and the ordinary executor does the work.
"""

from collections.abc import Callable, Iterator
from typing import Any, Never


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
