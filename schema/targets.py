"""What the hub tells others: targets, their deliveries, and every attempt at them."""

from uuid import UUID

import strawberry

from hub import models
from hub.services import changes as see_changes
from hub.services import sources as see_sources
from hub.services import targets as see_targets
from schema import ids
from schema.edges import connection, found, many, one
from schema.node import Identified, bare, computed, node
from schema.verbs import verb

TARGET = models.Target.id
DELIVERY = models.Delivery.id


def id_of(kind: str, id: UUID) -> str | None:
    """The id that the graph gives to what a delivery is about."""
    return ids.encode(kind.capitalize(), (id,)) if kind in see_targets.KINDS else None


@node(
    models.Target,
    see_targets.visible,
    "status reason kinds events known_only failures next_at created_at updated_at",
)
class Target(Identified):
    uuid = bare(models.Target.id)
    source = one(
        "Source",
        see_sources.visible,
        models.Source.id,
        key=models.Target.source_id,
        description="Which source (数据源).",
    )
    deliveries = many(
        "Delivery",
        see_targets.deliveries,
        models.Delivery.target_id,
        key=TARGET,
        order="-created_at",
        description="What it was told, or is to be told, newest first (投递).",
    )


@node(
    models.Delivery,
    see_targets.deliveries,
    "kind action status tries next_at sent_at key reason asked_by created_at updated_at",
)
class Delivery(Identified):
    uuid = bare(models.Delivery.id)
    entity_id = computed(
        [models.Delivery.kind, models.Delivery.entity_id],
        id_of,
        type=strawberry.ID | None,
        description="The id of what it is about, for `node(id)` (对象标识).",
    )
    target = one(
        "Target", see_targets.visible, TARGET, key=models.Delivery.target_id, description="To which target (推送目标)."
    )
    change = one(
        "Change",
        see_changes.visible,
        models.Change.id,
        key=models.Delivery.change_id,
        description="The change that it tells of (变更).",
    )
    attempts = many(
        "Attempt",
        see_targets.attempts,
        models.Attempt.delivery_id,
        key=DELIVERY,
        order="-at",
        description="Every try at it, newest first (投递日志).",
    )


@node(models.Attempt, see_targets.attempts, "at milliseconds request response outcome by")
class Attempt(Identified):
    delivery = one(
        "Delivery",
        see_targets.deliveries,
        DELIVERY,
        key=models.Attempt.delivery_id,
        description="At which delivery (投递).",
    )


@strawberry.type
class Query:
    target = found("Target", see_targets.visible, description="One target (推送目标).")
    targets = connection(
        "Target", see_targets.visible, order="created_at", description="The sources that are told things (推送目标)."
    )
    delivery = found("Delivery", see_targets.deliveries, description="One delivery (投递).")
    deliveries = connection(
        "Delivery", see_targets.deliveries, order="-created_at", description="The deliveries, newest first (投递)."
    )
    attempts = connection(
        "Attempt", see_targets.attempts, order="-at", description="The delivery log, newest first (投递日志)."
    )


TARGETS = {
    "id": "The target's id (标识).",
    "source_id": "Which source is told (数据源).",
    "kinds": "The kinds of record that it is told of: grid, organization, person, request, ... (记录类型).",
    "events": "The steps of requests that it is told of; left out: all of them (事件).",
    "known_only": "Whether only of what it brought or was told before; unless said: yes (仅限对方已知的对象).",
    "reason": "Why, in words (原因).",
}
DELIVERIES = {"id": "The delivery's id (标识).", "reason": "Why, in words (原因)."}


@strawberry.type
class Mutation:
    add_target = verb(see_targets.add, TARGETS, returns="Target", ids={"source_id": "Source"})
    pause_target = verb(see_targets.pause, TARGETS, returns="Target", ids={"id": "Target"})
    resume_target = verb(see_targets.resume, TARGETS, returns="Target", ids={"id": "Target"})
    retry_delivery = verb(see_targets.retry, DELIVERIES, returns="Delivery", ids={"id": "Delivery"})
    replay_delivery = verb(see_targets.replay, DELIVERIES, returns="Delivery", ids={"id": "Delivery"})
    skip_delivery = verb(see_targets.skip, DELIVERIES, returns="Delivery", ids={"id": "Delivery"})
