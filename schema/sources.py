"""What the hub is kept in step with: sources, their runs, and what came of every record."""

from datetime import datetime
from uuid import UUID

import strawberry

from hub import models
from hub.services import alerts as see_alerts
from hub.services import arrivals as see_arrivals
from hub.services import schedules as see_schedules
from hub.services import sources as see_sources
from hub.services import targets as see_targets
from hub.sync.kinds import KINDS
from schema import ids
from schema.arrivals import HookKey
from schema.edges import connection, found, many, one
from schema.node import Identified, bare, computed, node
from schema.verbs import verb

SOURCE = models.Source.id
RUN = models.Run.id


@node(
    models.Source,
    see_sources.visible,
    """name plugin title enabled paused_by paused_because quiet_after most_gone most_refused cursor created_at
    updated_at""",
    natural="name",
)
class Source(Identified):
    target = one(
        "Target",
        see_targets.visible,
        models.Target.source_id,
        key=SOURCE,
        description="The other direction: how it is told what changes here (推送目标).",
    )
    runs = many(
        "Run",
        see_sources.runs,
        models.Run.source_id,
        key=SOURCE,
        order="-started_at",
        description="Its runs (同步任务).",
    )
    rejected = many(
        "Rejected",
        see_sources.rejected,
        models.Rejected.source_id,
        key=SOURCE,
        order="-created_at",
        description="Its records that were refused (拒绝的记录).",
    )
    schedule = one(
        "Schedule",
        see_schedules.visible,
        models.Schedule.source_id,
        key=SOURCE,
        description="When it runs by itself (同步计划).",
    )
    alerts = many(
        "Alert",
        see_alerts.visible,
        models.Alert.source_id,
        key=SOURCE,
        order="-last_at",
        description="What a person should know of it; what is cleared too (告警).",
    )
    arrivals = many(
        "Arrival",
        see_arrivals.visible,
        models.Arrival.source_id,
        key=SOURCE,
        order="-created_at",
        description="What it has pushed (来件).",
    )
    hook_keys = computed(
        [models.Source.keys],
        see_arrivals.keys,
        type=list[HookKey],
        description="The keys that it signs with (签名密钥).",
    )


def _seconds(started_at: datetime, finished_at: datetime | None) -> float | None:
    return None if finished_at is None else (finished_at - started_at).total_seconds()


@node(
    models.Run,
    see_sources.runs,
    """mode status started_by started_at finished_at pages records expected created updated closed rejected unchanged
    moved error reason cancelled_by guarded""",
)
class Run(Identified):
    uuid = bare(models.Run.id)
    duration_seconds = computed(
        [models.Run.started_at, models.Run.finished_at],
        _seconds,
        type=float | None,
        description="How long it took, in seconds (耗时); null while it is at work.",
    )
    notes = many(
        "RunNote",
        see_sources.run_notes,
        models.RunNote.run_id,
        key=RUN,
        order="id",
        description="Its log (运行日志).",
    )
    source = one(
        "Source", see_sources.visible, SOURCE, key=models.Run.source_id, description="Of which source (数据源)."
    )
    plan = many(
        "PlanRow",
        see_sources.plan_rows,
        models.PlanRow.run_id,
        key=RUN,
        order="number",
        description="What it means to do (计划).",
    )
    applies = one(
        "Run", see_sources.runs, RUN, key=models.Run.plan_id, description="The plan it applied (所执行的计划)."
    )
    rejected_records = many(
        "Rejected",
        see_sources.rejected,
        models.Rejected.run_id,
        key=RUN,
        order="-created_at",
        description="The records that it refused (拒绝的记录).",
    )


def _row_id(kind: str, id: UUID | None) -> str | None:
    made_of = KINDS.get(kind)
    return None if id is None or made_of is None else ids.encode(made_of.model.__name__, (id,))


@node(models.PlanRow, see_sources.plan_rows, "number action kind key old new kept rule state reason")
class PlanRow(Identified):
    entity_id = computed(
        [models.PlanRow.kind, models.PlanRow.entity_id],
        _row_id,
        type=strawberry.ID | None,
        description="The id of the row that it is about, for `node(id)` (对象标识).",
    )
    run = one("Run", see_sources.runs, RUN, key=models.PlanRow.run_id, description="Of which run (同步任务).")


@node(
    models.Rejected,
    see_sources.rejected,
    "status kind key where reason raw times note handled_by created_at updated_at",
)
class Rejected(Identified):
    uuid = bare(models.Rejected.id)
    source = one(
        "Source", see_sources.visible, SOURCE, key=models.Rejected.source_id, description="From where (数据源)."
    )
    run = one("Run", see_sources.runs, RUN, key=models.Rejected.run_id, description="By which run (同步任务).")


@strawberry.type
class Query:
    source = found("Source", see_sources.visible, models.Source.name, description="One source (数据源).")
    sources = connection("Source", see_sources.visible, order="name", description="The sources (数据源).")
    run = found("Run", see_sources.runs, description="One run (同步任务).")
    runs = connection("Run", see_sources.runs, order="-started_at", description="The runs, newest first (同步任务).")
    rejected_records = connection(
        "Rejected", see_sources.rejected, order="-created_at", description="The records that were refused (拒绝的记录)."
    )


WORDS = {
    "id": "The rejected record's id (标识).",
    "reason": "Why, in words (原因).",
    "fields": "What is corrected (修正的字段).",
    "fields.name": "The field, as a plugin's record names it (字段).",
    "fields.value": "What it says from here on, as text; without it: empty (值).",
    "note": "Why, in words (说明).",
}


@strawberry.type
class Mutation:
    ignore_rejected = verb(see_sources.ignore, WORDS, returns="Rejected", ids={"id": "Rejected"})
    mend_rejected = verb(see_sources.mend, WORDS, returns="Rejected", ids={"id": "Rejected"})
