"""One row of the hotline, in whatever dialect, as a Record of the hub or as a BadRecord that says why not."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.plugin import BadRecord, Issue, Record
from plugins.hotline12345.callers import beyond, caller, discreet, masked, masked_unknown
from plugins.hotline12345.cells import Cells, Row, Unreadable, decimal, filled, moment, path, text
from plugins.hotline12345.dialects import DIALECTS, LEAST_KNOWN, TITLE_LENGTH, Dialect, caller_columns
from plugins.hotline12345.places import grid, position
from plugins.hotline12345.readings import Reading, reading

__all__ = ["Centre", "raw", "read"]

ROUNDED = re.compile(r"\d(\.\d+)?E\+?\d+")
DONE = frozenset({"HANDLED", "VERIFIED", "CALLBACK", "CLOSED", "ARCHIVED"})
LEAST_OF_A_PART = 2


@dataclass(frozen=True, slots=True)
class Centre:
    """A hotline as the settings describe it.

    district  the code of the division that surely contains its orders
    channel   how its orders came in, where their rows do not say so
    prefix    what stands before its orders' numbers in the hub, so that two hotlines may use the same ones
    dialects  those that it may speak
    practice  the code of the practice that its orders belong to, if any
    workflow  the code of the workflow that they follow, if any
    """

    district: str = "150602"
    channel: str = "HOTLINE_12345"
    prefix: str = ""
    dialects: tuple[Dialect, ...] = DIALECTS
    practice: str = ""
    workflow: str = ""

    def number(self, key: str) -> str:
        """What the hotline itself calls the order of this key."""
        return key.removeprefix(self.prefix)


def raw(row: object, centre: Centre, where: str) -> Record | BadRecord:
    """The row as it came, by the number of its order; a BadRecord where it is that of none."""
    known = reading(tuple(row), centre.dialects, LEAST_KNOWN) if isinstance(row, dict) else None
    if not isinstance(row, dict) or known is None:
        return read(row, centre, where)
    try:
        key = centre.prefix + number(filled(row, known.columns.get("number", ())), known, centre.prefix)
    except Unreadable:
        return read(row, centre, where)
    return Record("request", key, row, where=where, raw=True)


def read(
    row: object, centre: Centre, where: str, *, key: str | None = None, at: datetime | None = None, part: bool = False
) -> Record | BadRecord:
    """What the row says, as of `at` where it does not say itself when it changed. `key`: where it is known. `part`: it
    may say only what changed of an order, and its number."""
    if not isinstance(row, dict):
        reason = f"A work order is an object, this is {type(row).__name__}."
        return BadRecord(reason, str(masked_unknown(row, caller_columns(centre.dialects))), "request", where=where)
    known = reading(tuple(row), centre.dialects, LEAST_OF_A_PART if part else LEAST_KNOWN)
    if known is None:
        names = ", ".join(sorted(row)) or "none"
        reason = f"No dialect knows these columns: {names}. "
        reason += "Describe them in a file of the setting dialects, then run it again."
        return BadRecord(reason, masked_unknown(row, caller_columns(centre.dialects)), "request", where=where)
    try:
        cells = filled(row, known.read)
        key = key or centre.prefix + number(cells, known, centre.prefix)
        said = fields(row, cells, known, key, centre)
        extra = beyond(row, known.beyond, known.callers) if known.beyond else {}
        return Record("request", key, said, where=where, at=changed(cells, known) or at, extra=extra)
    except Unreadable as error:
        shown, reason = masked(row, f"Dialect {known.dialect.name}, {error}", known.callers)
        return BadRecord(reason, shown, "request", key, where)


def number(cells: Cells, known: Reading, prefix: str) -> str:
    """The order's number without its prefix: 12345-2509..., SH2509... and 2509... are one order."""
    name, raw = known.first(cells, "number")
    if raw is None:
        columns = " / ".join(known.dialect.fields["number"])
        raise Unreadable(f"column {columns}: no order number. Ask the hotline for it, then replay.")
    digits = raw.isascii() and raw.isdecimal()
    plain = raw if digits else "".join(unicodedata.normalize("NFKC", raw).upper().split())
    if ROUNDED.fullmatch(plain):
        raise Unreadable(f"column {name}: '{raw}' was rounded by a spreadsheet. Export the column as text.")
    plain = plain.removeprefix(prefix.upper())
    prefixed = known.dialect.number.fullmatch(plain)
    return prefixed[1] if prefixed else plain


def fields(row: Row, cells: Cells, known: Reading, key: str, centre: Centre) -> dict[str, Any]:
    """The request's fields: only what the row speaks of."""
    dialect = known.dialect
    found: dict[str, Any] = {"number": key, "channel": centre.channel}
    if centre.practice:
        found["practice"] = centre.practice
    if centre.workflow:
        found["workflow"] = centre.workflow
    for field, columns, convert, may_be_empty in known.converters:
        for column in columns:
            if column in cells:
                found[field] = convert(column, cells[column])
                break
        else:
            if may_be_empty:
                found[field] = None
    if known.category:
        found |= matters(row, cells, known)
    if "due_days" in known.columns:
        found |= deadline(cells, known, found)
    found |= grid(cells, known, centre.district)
    if "longitude" in known.columns and "latitude" in known.columns:
        found |= position(cells, known)
    if known.flags and found.get("status") not in DONE and (status := flagged(cells, known)):
        found["status"] = status
    if "caller_name" in known.columns or "caller_phone" in known.columns:
        who = found["caller"] = caller(cells, known)
        if who:
            found |= discreet(found, who)
    if found.get("content") and "title" not in found:
        found["title"] = dialect.ends["title"].split(found["content"], maxsplit=1)[0][:TITLE_LENGTH]
    return found


def changed(cells: Cells, known: Reading) -> datetime | None:
    """When the order last changed at the hotline, where the row says so in a way that can be read."""
    name, value = known.first(cells, "updated_at")
    if name is None or value is None:
        return None
    try:
        return moment(known.dialect, name, value)
    except Unreadable:
        return None


def deadline(cells: Cells, known: Reading, found: Mapping[str, Any]) -> dict[str, Any]:
    """The deadline of a dialect that gives it in days since the order came in."""
    name, days = known.first(cells, "due_days")
    if name is None or days is None or "submitted_at" not in found:
        return {}
    try:
        return {"due_at": found["submitted_at"] + timedelta(days=decimal(name, days))}
    except OverflowError:
        raise Unreadable(f"column {name}: {days} days are too many. Correct it at the hotline.") from None


def flagged(cells: Cells, known: Reading) -> str | None:
    """The status that a set flag stands for."""
    for name, read, status in known.flags:
        if name in cells and read(name, cells[name]) == "YES":
            return status
    return None


def matters(row: Row, cells: Cells, known: Reading) -> dict[str, Any]:
    """The category, and the issues where one order holds several."""
    dialect, written = known.dialect, [cells[column] for column in known.category if column in cells]
    if len(dialect.fields["category"]) == 1:
        several = dialect.ends["issues"].split(written[0]) if written else []
        paths = [parts for part in several if (parts := path(dialect, [part]))] if len(several) > 1 else []
        if len(paths) > 1:
            issues = [Issue(str(at), parts[-1], "/".join(parts)) for at, parts in enumerate(paths, 1)]
            return {"category": issues[0].category, "issues": tuple(issues)}
    category: dict[str, Any] = {"category": "/".join(path(dialect, written)) or None}
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
        category = "/".join(path(dialect, filter(None, map(text, map(row.get, names.category))))) or None
        found.append(Issue(text(row.get(names.key)) or str(at), title, category))
    return tuple(found)
