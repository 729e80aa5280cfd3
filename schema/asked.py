"""Fields with arguments that a service answers for a whole level at once: `rotas { occurrences(from, to) }`.

The engine leaves an operation with such a field to the ordinary executor, which asks once for each field and its
arguments, however many rows there are.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from schema.context import Info
from schema.inputs import Slot, arguments
from schema.node import NamedField, named

RESERVED = {"from": "since", "to": "until"}  # words that Python keeps for itself, and their companions
Ask = Callable[..., Awaitable[Sequence[Any]]]


class Asked(NamedField):
    """A field that is asked of a service."""

    is_basic_field = False

    def __init__(self, ask: Ask, kind: str, description: str, slots: Sequence[Slot], rows: int) -> None:
        super().__init__(type_annotation=named(kind), description=description, metadata={"rows": rows})
        self.ask, self.kind, self.slots, self.rows = ask, kind, slots, rows
        self.arguments = arguments(slots)

    def __copy__(self) -> "Asked":
        copied = type(self)(self.ask, self.kind, self.description or "", self.slots, self.rows)
        copied.python_name, copied.origin = self.python_name, self.origin
        return copied

    def get_result(self, source: Any, info: Info | None, args: list[Any], kwargs: Any) -> Any:
        assert info is not None
        given = {RESERVED.get(name, name): value for name, value in kwargs.items() if value is not None}
        return info.context.loaders.asked(self.ask, source, given)


def asked(ask: Ask, type: str, description: str, *slots: Slot, rows: int = 1) -> Any:
    """The field. `ask` gets a session, the viewer, the rows of the level and the arguments; it gives a value for each
    row, in the same order, or the error that stands in its place. `rows`: how many rows there may be in a value."""
    return Asked(ask, type, description, slots, rows)
