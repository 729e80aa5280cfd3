"""A source that gives its rows raw, and tells what of them was read."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from hub.db import Database
from hub.models import (
    Organization,
)
from hub.plugin import BadRecord, Page, Plugin, Record
from tests.sync.sources import installed, run, stored

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
