"""From the rows of one table to records: its columns are found once, so that a row costs one tight loop."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from hub.plugin import BadRecord, Caller, Place, Record, SourceBroken
from plugins.spreadsheet.callers import CALLER, caller_columns, hide, masked
from plugins.spreadsheet.cells import (
    Convert,
    day,
    division,
    document,
    grid_under,
    held,
    level,
    listed,
    moment,
    number,
    parent,
    truth,
    whole,
)
from plugins.spreadsheet.profiles import KEY, Profile, Rule, plain
from plugins.spreadsheet.tables import Flawed, Table

ADD_ONS = frozenset(("jurisdiction", "longitude", "latitude", "valid_from", "valid_to"))
GRID_ORDER = {"code": 0, "name": 1, "level": 2, "parent": 3}
NEXT = "Correct it and run again."


@dataclass(frozen=True, slots=True)
class Reading:
    """What the settings say about how the tables of one kind are read.

    tiers  the profiles that may hold: of the first tier that has any which fits a table, the one that fits best
    """

    kind: str
    tiers: Sequence[Sequence[Profile]]
    words: Mapping[str, Mapping[str, str]]
    zone: ZoneInfo
    under: str | None


class MissingHeader(SourceBroken):
    """The table lacks a column that it needs: a workbook may have another sheet with it."""


class BadCell(ValueError):
    """What is wrong with the cell of a field."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class Columns:
    """The columns of one table that mean something, and what becomes of their cells."""

    def __init__(self, table: Table, reading: Reading) -> None:
        rules, places = _fitting(table, reading)
        converts = _converts(reading, table.epoch)
        self.row = 1
        self._table = table
        self._kind = reading.kind
        self._columns = [(field, at[0], converts.get(field)) for field, at in places.items()]
        self._named = reading.kind == "grid" and "name" in places
        if self._named:  # a table that names its grids says by their codes what it has no column for
            at = places["code"][0]
            derived = [("level", at, level), ("parent", at, parent)]
            self._columns += [column for column in derived if column[0] not in places]
            self._columns.sort(key=lambda column: GRID_ORDER.get(column[0], 9))
        self.titles = {field: table.header[at].strip() for field, at, _ in self._columns}
        every = [rule for tier in reading.tiers for profile in tier for rule in profile.rules]
        self._callers = caller_columns(table.header, every)
        self._required = [rule.field for rule in rules if rule.required and rule.field in places]
        self._ancestors = places.get("parent", [])[1:]
        self._finish = {"grid": self._finish_grid, "request": self._finish_request}.get(reading.kind, self._key)

    def read(self, rows: Iterable[tuple[int, list[str]]]) -> list[Record | BadRecord]:
        """What these numbered rows say; empty rows are left out."""
        items: list[Record | BadRecord] = []
        columns, width, kind, finish = self._columns, len(self._table.header), self._kind, self._finish
        where = f"{self._table.name}, row "
        field, count = "", self.row
        for count, row in rows:
            if len(row) != width or type(row) is not list:
                row = self._fitted(row)
                if isinstance(row, Flawed):
                    items.append(self._flawed(count, row))
                    continue
            try:
                fields: dict[str, object] = {}
                for field, index, convert in columns:
                    cell = row[index].strip()
                    fields[field] = (convert(cell) if convert else cell) if cell else None
                items.append(Record(kind, finish(fields, row), fields, False, f"{where}{count}"))
            except BadCell as error:
                if any(cell.strip() for cell in row):
                    items.append(self._bad(count, row, error.field, str(error)))
            except ValueError as error:
                items.append(self._bad(count, row, field, str(error)))
        self.row = count
        return items

    def _fitted(self, row: list[str]) -> list[str]:
        """The row at the header's width; Flawed where cells are missing or left over."""
        width = len(self._table.header)
        spare = width - len(row)
        if isinstance(row, Flawed):
            return row
        if not any(cell.strip() for cell in row[width:] if spare < 0) and (self._table.ragged or spare < 0 or not row):
            return row[:width] + [""] * spare
        return Flawed(row, f"too {'few' if spare > 0 else 'many'} cells, {len(row)} where the header has {width}")

    def _key(self, fields: dict[str, object], row: list[str]) -> str:
        """See that nothing needed is empty. The key is the first needed field; of a member, the first two."""
        for field in self._required:
            if fields[field] is None:
                raise BadCell(field, "the cell is empty")
        found = "/".join(str(fields[field]) for field in self._required[: 2 if self._kind == "member" else 1])
        fields.pop(KEY, None)
        return found

    def _finish_grid(self, fields: dict[str, object], row: list[str]) -> str:
        """See that nothing needed is empty, and find the parent among all ancestors. The key is the code."""
        code = fields["code"]
        if not isinstance(code, str):
            raise BadCell("code", "the cell is empty")
        if self._ancestors and fields["parent"] in (None, code):
            above = (row[index].strip() for index in self._ancestors)
            fields["parent"] = next((cell for cell in above if cell not in ("", code)), None)
        if self._named:
            if fields["name"] is None:
                raise BadCell("name", "the cell is empty")
            if not fields["level"]:
                fields["level"] = level(code)
        return code

    def _finish_request(self, fields: dict[str, object], row: list[str]) -> str:
        """Who asked is kept in one place."""
        key = self._key(fields, row)
        if not fields.keys().isdisjoint(CALLER):
            name, phone, confidential = (fields.pop(field, None) for field in CALLER)
            known = name is not None or phone is not None
            fields["caller"] = Caller(_text(name), _text(phone), confidential is not False) if known else None
        return key

    def _flawed(self, count: int, row: Flawed) -> BadRecord:
        header = self._table.header
        if 0 <= row.column < len(header):
            return self._bad_at(count, row, f", column {header[row.column].strip()}", row.flaw)
        return self._bad_at(count, row, "", row.flaw)

    def _bad(self, count: int, row: list[str], field: str, reason: str) -> BadRecord:
        return self._bad_at(count, row, f", column {self.titles[field]}", reason)

    def _bad_at(self, count: int, row: list[str], column: str, reason: str) -> BadRecord:
        where = f"{self._table.name}, row {count}"
        header = self._table.header
        titles = [*header, *(f"cell {at}" for at in range(len(header) + 1, len(row) + 1))]
        shown, secrets = masked(row, self._callers, len(header))
        raw = {title: _storable(cell) for title, cell in zip(titles, shown, strict=False)}
        return BadRecord(f"{where}{column}: {_storable(hide(reason, secrets))}. {NEXT}", raw, self._kind, where=where)


def _fitting(table: Table, reading: Reading) -> tuple[Sequence[Rule], dict[str, list[int]]]:
    """The rules of the profile that finds most fields in the table, the later one of two alike, and where they are."""
    misfits: dict[str, SourceBroken] = {}
    for tier in reading.tiers:
        best: tuple[Sequence[Rule], dict[str, list[int]]] | None = None
        for profile in tier:
            try:
                places = _places(table, profile, reading.kind)
            except SourceBroken as error:
                misfits[profile.name] = error
                continue
            if best is None or len(places) >= len(best[1]):
                best = profile.rules, places
        if best is not None:
            return best
    for misfit in misfits.values():
        if not isinstance(misfit, MissingHeader) or len(misfits) == 1:
            raise misfit
    raise MissingHeader("\n".join(f"Profile {name}: {misfit}" for name, misfit in misfits.items()))


def _places(table: Table, profile: Profile, kind: str) -> dict[str, list[int]]:
    """By field, where its columns are: the first is read, the others of a grid's parent help out where it is empty."""
    titles = [plain(title) for title in table.header]
    found: dict[str, list[int]] = {}
    for rule in profile.rules:
        accepted = dict.fromkeys(plain(header) for header in rule.headers)
        for header in accepted:
            if titles.count(header) > 1:
                raise SourceBroken(
                    f"{table.name}: the column {table.header[titles.index(header)].strip()} stands there twice. "
                    "Remove or rename one of them."
                )
        if at := [titles.index(header) for header in accepted if header in titles]:
            found[rule.field] = at
    add_on = kind == "grid" and not ADD_ONS.isdisjoint(found)
    for rule in profile.rules:
        if rule.required and rule.field not in found and not (add_on and rule.field == "name"):
            shown = ", ".join(title.strip() for title in table.header) or "none"
            raise MissingHeader(
                f"{table.name} has no column for {rule.field}. Accepted headers: {', '.join(rule.headers)}. "
                f"Found: {_storable(shown)}. Rename the column, or name it in the setting columns."
            )
    return found


def _converts(reading: Reading, epoch: date) -> dict[str, Convert]:
    """By field: from a cell to its value. A field that is not in here is text."""
    grid = lru_cache(1024)(grid_under(reading.under))
    by_type: dict[object, Convert] = {
        Place: grid,
        datetime: moment(epoch, reading.zone),
        date: day(epoch),
        bool: truth,
        int: whole,
        float: number(-math.inf, math.inf),
        Sequence[str]: listed,
        Mapping[str, Any]: document,
    }
    found: dict[str, Convert] = {
        **{field: by_type[one] for field, one in held(reading.kind).items() if one in by_type},
        "longitude": number(-180, 180),
        "latitude": number(-90, 90),
        "caller_confidential": truth,
        **{field: _meaning(words) for field, words in reading.words.items()},
    }
    if reading.kind == "grid":
        found.update(code=division, parent=lru_cache(1024)(division), jurisdiction=grid)
    return found


def _meaning(words: Mapping[str, str]) -> Convert:
    """The hub's name for a word or for itself, else whatever its case; what is neither stays, and the hub judges it."""
    names = [name for name in words.values() if name]
    exact = {**dict(zip(names, names, strict=True)), **words}
    folded = {**{name.casefold(): name for name in names}, **{word.casefold(): name for word, name in words.items()}}

    def convert(cell: str) -> str:
        found = exact.get(cell)
        return folded.get(cell.casefold(), cell) if found is None else found

    return convert


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _storable(text: str) -> str:
    """The text without what a database or a page cannot show."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()
