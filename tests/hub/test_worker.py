"""What a worker does over and over: one thing that fails leaves the others alone, and people are told."""

import asyncio

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub import worker
from hub.db import Database
from hub.errors import Conflict
from hub.models import Alert, AlertKind
from hub.sync.registry import Registry
from hub.upgrade import upgrade
from tests.sync.sources import rows
from tests.sync.test_jobs import until


@pytest.mark.parametrize("error", [IndexError("pop from an empty list"), Conflict("Somebody was quicker.")])
async def test_a_loop_that_fails_leaves_the_others_alone_and_is_told_of_until_it_is_well(
    database: Database, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    failing, went_on, stop = True, 0, asyncio.Event()

    async def _fails(session: AsyncSession) -> bool:
        if failing:
            raise error
        return False

    async def _goes_on(session: AsyncSession) -> bool:
        nonlocal went_on
        went_on += 1
        return False

    async def alerts(wanted: list[tuple[AlertKind, str, int, bool]]) -> bool:
        found = select(Alert.kind, Alert.subject, Alert.times, Alert.cleared_at.is_(None))
        return await rows(database, found) == wanted and went_on > 5

    await upgrade(database)
    monkeypatch.setattr(worker, "LOOPS", ((_fails, 0.01), (_goes_on, 0.01)))
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        working = group.create_task(worker.work(database, Registry(), stop))
        await until(lambda: alerts([(AlertKind.WORKER, "fails", 1, True)]))
        failing, went_on = False, 0
        await until(lambda: alerts([(AlertKind.WORKER, "fails", 1, False)]))
        stop.set()
    assert working.exception() is None
