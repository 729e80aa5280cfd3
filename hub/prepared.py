"""Statements prepared once: built with SQLAlchemy from the same selects as everywhere, then run by the driver itself.

What a run brings, its viewer and its arguments, stands in them as Later.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from hub.auth import Viewer
from hub.later import Later

DIALECT: Any = PGDialect_asyncpg()  # type: ignore[no-untyped-call]  # SQLAlchemy's


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL for the driver, and how each parameter is found when it runs."""

    text: str
    parameters: tuple[Callable[[Any], Any], ...]

    def values(self, run: Any) -> list[Any]:
        """The parameters of a run."""
        return [find(run) for find in self.parameters]


def compiled(statement: Select[*tuple[Any, ...]]) -> Statement:
    """The statement as the driver takes it."""
    found: Any = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    expanded = found._post_compile_expanded_state  # of lists in IN: a parameter for each value
    processors = {**found._bind_processors, **(expanded.processors if expanded else {})}
    values = found.construct_params()
    parameters = [_finder(values[name], processors.get(name)) for name in found.positiontup or ()]
    return Statement(found.string, tuple(parameters))


def _finder(value: Any, process: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    if isinstance(value, Later):
        return value.now if process is None else lambda run: process(value.now(run))
    fixed = value if process is None else process(value)
    return lambda run: fixed


def form(viewer: Viewer) -> Hashable:
    """What of a viewer a statement depends on: abilities, and which values there are, never the values."""
    return viewer.subject is None, viewer.abilities, tuple(path == "" for path in viewer.paths), viewer.party_id is None


def template(viewer: Viewer) -> Viewer:
    """A viewer of the same form, whose values each run brings."""
    paths = [path if path == "" else _path(at) for at, path in enumerate(viewer.paths)]
    return Viewer(
        subject=None if viewer.subject is None else Later(lambda run: run.viewer.subject),  # type: ignore[arg-type]
        abilities=viewer.abilities,
        paths=tuple(paths),  # type: ignore[arg-type]  # a Later stands for the value
        party_id=None if viewer.party_id is None else Later(lambda run: run.viewer.party_id),  # type: ignore[arg-type]
    )


def _path(at: int) -> Later:
    return Later(lambda run: run.viewer.paths[at])


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a prepared statement."""

    viewer: Viewer
    given: Mapping[str, Any]


class Prepared:
    """A select made for a viewer and some values, compiled once for each form of viewer."""

    def __init__(self, make: Callable[[Viewer, Callable[[str], Any]], Select[*tuple[Any, ...]]]) -> None:
        self._make = make
        self._known: dict[Hashable, Statement] = {}

    async def one(self, connection: "asyncpg.Connection[Any]", viewer: Viewer, **given: Any) -> Any:
        """The first row, if there is one, with its columns by name; vocabularies stay names."""
        key = form(viewer)
        if key not in self._known:
            self._known[key] = compiled(self._make(template(viewer), _given))
        found = self._known[key]
        return await connection.fetchrow(found.text, *found.values(Call(viewer, given)))


def _given(name: str) -> Later:
    return Later(lambda call: call.given[name])
