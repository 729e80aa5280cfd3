"""The pages of a pull, each read and understood while the one before it is written.

Python decides about a page, then mostly waits for the database: that is when the next page is read. Begun earlier, it
would be done by then, having taken the interpreter from the deciding. Where hardly anything is new, little is decided,
and more is waited for the source: then it begins at once.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from hub.plugin import BadRecord, Page, Plugin, Reads, Receives, Record, SourceBroken, SourceDown, SourceError
from hub.sync import raw
from hub.sync.drift import Policies
from hub.sync.patience import GRACE, TooLong, answers, awaited
from hub.sync.reading import Readings, older, possible, read

MEANWHILE_SECONDS = 1.0
READ_SECONDS = 20.0  # so long read() may take for a page: a transaction may be waiting for it
LET_GO_SECONDS = 0.3  # so long a plugin may tidy up when it is stopped
T = TypeVar("T")
Items = Sequence[Record | BadRecord]
Applied = Callable[[str, Sequence[str]], Awaitable[Mapping[str, bytes]]]
"""A kind and keys -> the hashes of what was applied last of them, where nothing newer is known of any field."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A page, what stands in it, and what its records mean."""

    page: Page
    items: Items
    readings: Readings

    def settled(self) -> "Ready":
        """The same once it is known which of its raw records are none."""
        if not (bad := self.readings.bad):
            return self
        return replace(self, items=[bad.get((item.kind, item.key or ""), item) for item in self.items])


class Pages:
    """The pages of one pull, in order. `meanwhile` is done every second while the source lets us wait for one."""

    def __init__(
        self,
        plugin: Plugin[Any],
        coming: AsyncIterator[Page],
        understand: Callable[..., Readings],
        known: Applied,
        meanwhile: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self._plugin, self._coming, self._understand, self._meanwhile = plugin, coming, understand, meanwhile
        self._ahead: asyncio.Task[Ready | None] | None = None
        self._known, self._calm = known, False

    def begin(self) -> None:
        """Read the next page while the caller waits for something else."""
        if self._ahead is None:
            self._ahead = asyncio.create_task(self._next())

    async def __aiter__(self) -> AsyncIterator[Ready]:
        while True:
            self.begin()
            assert self._ahead is not None
            patience = MEANWHILE_SECONDS if self._meanwhile else None
            while not (await asyncio.wait([self._ahead], timeout=patience))[0]:  # who is stopped need not wait for it
                if self._meanwhile:
                    await self._meanwhile()
            ready, self._ahead = self._ahead.result(), None
            if ready is None:
                return
            if self._calm:
                self.begin()
            yield ready

    async def _next(self) -> Ready | None:
        page = await asked(self._plugin, partial(anext, self._coming))
        if page is None:
            return None
        ready = await understood(self._plugin, page, self._understand)
        left, readings = 0, ready.readings
        for name in list(readings.understood):
            if raw := readings.raw(name):
                applied = await self._known(name, [one.record.key for one in raw])
                fresh = [one for one in raw if one.anew or applied.get(one.record.key) != one.hash]
                await readings.translate(name, fresh)
                left += len(readings.raw(name))
        self._calm = left > len(ready.items) / 2
        return ready

    async def close(self) -> None:
        """Let go of the source, whatever it is doing."""
        if self._ahead is not None:
            self._ahead.cancel()
            await asyncio.wait([self._ahead], timeout=LET_GO_SECONDS)
            if self._ahead.done() and not self._ahead.cancelled():
                self._ahead.exception()  # it was told already, or what stopped the run came before it
        if close := getattr(self._coming, "aclose", None):
            with contextlib.suppress(Exception):
                if await answers():
                    await awaited(close, GRACE)


@contextlib.asynccontextmanager
async def reading(
    plugin: Plugin[Any],
    cursor: str | None,
    policies: Policies,
    known: Applied,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
    *,
    anew: bool = False,
) -> AsyncIterator[Pages]:
    """Pull since `cursor`. What a plugin raises, other than the errors of hub.plugin, is told as its own fault.

    What is raw is read where it is not `known`; `anew`: in any case.
    """
    interpreter = raw.Interpreter(await _salt(plugin, policies), partial(translated, plugin), anew)
    understand = partial(read, policies=policies, lazily=True, interpreter=interpreter)
    pages = Pages(plugin, await _begun(plugin, cursor), understand, known, meanwhile)
    try:
        yield pages
    finally:
        await pages.close()


async def _begun(plugin: Plugin[Any], cursor: str | None) -> AsyncIterator[Page]:
    async def begin() -> AsyncIterator[Page]:
        return aiter(plugin.pull(cursor))  # type: ignore[attr-defined]  # run.py has checked it

    return await _of_plugin(plugin, begin, plugin.patience)


async def _salt(plugin: Plugin[Any], policies: Policies) -> bytes:
    async def ask() -> bytes:
        return raw.salt(plugin, policies.told())

    return await _of_plugin(plugin, ask, plugin.patience) if isinstance(plugin, Reads) else b""


async def translated(plugin: Plugin[Any], records: Sequence[Record]) -> Items:
    """What raw records mean, one for each. Raises SourceError."""

    async def ask() -> Items:
        return raw.read_all(plugin, records)

    return await _of_plugin(plugin, ask, min(plugin.patience, READ_SECONDS))


async def received(plugin: Plugin[Any], body: bytes, policies: Policies, *, seconds: float) -> Ready:
    """What a message says, maybe only some fields of each record. Raises SourceBroken where the plugin cannot tell."""
    if not isinstance(plugin, Receives):
        raise SourceBroken(f"The plugin {plugin.name} reads nothing that is pushed: it has no receive().")
    try:
        page = await asked(plugin, partial(plugin.receive, body), seconds=seconds)
    except SourceDown as error:
        if not isinstance(error.__cause__, TooLong):
            raise
        raise SourceBroken(f"The plugin {plugin.name} did not read it within {seconds:g} s.") from error
    if page is None:
        raise SourceBroken(f"The plugin {plugin.name} gave no Page.")
    if any(isinstance(item, Record) and item.raw for item in page.items):
        raise SourceBroken(f"receive() of the plugin {plugin.name} gave a raw record: only pull() may.")
    return await understood(plugin, page, partial(read, policies=policies, partial=True))


async def asked(
    plugin: Plugin[Any], ask: Callable[[], Awaitable[Page]], *, seconds: float | None = None
) -> Page | None:
    """The page that the plugin is asked for; None after the last one. `seconds`: how long it may take at the most."""
    try:
        page = await _of_plugin(plugin, ask, plugin.patience if seconds is None else seconds)
    except StopAsyncIteration:
        return None
    if not isinstance(page, Page):
        raise SourceBroken(f"The plugin {plugin.name} gave a {type(page).__name__} where a Page was due.")
    return page


async def _of_plugin(plugin: Plugin[Any], step: Callable[[], Awaitable[T]], seconds: float) -> T:
    """What a step of the plugin gives. Raises StopAsyncIteration, or a SourceError for whatever it raises."""
    try:
        return await awaited(step, seconds)
    except TooLong as error:
        own = " Its `patience` says how long it may." if seconds == plugin.patience else ""
        raise SourceDown(f"The plugin {plugin.name} was stopped: {error}.{own}") from error
    except (SourceError, StopAsyncIteration):
        raise
    except asyncio.CancelledError as error:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise
        raise _fallen(plugin, error) from error
    except (Exception, SystemExit) as error:
        raise _fallen(plugin, error) from error


async def understood(plugin: Plugin[Any], page: Page, understand: Callable[..., Readings]) -> Ready:
    """What stands in a page, and what its records mean, as far as they are not raw."""
    items = [_told_apart(item, at) for at, item in enumerate(page.items, 1)]
    if not any(isinstance(item, Record) and item.raw for item in items):
        records = [item for item in items if isinstance(item, Record)]
        return Ready(page, items, await asyncio.to_thread(understand, records))
    newest = await _newest(plugin, items)
    meant = {which: found for which, (_, found) in newest.items() if found is not None}
    return Ready(page, items, await asyncio.to_thread(understand, [said for said, _ in newest.values()], meant=meant))


async def _newest(
    plugin: Plugin[Any], items: list[Record | BadRecord]
) -> dict[tuple[str, str], tuple[Record, Record | None]]:
    """The newest record of each kind and key, as it came and, where it was raw and is read, as the plugin means it.

    Which of several raw ones is the newest is known only when they are read. Items that turn out bad are replaced, and
    so are those whose key is none: what is wrong with them is to be shown in our words.
    """
    times = Counter((item.kind, item.key) for item in items)

    def is_asked(item: Record) -> bool:
        return item.raw and (times[item.kind, item.key] > 1 or not possible(item.key))

    asked = {at: item for at, item in enumerate(items) if isinstance(item, Record) and is_asked(item)}
    read = dict(zip(asked, await translated(plugin, list(asked.values())), strict=True)) if asked else {}
    newest: dict[tuple[str, str], tuple[Record, Record | None]] = {}
    for at, item in enumerate(items):
        meant = read.get(at)
        if isinstance(meant, BadRecord):
            items[at] = meant
        elif meant is not None and not possible(item.key):
            items[at], newest[meant.kind, meant.key] = meant, (meant, None)
        elif isinstance(item, Record):
            other = newest.get((item.kind, item.key))
            if other is None or not older((meant or item).at, (other[1] or other[0]).at):
                newest[item.kind, item.key] = item, meant
    return newest


def _fallen(plugin: Plugin[Any], error: BaseException) -> SourceBroken:
    return SourceBroken(f"The plugin {plugin.name} failed: {type(error).__name__}: {error}")


def _told_apart(item: object, at: int) -> Record | BadRecord:
    """The item; a BadRecord where it is none, or where its kind and key, which tell it from others, are no text."""
    if isinstance(item, BadRecord):
        return item
    where = "" if isinstance(item, Record) and item.where else f"item {at} of a page"
    if not isinstance(item, Record):
        return BadRecord(f"A {type(item).__name__} is neither a Record nor a BadRecord.", str(item), where=where)
    shown = {} if item.raw else item.fields
    if not (isinstance(item.kind, str) and isinstance(item.key, str)):
        reason = f"The kind is {item.kind!r} and the key {item.key!r}: both must be text."
        return BadRecord(reason, shown, where=item.where or where)
    if item.at is not None and not isinstance(item.at, datetime):
        return BadRecord(f"at: {item.at!r} is no time.", shown, item.kind, item.key, item.where or where)
    return item
