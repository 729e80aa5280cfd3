"""The serving process: the database in shape, the example in an empty hub, HTTP and a worker, until a signal."""

import asyncio
import errno
import os
import shlex
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import or_, select
from starlette.types import ASGIApp

from hub import __version__, app, home, report, worker
from hub.auth import system
from hub.config import Settings
from hub.db import Database
from hub.errors import Misconfigured
from hub.services import accounts, grids, sources
from hub.sync.examples import run_examples
from hub.sync.registry import Registry
from hub.upgrade import upgrade
from schema.bus import Bus
from schema.schema import extended

LOOPBACK = ("127.0.0.1", "localhost", "::1")
GRACE_SECONDS = 3  # then an open event stream is cut

QUERY = '{ grids(filter: {under: {code: \\"150602\\"}, level: COMMUNITY}, first: 3) { totalCount nodes { name } } }'

GREETING = """
Lianshu 联枢 {version}: {url}/

  The graph and its IDE   {url}/graphql
  Try first               curl -s {url}/graphql -H 'content-type: application/json' \\
                            -d '{{"query": "{query}"}}'
  A token for more        {hub} token --as admin
  Other sources           {hub} sync status
  The data                {data}
  Stop                    Ctrl-C
"""


class HTTPServer(uvicorn.Server):
    """Uvicorn with our signals, and a word when it listens."""

    def __init__(self, asgi: ASGIApp, ready: Callable[[], None]) -> None:
        settings: dict[str, Any] = {
            "log_config": None,
            "access_log": False,
            "server_header": False,
            "proxy_headers": False,  # nothing here asks who the client is
            "ws_max_size": 1024**2,
        }
        super().__init__(uvicorn.Config(asgi, timeout_graceful_shutdown=GRACE_SECONDS, lifespan="off", **settings))
        self._ready = ready

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # only entered and left
        return nullcontext()

    def halt(self) -> None:
        """Ask it to end; ask twice, and open streams are cut at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def listener(host: str, port: int) -> socket.socket:
    """The socket to listen on, taken before anything slow is begun. Raises Misconfigured."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise Misconfigured(f"HOST={host} is no address of this machine. 127.0.0.1 and 0.0.0.0 always are.") from error
    found = socket.socket(family, kind, protocol)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with _explained(host, port):
        found.bind(address)
        return found


@contextmanager
def _explained(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        match error.errno:
            case errno.EADDRINUSE:
                raise Misconfigured(
                    f"Port {port} is taken by another program. Stop that one, or choose another: PORT={port + 1}."
                ) from error
            case errno.EACCES:
                raise Misconfigured(f"Port {port} needs more rights. Choose one above 1023: PORT=8000.") from error
            case errno.EADDRNOTAVAIL:
                raise Misconfigured(f"HOST={host} is no address of this machine. 127.0.0.1 always is.") from error
        raise


@contextmanager
def signalled(act: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C and SIGTERM call `act` in the event loop, each time."""
    loop = asyncio.get_running_loop()
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(act)) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(frozen=True, slots=True)
class Choices:
    """How to serve. `example` None: the example goes into an empty embedded database, never into somebody's own."""

    worker: bool = True
    example: bool | None = None


def serve(settings: Settings, registry: Registry, choices: Choices, tell: Callable[[str], None]) -> None:
    """Serve until a signal; `tell` says to a person how far it is."""
    sock = listener(settings.host, settings.port)
    with sock, home.server(settings) as server:
        home.run(_serve(settings, registry, choices, server, sock, tell))


async def _serve(
    settings: Settings,
    registry: Registry,
    choices: Choices,
    server: home.Server,
    sock: socket.socket,
    tell: Callable[[str], None],
) -> None:
    stop = asyncio.Event()
    async with home.database(server) as db, Bus(db.url) as bus:
        example = server.embedded if choices.example is None else choices.example
        preparing = asyncio.create_task(_prepare(db, registry, example, tell))
        every, development = settings.log == "requests", server.embedded and settings.host in LOOPBACK
        added = extended(registry.plugins.values())
        for name, reason in added.broken:
            tell(f"  Not in the graph: {name}: {reason}")
        pepper = accounts.pepper(settings.home)
        asgi = app.build(db, pepper, bus, more=added.shown, development=development, every=every)
        http = HTTPServer(asgi, lambda: tell(greeting(settings, sock)))

        def halt() -> None:
            preparing.cancel()
            http.halt()
            stop.set()

        with signalled(halt):
            await asyncio.wait((preparing,))
            if stop.is_set():
                return
            await preparing
            working = asyncio.create_task(worker.work(db, registry, stop)) if choices.worker else None
            try:
                with _explained(settings.host, settings.port):
                    await http.serve(sockets=[sock])
            finally:
                stop.set()
                if working:
                    await working


async def _prepare(db: Database, registry: Registry, example: bool, tell: Callable[[str], None]) -> None:
    if done := await upgrade(db):
        tell(f"The database is in shape ({len(done)} steps).")
    if example and await empty(db):
        async for name, run in run_examples(db, registry, "the first start"):
            tell(f"  {report.words(run, name)}")


async def empty(db: Database) -> bool:
    """Whether nothing was ever put in: no grid and no source."""
    everything = system("hub serve")
    async with db.read() as session:
        found = await session.scalar(
            select(or_(grids.visible(everything).exists(), sources.visible(everything).exists()))
        )
    return not found


def greeting(settings: Settings, sock: socket.socket) -> str:
    """What a person sees when the hub listens: where it is, what to try, how to go on."""
    host, port = sock.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return GREETING.format(
        version=__version__, url=f"http://{shown}:{port}", query=QUERY, hub=command(), data=settings.home
    )


def command() -> str:
    """How to call `hub` from where the person stands, with the same data."""
    program = Path(sys.argv[0])
    called = os.path.relpath(program) if program.name == "hub" and not shutil.which("hub") else "hub"
    data = os.environ.get("HUB_HOME")
    return f"HUB_HOME={shlex.quote(data)} {called}" if data else called
