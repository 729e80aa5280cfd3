"""Who comes in: the viewer behind a token, remembered for a moment."""

import time

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

    Nothing is remembered while the process cannot hear of changes.
    """

    def __init__(self, db: Database, pepper: bytes, bus: Bus) -> None:
        self._db, self._pepper, self._bus = db, pepper, bus
        self._known: dict[str, tuple[Viewer, float]] = {}
        self._forgotten = 0
        bus.watch(("ApiKey", "Grid"), self._forget)

    async def __call__(self, connection: HTTPConnection) -> Viewer:
        """The viewer. Raises Unauthenticated."""
        if (given := token(connection)) is None:
            return ANONYMOUS
        known = self._known.get(given)
        if known is not None and known[1] > time.monotonic() and self._bus.listening:
            return known[0]
        before = self._forgotten
        async with self._db.read() as session:
            viewer = await accounts.viewer_of(session, self._pepper, given)
        if before == self._forgotten and len(self._known) < MOST_REMEMBERED:
            self._known[given] = (viewer, time.monotonic() + MOMENT_SECONDS)
        elif len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        return viewer

    def _forget(self) -> None:
        self._forgotten += 1
        self._known.clear()
