"""One row of the hotline, in whatever dialect, as a Record of the hub or as a BadRecord that says why not."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from hub.plugin import BadRecord, Issue, Record
from plugins.hotline12345 import dialects
from plugins.hotline12345.callers import caller, discreet, masked, masked_unknown
from plugins.hotline12345.cells import FILE, Row, Unreadable, decimal, first, moment, path, text, word
from plugins.hotline12345.dialects import DIALECTS, Dialect, Words
from plugins.hotline12345.places import grid, position

__all__ = ["read"]

PREFIXED = re.compile(rf"(?:{'|'.join(dialects.NUMBER_PREFIXES)})?[-_:]?(\d{{{dialects.NUMBER_DIGITS},}})")
ROUNDED = re.compile(r"\d(\.\d+)?E\+?\d+")
ISSUE_ENDS, HANDLER_ENDS, TITLE_ENDS = (
    re.compile("|".join(map(re.escape, ends)))
    for ends in (dialects.ISSUE_ENDS, dialects.HANDLER_ENDS, dialects.TITLE_ENDS)
)
DONE = frozenset({"HANDLED", "VERIFIED", "CALLBACK", "CLOSED", "ARCHIVED"})
NO_WORDS: Words = {}
NEVER_EMPTY = frozenset({"title", "kind", "status", "urgency", "submitted_at"})


def read(row: object, district: str, where: str, words: Words = NO_WORDS) -> Record | BadRecord:
    """What the row says. `district`: the code of the division that surely contains the order; `words`: the operator's
    own, before those of the dialect."""
    if not isinstance(row, dict):
        reason = f"A work order is an object, this is {type(row).__name__}."
        return BadRecord(reason, str(masked_unknown(row)), "request", where=where)
    dialect = recognise(frozenset(row))
    if dialect is None:
        names = ", ".join(sorted(row)) or "none"
        reason = f"No dialect knows these columns: {names}. Add one to {FILE}, then replay."
        return BadRecord(reason, masked_unknown(row), "request", where=where)
    key = None
    try:
        dialect = dialect.understanding(words)
        key = number(row, dialect)
        return Record("request", key, fields(row, dialect, key, district), where=where, at=changed(row, dialect))
    except Unreadable as error:
        shown, reason = masked(row, f"Dialect {dialect.name}, {error}")
        return BadRecord(reason, shown, "request", key, where)


@lru_cache(maxsize=256)
def recognise(names: frozenset[str]) -> Dialect | None:
    """The dialect that knows most of these field names."""

    def known(dialect: Dialect) -> int:
        own = [dialect.issues.name] if dialect.issues else []
        return len(names & dialect.known.union(dialect.flags, own, *dialect.fields.values()))

    best = max(DIALECTS, key=known)
    return best if known(best) >= dialects.LEAST_KNOWN else None


def number(row: Row, dialect: Dialect) -> str:
    """The order's number without its prefix: 12345-2509..., SH2509... and 2509... are one order."""
    name, raw = first(row, dialect, "number")
    if raw is None:
        columns = " / ".join(dialect.fields["number"])
        raise Unreadable(f"column {columns}: no order number. Ask the hotline for it, then replay.")
    plain = "".join(unicodedata.normalize("NFKC", raw).upper().split())
    if ROUNDED.fullmatch(plain):
        raise Unreadable(f"column {name}: '{raw}' was rounded by a spreadsheet. Export the column as text.")
    prefixed = PREFIXED.fullmatch(plain)
    return prefixed[1] if prefixed else plain


def fields(row: Row, dialect: Dialect, key: str, district: str) -> dict[str, Any]:
    """The request's fields: only what the row speaks of."""
    found: dict[str, Any] = {"number": key, "channel": "HOTLINE_12345"}
    for field, convert in CONVERTERS.items():
        name, value = first(row, dialect, field)
        if name is not None and not (value is None and field in NEVER_EMPTY):
            found[field] = None if value is None else convert(dialect, field, name, value)
    found |= matters(row, dialect) | deadline(row, dialect, found)
    found |= grid(row, dialect, district) | position(row, dialect)
    if "status" in found and found["status"] not in DONE:
        found["status"] = flagged(row, dialect) or found["status"]
    if first(row, dialect, "caller_name")[0] or first(row, dialect, "caller_phone")[0]:
        who = caller(row, dialect)
        found = {**(discreet(found, who) if who else found), "caller": who}
    if found.get("content") and "title" not in found:
        found["title"] = TITLE_ENDS.split(found["content"], maxsplit=1)[0][: dialects.TITLE_LENGTH]
    return found


def changed(row: Row, dialect: Dialect) -> datetime | None:
    """When the order last changed at the hotline, where the row says so in a way that can be read."""
    name, value = first(row, dialect, "updated_at")
    if name is None or value is None:
        return None
    try:
        return moment(name, value)
    except Unreadable:
        return None


def as_text(dialect: Dialect, field: str, name: str, value: str) -> str:
    return value


def as_answer(dialect: Dialect, field: str, name: str, value: str) -> bool | None:
    return {"YES": True, "NO": False, None: None}[word(dialect, field, name, value)]


def as_handler(dialect: Dialect, field: str, name: str, value: str) -> str:
    return HANDLER_ENDS.split(value, maxsplit=1)[0].strip()


CONVERTERS: Mapping[str, Callable[[Dialect, str, str, str], Any]] = {
    **dict.fromkeys(("title", "content", "place", "result"), as_text),
    **dict.fromkeys(("kind", "status", "urgency", "satisfaction"), word),
    **dict.fromkeys(
        ("submitted_at", "due_at", "handled_at", "closed_at"), lambda dialect, field, name, value: moment(name, value)
    ),
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
    parted = ISSUE_ENDS.split(text(row.get(names[0])) or "") if len(names) == 1 else []
    paths = [parts for parts in (path({names[0]: part}, names) for part in parted) if parts]
    if len(paths) > 1:
        issues = [Issue(str(at), parts[-1], "/".join(parts)) for at, parts in enumerate(paths, 1)]
        return {"category": issues[0].category, "issues": tuple(issues)}
    category: dict[str, Any] = {"category": "/".join(path(row, names)) or None}
    rows = row.get(dialect.issues.name) if dialect.issues else None
    return category | ({"issues": listed(rows, dialect)} if rows else {})


def listed(rows: object, dialect: Dialect) -> Sequence[Issue]:
    """The issues of a field that holds a list of rows."""
    names = dialect.issues
    if names is None or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unreadable(f"column {names and names.name}: not a list of matters. Correct it at the hotline.")
    found = []
    for at, row in enumerate(rows, 1):
        title = text(row.get(names.title))
        if title is None:
            raise Unreadable(f"column {names.name}, matter {at}: {names.title} is empty. Correct it at the hotline.")
        found.append(Issue(text(row.get(names.key)) or str(at), title, "/".join(path(row, names.category)) or None))
    return tuple(found)
