"""What admins steer and watch: schedules, alerts, the logs of runs, runs asked for and stopped, how far they are."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from typing import Annotated, Any

import strawberry

from hub import models
from hub.services import alerts as see_alerts
from hub.services import schedules as see_schedules
from hub.services import sources as see_sources
from hub.sync import steering
from schema.context import Info
from schema.edges import connection, one
from schema.engine import code
from schema.engine.fields import Details
from schema.engine.plan import Level, Stream
from schema.engine.planner import Planner
from schema.following_runs import follow, start
from schema.node import Identified, bare, node
from schema.sources import Run
from schema.verbs import verb

SOURCE = models.Source.id


@node(
    models.Schedule, see_schedules.visible, "cron timezone jitter next_at last_at set_by created_at updated_at revision"
)
class Schedule(Identified):
    source = one(
        "Source", see_sources.visible, SOURCE, key=models.Schedule.source_id, description="Of which source (数据源)."
    )


@node(models.RunNote, see_sources.run_notes, "at words")
class RunNote(Identified):
    run = one("Run", see_sources.runs, models.Run.id, key=models.RunNote.run_id, description="Of which run (同步任务).")


@node(models.Alert, see_alerts.visible, "kind subject words times last_at cleared_at created_at updated_at revision")
class Alert(Identified):
    uuid = bare(models.Alert.id)
    source = one(
        "Source",
        see_sources.visible,
        SOURCE,
        key=models.Alert.source_id,
        description="Which source it is about, if one (数据源).",
    )


@strawberry.type
class Query:
    alerts = connection(
        "Alert",
        see_alerts.visible,
        order="-last_at",
        description="What a person should know, the latest first; those that are cleared too (告警).",
    )
    schedules = connection(
        "Schedule", see_schedules.visible, order="next_at", description="The schedules, the next one first (同步计划)."
    )


NAME = {"name": "The source, by its name (数据源标识)."}
RUN_ID = {"run": "The run's id (任务标识)."}
OF_RUN = {"run": "Run"}
GONE = {"reason": "Why it may mark more as gone than the source's limit (放行原因)."}
RUN_WORDS = (
    NAME
    | {
        "mode": "APPLY, or PLAN to store what it would do and stop (运行方式).",
        "settings": "Other settings, for this run only (临时设置).",
        "settings.name": "The setting's name (设置名).",
        "settings.value": "Its value: JSON where it reads as JSON, else text (设置值).",
        "since": "Only what is of a range of days: its first day (起始日期).",
        "until": "The last day of the range, which belongs to it (结束日期).",
        "allow_refused": "Why it may refuse more records than the source's limit (放行拒绝原因).",
        "full": "Read everything from the beginning: what was missed, what is gone (全量).",
    }
    | GONE
)
SCHEDULE_WORDS = NAME | {
    "cron": 'Minute, hour, day, month, weekday: "0 */2 * * *" is every two hours (周期).',
    "timezone": "Whose clock it follows, by its name: Asia/Shanghai (时区).",
    "jitter": "Up to so many seconds later, by chance (随机延迟, 秒).",
}


@strawberry.type
class Mutation:
    run_source = verb(steering.run_source, RUN_WORDS, returns="Source", ids={})
    apply_plan = verb(steering.apply_plan, RUN_ID | GONE, returns="Run", ids=OF_RUN)
    undo_run = verb(steering.undo_run, RUN_ID, returns="Run", ids=OF_RUN)
    replay_rejected = verb(steering.replay_rejected, NAME, returns="Source", ids={})
    cancel_run = verb(steering.cancel_run, RUN_ID, returns="Run", ids=OF_RUN)
    cancel_source = verb(steering.cancel_source, NAME, returns="Source", ids={})
    set_schedule = verb(see_schedules.set_schedule, SCHEDULE_WORDS, returns="Source", ids={})
    clear_schedule = verb(see_schedules.clear_schedule, NAME, returns="Source", ids={})
    pause_source = verb(see_schedules.pause, NAME | {"reason": "Why, in words (原因)."}, returns="Source", ids={})
    resume_source = verb(see_schedules.resume, NAME, returns="Source", ids={})
    set_quiet_after = verb(
        see_schedules.set_quiet_after,
        NAME | {"minutes": "How many minutes; without it: three turns of its schedule (分钟)."},
        returns="Source",
        ids={},
    )


RunId = Annotated[strawberry.ID | None, strawberry.argument(description="This run (任务标识).")]
Of = Annotated[
    str | None,
    strawberry.argument(description="The run that this source is at, else the next one that begins (数据源标识)."),
]


async def _follow(info: Info, run: RunId = None, source: Of = None) -> AsyncGenerator[Any, None]:
    wanted = await start(info.context, run, source)
    async for row in follow(info.context, wanted):
        yield row


def _plan(planner: Planner, kind: Any, details: Details) -> tuple[Level, Stream]:
    """Each run is in hand, as it stands."""
    given, now = planner.given.arguments(kind, details)
    draft = replace(planner.draft("Run", see_sources.runs(planner.viewer)), in_hand=True)
    row = planner.fields.row(draft, draft.source, planner.fields.type("Run"), details)
    level = planner.level("runProgress", draft, code.FIRST, None, row=row)

    async def events(run: Any) -> AsyncIterator[tuple[models.Run, tuple[()]]]:
        asked = given if now is None else now(run)
        wanted = await start(run.context, asked.get("run"), asked.get("source"))
        async for found in follow(run.context, wanted):
            yield found, ()

    return level, Stream(events, tuple(name for _, name in draft.layout.picked))


@strawberry.type
class Subscription:
    run_progress = strawberry.subscription(
        resolver=_follow,
        graphql_type=Run,
        metadata={"stream": _plan, "rows": 1},
        description="How far a run is: the run, each time its counts have grown; it ends when the run ends (同步进度).",
    )
