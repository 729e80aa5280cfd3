"""Mapping profiles: which header means which field, and which word which name. They are data: see the two CSV files.

A profile is never changed once it is released: drifted headers make a new one, with the next number. An admin's own
file of the same form holds as many versions as there are dialects; which one a table speaks, its headers tell.

What has no line in them is called as the hub calls it: every kind of record can be read, and every field of it.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from hub.plugin import FIELDS, SourceRefused
from plugins.spreadsheet.cells import held
from plugins.spreadsheet.tables import unreadable

HERE = Path(__file__).parent
NEWEST = "1"
COLUMNS = ("profile", "kind", "field", "required", "headers")
KINDS = tuple(FIELDS)
KEY = "key"
"""The column of a record's key, for kinds that have neither a code nor a number."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One field of a profile and the headers accepted for it, the best first."""

    field: str
    required: bool
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """One version of the accepted headers."""

    name: str
    rules: Sequence[Rule]


@cache
def rules(profile: str, kind: str) -> tuple[Rule, ...]:
    """The fields of a kind in a profile; none if there is no such profile."""
    shipped = _shipped(profile, kind)
    if profile != NEWEST:
        return shipped
    taken = {plain(header) for rule in shipped for header in rule.headers}
    known = {rule.field for rule in shipped}
    named = [name for name in held(kind) if name not in known and plain(name) not in taken]
    if shipped:
        return (*shipped, *(Rule(name, False, (name,)) for name in named))
    key = next((name for name in ("code", "number") if name in named), KEY)
    return (Rule(key, True, (key,)), *(Rule(name, False, (name,)) for name in named if name != key))


def _shipped(profile: str, kind: str) -> tuple[Rule, ...]:
    with (HERE / "profiles.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Rule(row["field"], row["required"] == "yes", tuple(row["headers"].split("|")))
            for row in csv.DictReader(file)
            if (row["profile"], row["kind"]) == (profile, kind)
        )


def keys(kind: str) -> list[str]:
    """The fields that a record's key is made of."""
    return [rule.field for rule in rules(NEWEST, kind) if rule.required][: 2 if kind == "member" else 1]


def own(path: Path, kind: str) -> list[Profile]:
    """The profiles of a kind in an admin's file, in its order. Raises SourceRefused with the line that is wrong."""
    reader = csv.DictReader(io.StringIO(_text(path), newline=""), strict=True)
    found: list[tuple[str, str, Rule]] = []
    try:
        if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
            raise ValueError(f"the column {', '.join(missing)} is missing; it needs {', '.join(COLUMNS)}")
        for row in reader:
            if any(row.values()):
                found.append(_rule(row, found))
    except (csv.Error, ValueError) as error:
        line = reader.line_num + isinstance(error, csv.Error) or 1  # what csv cannot parse, it has not counted yet
        raise SourceRefused(f"{path.name}, line {line}: {error}. Correct it and run again.") from error
    profiles = []
    for (name, of), group in groupby(sorted(found, key=lambda one: one[:2]), key=lambda one: one[:2]):
        there = {rule.field: rule for _, _, rule in group}
        if lacking := [field for field in keys(of) if field not in there]:
            raise SourceRefused(
                f"{path.name}: profile {name} has no line for {lacking[0]}, the key of a {of}. Add one."
            )
        if of == kind:
            profiles.append(Profile(name, [there[rule.field] for rule in rules(NEWEST, of) if rule.field in there]))
    order = list(dict.fromkeys(name for name, _, _ in found))
    return sorted(profiles, key=lambda profile: order.index(profile.name))


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SourceRefused(f"{path.name} is neither UTF-8 nor GB18030 text. Save it as CSV UTF-8.")


def _rule(row: Mapping[str, str | None], known: Sequence[tuple[str, str, Rule]]) -> tuple[str, str, Rule]:
    """What a line says. Raises ValueError."""
    name, kind, field, required, listed = ((row[column] or "").strip() for column in COLUMNS)
    headers = tuple(header.strip() for header in listed.split("|") if header.strip())
    if not name:
        raise ValueError("the profile has no name: give it a year or a number")
    if kind not in KINDS:
        raise ValueError(f"there is no kind {kind!r}, only {', '.join(KINDS)}")
    fields = [rule.field for rule in rules(NEWEST, kind)]
    if field not in fields:
        raise ValueError(f"{kind} has no field {field!r}, only {', '.join(fields)}")
    if required not in ("yes", ""):
        raise ValueError(f"required is {required!r}: write yes, or leave it empty")
    if not headers:
        raise ValueError(f"{field} has no headers: name them, parted by |")
    taken = {
        plain(header): rule.field for other, of, rule in known if (other, of) == (name, kind) for header in rule.headers
    }
    if field in taken.values():
        raise ValueError(f"profile {name} has {field} already: put all of its headers into one line")
    if twice := next((header for header in headers if plain(header) in taken), None):
        raise ValueError(f"in profile {name} the header {twice} means {taken[plain(twice)]} already")
    return name, kind, Rule(field, required == "yes" or field in keys(kind), headers)


@cache
def words(kind: str) -> Mapping[str, Mapping[str, str]]:
    """By field: what the words that people write mean in the hub's names."""
    found: dict[str, dict[str, str]] = {}
    with (HERE / "words.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == kind:
                found.setdefault(row["field"], {})[row["word"]] = row["means"]
    return found


def with_headers(found: Profile, extra: Mapping[str, Sequence[str]]) -> Profile:
    """The profile, the operator's own headers first."""
    rules = [Rule(rule.field, rule.required, (*extra.get(rule.field, ()), *rule.headers)) for rule in found.rules]
    return Profile(found.name, rules)


def plain(header: str) -> str:
    """A header without what drifts: case, spaces, underscores, marks of required columns."""
    return re.sub(r"[\s_*\-\ufeff]", "", header).casefold()
