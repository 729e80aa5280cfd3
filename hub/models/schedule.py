"""When sources are run by themselves, and what somebody should know about them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, Entity, Term, now, ref, uuid7


class Schedule(Entity):
    """When a source is run by itself (同步计划)."""

    __tablename__ = "schedules"

    source_id: Mapped[UUID] = ref("sources.id", index=False)
    cron: Mapped[str] = mapped_column(doc="Minute, hour, day, month, weekday, as cron has them (周期).")
    timezone: Mapped[str] = mapped_column(default="Asia/Shanghai", doc="Whose clock it follows (时区).")
    jitter: Mapped[int] = mapped_column(default=0, doc="Up to so many seconds later, by chance (随机延迟, 秒).")
    next_at: Mapped[datetime | None] = mapped_column(
        index=True, doc="When it runs next, the delay included (下次运行); empty: the source is paused."
    )
    last_at: Mapped[datetime | None] = mapped_column(doc="When its turn last came (上次运行).")
    set_by: Mapped[str | None] = mapped_column(doc="Who decided so (设定人).")

    __table_args__ = (Index(None, "source_id", unique=True),)


class RunNote(Base):
    """A line in the log of a run (运行日志)."""

    __tablename__ = "run_notes"

    run_id: Mapped[UUID] = ref("runs.id", primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    at: Mapped[datetime] = mapped_column(default=now, doc="When (时间).")
    words: Mapped[str] = mapped_column(doc="What happened, in words (内容).")


class AlertKind(Term):
    """What an alert is about (告警类型)."""

    QUIET = "A source has brought nothing for longer than it should (数据源静默)."
    FAILING = "Runs of a source fail (同步失败)."
    GUARDED = "A run would mark too many things as gone, and stopped (注销保护)."
    DRIFT = "A source says what its plugin does not expect (结构变化)."
    PARKED = "A target refuses us, or deliveries to it wait for a person (推送搁置)."
    REJECTED = "Records of a source were refused and wait for a person (记录待处理)."
    STUCK = "A plugin blocks a process, which is to be started anew (插件阻塞)."
    WORKER = "Something that the worker does over and over fails (后台任务出错)."
    ECHO = "The hub and another system keep contradicting one another (回声)."


class Alert(Entity):
    """Something that a person should know; cleared when it is no longer so (告警)."""

    __tablename__ = "alerts"

    kind: Mapped[AlertKind] = mapped_column(doc="What it is about (告警类型).")
    source_id: Mapped[UUID | None] = ref("sources.id", index=False)
    subject: Mapped[str] = mapped_column(default="", doc="What of the source it is about (对象): a field, a run.")
    words: Mapped[str] = mapped_column(doc="What is the matter, and what to do (内容).")
    times: Mapped[int] = mapped_column(default=1, doc="How often it was seen (次数).")
    last_at: Mapped[datetime] = mapped_column(default=now, doc="When it was last seen (最近时间).")
    cleared_at: Mapped[datetime | None] = mapped_column(doc="When it was no longer so (解除时间); empty: it still is.")

    __table_args__ = (
        Index(
            None,
            *("source_id", "kind", "subject"),
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("cleared_at IS NULL"),
        ),
    )
