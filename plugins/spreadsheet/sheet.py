"""Inside a workbook: what the tags of a sheet and of the shared strings mean."""

import re
import tempfile
from array import array
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from xml.parsers import expat

from hub.plugin import SourceBroken
from plugins.spreadsheet.tables import CELL_LIMIT, Flawed

BLOCK = 1 << 12
BLOCKS_KEPT = 256
LAST_ROW = 1_048_576
LAST_COLUMN = 16_384
PRECISE = 1e15
BETWEEN = "\x1f"  # XML cannot hold it
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Tags(dict[str, str]):
    """By name: a tag without its prefix. Looked up a dozen times a row, so a dict that fills itself."""

    def __missing__(self, name: str) -> str:
        return self.setdefault(name, name.rpartition(":")[2])


class Letters(dict[str, int]):
    """By letters: the place of a column, A being 0."""

    def __missing__(self, letters: str) -> int:
        at = 0
        for letter in letters[:4]:
            at = at * 26 + ord(letter) - 64
        return self.setdefault(letters, at - 1) if len(self) < LAST_COLUMN else at - 1


class Handler:
    """Something that follows the tags of one part."""

    file = ""

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
        raise SourceBroken(f"{self.file} declares a document type, which no spreadsheet program writes. Save it again.")


class SharedStrings(Handler):
    """The strings that the sheets refer to by number: in a temporary file, some blocks of it in memory."""

    def __init__(self) -> None:
        self._tags = Tags()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by close()
        self._firsts = array("Q")
        self._offsets = array("Q", [0])
        self._block: list[str] = []
        self._size = 0
        self._count = 0
        self._parts: list[str] = []
        self._length = 0
        self._inside = False
        self._spoken = False
        self._strings: Callable[[int], list[str]] = lru_cache(BLOCKS_KEPT)(self._load)

    def close(self) -> None:
        """Forget all."""
        self._file.close()

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < self._count:
            raise IndexError(index)
        block = bisect_right(self._firsts, index) - 1
        return self._strings(block)[index - self._firsts[block]]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = self._tags[name]
        if tag == "t":
            self._inside = not self._spoken
        elif tag == "rPh":
            self._spoken = True

    def end(self, name: str) -> None:
        tag = self._tags[name]
        if tag == "t":
            self._inside = False
        elif tag == "rPh":
            self._spoken = False
        elif tag == "si":
            self._add("".join(self._parts))
            self._parts.clear()
            self._length = 0

    def text(self, text: str) -> None:
        if self._inside:
            self._parts.append(text)
            self._length += len(text)
            if self._length > CELL_LIMIT:
                raise SourceBroken(
                    f"{self.file}: shared string {self._count + 1} is longer than {CELL_LIMIT:,} characters. "
                    "Shorten the cell and run again."
                )

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
            self._file.write(BETWEEN.join(self._block).encode())
            self._offsets.append(self._file.tell())
            self._block.clear()
            self._size = 0

    def _load(self, block: int) -> list[str]:
        start = self._offsets[block]
        self._file.seek(start)
        return self._file.read(self._offsets[block + 1] - start).decode().split(BETWEEN)


class Rows(Handler):
    """The rows of a sheet, put down as they close."""

    def __init__(self, name: str, strings: SharedStrings) -> None:
        self._tags = Tags()
        self._letters = Letters()
        self._name = name
        self._strings = strings
        self._done: list[tuple[int, list[str]]] = []
        self._number = 0
        self._row: list[str] = []
        self._flaw: tuple[str, int] | None = None
        self._type = "n"
        self._column = -1
        self._parts: list[str] = []
        self._length = 0
        self._inside = False
        self._spoken = False

    def taken(self) -> list[tuple[int, list[str]]]:
        """The rows that closed since the last call, with their numbers."""
        done, self._done = self._done, []
        return done

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = self._tags[name]
        if tag == "c":
            self._type = attributes.get("t", "n")
            place = attributes.get("r")
            self._column = self._letters[place.rstrip("0123456789")] if place else self._column + 1
            self._length = 0
        elif tag == "v" or tag == "t":
            self._inside = not self._spoken
        elif tag == "row":
            self._open_row(attributes.get("r"))
        elif tag == "rPh":
            self._spoken = True

    def text(self, text: str) -> None:
        if self._inside:
            self._parts.append(text)
            self._length += len(text)
            if self._length > CELL_LIMIT:
                raise SourceBroken(
                    f"{self._name}, row {self._number}: a cell is longer than {CELL_LIMIT:,} characters. "
                    "Correct the row and run again."
                )

    def end(self, name: str) -> None:
        tag = self._tags[name]
        if tag == "v" or tag == "t":
            self._inside = False
        elif tag == "c":
            if self._parts:
                text = self._parts[0] if len(self._parts) == 1 else "".join(self._parts)
                self._parts.clear()
                self._put(text)
        elif tag == "row":
            row = self._row
            self._done.append((self._number, Flawed(row, *self._flaw) if self._flaw else row))
        elif tag == "rPh":
            self._spoken = False

    def _open_row(self, place: str | None) -> None:
        number = int(place) if place and place.isdecimal() else self._number + 1
        if not self._number < number <= LAST_ROW:
            raise SourceBroken(f"{self._name}: row {number} stands after row {self._number}. Save the workbook again.")
        self._number = number
        self._row = []
        self._flaw = None
        self._column = -1

    def _put(self, text: str) -> None:
        """Put the cell's text where it belongs; what is left out before it is empty."""
        row, column, kind = self._row, self._column, self._type
        if column != len(row):
            if not len(row) < column < LAST_COLUMN:
                where = f"{self._name}, row {self._number}"
                raise SourceBroken(f"{where}: its cells are out of order. Save the workbook again.")
            row.extend([""] * (column - len(row)))
        if kind == "s":
            try:
                text = self._strings[int(text)]
            except (IndexError, ValueError):
                self._flaw = ("the cell points to a text that is not there", column)
        elif kind == "n":
            text = text if text.isdecimal() else self._number_text(text, column)
        elif kind == "b":
            text = "true" if text == "1" else "false"
        elif kind == "e":
            self._flaw = (f"the cell holds the error {text}", column)
        if "_x" in text:
            text = self._unescaped(text, column)
        row.append(text)

    def _number_text(self, text: str, column: int) -> str:
        """A number as people write it: 150602.0 and 1.50602E5 are 150602."""
        try:
            value = float(text)
        except ValueError:
            self._flaw = (f"{text!r} is not a number", column)
            return text
        if abs(value) >= PRECISE:
            self._flaw = (f"the number {text} has lost its digits after the 15th. Write it as text", column)
            return text
        return str(int(value)) if value.is_integer() else repr(value)

    def _unescaped(self, text: str, column: int) -> str:
        """The text with _x000D_ and the like as the characters that they stand for."""
        found = ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
        if "\0" in found:
            self._flaw = ("the cell has a NUL byte in it", column)
        elif any("\ud800" <= letter <= "\udfff" for letter in found):
            self._flaw = ("the cell has half a character in it", column)
        return found
