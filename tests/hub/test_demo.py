"""The made-up city: as many rows as promised, the same every time, and none that the hub itself would not hold."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from hub.cli.answers import Exit
from hub.db import Database
from hub.demo import filling, requests, size
from hub.demo.city import found
from hub.demo.filling import TABLES, Progress, fill
from hub.demo.lives import LIVES, MOST, WAYS
from hub.errors import Conflict
from hub.models import RequestStatus
from hub.services import tally_folding
from hub.services.workflow import ENDED, TABLE, RequestAction
from tests.conftest import copied
from tests.hub.commands import Command, hub
from tests.schema.city import founded

NOUNS = {
    "grids": "grids",
    "organizations": "parties WHERE type = 'ORGANIZATION'",
    "persons": "parties WHERE type = 'PERSON'",
    "alliances": "alliances",
    "members": "members",
    "resources": "resources",
    "requests": "requests",
    "events": "request_events",
}
PLACED = ("parties", "alliances", "resources", "requests")
WRITTEN = TABLES[:8]  # the tally has keys by chance


def unseen(_progress: Progress) -> None:
    """Nobody looks."""


async def counted(database: Database) -> dict[str, int]:
    async with database.read() as session:
        return {noun: await session.scalar(text(f"SELECT count(*) FROM {rows}")) or 0 for noun, rows in NOUNS.items()}


async def digest(database: Database) -> list[str]:
    """What every table holds, in one value each."""
    told = "SELECT md5(coalesce(string_agg(t::text, ';' ORDER BY t::text), '')) FROM {} t"
    async with database.read() as session:
        return [await session.scalar(text(told.format(table))) or "" for table in WRITTEN]


async def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    async with database.read() as session:
        return [tuple(row) for row in await session.execute(text(query))]


@pytest.fixture(scope="module")
async def demo(server_url: str, template: str) -> AsyncIterator[Database]:
    """A demo to look at."""
    async with copied(server_url, template) as database:
        await fill(database, 2003, 1, unseen)
        yield database


def test_a_million_requests_make_a_city() -> None:
    assert size.of(1_000_000)._asdict() == {
        "grids": 60_000,
        "organizations": 30_000,
        "persons": 100_000,
        "alliances": 2_000,
        "members": 30_000,
        "resources": 100_000,
        "requests": 1_000_000,
        "events": 3_000_000,
    }
    assert size.of(100_000) == tuple(number // 10 for number in size.of(1_000_000))


@pytest.mark.parametrize("status", WAYS)
def test_a_life_follows_the_workflow(status: str) -> None:
    for length in range(1, MOST + 1):
        life, before = LIVES[status][length], "DRAFT"
        assert len(life.events) == length
        assert (life.closed is not None) == (RequestStatus[status] in ENDED)
        for event in life.events:
            if event.action != "SYNC":
                step = TABLE[RequestAction[event.action]]
                assert RequestStatus[before] in step.frm
                assert event.status == (step.to.name if step.to else before)
            before = event.status
        assert before == status


@pytest.mark.parametrize("count", [1, 7, 800])
async def test_the_counts_are_exact(own_database: Database, count: int) -> None:
    filled = await fill(own_database, count, 5, unseen)
    assert await counted(own_database) == filled.size._asdict() == size.of(count)._asdict()
    assert filled.rows == sum(size.of(count))


async def test_the_same_seed_gives_the_same_rows(demo: Database, own_database: Database) -> None:
    await fill(own_database, 2003, 1, unseen)
    assert await digest(own_database) == await digest(demo)


async def test_another_seed_gives_other_rows(demo: Database, own_database: Database) -> None:
    await fill(own_database, 2003, 2, unseen)
    assert not {*await digest(own_database)} & {*await digest(demo)}


def test_the_latest_requests_of_many_are_open_and_have_three_events_each_as_all_have() -> None:
    city = found(1, size.of(300_000))
    asked, events = requests.sheets(city, 295_000, 5_000)
    closed = asked.columns.index("closed_at")
    assert (len(asked.rows), len(events.rows)) == (5_000, 15_000)
    assert sum(row[closed] is None for row in asked.rows) > 4_000


async def test_the_tree_is_whole(demo: Database) -> None:
    wrong = """SELECT g.code FROM grids g LEFT JOIN grids p ON p.id = g.parent_id
        WHERE g.path <> coalesce(p.path, '') || g.code || '/' OR g.code NOT LIKE '99%'
        OR (p.id IS NULL) <> (g.level = 'PROVINCE')"""
    levels = await rows(demo, "SELECT level FROM grids GROUP BY level")
    assert await rows(demo, wrong) == []
    assert {"PROVINCE", "CITY", "DISTRICT", "STREET", "COMMUNITY", "ESTATE", "BUILDING"} <= {row[0] for row in levels}


@pytest.mark.parametrize("table", PLACED)
async def test_what_stands_on_a_grid_has_its_path(demo: Database, table: str) -> None:
    wrong = (
        f"SELECT t.id FROM {table} t LEFT JOIN grids g ON g.id = t.grid_id WHERE g.path IS DISTINCT FROM t.grid_path"
    )
    assert await rows(demo, wrong) == []


async def test_a_request_is_closed_when_it_has_ended(demo: Database) -> None:
    ended = ", ".join(f"'{status.name}'" for status in ENDED)
    wrong = f"SELECT id FROM requests WHERE (closed_at IS NOT NULL) <> (status IN ({ended}))"
    (share,) = await rows(demo, "SELECT avg((closed_at IS NULL)::int), avg(public::int) FROM requests")
    statuses = {name for (name,) in await rows(demo, "SELECT DISTINCT status FROM requests")}
    assert await rows(demo, wrong) == []
    assert statuses == {status.name for status in RequestStatus}
    assert 0.25 < share[0] < 0.35
    assert 0.55 < share[1] < 0.65


async def test_the_level_is_that_of_the_grid(demo: Database) -> None:
    pairs = await rows(demo, "SELECT DISTINCT g.level, r.level FROM requests r JOIN grids g ON g.id = r.grid_id")
    assert set(pairs) <= {(level.name, loop.name) for level, loop in filling.real_requests.LEVELS.items()}
    assert len(await rows(demo, "SELECT DISTINCT category FROM requests")) >= 60


async def test_events_grow_and_end_where_the_request_stands(demo: Database) -> None:
    backwards = """SELECT id FROM (SELECT id, at, lag(at) OVER w AS before, lag(id) OVER w AS under FROM request_events
        WINDOW w AS (PARTITION BY request_id ORDER BY id)) e WHERE at <= before OR id <= under"""
    astray = """SELECT r.id FROM requests r JOIN LATERAL (SELECT * FROM request_events e WHERE e.request_id = r.id
        ORDER BY at DESC LIMIT 1) e ON true WHERE e.status <> r.status OR e.at <> r.updated_at"""
    late = "SELECT id FROM request_events WHERE at >= '2026-07-01 00:00+08' OR actor_id IS NULL"
    assert [await rows(demo, query) for query in (backwards, astray, late)] == [[], [], []]


async def test_keys_tell_the_time_of_their_row(demo: Database) -> None:
    wrong = """SELECT id FROM (SELECT id, submitted_at AS at FROM requests UNION ALL SELECT id, at FROM request_events
        UNION ALL SELECT id, created_at FROM parties) keys WHERE substr(id::text, 15, 1) <> '7'
        OR ('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint
        <> floor(extract(epoch FROM at) * 1000)"""
    assert await rows(demo, wrong) == []


async def test_merged_requests_name_another_one(demo: Database) -> None:
    wrong = """SELECT r.id FROM requests r LEFT JOIN requests m ON m.id = r.merged_into_id
        WHERE (r.status = 'MERGED') <> (m.id IS NOT NULL) OR m.status = 'MERGED' OR m.submitted_at > r.submitted_at"""
    assert await rows(demo, wrong) == []


async def test_some_owners_have_many_resources_and_leaders_are_members(demo: Database) -> None:
    most = await rows(demo, "SELECT count(*) FROM resources GROUP BY owner_id ORDER BY 1 DESC LIMIT 1")
    leaders = "SELECT a.id FROM alliances a JOIN members m ON m.alliance_id = a.id AND m.party_id = a.lead_id"
    parties = "SELECT type, avg(public::int)::float FROM parties GROUP BY type ORDER BY type"
    assert most[0][0] > 5
    assert len(await rows(demo, leaders)) == size.of(2003).alliances
    ((_, organizations), (_, persons)) = await rows(demo, parties)
    assert (organizations, persons < 0.2) == (1, True)


async def test_nothing_is_said_to_the_change_log_and_the_tally_agrees(demo: Database) -> None:
    assert await rows(demo, "SELECT count(*) FROM changes") == [(0,)]
    assert await rows(demo, "SELECT count(*) FROM tally_deltas") == [(0,)]
    async with demo.read() as session:
        assert await tally_folding.drift(session) == 0


async def test_a_second_one_is_refused_and_changes_nothing(own_database: Database) -> None:
    await fill(own_database, 5, 1, unseen)
    before = await digest(own_database)
    for count, seed in ((5, 1), (6, 1), (5, 2)):
        with pytest.raises(Conflict, match=r"holds a demo already: 5 requests, seed 1\. For another one set HUB_HOME"):
            await fill(own_database, count, seed, unseen, sure=True)
    assert await digest(own_database) == before


async def test_other_requests_are_not_buried_unasked(own_database: Database) -> None:
    await founded(own_database)
    before = await digest(own_database)
    with pytest.raises(Conflict, match=r"holds 4 requests already, .* or insist with --yes"):
        await fill(own_database, 5, 1, unseen)
    assert await digest(own_database) == before
    await fill(own_database, 5, 1, unseen, sure=True)
    assert (await counted(own_database))["requests"] == 9


async def test_what_broke_off_goes_on(demo: Database, own_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(at: Progress) -> None:
        if at.noun == "alliances":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await fill(own_database, 2003, 1, stop)
    half = await counted(own_database)
    assert (half["alliances"], half["requests"]) == (size.of(2003).alliances, 0)
    with pytest.raises(Conflict, match=r"broke off\. Finish that one: hub demo --requests 2003 --seed 1\."):
        await fill(own_database, 2003, 9, unseen)
    assert await counted(own_database) == half
    filled = await fill(own_database, 2003, 1, unseen)
    assert filled.rows == sum(filled.size) - sum(half.values())
    assert await digest(own_database) == await digest(demo)


async def test_two_at_once_are_refused(own_database: Database) -> None:
    first, second = await asyncio.gather(*(fill(own_database, 5, 1, unseen) for _ in range(2)), return_exceptions=True)
    (refused,) = (one for one in (first, second) if isinstance(one, BaseException))
    assert isinstance(refused, Conflict)
    assert (await counted(own_database))["requests"] == 5


def test_the_command_tells_its_counts(command: Command) -> None:
    told = command("demo", "--requests", 20, "--seed", 3, "--json")
    assert told.code == Exit.DONE
    assert told.json == told.json | size.of(20)._asdict() | {"seed": 3, "rows": sum(size.of(20))}
    assert set(told.json) == {*size.Size._fields, "seed", "rows", "seconds", "rows_per_second"}
    refused = command("demo", "--requests", 21)
    assert (refused.code, refused.out) == (Exit.REFUSED, "")
    assert refused.err.startswith("hub: This hub holds a demo already: 20 requests, seed 3. ")


def test_the_command_explains_itself() -> None:
    helped = hub("demo", "--help")
    assert "--requests" in helped.out
    assert "goes on where it broke off" in " ".join(helped.out.split())
