"""The pages of a pull, each read and understood while the one before it is written.

Python decides about a page, then mostly waits for the database: that is when the next page is read. Begun earlier, it
would be done by then, having taken the interpreter from the deciding.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from hub.plugin import BadRecord, Page, Plugin, Receives, Record, SourceBroken, SourceDown, SourceError
from hub.sync.drift import Policies
from hub.sync.patience import GRACE, TooLong, answers, awaited
from hub.sync.reading import Readings, read

MEANWHILE_SECONDS = 1.0
LET_GO_SECONDS = 0.3  # so long a plugin may tidy up when it is stopped
T = TypeVar("T")
Items = Sequence[Record | BadRecord]


@dataclass(frozen=True, slots=True)
class Ready:
    """A page, what stands in it, and what its records mean."""

    page: Page
    items: Items
    readings: Readings


class Pages:
    """The pages of one pull, in order. `meanwhile` is done every second while the source lets us wait for one."""

    def __init__(
        self,
        plugin: Plugin[Any],
        coming: AsyncIterator[Page],
        policies: Policies,
        meanwhile: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self._plugin, self._coming, self._policies, self._meanwhile = plugin, coming, policies, meanwhile
        self._ahead: asyncio.Task[Ready | None] | None = None

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
            yield ready

    async def _next(self) -> Ready | None:
        page = await asked(self._plugin, partial(anext, self._coming))
        return None if page is None else await understood(page, partial(read, policies=self._policies, lazily=True))

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
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> AsyncIterator[Pages]:
    """Pull since `cursor`. What a plugin raises, other than the errors of hub.plugin, is told as its own fault."""
    pages = Pages(plugin, await _begun(plugin, cursor), policies, meanwhile)
    try:
        yield pages
    finally:
        await pages.close()


async def _begun(plugin: Plugin[Any], cursor: str | None) -> AsyncIterator[Page]:
    async def begin() -> AsyncIterator[Page]:
        return aiter(plugin.pull(cursor))  # type: ignore[attr-defined]  # run.py has checked it

    return await _of_plugin(plugin, begin, plugin.patience)


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
    return await understood(page, partial(read, policies=policies, partial=True))


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
        raise SourceDown(
            f"The plugin {plugin.name} was stopped: {error}. Its `patience` says how long it may."
        ) from error
    except (SourceError, StopAsyncIteration):
        raise
    except asyncio.CancelledError as error:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise
        raise _fallen(plugin, error) from error
    except (Exception, SystemExit) as error:
        raise _fallen(plugin, error) from error


async def understood(page: Page, understand: Callable[[Sequence[Record]], Readings]) -> Ready:
    """What stands in a page, and what its records mean."""
    items = [_told_apart(item, at) for at, item in enumerate(page.items, 1)]
    records = [item for item in items if isinstance(item, Record)]
    return Ready(page, items, await asyncio.to_thread(understand, records))


def _fallen(plugin: Plugin[Any], error: BaseException) -> SourceBroken:
    return SourceBroken(f"The plugin {plugin.name} failed: {type(error).__name__}: {error}")


def _told_apart(item: object, at: int) -> Record | BadRecord:
    """The item; a BadRecord where it is none, or where its kind and key, which tell it from others, are no text."""
    if isinstance(item, BadRecord):
        return item
    where = "" if isinstance(item, Record) and item.where else f"item {at} of a page"
    if not isinstance(item, Record):
        return BadRecord(f"A {type(item).__name__} is neither a Record nor a BadRecord.", str(item), where=where)
    if not (isinstance(item.kind, str) and isinstance(item.key, str)):
        reason = f"The kind is {item.kind!r} and the key {item.key!r}: both must be text."
        return BadRecord(reason, item.fields, where=item.where or where)
    if item.at is not None and not isinstance(item.at, datetime):
        return BadRecord(f"at: {item.at!r} is no time.", item.fields, item.kind, item.key, item.where or where)
    return item
