"""A simulator at work on loopback, with rows that it is told to hold, while its source is read."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import orjson
from starlette.types import ASGIApp

from hub.errors import Misconfigured
from hub.plugin import Record
from hub.serve import LOOPBACK, HTTPServer, listener
from hub.sync.registry import Preset, Registry


def preset(registry: Registry, name: str) -> Preset:
    """The ready-made source of that name, which reads the simulator of that name. Raises Misconfigured."""
    known = {one.name: one for one in registry.presets()}
    if name not in known or not takes_rows(registry, name):
        raise _cannot(registry, name)
    return known[name]


def takes_rows(registry: Registry, name: str) -> bool:
    """Whether there is a simulator of that name which can be told what to hold."""
    build = registry.simulators.get(name)
    return build is not None and "rows" in inspect.signature(build).parameters


def _cannot(registry: Registry, name: str) -> Misconfigured:
    *able, last = sorted(one for one in registry.simulators if takes_rows(registry, one)) or ["none"]
    names = " and ".join([", ".join(able), last] if able else [last])
    return Misconfigured(f"{name} cannot be told what to hold, but {names} can.")


def records(file: Path) -> list[Record]:
    """What a simulator is to hold: a record a line, as JSON. Raises Misconfigured with the line that is wrong."""
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise Misconfigured(f"Cannot read {file}: {error.strerror}.") from error
    found = []
    for number, line in enumerate(lines, 1):
        try:
            told = orjson.loads(line)
            found.append(Record(str(told["kind"]), str(told["key"]), {**told["fields"]}))
        except (ValueError, TypeError, LookupError) as error:
            example = '{"kind": "request", "key": "1", "fields": {"title": "..."}}'
            raise Misconfigured(f"{file.name}, line {number}: it is no record. Write {example}.") from error
    return found


def made(registry: Registry, name: str, rows: Sequence[Record], seed: int) -> ASGIApp:
    """The simulator, with these records. Raises Misconfigured where it takes none, or refuses one."""
    if not takes_rows(registry, name):
        raise _cannot(registry, name)
    try:
        return registry.simulators[name](seed=seed, rows=rows)
    except ValueError as error:
        raise Misconfigured(f"The simulator {name} refuses what it is to hold: {error}.") from error


@asynccontextmanager
async def serving(registry: Registry, name: str, rows: Sequence[Record], seed: int) -> AsyncIterator[str]:
    """The address of the simulator, while it serves these records. It ends with this process, however that ends."""
    app = await asyncio.to_thread(made, registry, name, rows, seed)
    ready = asyncio.Event()
    with listener("127.0.0.1", 0) as sock:
        server = HTTPServer(app, ready.set)
        task = asyncio.create_task(server.serve(sockets=[sock]))
        try:
            await asyncio.wait({task, waiting := asyncio.create_task(ready.wait())}, return_when="FIRST_COMPLETED")
            waiting.cancel()
            if task.done():
                raise Misconfigured(f"The simulator {name} does not start: {task.exception() or 'it ended at once'}.")
            yield f"127.0.0.1:{sock.getsockname()[1]}"
        finally:
            server.halt()
            server.halt()
            await asyncio.wait({task})


def settings(registry: Registry, found: Preset, address: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the ready-made source, at this address on loopback, and what differs."""
    plugin = registry.plugins[found.plugin]
    told = {**found.settings}
    for name in plugin.hosts:
        default = plugin.Config.model_fields[name].default
        url = urlsplit(str(told.get(name) or default or ""))
        if url.hostname in LOOPBACK:
            told[name] = urlunsplit(url._replace(netloc=address))
    return {**told, **own}
