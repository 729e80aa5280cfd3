"""The schema, put together: the nouns' types and the limits that every operation keeps."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

import strawberry
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig

from hub.checks import Fault, figure_faults, operation_faults
from hub.plugin import Plugin
from schema import (
    agreements,
    alliances,
    arrivals,
    budgets,
    callers,
    care,
    catalogue,
    changes,
    checks,
    deliberation,
    documents,
    duplicates,
    grids,
    handling,
    identified,
    matching,
    notices,
    offers,
    ownership,
    parties,
    practices,
    requests,
    resources,
    rotas,
    sources,
    stations,
    syncing,
    tallies,
    targets,
)
from schema.connections import connection_types
from schema.context import OwnContext
from schema.errors import HouseErrors
from schema.extensions import Extensions, extensions
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
    catalogue,
    agreements,
    requests,
    duplicates,
    handling,
    callers,
    resources,
    offers,
    matching,
    stations,
    documents,
    care,
    practices,
    rotas,
    deliberation,
    budgets,
    notices,
    sources,
    ownership,
    syncing,
    arrivals,
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


def build_schema(*extra: Any, more: Mapping[str, Sequence[Any]] | None = None) -> Schema:
    """The whole schema; `extra` modules may add a Query, a Mutation or a Subscription of their own, and `more` holds
    further fields by the type that shows them."""
    _generated()
    with _showing(more or {}):
        return Schema(
            query=_root("Query", extra),
            mutation=_root("Mutation", extra),
            subscription=_root("Subscription", extra),
            types=[REGISTRY[name] for name in NODES],
            extensions=EXTENSIONS,
            config=StrawberryConfig(scalar_map=SCALARS),
        )


@contextmanager
def _showing(more: Mapping[str, Sequence[Any]]) -> Iterator[None]:
    """While a schema is built its types have these fields, too: another schema may have others."""
    definitions = {name: REGISTRY[name].__strawberry_definition__ for name in more}
    before = {name: definition.fields for name, definition in definitions.items()}
    try:
        for name, definition in definitions.items():
            definition.fields = [*definition.fields, *more[name]]
        yield
    finally:
        for name, definition in definitions.items():
            definition.fields = before[name]


def extended(plugins: Iterable[type[Plugin[Any]]]) -> Extensions:
    """What these plugins add to the graph, and what of it is left out."""
    return extensions(plugins, _types)


@cache
def _types() -> frozenset[str]:
    return frozenset(build_schema()._schema.type_map)


@cache
def plain() -> Schema:
    """The schema without what plugins add, built once."""
    return build_schema()


@lru_cache(maxsize=2048)
def _written(text: str, called: str) -> checks.Written:
    """It is asked for again and again: by who reads a file, by who takes what it says, by who runs it."""
    return checks.read(plain()._schema, text, called)


@figure_faults.answered_by
def _of_figure(query: str, at: str) -> Sequence[Fault]:
    return list(checks.of_figure(_written(query, "query"), at))


@operation_faults.answered_by
def _of_operation(operation: str, given: frozenset[str], places: tuple[str, ...]) -> Sequence[Fault]:
    return list(checks.of_operation(_written(operation, "operation"), given, places))


def sdl() -> str:
    """The schema as text: what `schema.graphql` holds."""
    return print_schema(build_schema()) + "\n"
