"""The tables of a registry as it exports them: CSV or XLSX, one file or a folder of them, recognised by their headers.

They are read in the order in which they name one another, a thousand rows at a time.
"""

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from hub.plugin import SourceBroken, SourceRefused
from plugins.volunteers.dialect import STREAMS, needed

__all__ = ["PAGE", "Table", "pages", "tables"]

PAGE = 1_000
CHUNK = 1 << 20
ENCODINGS = ("utf-8-sig", "gb18030")
ENDINGS = (".csv", ".xlsx")
ZIP_MAGIC = b"PK\x03\x04"
Headers = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Table:
    """A file or a sheet that holds one of the registry's tables. `titles`: its headers as they stand."""

    name: str
    stream: str
    titles: tuple[str, ...]
    path: Path
    encoding: str | None
    sheet: str | None

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Its rows with their numbers; empty ones are left out."""
        cells = _lines(self.path, self.encoding) if self.encoding else _sheet(self.path, str(self.sheet))
        for number, row in enumerate(cells, 1):
            if number > 1 and any(cell not in ("", None) for cell in row):
                yield number, dict(zip(self.titles, row, strict=False))


def tables(path: Path, headers: Headers) -> list[Table]:
    """The tables in a file or a folder, in the registry's order. Raises SourceRefused and SourceBroken."""
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
    except OSError as error:
        raise _unreadable(path, error) from error
    found = [table for file in files if _is_table(file) or file == path for table in _of(file, headers)]
    if not found:
        ends = " or ".join(ENDINGS)
        raise SourceRefused(f"No table is at {path}. Put the registry's exports there: files that end in {ends}.")
    return sorted(found, key=lambda table: (STREAMS.index(table.stream), table.name))


def pages(table: Table) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    """The rows of a table, a page at a time."""
    rows = table.rows()
    while page := list(islice(rows, PAGE)):
        yield page


def _is_table(file: Path) -> bool:
    return file.name.lower().endswith(ENDINGS) and file.name[0] not in ".~"


def _of(file: Path, headers: Headers) -> Iterator[Table]:
    """The tables of one file."""
    try:
        with file.open("rb") as opened:
            start = opened.read(len(ZIP_MAGIC))
    except OSError as error:
        raise _unreadable(file, error) from error
    if start != ZIP_MAGIC:
        encoding = _encoding(file)
        titles = next(_lines(file, encoding), [])
        yield _recognised(file.name, titles, headers, file, encoding, None)
        return
    for sheet in _workbook(file).sheet_names:
        if titles := next(_sheet(file, sheet), []):
            yield _recognised(f"{file.name}, sheet {sheet}", titles, headers, file, None, sheet)


def _recognised(
    name: str, titles: list[Any], headers: Headers, path: Path, encoding: str | None, sheet: str | None
) -> Table:
    """Which of the registry's tables it is: the one that knows most of its headers."""
    written = tuple(str(title or "").strip() for title in titles)
    known = {stream: {headers[stream][title] for title in written if title in headers[stream]} for stream in STREAMS}
    fitting = [stream for stream in STREAMS if needed(stream) <= known[stream]]
    if not fitting:
        near = max(STREAMS, key=lambda stream: len(known[stream]))
        lacks = ", ".join(sorted(needed(near) - known[near]))
        raise SourceBroken(
            f"{name} is no table of a registry that we know. It is nearest to {near}, and lacks {lacks}. Name its "
            f"headers in the setting columns, as {near}.{sorted(needed(near) - known[near])[0]}, or take the file away."
        )
    return Table(name, max(fitting, key=lambda stream: len(known[stream])), written, path, encoding, sheet)


def _encoding(file: Path) -> str:
    """UTF-8 or GB18030, whichever the whole file can be read in."""
    for encoding in ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with file.open("rb") as opened:
                while chunk := opened.read(CHUNK):
                    decoder.decode(chunk)
                decoder.decode(b"", True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise SourceBroken(f"{file.name} is neither UTF-8 nor GB18030 text. Save it as UTF-8 (CSV UTF-8 in Excel).")


def _lines(file: Path, encoding: str) -> Iterator[list[str]]:
    with file.open(encoding=encoding, newline="") as opened:
        try:
            yield from csv.reader(opened, strict=True)
        except csv.Error as error:
            raise SourceBroken(f"{file.name} is no CSV that can be read on: {error}. Export it again.") from error


def _workbook(file: Path) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(str(file))
    except (CalamineError, OSError, ValueError) as error:
        raise SourceBroken(f"{file.name} is half-written or damaged. Export it again, whole.") from error


def _sheet(file: Path, name: str) -> Iterator[list[Any]]:
    try:
        sheet: CalamineSheet = _workbook(file).get_sheet_by_name(name)
        yield from sheet.to_python(skip_empty_area=False)
    except CalamineError as error:
        raise SourceBroken(f"{file.name}, sheet {name} is damaged. Export it again, whole.") from error


def _unreadable(path: Path, error: OSError) -> SourceRefused:
    return SourceRefused(f"{path} cannot be read: {error.strerror}. Check the path and who may read it.")
