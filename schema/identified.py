"""Anything by its id, and who asks."""

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry

from hub.auth import ABILITIES, Viewer
from hub.errors import Invalid
from hub.later import Later, later
from schema import ids
from schema.context import Info
from schema.edge import Edge, Match, Shape
from schema.engine import code
from schema.engine.fields import Details
from schema.engine.plan import Below, Draft, Level, Unplannable
from schema.engine.planner import KEYS, Planner
from schema.engine.sql import Layout
from schema.node import NODES, Identified, NamedField, identified, key_for, named
from schema.paging import LARGEST_PAGE

One = Annotated[strawberry.ID, strawberry.argument(description="Its id (标识).")]
Several = Annotated[list[strawberry.ID], strawberry.argument(name="ids", description="Their ids (标识).")]


async def _node(info: Info, id: One) -> Any:
    return await _found(info, id, "id")


async def _found(info: Info, id: str, field: str) -> Any:
    name, _ = ids.decode(id, field=field)
    key = key_for("Node", id, field=field)
    return await info.context.loaders.row(NODES[name], key)


async def _nodes(info: Info, several: Several) -> Any:
    if len(several) > LARGEST_PAGE:
        raise Invalid(f"{len(several)} ids are too many: at most {LARGEST_PAGE} at once.", field="ids")
    return await asyncio.gather(*(_found(info, id, "ids") for id in several))


@strawberry.type(description="Something that a viewer may do (权限).")
class Ability:
    name: str = strawberry.field(description="Its name (名称).")
    description: str = strawberry.field(description="What it allows (说明).")


def _names(several: Iterable[str], field: str) -> dict[str, None]:
    """The types of some ids, each once."""
    return dict.fromkeys(ids.decode(id, field=field)[0] for id in several)


def _plan_node(planner: Planner, kind: Any, details: Details) -> Level:
    (name,) = _names([planner.given.concrete(kind, details)["id"]], "id")
    if name not in identified():
        raise Unplannable("No row has such an id.")
    given, _ = planner.given.arguments(kind, details)
    return planner.row(name, details, later(given["id"], lambda id: key_for("Node", id)))


def _plan_nodes(planner: Planner, kind: Any, details: Details) -> Level:
    """A record for each id, with a column for each type of id: its rows hang there, as those of an edge."""
    names = list(_names(planner.given.concrete(kind, details)["several"], "ids"))
    given, _ = planner.given.arguments(kind, details)
    if any(name not in identified() or len(NODES[name].key) != 1 for name in names):
        raise Unplannable("One of the ids holds more than one key.")
    asked = Draft(Layout([]), in_hand=True)
    for at, name in enumerate(names):
        edge = Edge(name, NODES[name].visible, Shape.ONE, Match.EQUAL, NODES[name].key[0])
        asked.below.append(Below((at,), planner.keyed(edge, details, KEYS)))
    records = later(given["several"], partial(_records, names))
    find = planner.given.first(records.now if isinstance(records, Later) else lambda run: records)
    found = "None"
    for at in range(len(names)):
        found = f"(b{at}.get(r[{at}]) if r[{at}] is not None else {found})"
    return planner.level("nodes", asked, code.LIST, None, row=found, hand=find)


def _types_asked(given: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(_names(given["several"], "ids"))


def _records(names: list[str], several: list[str]) -> list[tuple[UUID | None, ...]]:
    if len(several) > LARGEST_PAGE:
        raise Invalid(f"{len(several)} ids are too many: at most {LARGEST_PAGE} at once.", field="ids")
    keys = [(ids.decode(id)[0], key_for("Node", id, field="ids")[0]) for id in several]
    return [tuple(key if name == one else None for one in names) for name, key in keys]


def _plan_viewer(planner: Planner, kind: Any, details: Details) -> Level:
    """The viewer is in hand; their party hangs on it as an edge's row does."""
    shown = planner.fields.type("Viewer")
    asked, parts = Draft(Layout([]), in_hand=True), dict[str, str]()
    edge = Edge("Party", NODES["Party"].visible, Shape.ONE, Match.EQUAL, NODES["Party"].key[0])
    for name, sub in planner.fields.collect(shown, details).items():
        if sub[0].node.name.value == "party":
            asked.below.append(Below((1,), planner.keyed(edge, sub, KEYS)))
            parts[name] = f"b{len(asked.below) - 1}.get(r[1])"
        else:
            parts |= planner.fields.plain_fields(shown, {name: sub}, "r[0]")
    row = code.mapping(parts)
    return planner.level(
        "viewer", asked, code.FIRST, None, row=row, hand=lambda run: [(run.viewer, run.viewer.party_id)]
    )


def _known(root: strawberry.Parent[Viewer]) -> bool:
    return root.subject is not None


def _abilities(root: strawberry.Parent[Viewer]) -> list[Ability]:
    return [Ability(name=name, description=text) for name, text in ABILITIES.items() if root.can(name)]


async def _party(root: strawberry.Parent[Viewer], info: Info) -> Any:
    return None if root.party_id is None else await info.context.loaders.row(NODES["Party"], (root.party_id,))


def _viewer(info: Info) -> Any:
    return info.context.viewer


@strawberry.type(name="Viewer", description="Who asks (当前用户).")
class ViewerType:
    name: str = strawberry.field(description="The name on the token; `anonymous` without one (名称).")
    known: bool = strawberry.field(resolver=_known, description="Whether a token was given (已登录).")
    party = NamedField(
        type_annotation=named("Party | None"), description="The party that the viewer acts for (所属主体)."
    )(_party)
    abilities: list[Ability] = strawberry.field(resolver=_abilities, description="What the viewer may do (权限).")


@strawberry.type
class Query:
    node = strawberry.field(
        resolver=_node,
        graphql_type=Identified | None,
        description="Anything by its id; null if it is missing or hidden (节点).",
        metadata={"rows": 1, "plan": _plan_node, "shape": lambda given: tuple(_names([given["id"]], "id"))},
    )
    nodes = strawberry.field(
        resolver=_nodes,
        graphql_type=list[Identified | None],
        description="Several things by their ids, in the same order; null for what is missing or hidden (节点).",
        metadata={
            "rows": LARGEST_PAGE,
            "plan": _plan_nodes,
            "shape": _types_asked,
        },
    )
    viewer = strawberry.field(
        resolver=_viewer,
        graphql_type=ViewerType,
        description="Who asks, and what they may do (当前用户).",
        metadata={"plan": _plan_viewer},
    )
