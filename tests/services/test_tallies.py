"""The tally of requests: what a write appends, who sees what of it, and what it costs to ask."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import load_only

from hub.auth import ANONYMOUS, ROLES, Viewer
from hub.db import Database
from hub.models import Grid, Request, RequestStatus, TallyDelta
from hub.plugin import Record
from hub.services import closing, grids, handling, publicity, supervision, tally_folding
from hub.services.tallies import TallyKey, TallyOf, tally
from tests.services.counting import Asked, Counts, told
from tests.services.town import HUB, Town, founded
from tests.sync.sources import gone, run
from tests.sync.sources import told as source

Counting = Callable[[], AbstractContextManager[list[str]]]
STATUS = Asked((TallyKey.STATUS,))
S = RequestStatus


@pytest.fixture
async def town(database: Database) -> Town:
    return await founded(database)


async def counted(town: Town, asked: Asked = STATUS, viewer: Viewer = HUB) -> Counts:
    async with town.database.read() as session:
        return await told(session, viewer, asked)


async def deltas(town: Town) -> list[tuple[int, str]]:
    statement = select(TallyDelta.count, TallyDelta.status).order_by(TallyDelta.id)
    async with town.database.read() as session:
        return [(change, status.name) for change, status in await session.execute(statement)]


async def fold(town: Town) -> int:
    async with town.database.write(HUB) as session:
        return await tally_folding.fold(session)


async def drift(town: Town) -> int:
    async with town.database.read() as session:
        return await tally_folding.drift(session)


async def test_a_write_appends_what_it_means_and_no_more(town: Town) -> None:
    request = await town.put(S.HANDLED)
    await town.do(supervision.supervise, request.id)
    assert await deltas(town) == [(1, "HANDLED")]
    await town.do(closing.close, request.id, result="已修")
    assert await deltas(town) == [(1, "HANDLED"), (-1, "HANDLED"), (1, "CLOSED")]
    assert await counted(town) == {(S.CLOSED,): 1}


async def test_what_is_deleted_is_counted_no_more(town: Town) -> None:
    request = await town.submit()
    async with town.database.write(HUB) as session:
        for table in ("request_events", "co_handlers"):
            await session.execute(text(f"DELETE FROM {table}"))
        await session.delete(await session.get(Request, request.id))
    assert await counted(town) == {}
    assert await counted(town, Asked()) == {(): 0}


async def test_several_flushes_of_one_transaction_and_one_that_is_taken_back(town: Town) -> None:
    async with town.database.write(HUB) as session:
        session.add(Request(number="1", title="1"))
        await session.flush()
        await session.rollback()
    async with town.database.write(HUB) as session:
        session.add(request := Request(number="2", title="2"))
        await session.flush()
        request.category = "噪音"
        await session.flush()
        request.status, request.public = S.CLOSED, True
        await session.flush()
        request.status = S.HANDLED
    assert await counted(town) == await counted(town, viewer=ANONYMOUS) == {(S.HANDLED,): 1}
    assert sum(change for change, _ in await deltas(town)) == 1
    assert await drift(town) == 0


async def test_a_column_that_was_not_loaded_is_counted_as_it_was(town: Town) -> None:
    await town.put(S.HANDLED, public=True)
    async with town.database.write(HUB) as session:
        request = (await session.scalars(select(Request).options(load_only(Request.revision, Request.grid_path)))).one()
        request.status = S.CLOSED
    assert await deltas(town) == [(1, "HANDLED"), (-1, "HANDLED"), (1, "CLOSED")]
    assert await counted(town, viewer=ANONYMOUS) == {(S.CLOSED,): 1}
    assert await drift(town) == 0


async def test_a_page_of_a_source_is_counted(town: Town) -> None:
    pages: list[Any] = [
        [Record("request", key, {"number": key}) for key in "abc"],
        [Record("request", "a", {"number": "a", "status": "CLOSED"}), gone("request", "b"), gone("request", "z")],
        [Record("request", "c", {"number": "c", "result": "好"})],
    ]
    await run(town.database, source(*pages))
    assert await counted(town) == {(S.RECEIVED,): 1, (S.CLOSED,): 1, (S.ARCHIVED,): 1}
    assert sorted(await deltas(town)) == [(-2, "RECEIVED"), (1, "ARCHIVED"), (1, "CLOSED"), (3, "RECEIVED")]
    assert (await drift(town), await fold(town), await drift(town)) == (0, 4, 0)


@pytest.mark.parametrize("folded", [False, True])
async def test_what_a_moved_grid_holds_moves(town: Town, folded: bool) -> None:
    await town.submit(), await town.submit(grid_id=town.street.id), await town.put(S.CLOSED, grid_path=None)
    if folded:
        await fold(town)
    async with town.database.write(HUB) as session:
        found = {grid.code: grid for grid in await session.scalars(select(Grid))}
        await grids.move(session, found[town.community.code], None)
    assert await counted(town, Asked((), town.street.path)) == {(): 1}
    assert await counted(town, Asked((), f"{town.community.code}/")) == {(): 1}
    assert (await drift(town), await fold(town), await drift(town)) == (0, 2 if folded else 5, 0)


async def test_everybody_is_told_of_what_they_see(town: Town) -> None:
    secret, open_, elsewhere = await town.put(S.CLOSED), await town.put(S.CLOSED), await town.put(S.CLOSED)
    await town.do(publicity.publish, open_.id)
    async with town.database.write(HUB) as session:
        found = await session.get_one(Request, elsewhere.id)
        found.grid_path, found.assignee_id = None, town.police
    seen = {
        1: [ANONYMOUS, Viewer("x", ROLES["handler"], ("",)), Viewer("x", ROLES["clerk"], ("420606002/",))],
        2: [town.clerk(), town.handler(town.property_company), town.handler(town.police)],
        3: [HUB, town.handler(town.water_works), Viewer("x", ROLES["partner"], (town.street.path,), town.police)],
    }
    for number, viewers in seen.items():
        assert [await counted(town, Asked(), viewer) for viewer in viewers] == [{(): number}] * len(viewers)
    await fold(town)
    for number, viewers in seen.items():
        assert [await counted(town, Asked(), viewer) for viewer in viewers] == [{(): number}] * len(viewers)
    assert secret.id != open_.id


KEYS = [(), (TallyKey.STATUS, TallyKey.LEVEL), (TallyKey.GRID,), (TallyKey.LEVEL, TallyKey.GRID)]


@pytest.mark.parametrize("by", KEYS, ids=["all", "status", "grid", "level"])
@pytest.mark.parametrize(
    "viewer", [ANONYMOUS, HUB, Viewer("x", ROLES["clerk"], ("420606001/",))], ids=["anonymous", "hub", "clerk"]
)
async def test_the_requests_are_not_touched(town: Town, viewer: Viewer, by: tuple[TallyKey, ...]) -> None:
    statement = tally(viewer, TallyOf.REQUESTS, by, path="420606001/")
    async with town.database.read() as session:
        compiled = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
        plan = "\n".join(await session.scalars(text("EXPLAIN " + str(compiled).replace(":", "\\:"))))
    assert ("tallies" in plan, "tally_deltas" in plan, "requests" in plan) == (True, True, False)


async def test_other_keys_and_conditions_are_counted_one_by_one(town: Town) -> None:
    await town.put(S.HANDLED, category="噪音")
    assert "tallies" in str(tally(HUB, TallyOf.REQUESTS, [TallyKey.LEVEL]))
    for by, where in (([TallyKey.STATUS, TallyKey.DAY], []), ([], [Request.urged == 0])):
        assert "tallies" not in str(tally(HUB, TallyOf.REQUESTS, by, where=where))
    assert list((await counted(town, Asked((TallyKey.CATEGORY, TallyKey.KIND)))).values()) == [1]


async def test_what_writing_and_folding_cost(town: Town, count_statements: Counting) -> None:
    request = await town.put(S.SIGNED)
    with count_statements() as seen:
        await town.do(handling.accept, request.id)
    assert [statement.split()[2] for statement in seen if "tally_deltas" in statement] == ["tally_deltas"]
    with count_statements() as seen:
        assert await fold(town) == 3
    assert len(seen) == 2
    with count_statements() as seen:
        assert await fold(town) == 0
    assert len(seen) == 1
    with count_statements() as seen:
        await town.do(supervision.supervise, request.id)
    assert [statement for statement in seen if "tally_deltas" in statement] == []


async def test_what_moves_is_told_sort_by_sort(town: Town) -> None:
    for _ in range(4):
        await town.submit()
    await fold(town)
    async with town.database.write(HUB) as session:
        await grids.repath(session, town.street.path, "x/y/")
    assert sorted(await deltas(town)) == [(-4, "RECEIVED"), (4, "RECEIVED")]
    assert await counted(town, Asked((), "x/")) == await counted(town, Asked()) == {(): 4}
    assert await counted(town, Asked((), town.street.path)) == {(): 0}


async def test_places_that_lie_in_one_another_are_counted_once(town: Town) -> None:
    await town.submit(), await town.submit(grid_id=town.street.id), await town.put(S.CLOSED, grid_path=None)
    street, community = town.street.path, town.community.path
    for _ in range(2):
        for paths, number in [((street, community), 2), ((community, community), 1), ((), 0), (("", street), 3)]:
            viewer = Viewer("x", ROLES["clerk"], paths)
            assert await counted(town, Asked(), viewer) == {(): number}
            assert await counted(town, Asked((), street), viewer) == {(): min(number, 2)}
            assert await counted(town, Asked((), community), viewer) == {(): min(number, 1)}
        await fold(town)
