"""Inside a workbook: what the tags of a sheet and of the shared strings mean."""

import re
import tempfile
from array import array
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from types import TracebackType
from xml.parsers import expat

from hub.plugin import SourceBroken

from plugins.spreadsheet.tables import CELL_LIMIT, Flawed

BLOCK = 1 << 15
BLOCKS_KEPT = 128
LAST_ROW = 1_048_576
LAST_COLUMN = 16_384
PRECISE = 1e15
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


@lru_cache(256)
def local(name: str) -> str:
    """A tag without its prefix."""
    return name.rpartition(":")[2]


@lru_cache(LAST_COLUMN)
def column_of(letters: str) -> int:
    """The place of a column, A being 0."""
    at = 0
    for letter in letters:
        at = at * 26 + ord(letter) - 64
    return at - 1


class Handler:
    """Something that follows the tags of one part."""

    def parser(self) -> expat.XMLParserType:
        """A parser that tells this handler."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text
        return parser

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """A tag opens."""

    def end(self, name: str) -> None:
        """A tag closes."""

    def text(self, text: str) -> None:
        """Text between tags."""

    def _refuse(self, *_: object) -> None:
        raise SourceBroken("The workbook declares a document type, which no spreadsheet program writes. Save it again.")


class SharedStrings(Handler):
    """The strings that the sheets refer to by number: in a temporary file, some blocks of it in memory."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()
        self._firsts = array("Q")
        self._offsets = array("Q", [0])
        self._block: list[str] = []
        self._size = 0
        self._count = 0
        self._parts: list[str] = []
        self._inside = False
        self._spoken = False
        self._strings: Callable[[int], list[str]] = lru_cache(BLOCKS_KEPT)(self._load)

    def __enter__(self) -> "SharedStrings":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < self._count:
            raise IndexError(index)
        block = bisect_right(self._firsts, index) - 1
        return self._strings(block)[index - self._firsts[block]]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = local(name)
        if tag == "t":
            self._inside = not self._spoken
        elif tag == "rPh":
            self._spoken = True

    def end(self, name: str) -> None:
        tag = local(name)
        if tag == "t":
            self._inside = False
        elif tag == "rPh":
            self._spoken = False
        elif tag == "si":
            self._add(_unescaped("".join(self._parts)))
            self._parts.clear()

    def text(self, text: str) -> None:
        if self._inside:
            self._parts.append(text)

    def _add(self, text: str) -> None:
        self._block.append(text)
        self._size += len(text) + 1
        self._count += 1
        if self._size > BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write the strings at hand to the file."""
        if self._block:
            self._firsts.append(self._count - len(self._block))
            self._file.write("\x1f".join(self._block).encode())
            self._offsets.append(self._file.tell())
            self._block.clear()
            self._size = 0

    def _load(self, block: int) -> list[str]:
        start = self._offsets[block]
        self._file.seek(start)
        return self._file.read(self._offsets[block + 1] - start).decode().split("\x1f")
