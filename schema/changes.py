"""The one log: what changed, and a stream of it that loses nothing silently."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import strawberry

from hub import models
from hub.services import changes as see_changes
from hub.services import sources as see_sources
from schema import ids
from schema.context import Info
from schema.edges import connection, many, one
from schema.engine import code
from schema.engine.fields import Details
from schema.engine.plan import Level, Stream
from schema.engine.planner import Planner
from schema.filters import GRID_REF
from schema.following import ORDER, Wanted, follow, start
from schema.node import NODES, Column, Identified, NamedField, computed, identified, named, node, registered


def id_of(entity: str, id: UUID, subject_id: UUID | None) -> str | None:
    """The id that the graph gives to what changed: rows of a request are known by the request's key and their own."""
    if entity not in identified():
        return None
    if len(NODES[entity].key) == 1:
        return ids.encode(entity, (id,))
    return None if subject_id is None else ids.encode(entity, (subject_id, id))


@node(models.Change, see_changes.visible, "at kind entity patch reverse actor")
class Change(Identified):
    entity_id = computed(
        [models.Change.entity, models.Change.entity_id, models.Change.subject_id],
        id_of,
        type=strawberry.ID | None,
        description="The id of what changed, for `node(id)`; null where the graph has none for it (变更对象标识).",
    )
    run = one(
        "Run",
        see_sources.runs,
        models.Run.id,
        key=models.Change.run_id,
        description="The run that wrote it (同步任务).",
    )


@registered
@strawberry.type(description="One change in the stream, and the place to go on from (变更事件).")
class ChangeEvent:
    cursor: str = strawberry.field(description="Give it as `after` to go on behind this change (游标).")
    change: Any = NamedField(type_annotation=named("Change"), description="What changed (变更).")


@strawberry.type
class Query:
    changes = connection(
        "Change",
        see_changes.log,
        order=" ".join(ORDER),
        description="What changed, newest first, as far as it is settled (变更记录). Without `orderBy` its cursors are "
        "also places that the subscription `changes` goes on from: read first, then follow, and nothing is missed.",
    )


def history(key: Column) -> Any:
    """The edge from a noun to what changed in it."""
    return many(
        "Change",
        see_changes.visible,
        models.Change.entity_id,
        key=key,
        order="-at",
        description="What changed in it, newest first (变更).",
    )


After = Annotated[str | None, strawberry.argument(description="Only what came after this cursor (游标).")]
Types = Annotated[list[str] | None, strawberry.argument(description="Only of these types, as Request (类型).")]
Under = Annotated[
    Any, strawberry.argument(description="Only at or below this grid (网格范围).", graphql_type=GRID_REF | None)
]


async def _follow(
    info: Info, after: After = None, entity: Types = None, under: Under = None
) -> AsyncGenerator[Any, None]:
    wanted = await start(info.context, Wanted(after, entity, under))
    async for event in follow(info.context, wanted):
        yield event


def _plan(planner: Planner, kind: Any, details: Details) -> tuple[Level, Stream]:
    """Each change is in hand, its cursor at the end of its record."""
    _, now = planner.given.arguments(kind, details)
    given = planner.given.concrete(kind, details)
    draft = replace(planner.draft("Change", see_changes.visible(planner.viewer)), in_hand=True)
    event, parts = planner.fields.type("ChangeEvent"), dict[str, str]()
    for name, sub in planner.fields.collect(event, details).items():
        match sub[0].node.name.value:
            case "change":
                parts[name] = planner.fields.row(draft, draft.source, planner.fields.type("Change"), sub)
            case "cursor":
                parts[name] = "r[-1]"
            case _:
                parts[name] = repr(event.name)
    level = planner.level("changes", draft, code.FIRST, None, row=code.mapping(parts))

    async def events(run: Any) -> AsyncIterator[tuple[models.Change, tuple[str]]]:
        asked = given if now is None else now(run)
        wanted = await start(run.context, Wanted(*(asked.get(name) for name in ("after", "entity", "under"))))
        async for event in follow(run.context, wanted):
            yield event.change, (event.cursor,)

    return level, Stream(events, tuple(name for _, name in draft.layout.picked))


@strawberry.type
class Subscription:
    changes = strawberry.subscription(
        resolver=_follow,
        graphql_type=ChangeEvent,
        metadata={"stream": _plan, "rows": 1},
        description="Every change from here on, in the log's order, each once (变更订阅). After a break go on with the "
        "last `cursor` as `after`; where the log does not know it, the stream ends with the error GAP: read afresh.",
    )
