"""Requests that may say the same: what the hub suggests, and what people decided."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, Term, now, ref, uuid7


class DuplicateDecision(Term):
    """What was decided about two requests that may say the same (查重结论)."""

    MERGED = "One was merged into the other (并案)."
    DISMISSED = "They are not the same, for good (排除)."


class DuplicateSuggestion(Base):
    """An earlier request that may say the same as this one (疑似重复)."""

    __tablename__ = "duplicate_suggestions"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("requests.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    other_id: Mapped[UUID] = ref("requests.id")
    at: Mapped[datetime] = mapped_column(default=now, doc="When it was found (发现时间).")
    score: Mapped[float] = mapped_column(doc="How alike they are, from 0 to 1 (相似度).")
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, doc="Why, part by part, as JSON (理由).")
    decided: Mapped[DuplicateDecision | None] = mapped_column(doc="What was decided (结论); empty: nothing yet.")
    decided_by: Mapped[str | None] = mapped_column(doc="Who decided, by the subject of the token (决定人).")
    decided_at: Mapped[datetime | None] = mapped_column(doc="When it was decided (决定时间).")

    __table_args__ = (UniqueConstraint("request_id", "other_id"),)


class DuplicateSearch(Base):
    """How far the log was read for new requests to compare (查重进度): one row."""

    __tablename__ = "duplicate_searches"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger, doc="The number of the last transaction that was read (事务号).")
    change_id: Mapped[UUID] = mapped_column()
