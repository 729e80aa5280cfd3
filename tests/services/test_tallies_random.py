"""Writers of every sort at once, grids that move, folds in between: every snapshot's tally is what a count says."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.auth import ANONYMOUS, ROLES, Viewer
from hub.db import Database
from hub.errors import HubError
from hub.models import Channel, Grid, GridLevel, Request, RequestAction, RequestStatus, Satisfaction, TallyDelta, now
from hub.plugin import Record
from hub.services import grids, tally_folding, workflow
from hub.services.tallies import TallyKey
from tests.services.actions import VERBS, take
from tests.services.counting import Asked, differences, snapshot
from tests.services.town import HUB, Town, founded
from tests.sync.sources import Items, gone, run
from tests.sync.sources import told as source

TREE = {"A": None, "B": None, "A1": "A", "A2": "A", "B1": "B", "A11": "A1"}
KEPT = (TallyKey.STATUS, TallyKey.LEVEL, TallyKey.GRID)
OTHERS = [key for key in TallyKey if key not in KEPT]
LEVELS = [None, GridLevel.STREET, GridLevel.COMMUNITY]
ROUNDS = 25


@dataclass
class Life:
    """What goes on in the town at the same time."""

    town: Town
    seed: str
    writing: bool = True
    done: Counter[str] = field(default_factory=Counter)

    async def all_of_it(self) -> None:
        async def write() -> None:
            writers = [self.desk, self.desk, self.desk, self.source, self.source, self.planner]
            await asyncio.gather(*(each(Random(f"{self.seed}{place}")) for place, each in enumerate(writers)))
            self.writing = False

        readers = [self.folder(Random(f"{self.seed}{name}")) for name in ("fold", "fold too")]
        await asyncio.gather(write(), *readers, *(self.observer(Random(f"{self.seed}{i}")) for i in range(2)))

    async def trying(self, what: str, step: Callable[[], Awaitable[Any]]) -> None:
        try:
            await step()
            self.done[what] += 1
        except HubError:
            self.done["refused"] += 1

    async def desk(self, chance: Random) -> None:
        """Somebody submits, and takes steps with what is there."""
        for _ in range(ROUNDS):
            await self.trying("written", lambda: self.step(chance))

    async def step(self, chance: Random) -> None:
        town = self.town
        async with town.database.read() as session:
            found = list(await session.scalars(select(Request).order_by(func.random()).limit(2)))
        if len(found) < 2 or chance.random() < 0.2:
            grid = await self.grid(chance.choice(list(TREE)))
            party = chance.choice([None, town.police, town.water_works])
            viewer = Viewer("desk", frozenset({"requests:submit"}), (), party)
            await town.submit(viewer, grid_id=grid.id, category=chance.choice([None, "噪音", "路灯"]))
        elif chance.random() < 0.2:
            where: dict[str, Any] = chance.choice([{}, {"grid_id": None, "grid_path": None}])
            at = now() - timedelta(hours=chance.randrange(1000))
            await town.put(chance.choice([RequestStatus.CLOSED, RequestStatus.HANDLED]), submitted_at=at, **where)
        elif chance.random() < 0.2:
            await take(town, RequestAction.PUBLISH, found[0].id, found[1].id)
        else:
            likely = [action for action in workflow.allowed(found[0].status) if action in VERBS]
            await take(town, chance.choice(likely), found[0].id, found[1].id)

    async def source(self, chance: Random) -> None:
        """A source brings new requests, changes, and takes some away; two sources tell of the same ones."""
        name, pages = f"s{chance.random()}".replace(".", ""), list[Items]()
        for _ in range(4):
            keys = chance.sample(range(30), 8)
            pages.append([self.record(chance, f"{chance.choice([name, 'both'])}-{key}") for key in keys])
            await self.trying("brought", lambda: run(self.town.database, source(*pages, name=name), name))

    def record(self, chance: Random, key: str) -> Record:
        if chance.random() < 0.1:
            return gone("request", key)
        fields = {
            "status": chance.choice(list(RequestStatus)).name,
            "channel": chance.choice(list(Channel)).name,
            "satisfaction": chance.choice([None, *(term.name for term in Satisfaction)]),
            "category": chance.choice([None, "噪音", "长" * 300]),
            "submitted_at": datetime(2026, 3, 1, 15, tzinfo=UTC) + timedelta(hours=chance.randrange(4)),
            "grid": chance.choice([None, "A", "A1", "A11", "nowhere"]),
        }
        told = dict(chance.sample(list(fields.items()), 4))
        return Record("request", key, {"number": key, **told})

    async def planner(self, chance: Random) -> None:
        """The town moves its communities and streets to and fro."""
        for _ in range(8):
            await asyncio.sleep(chance.random() / 10)
            await self.trying("moved", lambda: self.move(chance))

    async def move(self, chance: Random) -> None:
        code, below = chance.choice([("A1", "B"), ("A1", "A"), ("B1", "A"), ("B1", "B"), ("A11", "B1"), ("A11", "A1")])
        async with self.town.database.write(HUB) as session:
            found = {grid.code: grid for grid in await session.scalars(select(Grid).with_for_update())}
            await grids.move(session, found[code], found[below])

    async def grid(self, code: str) -> Grid:
        async with self.town.database.read() as session:
            return (await session.scalars(select(Grid).where(Grid.code == code))).one()

    async def folder(self, chance: Random) -> None:
        while self.writing:
            async with self.town.database.write(HUB) as session:
                self.done["folded"] += await tally_folding.fold(session)
                await asyncio.sleep(chance.random() / 50)
            await asyncio.sleep(chance.random() / 20)

    async def observer(self, chance: Random) -> None:
        while self.writing:
            await self.look(chance)

    async def look(self, chance: Random) -> None:
        """One snapshot, in which everybody asks for several counts."""
        async with self.town.database.read() as session:
            seen = await snapshot(session)
            paths = [grid.path for grid in seen.grids]
            for viewer in self.viewers(chance, paths):
                by = [*chance.sample(KEPT, chance.randrange(4)), *chance.sample(OTHERS, chance.choice([0, 0, 0, 1]))]
                asked = Asked(tuple(by), chance.choice([None, *paths]), chance.choice(LEVELS))
                assert await differences(seen, viewer, asked) == ({}, {}), (viewer, asked)
        self.done["looked"] += 1

    def viewers(self, chance: Random, paths: list[str]) -> list[Viewer]:
        roots = tuple(chance.sample(paths, 2))
        return [
            ANONYMOUS,
            Viewer("clerk", ROLES["clerk"], (chance.choice(paths),)),
            Viewer("district", ROLES["district"], ("",)),
            Viewer("district", ROLES["district"], roots, self.town.property_company),
            Viewer("handler", ROLES["handler"], (chance.choice(paths),), self.town.property_company),
            Viewer("partner", ROLES["partner"], roots, self.town.water_works),
            Viewer("admin", ROLES["admin"], ("",), self.town.police),
        ]


async def grow(database: Database) -> Town:
    """The town, with a tree of grids of its own."""
    town = await founded(database)
    levels = [GridLevel.STREET, GridLevel.COMMUNITY, GridLevel.ESTATE]
    made: dict[str, Grid] = {}
    async with database.write(HUB) as session:
        for code, parent in TREE.items():
            above = made.get(parent or "")
            path = grids.path(above and above.path, code)
            made[code] = Grid(code=code, name=code, level=levels[len(code) - 1], path=path)
            made[code].parent_id = above.id if above else None
            session.add(made[code])
            await session.flush()
    return town


@pytest.mark.parametrize("seed", ["one", "two", "three"])
async def test_the_tally_is_a_count_in_every_snapshot(database: Database, seed: str) -> None:
    life = Life(await grow(database), seed)
    await life.all_of_it()
    assert min(life.done[what] for what in ("written", "brought", "moved", "folded", "looked", "refused")) > 2, (
        life.done
    )
    async with database.read() as session:
        assert await tally_folding.drift(session) == 0
    async with database.write(HUB) as session:
        while await tally_folding.fold(session):
            pass
    async with database.read() as session:
        assert await tally_folding.drift(session) == 0
        assert await session.scalar(select(func.count()).select_from(TallyDelta)) == 0
    for number in range(10):
        await life.look(Random(f"{seed} {number}"))
