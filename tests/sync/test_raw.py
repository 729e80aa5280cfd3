"""Raw records: what the hub knows already is never read; what is new means what it would have meant."""

import os
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel
from sqlalchemy import select, update

from hub.auth import system
from hub.db import Database
from hub.models import (
    Drift,
    DriftRule,
    Link,
    Organization,
    Party,
    PlanRow,
    Rejected,
    RejectedStatus,
    RunMode,
    RunStatus,
)
from hub.plugin import BadRecord, Page, Plugin, Record, SourceBroken
from hub.sync import raw
from hub.sync.drift import Policies
from hub.sync.pages import received
from hub.sync.stored_plan import apply_plan
from hub.sync.undo import undo
from tests.sync.sources import column, counts, installed, organization, rows, run, sizes, stored, told

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
Row = dict[str, Any]


class Settings(BaseModel):
    """How its words are read."""

    prefix: str = ""
    pages: int = 1


def meant(source: Any, record: Record) -> Record | BadRecord:
    """A row: its code, name, hour, whom it lies below. Without a name it is bad; with `gone` it is gone."""
    said = record.fields
    if "gone" in said or record.deleted:
        return Record("organization", record.key, {}, deleted=True)
    if not said.get("name"):
        return BadRecord("column name: it is empty.", {"code": said["code"]}, "organization", record.key)
    fields = {"code": said["code"], "name": source.config.prefix + said["name"]}
    fields |= {"parent": said["parent"]} if "parent" in said else {}
    at = NOON + timedelta(hours=said["hour"]) if "hour" in said else None
    return Record("organization", record.key, fields, where=record.where, at=at, extra=said.get("extra", {}))


class Wordy:
    """A source whose rows may be changed, and what of it was read. Each page holds `size` rows."""

    def __init__(
        self, *words: Row, size: int = 100, read: Callable[[Any, Record], Any] | None = meant, **parts: Any
    ) -> None:
        self.words, self.size, self.read, self.deleted = list(words), size, list[str](), set[str]()

        async def pull(plugin: Any, cursor: str | None) -> AsyncIterator[Page]:
            for first in range(0, max(len(self.words), 1), self.size):
                page = self.words[first : first + self.size]
                complete = plugin.whole if first + self.size >= len(self.words) else frozenset()
                items = [
                    Record("organization", row["code"], row, row["code"] in self.deleted, row["code"], raw=True)
                    for row in page
                ]
                yield Page(items, complete=complete)

        def noted(plugin: Any, record: Record) -> Any:
            assert read is not None
            self.read.append(record.key)
            return read(plugin, record)

        verbs = {"pull": pull} | ({"read": noted} if read else {})
        body = {"name": "told", "title": "told", "Config": Settings, "presets": {"told": {}}, **verbs, **parts}
        self.plugin: type[Plugin[Settings]] = type("Told", (Plugin,), body)

    async def run(self, database: Database, **more: Any) -> Any:
        """A run, and what was read for it."""
        self.read.clear()
        done = await run(database, installed(self.plugin), **more)
        return done, sorted(self.read)


def word(code: str, name: str = "一", **more: Any) -> Row:
    return {"code": code, "name": name, **more}


def some(number: int) -> list[Row]:
    return [word(f"O{at}") for at in range(number)]


async def names(database: Database) -> dict[str, str]:
    return {code: row["name"] for code, row in (await stored(database, Organization)).items()}


async def test_only_what_is_new_is_read(database: Database) -> None:
    source = Wordy(*some(6), size=3)
    done, read = await source.run(database)
    assert (counts(done), len(read)) == ({"created": 6}, 6)
    source.words[4] = word("O4", "二")
    source.words.append(word("O6"))
    done, read = await source.run(database)
    assert counts(done) == {"created": 1, "updated": 1, "unchanged": 5}
    assert (await names(database))["O4"] == "二"
    assert read == ["O4", "O6"]
    done, read = await source.run(database)
    assert (counts(done), read) == ({"unchanged": 7}, [])


async def test_it_comes_out_as_if_all_were_read(database: Database) -> None:
    """Whether a page was mostly new or hardly: the rows are those that plain records would make."""
    source = Wordy(*some(40), size=10)
    await source.run(database)
    for at in (*range(15), 31):
        source.words[at] = word(f"O{at}", f"新{at}")
    done, _ = await source.run(database)
    assert counts(done) == {"updated": 16, "unchanged": 24}
    assert await names(database) == {row["code"]: row["name"] for row in source.words}


@pytest.mark.parametrize("which", ["settings", "full"])
async def test_all_is_read_anew_where_it_may_mean_something_else(database: Database, which: str) -> None:
    source = Wordy(*some(4), size=2)
    await source.run(database)
    more = {"overrides": {"prefix": "新"}} if which == "settings" else {"full": True}
    done, read = await source.run(database, **more)
    assert len(read) == 4
    assert (await source.run(database, **({} if which == "full" else more)))[1] == []
    assert counts(done) == ({"updated": 4} if which == "settings" else {"unchanged": 4})
    assert set((await names(database)).values()) == {"新一" if which == "settings" else "一"}


async def test_settings_that_mean_nothing_to_it_change_nothing(database: Database) -> None:
    source = Wordy(*some(4), size=2, meaning=lambda self: self.config.prefix)
    await source.run(database)
    done, read = await source.run(database, overrides={"pages": 2})
    assert (counts(done), read) == ({"unchanged": 4}, [])


def test_its_files_are_part_of_what_it_means(tmp_path: Path) -> None:
    def digest(**files: str) -> bytes:
        raw._code.cache_clear()
        for name, text in files.items():
            (tmp_path / name.replace("_py", ".py").replace("_toml", ".toml")).write_text(text)
        return raw._code(tmp_path / "one.py")

    first = digest(one_py="1", other_py="1")
    assert digest(other_py="2") == first != digest(one_py="2")  # a lone file, and others beside it
    for folder in (tmp_path, tmp_path / "below"):
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    package = digest(one_py="1")
    assert package != digest(words_toml="a") != digest(words_toml="b")
    whole = digest(words_toml="b")
    assert digest() == whole
    raw._code.cache_clear()
    assert raw._code(tmp_path / "below" / "__init__.py") == whole
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").touch()
    assert digest() == whole
    os.close(os.open(os.fsencode(tmp_path) + b"/\xd0\xc2.txt", os.O_CREAT))
    assert digest() != whole


@pytest.mark.parametrize("later", [False, True])
async def test_what_turns_out_bad_is_a_work_item_and_the_others_go_on(database: Database, later: bool) -> None:
    source = Wordy(*some(8), size=4)
    if later:  # then its page is hardly new, and it is read in the transaction of the page
        await source.run(database)
    source.words[5:7] = [word("O5", "", secret="13800138000"), word("O6", "二")]
    done, _ = await source.run(database)
    assert done.status is RunStatus.DONE
    assert counts(done) == ({"updated": 1, "rejected": 1, "unchanged": 6} if later else {"created": 7, "rejected": 1})
    assert (await names(database))["O6"] == "二"
    ((key, reason, shown),) = await rows(database, select(Rejected.key, Rejected.reason, Rejected.raw))
    assert (key, reason, shown) == ("O5", "column name: it is empty.", {"code": "O5"})
    source.words[5] = word("O5", "三")
    await source.run(database)
    assert await column(database, select(Rejected.status)) == [RejectedStatus.REPLAYED]


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (lambda self, record: None, "was asked for organization O0 and gave a NoneType"),
        (lambda self, record: record, "gave a raw record"),
        (lambda self, record: organization("O9"), "gave organization O9"),
        (lambda self, record: Record("grid", record.key, {}), "gave grid O0"),
        (lambda self, record: replace(organization(record.key), at="noon"), "gave organization O0, at 'noon'"),
        (lambda self, record: 1 / 0, "failed: ZeroDivisionError"),
        (None, "gives raw records, and has no read()"),
    ],
)
async def test_a_read_that_does_not_keep_its_word_stops_the_run(
    database: Database, read: Callable[[Any, Record], Any] | None, words: str
) -> None:
    done, _ = await Wordy(*some(2), read=read).run(database)
    assert done.status is RunStatus.FAILED
    assert re.search(re.escape(words), done.error or ""), done.error
    assert await names(database) == {}


async def test_a_time_without_a_zone_is_refused_as_ever(database: Database) -> None:
    done, _ = await Wordy(*some(2), read=lambda self, record: replace(organization(record.key), at=datetime.now())).run(
        database, allow_refused="all of it"
    )
    assert counts(done) == {"rejected": 2}


async def test_one_that_fails_later_leaves_the_page_as_it_was(database: Database) -> None:
    def failing(source: Any, record: Record) -> Any:
        return meant(source, record) if record.fields["name"] == "一" else 1 / 0

    source = Wordy(*some(4), size=2, read=failing)
    await source.run(database)
    source.words[3] = word("O3", "二")
    done, _ = await source.run(database)
    assert "ZeroDivisionError" in (done.error or "")
    assert (counts(done), set((await names(database)).values())) == ({"unchanged": 2}, {"一"})


async def test_one_that_never_ends_is_let_go(database: Database) -> None:
    def stuck(source: Any, record: Record) -> Any:
        return meant(source, record) if record.fields["name"] == "一" else time.sleep(2)

    source = Wordy(*some(4), size=2, read=stuck, patience=0.2)
    await source.run(database)
    source.words[3] = word("O3", "二")
    done, _ = await source.run(database)
    assert "The plugin told was stopped: nothing came for 0.2 seconds" in (done.error or "")
    assert (counts(done), set((await names(database)).values())) == ({"unchanged": 2}, {"一"})


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_of_several_in_a_page_the_newest_counts(database: Database, order: Sequence[int]) -> None:
    source = Wordy(*some(3), *(word("O9", f"{hour}", hour=hour) for hour in order))
    done, _ = await source.run(database)
    assert (counts(done), (await names(database))["O9"]) == ({"created": 4, "unchanged": 1}, "2")
    source.words.insert(0, word("O8"))
    done, _ = await source.run(database)
    assert counts(done) == {"created": 1, "unchanged": 5}
    assert (await names(database))["O9"] == "2"


async def test_what_names_something_unknown_is_read_again_when_that_is_there(database: Database) -> None:
    source = Wordy(word("A"), *some(3), word("B", parent="P"), size=4)
    await source.run(database)
    _, read = await source.run(database)
    assert "B" not in read
    await run(database, told([organization("P")], name="other"), "other")
    done, read = await source.run(database)
    assert (counts(done), "B" in read) == ({"updated": 1, "unchanged": 4}, True)
    ids = dict(await rows(database, select(Party.code, Party.id)))
    assert (await stored(database, Organization))["B"]["parent_id"] == ids["P"]


async def test_what_is_gone_and_comes_again(database: Database) -> None:
    source = Wordy(*some(3), size=2)
    await source.run(database)
    source.words[2] = {"code": "O2", "gone": True}
    assert counts((await source.run(database))[0]) == {"closed": 1, "unchanged": 2}
    assert counts((await source.run(database))[0]) == {"unchanged": 3}
    source.words[2] = word("O2")
    assert counts((await source.run(database))[0]) == {"updated": 1, "unchanged": 2}
    assert (await stored(database, Organization))["O2"]["closed_on"] is None


async def test_what_was_not_read_was_there_all_the_same(database: Database) -> None:
    source = Wordy(*some(30), size=10, whole=frozenset({"organization"}))
    await source.run(database)
    del source.words[29]
    done = [counts((await source.run(database))[0]) for _ in range(2)]
    assert done == [{"unchanged": 29}, {"closed": 1, "unchanged": 29}]


async def test_a_plan_of_raw_records_is_applied_as_it_was_read(database: Database) -> None:
    source = Wordy(*some(3), size=2)
    planned, _ = await source.run(database, mode=RunMode.PLAN)
    assert len(await column(database, select(PlanRow.id))) == 3
    done = await apply_plan(database, planned.id, started_by="test")
    assert counts(done) == {"created": 3}
    _, read = await source.run(database)
    assert read == []


async def test_after_an_undo_the_source_is_read_again(database: Database) -> None:
    source = Wordy(*some(4), size=2)
    await source.run(database)
    source.words[3] = word("O3", "二")
    done, _ = await source.run(database)
    await undo(database, done.id, started_by="test")
    assert (await names(database))["O3"] == "一"
    done, _ = await source.run(database)
    assert (counts(done), (await names(database))["O3"]) == ({"updated": 1, "unchanged": 3}, "二")


@pytest.mark.parametrize("key", ["", "x" * 201, "25\x0009", "25\ud8001"])
async def test_a_key_that_is_none_is_refused_alone(database: Database, key: str) -> None:
    source = Wordy(*some(3), word(key, phone="13800138000"))
    for expected in ({"created": 3, "rejected": 1}, {"unchanged": 3, "rejected": 1}):
        done, _ = await source.run(database)
        assert (done.status, counts(done)) == (RunStatus.DONE, expected)
    ((reason, shown, record),) = await rows(database, select(Rejected.reason, Rejected.raw, Rejected.record))
    assert reason.startswith("key: ")
    assert "13800138000" not in f"{shown} {record}"


async def test_an_older_word_stays_older_when_what_the_newer_one_named_is_there(database: Database) -> None:
    source = Wordy(*some(3), word("B", "新", parent="P", hour=2))
    await source.run(database)
    await run(database, told([organization("P")], name="other"), "other")
    source.words[3] = word("B", "旧", hour=1)
    done, _ = await source.run(database)
    assert (counts(done), (await names(database))["B"]) == ({"unchanged": 4}, "新")


async def test_a_link_that_an_older_hub_has_written_is_read_over(database: Database) -> None:
    source = Wordy(*some(3), word("B", parent="P"))
    await source.run(database)
    async with database.write(system("test")) as session:
        await session.execute(update(Link).where(Link.key == "B").values(unknown="parent="))
    done, _ = await source.run(database)
    assert (done.status, counts(done)) == (RunStatus.DONE, {"unchanged": 4})


async def test_what_a_raw_record_says_beside_its_fields_counts_too(database: Database) -> None:
    source = Wordy(*some(4), size=2)
    await source.run(database)
    source.deleted = {"O0", "O3"}
    done, _ = await source.run(database)
    assert counts(done) == {"closed": 2, "unchanged": 2}


async def test_a_rule_for_changed_structures_concerns_what_is_known_too(database: Database) -> None:
    source = Wordy(*some(2), word("B", extra={"colour": "红"}))
    await source.run(database)
    async with database.write(system("test")) as session:
        session.add(DriftRule(kind="organization", field="colour", policy=Drift.QUARANTINE))
    done, _ = await source.run(database)
    assert counts(done) == {"unchanged": 2, "rejected": 1}


async def test_what_turns_bad_is_there_all_the_same(database: Database) -> None:
    """A BadRecord of read() need not say of what it is: the hub knows what it asked for."""

    def picky(source: Any, record: Record) -> Any:
        return organization(record.key) if record.fields["name"] else BadRecord("no name", {})

    source = Wordy(*some(6), read=picky, whole=frozenset({"organization"}))
    await source.run(database)
    source.words[5]["name"] = ""
    for _ in range(3):
        done, _ = await source.run(database)
        assert counts(done) == {"unchanged": 5, "rejected": 1}
    assert await column(database, select(Rejected.key)) == ["O5"]


async def test_a_message_may_not_be_raw(database: Database) -> None:
    async def receive(self: Any, body: bytes) -> Page:
        return Page([Record("organization", "A", {}, raw=True)])

    source = Wordy(receive=receive)
    plugin = source.plugin(Settings(), httpx2.AsyncClient())
    with pytest.raises(SourceBroken, match="gave a raw record: only pull"):
        await received(plugin, b"", Policies(), seconds=1)


@pytest.mark.parametrize("odd", ["\ud800", 2**70, float("nan")])
async def test_what_cannot_be_compared_is_read_each_time(database: Database, odd: Any) -> None:
    source = Wordy(*some(3), word("B", odd=odd), size=3)
    await source.run(database)
    done, read = await source.run(database)
    assert counts(done) == {"unchanged": 4}
    assert ("B" in read) == (odd == odd)  # what is no number is null in JSON, and so the same


async def test_text_that_cannot_be_kept_is_refused_alone(database: Database) -> None:
    def odd(source: Any, record: Record) -> Any:
        return organization(record.key, {"O1": "a\x00b", "O2": "\ud800"}.get(record.key, "一"))

    done, _ = await Wordy(*some(4), read=odd).run(database)
    assert counts(done) == {"created": 2, "rejected": 2}


async def test_fields_beyond_are_kept_beside_as_ever(database: Database) -> None:
    source = Wordy(*some(2), word("B", extra={"colour": "红"}))
    done, _ = await source.run(database)
    assert counts(done) == {"created": 3}
    assert (await sizes(database))["extras"] == 1


async def test_a_kind_that_is_none_is_told_without_what_the_source_said(database: Database) -> None:
    async def pull(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        yield Page([Record("dragon", "D", {"phone": "13800138000"}, raw=True)])

    source = Wordy(read=lambda self, record: Record("dragon", "D", {}), pull=pull)
    done, _ = await source.run(database, allow_refused="one")
    assert counts(done) == {"rejected": 1}
    assert "13800138000" not in str(await rows(database, select(Rejected.raw, Rejected.record)))


async def test_the_hash_that_is_kept_is_that_of_the_source_s_words(database: Database) -> None:
    source = Wordy(*some(2))
    await source.run(database)
    first = await column(database, select(Link.hash).order_by(Link.key))
    source.words = [dict(reversed(row.items())) for row in source.words]
    done, _ = await source.run(database)
    assert counts(done) == {"unchanged": 2}
    assert await column(database, select(Link.hash).order_by(Link.key)) != first
