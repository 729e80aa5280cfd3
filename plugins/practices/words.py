"""What is wrong with the form of a part of a file, and what to write instead."""

import re
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from plugins.practices.files import Where
from plugins.practices.form import FORMS, keys_of, part_at
from plugins.practices.vocabulary import instead

LONGEST, MOST = 60, 10
NUMBERS = ("int_type", "int_parsing", "int_from_float", "float_type", "float_parsing", "finite_number")
ONE_OF = re.compile(r"bool|int|float|[a-z-]+\[.*\]", re.DOTALL)
TAGS = frozenset({"span", "list", "scalar"})


def told(error: ValidationError) -> list[tuple[Where, str]]:
    """What the form has found: where in the file, and in words. Of a value that may be one of several things, what it
    is not as the last of them, a text or a list of codes: that is told, or why it is no such text."""
    found: dict[Where, str] = {}
    for fault in error.errors():
        found[_place(fault["loc"])] = words(fault)
    more = len(found) - MOST
    few = list(found.items())[:MOST]
    return [*few, ((), f"{more} more things do not fit. Mend these first.")] if more > 0 else few


def _place(loc: Where) -> Where:
    """Where in the file that is: without the names by which the form tells several things apart."""
    return tuple(part for part in loc if not (isinstance(part, str) and (part in TAGS or ONE_OF.fullmatch(part))))


def words(fault: ErrorDetails) -> str:
    """A fault that the form has found, as a person is told it."""
    *above, name = _place(fault["loc"])
    said, more = _shown(fault["input"]), fault.get("ctx", {})
    match fault["type"]:
        case "extra_forbidden":
            part = part_at(tuple(above))
            return f"{name} is not known here. " + (f"{_one_of(keys_of(part))}" if part else "Leave it out.")
        case "missing":
            return f"{name} is missing. Write it."
        case "string_type":
            quoted = isinstance(fault["input"], bool | int | float)
            return f"{said} is no text. Write {'it in quotes' if quoted else 'one'}."
        case "string_too_short":
            return "it is empty. Write something, or leave it out."
        case "string_pattern_mismatch" if more["pattern"] in FORMS:
            return f"{said} does not fit. Write {FORMS[more['pattern']]}."
        case "literal_error":
            known = re.findall(r"'([^']*)'", more["expected"])
            return f"{said} is not known here. {instead(str(fault['input']), known, in_order=True)}"
        case "list_type":
            return f"{said} is no list. Write one: in brackets, or each on a line that begins with `- `."
        case "too_short":
            return "the list is empty. Write at least one, or leave it out."
        case "model_type" | "model_attributes_type" | "dict_type":
            part = part_at(_place(fault["loc"]))
            return f"{said} stands for nothing here. " + (
                f"Write its parts: {', '.join(keys_of(part))}." if part else "Write names and values: {name: value}."
            )
        case "greater_than_equal":
            return f"{said} is too small. Write {more['ge']} or more."
        case "less_than_equal":
            return f"{said} is too large. Write {more['le']} or less."
        case "date_type" | "date_parsing" | "date_from_datetime_parsing" | "date_from_datetime_inexact":
            return f"{said} is no day. Write it as 2026-01-31."
        case kind if kind in NUMBERS:
            return f"{said} is no {'whole ' if kind.startswith('int') else ''}number. Write one, without quotes."
        case _:
            return f"{fault['msg'].removeprefix('Value error, ').removesuffix('.')}."


def _one_of(names: list[str]) -> str:
    return f"Write one of: {', '.join(names)}."


def _shown(value: Any) -> str:
    """What stands there, in a few words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a group of names and values"
        case list():
            return "a list"
        case str():
            return repr(value if len(value) <= LONGEST else f"{value[:LONGEST]}…")
        case _:
            return str(value)
