"""Whatever may be asked: the hub answers or refuses, and never fails."""

from typing import Any

import pytest
from graphql import print_ast
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries

from tests.schema.api import Api, schema
from tests.schema.city import ADMIN, City

pytestmark = pytest.mark.reads
SCALARS = {
    "DateTime": st.datetimes().map(lambda moment: nodes.String(f"{moment.isoformat()}Z")),
    "Date": st.dates().map(lambda day: nodes.String(day.isoformat())),
}
FAULTS = {"INTERNAL", "UNAVAILABLE"}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(query=queries(schema().as_str(), custom_scalars=SCALARS, print_ast=print_ast), who=st.integers(0, 2))
async def test_no_question_is_a_fault(api: Api, city: City, query: str, who: int) -> None:
    viewer = (None, city.clerk("150602001001"), ADMIN)[who]
    answer: dict[str, Any] = (await api.post(query, viewer)).json()
    codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
    assert not codes & FAULTS, answer["errors"]
