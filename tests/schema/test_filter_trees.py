"""Filter trees against the plainest reading of them, in Python."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.db import Database
from hub.models import Resource, ResourceKind
from tests.schema.api import Api
from tests.schema.city import add

TITLES = ("a", "B", "%", "a%b", "中", "")
NUMBERS = (-1, 0, 3)
KINDS = ("VENUE", "FUNDS")
OF: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, bound: value == bound,
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
    "contains": lambda value, text: text.lower() in value.lower(),
    "startsWith": lambda value, text: value.lower().startswith(text.lower()),
}

texts = st.sampled_from(TITLES)
text_tests = st.fixed_dictionaries(
    {},
    optional={
        "eq": texts,
        "ne": texts,
        "in": st.lists(texts | st.none(), max_size=3),
        "contains": texts,
        "startsWith": texts,
        "null": st.booleans() | st.none(),
    },
)
numbers = st.sampled_from(NUMBERS)
number_tests = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("eq", "gt", "gte", "lt", "lte"), numbers | st.none()) | {"null": st.booleans()}
)
leaves = st.fixed_dictionaries(
    {},
    optional={
        "title": text_tests,
        "description": text_tests,
        "capacity": number_tests | st.none(),
        "resourceKind": st.lists(st.sampled_from(KINDS), max_size=2) | st.sampled_from(KINDS),
    },
)
trees = st.recursive(
    leaves,
    lambda inner: st.fixed_dictionaries(
        {}, optional={"and": st.lists(inner, max_size=2), "or": st.lists(inner, max_size=3), "not": inner}
    ),
    max_leaves=6,
)
rows = st.lists(
    st.tuples(texts, texts | st.none(), numbers | st.none(), st.sampled_from(KINDS)), min_size=1, max_size=8
)


def holds(row: dict[str, Any], tree: dict[str, Any]) -> bool:
    """Whether a row is let through, read as the descriptions of the graph say it."""
    return all(_holds(row, name, value) for name, value in tree.items() if value is not None)


def _holds(row: dict[str, Any], name: str, value: Any) -> bool:
    match name:
        case "and":
            return all(holds(row, one) for one in value)
        case "or":
            return any(holds(row, one) for one in value)
        case "not":
            return not holds(row, value)
        case "resourceKind":
            return row[name] in (value if isinstance(value, list) else [value])
    return all(_tested(row[name], test, bound) for test, bound in value.items() if bound is not None)


def _tested(value: Any, test: str, bound: Any) -> bool:
    match test:
        case "null":
            return (value is None) is bound
        case "ne":
            return bool(value != bound)
        case "in":
            return value in bound
    return value is not None and OF[test](value, bound)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=rows, tree=trees)
async def test_a_tree_means_what_it_says(
    api: Api, database: Database, values: list[tuple[str, str | None, int | None, str]], tree: dict[str, Any]
) -> None:
    table = [
        {"code": str(place), "title": title, "description": words, "capacity": many, "resourceKind": kind}
        for place, (title, words, many, kind) in enumerate(values)
    ]
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM resources")
    await add(
        database,
        *(
            Resource(
                code=row["code"],
                title=row["title"],
                description=row["description"],
                capacity=row["capacity"],
                resource_kind=ResourceKind[row["resourceKind"]],
            )
            for row in table
        ),
    )
    data = await api("query ($f: ResourceFilter) { resources(filter: $f) { totalCount nodes { code } } }", f=tree)
    expected = {row["code"] for row in table if holds(row, tree)}
    assert {row["code"] for row in data["resources"]["nodes"]} == expected
    assert data["resources"]["totalCount"] == len(expected)
