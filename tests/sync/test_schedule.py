"""Schedules: when a turn comes in which zone, what is asked for then, and that all of it can change at run time."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from hub import worker
from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import Run, RunMode, RunNote, RunStatus, Schedule, Source
from hub.services import schedules
from hub.services.cron import next_moment
from hub.sync import jobs, schedule
from hub.sync.work import begin
from hub.upgrade import upgrade
from tests.sync.sources import column, rows, run, told
from tests.sync.test_jobs import until, waiting

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # in Shanghai


def moments(line: str, zone: str, after: str, number: int) -> list[str]:
    """The next moments in UTC."""
    found, at = [], datetime.fromisoformat(after).replace(tzinfo=UTC)
    for _ in range(number):
        at = next_moment(line, zone, at)
        found.append(f"{at.astimezone(UTC):%d %H:%M}")
    return found


@pytest.fixture
async def hourly(database: Database, hub: Viewer) -> Database:
    """A source that ran once, with a schedule whose first turn is at noon."""
    await upgrade(database)
    await run(database, told([]))
    await ask(database, hub, "0 * * * *")
    await turn_at(database, NOON)
    return database


async def ask(database: Database, viewer: Viewer, cron: str, **more: Any) -> None:
    async with database.write(viewer) as session:
        await schedules.set_schedule(session, viewer, "told", cron=cron, **more)


async def turn_at(database: Database, at: datetime) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(update(Schedule).values(next_at=at))


async def look(database: Database, viewer: Viewer, at: datetime, chance: float = 0.0) -> list[str]:
    async with database.write(viewer) as session:
        return await schedule.due(session, at, lambda: chance)


async def next_at(database: Database) -> datetime | None:
    (found,) = await column(database, select(Schedule.next_at))
    return None if found is None else datetime.fromisoformat(str(found))


def test_a_line_is_read_by_the_clock_of_its_zone() -> None:
    assert moments("0 */2 * * *", "Asia/Shanghai", "2026-03-02T05:30", 3) == ["02 06:00", "02 08:00", "02 10:00"]
    assert moments("30 8 * * MON-FRI", "Asia/Shanghai", "2026-03-06T01:00", 2) == ["09 00:30", "10 00:30"]
    assert moments("0 0 L * *", "Asia/Shanghai", "2026-02-01T00:00", 2) == ["27 16:00", "30 16:00"]
    assert moments("0 9 * * *", "America/New_York", "2026-01-01T00:00", 1) == ["01 14:00"]


def test_what_the_clock_skips_comes_once_as_it_jumps() -> None:
    assert moments("30 2 * * *", "America/New_York", "2026-03-07T00:00", 3) == ["07 07:30", "08 07:00", "09 06:30"]
    halves = moments("*/30 * * * *", "America/New_York", "2026-03-08T06:10", 4)
    assert halves == ["08 06:30", "08 07:00", "08 07:30", "08 08:00"]


def test_what_the_clock_shows_twice_comes_once() -> None:
    assert moments("30 1 * * *", "America/New_York", "2026-10-31T00:00", 3) == ["31 05:30", "01 05:30", "02 06:30"]
    assert moments("30 1 * * *", "America/New_York", "2026-11-01T05:45", 1) == ["02 06:30"]
    halves = moments("*/30 * * * *", "America/New_York", "2026-11-01T04:45", 4)
    assert halves == ["01 05:00", "01 05:30", "01 07:00", "01 07:30"]


LINES = [
    "* * * *",
    "0 0 30 2 *",
    "61 * * * *",
    "R * * * *",
    "@hourly",
    "0 0 * * FOO",
    "",
    "\x00 * * * *",
    "0 0 1 1 * 5",
]


@pytest.mark.parametrize("line", LINES)
async def test_a_bad_line_is_refused_with_an_example(hourly: Database, hub: Viewer, line: str) -> None:
    with pytest.raises(Invalid, match=r'"0 \*/2 \* \* \*"') as refused:
        await ask(hourly, hub, line)
    assert refused.value.field == "cron"
    assert await column(hourly, select(Schedule.cron)) == ["0 * * * *"]


@pytest.mark.parametrize("zone", ["Moon", "", "../etc", "Asia", "\x00"])
async def test_a_bad_zone_or_delay_is_refused_and_named(hourly: Database, hub: Viewer, zone: str) -> None:
    with pytest.raises(Invalid, match="Asia/Shanghai") as refused:
        await ask(hourly, hub, "0 * * * *", timezone=zone)
    assert refused.value.field == "timezone"
    with pytest.raises(Invalid, match="0 to 86400 seconds") as refused:
        await ask(hourly, hub, "0 * * * *", jitter=-1)
    assert refused.value.field == "jitter"
    assert await next_at(hourly) == NOON


async def test_a_turn_asks_for_one_run_and_knows_the_next(hourly: Database, hub: Viewer) -> None:
    assert await look(hourly, hub, NOON - timedelta(seconds=1)) == []
    assert await look(hourly, hub, NOON) == ["told"]
    assert await waiting(hourly) == [("sync:told", "queued")]
    assert await rows(hourly, select(Schedule.last_at, Schedule.next_at)) == [(NOON, NOON + timedelta(hours=1))]
    assert await look(hourly, hub, NOON) == []
    async with hourly.read() as session:
        job = await jobs.waiting(session, "told")
    assert job == jobs.Job("told", "schedule")


async def test_the_delay_is_drawn_once_a_turn(hourly: Database, hub: Viewer) -> None:
    await ask(hourly, hub, "0 * * * *", jitter=600)
    await turn_at(hourly, NOON)
    assert await look(hourly, hub, NOON, chance=0.5) == ["told"]
    assert await next_at(hourly) == NOON + timedelta(hours=1, minutes=5)
    assert await look(hourly, hub, NOON + timedelta(hours=1, minutes=4)) == []
    assert await next_at(hourly) == NOON + timedelta(hours=1, minutes=5)


async def test_turns_that_went_by_while_the_hub_was_down_are_one(hourly: Database, hub: Viewer) -> None:
    late = NOON + timedelta(days=3, minutes=20)
    assert await look(hourly, hub, late) == ["told"]
    assert await next_at(hourly) == NOON + timedelta(days=3, hours=1)
    assert await look(hourly, hub, late) == []


async def test_two_that_look_at_once_ask_once(hourly: Database, hub: Viewer) -> None:
    found = await asyncio.gather(*(look(hourly, hub, NOON) for _ in range(4)))
    assert sorted(found) == [[], [], [], ["told"]]


async def test_a_turn_is_left_out_while_the_source_waits_or_works(hourly: Database, hub: Viewer) -> None:
    await look(hourly, hub, NOON)
    assert await look(hourly, hub, NOON + timedelta(hours=1)) == []
    assert await next_at(hourly) == NOON + timedelta(hours=2)
    async with hourly.write(hub) as session:
        assert await jobs.drop(session, "told") is True
        source = (await session.scalars(select(Source))).one()
    at_work = await begin(hourly, source, "test", worker.MODES["run"], {})
    assert await look(hourly, hub, NOON + timedelta(hours=2)) == []
    assert await waiting(hourly) == []
    said = await column(hourly, select(RunNote.words).where(RunNote.run_id == at_work.id).order_by(RunNote.id))
    assert said[1:] == ["The schedule's turn came and was left out, as this run was still at work."]


async def test_a_turn_waits_for_what_is_pushed_to_be_read(hourly: Database, hub: Viewer) -> None:
    async def pulled() -> bool:
        found = await rows(hourly, select(Run.started_by, Run.mode, Run.status).order_by(Run.id.desc()).limit(1))
        return found == [("schedule", RunMode.APPLY, RunStatus.DONE)] and not await waiting(hourly)

    async with hourly.write(hub) as session:
        source = (await session.scalars(select(Source))).one()
    reading = await begin(hourly, source, "what was pushed", RunMode.RECEIVE, {})
    assert await look(hourly, hub, NOON) == ["told"]
    with pytest.raises(jobs.NotYet, match=r"^told is being run since .* by what was pushed"):
        await worker.carry_out(hourly, told([]), jobs.Job("told", "schedule"))
    stop = asyncio.Event()
    working = asyncio.create_task(worker.work(hourly, told([]), stop))
    await asyncio.sleep(1)
    assert await waiting(hourly) == [("sync:told", "queued")]
    async with hourly.write(hub) as session:
        await session.execute(update(Run).where(Run.id == reading.id).values(status=RunStatus.DONE))
    await until(pulled)
    stop.set()
    await asyncio.wait_for(working, 10)


async def test_a_job_that_is_given_up_is_a_failed_run(
    hourly: Database, hub: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def given_up() -> bool:
        return not await waiting(hourly)

    monkeypatch.setattr(jobs, "PATIENCE", timedelta(0))
    async with hourly.write(hub) as session:
        source = (await session.scalars(select(Source))).one()
    await begin(hourly, source, "what was pushed", RunMode.RECEIVE, {})
    await look(hourly, hub, NOON)
    stop = asyncio.Event()
    working = asyncio.create_task(worker.work(hourly, told([]), stop))
    await until(given_up)
    stop.set()
    await asyncio.wait_for(working, 10)
    latest = select(Run.started_by, Run.status, Run.error).order_by(Run.id.desc()).limit(1)
    ((by, status, error),) = await rows(hourly, latest)
    assert (by, status) == ("schedule", RunStatus.FAILED)
    assert error.startswith("It could not begin within 0 minutes. told is being run since ")


async def test_a_run_whose_worker_is_gone_holds_nothing_up(hourly: Database, hub: Viewer) -> None:
    async with hourly.write(hub) as session:
        source = (await session.scalars(select(Source))).one()
    await begin(hourly, source, "test", worker.MODES["run"], {})
    async with hourly.write(hub) as session:
        await session.execute(update(Run).values(alive_at=NOON))
    assert await look(hourly, hub, NOON) == ["told"]


async def test_a_paused_source_has_no_turn_until_it_is_resumed(hourly: Database, hub: Viewer) -> None:
    async with hourly.write(hub) as session:
        await schedules.pause(session, hub, "told", reason="wrong data")
    assert await next_at(hourly) is None
    assert await look(hourly, hub, NOON + timedelta(days=9)) == []
    with pytest.raises(Conflict, match=r"^told is paused by test: wrong data\. `hub sync resume told` lets it run"):
        await run(hourly, told([]))
    async with hourly.write(hub) as session:
        await schedules.resume(session, hub, "told")
    following = await next_at(hourly)
    assert following is not None
    assert datetime.now(UTC) < following <= datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(Conflict, match="told is not paused"):
        async with hourly.write(hub) as session:
            await schedules.resume(session, hub, "told")


async def test_a_schedule_is_cleared(hourly: Database, hub: Viewer) -> None:
    async with hourly.write(hub) as session:
        await schedules.clear_schedule(session, hub, "told")
    assert await look(hourly, hub, NOON) == []
    with pytest.raises(NotFound):
        async with hourly.write(hub) as session:
            await schedules.clear_schedule(session, hub, "nobody")


async def test_who_may_only_look_decides_nothing(hourly: Database) -> None:
    district = Viewer("d", ROLES["district"], ("",), name="d")
    with pytest.raises(Forbidden):
        await ask(hourly, district, "* * * * *")
    assert await column(hourly, select(Schedule.cron)) == ["0 * * * *"]


async def test_a_worker_at_work_hears_of_a_new_schedule(hourly: Database, hub: Viewer) -> None:
    async def ran() -> bool:
        found = await rows(hourly, select(Run.started_by, Run.status).order_by(Run.id.desc()).limit(1))
        return found == [("schedule", RunStatus.DONE)]

    stop = asyncio.Event()
    await turn_at(hourly, datetime.now(UTC) + timedelta(hours=1))
    working = asyncio.create_task(worker.work(hourly, told([]), stop))
    await asyncio.sleep(0.5)
    assert await ran() is False
    await ask(hourly, hub, "* * * * *")
    await turn_at(hourly, datetime.now(UTC))
    await until(ran)
    stop.set()
    await asyncio.wait_for(working, 10)
