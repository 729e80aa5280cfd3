"""What the hub is kept in step with: sources, their runs, and what came of every record."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import SECRET, Base, Entity, Term, now, ref, uuid7


class Source(Entity):
    """Another system, reached through a plugin with settings (数据源)."""

    __tablename__ = "sources"

    name: Mapped[str] = mapped_column(unique=True, doc="How it is called on the command line.")
    plugin: Mapped[str] = mapped_column(doc="The plugin that speaks with it.")
    title: Mapped[str] = mapped_column(doc="A line for people.")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, info=SECRET)
    enabled: Mapped[bool] = mapped_column(default=True, doc="Whether it may run.")
    cursor: Mapped[str | None] = mapped_column(doc="Where the next run goes on from, in the plugin's own words.")
    fence: Mapped[int] = mapped_column(default=0)


class RunStatus(Term):
    """Where a run stands."""

    RUNNING = "At work (运行中)."
    PLANNED = "Planned and stored, waits for a person (待执行)."
    DONE = "Finished (完成)."
    FAILED = "Stopped by an error; what was applied stays, the cursor too (失败)."
    CANCELLED = "Stopped by a person (取消)."


class RunMode(Term):
    """What a run does with its plan."""

    APPLY = "Applies each page as it is planned (执行)."
    PLAN = "Stores the plan and stops (预演)."


class Run(Entity):
    """One pull from one source, from the first page to the last (同步任务)."""

    __tablename__ = "runs"

    source_id: Mapped[UUID] = ref("sources.id")
    mode: Mapped[RunMode] = mapped_column(default=RunMode.APPLY, doc="What it does with its plan.")
    status: Mapped[RunStatus] = mapped_column(default=RunStatus.RUNNING, doc="Where it stands.")
    started_by: Mapped[str] = mapped_column(doc="Who started it.")
    started_at: Mapped[datetime] = mapped_column(default=now, doc="When it started.")
    finished_at: Mapped[datetime | None] = mapped_column(doc="When it ended; empty: still at work.")
    fence: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str] = mapped_column(default="")
    alive_at: Mapped[datetime] = mapped_column(default=now, doc="When it last gave a sign of life.")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, info=SECRET)
    pages: Mapped[int] = mapped_column(default=0, doc="How many pages came.")
    records: Mapped[int] = mapped_column(default=0, doc="How many records came, bad ones too.")
    expected: Mapped[int | None] = mapped_column(doc="How many records the source says there are, where it knows.")
    created: Mapped[int] = mapped_column(default=0, doc="How many things were new.")
    updated: Mapped[int] = mapped_column(default=0, doc="How many things changed.")
    closed: Mapped[int] = mapped_column(default=0, doc="How many things were marked as gone.")
    rejected: Mapped[int] = mapped_column(default=0, doc="How many records were refused: see rejected records.")
    unchanged: Mapped[int] = mapped_column(default=0, doc="How many records said nothing new.")
    error: Mapped[str | None] = mapped_column(doc="Why it failed, in words.")


class Landing(Base):
    """A page as it was received, byte for byte."""

    __tablename__ = "landings"

    run_id: Mapped[UUID] = ref("runs.id", primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True)
    received: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(default=now)


class Link(Base):
    """What a source calls one of our rows. `hash` is of the record last applied; NULL: look again."""

    __tablename__ = "links"

    key: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    entity_id: Mapped[UUID] = mapped_column(index=True)
    hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    run_id: Mapped[UUID]


class PlanAction(Term):
    """What a plan means to do with a record."""

    CREATE = "Make a new row (新建)."
    UPDATE = "Change fields of a row (更新)."
    CLOSE = "Mark a row as gone (注销)."
    REJECT = "Refuse the record (拒绝)."


class PlanRow(Base):
    """What a stored plan means to do with one record, field by field, old and new, and by which rule."""

    __tablename__ = "plan_rows"

    run_id: Mapped[UUID] = ref("runs.id", primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    action: Mapped[PlanAction] = mapped_column(doc="What is to be done.")
    kind: Mapped[str] = mapped_column(doc="The kind of record.")
    key: Mapped[str] = mapped_column(doc="The source's key.")
    entity_id: Mapped[UUID | None] = mapped_column()
    old: Mapped[dict[str, Any]] = mapped_column(doc="The values before, of the fields that change.")
    new: Mapped[dict[str, Any]] = mapped_column(doc="The values after.")
    rule: Mapped[str] = mapped_column(doc="The rule that decided, in words.")
    private: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Provenance(Base):
    """Who wrote a field last: which source in which run, or which person. No row: as the entity was created."""

    __tablename__ = "provenances"

    entity_id: Mapped[UUID] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True, doc="The field.")
    source_id: Mapped[UUID | None] = ref("sources.id", index=False)
    run_id: Mapped[UUID | None] = mapped_column()
    actor: Mapped[str | None] = mapped_column(doc="The person, where it was one.")
    at: Mapped[datetime] = mapped_column(default=now, doc="When it was written.")


class RejectedStatus(Term):
    """What became of a rejected record."""

    OPEN = "Waits for somebody (待处理)."
    REPLAYED = "Read again, and applied (已重放)."
    IGNORED = "Left alone, with a reason (已忽略)."


class Rejected(Entity):
    """A record that could not be applied: kept as received, with the reason in words (拒绝的记录)."""

    __tablename__ = "rejected"

    source_id: Mapped[UUID] = ref("sources.id")
    run_id: Mapped[UUID] = ref("runs.id")
    status: Mapped[RejectedStatus] = mapped_column(default=RejectedStatus.OPEN, doc="What became of it.")
    kind: Mapped[str] = mapped_column(doc="The kind of record it would have been.")
    key: Mapped[str | None] = mapped_column(doc="The source's key, where it could be read.")
    where: Mapped[str] = mapped_column(doc="File and row, or page and position.")
    reason: Mapped[str] = mapped_column(doc="What is wrong and where, in words.")
    raw: Mapped[dict[str, Any]] = mapped_column(doc="The record as received; telephone numbers are masked.")
    record: Mapped[dict[str, Any] | None] = mapped_column(JSONB, info=SECRET)
    times: Mapped[int] = mapped_column(default=1, doc="In how many runs it was refused.")

    __table_args__ = (Index(None, "source_id", "kind", "key"),)
