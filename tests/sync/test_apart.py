"""A plugin that blocks its thread: the hub answers, the run fails after its patience, a person is told."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from hub.auth import Viewer
from hub.db import Database
from hub.models import Alert, AlertKind, Arrival, ArrivalStatus, Run, RunStatus
from hub.plugin import Change, Page
from hub.sync import apart, patience, receiving, watching
from hub.sync.steering import cancel_run
from tests.sync.pushed import Pushing, order, push, receive
from tests.sync.sources import column, counts, installed, organization, plugin, rows, run, told
from tests.sync.targets import Listener, founded, opened
from tests.sync.test_cancel import at_work

BLOCKED = 30.0  # seconds at the most; each test lets go of its plugin
go_on = threading.Event()


def sleeps() -> None:
    go_on.wait(BLOCKED)


def computes() -> None:
    until = time.monotonic() + BLOCKED
    while not go_on.is_set() and time.monotonic() < until:
        pass


@pytest.fixture(autouse=True)
def let_go(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(patience, "GRACE", 0.2)
    go_on.clear()
    yield
    go_on.set()


async def lateness(longest: list[float]) -> None:
    """How late this loop ever was."""
    while True:
        began = time.monotonic()
        await asyncio.sleep(0.01)
        longest[0] = max(longest[0], time.monotonic() - began - 0.01)


async def alerts(database: Database) -> list[tuple[Any, ...]]:
    return await rows(database, select(Alert.kind, Alert.cleared_at.is_(None)).where(Alert.kind == AlertKind.STUCK))


def blocking(block: Any) -> Any:
    async def pull(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        yield Page([organization("A")], cursor="1")
        block()
        yield Page([])

    made = plugin(pull)
    made.patience = 0.3
    return made


@pytest.mark.parametrize("block", [sleeps, computes])
async def test_a_pull_that_blocks_blocks_nobody_else(database: Database, hub: Viewer, block: Any) -> None:
    longest = [0.0]
    watch = asyncio.create_task(lateness(longest))
    began = time.monotonic()
    done = await run(database, installed(blocking(block)))
    watch.cancel()
    assert (done.status, done.pages, counts(done)) == (RunStatus.FAILED, 1, {"created": 1})
    assert str(done.error).startswith("The plugin told was stopped: nothing came for 0.3 seconds.")
    assert (time.monotonic() - began < 5, longest[0] < 1) == (True, True), longest
    assert await alerts(database) == [(AlertKind.STUCK, True)]
    assert (await run(database, told([], [organization("B")]))).status is RunStatus.DONE
    go_on.set()
    for thread in [thread for left in apart.LEFT.values() for thread in left]:
        await asyncio.to_thread(thread.join, 5)
    async with database.write(hub) as session:
        await watching.look(session, done.started_at)
    assert await alerts(database) == [(AlertKind.STUCK, False)]


@pytest.mark.parametrize("block", [sleeps, computes])
async def test_a_run_that_is_blocked_is_cancelled_within_a_second(database: Database, hub: Viewer, block: Any) -> None:
    made = blocking(block)
    made.patience = 60.0
    running = asyncio.create_task(run(database, installed(made)))
    one = await at_work(database)
    async with database.write(hub) as session:
        await cancel_run(session, hub, one.id)
    began = time.monotonic()
    done = await running
    assert (done.status, time.monotonic() - began < 2) == (RunStatus.CANCELLED, True)
    assert await column(database, select(Run.status)) == [RunStatus.CANCELLED]


async def test_a_push_that_blocks_is_tried_again(database: Database) -> None:
    class Blocking(Listener):
        async def push(self, change: Change) -> Any:
            if not change.again:
                sleeps()
            return await super().push(change)

    post = await opened(database, Blocking())
    await founded(database, "A", "B")
    longest = [0.0]
    watch = asyncio.create_task(lateness(longest))
    assert await post.send(limit=0.3) == 1  # the other one waits for a loop that is not blocked
    watch.cancel()
    assert (await post.states(), longest[0] < 1) == (["RETRY", "READY"], True)
    assert await alerts(database) == [(AlertKind.STUCK, True)]


async def test_a_message_that_blocks_its_reader_is_refused_and_others_are_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "READING_SECONDS", 0.3)

    class Blocks(Pushing):
        async def receive(self, body: bytes) -> Page:
            if b"R1" in body:
                sleeps()
            return await super().receive(body)

    await push(database, [order("R1")], [order("R2")])
    for status in (RunStatus.FAILED, RunStatus.DONE):
        done = await receive(database, installed(Blocks))
        assert done is not None
        assert done.status is status
    assert await column(database, select(Arrival.status).order_by(Arrival.id)) == [
        ArrivalStatus.REFUSED,
        ArrivalStatus.TAKEN,
    ]
    assert await alerts(database) == [(AlertKind.STUCK, True)]


async def test_a_loop_is_gone_when_the_run_is(database: Database) -> None:
    before = threading.active_count()
    for _ in range(3):
        await run(database, told([organization("A")]))
    assert threading.active_count() <= before + 1  # a thread of the executor may have come
