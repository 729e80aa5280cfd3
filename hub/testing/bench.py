"""A plugin on the bench: against its simulator, with the hub's own HTTP client, no network and no waiting."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import httpx2
import orjson
import pytest
import stamina
from pydantic_core import to_jsonable_python
from starlette.types import ASGIApp

from hub.plugin import BadRecord, Change, Page, Plugin, Record, SourceDown, SourceError
from hub.sync import http, raw
from hub.sync.registry import Registry
from hub.testing.faults import Fault, Faults

T = TypeVar("T")
Held = dict[str, dict[str, Mapping[str, Any]]]
"""kind -> key -> fields."""
GONE = ""
"""Stands among the fields for whether the thing is gone: each has its own time."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """The pages that a pull brought, and what it ended with if it did not end well."""

    pages: Sequence[Page]
    error: SourceError | None = None

    @property
    def cursor(self) -> str | None:
        """What the hub would have saved."""
        return next((page.cursor for page in reversed(self.pages) if page.cursor is not None), None)

    @property
    def records(self) -> list[Record]:
        return [item for page in self.pages for item in page.items if isinstance(item, Record)]

    @property
    def bad(self) -> list[BadRecord]:
        return [item for page in self.pages for item in page.items if isinstance(item, BadRecord)]

    def whole(self) -> "Pulled":
        """Itself, where it ended well."""
        assert self.error is None, f"The pull should end well, and raised {words(self.error)}"
        return self


class Bench:
    """One simulator, behind faults, and the plugin with these settings before it. `small`: settings for small pages."""

    def __init__(
        self,
        plugin: type[Plugin[Any]],
        settings: Mapping[str, Any],
        app: ASGIApp | None,
        small: Mapping[str, Any],
        *,
        over_http: bool = True,
    ) -> None:
        self.plugin, self.settings, self.small = plugin, settings, small
        self._simulator = httpx2.ASGITransport(app) if app is not None else Unreachable()
        self.faults = Faults(self._simulator if over_http else Unreachable())
        self._registry = Registry()
        self._registry.add(plugin.name, plugin)
        assert not self._registry.broken, self._registry.broken[0][1]

    def make(self, http: httpx2.AsyncClient, **settings: Any) -> Plugin[Any]:
        """The plugin as the hub makes it. Raises Misconfigured."""
        return self._registry.make(self.plugin.name, {**self.settings, **settings}, http)

    @asynccontextmanager
    async def _made(self, settings: Mapping[str, Any]) -> AsyncIterator[Any]:
        with stamina.set_testing(True, attempts=http.ATTEMPTS, cap=True):
            async with http.client(self.faults) as client:
                yield self.make(client, **settings)

    def pull(self, cursor: str | None = None, **settings: Any) -> Pulled:
        """Every page since the cursor. What it raises must be a SourceError."""

        async def read() -> Pulled:
            pages: list[Page] = []
            async with self._made(settings) as plugin:
                try:
                    async for page in plugin.pull(cursor):
                        assert isinstance(page, Page), f"pull() gave a {type(page).__name__} where a Page was due."
                        pages.append(replace(page, items=[_read(plugin, item) for item in page.items]))
                except SourceError as error:
                    return Pulled(pages, error)
            return Pulled(pages)

        return run(read(), "pull()")

    def push(self, change: Change) -> str | BadRecord | SourceError:
        """What came of it."""

        async def tell() -> str | BadRecord | SourceError:
            async with self._made({}) as plugin:
                try:
                    answer: str | BadRecord = await plugin.push(change)
                except SourceError as error:
                    return error
            assert isinstance(answer, str | BadRecord), f"push() gave {answer!r} where a key or a BadRecord was due."
            assert answer != "", "push() gave an empty key."
            return answer

        return run(tell(), "push()")

    def receive(self, body: bytes) -> Page | SourceError:
        """What the message says."""

        async def read() -> Page | SourceError:
            async with self._made({}) as plugin:
                try:
                    page = await plugin.receive(body)
                except SourceError as error:
                    return error
            assert isinstance(page, Page), f"receive() gave a {type(page).__name__} where a Page was due."
            return page

        return run(read(), f"receive({body[:40]!r})")

    def begin(self, fault: Fault, **how: Any) -> None:
        """From the next request on."""
        self.faults.begin(fault, **how)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the simulator says of itself, past all faults."""

        async def send() -> httpx2.Response:
            async with httpx2.AsyncClient(transport=self._simulator, base_url="http://simulator") as client:
                return await client.request(method, path, json=body)

        answer = asyncio.run(send())
        if answer.status_code >= 400:
            pytest.fail(
                f"The contract needs {method} {path} of the simulator, which answered {answer.status_code} to {body}. "
                "What it is to do stands in docs/plugins.md, section Simulator."
            )
        return answer.json()

    def truth(self) -> Held:
        """What a hub must hold that has read everything."""
        told: Held = self.ask("GET", "/sim/truth")
        return told

    def advance(self, what: str, count: int = 3) -> set[tuple[str, str]]:
        """Let something happen there; kind and key of what it happened to."""
        told = self.ask("POST", "/sim/advance", {what: count})
        return {(kind, key) for kind, keys in told["keys"].items() for key in keys}

    def effects(self) -> list[Mapping[str, Any]]:
        """What pushes did there."""
        told: list[Mapping[str, Any]] = self.ask("GET", "/sim/effects")["effects"]
        return told


def _read(plugin: Any, item: Any) -> Any:
    """The item; what a raw record means. The hub may ask for it later, or never, or twice."""
    if not (isinstance(item, Record) and item.raw):
        return item
    told = orjson.dumps(item.fields)
    assert orjson.loads(told) == item.fields, f"{item.key}: what is raw is compared as JSON: give what the source says."
    found, again = raw.read_all(plugin, [item, item])
    assert found == again, f"{item.key}: read() gave {found!r}, and then {again!r}. It must be the same each time."
    assert orjson.dumps(item.fields) == told, f"{item.key}: read() changed the record that it was given."
    return found


class Unreachable(httpx2.AsyncBaseTransport):
    """For a plugin without a simulator, or one that says that it does not use HTTP: there is no network."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        raise AssertionError(f"The plugin asks for {request.url}. Give the contract its `simulator`, and over_http.")


def run(work: Coroutine[Any, Any, T], verb: str) -> T:
    """Its value. Whatever else it raises is told as a breach of the contract."""
    try:
        return asyncio.run(work)
    except (AssertionError, pytest.fail.Exception):
        raise
    except Exception as error:
        raise AssertionError(
            f"{verb} raised {words(error)} A plugin raises SourceDown, SourceRefused or SourceBroken and nothing else."
        ) from error


def words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(". ") + "."


def told(fault: Fault, error: object) -> None:
    """Check that the plugin raised what it should, and that it says enough."""
    names = " or ".join(kind.__name__ for kind in fault.errors)
    instead = f"raised {words(error)}" if isinstance(error, SourceError) else "went on as if nothing had happened."
    assert isinstance(error, fault.errors), f"{fault.name}: the plugin should raise {names}, and {instead}"
    assert len(str(error)) > 10, f"{fault.name}: {type(error).__name__} should say what is wrong: {str(error)!r}"
    if fault.retry_after is not None:
        waits = error.retry_after if isinstance(error, SourceDown) else None
        right = waits is not None and 0 < waits <= fault.retry_after
        assert right, f"{fault.name}: pass Retry-After on as retry_after, in seconds; it was {waits}."


def held(*pulls: Pulled) -> Held:
    """What a hub would hold after these pulls: the newest word on each field."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    since: dict[tuple[str, str, str], datetime] = {}
    for record in (record for pulled in pulls for record in pulled.records):
        said = found.setdefault((record.kind, record.key), {})
        for name, value in {**record.fields, GONE: record.deleted}.items():
            which = (record.kind, record.key, name)
            if record.at is None or record.at >= since.get(which, record.at):
                said[name] = value
                since |= {} if record.at is None else {which: record.at}
    by_kind: Held = {}
    for (kind, key), fields in found.items():
        if not fields.pop(GONE):
            by_kind.setdefault(kind, {})[key] = fields
    return by_kind


def differences(mine: Held, truth: Held) -> list[str]:
    """In words, where they differ. The truth may be silent on a field, not on a thing."""
    told = []
    for kind in sorted(mine.keys() | truth.keys()):
        ours, theirs = mine.get(kind, {}), truth.get(kind, {})
        told += [f"{kind} {key} is missing" for key in sorted(theirs.keys() - ours.keys())]
        told += [f"{kind} {key} is not in the truth" for key in sorted(ours.keys() - theirs.keys())]
        for key in sorted(ours.keys() & theirs.keys()):
            told += [
                f"{kind} {key}: {name} is {ours[key].get(name)!r}, the truth is {value!r}"
                for name, value in (theirs[key] or {}).items()
                if not same(ours[key].get(name), value)
            ]
    return told


def same(ours: Any, theirs: Any) -> bool:
    """Whether a field's value is what the simulator says in JSON; moments are the same in any zone."""
    if isinstance(ours, datetime) and isinstance(theirs, str):
        return ours == datetime.fromisoformat(theirs)
    return bool(ours == theirs or to_jsonable_python(ours) == theirs)
