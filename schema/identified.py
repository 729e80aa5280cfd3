"""Anything by its id, and who asks."""

import asyncio
from typing import Annotated, Any

import strawberry

from hub.auth import ABILITIES, Viewer
from hub.errors import Invalid
from schema import ids
from schema.context import Info
from schema.node import NODES, Identified, NamedField, key_for, named
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
    )
    nodes = strawberry.field(
        resolver=_nodes,
        graphql_type=list[Identified | None],
        description="Several things by their ids, in the same order; null for what is missing or hidden (节点).",
    )
    viewer = strawberry.field(
        resolver=_viewer, graphql_type=ViewerType, description="Who asks, and what they may do (当前用户)."
    )
