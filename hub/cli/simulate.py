"""hub simulate: a stand-in for a system outside, to develop a plugin against."""

from typing import Annotated, Any

import typer

from hub import home
from hub.cli.answers import say
from hub.config import settings
from hub.errors import NotFound
from hub.plugin import Plugin
from hub.serve import HTTPServer, listener, signalled
from hub.sync import registry


def simulate(
    name: Annotated[str, typer.Argument(help="The plugin that brings the stand-in: `hub plugins` lists them.")],
    orders: Annotated[int, typer.Option(min=0, help="How many things it holds.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="On 127.0.0.1; unless said, where its ready-made source asks. 0: any."),
    ] = None,
) -> None:
    """Serve a stand-in on loopback until Ctrl-C. Needs no database.

    hub simulate hotline12345 & hub sync run hotline12345
    """
    plugins = registry.load(settings().plugins)
    known = plugins.simulators
    if name not in known:
        raise NotFound("simulator", name, f"There are: {', '.join(known) or 'none'}.")
    sock = listener("127.0.0.1", _asked(plugins.plugins.get(name)) if port is None else port)
    say(f"Making {orders:,} with seed {seed} ...")
    words = f"{name} is simulated at http://127.0.0.1:{sock.getsockname()[1]}/ (Ctrl-C stops)"
    server = HTTPServer(known[name](orders=orders, seed=seed), lambda: typer.echo(words))

    async def main() -> None:
        with signalled(server.halt):
            await server.serve(sockets=[sock])

    home.run(main())
    say("Stopped.")


def _asked(plugin: type[Plugin[Any]] | None) -> int:
    """The port at which a plugin's ready-made source asks; 8912 where it names none."""
    if plugin is None or not plugin.hosts:
        return 8912
    config = plugin.Config.model_validate(dict(next(iter(plugin.presets.values()), {})))
    return int(getattr(config, plugin.hosts[0]).port)
