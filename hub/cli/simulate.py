"""hub simulate: a stand-in for a system outside, to develop a plugin against."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from hub import home
from hub.cli.answers import say
from hub.config import settings
from hub.demo import simulated
from hub.errors import NotFound
from hub.serve import HTTPServer, listener, signalled
from hub.sync import registry
from hub.sync.registry import Registry

LOOPBACK = frozenset({"127.0.0.1", "localhost"})


def simulate(
    name: Annotated[str, typer.Argument(help="The plugin that brings the stand-in: `hub plugins` lists them.")],
    orders: Annotated[int, typer.Option(min=0, help="How many things it holds.")] = 500,
    rows: Annotated[
        Path | None,
        typer.Option(help="It holds the records in this file instead, one a line as JSON, fields as in hub/fields.py."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="On 127.0.0.1; 0: any free one.", show_default="where the ready-made source asks"
        ),
    ] = None,
) -> None:
    """Serve a stand-in on loopback until Ctrl-C. Needs no database.

    hub simulate hotline12345 & hub sync run hotline12345

    hub simulate hotline12345 --rows orders.jsonl

    {"kind": "request", "key": "1", "fields": {"title": "...", "status": "CLOSED", "grid": "150602001001"}}
    """
    found = registry.load(settings().plugins)
    known = found.simulators
    if name not in known:
        raise NotFound("simulator", name, f"There are: {', '.join(known) or 'none'}.")
    sock = listener("127.0.0.1", asked_at(found, name) if port is None else port)
    say(f"Making {orders:,} orders with seed {seed} ..." if rows is None else f"Reading {rows} ...")
    if rows is None:
        asgi = known[name](orders=orders, seed=seed)
    else:
        asgi = simulated.made(found, name, simulated.records(rows), seed)
    words = f"{name} is simulated at http://127.0.0.1:{sock.getsockname()[1]}/ (Ctrl-C stops)"
    server = HTTPServer(asgi, lambda: typer.echo(words))

    async def main() -> None:
        with signalled(server.halt):
            await server.serve(sockets=[sock])

    home.run(main())
    say("Stopped.")


def asked_at(found: Registry, name: str) -> int:
    """The port at which the ready-made source of that name asks on this machine; 0 where none does."""
    for preset in found.presets():
        if preset.name == name:
            default = found.plugins[preset.plugin].Config.model_fields.get("base_url")
            url = urlsplit(str(preset.settings.get("base_url") or (default and default.default) or ""))
            return url.port or 0 if url.hostname in LOOPBACK else 0
    return 0
