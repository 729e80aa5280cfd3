"""What one operation carries: who asks, the database, the batches. Never a session."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.db import Database
from schema.bus import Bus
from schema.loaders import Loaders


@dataclass
class Context:
    """One operation, or one WebSocket with its operations."""

    viewer: Viewer
    db: Database
    bus: Bus
    renew: Callable[[], Awaitable[Viewer]]
    connection_params: dict[str, Any] = field(default_factory=dict)
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        self.loaders = Loaders(self.db, self.viewer)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One write; what was read before it is forgotten."""
        async with self.db.write(self.viewer) as session:
            yield session
        self.loaders = Loaders(self.db, self.viewer)


Info: TypeAlias = strawberry.Info[Context, None]
