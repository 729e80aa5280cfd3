"""Workbooks (.xlsx), read as a stream.

Measured with 620,573 rows x 6 columns, peak of the process, inline / shared strings: python-calamine 380 / 322 MB,
openpyxl read_only 76 / 195 MB at 78 / 42 us a row, this reader 47 / 56 MB at 29 / 51: hence our own (zipfile, expat).
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from posixpath import dirname, join, normpath
from xml.parsers import expat

from hub.plugin import SourceBroken
from plugins.spreadsheet.sheet import Handler, Rows, SharedStrings
from plugins.spreadsheet.tables import Flawed, Source, Table

MAGIC = b"PK"
CHUNK = 1 << 16
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError, expat.ExpatError)
EPOCH_1904 = date(1904, 1, 1)
NO_TABLE = "Save the table as CSV or XLSX and name that file."


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of the workbook and the part that holds it."""

    name: str
    part: str
    visible: bool


class Relations(Handler):
    """A list of relations: id to (type, target)."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[str, str]] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "Relationship":
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.found[attributes.get("Id", "")] = (kind, attributes.get("Target", ""))

    def part(self, kind: str, origin: str) -> str | None:
        """The part that the first relation of this type names, seen from the part `origin`."""
        for found, target in self.found.values():
            if found == kind:
                return _resolved(origin, target)
        return None


class Contents(Handler):
    """The workbook's own part: its sheets and its calendar."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, bool]] = []
        self.epoch = date(1899, 12, 30)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = _local(name)
        if tag == "sheet":
            relation = next((value for key, value in attributes.items() if _local(key) == "id" and ":" in key), "")
            self.sheets.append((attributes.get("name", ""), relation, attributes.get("state", "visible") == "visible"))
        elif tag == "workbookPr" and attributes.get("date1904", "0") in ("1", "true"):
            self.epoch = EPOCH_1904


def read_workbook(source: Source, only: str | None) -> Iterator[Table]:
    """The tables of a workbook: the sheet of that name, or all that are visible."""
    with _broken_in_words(source), zipfile.ZipFile(source.file) as archive:
        sheets, epoch, strings_part = _contents(source, archive)
        chosen = [sheet for sheet in sheets if (sheet.visible if only is None else sheet.name == only)]
        if not chosen:
            names = ", ".join(sheet.name for sheet in sheets)
            raise SourceBroken(
                f"{source.name} has no sheet {only or 'that is visible'}, only: {names}. Correct the setting sheet."
            )
        with closing(SharedStrings()) as strings:
            if strings_part in archive.namelist():
                for _ in _parsed(source, archive, strings_part, strings):
                    pass
                strings.flush()
            for at, sheet in enumerate(chosen):
                source.progress = (at, len(chosen))
                rows = _rows(source, archive, sheet, strings)
                first, header = next(((n, row) for n, row in enumerate(rows, 1) if row), (1, []))
                name = f"{source.name}, sheet {sheet.name}"
                if isinstance(header, Flawed):
                    raise SourceBroken(f"{name}, row {first} (the header): {header.flaw}. Correct it and run again.")
                yield Table(name, header, rows, first + 1, ragged=True, epoch=epoch)


def _contents(source: Source, archive: zipfile.ZipFile) -> tuple[list[Sheet], date, str]:
    """The sheets, the calendar, and the part with the shared strings."""
    names = set(archive.namelist())
    top = Relations()
    if "_rels/.rels" in names:
        _parse_small(source, archive, "_rels/.rels", top)
    book = top.part("officeDocument", "")
    if book is None or book not in names or not book.endswith(".xml") or not dirname(book).startswith("xl"):
        raise SourceBroken(f"{source.name} is no table but {_what(names)}. {NO_TABLE}")
    relations, contents = Relations(), Contents()
    _parse_small(source, archive, join(dirname(book), "_rels", book.rpartition("/")[2] + ".rels"), relations)
    _parse_small(source, archive, book, contents)
    sheets = [
        Sheet(name, _resolved(book, relations.found[relation][1]), visible)
        for name, relation, visible in contents.sheets
        if relations.found.get(relation, ("",))[0] == "worksheet"
    ]
    return sheets, contents.epoch, relations.part("sharedStrings", book) or ""


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _what(names: set[str]) -> str:
    if any(name.endswith(".bin") for name in names):
        return "a binary workbook (.xlsb)"
    if "mimetype" in names:
        return "an OpenDocument file (.ods)"
    if any(name.startswith("word/") for name in names):
        return "a Word document"
    return "a ZIP archive"


def _resolved(origin: str, target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else normpath(join(dirname(origin), target))


def _rows(source: Source, archive: zipfile.ZipFile, sheet: Sheet, strings: SharedStrings) -> Iterator[list[str]]:
    """The rows of a sheet, an empty list for each that is left out."""
    handler = Rows(f"{source.name}, sheet {sheet.name}", strings)
    number, damage = 0, None
    shares = _parsed(source, archive, sheet.part, handler)
    while damage is None:
        try:
            share = next(shares, None)
        except SourceBroken as error:
            share, damage = None, error
        for wanted, row in handler.taken():
            while (number := number + 1) < wanted:
                yield []
            yield row
        if share is None:
            break
        at, count = source.progress
        source.fraction = (at + share) / count
    if damage is not None:
        raise damage


def _parse_small(source: Source, archive: zipfile.ZipFile, part: str, handler: Handler) -> None:
    for _ in _parsed(source, archive, part, handler):
        pass


def _parsed(source: Source, archive: zipfile.ZipFile, part: str, handler: Handler) -> Iterator[float]:
    """Feed one part to a handler, a chunk at a time; the share of it that was fed."""
    handler.file = source.name
    parser = handler.parser()
    with _broken_in_words(source), archive.open(part) as file:
        size = max(archive.getinfo(part).file_size, 1)
        fed = 0
        while chunk := file.read1(CHUNK):  # type: ignore[attr-defined]  # a ZipExtFile; its read() loses what came before a damage
            source.count(len(chunk))
            fed += len(chunk)
            parser.Parse(chunk, False)
            yield min(fed / size, 1.0)
        parser.Parse(b"", True)
        yield 1.0


@contextmanager
def _broken_in_words(source: Source) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise SourceBroken(
            f"{source.name} is half-written or damaged ({_detail(error)}). Save or copy it again, whole."
        ) from error


def _detail(error: Exception) -> str:
    return str(error.args[0]).strip("'\"") if error.args else "it ends in the middle"
