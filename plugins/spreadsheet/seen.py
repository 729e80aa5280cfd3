"""Which keys came already: exact, and in bounded memory.

A set of 620,573 codes (as numbers) takes 37 MB and grows with the file. Divisions are sorted, and what ascends repeats
nothing: as long as keys ascend they only go to a temporary file. The first that does not brings them all into a
temporary database of SQLite, with 4 MB of cache. Both are on the disk and gone when they are closed.
"""

import marshal
import sqlite3
import tempfile
from itertools import islice, pairwise
from operator import lt

from hub.plugin import BadRecord, Record, SourceDown
from plugins.spreadsheet.callers import told

Columns = tuple[list[str], list[str], list[int]]


class Seen:
    """The keys of one pull."""

    def __init__(self) -> None:
        self._last = (0, "")
        self._ascended = tempfile.TemporaryFile()  # noqa: SIM115  # closed by close()
        self._pages = 0
        self._db: sqlite3.Connection | None = None

    def close(self) -> None:
        """Forget all."""
        self._ascended.close()
        if self._db:
            self._db.close()

    def sift(self, items: list[Record | BadRecord]) -> list[Record | BadRecord]:
        """The items with a BadRecord for each key that came before.

        A later file that repeats a record word for word (a list beside its own extract) contradicts nothing: left out.
        """
        records = [item for item in items if isinstance(item, Record)]
        keys = [record.key for record in records]
        rows = (keys, [record.where for record in records], [_says(record) for record in records])
        try:
            if not keys or self._ascends(rows) or self._new(rows):
                return items
            return [sifted for item in items if (sifted := self._sifted(item))]
        except (sqlite3.Error, OSError) as error:
            room = tempfile.gettempdir()
            raise SourceDown(f"Cannot note which rows were read: {error}. Make room in {room}.") from error

    def _ascends(self, rows: Columns) -> bool:
        """Whether the keys still ascend, shorter ones first; then they are put aside."""
        keys = rows[0]
        if self._db or self._last >= (len(keys[0]), keys[0]):
            return False
        if len(set(map(len, keys))) == 1:
            ascending = all(map(lt, keys, islice(keys, 1, None)))
        else:
            ascending = all((len(one), one) < (len(other), other) for one, other in pairwise(keys))
        if ascending:
            marshal.dump(rows, self._ascended)
            self._last = (len(keys[-1]), keys[-1])
            self._pages += 1
        return ascending

    def _new(self, rows: Columns) -> bool:
        """Whether the database had none of these keys; now it has them."""
        if not self._db:
            self._db = _database()
            self._ascended.seek(0)
            for _ in range(self._pages):
                _insert(self._db, marshal.load(self._ascended))
        return _insert(self._db, rows) == len(rows[0])

    def _sifted(self, item: Record | BadRecord) -> Record | BadRecord | None:
        if isinstance(item, BadRecord) or not self._db:
            return item
        place, says = self._db.execute("SELECT place, says FROM seen WHERE key = ?", (item.key,)).fetchone()
        if place == item.where:
            return item
        if says == _says(item) and _file(place) != _file(item.where):
            return None
        reason = f"{item.where}: the key {item.key} stands already in {place}. Remove one of the two and run again."
        return BadRecord(reason, told(item.fields), item.kind, item.key, item.where)


def _database() -> sqlite3.Connection:
    db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-4000"):
        db.execute(f"PRAGMA {setting}")
    db.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, place TEXT, says INTEGER) WITHOUT ROWID")
    return db


def _insert(db: sqlite3.Connection, rows: Columns) -> int:
    """How many of the keys were not there yet."""
    db.execute("BEGIN")
    new = db.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", zip(*rows, strict=True)).rowcount
    db.execute("COMMIT")
    return new


def _says(record: Record) -> int:
    says = tuple(record.fields.values())
    try:
        return hash(says)
    except TypeError:  # an object of JSON is among them
        return hash(repr(says))


def _file(where: str) -> str:
    return where.rpartition(", row ")[0]
