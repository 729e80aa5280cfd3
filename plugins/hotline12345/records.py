"""One row of the hotline, in whatever dialect, as a Record of the hub or as a BadRecord that says why not."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from hub.plugin import BadRecord, Issue, Record
from plugins.hotline12345.callers import beyond, caller, caller_columns, discreet, masked, masked_unknown
from plugins.hotline12345.cells import Row, Unreadable, decimal, first, moment, path, text, word
from plugins.hotline12345.dialects import DIALECTS, LEAST_KNOWN, TITLE_LENGTH, Dialect, known_columns
from plugins.hotline12345.places import grid, position

__all__ = ["Centre", "read", "recognise"]

ROUNDED = re.compile(r"\d(\.\d+)?E\+?\d+")
DONE = frozenset({"HANDLED", "VERIFIED", "CALLBACK", "CLOSED", "ARCHIVED"})
NEVER_EMPTY = frozenset({"title", "kind", "channel", "status", "urgency", "submitted_at", "supervised", "urged"})
LEAST_OF_A_PART = 2


@dataclass(frozen=True, slots=True)
class Centre:
    """A hotline as the settings describe it.

    district  the code of the division that surely contains its orders
    channel   how its orders came in, where their rows do not say so
    prefix    what stands before its orders' numbers in the hub, so that two hotlines may use the same ones
    dialects  those that it may speak
    """

    district: str = "150602"
    channel: str = "HOTLINE_12345"
    prefix: str = ""
    dialects: tuple[Dialect, ...] = DIALECTS

    def number(self, key: str) -> str:
        """What the hotline itself calls the order of this key."""
        return key.removeprefix(self.prefix)


def read(
    row: object, centre: Centre, where: str, *, at: datetime | None = None, part: bool = False
) -> Record | BadRecord:
    """What the row says, as of `at` where it does not say itself when it changed. `part`: it may say only what changed
    of an order, and its number."""
    columns = caller_columns(centre.dialects)
    if not isinstance(row, dict):
        reason = f"A work order is an object, this is {type(row).__name__}."
        return BadRecord(reason, str(masked_unknown(row, columns)), "request", where=where)
    dialect = recognise(frozenset(row), centre.dialects, LEAST_OF_A_PART if part else LEAST_KNOWN)
    if dialect is None:
        names = ", ".join(sorted(row)) or "none"
        reason = f"No dialect knows these columns: {names}. "
        reason += "Describe them in a file of the setting dialects, then run it again."
        return BadRecord(reason, masked_unknown(row, columns), "request", where=where)
    key = None
    try:
        key = centre.prefix + number(row, dialect, centre.prefix)
        said = fields(row, dialect, key, centre)
        extra = beyond(row, known_columns(dialect), columns)
        return Record("request", key, said, where=where, at=changed(row, dialect) or at, extra=extra)
    except Unreadable as error:
        shown, reason = masked(row, f"Dialect {dialect.name}, {error}", columns)
        return BadRecord(reason, shown, "request", key, where)


@lru_cache(maxsize=256)
def recognise(names: frozenset[str], dialects: tuple[Dialect, ...], least: int = LEAST_KNOWN) -> Dialect | None:
    """The dialect that knows most of these columns, and at least so many, the number among them where they are few."""

    def known(dialect: Dialect) -> int:
        return len(names & known_columns(dialect))

    best = max(dialects, key=known)
    if known(best) < LEAST_KNOWN and names.isdisjoint(best.fields["number"]):
        return None
    return best if known(best) >= least else None


def number(row: Row, dialect: Dialect, prefix: str) -> str:
    """The order's number without its prefix: 12345-2509..., SH2509... and 2509... are one order."""
    name, raw = first(row, dialect, "number")
    if raw is None:
        columns = " / ".join(dialect.fields["number"])
        raise Unreadable(f"column {columns}: no order number. Ask the hotline for it, then replay.")
    plain = "".join(unicodedata.normalize("NFKC", raw).upper().split())
    if ROUNDED.fullmatch(plain):
        raise Unreadable(f"column {name}: '{raw}' was rounded by a spreadsheet. Export the column as text.")
    plain = plain.removeprefix(prefix.upper())
    prefixed = dialect.number.fullmatch(plain)
    return prefixed[1] if prefixed else plain


def fields(row: Row, dialect: Dialect, key: str, centre: Centre) -> dict[str, Any]:
    """The request's fields: only what the row speaks of."""
    found: dict[str, Any] = {"number": key, "channel": centre.channel}
    for field, convert in CONVERTERS.items():
        name, value = first(row, dialect, field)
        if name is not None and not (value is None and field in NEVER_EMPTY):
            found[field] = None if value is None else convert(dialect, field, name, value)
    found |= matters(row, dialect) | deadline(row, dialect, found)
    found |= grid(row, dialect, centre.district) | position(row, dialect)
    if found.get("status") not in DONE and (status := flagged(row, dialect)):
        found["status"] = status
    if first(row, dialect, "caller_name")[0] or first(row, dialect, "caller_phone")[0]:
        who = caller(row, dialect)
        found = {**(discreet(found, who) if who else found), "caller": who}
    if found.get("content") and "title" not in found:
        found["title"] = dialect.ends["title"].split(found["content"], maxsplit=1)[0][:TITLE_LENGTH]
    return found


def changed(row: Row, dialect: Dialect) -> datetime | None:
    """When the order last changed at the hotline, where the row says so in a way that can be read."""
    name, value = first(row, dialect, "updated_at")
    if name is None or value is None:
        return None
    try:
        return moment(dialect, name, value)
    except Unreadable:
        return None


def as_text(dialect: Dialect, field: str, name: str, value: str) -> str:
    return value


def as_answer(dialect: Dialect, field: str, name: str, value: str) -> bool | None:
    return {"YES": True, "NO": False, None: None}[word(dialect, field, name, value)]


def as_flag(dialect: Dialect, field: str, name: str, value: str) -> bool:
    return word(dialect, "flag", name, value) == "YES"


def as_times(dialect: Dialect, field: str, name: str, value: str) -> int:
    """How often: a number, or a word for once or never."""
    return int(value) if value.isdecimal() and len(value) < 5 else int(as_flag(dialect, field, name, value))


def as_moment(dialect: Dialect, field: str, name: str, value: str) -> datetime:
    return moment(dialect, name, value)


def as_handler(dialect: Dialect, field: str, name: str, value: str) -> str:
    return dialect.ends["handlers"].split(value, maxsplit=1)[0].strip()


CONVERTERS: Mapping[str, Callable[[Dialect, str, str, str], Any]] = {
    **dict.fromkeys(("title", "content", "place", "result"), as_text),
    **dict.fromkeys(("kind", "channel", "status", "urgency", "satisfaction"), word),
    **dict.fromkeys(("submitted_at", "due_at", "handled_at", "closed_at"), as_moment),
    "supervised": as_flag,
    "urged": as_times,
    "solved": as_answer,
    "assignee": as_handler,
}


def deadline(row: Row, dialect: Dialect, found: Mapping[str, Any]) -> dict[str, Any]:
    """The deadline of a dialect that gives it in days since the order came in."""
    name, days = first(row, dialect, "due_days")
    if name is None or days is None or "submitted_at" not in found:
        return {}
    try:
        return {"due_at": found["submitted_at"] + timedelta(days=decimal(name, days))}
    except OverflowError:
        raise Unreadable(f"column {name}: {days} days are too many. Correct it at the hotline.") from None


def flagged(row: Row, dialect: Dialect) -> str | None:
    """The status that a set flag stands for."""
    for name, status in dialect.flags.items():
        value = text(row.get(name))
        if value is not None and word(dialect, "flag", name, value) == "YES":
            return status
    return None


def matters(row: Row, dialect: Dialect) -> dict[str, Any]:
    """The category, and the issues where one order holds several."""
    names = dialect.fields.get("category", ())
    if not any(name in row for name in names):
        return {}
    parted = dialect.ends["issues"].split(text(row.get(names[0])) or "") if len(names) == 1 else []
    paths = [parts for parts in (path({names[0]: part}, dialect, names) for part in parted) if parts]
    if len(paths) > 1:
        issues = [Issue(str(at), parts[-1], "/".join(parts)) for at, parts in enumerate(paths, 1)]
        return {"category": issues[0].category, "issues": tuple(issues)}
    category: dict[str, Any] = {"category": "/".join(path(row, dialect, names)) or None}
    rows = row.get(dialect.issues.column) if dialect.issues else None
    return category | ({"issues": listed(rows, dialect)} if rows else {})


def listed(rows: object, dialect: Dialect) -> Sequence[Issue]:
    """The issues of a field that holds a list of rows."""
    names = dialect.issues
    if names is None or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unreadable(f"column {names and names.column}: not a list of matters. Correct it at the hotline.")
    found = []
    for at, row in enumerate(rows, 1):
        title = text(row.get(names.title))
        if title is None:
            raise Unreadable(f"column {names.column}, matter {at}: {names.title} is empty. Correct it at the hotline.")
        found.append(
            Issue(text(row.get(names.key)) or str(at), title, "/".join(path(row, dialect, names.category)) or None)
        )
    return tuple(found)
