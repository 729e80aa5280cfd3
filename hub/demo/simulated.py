"""A simulator at work on loopback, with rows that it is told to hold, while its source is read."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from hub.errors import Misconfigured, NotFound
from hub.serve import LOOPBACK, HTTPServer, listener
from hub.sync.registry import Preset, Registry


def preset(registry: Registry, name: str) -> Preset:
    """The ready-made source of that name, which has a simulator that can be told what to hold."""
    known = {one.name: one for one in registry.presets()}
    able = [one for one in known if takes_rows(registry, one)]
    if name not in able:
        raise NotFound("simulator that takes rows", name, f"There are: {', '.join(able) or 'none'}.")
    return known[name]


def takes_rows(registry: Registry, name: str) -> bool:
    """Whether there is a simulator of that name which can be told what to hold."""
    build = registry.simulators.get(name)
    return build is not None and "rows" in inspect.signature(build).parameters


@asynccontextmanager
async def serving(registry: Registry, name: str, rows: Sequence[Mapping[str, Any]], seed: int) -> AsyncIterator[str]:
    """The address of the simulator, while it serves these rows. It ends with this process, however that ends."""
    app = await asyncio.to_thread(registry.simulators[name], seed=seed, rows=rows)
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
