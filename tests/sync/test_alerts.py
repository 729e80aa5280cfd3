"""Alerts: a source that fails or is quiet is told of once, seen within seconds, and cleared when it is well again."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from hub import worker
from hub.auth import ANONYMOUS, Viewer
from hub.db import Database
from hub.errors import Invalid
from hub.models import Alert, AlertKind, Arrival, Rejected, Run, RunMode, RunStatus, Source
from hub.models.base import now
from hub.plugin import BadRecord, SourceDown
from hub.services import alerts, schedules, sources
from hub.services.alerts import clear_alert, raise_alert
from hub.sync import watching
from hub.sync.work import never_began
from hub.upgrade import upgrade
from tests.sync.pushed import order, push, receive, registry
from tests.sync.sources import organization, rows, run, told
from tests.sync.test_jobs import until

DOWN = SourceDown("The other side is away.")


async def look(database: Database, viewer: Viewer, later: timedelta = timedelta()) -> None:
    async with database.write(viewer) as session:
        await watching.look(session, now() + later)


async def found(database: Database) -> list[tuple[Any, ...]]:
    """The alerts: kind, times, whether it is cleared."""
    wanted = select(Alert.kind, Alert.times, Alert.cleared_at).order_by(Alert.id)
    return [(kind.name, times, cleared is not None) for kind, times, cleared in await rows(database, wanted)]


async def scheduled(database: Database, viewer: Viewer, cron: str = "0 * * * *") -> None:
    async with database.write(viewer) as session:
        await schedules.set_schedule(session, viewer, "told", cron=cron)


async def test_what_is_raised_again_is_seen_again_and_what_is_cleared_may_come_back(
    database: Database, hub: Viewer
) -> None:
    async with database.write(hub) as session:
        for words in ("first", "latest"):
            await raise_alert(session, AlertKind.DRIFT, None, "height", words)
        await raise_alert(session, AlertKind.DRIFT, None, "width", "another")
        await clear_alert(session, AlertKind.DRIFT, None, "height")
        await clear_alert(session, AlertKind.DRIFT, None, "nothing of the kind")
        await raise_alert(session, AlertKind.DRIFT, None, "height", "back")
        assert await alerts.open_counts(session) == {AlertKind.DRIFT: 2}
    wanted = select(Alert.subject, Alert.words, Alert.times, Alert.cleared_at.is_(None)).order_by(Alert.id)
    assert await rows(database, wanted) == [
        ("height", "latest", 2, False), ("width", "another", 1, True), ("height", "back", 1, True),
    ]  # fmt: skip


async def test_who_may_not_see_sync_sees_no_alert(database: Database, hub: Viewer) -> None:
    async with database.write(hub) as session:
        await raise_alert(session, AlertKind.DRIFT, None, "height", "words")
        assert list(await session.scalars(alerts.visible(ANONYMOUS))) == []
        assert len(list(await session.scalars(alerts.visible(hub)))) == 1


async def test_a_failing_source_is_told_of_once_for_each_run_and_cleared_by_a_good_one(
    database: Database, hub: Viewer
) -> None:
    await run(database, told([organization("A")], name="well"), "well")
    for times in (1, 2):
        failed = await run(database, told([], fails={0: DOWN}))
        for _ in range(3):
            await look(database, hub)
        assert await found(database) == [("FAILING", times, False)]
    words = f"The last run failed: The other side is away. What it did before: hub sync log {failed.id}"
    assert await rows(database, select(Alert.words)) == [(words,)]
    await run(database, told([]), mode=RunMode.PLAN)
    await look(database, hub)
    assert await found(database) == [("FAILING", 2, False)]
    await run(database, told([]))
    await look(database, hub)
    assert await found(database) == [("FAILING", 2, True)]


async def test_a_run_that_could_not_begin_is_a_failure_too(database: Database, hub: Viewer) -> None:
    await run(database, told([]))
    await never_began(database, "told", RunMode.APPLY, "schedule", "No plugin told is installed.")
    await never_began(database, "nobody", RunMode.APPLY, "schedule", "no such source")
    await look(database, hub)
    assert await found(database) == [("FAILING", 1, False)]
    latest = select(Run.status, Run.error).order_by(Run.id.desc()).limit(1)
    assert await rows(database, latest) == [(RunStatus.FAILED, "No plugin told is installed.")]


async def test_three_turns_without_a_good_run_are_silence(database: Database, hub: Viewer) -> None:
    await run(database, told([]))
    await look(database, hub, timedelta(days=9))  # without a schedule nobody expects anything
    await scheduled(database, hub)
    await look(database, hub, timedelta(hours=2))
    assert await found(database) == []
    for _ in range(2):
        await look(database, hub, timedelta(hours=3, minutes=1))
    assert await found(database) == [("QUIET", 1, False)]
    (words,) = (await rows(database, select(Alert.words)))[0]
    assert words.endswith(": 3 turns of its schedule without a successful run. How it went: hub sync history told")
    await run(database, told([]))
    await look(database, hub)
    assert await found(database) == [("QUIET", 1, True)]


async def test_silence_over_a_weekend_is_as_it_should_be(database: Database, hub: Viewer) -> None:
    await run(database, told([]))
    await scheduled(database, hub, "0 8 * * MON-FRI")
    friday = datetime(2026, 3, 6, 0, 0, 5, tzinfo=UTC)
    async with database.write(hub) as session:
        await session.execute(update(Run).values(finished_at=friday))
        await session.execute(update(Source).values(watched_since=friday))
        await watching.look(session, friday + timedelta(days=4))  # Tuesday: two turns since
    assert await found(database) == []
    async with database.write(hub) as session:
        await watching.look(session, friday + timedelta(days=5))
    assert await found(database) == [("QUIET", 1, False)]


async def test_so_many_minutes_without_a_record_are_silence(database: Database, hub: Viewer) -> None:
    await run(database, told([organization("A")]))
    async with database.write(hub) as session:
        await schedules.set_quiet_after(session, hub, "told", minutes=90)
    await run(database, told([organization("A")]))  # goes on behind it: nothing comes
    await look(database, hub, timedelta(minutes=89))
    assert await found(database) == []
    await look(database, hub, timedelta(minutes=91))
    assert await found(database) == [("QUIET", 1, False)]
    for minutes in (0, -5, 600_000):
        with pytest.raises(Invalid, match="1 to 525600 are possible"):
            async with database.write(hub) as session:
                await schedules.set_quiet_after(session, hub, "told", minutes=minutes)


async def test_a_paused_source_is_quiet_by_decision_and_has_its_time_when_it_is_resumed(
    database: Database, hub: Viewer
) -> None:
    await run(database, told([]))
    await scheduled(database, hub)
    await look(database, hub, timedelta(hours=5))
    async with database.write(hub) as session:
        await schedules.pause(session, hub, "told", reason="moving")
    await look(database, hub, timedelta(hours=5))
    assert await found(database) == [("QUIET", 1, True)]
    async with database.write(hub) as session:
        await session.execute(update(Run).values(finished_at=now() - timedelta(days=3)))
        await schedules.resume(session, hub, "told")
    await look(database, hub, timedelta(hours=2))
    assert await found(database) == [("QUIET", 1, True)]


async def subjects(database: Database) -> list[tuple[str, str, bool]]:
    """The alerts: kind, what about, whether it is cleared."""
    wanted = select(Alert.kind, Alert.subject, Alert.cleared_at).order_by(Alert.id)
    return [(kind.name, subject, cleared is not None) for kind, subject, cleared in await rows(database, wanted)]


async def test_what_is_pushed_hides_no_pull_that_fails_and_no_silence(database: Database, hub: Viewer) -> None:
    async def away() -> None:
        raise DOWN

    await run(database, registry([], between=away), "pushing")
    async with database.write(hub) as session:
        await schedules.set_quiet_after(session, hub, "pushing", minutes=90)
    await look(database, hub, timedelta(hours=2))
    quiet, failing = ("QUIET", "", False), ("FAILING", "", False)
    assert await subjects(database) == [failing, quiet]
    await push(database, [order("R1")])
    received = await receive(database)
    assert (received and received.status, received and received.records) == (RunStatus.DONE, 1)
    await look(database, hub, timedelta(hours=2))
    assert await subjects(database) == [failing, quiet]


async def test_a_push_that_cannot_be_read_has_an_alert_of_its_own(database: Database, hub: Viewer) -> None:
    await run(database, registry([]), "pushing")
    ids = await push(database, "down")
    assert await receive(database) is not None
    await look(database, hub)
    assert await subjects(database) == [("FAILING", "push", False)]
    async with database.write(hub) as session:
        await session.execute(update(Arrival).where(Arrival.id == ids[0]).values(body=b"[]"))
    await receive(database)
    await look(database, hub)
    assert await subjects(database) == [("FAILING", "push", True)]


async def test_a_source_that_only_pushes_is_quiet_when_nothing_is_pushed(database: Database, hub: Viewer) -> None:
    await push(database, [order("R1")])
    await receive(database)
    async with database.write(hub) as session:
        await session.execute(update(Source).values(created_at=now() - timedelta(days=1)))
        await schedules.set_quiet_after(session, hub, "pushing", minutes=90)
        await session.execute(update(Source).values(watched_since=None))
    await look(database, hub, timedelta(minutes=80))
    assert await subjects(database) == []
    await look(database, hub, timedelta(minutes=100))
    assert await subjects(database) == [("QUIET", "", False)]


async def test_several_that_look_at_once_raise_once(database: Database, hub: Viewer) -> None:
    await run(database, told([], fails={0: DOWN}))
    await asyncio.gather(*(look(database, hub) for _ in range(4)))
    assert await found(database) == [("FAILING", 1, False)]


async def test_a_worker_sees_a_failure_within_five_seconds(database: Database, hub: Viewer) -> None:
    async def seen() -> bool:
        return await found(database) == [("FAILING", 1, False)]

    await upgrade(database)
    stop = asyncio.Event()
    working = asyncio.create_task(worker.work(database, told([]), stop))
    await asyncio.sleep(0.5)
    await run(database, told([], fails={0: DOWN}))
    async with asyncio.timeout(5):
        await until(seen)
    stop.set()
    await asyncio.wait_for(working, 10)


async def test_refused_records_are_an_alert_until_none_waits(database: Database, hub: Viewer) -> None:
    bad = [BadRecord(f"row {at}: no code.", {}, "organization", str(at)) for at in range(3)]
    await run(database, told(bad))
    for _ in range(2):
        await look(database, hub)
    assert await found(database) == [("REJECTED", 1, False)]
    words = "records were refused and wait for a person. What is wrong, and what to do: hub sync rejected told"
    assert await rows(database, select(Alert.words)) == [(f"3 {words}",)]
    async with database.write(hub) as session:
        one = (await session.scalars(select(Rejected).limit(1))).one()
        await sources.ignore(session, hub, one.id, reason="不属本区")
    await look(database, hub)
    assert await rows(database, select(Alert.words, Alert.times)) == [(f"2 {words}", 2)]
    await run(database, told([], [organization(str(at)) for at in range(3)]))
    await look(database, hub)
    assert await found(database) == [("REJECTED", 2, True)]
