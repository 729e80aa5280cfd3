"""From paths to pages. Nothing here knows the event loop: it is read a page at a time in a thread."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from hub.plugin import Page, SourceBroken, SourceError, SourceRefused
from plugins.spreadsheet.columns import Columns, MissingHeader, Reading
from plugins.spreadsheet.delimited import read_delimited
from plugins.spreadsheet.seen import Seen
from plugins.spreadsheet.tables import Source, Table, unreadable
from plugins.spreadsheet.workbook import MAGIC, read_workbook

PAGE = 10_000
ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".xlsx", ".xlsm")
FAMILY = ("provinces", "cities", "areas", "streets", "villages")


def files(paths: Sequence[Path]) -> list[Path]:
    """The files to read; of a folder its tables, parents before their children."""
    found: list[Path] = []
    for path in paths:
        try:
            inside = list(path.iterdir()) if path.is_dir() else None
        except OSError as error:
            raise unreadable(path, error) from error
        if inside is None:
            found.append(path)
            continue
        tables = [file for file in inside if file.name.lower().endswith(ENDINGS) and file.name[0] not in ".~"]
        if not tables:
            raise SourceRefused(f"No table is in the folder {path}. Put files there that end in {', '.join(ENDINGS)}.")
        found += sorted(tables, key=_rank)
    return found


def _rank(path: Path) -> tuple[int, str]:
    stem = path.name.lower().partition(".")[0]
    return (FAMILY.index(stem) if stem in FAMILY else len(FAMILY), path.name)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise unreadable(path, error) from error


def _whole(rows: Iterator[list[str]], damages: list[SourceError]) -> Iterator[list[str]]:
    """The rows that can be read; why no more can goes to `damages`."""
    try:
        yield from rows
    except SourceBroken as damage:
        damages.append(damage)


class Pages:
    """The pages of some files, and the estimate of how many records they bring."""

    def __init__(
        self, paths: Sequence[Path], reading: Reading, *, encoding: str, sheet: str | None, limit: int
    ) -> None:
        self._paths = paths
        self._reading = reading
        self._encoding = encoding
        self._sheet = sheet
        self._limit = limit
        self._all_bytes = 0
        self._read_bytes = 0
        self._items = 0

    def read(self) -> Generator[Page, None, None]:
        """Page by page. What is damaged is told after the last file: it keeps nothing else from being read."""
        self._all_bytes = sum(_size(path) for path in self._paths)
        damages: list[SourceError] = []
        with closing(Seen()) as seen:
            for path in self._paths:
                try:
                    with closing(Source(path, self._limit)) as source:
                        yield from self._file(source, seen, damages)
                except (SourceBroken, SourceRefused) as damage:
                    damages.append(damage)
        if len(damages) == 1:
            raise damages[0]
        if damages:
            raise SourceBroken("\n".join(map(str, damages)))

    def _file(self, source: Source, seen: Seen, damages: list[SourceError]) -> Generator[Page, None, None]:
        """The pages of one file, up to where it is damaged."""
        for columns, table in self._tables(source):
            found: list[SourceError] = []
            rows = enumerate(_whole(table.rows, found), table.first)
            row = 0
            while columns.row > row:
                row = columns.row
                items = seen.sift(columns.read(islice(rows, PAGE)))
                source.check_same()
                if not items:
                    continue
                self._items += len(items)
                yield Page(items, total=self._total(source), columns=columns.titles)
            kept = f" What stands up to {table.name}, row {row} is kept." if row >= table.first else ""
            damages += [SourceBroken(f"{damage}{kept}") for damage in found]
        self._read_bytes += source.stat.st_size

    def _tables(self, source: Source) -> Iterator[tuple[Columns, Table]]:
        """The tables of a file that have the needed headers, in order."""
        workbook = source.start(len(MAGIC)) == MAGIC
        tables = read_workbook(source, self._sheet) if workbook else iter([read_delimited(source, self._encoding)])
        missed: list[str] = []
        found = False
        for table in tables:
            try:
                columns = Columns(table, self._reading)
            except MissingHeader as error:
                missed.append(str(error))
                continue
            found = True
            yield columns, table
        if not found:
            raise SourceBroken("\n".join(missed))

    def _total(self, source: Source) -> int:
        """An estimate: the records so far, stretched by the share of the bytes that they took."""
        read = self._read_bytes + source.fraction * source.stat.st_size
        return max(self._items, round(self._items * self._all_bytes / read)) if read else self._items
