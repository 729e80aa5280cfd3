"""The singer plugin: what it makes of what a tap says, however the tap behaves."""

import asyncio
import json
import stat
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError

from hub.plugin import BadRecord, Caller, Place, Record, SourceBroken, SourceDown, SourceRefused
from plugins.singer import Config
from tests.plugins.taps import ORDERS, gone, heard, items, keys, plugin, program, soon, written

ALL = [f"S{at}" for at in range(10)]
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def tap(tmp_path: Path) -> str:
    return program(tmp_path)


def row(**fields: Any) -> dict[str, Any]:
    return {"type": "RECORD", "stream": "orders", "record": fields}


def next_of(cursor: str | None) -> int | None:
    return None if cursor is None else json.loads(cursor)["bookmarks"]["orders"]["next"]


async def test_a_page_carries_the_last_state_that_stood_in_it(tap: str) -> None:
    found, error = await heard(tap, {"rows": 10, "every": 3}, page_size=4)
    assert error is None
    assert [[item.key for item in page.items] for page in found] == [ALL[:4], ALL[4:8], ALL[8:]]
    assert [next_of(page.cursor) for page in found] == [3, 6, 9]
    expected = Record("request", "S0", {"number": "S0", "title": "路灯0"}, where="orders, id S0", at=AT)
    assert found[0].items[0] == expected


async def test_resuming_from_any_page_gives_everything(tap: str) -> None:
    for every in (1, 3, 4, 7):
        found, _ = await heard(tap, {"rows": 10, "every": every}, page_size=4)
        cursor: str | None = None
        for at, page in enumerate(found, 1):
            cursor = page.cursor or cursor
            rest, _ = await heard(tap, {"rows": 10, "every": every}, cursor, page_size=4)
            assert set(keys(found[:at]) + keys(rest)) == set(ALL)


@pytest.mark.parametrize("end", [{"die": 1}, {"exit": 3}, {"half": 1, "exit": 3}])
async def test_a_tap_that_dies_midway_is_resumed_from_its_last_state(tap: str, end: dict[str, int]) -> None:
    found, error = await heard(tap, {"rows": 10, "every": 2, "at": {"7": end}}, page_size=3)
    assert isinstance(error, SourceDown if "die" in end else SourceBroken)
    assert [item.key for page in found for item in page.items] == ALL[:7]
    assert [next_of(page.cursor) for page in found] == [2, 4, 6]
    rest, error = await heard(tap, {"rows": 10, "every": 2}, found[-1].cursor)
    assert (keys(rest), error) == (ALL[6:], None)


async def test_a_tap_without_state_leaves_the_cursor_alone(tap: str) -> None:
    found, error = await heard(tap, {"rows": 10}, page_size=4)
    assert (keys(found), [page.cursor for page in found], error) == (ALL, [None] * 3, None)


async def test_a_state_before_all_records_speaks_of_none_of_them(tap: str) -> None:
    early = {"say": {"type": "STATE", "value": {"bookmarks": {}}}}
    found, _ = await heard(tap, {"rows": 3, "at": {"0": early}}, page_size=2)
    assert ([page.cursor for page in found], keys(found)) == (['{"bookmarks": {}}', None], ALL[:3])


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("no JSON at all hunter2", "no JSON at all ***"),
        ("[1, 2]", "[1, 2]"),
        ('{"type": "RECORD", "stream": "orders"}', '{"type": "RECORD", "stream": "orders"}'),
        ('{"stream": "orders"}', '{"stream": "orders"}'),
        ("[" * 100_000, "[" * 2000),
    ],
)
async def test_a_line_that_is_no_message_is_a_bad_record(tap: str, line: str, shown: str) -> None:
    first, bad, last = await items(tap, {"rows": 2, "at": {"1": {"say": line}}})
    assert bad == BadRecord("Line 3 of the tap is no message of Singer.", shown)
    assert (first.key, last.key) == ("S0", "S1")


async def test_a_line_that_is_too_long_is_a_bad_record(tap: str) -> None:
    first, bad, last = await items(tap, {"rows": 2, "at": {"1": {"huge": 1}}})
    assert bad == BadRecord("Line 3 of the tap is longer than 32 MB.", "")
    assert (first.key, last.key) == ("S0", "S1")


async def test_half_a_line_at_the_end_is_a_bad_record(tap: str) -> None:
    *good, bad = await items(tap, {"rows": 2, "end": {"half": 1}})
    assert isinstance(bad, BadRecord)
    assert ([item.key for item in good], bad.raw) == (["S0", "S1"], '{"type": "RECORD", "stream": "')


async def test_empty_lines_and_unknown_messages_are_left_out(tap: str) -> None:
    said = {"say": '\n{"type": "LOG"}\n{"type": "RECORD", "stream": "other", "record": {}}'}
    assert [item.key for item in await items(tap, {"rows": 2, "at": {"1": said}})] == ["S0", "S1"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"title": "x"}, "orders, line 2, property id: it is empty, and no record can be told without it."),
        ({"id": [1]}, "orders, line 2, property id: it is empty, and no record can be told without it."),
        ({"id": "A", "title": {"a": 1}}, "orders, id A, property title: it holds a dict, which is no value of title."),
        ({"id": "A", "title": "a\0b"}, "orders, id A, property title: it holds a NUL byte."),
        (
            {"id": "A", "updated_at": "gestern"},
            "orders, id A, property updated_at: 'gestern' is no time for updated_at (2026-03-01T09:30:00+08:00).",
        ),
    ],
)
async def test_a_record_that_does_not_fit_is_a_bad_record(tap: str, fields: dict[str, Any], reason: str) -> None:
    bad, good = await items(tap, {"rows": 1, "at": {"0": {"say": row(**fields)}}})
    assert isinstance(bad, BadRecord)
    assert (bad.reason, bad.kind, good.key) == (reason, "request", "S0")


async def test_a_record_says_what_the_mapping_says(tap: str) -> None:
    fields = {
        "n": "number",
        "geo.lng": "longitude",
        "s": "status",
        "day": "due_at",
        "area": "grid",
        "who": "caller_name",
    }
    stream = {**ORDERS, "key": ["n", "id"], "fields": {**fields, "gone": "place"}, "deleted": "x", "at": None}
    stream |= {"constants": {"channel": "WEB"}, "words": {"status": {"3": "CLOSED"}}, "under": "150602"}
    told = row(n=7.0, id="a", geo={"lng": 109.5}, s=3, day="2026-03-01 08:00", area="兴胜街道/滨河社区", who="王敏")
    deleted = row(n=8, id="b", x="2026-03-01T00:00:00Z")
    said = {"say": f"{json.dumps(told)}\n{json.dumps(deleted)}"}
    config = {"rows": 1, "at": {"0": {**said, "exit": 0}}}
    first, second = await items(tap, config, streams=[stream], discover=False)
    assert dict(first.fields if isinstance(first, Record) else {}) == {
        "channel": "WEB",
        "number": 7,
        "longitude": 109.5,
        "status": "CLOSED",
        "due_at": datetime.fromisoformat("2026-03-01T08:00:00+08:00"),
        "grid": Place("150602", ("兴胜街道", "滨河社区")),
        "caller": Caller("王敏", None, confidential=True),
    }
    assert (first.key, second) == ("7/a", Record("request", "8/b", {}, deleted=True, where="orders, n, id 8/b"))


async def test_the_caller_and_the_secrets_stay_out_of_bad_records(tap: str) -> None:
    stream = {**ORDERS, "fields": {"id": "number", "title": "title", "phone": "caller_phone"}}
    told = row(id="A", title="hunter2\0", phone="13800001234")
    bad, _ = await items(tap, {"rows": 1, "at": {"0": {"say": told}}}, streams=[stream])
    assert isinstance(bad, BadRecord)
    assert bad.raw == {"id": "A", "title": "***\0", "phone": "***"}


async def test_a_stream_that_is_replaced_is_complete_when_read_whole(tap: str) -> None:
    version = {"say": {"type": "ACTIVATE_VERSION", "stream": "orders", "version": 1}}
    config = {"rows": 3, "every": 1, "end": version}
    found, _ = await heard(tap, config, page_size=2)
    assert [page.complete for page in found] == [frozenset(), frozenset({"request"})]
    again, _ = await heard(tap, config, found[0].cursor)
    assert [page.complete for page in again] == [frozenset()]
    broken, _ = await heard(tap, {**config, "end": {**version, "exit": 1}})
    assert [page.complete for page in broken] == [frozenset()]


async def test_records_in_files_are_refused(tap: str) -> None:
    _, error = await heard(tap, {"rows": 1, "end": {"say": {"type": "BATCH", "stream": "orders"}}})
    assert isinstance(error, SourceBroken)
    assert "BATCH" in str(error)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("HTTP 401 Unauthorized", SourceRefused),
        ("ConnectionError: Connection refused", SourceDown),
        ("429 Too Many Requests", SourceDown),
        ("KeyError: 'id'", SourceBroken),
    ],
)
async def test_how_it_ends_is_told_in_its_own_words_without_secrets(tap: str, words: str, kind: type) -> None:
    config = {"rows": 2, "at": {"1": {"flood": 1, "cry": words, "exit": 3}}}
    found, error = await heard(tap, config)
    assert type(error) is kind
    assert "tap-example ended with code 3. It said: " in str(error)
    assert str(error).endswith(f"{words} password=***")
    assert (len(str(error)) < 5000, keys(found)) == (True, ["S0"])


async def test_a_tap_that_hangs_is_killed_with_its_children(tap: str, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    found, error = await heard(tap, {"rows": 2, "at": {"1": {"hang": str(pids)}}}, silence_seconds=2)
    assert isinstance(error, SourceDown)
    assert str(error).startswith("tap-example said nothing for 2 s and was stopped.")
    assert keys(found) == ["S0"]
    assert await gone(pids)


async def test_a_run_that_is_cancelled_kills_the_tap(tap: str, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    run = asyncio.create_task(heard(tap, {"rows": 2, "at": {"1": {"hang": str(pids)}}}))
    assert await soon(written(pids))
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert await gone(pids)


async def test_a_run_that_stops_reading_kills_the_tap(tap: str, tmp_path: Path) -> None:
    config = {"rows": 9, "at": {"5": {"hang": str(tmp_path / "pids")}}}
    async with httpx2.AsyncClient() as http, aclosing(plugin(http, tap, config, page_size=5).pull(None)) as coming:
        assert len((await anext(coming)).items) == 5
        assert await soon(written(tmp_path / "pids"))
    assert await gone(tmp_path / "pids")


async def test_its_settings_are_files_that_only_we_can_read(
    tap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql://somebody:secret@host/hub")
    note = tmp_path / "note"
    _, error = await heard(tap, {"rows": 1, "note": str(note)}, "{}")
    seen = json.loads(note.read_text())
    assert error is None
    assert [word for word in seen["argv"] if word.startswith("--")] == ["--config", "--catalog", "--state"]
    assert [stat.S_IMODE(mode) for mode in seen["modes"]] == [0o600] * 3
    assert "hunter2" not in json.dumps([seen["argv"], seen["environment"]])
    assert "HUB_DATABASE_URL" not in seen["environment"]
    assert not Path(seen["argv"][1]).exists()


async def test_only_what_is_read_is_asked_for(tap: str, tmp_path: Path) -> None:
    note = tmp_path / "note"
    await heard(tap, {"rows": 1, "note": str(note)})
    orders, other = json.loads(note.read_text())["catalog"]["streams"]
    marks = {tuple(one["breadcrumb"]): one["metadata"]["selected"] for one in orders["metadata"]}
    wanted = {("properties", name): name != "phone" for name in ("id", "title", "updated_at", "phone")}
    assert marks == {**wanted, (): True}
    assert (other["selected"], other["metadata"]) == (False, [{"breadcrumb": [], "metadata": {"selected": False}}])


async def test_a_stream_or_property_that_is_not_there_is_named(tap: str) -> None:
    _, error = await heard(tap, {"rows": 1}, streams=[{**ORDERS, "stream": "ordres"}])
    assert str(error) == "The tap has no stream ordres. It has: orders, other."
    _, error = await heard(tap, {"rows": 1}, streams=[{**ORDERS, "at": "changed"}])
    assert str(error) == "The stream orders has no property changed. It has: id, phone, title, updated_at."
    _, error = await heard("/bin/true", {})
    assert (type(error), "switch discover off" in str(error)) == (SourceBroken, True)


async def test_what_cannot_run_is_refused(tmp_path: Path) -> None:
    for tap in ("/no/such/tap", str(tmp_path)):
        found, error = await heard(tap, {})
        assert (found, type(error)) == ([], SourceRefused)
        assert tap in str(error)
    _, error = await heard("", {})
    assert isinstance(error, SourceRefused)


async def test_a_cursor_that_is_no_state_is_refused(tap: str) -> None:
    found, error = await heard(tap, {"rows": 1}, "{half")
    assert (found, type(error)) == ([], SourceBroken)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tap": "--index-url=http://evil"}, "neither a requirement"),
        ({"also": ["-r/etc/passwd"]}, "neither a requirement"),
        ({"config": "hunter2"}, "it is no JSON"),
        ({"config": "[]"}, "it must be an object"),
        ({"streams": [ORDERS, ORDERS]}, "orders stands there twice"),
        ({"streams": [{**ORDERS, "fields": {"id": "nr"}}]}, "fields: request has no field 'nr', only number"),
        ({"timezone": "Moon"}, "'Moon' is no known time zone"),
    ],
)
def test_settings_that_make_no_sense_are_named(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        Config.model_validate({"tap": "tap-example", **settings})
    assert "hunter2" not in caught.value.errors()[0]["msg"]


def test_the_form_shows_no_secret() -> None:
    config = Config.model_validate({"config": {"password": "hunter2"}})
    assert "hunter2" not in config.model_dump_json() + repr(config)
    assert Config.model_json_schema()["properties"]["config"]["writeOnly"] is True
