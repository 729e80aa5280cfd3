"""How registries call things: headers.csv names the columns of each table, words.csv the words of each list.

An operator's own columns and words, from the settings, come before these. The first word of a name is the one we send.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["STREAMS", "WORDS", "Headers", "Words", "fields_of", "headers", "needed", "word_for", "words"]

STREAMS = ("teams", "volunteers", "memberships", "projects", "shifts", "hours")
"""The tables, in the order in which they name one another."""

Headers = Mapping[str, str]
Words = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a table, and the headers that mean it."""

    stream: str
    field: str
    required: bool
    headers: tuple[str, ...]


def _rows(name: str) -> Iterator[dict[str, str]]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


COLUMNS = tuple(
    Column(row["stream"], row["field"], row["required"] == "yes", tuple(row["headers"].split("|")))
    for row in _rows("headers.csv")
)


@cache
def _names(field: str) -> dict[str, tuple[str, ...]]:
    """Name -> the words that mean it."""
    return {row["name"]: tuple(row["words"].split("|")) for row in _rows("words.csv") if row["field"] == field}


WORDS: dict[str, dict[str, tuple[str, ...]]] = {name: _names(name) for name in ("method", "status", "state", "answer")}


def fields_of(stream: str) -> list[str]:
    return [column.field for column in COLUMNS if column.stream == stream]


def needed(stream: str) -> frozenset[str]:
    """The fields without which a table is not this one."""
    return frozenset(column.field for column in COLUMNS if column.stream == stream and column.required)


def headers(stream: str, own: Mapping[str, list[str]]) -> dict[str, str]:
    """Header -> the field that it means; `own`: "hours.number" -> further headers."""
    known = {header: column.field for column in COLUMNS if column.stream == stream for header in column.headers}
    for name, more in own.items():
        table, _, field = name.partition(".")
        if table == stream:
            known |= dict.fromkeys(more, field)
    return known


def words(own: Words) -> dict[str, dict[str, str]]:
    """List -> word -> the name that it means."""
    common = {field: {word: name for name, meant in names.items() for word in meant} for field, names in WORDS.items()}
    return {field: {**meanings, **own.get(field, {})} for field, meanings in common.items()}


def word_for(field: str, name: Any) -> str:
    """The registry's word for a name of the hub. Raises KeyError where it has none."""
    return WORDS[field][str(name)][0]
