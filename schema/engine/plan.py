"""A plan: level by level, what an operation reads, and how its answer is made of it.

    operation ── Planner ──> Plan
                              ├ root field ── Level: SQL + parameters + make(records)     one statement
                              │                ├ Below ── Level                           one statement
                              │                │           └ Below ── Level ...
                              │                └ Below ── a batched field's function
                              └ root field ...

A level is one statement: the rows of one edge for all parents. To-one edges are joined to their level, so a new level
begins only at a list, a page, or below rows that are in hand already (a mutation's). A plan knows no value of a viewer
or an argument, only which there are: these are Later, and each run brings its own.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from graphql import FieldNode

from hub.later import Later
from hub.prepared import Statement
from schema.engine.code import Make, Record
from schema.engine.sql import Layout, Source
from schema.paging import Window


class Unplannable(Exception):
    """The ordinary executor must do it; the message says why."""


@dataclass(eq=False, slots=True)
class Level:
    """One statement and what is made of its records; `below` it the levels that hang on columns of these.

    `hand` gives the records where no statement needs to bring them.
    """

    what: str
    statement: Statement | None
    count: Statement | None
    make: Make
    text: str
    below: tuple["Below", ...]
    window: Callable[[Any], Window] | None
    hand: Callable[[Any], Sequence[Record]] | None = None

    def statements(self) -> int:
        """How many statements it and what is below it may send."""
        own = (self.statement is not None) + (self.count is not None)
        return own + sum(below.level.statements() for below in self.below if below.level is not None)


@dataclass(frozen=True, eq=False, slots=True)
class Below:
    """What hangs on the columns at `positions` of a level's records: another level, or a batched field's function.

    `reads`: that function is given a session, too.
    """

    positions: tuple[int, ...]
    level: Level | None = None
    batch: Callable[..., Any] | None = None
    reads: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Plan:
    """What an operation does: root field after root field. Made for a shape of viewer and arguments, for no values.

    paths       the grids that arguments name, to be looked up by `seeks`
    once        what each run finds out first: checked arguments, windows
    statements  how many it may send
    """

    roots: tuple["Root", ...]
    paths: tuple[tuple[str, Later], ...]
    seeks: Mapping[str, Statement]
    once: tuple[Callable[[Any], Any], ...]
    statements: int = field(init=False)

    def __post_init__(self) -> None:
        sent = sum(root.level.statements() for root in self.roots if root.level)
        object.__setattr__(self, "statements", len(self.seeks) + sent)

    def levels(self) -> Iterator[Level]:
        """Every level, from above."""
        waiting = [root.level for root in self.roots if root.level]
        while waiting:
            yield (level := waiting.pop())
            waiting += [below.level for below in level.below if below.level]


@dataclass(frozen=True, eq=False, slots=True)
class Root:
    """A root field: a level to read, a value in hand, or a verb or a stream and the level of its payload."""

    name: str
    level: Level | None = None
    value: Any = None
    verb: "Verb | None" = None
    stream: "Stream | None" = None


@dataclass(frozen=True, eq=False, slots=True)
class Verb:
    """What a mutation does: `write` gives a row, whose `columns` are the record of the payload's level."""

    write: Callable[[Any], Awaitable[Any]]
    columns: tuple[str, ...]
    nodes: tuple[FieldNode, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Stream:
    """What a subscription follows: `events` gives rows, each with what its record holds beside the `columns`."""

    events: Callable[[Any], AsyncIterator[tuple[Any, tuple[Any, ...]]]]
    columns: tuple[str, ...]


def record(row: Any, columns: Sequence[str]) -> tuple[Any, ...]:
    """A row in hand as the driver would give it."""
    values = (getattr(row, name) for name in columns)
    return tuple(value.name if isinstance(value, Enum) else value for value in values)


@dataclass(eq=False, slots=True)
class Draft:
    """A level that is being planned. `in_hand`: its rows are there already, nothing can be joined to them."""

    layout: Layout
    in_hand: bool = False
    below: list[Below] = field(default_factory=list)
    known: dict[Any, int] = field(default_factory=dict)

    @property
    def source(self) -> Source:
        """The level's own rows."""
        return self.layout.sources[0]

    def hang(self, key: Any, make: Callable[[], Below]) -> int:
        """The number of what hangs below it; the same for two fields that ask for the same."""
        if key not in self.known:
            self.known[key] = len(self.below)
            self.below.append(Below(()))  # its place: planning it may hang more
            self.below[self.known[key]] = make()
        return self.known[key]
