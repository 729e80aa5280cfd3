"""Text tables: CSV and TSV, plain or gzipped, in UTF-8, UTF-16 or GB18030."""

import codecs
import csv
import gzip
import io
import re
import zlib
from collections import deque
from collections.abc import Iterator
from itertools import chain

from hub.plugin import SourceBroken
from plugins.spreadsheet.encodings import guess
from plugins.spreadsheet.tables import CELL_LIMIT, MEGABYTE, Flawed, Source, Table, refuse_foreign

CHUNK = 1 << 18
SAMPLE = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
GUARDED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
SURROGATE_FIRST, SURROGATE_LAST = "\ud800", "\udfff"


def read_delimited(source: Source, encoding: str) -> Table:
    """The one table of a text file."""
    chunks = _chunks(source)
    start = next(chunks, b"")
    refuse_foreign(source.name, start)
    text = _Text(source.name, encoding, chain([start], chunks))
    lines = iter(text)
    first = next(lines, "")
    rows = _rows(source.name, text, chain([first], lines), _delimiter(first))
    count, header = next(((count, row) for count, row in enumerate(rows, 1) if row), (1, []))
    if isinstance(header, Flawed):
        raise SourceBroken(f"{source.name}, row {count} (the header): {header.flaw}. Correct it and run again.")
    return Table(source.name, header, rows, count + 1)


def _chunks(source: Source) -> Iterator[bytes]:
    """The bytes of the file, unpacked."""
    size = max(source.stat.st_size, 1)
    packed = source.start(2) == GZIP_MAGIC
    read = gzip.GzipFile(fileobj=source.file, mode="rb").read1 if packed else source.file.read
    try:
        while chunk := read(CHUNK):  # the read() of GzipFile would lose what came before a damage
            source.count(len(chunk))
            source.fraction = min(source.file.tell() / size, 1.0)
            yield chunk
    except EOFError as error:
        raise SourceBroken(f"{source.name} ends in the middle: it is half-written. Copy it again, whole.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise SourceBroken(f"{source.name} is damaged ({error}). Copy it again, whole.") from error
    except OSError as error:
        raise SourceBroken(f"{source.name} cannot be read on: {error.strerror}. Copy it again, whole.") from error


class _Ahead:
    """Chunks, of which some can be seen before they are taken. Where they are damaged, that is told in its turn."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._seen: deque[bytes] = deque()
        self._damage: SourceBroken | None = None

    def __iter__(self) -> "_Ahead":
        return self

    def __next__(self) -> bytes:
        if self._seen:
            return self._seen.popleft()
        if self._damage is not None:
            raise self._damage
        return next(self._chunks)

    def first(self) -> bytes:
        """The next chunk, not yet taken; empty at the end."""
        self._look(1)
        return self._seen[0] if self._seen else b""

    def sample(self) -> tuple[bytes, bool]:
        """What comes next, and whether it stops in the middle."""
        self._look(SAMPLE)
        sample = b"".join(self._seen)
        return sample, len(sample) >= SAMPLE or self._damage is not None

    def _look(self, size: int) -> None:
        try:
            while self._damage is None and sum(map(len, self._seen)) < size and (chunk := next(self._chunks, b"")):
                self._seen.append(chunk)
        except SourceBroken as damage:
            self._damage = damage


class _Text:
    """The lines of the file, ends kept. `dirty` once a byte was met that is no text, `guarded` once an apostrophe was:
    other files pay nothing."""

    def __init__(self, name: str, encoding: str, chunks: Iterator[bytes]) -> None:
        self._name = name
        self._encoding = encoding
        self._chunks = chunks
        self.dirty = False
        self.guarded = False

    def __iter__(self) -> Iterator[str]:
        rest = ""
        for part in self._decoded():
            self.dirty = self.dirty or "\0" in part or not _encodable(part)
            self.guarded = self.guarded or "'" in part
            text = rest + part
            cut = text.rfind("\n") + 1
            yield from io.StringIO(text[:cut], newline="")
            rest = text[cut:]
            if len(rest) > MEGABYTE:
                raise SourceBroken(f"{self._name} has a line of more than 1 MB: it is no table. Name a table.")
        yield from io.StringIO(rest, newline="")

    def _decoded(self) -> Iterator[str]:
        """The text; where the encoding is to be found out, that waits for the first byte that is not ASCII."""
        encoding, ahead = self._encoding, _Ahead(self._chunks)
        if encoding == "auto":
            while (chunk := ahead.first()).isascii() and chunk:
                yield next(ahead).decode("ascii")
            sample, cut = ahead.sample()
            encoding = guess(self._name, sample, cut=cut)
        decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
        try:
            for chunk in ahead:
                yield decoder.decode(chunk)
            yield decoder.decode(b"", True)
        except UnicodeDecodeError as error:
            raise SourceBroken(f"{self._name} is not {encoding} text. Correct the setting encoding.") from error


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _delimiter(line: str) -> str:
    """Comma, tab or semicolon: whichever the header has most of."""
    return max(",\t;", key=line.count)


def _rows(name: str, text: _Text, lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    """The rows, header included; a row that breaks the rules of CSV comes as Flawed."""
    csv.field_size_limit(CELL_LIMIT)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    while True:
        try:
            for row in reader:
                number += 1
                row = _inspected(row) if text.dirty else row
                yield _unguarded(row) if text.guarded else row
            return
        except csv.Error as error:
            number += 1
            if "expected after" not in str(error):
                raise SourceBroken(
                    f"{name}, row {number}: a quote is opened and never closed, or a cell is longer than "
                    f"{CELL_LIMIT:,} characters. Correct the row and run again."
                ) from error
            yield Flawed([], "a quote stands in the middle of a cell; write it twice inside quotes")


def _inspected(row: list[str]) -> list[str]:
    """The row as it is, or Flawed by its first bad cell."""
    for column, cell in enumerate(row):
        if "\0" in cell:
            return Flawed(row, "the cell has a NUL byte in it", column)
        if not _encodable(cell):
            return Flawed(row, "the cell has bytes that are no text in the file's encoding", column)
    return row


def _unguarded(row: list[str]) -> list[str]:
    """The row without the apostrophe that keeps a text from being taken for a formula."""
    if isinstance(row, Flawed):
        return row
    return [cell[1:] if cell[:1] == "'" and GUARDED.match(cell) else cell for cell in row]
