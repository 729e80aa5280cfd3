"""The tally is folded, made anew and compared while others write; nothing is lost or counted twice by it."""

import asyncio
from itertools import count

import pytest
from alembic import command
from sqlalchemy import delete, func, select, text, update

import migrations
from hub import doctor, worker
from hub.db import Database
from hub.doctor import Health
from hub.models import Request, RequestStatus, Tally, TallyDelta
from hub.services import closing, tally_folding
from hub.services.tallies import TallyKey
from hub.sync.registry import Registry
from hub.upgrade import upgrade
from tests.services.counting import Asked, Counts, told
from tests.services.town import HUB, Town, founded

STATUS = Asked((TallyKey.STATUS,))
S = RequestStatus


@pytest.fixture
async def town(database: Database) -> Town:
    """Three requests are handled, one of them is closed; nothing is folded."""
    town = await founded(database)
    requests = [await town.put(S.HANDLED) for _ in range(3)]
    await town.do(closing.close, requests[0].id, result="已修")
    return town


THERE: Counts = {(S.HANDLED,): 2, (S.CLOSED,): 1}


async def counted(town: Town) -> Counts:
    async with town.database.read() as session:
        return await told(session, HUB, STATUS)


async def sizes(town: Town) -> tuple[int, int]:
    """How many sorts are counted everywhere, and how many deltas wait."""
    async with town.database.read() as session:
        everywhere = (Tally.total, Tally.grid_path == "")
        sorts = await session.scalar(select(func.count()).select_from(Tally).where(*everywhere))
        return sorts or 0, await session.scalar(select(func.count()).select_from(TallyDelta)) or 0


async def drift(town: Town) -> int:
    async with town.database.read() as session:
        return await tally_folding.drift(session)


async def test_a_fold_moves_counts_and_leaves_no_empty_ones(town: Town) -> None:
    assert await sizes(town) == (0, 5)
    async with town.database.write(HUB) as session:
        assert await tally_folding.fold(session) == 5
    assert (await sizes(town), await counted(town), await drift(town)) == ((2, 0), THERE, 0)
    for request in [one for one in await _all(town) if one.status is S.HANDLED]:
        await town.do(closing.close, request.id, result="已修")
    async with town.database.write(HUB) as session:
        assert await tally_folding.fold(session) == 4
    assert (await sizes(town), await counted(town), await drift(town)) == ((1, 0), {(S.CLOSED,): 3}, 0)


async def _all(town: Town) -> list[Request]:
    async with town.database.read() as session:
        return list(await session.scalars(select(Request)))


async def test_a_fold_takes_no_more_than_so_many(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally_folding, "AT_ONCE", 2)
    for left in (3, 1, 0):
        async with town.database.write(HUB) as session:
            await tally_folding.fold(session)
        assert ((await sizes(town))[1], await counted(town), await drift(town)) == (left, THERE, 0)


async def test_a_reader_in_the_middle_of_a_fold_sees_each_request_once(town: Town) -> None:
    async with town.database.read() as before:
        await before.execute(text("SELECT 1"))
        async with town.database.write(HUB) as folding:
            assert await tally_folding.fold(folding) == 5
            assert await told(folding, HUB, STATUS) == THERE
            async with town.database.read() as amid:
                assert await told(amid, HUB, STATUS) == THERE
                await folding.commit()
                assert await told(amid, HUB, STATUS) == THERE
        assert await told(before, HUB, STATUS) == THERE
    assert (await counted(town), await sizes(town)) == (THERE, (2, 0))


async def test_a_fold_that_crashes_loses_nothing(town: Town) -> None:
    async with town.database.write(HUB) as session:
        assert await tally_folding.fold(session) == 5
        await session.rollback()
    assert (await counted(town), await sizes(town), await drift(town)) == (THERE, (0, 5), 0)


async def test_two_workers_do_not_wait_for_one_another(town: Town) -> None:
    async with town.database.write(HUB) as one, town.database.write(HUB) as other:
        assert await tally_folding.fold(one) == 5
        async with asyncio.timeout(5):
            assert await tally_folding.fold(other) == 0
            await town.submit()
    assert await counted(town) == THERE | {(S.RECEIVED,): 1}
    assert (await sizes(town), await drift(town)) == ((2, 1), 0)


async def test_writers_do_not_wait_for_one_another(town: Town) -> None:
    async with town.database.write(HUB) as slow:
        slow.add(Request(number="slow", title="慢"))
        await slow.flush()
        async with asyncio.timeout(5), town.database.write(HUB) as folding:
            await town.submit()
            assert await tally_folding.fold(folding) == 6
    assert (await sizes(town), await drift(town)) == ((3, 1), 0)


async def test_the_tally_is_made_anew_while_others_write(town: Town) -> None:
    async with town.database.write(HUB) as session:
        await tally_folding.fold(session)
        await session.execute(update(Tally).values(count=Tally.count + 1))
        await session.execute(delete(Tally).where(Tally.grid_path == ""))
    await town.submit()
    assert await drift(town) == 8
    async with town.database.write(HUB) as slow:
        slow.add(Request(number="slow", title="慢"))
        await slow.flush()
        async with town.database.write(HUB) as session:
            assert await tally_folding.rebuild(session) == 12
            async with town.database.write(HUB) as other:
                assert await tally_folding.fold(other) == 0
            await town.submit()
    assert (await sizes(town), await drift(town)) == ((3, 2), 0)
    assert await counted(town) == THERE | {(S.RECEIVED,): 3}


async def test_a_worker_folds_what_is_written(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    await upgrade(town.database)
    monkeypatch.setattr(worker, "LOOPS", ((worker._fold, 0.01),))
    stop = asyncio.Event()
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(worker.work(town.database, Registry(), stop))
        for number in count():
            if number < 5:
                await town.submit()
            elif (await sizes(town))[1] == 0:
                break
            await asyncio.sleep(0.02)
        stop.set()
    assert (await counted(town), await drift(town)) == (THERE | {(S.RECEIVED,): 5}, 0)


async def test_the_step_counts_what_is_there(town: Town) -> None:
    async with town.database.engine.begin() as connection:
        await connection.run_sync(lambda found: command.downgrade(migrations.configuration(found), "0001"))
    async with town.database.engine.begin() as connection:
        await connection.run_sync(migrations.upgrade)
    assert (await sizes(town), await drift(town), await counted(town)) == ((2, 0), 0, THERE)


async def test_the_doctor_sees_a_tally_that_is_wrong(town: Town) -> None:
    assert await doctor.tally(town.database) == doctor.good("tally", "It agrees with the requests.")
    async with town.database.write(HUB) as session:
        await session.execute(update(Request).where(Request.status == S.CLOSED).values(status=S.HANDLED))
    finding = await doctor.tally(town.database)
    assert finding == doctor.bad("tally", "8 counts are not what the requests say. Run: hub db tally")
    async with town.database.write(HUB) as session:
        await tally_folding.rebuild(session)
    assert (await doctor.tally(town.database)).health is Health.GOOD
