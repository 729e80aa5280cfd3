"""What a file gives to the rest of the plugin: tables, row by row, and the words for files that are none."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

from hub.plugin import SourceBroken, SourceRefused

CELL_LIMIT = 131_072
MEGABYTE = 1 << 20

FOREIGN = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\xd0\xcf\x11\xe0", "an old .xls workbook, or one with a password"),
)


class Flawed(list[str]):
    """A row that cannot be read as it stands; `flaw` says why, `column` where (-1: the whole row)."""

    def __init__(self, cells: list[str], flaw: str, column: int = -1) -> None:
        super().__init__(cells)
        self.flaw = flaw
        self.column = column


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a file.

    name    for messages: "villages.csv", or "villages.xlsx, sheet 村"
    header  the cells of its first row
    rows    the rows after it, in order; an empty list stands for an empty row, so that counting gives the row's number
    first   the number of the first of them
    ragged  whether empty cells at a row's end may be left out (a workbook does so)
    epoch   the day before the first day of its calendar, for dates kept as numbers
    """

    name: str
    header: list[str]
    rows: Iterator[list[str]]
    first: int = 2
    ragged: bool = False
    epoch: date = date(1899, 12, 30)


class Source:
    """A file under watch: how far it was read, how much came out of it, and whether it changed meanwhile."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self.name = path.name
        self.limit = limit
        self.unpacked = 0
        self.fraction = 0.0
        self.progress = (0, 1)
        try:
            self.file: BinaryIO = path.open("rb")
            self.stat = path.stat()
        except OSError as error:
            raise unreadable(path, error) from error

    def start(self, size: int) -> bytes:
        """The first bytes of the file."""
        start = self.file.read(size)
        self.file.seek(0)
        return start

    def close(self) -> None:
        """Let the file go."""
        self.file.close()

    def count(self, size: int) -> None:
        """Take note of so many more bytes out of the file; refuse to unpack without end."""
        self.unpacked += size
        if self.unpacked > self.limit:
            raise SourceBroken(
                f"{self.name} unpacks to more than {self.limit // MEGABYTE:,} MB. "
                "If that is right, raise the setting unpacked_limit_mb; if not, the file is damaged or hostile."
            )

    def check_same(self) -> None:
        """Raise SourceBroken if somebody wrote to the file since it was opened."""
        try:
            now = self.path.stat()
        except OSError as error:
            raise unreadable(self.path, error) from error
        then = self.stat
        if (now.st_ino, now.st_size, now.st_mtime_ns) != (then.st_ino, then.st_size, then.st_mtime_ns):
            raise SourceBroken(f"{self.name} changed while it was read. Run again when nobody writes to it.")


def unreadable(path: Path, error: OSError) -> SourceRefused:
    """The words for a path that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return SourceRefused(f"There is no file or folder {path}. Correct the path, or put the file there.")
    return SourceRefused(f"Cannot read {path}: {error.strerror}. Correct the path or its permissions.")


def refuse_foreign(name: str, start: bytes) -> None:
    """Raise SourceBroken for a file that is surely no table."""
    if not start:
        raise SourceBroken(f"{name} is empty (0 bytes). Export it again.")
    for magic, what in FOREIGN:
        if start.startswith(magic):
            raise SourceBroken(f"{name} is no table but {what}. Save the table as CSV or XLSX and name that file.")
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doct", b"<html", b"<table", b"<?xml")):
        raise SourceBroken(f"{name} is no table but a web page. Save the table as CSV or XLSX and name that file.")
