"""Who comes in: the viewer behind a token, remembered for a moment."""

import asyncio
import time
from functools import partial

from starlette.requests import HTTPConnection

from hub.auth import ANONYMOUS, Viewer
from hub.db import Database
from hub.http import token
from hub.services import accounts
from schema.bus import Bus

MOMENT_SECONDS = 1.0  # so long a token is remembered, whatever happens
MOST_REMEMBERED = 10_000


class Access:
    """Tells who asks. A token is looked up again after a moment, and at once when a key or the tree has changed.

    However many ask with a token at the same time, it is looked up once. Nothing is remembered while the process cannot
    hear of changes.
    """

    def __init__(self, db: Database, pepper: bytes, bus: Bus) -> None:
        self._db, self._pepper, self._bus = db, pepper, bus
        self._known: dict[str, tuple[asyncio.Task[Viewer], float]] = {}
        bus.watch(("ApiKey", "Grid"), self._known.clear)

    async def __call__(self, connection: HTTPConnection) -> Viewer:
        """The viewer. Raises Unauthenticated."""
        if (given := token(connection)) is None:
            return ANONYMOUS
        if not self._bus.listening:
            return await self._viewer(given)
        asked, until = self._known.get(given, (None, 0.0))
        if asked is None or until < time.monotonic():
            asked = self._ask(given)
        return asked.result() if asked.done() else await asyncio.shield(asked)

    def _ask(self, given: str) -> asyncio.Task[Viewer]:
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        asked = asyncio.create_task(self._viewer(given), name="viewer of a token")
        self._known[given] = asked, time.monotonic() + MOMENT_SECONDS
        asked.add_done_callback(partial(self._found, given))
        return asked

    def _found(self, given: str, asked: asyncio.Task[Viewer]) -> None:
        """Only a viewer is remembered: what went wrong is tried again."""
        failed = asked.cancelled() or asked.exception() is not None
        if failed and self._known.get(given, (None,))[0] is asked:
            del self._known[given]

    async def _viewer(self, given: str) -> Viewer:
        async with self._db.read() as session:
            return await accounts.viewer_of(session, self._pepper, given)
