"""What `hub explain` says, and that docs/engine.md shows just that."""

import re
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Invalid
from schema.bus import Bus
from schema.context import Context
from schema.engine.explain import Explanation, explain
from tests.schema.api import schema
from tests.schema.city import ADMIN, City

pytestmark = pytest.mark.reads
DOCUMENT = Path(__file__).parents[2].joinpath("docs/engine.md").read_text(encoding="utf-8")
SUBMIT = 'mutation { submitRequest(gridId: "R3JpZDo", title: "x") { number grid { name } } }'


async def explained(city: City, text: str, **variables: Any) -> Explanation:
    context = Context(ADMIN, city.database, Bus(city.database.url), _nobody)
    return await explain(schema().engine, context, text, variables, None)


async def _nobody() -> Any:
    raise AssertionError("Nobody asks who it is.")


def plain(lines: str) -> list[str]:
    """Without what another database or machine changes: rows, times, values of parameters."""
    lines = re.sub(r" +[\d,]+ rows, [\d.]+ ms(, counted in [\d.]+ ms)?", "", lines)
    return [line.rstrip() for line in re.sub(r"(\$\d+ =) .*", r"\1", lines).splitlines()]


async def test_the_document_shows_what_is_printed(city: City) -> None:
    query = re.search(r"```graphql\n(.*?)```", DOCUMENT, re.DOTALL)
    shown = re.search(r"```text\n(.*?)```", DOCUMENT, re.DOTALL)
    assert query
    assert shown
    found = await explained(city, query[1], open=True)
    assert plain("\n".join(found.lines())) == plain(shown[1])


async def test_rows_and_times_are_those_of_one_run(city: City) -> None:
    found = await explained(city, "{ requests { nodes { number events(first: 1) { totalCount nodes { at } } } } }")
    assert (found.executor, found.kind, found.statements) == ("engine", "query", 3)
    requests, events = found.levels
    assert (requests.field, requests.depth, requests.rows) == ("Query.requests", 0, 4)
    assert (events.field, events.depth, events.rows) == ("Request.events", 1, 4)
    assert events.count_milliseconds
    assert requests.count_milliseconds is None
    assert all(level.milliseconds and level.milliseconds > 0 for level in found.levels)


async def test_what_is_joined_already_needs_no_level_of_its_own(city: City) -> None:
    found = await explained(city, f"{{ grids {{ nodes {{ {'leader { name grid { ' * 4}code{' } }' * 4} }} }} }}")
    assert (found.statements, len(found.levels)) == (1, 1)


async def test_the_grids_that_arguments_name_are_looked_up_first(city: City) -> None:
    found = await explained(city, '{ requests(filter: {under: {code: "15"}}) { nodes { number } } }')
    assert [level.field for level in found.levels] == ["grids by code", "Query.requests"]
    assert found.statements == 2


async def test_of_a_mutation_only_the_plan_is_shown(city: City) -> None:
    found = await explained(city, SUBMIT)
    assert [(level.field, level.rows) for level in found.levels] == [("Request", None), ("Grid", None)]


async def test_what_the_engine_declines_is_said(city: City) -> None:
    found = await explained(city, "{ __schema { queryType { name } } }")
    assert list(found.lines()) == [
        "The ordinary executor answers this query: Introspection is for the ordinary executor."
    ]


async def test_a_document_that_is_not_valid_is_refused(city: City) -> None:
    with pytest.raises(Invalid, match="not valid"):
        await explained(city, "{ nothing }")
