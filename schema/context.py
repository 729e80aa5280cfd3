"""What one operation carries: who asks, the database, the batches. Never a session."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.extensions import SchemaExtension

from hub.auth import Viewer
from hub.db import Database
from schema.bus import Bus
from schema.loaders import Loaders


@dataclass
class Context:
    """One operation. `renew` asks again who the viewer is: a token may have been revoked since.

    `declined`: what the answer says of the engine, which has left the operation to the ordinary executor.
    """

    viewer: Viewer
    db: Database
    bus: Bus
    renew: Callable[[], Awaitable[Viewer]]
    connection_params: dict[str, Any] = field(default_factory=dict)
    declined: dict[str, Any] | None = None
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Read afresh from here on."""
        self.loaders = Loaders(self.db, self.viewer)

    def again(self) -> "Context":
        """The same for another operation on the same connection."""
        return Context(self.viewer, self.db, self.bus, self.renew)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One write; what was read before it is forgotten."""
        async with self.db.write(self.viewer) as session:
            yield session
        self.forget()


class OwnContext(SchemaExtension):
    """Every operation on a WebSocket gets batches of its own."""

    def on_operation(self) -> Any:
        context = self.execution_context.context
        if isinstance(context, Context):
            self.execution_context.context = context.again()
        yield


Info: TypeAlias = strawberry.Info[Context, None]
