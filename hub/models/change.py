"""The one log: what changed, how to take it back, who did it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, Base, Term, now, sparse, uuid7


class ChangeKind(Term):
    """What happened to the row (变更类型)."""

    CREATED = "It came to be (新建)."
    UPDATED = "Some of its fields changed (更新)."
    CLOSED = "It was marked as gone (注销); its history stays."
    DELETED = "The row was removed (删除)."


class Change(Base):
    """One write of one row (变更). `patch` holds the new values, `reverse` the old ones of the same fields.

    `position` is the number of the writing transaction: readers take only positions below the oldest running one, so a
    late commit is never skipped. The log's order is (position, id).
    """

    __tablename__ = "changes"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    position: Mapped[int] = mapped_column(BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint"))
    at: Mapped[datetime] = mapped_column(default=now, doc="When it was written (写入时间).")
    kind: Mapped[ChangeKind] = mapped_column(doc="What happened to the row (变更类型).")
    entity: Mapped[str] = mapped_column(doc="The type of what changed, as the graph calls it (对象类型).")
    entity_id: Mapped[UUID] = mapped_column(index=True)
    subject_id: Mapped[UUID | None] = mapped_column()
    grid_path: Mapped[str | None] = mapped_column(PATH)
    patch: Mapped[dict[str, Any]] = mapped_column(doc="The new values of the fields that changed, as JSON (新值).")
    reverse: Mapped[dict[str, Any]] = mapped_column(doc="The old values of the same fields, as JSON (旧值).")
    actor: Mapped[str | None] = mapped_column(doc="Who did it (操作者): the subject of the token, or the hub itself.")
    run_id: Mapped[UUID | None] = mapped_column()
    said_at: Mapped[datetime | None] = mapped_column(doc="When the source said so, by its own clock (来源时间).")

    __table_args__ = (Index(None, "position", "id"), sparse("subject_id"))
