"""How rows of the same columns are read: in which dialect, and where each field stands. Found once for all of them."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from plugins.hotline12345.cells import CONVERTERS, Cells, Convert, words
from plugins.hotline12345.dialects import LEAST_KNOWN, Dialect, caller_columns, is_caller, known_columns

__all__ = ["Reading", "reading", "recognise"]

NEVER_EMPTY = frozenset({"title", "kind", "channel", "status", "urgency", "submitted_at", "supervised", "urged"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What is looked for in a row.

    columns     field -> those of its columns that are there, of which the first that is filled counts
    read        all of them, and the flags
    converters  (field, its columns, how a cell is read, whether empty ones say that it is empty)
    category    the columns of its parts
    names       the columns of the division's names
    flags       (column, how its cells are read, status)
    secrecy     how it is read whether the caller is to be kept secret
    callers     the columns that may name the caller, in whatever dialect
    beyond      the others that the dialect does not know
    """

    dialect: Dialect
    columns: Mapping[str, tuple[str, ...]]
    read: tuple[str, ...]
    converters: tuple[tuple[str, tuple[str, ...], Convert, bool], ...]
    category: tuple[str, ...]
    names: tuple[str, ...]
    flags: tuple[tuple[str, Convert, str], ...]
    secrecy: Convert
    callers: tuple[str, ...]
    beyond: tuple[str, ...]

    def first(self, cells: Cells, field: str) -> tuple[str, str] | tuple[None, None]:
        """The first filled column of a field and what stands there, (None, None) where there is none."""
        for column in self.columns.get(field, ()):
            if column in cells:
                return column, cells[column]
        return None, None


@lru_cache(maxsize=256)
def reading(columns: tuple[str, ...], dialects: tuple[Dialect, ...], least: int) -> Reading | None:
    """How to read a row of these columns; None where no dialect knows at least so many."""
    names = frozenset(columns)
    dialect = recognise(names, dialects, least)
    if dialect is None:
        return None
    found = {field: tuple(filter(names.__contains__, known)) for field, known in dialect.fields.items()}
    there = {field: present for field, present in found.items() if present}
    callers = [column for column in columns if is_caller(column, caller_columns(dialects))]
    known = known_columns(dialect).union(callers)
    return Reading(
        dialect=dialect,
        columns=there,
        read=tuple(dict.fromkeys(chain(*there.values(), filter(names.__contains__, dialect.flags)))),
        converters=tuple(
            (one, there[one], made(dialect, one), one not in NEVER_EMPTY)
            for one, made in CONVERTERS.items()
            if one in there
        ),
        category=there.get("category", ()),
        names=there.get("names", ()),
        flags=tuple(
            (column, words(dialect, "flag"), status) for column, status in dialect.flags.items() if column in names
        ),
        secrecy=words(dialect, "caller_confidential"),
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
