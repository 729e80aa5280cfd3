"""Whatever may be asked: the hub answers or refuses, and never fails."""

from typing import Any

from graphql import print_ast
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries

from schema.schema import sdl
from tests.schema.api import Api
from tests.schema.city import ADMIN, City

SCALARS = {
    "DateTime": st.datetimes().map(lambda moment: nodes.String(f"{moment.isoformat()}Z")),
    "Date": st.dates().map(lambda day: nodes.String(day.isoformat())),
}
FAULTS = {"INTERNAL", "UNAVAILABLE"}


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(query=queries(sdl(), custom_scalars=SCALARS, print_ast=print_ast), who=st.integers(0, 2))
async def test_no_question_is_a_fault(api: Api, city: City, query: str, who: int) -> None:
    viewer = (None, city.clerk("150602001001"), ADMIN)[who]
    answer: dict[str, Any] = (await api.post(query, viewer)).json()
    codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
    assert not codes & FAULTS, answer["errors"]
