"""Random operations: both executors give the same answer to the byte, whoever asks.

HUB_RANDOM=2000 asks so many; without it there are 75 of each of two sorts, always the same ones.
"""

import os
from collections import Counter
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import orjson
import pytest
from graphql import DocumentNode, GraphQLSchema, build_schema
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries
from sqlalchemy import select

from schema.node import NODES
from schema.statements import entity
from tests.schema.api import Api, schema
from tests.schema.authors import Author, Rewriter
from tests.schema.city import City
from tests.schema.large_city import viewers

WHO = ["anonymous", "clerk", "district", "partner", "handler", "clerk of two", "clerk with a party", "admin"]
LEAST_PLANNED = 0.6
CORE: GraphQLSchema = schema()._schema
TEXT = build_schema(schema().as_str())
SCALARS = {name: st.just(nodes.String("2026-03-01")) for name in ("DateTime", "Date", "JSON")}
ROOTS = sorted(TEXT.query_type.fields)
MOST = int(os.environ.get("HUB_RANDOM", "0"))
random = settings(
    max_examples=MOST // 2 or 75,
    derandomize=not MOST,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Comparison:
    """Asks both executors, and counts what came of it."""

    def __init__(self, api: Api, city: City, rows: dict[str, list[Any]]) -> None:
        self.api, self.rows, self.viewers = api, rows, viewers(city)
        self.seen: Counter[str] = Counter()

    async def same(self, who: str, query: str, variables: dict[str, Any]) -> None:
        """Both give the same data and errors, and the engine did not stumble."""
        answers, said = [], []
        for executor in ("engine", "ordinary"):
            body = {"query": query, "variables": variables, "extensions": {"executor": executor}}
            token = {} if who == "anonymous" else {"authorization": self.api.token(self.viewers[who])}
            answer = (await self.api.client.post("/graphql", json=body, headers=token)).json()
            said.append(answer.pop("extensions", {}))
            answers.append(answer)
        reason = said[0].get("reason", "")
        assert orjson.dumps(answers[0]) == orjson.dumps(answers[1]), (who, query, variables)
        assert not reason.startswith("The engine failed"), (reason, who, query, variables)
        assert all(error["extensions"]["code"] != "INTERNAL" for error in answers[0].get("errors", ()))
        planned = said[0].get("executor") == "engine" and "errors" not in answers[0]
        self.seen["planned" if planned else reason or "refused"] += 1
        event("by the engine" if planned else reason or "refused")


@pytest.fixture(scope="module")
async def comparison(large_city: City) -> AsyncIterator[Comparison]:
    """Everything compared in this file; at the end, most of it must have been planned."""
    api = Api(large_city.database)
    api.app._development = True
    rows = {}
    async with large_city.database.read() as session:
        for name, node in NODES.items():
            rows[name] = [*await session.scalars(select(entity(node.model)).order_by(*node.key))]
    made = Comparison(api, large_city, rows)
    yield made
    await api.client.aclose()
    assert made.seen["planned"] / made.seen.total() > LEAST_PLANNED, made.seen


@random
@given(st.sampled_from(WHO), st.integers(0, 2**32))
async def test_what_an_author_writes_is_answered_alike(comparison: Comparison, who: str, seed: int) -> None:
    author = Author(CORE, comparison.rows, Random(seed))
    query = author.operation()
    await comparison.same(who, query, author.variables)


@st.composite
def documents(draw: st.DrawFn) -> DocumentNode:
    """An operation of one or two root fields, made from nothing but the SDL."""
    fields = draw(st.lists(st.sampled_from(ROOTS), min_size=1, max_size=2, unique=True))
    found: DocumentNode = draw(queries(TEXT, fields=fields, custom_scalars=SCALARS, print_ast=lambda made: made))
    return found


@random
@given(st.sampled_from(WHO), documents(), st.integers(0, 2**32))
async def test_what_the_schema_allows_is_answered_alike(
    comparison: Comparison, who: str, document: DocumentNode, seed: int
) -> None:
    author = Author(CORE, comparison.rows, Random(seed))
    query = Rewriter(author).operation(document)
    await comparison.same(who, query, author.variables)
