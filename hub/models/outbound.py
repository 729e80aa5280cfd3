"""What the hub tells others: targets, deliveries, and every attempt at them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import SECRET, Base, Entity, Term, now, ref, uuid7


class TargetStatus(Term):
    """Whether a target is being told things (推送状态)."""

    ACTIVE = "It is told what changes (推送中)."
    PAUSED = "A person has paused it; what changes is kept for it (已暂停)."
    PARKED = "It refuses us, or failed too often: a person is asked; what changes is kept for it (已搁置)."


class Target(Entity):
    """A source that is also told what changes in the hub: the other direction of the same connection (推送目标)."""

    __tablename__ = "targets"

    source_id: Mapped[UUID] = ref("sources.id", index=False)
    status: Mapped[TargetStatus] = mapped_column(
        default=TargetStatus.ACTIVE, doc="Whether it is being told things (推送状态)."
    )
    reason: Mapped[str | None] = mapped_column(doc="Why it is paused or parked, or fails, in words (原因).")
    kinds: Mapped[list[str]] = mapped_column(default=list, doc="The kinds it is told of (记录类型).")
    events: Mapped[list[str]] = mapped_column(
        default=list, doc="The steps of requests that it is told of by name (事件); empty: all of them."
    )
    known_only: Mapped[bool] = mapped_column(
        default=True, doc="Whether it is told only of what it brought or was told before (仅限对方已知的对象)."
    )
    position: Mapped[int] = mapped_column(BigInteger, default=0)
    change_id: Mapped[UUID] = mapped_column()
    failures: Mapped[int] = mapped_column(default=0, doc="How many attempts in a row failed (连续失败次数).")
    next_at: Mapped[datetime | None] = mapped_column(doc="Not before then (下次尝试时间).")
    fence: Mapped[int] = mapped_column(default=0)
    alive_at: Mapped[datetime | None] = mapped_column()

    __table_args__ = (Index(None, "source_id", unique=True),)


class DeliveryStatus(Term):
    """Where a delivery stands (投递状态)."""

    READY = "Waits for its turn (待投递)."
    SENDING = "Is being sent, or was when the sender stopped: the target may have it (投递中)."
    RETRY = "Failed; tried again later (待重试)."
    SENT = "The target has it (已送达)."
    SKIPPED = "A later one says it all, or the target said it itself (已略过)."
    PARKED = "The target refuses it, or it was tried too often: a person is asked (已搁置)."


WAITING = text("status NOT IN ('SENT', 'SKIPPED')")


class Delivery(Entity):
    """One change on its way to one target (投递)."""

    __tablename__ = "deliveries"

    target_id: Mapped[UUID] = ref("targets.id", index=False)
    change_id: Mapped[UUID] = mapped_column()
    position: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(doc="The kind of record (记录类型).")
    entity_id: Mapped[UUID] = mapped_column()
    action: Mapped[str] = mapped_column(doc="What happened (事件).")
    status: Mapped[DeliveryStatus] = mapped_column(default=DeliveryStatus.READY, doc="Where it stands (投递状态).")
    tries: Mapped[int] = mapped_column(default=0, doc="How often it was tried (尝试次数).")
    next_at: Mapped[datetime | None] = mapped_column(doc="Not before then (下次尝试时间).")
    sent_at: Mapped[datetime | None] = mapped_column(doc="When the target had it (送达时间).")
    key: Mapped[str | None] = mapped_column(doc="What the target calls it (对方主键).")
    reason: Mapped[str | None] = mapped_column(doc="Why it is not sent, in words (原因).")
    asked_by: Mapped[str | None] = mapped_column(doc="Who asked for it to be sent now, whatever it says (要求者).")
    hash: Mapped[bytes | None] = mapped_column(LargeBinary, info=SECRET)

    __table_args__ = (
        Index(None, "target_id", "change_id", unique=True),
        Index(None, "target_id", "entity_id", "position"),
        Index("ix_deliveries_waiting", "target_id", "position", "change_id", postgresql_where=WAITING),
        Index("ix_deliveries_in_line", *("target_id", "entity_id", "position", "change_id"), postgresql_where=WAITING),
    )


class Attempt(Base):
    """One try at a delivery: what was sent, what came back, how long it took (投递日志)."""

    __tablename__ = "attempts"

    delivery_id: Mapped[UUID] = ref("deliveries.id", primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    at: Mapped[datetime] = mapped_column(default=now, doc="When it began (开始时间).")
    milliseconds: Mapped[int] = mapped_column(doc="How long it took, in ms (耗时).")
    request: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, doc="What was sent (请求): method, url, headers without secrets, body."
    )
    response: Mapped[dict[str, Any] | None] = mapped_column(JSONB, doc="What came back (响应): status, headers, body.")
    outcome: Mapped[str] = mapped_column(doc="What came of it, in words (结果).")
    by: Mapped[str | None] = mapped_column(doc="Who asked for it (发起者); empty: the hub itself.")
