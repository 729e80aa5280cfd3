"""What sources push, and the keys that they sign with."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from hub import models
from hub.models import HookAlgorithm
from hub.services import arrivals as see_arrivals
from hub.services import sources as see_sources
from schema.context import Info
from schema.edges import connection, found, one
from schema.node import Identified, bare, node, registered, term, uuid_for
from schema.verbs import verb

term(HookAlgorithm)


@registered
@strawberry.type(description="A key that a source signs with what it pushes (签名密钥).")
class HookKey:
    name: str = strawberry.field(description="How it is called (名称).")
    algorithm: HookAlgorithm = strawberry.field(description="How it signs (签名算法).")
    created_at: datetime = strawberry.field(description="When it was made (创建时间).")


@registered
@strawberry.type(description="A key that was just made (新签名密钥).")
class NewHookKey(HookKey):
    secret: str = strawberry.field(description="The key itself: shown this once (密钥).")


@node(
    models.Arrival,
    see_arrivals.visible,
    "status reason nonce sha256 signed_at tries again_at created_at updated_at",
)
class Arrival(Identified):
    uuid = bare(models.Arrival.id)
    source = one(
        "Source",
        see_sources.visible,
        models.Source.id,
        key=models.Arrival.source_id,
        description="From where (数据源).",
    )
    run = one(
        "Run",
        see_sources.runs,
        models.Run.id,
        key=models.Arrival.run_id,
        description="Which run read it last (同步任务).",
    )


@strawberry.type
class Query:
    arrival = found("Arrival", see_arrivals.visible, description="One pushed message (来件).")
    arrivals = connection(
        "Arrival", see_arrivals.visible, order="-created_at", description="What sources pushed, newest first (来件)."
    )


WORDS = {"id": "Its id (标识).", "name": "How the key is called (名称)."}


async def _add(
    info: Info,
    id: Annotated[strawberry.ID, strawberry.argument(description="The source's id (标识).")],
    algorithm: Annotated[
        HookAlgorithm, strawberry.argument(description="How it signs (签名算法).")
    ] = HookAlgorithm.SHA256,
) -> Any:
    async with info.context.write() as session:
        return await see_arrivals.add_key(session, info.context.viewer, uuid_for("Source", id), algorithm=algorithm)


@strawberry.type
class Mutation:
    add_hook_key = strawberry.mutation(
        resolver=_add,
        graphql_type=NewHookKey | None,
        description="A new key for what a source pushes: its secret is shown this once (新建签名密钥).",
    )
    drop_hook_key = verb(see_arrivals.drop_key, WORDS, returns="Source", ids={"id": "Source"})
    retry_arrival = verb(see_arrivals.retry, WORDS, returns="Arrival", ids={"id": "Arrival"})
