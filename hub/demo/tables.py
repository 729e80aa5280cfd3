"""The rows of a made-up district: a mapping each, in the hub's words, and the same as a file for a plugin to read."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from hub.demo.templates import At, Cell, Make, Place, made, summed, written
from hub.sync.kinds import KINDS
from hub.synthetic import Rows

MADE_UP = "示例数据：为演示而虚构，与任何真实的人和事无关。"
Row = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """So many rows of one kind, with the grids on which they lie, in turn."""

    rows: Rows
    practice: str
    places: Sequence[Place]
    seed: int

    def __iter__(self) -> Iterator[Row]:
        makes = columns(self)
        for at in spots(self.rows.count, self.places, self.practice):
            yield {name: make(at) for name, make in makes.items()}

    def grids(self) -> Iterator[Place]:
        """The grids that it makes."""
        for row in self:
            yield Place(str(row["code"]), str(row["name"]))


def spots(count: int, places: Sequence[Place], practice: str) -> Iterator[At]:
    """Row by row, where it is. A grid that stands in the list several times comes so often."""
    seen: dict[str, int] = {}
    for n in range(1, count + 1):
        place = places[(n - 1) % len(places)]
        seen[place.code] = seen.get(place.code, 0) + 1
        yield At(n, seen[place.code], place, practice)


def columns(table: Table) -> dict[str, Make]:
    """What each column holds: its code, what was said, what goes without saying, and totals shared out."""
    rows, kind = table.rows, KINDS[table.rows.kind]
    found: dict[str, Make] = {}
    names = {*kind.fields, *kind.references}
    key = next((name for name in ("code", "number") if name in names), "key")
    found[key] = written(rows.code or f"{table.practice}-{rows.kind}-{{n:05}}")
    if "description" in names:
        found["description"] = lambda at: MADE_UP
    if "practice" in names:
        found["practice"] = lambda at: at.practice
    if (on := "parent" if rows.kind == "grid" else "grid") in names:
        found[on] = lambda at: at.place.code
    found |= {name: made(value, rows.count) for name, value in rows.fields.items()}
    for name, total in rows.sum.items():
        parts = summed(total, rows.count, table.seed, table.practice, rows.kind, name)
        found[name] = _numbered(parts)
    return found


def _numbered(parts: Sequence[int]) -> Make:
    return lambda at: parts[at.n - 1]


def write_csv(file: Path, tables: Iterable[Table]) -> bool:
    """The rows of one kind as a table. Whether anything is new."""
    return _write(file, lambda out: _csv(out, tables))


def write_lines(file: Path, tables: Iterable[Table]) -> bool:
    """The rows of several kinds as records in JSON, one a line. Whether anything is new."""
    return _write(file, lambda out: out.writelines(_lines(tables)))


def _csv(out: Any, tables: Iterable[Table]) -> None:
    tables = list(tables)
    names = list(dict.fromkeys(name for table in tables for name in columns(table)))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for table in tables:
        writer.writerows([_told(row.get(name, "")) for name in names] for row in table)


def _lines(tables: Iterable[Table]) -> Iterator[str]:
    for table in tables:
        for row in table:
            fields = dict(row)
            key = fields.pop("key", None) or fields.get("code") or fields["number"]
            told = {"kind": table.rows.kind, "key": key, "fields": fields}
            yield json.dumps(told, ensure_ascii=False, default=_told) + "\n"


def _told(cell: Cell) -> str | int | float:
    """As a table shows it."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return cell.isoformat() if isinstance(cell, date) else cell


def _write(file: Path, write: Callable[[Any], None]) -> bool:
    """Write it, unless the same stands there already."""
    part = file.with_name(f".{file.name}.part")
    with part.open("w", encoding="utf-8", newline="") as out:
        write(out)
    same = file.exists() and file.read_bytes() == part.read_bytes()
    part.replace(file)
    return not same
