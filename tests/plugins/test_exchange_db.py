"""The exchange_db plugin: what it makes of a partner's tables."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from hub.models import uuid7
from hub.plugin import BadRecord, Caller, Place, Record, SourceBroken, SourceDown, SourceRefused
from plugins.exchange_db import Config
from tests.conftest import execute, named
from tests.plugins.exchange import GD, asked, items, keys, pages, sqlite

TABLE = "CREATE TABLE gd (bh TEXT, bt TEXT, gx TEXT)"
CHINA = ZoneInfo("Asia/Shanghai")


@pytest.fixture
async def partner(server_url: str) -> AsyncIterator[str]:
    """A second, empty PostgreSQL database."""
    name = f"partner_{uuid7().hex}"
    await execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE template0')
    yield named(server_url, name)
    await execute(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


def many(count: int, time: str = "2026-03-01 09:00:00") -> list[tuple[str, str, str]]:
    return [(f"A{at:03d}", f"路灯{at}", time) for at in range(count)]


@pytest.mark.parametrize("size", [1, 2, 7, 10, 11])
async def test_rows_that_share_a_watermark_are_not_lost_between_pages(tmp_path: Path, size: int) -> None:
    url = sqlite(tmp_path / "a.db", TABLE, rows=many(10))
    assert await keys(url, page_size=size) == [f"A{at:03d}" for at in range(10)]


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_rows_that_share_watermark_and_key_stay_together(tmp_path: Path, size: int) -> None:
    rows = [(key, title, "2026-03-01 09:00:00") for key in "AB" for title in "甲乙丙丁"]
    found = await pages(sqlite(tmp_path / "a.db", TABLE, rows=rows), page_size=size)
    assert [[item.key for item in page.items] for page in found] == [["A"] * 4, ["B"] * 4]


async def test_a_run_goes_on_from_any_page_and_loses_nothing(tmp_path: Path) -> None:
    url = sqlite(tmp_path / "a.db", TABLE, rows=many(9) + many(9, "2026-03-01 10:00:00"))
    found = await pages(url, page_size=4)
    whole = [item.key for page in found for item in page.items]
    assert len(found) == 5
    for at, page in enumerate(found[:-1], 1):
        rest = await keys(url, page.cursor, page_size=4)
        assert [item.key for one in found[:at] for item in one.items] + rest == whole


async def test_the_next_run_reads_what_is_new_and_the_overlap(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    rows = [("old", "", "2026-03-01 08:00:00"), ("new", "", "2026-03-01 09:00:00")]
    url = sqlite(path, TABLE, rows=rows)
    cursor = (await pages(url))[-1].cursor
    late = [("late", "", "2026-03-01 08:55:00"), ("too late", "", "2026-03-01 08:49:59")]
    sqlite(path, rows=[*late, ("next", "", "2026-03-01 09:00:01")])
    assert await keys(url, cursor) == ["late", "new", "next"]
    assert await keys(url, cursor, overlap_minutes=0) == ["new", "next"]


async def test_what_comes_while_a_run_is_under_way_is_read_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    url = sqlite(path, TABLE, rows=many(4))
    first = (await pages(url, page_size=2))[0]
    sqlite(path, rows=[("late", "", "2026-03-01 08:59:00"), ("next", "", "2026-03-01 12:00:00")])
    rest = await pages(url, first.cursor, page_size=2)
    assert [item.key for page in rest for item in page.items] == ["A002", "A003"]
    assert json.loads(rest[-1].cursor or "") == {"tables": {"gd": {"mark": "text:2026-03-01 09:00:00"}}}
    assert "late" in await keys(url, rest[-1].cursor)


@pytest.mark.parametrize("ahead", ["2999-01-01 00:00:00", "29990101000000", "2999-01-01T00:00:00+08:00"])
async def test_a_row_from_the_future_does_not_hide_what_follows(tmp_path: Path, ahead: str) -> None:
    url = sqlite(tmp_path / "a.db", TABLE, rows=[("odd", "", ahead)])
    (page,) = await pages(url)
    mark = json.loads(page.cursor or "")["tables"]["gd"]["mark"].removeprefix("text:")
    assert mark[:4] == f"{datetime.now(CHINA):%Y}"
    assert len(mark) == min(len(ahead), 19)


async def test_a_growing_number_is_a_watermark(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    url = sqlite(path, "CREATE TABLE gd (bh TEXT, bt TEXT, gx INTEGER)", rows=[("A", "甲", 5), ("B", "乙", 9)])
    cursor = (await pages(url))[-1].cursor
    sqlite(path, rows=[("C", "丙", 7), ("D", "丁", 10)])
    assert await keys(url, cursor, overlap_numbers=1) == ["B", "D"]
    assert await keys(url, cursor, overlap_numbers=2) == ["C", "B", "D"]
    assert [item.at for item in await items(url) if isinstance(item, Record)] == [None] * 4


async def test_rows_without_a_place_are_told(tmp_path: Path) -> None:
    rows = [("A", "甲", None), (None, "乙", "2026-03-01 09:00:00"), ("C", "丙", "2026-03-01 09:00:00")]
    first, second, good = await items(sqlite(tmp_path / "a.db", TABLE, rows=rows))
    reason = "gd: its watermark or its key is empty, so nobody can tell when it changed. Fill them."
    assert first == BadRecord(reason, {"bh": "A", "gx": None, "bt": "甲"}, "request")
    assert (second.reason if isinstance(second, BadRecord) else "", good.key) == (reason, "C")


async def test_a_row_says_what_the_mapping_says(tmp_path: Path) -> None:
    columns = {"bh": "number", "zt": "status", "sqdm": "grid", "sj": "submitted_at", "r": "caller_name"}
    mapping = {**GD, "columns": {**columns, "t": "caller_phone", "jd": "longitude"}, "deleted": "sc", "under": "150602"}
    mapping |= {"constants": {"channel": "HOTLINE_12345"}, "words": {"status": {"3": "CLOSED"}}}
    table = "CREATE TABLE gd (bh, gx, zt, sqdm, sj, r, t, jd, sc)"
    row = (7.0, "20260301093000", 3, "兴胜街道/滨河社区", "2026/03/01 08:00:00", "王敏", 13800001234, 109.5, 0)
    gone = (8, "2026-03-01T09:31:00Z", *[None] * 6, "是")
    deleted, told = await items(sqlite(tmp_path / "a.db", table, rows=[row, gone]), tables=[mapping])
    fields = {
        "channel": "HOTLINE_12345",
        "number": 7,
        "status": "CLOSED",
        "grid": Place("150602", ("兴胜街道", "滨河社区")),
        "submitted_at": datetime(2026, 3, 1, 8, tzinfo=CHINA),
        "longitude": 109.5,
        "caller": Caller("王敏", "13800001234", confidential=True),
    }
    assert told == Record("request", "7", fields, where="gd, bh 7", at=datetime(2026, 3, 1, 9, 30, tzinfo=CHINA))
    at = datetime(2026, 3, 1, 9, 31, tzinfo=UTC)
    assert deleted == Record("request", "8", {}, deleted=True, where="gd, bh 8", at=at)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"\x00\x01", "it holds a bytes, which is no value of title"),
        ("路灯\0不亮", "it holds a NUL byte"),
    ],
)
async def test_an_odd_value_is_a_bad_record_without_the_caller(tmp_path: Path, value: object, reason: str) -> None:
    mapping = {**GD, "columns": {"bh": "number", "bt": "title", "lxr": "caller_name"}}
    table = "CREATE TABLE gd (bh TEXT, bt TEXT, gx TEXT, lxr TEXT)"
    rows = [("A", value, "2026-03-01 09:00:00", "王敏"), ("B", "好", "2026-03-01 09:00:00", None)]
    bad, good = await items(sqlite(tmp_path / "a.db", table, rows=rows), tables=[mapping])
    assert isinstance(bad, BadRecord)
    assert bad.reason == f"gd, bh A, column bt: {reason}. Correct it there and run again."
    assert (bad.raw["lxr"] if isinstance(bad.raw, dict) else "", bad.key, good.key) == ("***", "A", "B")


async def test_postgresql_gives_every_type(partner: str) -> None:
    await execute(partner, "CREATE SCHEMA 前置")
    await execute(
        partner,
        'CREATE TABLE 前置."gd; --" (bh bigint, "标 题""" text, gx timestamptz, rq date, jd numeric, u uuid, sc date)',
    )
    await execute(
        partner,
        """INSERT INTO 前置."gd; --" SELECT 3000000000 + n, '路灯' || n, '2026-03-01 09:00+08', '2026-02-03',
        109.25, '01950000-0000-7000-8000-000000000001', CASE n WHEN 3 THEN now() END FROM generate_series(1, 3) n""",
    )
    columns = {"u": "number", '标 题"': "title", "jd": "longitude", "rq": "submitted_at"}
    mapping = {**GD, "table": "gd; --", "schema": "前置", "columns": columns, "deleted": "sc"}
    first, _, third = await items(partner, tables=[mapping], page_size=1)
    assert isinstance(first, Record)
    assert dict(first.fields) == {
        "number": "01950000-0000-7000-8000-000000000001",
        "title": "路灯1",
        "longitude": 109.25,
        "submitted_at": datetime(2026, 2, 3, tzinfo=CHINA),
    }
    assert (first.key, first.at) == ("3000000001", datetime(2026, 3, 1, 1, tzinfo=UTC))
    assert isinstance(third, Record)
    assert third.deleted


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("timestamp", ["2026-03-01 09:00", "2026-03-01 09:01"]),
        ("date", ["2026-03-01", "2026-03-02"]),
        ("numeric", ["1.5", "2"]),
        ("double precision", ["1.5", "2"]),
        ("bigint", ["3000000000", "3000000001"]),
        ("uuid", ["01950000-0000-7000-8000-000000000001", "01950000-0000-7000-8000-000000000002"]),
        ("varchar(30)", ["2026-03-01 09:00:00", "2026-03-01 09:01:00"]),
    ],
)
async def test_each_type_can_be_watermark_and_key(partner: str, kind: str, values: list[str]) -> None:
    await execute(partner, f"CREATE TABLE gd (bh {kind}, bt text, gx {kind})")
    for value in values:
        await execute(partner, f"INSERT INTO gd VALUES ('{value}', 'x', '{value}'), (NULL, 'x', '{value}')")
    found = await pages(partner, page_size=1)
    read = [item.key for page in found for item in page.items if isinstance(item, Record)]
    assert len(read) == len(set(read)) == 2
    again = await keys(partner, found[-1].cursor, overlap_minutes=0, overlap_numbers=0)
    assert read[-1] in again


async def test_reading_cannot_write(partner: str, tmp_path: Path) -> None:
    """A view that writes when it is read: the database itself refuses."""
    await execute(partner, "CREATE TABLE seen (n int)")
    await execute(
        partner,
        "CREATE FUNCTION noted() RETURNS text LANGUAGE sql AS 'INSERT INTO seen VALUES (1) RETURNING n::text'",
    )
    await execute(partner, "CREATE VIEW gd AS SELECT 'A' AS bh, noted() AS bt, now() AS gx")
    with pytest.raises(SourceRefused, match="read-only transaction"):
        await items(partner)


async def test_a_table_or_column_that_is_not_there_is_named_with_those_that_are(tmp_path: Path, partner: str) -> None:
    url = sqlite(tmp_path / "a.db", TABLE, "CREATE VIEW v AS SELECT 1")
    with pytest.raises(SourceBroken, match=r"no table gdd, .* There are: gd, v\. "):
        await items(url, tables=[{**GD, "table": "gdd"}])
    with pytest.raises(SourceBroken, match=r"The table gd has no column gxsj\. It has: bh, bt, gx\. "):
        await items(url, tables=[{**GD, "watermark": "gxsj"}])
    with pytest.raises(SourceBroken, match=r"has no column bh' OR 1=1; --\."):
        await items(url, tables=[{**GD, "key": "bh' OR 1=1; --"}])
    with pytest.raises(SourceBroken, match=r"no table gd, .* There are: none\. "):
        await items(partner)


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        ("nosuch://host/db", SourceRefused, "pip install nosuch"),
        ("mysql://u:secret@host/db", SourceRefused, "pip install mysqlclient"),
        ("postgresql+psycopg2://u:secret@host/db", SourceRefused, r"pip install psycopg2-binary"),
        ("sqlite:////no/such.db", SourceRefused, "There is no file /no/such.db"),
        ("postgresql://u:secret@127.0.0.1:1/db", SourceDown, r"postgresql 127\.0\.0\.1:1/db does not answer"),
    ],
)
async def test_a_database_that_cannot_be_reached(url: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        await items(url)
    assert "secret" not in str(caught.value)


async def test_a_database_that_refuses_or_hangs(server_url: str, partner: str, tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="does not exist"):
        await items(named(server_url, "nowhere"))
    (tmp_path / "no.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(SourceBroken, match="not a database"):
        await items(f"sqlite:///{tmp_path / 'no.db'}")
    await execute(partner, "CREATE VIEW gd AS SELECT 'A' AS bh, pg_sleep(20)::text AS bt, now() AS gx")
    before = datetime.now(UTC)
    with pytest.raises(SourceDown, match=r"did not answer within 0\.5 s"):
        await items(partner, patience_seconds=0.5)
    assert datetime.now(UTC) - before < timedelta(seconds=10)


async def test_a_cursor_of_somebody_elses_is_refused(tmp_path: Path) -> None:
    url = sqlite(tmp_path / "a.db", TABLE, rows=many(1))
    for cursor in ("7", '{"tables": {"gd": {"mark": "x"}}}', '{"tables": {"gd": {"mark": "time:never"}}}'):
        with pytest.raises(SourceBroken, match="Reset it"):
            await items(url, cursor)
    with pytest.raises(SourceRefused, match="No table is named"):
        await items(url, tables=[])


async def test_a_key_that_looks_like_a_stored_one_is_text(tmp_path: Path) -> None:
    rows = [(key, "", "2026-03-01 09:00:00") for key in ("int:1", "int:2", "time:x")]
    assert await keys(sqlite(tmp_path / "a.db", TABLE, rows=rows), page_size=1) == ["int:1", "int:2", "time:x"]


async def test_a_watermark_of_bytes_is_refused(tmp_path: Path) -> None:
    url = sqlite(tmp_path / "a.db", TABLE, rows=[("A", "", b"\x01")])
    with pytest.raises(SourceBroken, match="The column gx of gd holds a bytes"):
        await items(url)
    assert asked(tmp_path / "a.db", "SELECT count(*) FROM gd") == [(1,)]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "no url"}, "it is no SQLAlchemy URL"),
        ({"timezone": "Moon"}, "'Moon' is no known time zone"),
        ({"tables": [GD, GD]}, "gd stands there twice"),
        ({"tables": [{**GD, "columns": {"bh": "nummer"}}]}, "columns: request has no field 'nummer', only number"),
        ({"tables": [{**GD, "words": {"caller": {}}}]}, "words: request has no field 'caller'"),
        ({"results": {"table": "jg", "columns": {"key": "bh"}}}, "name a column for the token"),
    ],
)
def test_settings_that_make_no_sense_are_named(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Config.model_validate({"url": "sqlite:///a.db", **settings})


def test_the_form_shows_no_secret() -> None:
    config = Config.model_validate({"url": "postgresql://u:secret@h/d"})
    assert "secret" not in config.model_dump_json()
    assert Config.model_json_schema()["properties"]["url"]["writeOnly"] is True
