"""What sources push: in order, before its entity, among poison, while a pull runs, and when a worker is killed."""

import asyncio
import signal
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.dialects import postgresql

from hub import worker
from hub.auth import Viewer
from hub.db import Database
from hub.errors import Conflict
from hub.models import Arrival, ArrivalStatus, Organization, Request, Run, RunMode, RunStatus, Source, now
from hub.plugin import Page, Record
from hub.services import arrivals
from hub.sync import pages, receiving
from hub.sync.work import begin
from hub.upgrade import upgrade
from tests.sync.pushed import Pushing, news, order, push, receive, registry, standing
from tests.sync.sources import (
    at_home,
    column,
    counts,
    districts,
    installed,
    organization,
    plugin,
    rows,
    run,
    sizes,
    stored,
    work_items,
)

TAKEN = ("TAKEN", None)
EARLY = ("PARKED", "request R1: number: a new request needs it.")
WITHOUT = {"kind": "organization", "key": "A", "fields": {"code": "A"}}
BEHIND = {"kind": "member", "key": "M", "fields": {"alliance": "AL", "party": "A"}}
ALLIANCE = {"kind": "alliance", "key": "AL", "fields": {"code": "AL", "name": "联盟"}}
PARTY = {"kind": "organization", "key": "A", "fields": {"code": "A", "name": "一"}}


async def requests(database: Database, *names: str) -> list[tuple[Any, ...]]:
    """Those columns of the requests, by their number."""
    found = await stored(database, Request, "number")
    return [tuple(getattr(row[name], "name", row[name]) for name in names) for _, row in sorted(found.items())]


async def modes(database: Database) -> list[tuple[str, str]]:
    found = await rows(database, select(Run.mode, Run.status).order_by(Run.id))
    return [(mode.name, status.name) for mode, status in found]


async def test_messages_are_taken_in_order_of_arrival(database: Database) -> None:
    await push(database, [order("R1", title="一", status="RECEIVED")], [news("R1", title="二")], [order("R2")])
    done = await receive(database)
    assert done is not None
    assert (done.mode, done.status, done.pages, done.records) == (RunMode.RECEIVE, RunStatus.DONE, 3, 3)
    assert counts(done) == {"created": 2, "updated": 1}
    assert await requests(database, "number", "title", "status") == [("R1", "二", "RECEIVED"), ("R2", "R2", "RECEIVED")]
    assert await standing(database) == [TAKEN] * 3
    assert await column(database, select(Arrival.run_id).distinct()) == [done.id]
    assert await column(database, select(Source.cursor)) == [None]


async def test_nothing_that_waits_is_no_run(database: Database) -> None:
    await push(database, [order("R1")])
    await receive(database)
    before = await sizes(database)
    assert await receiving.waiting(database) == []
    assert await receive(database) is None
    assert await sizes(database) == before


async def test_an_older_message_that_comes_late_changes_nothing(database: Database) -> None:
    early, late = "2026-01-01T08:00:00+08:00", "2026-01-01T09:00:00+08:00"
    await push(database, [order("R1", at=late, title="新")], [news("R1", at=early, title="旧")])
    done = await receive(database)
    assert done is not None
    assert counts(done) == {"created": 1, "unchanged": 1}
    assert await requests(database, "title") == [("新",)]
    assert await standing(database) == [TAKEN, TAKEN]


async def test_a_late_message_still_says_what_no_newer_one_has_said(database: Database) -> None:
    first, second, third = (f"2026-01-01T0{hour}:00:00+08:00" for hour in (7, 8, 9))
    await push(database, [order("R1", at=first)], [news("R1", at=third, title="新")])
    await push(database, [news("R1", at=second, title="旧", result="已修复")])
    await receive(database)
    assert await requests(database, "title", "result") == [("新", "已修复")]


async def test_what_comes_before_its_entity_is_parked_and_then_applied(database: Database) -> None:
    await push(database, [news("R1", result="一")], [news("R1", result="二")])
    done = await receive(database)
    assert done is not None
    assert (counts(done), done.records, await standing(database)) == ({}, 0, [EARLY, EARLY])
    assert await work_items(database) == []
    await push(database, [order("R1", title="题")])
    done = await receive(database)
    assert done is not None
    assert counts(done) == {"created": 1, "updated": 2}
    assert await requests(database, "title", "result") == [("题", "二")]
    assert await standing(database) == [TAKEN] * 3
    assert await column(database, select(Arrival.waits).distinct()) == [None]
    assert await work_items(database) == []


async def test_what_is_parked_is_looked_at_every_minute_without_a_run(database: Database) -> None:
    await push(database, [news("R1", result="一")])
    await receive(database)
    assert await receiving.waiting(database) == []
    for tries in (2, 3):
        await later(database)
        assert await receiving.waiting(database) == ["pushing"]
        assert await receive(database) is None
        assert await rows(database, select(Arrival.status, Arrival.tries)) == [(ArrivalStatus.PARKED, tries)]
    assert await modes(database) == [("RECEIVE", "DONE")]
    async with database.write(receiving.VIEWER) as session:  # somebody writes it in the hub: another source, a person
        found = await session.scalar(select(Source))
        session.add(made := Request(number="R1", title="题"))
        await session.flush()
        link = "INSERT INTO links (key, source_id, kind, entity_id, run_id) VALUES ('R1', :source, 'request', :id, :id)"
        await session.execute(text(link), {"source": found and found.id, "id": made.id})
    await later(database)
    assert await receive(database) is not None
    assert await requests(database, "title", "result") == [("题", "一")]
    assert await standing(database) == [TAKEN]


async def later(database: Database, **more: Any) -> None:
    """A minute later, or as much as is said."""
    async with database.write(receiving.VIEWER) as session:
        await session.execute(update(Arrival).values({"again_at": now(), **more}))


async def test_only_the_records_that_wait_are_planned_again(database: Database) -> None:
    await push(database, [order("R2", title="旧"), news("R1", result="一")], [order("R2", title="新")])
    done = await receive(database)
    assert done is not None
    assert (counts(done), await standing(database)) == ({"created": 1, "updated": 1}, [EARLY, TAKEN])
    await push(database, [order("R1")])
    await receive(database)
    assert await requests(database, "number", "title", "result") == [("R1", "R1", "一"), ("R2", "新", None)]
    assert await standing(database) == [TAKEN] * 3


async def test_a_reference_that_is_needed_is_waited_for(database: Database) -> None:
    await push(database, [BEHIND, ALLIANCE])
    await receive(database)
    assert await standing(database) == [
        ("PARKED", "member M: party: A is not known to the hub. Bring it in first, or in the same run.")
    ]
    await push(database, [PARTY])
    done = await receive(database)
    assert done is not None
    assert (counts(done), await standing(database)) == ({"created": 2}, [TAKEN, TAKEN])
    assert await work_items(database) == []


async def test_an_end_that_comes_first_ends_what_comes_later(database: Database) -> None:
    early, late = "2026-01-01T08:00:00+08:00", "2026-01-01T09:00:00+08:00"
    await push(database, [news("R1", at=late, deleted=True)], [order("R1", at=early)], [news("R2", deleted=True)])
    done = await receive(database)
    assert done is not None
    assert counts(done) == {"created": 1, "closed": 1, "unchanged": 1}
    assert await requests(database, "number", "status") == [("R1", "ARCHIVED")]
    assert await standing(database) == [TAKEN] * 3


async def test_what_is_parked_for_seven_days_is_given_up(database: Database, hub: Viewer) -> None:
    (id,) = await push(database, [news("R1", result="一")])
    await receive(database)
    await later(database, created_at=now() - receiving.PATIENCE)
    assert await receive(database) is None
    said = f"It waited for 7 days. {EARLY[1]} Once more: hub hooks retry {id}."
    assert await standing(database) == [("REFUSED", said)]
    assert await receiving.waiting(database) == []
    await push(database, [order("R1")])
    await receive(database)
    async with database.write(hub) as session:
        await arrivals.retry(session, hub, id)
    assert await receive(database) is not None
    assert (await requests(database, "result"), await standing(database)) == ([("一",)], [TAKEN, TAKEN])
    with pytest.raises(Conflict, match="is TAKEN: there is nothing to be read again"):
        async with database.write(hub) as session:
            await arrivals.retry(session, hub, id)


async def test_poison_stands_alone_among_good_messages(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "READING_SECONDS", 0.2)
    mixed = [order("R2"), order("R3", title="\u0000"), order("R4", status="FLYING"), {"bad": "no record"}]
    messages = [b"\xff{", "leave", "hang", 5, [{"kind": "cat", "key": "1"}], mixed]
    await push(database, [order("R1")], *messages, [order("R5")])
    done = await receive(database)
    assert done is not None
    assert (done.status, counts(done)) == (RunStatus.DONE, {"created": 3, "rejected": 4})
    first, *broken, cat, among, last = await standing(database)
    refused = " records were refused: hub sync rejected pushing."
    assert (first, cat, among, last) == (TAKEN, ("TAKEN", f"1 of 1{refused}"), ("TAKEN", f"3 of 4{refused}"), TAKEN)
    assert [(status, reason and reason.partition(":")[0]) for status, reason in broken] == [
        ("REFUSED", "The plugin pushing failed"),
        ("REFUSED", "The plugin pushing failed"),
        ("REFUSED", "The plugin pushing did not read it within 0.2 s."),
        ("REFUSED", "The plugin pushing failed"),
    ]
    assert await requests(database, "number") == [("R1",), ("R2",), ("R5",)]
    assert sorted(str(key) for key, _, _ in await work_items(database)) == ["1", "None", "R3", "R4"]


async def test_a_value_that_the_database_refuses_stops_one_message_only(database: Database) -> None:
    ids = await push(database, [order("R1")], [order("R2")], [order("R3")])
    async with database.write(receiving.VIEWER) as session:  # the database itself refuses what the second one says
        await session.execute(text("ALTER TABLE requests ADD CONSTRAINT no_r2 CHECK (number <> 'R2')"))
    done = await receive(database)
    assert done is not None
    assert (done.status, counts(done)) == (RunStatus.DONE, {"created": 2})
    assert await standing(database) == [TAKEN, ("REFUSED", "A value is not possible here: no_r2."), TAKEN]
    async with database.write(receiving.VIEWER) as session:
        await session.execute(text("ALTER TABLE requests DROP CONSTRAINT no_r2"))
        await arrivals.retry(session, receiving.VIEWER, ids[1])
    await receive(database)
    assert await standing(database) == [TAKEN] * 3


async def test_a_source_that_is_away_is_waited_for(database: Database) -> None:
    await push(database, [order("R1")], "down", [order("R2")])
    done = await receive(database)
    assert done is not None
    assert (done.status, done.error) == (RunStatus.FAILED, "The source is away.")
    assert await standing(database) == [TAKEN, ("WAITING", None), ("WAITING", None)]
    assert await requests(database, "number") == [("R1",)]


async def test_a_plugin_that_reads_nothing_says_so(database: Database) -> None:
    await push(database, [order("R1")])
    await receive(database, installed(plugin(None, "pushing")))
    said = "The plugin pushing reads nothing that is pushed: it has no receive()."
    assert await standing(database) == [("REFUSED", said)]


async def test_a_pull_takes_along_what_is_pushed_meanwhile(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MEANWHILE_SECONDS", 0.02)
    seen = []

    async def between() -> None:
        await push(database, [order(f"R{len(seen)}")], [news("R9", result="一")])
        with pytest.raises(Conflict, match="pushing is being run since"):
            await receive(database)
        for _ in range(500):  # the source lets the pull wait for its next page
            if not await column(database, select(Arrival.id).where(Arrival.status == ArrivalStatus.WAITING)):
                break
            await asyncio.sleep(0.01)
        seen.append(await requests(database, "number"))

    known = registry([organization("A")], [organization("B")], between=between)
    await push(database)
    done = await run(database, known, "pushing")
    assert (done.status, counts(done)) == (RunStatus.DONE, {"created": 4})
    assert seen == [[("R0",)], [("R0",), ("R1",)]]
    assert sorted(await stored(database, Organization)) == ["A", "B"]
    assert [status for status, _ in await standing(database)] == ["TAKEN", "PARKED"] * 2
    assert await column(database, select(Source.cursor)) == ["2"]
    assert await modes(database) == [("APPLY", "DONE")]


async def test_a_pull_brings_what_a_message_waits_for(database: Database) -> None:
    await push(database, [BEHIND, ALLIANCE])
    await receive(database)
    done = await run(database, registry([organization("A")]), "pushing")
    assert (counts(done), await standing(database)) == ({"created": 2}, [TAKEN])


async def test_a_message_that_cannot_be_read_just_now_does_not_stop_a_pull(database: Database) -> None:
    await push(database, "down", [order("R1")])
    done = await run(database, registry([organization("A")], [organization("B")]), "pushing")
    assert (done.status, counts(done)) == (RunStatus.DONE, {"created": 2})
    assert await standing(database) == [("WAITING", None)] * 2


async def test_a_run_that_was_taken_over_writes_nothing_more(database: Database) -> None:
    await push(database, [order("R1")], [order("R2")])
    source = (await rows(database, select(Source)))[0][0]
    taken = asyncio.Event()

    class Slow(Pushing):
        async def receive(self, body: bytes) -> Page:
            if b"R2" in body:
                await another_begins()
            return await super().receive(body)

    @at_home
    async def another_begins() -> None:
        async with database.write(receiving.VIEWER) as session:
            await session.execute(update(Run).values(alive_at=now() - 2 * receiving.AGAIN))
        await begin(database, source, "another worker", RunMode.APPLY, {})
        taken.set()

    done = await receive(database, installed(Slow))
    assert done is not None
    assert taken.is_set()
    assert await standing(database) == [TAKEN, ("WAITING", None)]
    assert await requests(database, "number") == [("R1",)]


async def test_two_workers_read_each_message_once(database: Database) -> None:
    await upgrade(database)
    await districts(database, "150602")
    await push(database, *([order(f"R{at}", grid="150602")] for at in range(40)))
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(worker.work(database, registry(), stop))
        for at in range(40, 60):
            await push(database, [order(f"R{at}", grid="150602")])
        for _ in range(1000):
            if not await column(database, select(Arrival.id).where(Arrival.status == ArrivalStatus.WAITING)):
                break
            await asyncio.sleep(0.02)
        stop.set()
    assert await standing(database) == [TAKEN] * 60
    assert await rows(database, select(Arrival.tries).distinct()) == [(1,)]
    created = select(text("count(*)")).select_from(text("changes WHERE entity = 'Request' AND kind = 'CREATED'"))
    assert await column(database, created) == [60]


@pytest.mark.parametrize("point", ["before the commit", "after the commit"])
async def test_a_killed_worker_leaves_each_message_done_or_untouched(database: Database, point: str) -> None:
    await push(database, *([order(f"R{at}"), news(f"N{at}", result="一")] for at in range(3)))
    url = database.url.render_as_string(hide_password=False)
    arguments = [sys.executable, "-m", "tests.sync.crashing_receiver", url, point]
    killed = await asyncio.to_thread(subprocess.run, arguments, capture_output=True, text=True)
    assert killed.returncode == 128 + signal.SIGKILL, killed.stderr
    done_before = 1 if point == "before the commit" else 2
    states = [status for status, _ in await standing(database)]
    assert states == ["PARKED"] * done_before + ["WAITING"] * (3 - done_before)
    assert len(await requests(database, "number")) == done_before
    done = await receive(database)
    assert done is not None
    assert counts(done) == {"created": 3 - done_before}
    assert [status for status, _ in await standing(database)] == ["PARKED"] * 3
    assert await requests(database, "number") == [("R0",), ("R1",), ("R2",)]
    assert await modes(database) == [("RECEIVE", "FAILED"), ("RECEIVE", "DONE")]


async def test_what_is_parked_for_the_same_things_is_found_by_an_index(database: Database) -> None:
    await push(database, *([news(f"R{number}", result="一")] for number in range(3)), [news("R1", result="二")])
    await receive(database)
    async with database.engine.begin() as connection:
        others = '\'[{"kind": "request", "key": "X\' || n || \'"}]\''
        columns = "source_id, body, sha256, signed_at, status, tries, created_at, updated_at, revision"
        more = f"SELECT gen_random_uuid(), n::text, ({others})::jsonb, {columns} FROM generate_series(1, 5000) n, a"
        only = "WITH a AS (SELECT * FROM arrivals LIMIT 1)"
        await connection.execute(
            text(f"{only} INSERT INTO arrivals (id, nonce, waits, {columns}) {more}".replace(":", "\\:"))
        )
        await connection.execute(text("ANALYZE arrivals"))
    async with database.read() as session:
        (source,) = await session.scalars(select(Source))
        wanted = receiving.speaking_of(source, [Record("request", "R1", {}), Record("grid", "R2", {})])
        found = list(await session.scalars(wanted))
        assert [[kept["fields"]["result"] for kept in one.waits or ()] for one in found] == [["一"], ["二"]]
        assert list(await session.scalars(receiving.speaking_of(source, []))) == []
        asked = wanted.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
        steps = "\n".join(await session.scalars(text("EXPLAIN " + str(asked).replace(":", "\\:"))))
    assert "ix_arrivals_waits" in steps
