"""What sources push to the hub, as it came."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import SECRET, Entity, Term, ref


class ArrivalStatus(Term):
    """Where a pushed message stands (来件状态)."""

    WAITING = "Taken in, not read yet (待处理)."
    TAKEN = "Read and applied (已采纳)."
    PARKED = "Speaks of what the hub does not have yet: read again when more has come (待关联)."
    REFUSED = "Cannot be read: see the reason (已拒绝)."


class HookAlgorithm(Term):
    """How a source signs what it pushes (签名算法)."""

    SHA256 = "HMAC with SHA-256 (国际算法)."
    SM3 = "HMAC with SM3 (国密算法)."


class Arrival(Entity):
    """A message that a source pushed to /hooks/{source} (来件)."""

    __tablename__ = "arrivals"

    source_id: Mapped[UUID] = ref("sources.id", index=False)
    nonce: Mapped[str] = mapped_column(doc="The sender's own number for it: taken once (随机数).")
    body: Mapped[bytes] = mapped_column(LargeBinary, info=SECRET)
    sha256: Mapped[str] = mapped_column(doc="Of the body, hexadecimal (摘要).")
    signed_at: Mapped[datetime] = mapped_column(doc="When the sender signed it (签名时间).")
    status: Mapped[ArrivalStatus] = mapped_column(default=ArrivalStatus.WAITING, doc="Where it stands (来件状态).")
    reason: Mapped[str | None] = mapped_column(doc="Why it is not applied, or not all of it, in words (原因).")
    run_id: Mapped[UUID | None] = mapped_column()
    tries: Mapped[int] = mapped_column(default=0, doc="How often it was read (读取次数).")
    again_at: Mapped[datetime | None] = mapped_column(doc="When it is read again, where it is parked (再读时间).")
    waits: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True), info=SECRET)

    __table_args__ = (
        Index(None, "source_id", "nonce", unique=True),
        Index(None, "source_id", "status", "id"),
        Index(None, "status", "created_at"),
        Index(
            None,
            "waits",
            postgresql_using="gin",
            postgresql_ops={"waits": "jsonb_path_ops"},
            postgresql_where=text("waits IS NOT NULL"),
        ),
    )
