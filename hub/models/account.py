"""Who may call: keys for machines and people."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import SECRET, Entity, ref


class ApiKey(Entity):
    """A token that was given out. Only its keyed hash is kept; `prefix` finds it."""

    __tablename__ = "api_keys"

    prefix: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, info=SECRET)
    name: Mapped[str]
    role: Mapped[str]
    grid_id: Mapped[UUID | None] = ref("grids.id")
    party_id: Mapped[UUID | None] = ref("parties.id")
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
