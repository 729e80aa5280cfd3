"""Filling a hub with the demo: step by step, each in its own transaction together with the mark of how far it got.

The rows bypass the change log: nobody did anything, they are made up, and they never come into a hub with real data
unless a person insists. For the same reason they cannot be taken out again: a demo goes with its database.

A demo that broke off goes on where it stopped, because each step is the same every time: the mark, an alternative code
of the topmost grid, holds the size, the seed, the number of steps that are done, and that of the rows.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from hub.auth import system
from hub.db import Database, driver, house_errors
from hub.demo import alliances, grids, parties, requests, resources, size
from hub.demo.chance import Sheet
from hub.demo.city import City, found
from hub.demo.size import Size
from hub.errors import Conflict
from hub.models import AltCode, Request
from hub.services import grids as real_grids
from hub.services import requests as real_requests
from hub.services import tally_folding

SCHEME = "hub-demo"
LOCK = 4_915_210_101  # any number, the same in all processes: one demo is filled at a time
ROWS, REQUESTS, ALLIANCES = 10_000, 5_000, 500  # a transaction; requests bring their events, alliances their members
TABLES = (
    *("grids", "alt_codes", "parties", "alliances", "members", "resources", "requests", "request_events"),
    *("tallies", "tally_deltas"),
)
HUB = system("hub demo")
DONE = -1


class Mark(NamedTuple):
    """Which demo stands in a hub, how many of its steps are done, and its rows. DONE: all, and the tables are swept."""

    requests: int
    seed: int
    steps: int = 0
    rows: int = 0


class Progress(NamedTuple):
    """How far it got: what is being written, and the rows of all nouns."""

    noun: str
    done: int
    total: int


class Filled(NamedTuple):
    """What was done: the size of the whole, the rows that were written now, and how long that took."""

    size: Size
    rows: int
    seconds: float


class Step(NamedTuple):
    """What one transaction writes; made when it is its turn."""

    noun: str
    make: Callable[[int, int], list[Sheet]]
    start: int
    rows: int


Show = Callable[[Progress], None]


async def fill(db: Database, count: int, seed: int, show: Show, *, sure: bool = False) -> Filled:
    """Fill the hub with the demo of so many requests, or go on with it. Raises Conflict where something else stands."""
    started = time.monotonic()
    async with alone(db):
        begun = mark = await _begun(db, Mark(count, seed), sure=sure)
        made = size.of(count)
        city = found(seed, made)
        for number, step in enumerate(_steps(city), 1):
            if number > begun.steps:
                sheets = step.make(step.start, step.rows)
                mark = Mark(count, seed, number, mark.rows + sum(len(sheet.rows) for sheet in sheets))
                await _write(db, city, sheets, mark)
                show(Progress(step.noun, mark.rows, sum(made)))
        show(Progress("tally", mark.rows, sum(made)))
        async with db.write(HUB) as session:
            await tally_folding.rebuild(session)
        show(Progress("statistics", mark.rows, sum(made)))
        await _sweep(db)
        await _write(db, city, [], mark._replace(steps=DONE))
    return Filled(made, mark.rows - begun.rows, time.monotonic() - started)


@asynccontextmanager
async def alone(db: Database) -> AsyncIterator[None]:
    """While this is open no other process fills this hub. It holds no snapshot, so that VACUUM sees everything."""
    with house_errors():
        async with db.engine.begin() as guard:
            await guard.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))  # it does nothing but wait
            if not await guard.scalar(select(func.pg_try_advisory_xact_lock(LOCK))):
                raise Conflict("Another `hub demo` is at work on this hub. Wait until it has ended.")
            yield


async def _begun(db: Database, wanted: Mark, *, sure: bool) -> Mark:
    """The mark to go on from. Raises Conflict where another demo or real requests stand."""
    elsewhere = "set HUB_HOME to an empty folder (or HUB_DATABASE_URL to an empty database)"
    async with db.read() as session:
        found = await session.scalar(real_grids.alt_codes(HUB).where(AltCode.scheme == SCHEME))
        counting = real_requests.visible(HUB).with_only_columns(func.count(Request.id))
        others = 0 if found else await session.scalar(counting)
    if found is None:
        if others and not sure:
            raise Conflict(
                f"This hub holds {others:,} requests already, and a demo cannot be taken out again: "
                f"{elsewhere}, or insist with --yes."
            )
        return wanted
    mark = Mark(*map(int, found.code.split(":")))
    if mark.steps == DONE:
        raise Conflict(
            f"This hub holds a demo already: {mark.requests:,} requests, seed {mark.seed}. For another one {elsewhere}."
        )
    if mark[:2] != wanted[:2]:
        raise Conflict(
            "This hub holds a demo that broke off. Finish that one: "
            f"hub demo --requests {mark.requests} --seed {mark.seed}. For another one {elsewhere}."
        )
    return mark


def _steps(city: City) -> Iterator[Step]:
    """Everything, in the order in which the tables depend on one another."""
    whole, persons = city.size, partial(parties.person_sheet, city.seed, city.persons, city.homes)
    nouns: tuple[tuple[str, int, int, Callable[[int, int], list[Sheet]]], ...] = (
        ("grids", whole.grids, ROWS, lambda *part: [grids.sheet(city.places, *part)]),
        ("organizations", whole.organizations, ROWS, lambda *part: [parties.organization_sheet(city.offices, *part)]),
        (
            "persons",
            whole.persons,
            ROWS,
            lambda *part: [persons(*part)],
        ),
        ("alliances", whole.alliances, ALLIANCES, lambda *part: alliances.sheets(city, *part)),
        ("resources", whole.resources, ROWS, lambda *part: [resources.sheet(city, *part)]),
        ("requests", whole.requests, REQUESTS, lambda *part: requests.sheets(city, *part)),
    )
    for noun, count, each, make in nouns:
        for start in range(0, count, each):
            yield Step(noun, make, start, min(each, count - start))


async def _write(db: Database, city: City, sheets: list[Sheet], mark: Mark) -> None:
    """Rows and mark together. COPY checks every key and constraint as an INSERT does."""
    code = ":".join(map(str, mark))
    async with db.write(HUB) as session:
        raw = await driver(session)
        await session.execute(text("SET LOCAL statement_timeout = 0"))
        for sheet in sheets:
            await _copy(raw, sheet)
        if mark.steps == 1:
            await session.execute(insert(AltCode).values(grid_id=city.places[0].id, scheme=SCHEME, code=code))
        else:
            await session.execute(update(AltCode).where(AltCode.scheme == SCHEME).values(code=code))


async def _copy(raw: "asyncpg.Connection[Any]", sheet: Sheet) -> None:
    try:
        await raw.copy_records_to_table(sheet.table, records=sheet.rows, columns=sheet.columns)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:  # as SQLAlchemy would have told it
        raise DBAPIError(f"COPY {sheet.table}", None, error) from error


async def _sweep(db: Database) -> None:
    """Statistics for the planner, and every page marked as visible to all: index-only scans need it."""
    with house_errors():
        async with db.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            await connection.execute(text("SET statement_timeout = 0"))
            for table in TABLES:
                await connection.execute(text(f"VACUUM (ANALYZE) {table}"))
            await connection.execute(text("RESET statement_timeout"))
