"""What the hub is kept in step with: sources, their runs, and what came of every record."""

import strawberry

from hub import models
from hub.services import sources as see_sources
from hub.services import targets as see_targets
from schema.edges import connection, found, many, one
from schema.node import Identified, node
from schema.verbs import verb

SOURCE = models.Source.id
RUN = models.Run.id


@node(models.Source, see_sources.visible, "name plugin title enabled cursor created_at updated_at", natural="name")
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


@node(
    models.Run,
    see_sources.runs,
    """mode status started_by started_at finished_at pages records expected created updated closed rejected unchanged
    moved error""",
)
class Run(Identified):
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


@node(models.PlanRow, see_sources.plan_rows, "number action kind key old new rule state reason")
class PlanRow(Identified):
    run = one("Run", see_sources.runs, RUN, key=models.PlanRow.run_id, description="Of which run (同步任务).")


@node(
    models.Rejected,
    see_sources.rejected,
    "status kind key where reason raw times note handled_by created_at updated_at",
)
class Rejected(Identified):
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
