"""The schema, put together: the nouns' types and the limits that every operation keeps."""

from functools import cache
from typing import Any

import strawberry
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig

from schema import (
    alliances,
    callers,
    changes,
    grids,
    handling,
    identified,
    parties,
    requests,
    resources,
    sources,
    stations,
    tallies,
    targets,
)
from schema.connections import connection_types
from schema.context import OwnContext
from schema.errors import HouseErrors
from schema.filters import filter_type
from schema.node import NODES, REGISTRY
from schema.operations import KnownDocument, OneOperation, Schema
from schema.paging import order_type
from schema.scalars import SCALARS

NOUNS = (
    identified,
    grids,
    parties,
    alliances,
    requests,
    handling,
    callers,
    resources,
    stations,
    sources,
    changes,
    tallies,
    targets,
)


EXTENSIONS = (HouseErrors, OwnContext, OneOperation, KnownDocument)


@cache
def _generated() -> None:
    """The inputs and connections of every noun, made once all nouns are known."""
    for node in NODES.values():
        filter_type(node)
        order_type(node)
        connection_types(node)


ROOTS = {
    "Query": "What can be read (查询).",
    "Mutation": "What can be done (操作). Each is one transaction: all of it happens, or nothing.",
    "Subscription": "What can be followed (订阅).",
}


def _root(name: str, extra: tuple[Any, ...]) -> Any:
    """A root type, put together from what each noun adds to it."""
    parts = tuple(getattr(module, name) for module in (*NOUNS, *extra) if hasattr(module, name))
    return strawberry.type(type(name, parts, {}), description=ROOTS[name])


def build_schema(*extra: Any) -> Schema:
    """The whole schema; `extra` modules may add a Query, a Mutation or a Subscription of their own."""
    _generated()
    return Schema(
        query=_root("Query", extra),
        mutation=_root("Mutation", extra),
        subscription=_root("Subscription", extra),
        types=[REGISTRY[name] for name in NODES],
        extensions=EXTENSIONS,
        config=StrawberryConfig(scalar_map=SCALARS),
    )


def sdl() -> str:
    """The schema as text: what `schema.graphql` holds."""
    return print_schema(build_schema()) + "\n"
