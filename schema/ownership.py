"""Whose word stands: who wrote a field, what sources say otherwise, and the rules and pins that decide."""

from typing import Any

import strawberry
from strawberry.scalars import JSON

from hub import models
from hub.services import sources as see_sources
from hub.sync import rules
from schema import ids
from schema.edges import connection, few, one
from schema.node import Column, Identified, bare, computed, node
from schema.verbs import verb

SOURCE = models.Source.id


@node(models.Provenance, see_sources.provenances, "field source person at")
class Provenance:
    run = computed(
        [models.Provenance.run_id],
        lambda id: None if id is None else ids.encode("Run", (id,)),
        type=strawberry.ID | None,
        description="The run in which the source wrote it (同步任务).",
    )


@node(models.Withheld, see_sources.withheld, "field rule said_at at")
class Withheld:
    value = computed(
        [models.Withheld.value],
        lambda value: value,
        type=JSON | None,
        description="What the source says (来源值).",
    )
    source = one(
        "Source",
        see_sources.visible,
        SOURCE,
        key=models.Withheld.source_id,
        description="Which source says so (数据源).",
    )


@node(models.Ownership, see_sources.ownerships, "kind field rule note set_by created_at updated_at")
class Ownership(Identified):
    uuid = bare(models.Ownership.id)
    source = one(
        "Source",
        see_sources.visible,
        SOURCE,
        key=models.Ownership.source_id,
        description="For which source (数据源); null: for all that have no rule of their own.",
    )


@node(models.Pin, see_sources.pins, "entity field reason pinned_by until created_at updated_at")
class Pin(Identified):
    uuid = bare(models.Pin.id)


@node(models.DriftRule, see_sources.drift_rules, "kind field policy note set_by created_at updated_at")
class DriftRule(Identified):
    uuid = bare(models.DriftRule.id)
    source = one(
        "Source",
        see_sources.visible,
        SOURCE,
        key=models.DriftRule.source_id,
        description="For which source (数据源); null: for all that have no rule of their own.",
    )


@node(models.Extra, see_sources.extras, "fields at")
class Extra:
    source = one(
        "Source", see_sources.visible, SOURCE, key=models.Extra.source_id, description="Which source says so (数据源)."
    )


def provenance(key: Column) -> Any:
    """The edge from a noun to who wrote its fields."""
    return few(
        "Provenance",
        see_sources.provenances,
        models.Provenance.entity_id,
        key=key,
        description="Who wrote which field last (数据来源).",
    )


def withheld(key: Column) -> Any:
    """The edge from a noun to what sources say of it and what does not stand."""
    return few(
        "Withheld",
        see_sources.withheld,
        models.Withheld.entity_id,
        key=key,
        description="What sources say and what does not stand, by which rule (未采纳的值).",
    )


def extras(key: Column) -> Any:
    """The edge from a noun to what sources say beyond what the hub knows."""
    return few(
        "Extra",
        see_sources.extras,
        models.Extra.entity_id,
        key=key,
        description="What sources say beyond what the hub knows (附加字段).",
    )


@strawberry.type
class Query:
    ownerships = connection(
        "Ownership",
        see_sources.ownerships,
        order="kind field",
        description="Whose word stands on which field (字段归属).",
    )
    pins = connection(
        "Pin", see_sources.pins, order="-created_at", description="The fields that people hold (人工锁定)."
    )
    drift_rules = connection(
        "DriftRule",
        see_sources.drift_rules,
        order="kind field",
        description="What changes of structure do (结构变化规则).",
    )


WORDS = {
    "note": "Why, in words (说明).",
    "reason": "Why, in words (原因).",
    "kind": "The kind of record (记录类型): request, organization, ...; for drift also *, every kind.",
    "field": "The field, as a plugin's record names it (字段); *: every field.",
    "rule": "Whose word stands (归属规则).",
    "policy": "What happens (策略).",
    "source": "The source by name (数据源); without it: all that have no rule of their own.",
    "until": "Until when (有效期); without it: until it is let go.",
    "share": "From 0 to 1 (比例).",
}
RULE = WORDS | {"id": "The rule's id (标识)."}


@strawberry.type
class Mutation:
    set_ownership = verb(rules.set_ownership, WORDS, returns="Ownership", ids={})
    clear_ownership = verb(rules.clear_ownership, RULE, returns="Ownership", ids={"id": "Ownership"})
    pin_field = verb(rules.pin_field, WORDS | {"id": "The row's id (标识)."}, returns="Pin", ids={"id": "Node"})
    unpin_field = verb(rules.unpin_field, WORDS | {"id": "The pin's id (标识)."}, returns="Pin", ids={"id": "Pin"})
    set_drift = verb(rules.set_drift, WORDS, returns="DriftRule", ids={})
    clear_drift = verb(rules.clear_drift, RULE, returns="DriftRule", ids={"id": "DriftRule"})
    set_most_gone = verb(rules.set_most_gone, WORDS, returns="Source", ids={})
    set_most_refused = verb(rules.set_most_refused, WORDS, returns="Source", ids={})
