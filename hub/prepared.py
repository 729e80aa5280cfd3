"""Statements prepared once: built with SQLAlchemy from the same selects as everywhere, then run by the driver itself.

What a run brings, its viewer and its arguments, stands in them as Later.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson
from sqlalchemy import Float, Numeric, Select, UpdateBase
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from hub.auth import Viewer
from hub.later import Later

DIALECT: Any = PGDialect_asyncpg(  # type: ignore[no-untyped-call]  # SQLAlchemy's
    json_serializer=lambda value: orjson.dumps(value).decode(), json_deserializer=orjson.loads
)
Reader = Callable[[Any], Any]
Asked = Select[*tuple[Any, ...]] | UpdateBase


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL for the driver, how each parameter is found when it runs, and how each column is read that is not as the
    driver has it: its place and what reads it."""

    text: str
    parameters: tuple[Callable[[Any], Any], ...]
    readers: tuple[tuple[int, Reader], ...]

    def values(self, run: Any) -> list[Any]:
        """The parameters of a run."""
        return [find(run) for find in self.parameters]


def compiled(statement: Asked) -> Statement:
    """The statement as the driver takes it."""
    found: Any = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    if left := [column.name for column in (*found.insert_prefetch, *found.update_prefetch)]:
        raise TypeError(f"Say {', '.join(left)}: its default is made by the session.")
    expanded = found._post_compile_expanded_state  # of lists in IN: a parameter for each value
    processors = {**found._bind_processors, **(expanded.processors if expanded else {})}
    values = found.construct_params()
    parameters = [_finder(values[name], processors.get(name)) for name in found.positiontup or ()]
    return Statement(found.string, tuple(parameters), tuple(_readers(found)))


def _readers(found: Any) -> Iterator[tuple[int, Reader]]:
    for place, column in enumerate(found._result_columns):
        kind = column.type.dialect_impl(DIALECT)
        if isinstance(kind, (Numeric, Float)):  # are numbers already
            continue
        if (reader := kind.result_processor(DIALECT, None)) is not None:
            yield place, reader


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
    """One run of a prepared statement: what it is given by name, and who asks."""

    given: Mapping[str, Any]
    viewer: Viewer | None = None


class Prepared:
    """A select made for a viewer and some values, compiled once for each form of viewer."""

    def __init__(self, make: Callable[[Viewer, Callable[[str], Any]], Select[*tuple[Any, ...]]]) -> None:
        self._make = make
        self._known: dict[Hashable, Statement] = {}

    async def one(self, connection: "asyncpg.Connection[Any]", viewer: Viewer, **values: Any) -> Any:
        """The first row, if there is one, with its columns by name; vocabularies stay names."""
        key = form(viewer)
        if key not in self._known:
            self._known[key] = compiled(self._make(template(viewer), given))
        found = self._known[key]
        return await connection.fetchrow(found.text, *found.values(Call(values, viewer)))


def given(name: str) -> Any:
    """A Later that each run is given by this name."""
    return Later(lambda call: call.given[name])
