"""What the hub is kept in step with: sources, their runs, and what came of every record."""

from datetime import datetime
from typing import Any
from uuid import UUID

from isal import isal_zlib
from sqlalchemy import Dialect, ForeignKey, Index, LargeBinary, TypeDecorator, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import SECRET, Base, Entity, Term, now, ref, sparse, uuid7


class Source(Entity):
    """Another system, reached through a plugin with settings (数据源)."""

    __tablename__ = "sources"

    name: Mapped[str] = mapped_column(unique=True, doc="How it is called on the command line (数据源标识).")
    plugin: Mapped[str] = mapped_column(doc="The plugin that speaks with it (插件).")
    title: Mapped[str] = mapped_column(doc="A line for people (名称).")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, info=SECRET)
    enabled: Mapped[bool] = mapped_column(default=True, doc="Whether it may run (是否启用).")
    cursor: Mapped[str | None] = mapped_column(
        doc="Where the next run goes on from, in the plugin's own words (同步位置)."
    )
    fence: Mapped[int] = mapped_column(default=0)
    most_gone: Mapped[float] = mapped_column(
        sort_order=1, default=0.05, doc="Which share of what it brought a run may mark as gone, 0 to 1 (注销上限)."
    )
    keys: Mapped[list[Any] | None] = mapped_column(JSONB, sort_order=1, info=SECRET)
    quiet_after: Mapped[int | None] = mapped_column(
        sort_order=1,
        doc="So many minutes in which it brings nothing are an alert (静默告警, 分钟); empty: three turns of its "
        "schedule without a successful run.",
    )
    watched_since: Mapped[datetime | None] = mapped_column(sort_order=1)
    paused_by: Mapped[str | None] = mapped_column(sort_order=1, doc="Who paused it (暂停人); empty: it is not paused.")
    paused_because: Mapped[str | None] = mapped_column(sort_order=1, doc="Why it is paused, in words (暂停原因).")
    most_refused: Mapped[float] = mapped_column(
        sort_order=1,
        default=0.05,
        doc="Which share of what a run brings may be refused before it is stopped, 0 to 1 (拒绝上限).",
    )


class RunStatus(Term):
    """Where a run stands (任务状态)."""

    RUNNING = "At work (运行中)."
    PLANNED = "Planned and stored, waits for a person (待执行)."
    APPLIED = "Planned and stored, then applied by another run (已执行)."
    DONE = "Finished (完成)."
    FAILED = "Stopped by an error; what was applied stays, the cursor too (失败)."
    CANCELLED = "Stopped by a person (取消)."


class RunMode(Term):
    """What a run does with its plan (运行方式)."""

    APPLY = "Applies each page as it is planned (执行)."
    PLAN = "Stores the plan and stops (预演)."
    REPLAY = "Reads rejected records again (重放)."
    UNDO = "Takes another run back (撤销)."
    RECEIVE = "Reads what the source has pushed (接收)."


class Run(Entity):
    """One pull from one source, from the first page to the last (同步任务)."""

    __tablename__ = "runs"

    source_id: Mapped[UUID] = ref("sources.id", index=False)
    mode: Mapped[RunMode] = mapped_column(default=RunMode.APPLY, doc="What it does with its plan (运行方式).")
    status: Mapped[RunStatus] = mapped_column(default=RunStatus.RUNNING, doc="Where it stands (任务状态).")
    started_by: Mapped[str] = mapped_column(doc="Who started it (发起者).")
    started_at: Mapped[datetime] = mapped_column(default=now, doc="When it started (开始时间).")
    finished_at: Mapped[datetime | None] = mapped_column(doc="When it ended (结束时间); empty: still at work.")
    fence: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str] = mapped_column(default="")
    alive_at: Mapped[datetime] = mapped_column(default=now, doc="When it last gave a sign of life (心跳时间).")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, info=SECRET)
    pages: Mapped[int] = mapped_column(default=0, doc="How many pages came (页数).")
    records: Mapped[int] = mapped_column(default=0, doc="How many records came, bad ones too (记录数).")
    expected: Mapped[int | None] = mapped_column(
        doc="How many records the source says there are, where it knows (应有记录数)."
    )
    created: Mapped[int] = mapped_column(default=0, doc="How many things were new (新建数).")
    updated: Mapped[int] = mapped_column(default=0, doc="How many things changed (更新数).")
    closed: Mapped[int] = mapped_column(default=0, doc="How many things were marked as gone (注销数).")
    rejected: Mapped[int] = mapped_column(
        default=0, doc="How many records were refused (拒绝数): see rejected records."
    )
    unchanged: Mapped[int] = mapped_column(default=0, doc="How many records said nothing new (未变数).")
    error: Mapped[str | None] = mapped_column(doc="Why it failed, in words (错误原因).")
    plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("runs.id"), sort_order=1)
    moved: Mapped[int] = mapped_column(
        sort_order=1,
        default=0,
        doc="How many parts of a plan were not applied, as what they were for had moved (已失效数).",
    )
    began: Mapped[str | None] = mapped_column(sort_order=1, doc="The source's position when it began (起始位置).")
    cursor: Mapped[str | None] = mapped_column(
        sort_order=1, doc="Of a stored plan: the position once it is applied (计划终点)."
    )
    reason: Mapped[str | None] = mapped_column(sort_order=1, doc="Why a person let it do what is guarded (放行原因).")
    cancelled_by: Mapped[str | None] = mapped_column(sort_order=1, doc="Who asked it to stop (取消者).")
    guarded: Mapped[str | None] = mapped_column(
        sort_order=1, doc="Of a stored plan: why it is not applied unless a person says why it may (拦截原因)."
    )

    __table_args__ = (sparse("plan_id"), Index(None, "source_id", "id"))


class Packed(TypeDecorator[bytes]):
    """Bytes that are packed on their way, as zlib does it: the database itself would take ten times as long."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else isal_zlib.compress(value, 1)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else isal_zlib.decompress(value)


class Landing(Base):
    """A page as it was received, byte for byte."""

    __tablename__ = "landings"

    run_id: Mapped[UUID] = ref("runs.id", primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True)
    received: Mapped[bytes] = mapped_column(Packed)
    sha256: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(default=now)


class Link(Base):
    """What a source calls one of our rows.

    hash       of the record last applied; NULL: look again
    at         its time, where the source says it
    later      field -> time of what was said since of single fields, in records that do not say everything
    missed_at  since when a source that brings everything has not brought it
    unknown    what the record last applied names and the hub did not know: see hub/sync/sought.py
    """

    __tablename__ = "links"

    key: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    entity_id: Mapped[UUID] = mapped_column(index=True)
    hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    run_id: Mapped[UUID]
    at: Mapped[datetime | None]
    later: Mapped[dict[str, Any] | None]
    missed_at: Mapped[datetime | None]
    unknown: Mapped[str | None]


class Sighting(Base):
    """What a run has seen of a source that brings everything: what it has not seen may be gone."""

    __tablename__ = "sightings"

    source_id: Mapped[UUID] = ref("sources.id", primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[UUID]


class PlanAction(Term):
    """What a plan means to do with a record (计划动作)."""

    CREATE = "Make a new row (新建)."
    UPDATE = "Change fields of a row (更新)."
    CLOSE = "Mark a row as gone (注销)."
    REJECT = "Refuse the record (拒绝)."
    LINK = "Only remember which row the source means by its key (关联)."
    KEEP = "Change nothing: the source says otherwise, but another's word stands (保留)."
    NOTE = "Only note that a whole read lacks it, or has it again: what two in a row lack is gone (缺失标记)."


class PlanState(Term):
    """What became of a part of a stored plan (计划项状态)."""

    WAITING = "Not applied yet (待执行)."
    APPLIED = "Done as planned (已执行)."
    REFUSED = "Not done, or not all of it, as what it was for has moved since: see the reason (已拒绝)."


class PlanRow(Base):
    """What a stored plan means to do with one record, field by field, old and new, and by which rule (计划项)."""

    __tablename__ = "plan_rows"

    run_id: Mapped[UUID] = ref("runs.id", primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    action: Mapped[PlanAction] = mapped_column(doc="What is to be done (计划动作).")
    kind: Mapped[str] = mapped_column(doc="The kind of record (记录类型).")
    key: Mapped[str] = mapped_column(doc="The source's key (来源主键).")
    entity_id: Mapped[UUID | None] = mapped_column()
    old: Mapped[dict[str, Any]] = mapped_column(doc="The values before, of the fields that change (旧值).")
    new: Mapped[dict[str, Any]] = mapped_column(doc="The values after (新值).")
    rule: Mapped[str] = mapped_column(doc="The rule that decided, in words (判定规则).")
    private: Mapped[dict[str, Any]] = mapped_column(default=dict)
    number: Mapped[int] = mapped_column(doc="Its place in the plan, from 1 on (序号).")
    state: Mapped[PlanState] = mapped_column(default=PlanState.WAITING, doc="What became of it (状态).")
    reason: Mapped[str | None] = mapped_column(doc="Why it was not done, in words (未执行原因).")
    kept: Mapped[dict[str, Any]] = mapped_column(
        default=dict, doc="Fields that the source says otherwise and that stay, with the rule that decided (保留字段)."
    )

    __table_args__ = (Index(None, "run_id", "number"), Index(None, "run_id", "key"))


class RejectedStatus(Term):
    """What became of a rejected record (处理状态)."""

    OPEN = "Waits for somebody (待处理)."
    REPLAYED = "Read again, and applied (已重放)."
    IGNORED = "Left alone, with a reason (已忽略)."


class Rejected(Entity):
    """A record that could not be applied: kept as received, with the reason in words (拒绝的记录)."""

    __tablename__ = "rejected"

    source_id: Mapped[UUID] = ref("sources.id")
    run_id: Mapped[UUID] = ref("runs.id")
    status: Mapped[RejectedStatus] = mapped_column(default=RejectedStatus.OPEN, doc="What became of it (处理状态).")
    kind: Mapped[str] = mapped_column(doc="The kind of record it would have been (记录类型).")
    key: Mapped[str | None] = mapped_column(doc="The source's key, where it could be read (来源主键).")
    where: Mapped[str] = mapped_column(doc="File and row, or page and position (位置).")
    reason: Mapped[str] = mapped_column(doc="What is wrong and where, in words (拒绝原因).")
    raw: Mapped[dict[str, Any]] = mapped_column(doc="The record as received (原始记录); telephone numbers are masked.")
    record: Mapped[dict[str, Any] | None] = mapped_column(JSONB, info=SECRET)
    times: Mapped[int] = mapped_column(default=1, doc="In how many runs it was refused (拒绝次数).")
    note: Mapped[str | None] = mapped_column(sort_order=1, doc="Why a person left it alone or mended it (处理说明).")
    handled_by: Mapped[str | None] = mapped_column(sort_order=1, doc="The person who did so (处理人).")

    __table_args__ = (
        Index(None, "source_id", "kind", "key"),
        Index("ix_rejected_open", "source_id", postgresql_where=text("status = 'OPEN'")),
    )
