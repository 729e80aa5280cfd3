"""Input types made from data: a name, a description, and fields with their types and descriptions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

import strawberry
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.unset import UNSET

from schema.node import NamedField, named, registered


@dataclass(frozen=True, slots=True)
class Slot:
    """One field of an input, or one argument. `type` is an annotation by name, as "list[GridLevel] | None"."""

    name: str
    type: str
    description: str
    default: Any = UNSET


def input_type(name: str, description: str, slots: Iterable[Slot], *, one_of: bool = False) -> Any:
    """An input whose value stays as GraphQL delivers it: a mapping of the names that were given."""
    fields = {
        f"{slot.name}_" if iskeyword(slot.name) else slot.name: NamedField(
            graphql_name=slot.name, type_annotation=named(slot.type), description=slot.description, default=slot.default
        )
        for slot in slots
    }
    made = strawberry.input(type(name, (), {**fields, "__annotations__": {}}), description=description, one_of=one_of)
    made.__strawberry_definition__.from_input = _as_given  # type: ignore[attr-defined]
    return registered(made)


def _as_given(_type: type, value: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    return dict(value)


def arguments(slots: Iterable[Slot]) -> list[StrawberryArgument]:
    """The arguments of a field, under the names that Python code gets them by."""
    return [
        StrawberryArgument(
            python_name=slot.name,
            graphql_name=None,
            type_annotation=named(slot.type),
            description=slot.description,
            default=slot.default,
        )
        for slot in slots
    ]
