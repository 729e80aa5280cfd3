"""Raw records that are bad, and a read() that is: told, and nothing else is touched."""

import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, update

from hub.auth import system
from hub.db import Database
from hub.models import (
    Link,
    Rejected,
    RejectedStatus,
    RunStatus,
)
from hub.plugin import BadRecord, Page, Record, SourceBroken
from hub.sync import pages, raw
from hub.sync.drift import Policies
from hub.sync.pages import received
from tests.sync.sources import column, counts, installed, organization, rows
from tests.sync.wordy import Settings, Wordy, meant, names, some, word


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
    assert done.error == (
        "The plugin told was stopped: nothing came for 0.2 seconds. Its `patience` says how long it may."
    )
    assert (counts(done), set((await names(database)).values())) == ({"unchanged": 2}, {"一"})


async def test_what_is_left_to_no_patience_does_not_speak_of_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "READ_SECONDS", 0.2)
    done, _ = await Wordy(*some(1), read=lambda self, record: time.sleep(2)).run(database)
    assert done.error == "The plugin told was stopped: nothing came for 0.2 seconds."


def test_a_plugin_whose_files_cannot_be_read_is_broken_and_the_hub_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(file: Path) -> bytes:
        raise PermissionError(13, "Permission denied", "words.toml")

    monkeypatch.setattr(raw, "_code", unreadable)
    registry = installed(Wordy().plugin)
    assert (list(registry.plugins), registry.broken) == (
        [],
        [("told", "Its files cannot be read: [Errno 13] Permission denied: 'words.toml'.")],
    )


@pytest.mark.parametrize("key", ["", "x" * 201, "25\x0009", "25\ud8001"])
async def test_a_key_that_is_none_is_refused_alone(database: Database, key: str) -> None:
    source = Wordy(*some(3), word(key, phone="13800138000"))
    for expected in ({"created": 3, "rejected": 1}, {"unchanged": 3, "rejected": 1}):
        done, _ = await source.run(database)
        assert (done.status, counts(done)) == (RunStatus.DONE, expected)
    ((reason, shown, record),) = await rows(database, select(Rejected.reason, Rejected.raw, Rejected.record))
    assert reason.startswith("key: ")
    assert "13800138000" not in f"{shown} {record}"


async def test_a_link_that_an_older_hub_has_written_is_read_over(database: Database) -> None:
    source = Wordy(*some(3), word("B", parent="P"))
    await source.run(database)
    async with database.write(system("test")) as session:
        await session.execute(update(Link).where(Link.key == "B").values(unknown="parent="))
    done, _ = await source.run(database)
    assert (done.status, counts(done)) == (RunStatus.DONE, {"unchanged": 4})


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


async def test_a_kind_that_is_none_is_told_without_what_the_source_said(database: Database) -> None:
    async def pull(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        yield Page([Record("dragon", "D", {"phone": "13800138000"}, raw=True)])

    source = Wordy(read=lambda self, record: Record("dragon", "D", {}), pull=pull)
    done, _ = await source.run(database, allow_refused="one")
    assert counts(done) == {"rejected": 1}
    assert "13800138000" not in str(await rows(database, select(Rejected.raw, Rejected.record)))
