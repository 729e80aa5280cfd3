"""Mapping profiles: which header means which field, and which word which name. They are data: see the two CSV files.

A profile is never changed once it is released: drifted headers make a new one, with the next number.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
NEWEST = "1"


@dataclass(frozen=True, slots=True)
class Rule:
    """One field of a profile and the headers accepted for it, the best first."""

    field: str
    required: bool
    headers: tuple[str, ...]


@cache
def rules(profile: str, kind: str) -> tuple[Rule, ...]:
    """The fields of a kind in a profile; none if there is no such profile."""
    with (HERE / "profiles.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Rule(row["field"], row["required"] == "yes", tuple(row["headers"].split("|")))
            for row in csv.DictReader(file)
            if (row["profile"], row["kind"]) == (profile, kind)
        )


@cache
def words(kind: str) -> Mapping[str, Mapping[str, str]]:
    """By field: what the words that people write mean in the hub's names."""
    found: dict[str, dict[str, str]] = {}
    with (HERE / "words.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == kind:
                found.setdefault(row["field"], {})[row["word"]] = row["means"]
    return found


def with_headers(found: Sequence[Rule], extra: Mapping[str, Sequence[str]]) -> list[Rule]:
    """The rules, the operator's own headers first."""
    return [Rule(rule.field, rule.required, (*extra.get(rule.field, ()), *rule.headers)) for rule in found]


def plain(header: str) -> str:
    """A header without what drifts: case, spaces, underscores, marks of required columns."""
    return re.sub(r"[\s_*\-\ufeff]", "", header).casefold()
