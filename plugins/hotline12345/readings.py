"""How rows of the same columns are read: in which dialect, and where each field stands. Found once for all of them."""

from collections.abc import Set
from dataclasses import dataclass
from functools import lru_cache

from plugins.hotline12345.callers import caller_columns, is_caller
from plugins.hotline12345.cells import CONVERTERS, Convert, Row, Told, text
from plugins.hotline12345.dialects import LEAST_KNOWN, Dialect, known_columns

__all__ = ["Reading", "reading", "recognise"]

NEVER_EMPTY = frozenset({"title", "kind", "channel", "status", "urgency", "submitted_at", "supervised", "urged"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What is looked for in a row.

    there       the fields that have a column
    cells       (field, column), of the columns of one field the one that counts first last
    converters  (field, how its cell is read, whether an empty cell says that it is empty)
    category    the columns of its parts
    names       the columns of the division's names
    flags       (column, status)
    callers     the columns that may name the caller, in whatever dialect
    beyond      the others that the dialect does not know
    """

    dialect: Dialect
    there: frozenset[str]
    cells: tuple[tuple[str, str], ...]
    converters: tuple[tuple[str, Convert, bool], ...]
    category: tuple[str, ...]
    names: tuple[str, ...]
    flags: tuple[tuple[str, str], ...]
    callers: tuple[str, ...]
    beyond: tuple[str, ...]

    def told(self, row: Row) -> Told:
        """Of each field the first column that is filled, and what stands there."""
        return {field: (column, plain) for field, column in self.cells if (plain := text(row[column])) is not None}


@lru_cache(maxsize=256)
def reading(columns: tuple[str, ...], dialects: tuple[Dialect, ...], least: int) -> Reading | None:
    """How to read a row of these columns; None where no dialect knows at least so many."""
    names = frozenset(columns)
    dialect = recognise(names, dialects, least)
    if dialect is None:
        return None
    found = {field: tuple(filter(names.__contains__, known)) for field, known in dialect.fields.items()}
    there = {field: present for field, present in found.items() if present}
    category, places = there.pop("category", ()), there.pop("names", ())
    callers = [column for column in columns if is_caller(column, caller_columns(dialects))]
    known = known_columns(dialect).union(callers)
    return Reading(
        dialect=dialect,
        there=frozenset(there),
        cells=tuple((field, column) for field, present in there.items() for column in reversed(present)),
        converters=tuple((one, how, one not in NEVER_EMPTY) for one, how in CONVERTERS.items() if one in there),
        category=category,
        names=places,
        flags=tuple((column, status) for column, status in dialect.flags.items() if column in names),
        callers=tuple(callers),
        beyond=tuple(column for column in columns if column not in known),
    )


def recognise(columns: Set[str], dialects: tuple[Dialect, ...], least: int = LEAST_KNOWN) -> Dialect | None:
    """The dialect that knows most of these columns, and at least so many, the number among them where they are few."""

    def known(dialect: Dialect) -> int:
        return len(known_columns(dialect) & columns)

    best = max(dialects, key=known)
    if known(best) < LEAST_KNOWN and columns.isdisjoint(best.fields["number"]):
        return None
    return best if known(best) >= least else None
