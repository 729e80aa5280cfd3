"""What is wrong with the form of a part of a file, and what to write instead."""

import re
from typing import Any

from pydantic_core import ErrorDetails

from plugins.practices.form import FORMS, keys_of, part_at
from plugins.practices.vocabulary import instead

LONGEST = 60
NUMBERS = ("int_type", "int_parsing", "int_from_float", "float_type", "float_parsing", "finite_number")


def words(fault: ErrorDetails) -> str:
    """A fault that the form has found, as a person is told it."""
    *above, name = fault["loc"]
    said, more = _shown(fault["input"]), fault.get("ctx", {})
    match fault["type"]:
        case "extra_forbidden":
            part = part_at(tuple(above))
            return f"{name} is not known here. " + (f"{_one_of(keys_of(part))}" if part else "Leave it out.")
        case "missing":
            return f"{name} is missing. Write it."
        case "string_type":
            return (
                f"{said} is no text. Write {'a text' if isinstance(fault['input'], list | dict) else 'it in quotes'}."
            )
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
            part = part_at(fault["loc"])
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
