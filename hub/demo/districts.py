"""A made-up district for a practice, of the size that it has published; it comes by plugins and services.

What a table or a simulator brings comes by a source of its own, demo-<practice>-<what>: its runs, where each row comes
from, and taking it back are as of any source. Each source writes its rows into a file of the hub's folder first; one
whose file is the same and whose last run is done is not read again, so a demo that broke off goes on.
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import exists, or_, select

from hub.auth import system
from hub.db import Database
from hub.demo import simulated, walks
from hub.demo.filling import SCHEME, Progress, Show, alone
from hub.demo.tables import Table, write_csv, write_lines
from hub.demo.templates import Place, mixed
from hub.errors import Conflict, Misconfigured
from hub.models import AltCode, Grid, GridLevel, Link, Party, Practice, Request, Run, RunStatus, Source
from hub.serve import empty
from hub.services import grids, parties, practices, requests
from hub.services.practices import visible
from hub.sync.examples import example_sources, run_examples
from hub.sync.registry import Registry
from hub.sync.run import run_source
from hub.sync.sources import made_source
from hub.synthetic import Demo, On, Rows

HUB = system("hub demo")
PREFIX = "demo"
REAL = ("organization", "person", "request")
"""The kinds that are somebody's: divisions and practices may stand in any hub."""


class Brought(NamedTuple):
    """What one source, or one batch of requests, has come to."""

    practice: str
    source: str
    rows: int
    created: int
    rejected: int
    seconds: float


@dataclass(slots=True)
class District:
    """What is known while one is built. `grids`: those that its tables made so far, by the template of their codes."""

    db: Database
    registry: Registry
    folder: Path
    practice: Practice
    home: Grid
    demo: Demo
    seed: int
    show: Callable[[str, int], None]
    grids: dict[str, Sequence[Place]] = field(default_factory=dict)

    async def build(self) -> AsyncIterator[Brought]:
        """Everything, in the order of the file."""
        names = set[str]()
        for (source, kind), tables in groupby(self.demo.rows, lambda one: (one.source, one.source or one.kind)):
            name = _free(f"{PREFIX}-{self.practice.code}-{kind}", names)
            made = [await self._table(rows) for rows in tables]
            await self._mark()
            yield await self._bring(name, source, kind, made)
        for one in self.demo.requests:
            started, places = time.monotonic(), await self._places(one.on, one.count)
            await self._mark()
            name = _free(f"{PREFIX}-{self.practice.code}-requests", names)
            done = await walks.walk(self.db, self.practice.code, one, places, partial(self.show, name))
            yield Brought(self.practice.code, name, one.count, done, 0, time.monotonic() - started)

    async def _mark(self) -> None:
        """Say of the practice that its rows here are made up, before the first is."""
        if not self.practice.synthetic:
            async with self.db.write(HUB) as session:
                self.practice = await practices.mark_synthetic(session, HUB, self.practice.code)

    async def _table(self, rows: Rows) -> Table:
        table = Table(rows, self.practice.code, await self._places(rows.on, rows.count), self.seed)
        if rows.kind == "grid" and rows.code:
            self.grids[rows.code] = list(table.grids())
        return table

    async def _bring(self, name: str, served: str | None, kind: str, tables: Sequence[Table]) -> Brought:
        """Read the rows by the plugin that reads tables, or from the simulator that serves them."""
        started, count = time.monotonic(), sum(table.rows.count for table in tables)
        file = self.folder / f"{name}{'.jsonl' if served else '.csv'}"
        file.parent.mkdir(parents=True, exist_ok=True)
        new = (write_lines if served else write_csv)(file, tables)
        if not new and await _is_done(self.db, name):
            self.show(name, count)
            return Brought(self.practice.code, name, count, 0, 0, time.monotonic() - started)
        title = f"示例数据：{self.practice.name} {kind}"
        if served:
            preset = simulated.preset(self.registry, served)
            held = simulated.records(file)
            async with simulated.serving(self.registry, served, held, self.seed) as address:
                own = self.demo.sources.get(served, {})
                settings = simulated.settings(self.registry, preset, address, own)
                run = await self._run(name, preset.plugin, title, settings)
        else:
            run = await self._run(name, self.demo.tables, title, {"kind": kind, "path": str(file.absolute())})
        return Brought(self.practice.code, name, count, run.created, run.rejected, time.monotonic() - started)

    async def _run(self, name: str, plugin: str, title: str, settings: dict[str, Any]) -> Run:
        """One full run. Raises Conflict where it fails."""
        await made_source(self.db, self.registry, name, plugin, title, settings)
        show, started_by = self.show, "hub demo"
        run = await run_source(
            self.db,
            self.registry,
            name,
            started_by=started_by,
            full=True,
            progress=lambda run: show(name, run.records),
        )
        if run.status is not RunStatus.DONE:
            raise Conflict(f"{name} stopped: {run.error} `hub sync log {run.id}` tells more; the same command goes on.")
        return run

    async def _places(self, on: On | list[str] | None, count: int) -> Sequence[Place]:
        """The grids on which so many rows lie, in turn."""
        if on is None:
            return [Place(self.home.code, self.home.name)]
        if isinstance(on, list):
            return await self._by_code(on)
        if on.code is not None:
            if on.code not in self.grids:
                known = ", ".join(self.grids) or "none"
                raise self.wrong(f"on: no earlier table makes grids of the code {on.code!r}, only: {known}")
            return self.grids[on.code]
        if on.level is not None:
            return await self._below(on.level, on.under)
        assert on.split is not None
        there = {level: await self._below(level, on.under) for level, share in on.split.items() if share}
        counts = dict.fromkeys(there, 0)
        found = []
        for level in mixed({level: on.split[level] for level in there}, count):
            found.append(there[level][counts[level] % len(there[level])])
            counts[level] += 1
        return found

    async def _below(self, level: str, under: str | None) -> Sequence[Place]:
        if level not in GridLevel.__members__:
            raise self.wrong(f"on: there is no level {level!r}, only {', '.join(GridLevel.__members__)}")
        async with self.db.read() as session:
            top = await grids.by_code(session, HUB, under) if under else self.home
            wanted = grids.visible(HUB).where(
                Grid.level == GridLevel[level], Grid.path.startswith(top.path, autoescape=True), Grid.valid_to.is_(None)
            )
            found = [Place(one.code, one.name) for one in await session.scalars(wanted.order_by(Grid.code))]
        if not found:
            raise self.wrong(f"on: below {top.name} ({top.code}) there is no grid of the level {level}")
        return found

    async def _by_code(self, codes: Sequence[str]) -> Sequence[Place]:
        async with self.db.read() as session:
            found = [await grids.by_code(session, HUB, code) for code in codes]
        return [Place(one.code, one.name) for one in found]

    def wrong(self, words: str) -> Misconfigured:
        return Misconfigured(f"The practice {self.practice.code}, demo: {words}. Correct its file, and read it again.")


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number where it is taken."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    taken.add(found)
    return found


async def _is_done(db: Database, name: str) -> bool:
    """Whether the last run of a source came to its end, and took everything."""
    last = select(Run.status, Run.rejected).join(Source, Source.id == Run.source_id).where(Source.name == name)
    async with db.read() as session:
        found = (await session.execute(last.order_by(Run.started_at.desc()).limit(1))).one_or_none()
    return found is not None and found == (RunStatus.DONE, 0)


async def build(
    db: Database,
    registry: Registry,
    folder: Path,
    codes: Sequence[str],
    seed: int,
    show: Show,
    *,
    sure: bool = False,
) -> AsyncIterator[Brought]:
    """A district for each of these practices, or for all. Raises Conflict in a hub of real data, unless `sure`."""
    async with alone(db):
        if await empty(db):
            async for _ in run_examples(db, registry, "hub demo"):
                pass
        wanted = await _wanted(db, codes)
        if not sure:
            await _made_up_only(db, registry)
        total, before = sum(_size(demo) for _, _, demo in wanted), 0
        for practice, home, demo in wanted:
            done = dict[str, int]()

            def shown(of: str, rows: int, done: dict[str, int] = done, before: int = before) -> None:
                done[of] = rows
                show(Progress(of, before + sum(done.values()), total))

            district = District(db, registry, folder / practice.code, practice, home, demo, seed, shown)
            async for brought in district.build():
                yield brought
            before += _size(demo)


def _size(demo: Demo) -> int:
    return sum(one.count for one in demo.rows) + sum(one.count for one in demo.requests)


async def _wanted(db: Database, codes: Sequence[str]) -> list[tuple[Practice, Grid, Demo]]:
    """The practices that have a demo, with the grid at which they are at home."""
    async with db.read() as session:
        known = {one.code: one for one in await session.scalars(visible(HUB).order_by(Practice.code))}
        if unknown := [code for code in codes if code not in known]:
            names = ", ".join(known) or "none; `hub sync run practices` reads the shipped ones"
            raise Misconfigured(f"There is no practice {unknown[0]}. There are: {names}.")
        chosen = [known[code] for code in dict.fromkeys(codes)] or [one for one in known.values() if one.demo]
        homes = [await session.get(Grid, one.grid_id) if one.grid_id else None for one in chosen]
    if not chosen:
        raise Misconfigured(
            "No practice here has a demo. Write one into its file, and read it: hub sync run practices."
        )
    return [(one, _home(one, home), _form(one)) for one, home in zip(chosen, homes, strict=True)]


def _home(practice: Practice, home: Grid | None) -> Grid:
    if home is None:
        raise Misconfigured(f"The practice {practice.code} has no grid here. Read its divisions, then its file again.")
    return home


def _form(practice: Practice) -> Demo:
    if not practice.demo:
        raise Misconfigured(f"The practice {practice.code} has no demo. Write one into its file, and read it again.")
    try:
        return Demo.model_validate(practice.demo)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Misconfigured(f"The practice {practice.code}, demo: {place}: {first['msg']}.") from error


async def _made_up_only(db: Database, registry: Registry) -> None:
    """Raise Conflict where parties or requests stand that neither a demo nor an example brought."""
    ours = Source.name.startswith(f"{PREFIX}-") | Source.name.in_(example_sources(registry))
    linked = select(Source.name).join(Link, Link.source_id == Source.id)
    foreign = linked.where(Link.kind.in_(REAL), ~ours).limit(1)
    unlinked = [
        see(HUB).where(~exists().where(Link.entity_id == model.id)).exists()
        for see, model in ((parties.visible, Party), (requests.visible, Request))
    ]
    marked = [
        visible(HUB).where(Practice.synthetic).exists(),
        grids.alt_codes(HUB).where(AltCode.scheme == SCHEME).exists(),
    ]
    async with db.read() as session:
        brought = await session.scalar(foreign)
        if brought is None and (
            await session.scalar(select(or_(*marked))) or not await session.scalar(select(or_(*unlinked)))
        ):
            return
    by = f"brought by {brought}" if brought else "written by people"
    raise Conflict(
        f"This hub holds data already, {by}, and a demo would stand among it: set HUB_HOME to an empty folder "
        "(or HUB_DATABASE_URL to an empty database), or insist with --yes."
    )
