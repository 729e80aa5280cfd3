"""Published figures: where in an answer the number stands, and when it is borne out."""

from typing import Any

import pytest

from hub.models import Qualifier
from hub.services import figures

ANSWER = {"teams": {"totalCount": 8, "nodes": [{"size": 17}, {"size": 15}, {"size": 16}]}, "zones": ["甲", "乙"]}


@pytest.mark.parametrize(
    ("answer", "at", "number"),
    [
        (ANSWER, "teams.totalCount", 8),
        (ANSWER, "teams.nodes.1.size", 15),
        (ANSWER, "teams.nodes.3.size", None),
        (ANSWER, "zones", 2),
        (ANSWER, "teams.nodes.*.size", 15),
        ({"teams": {"nodes": []}}, "teams.nodes.*.size", None),
        ({"teams": {"nodes": [{"size": 16}, {"size": None}]}}, "teams.nodes.*.size", None),
        ({"teams": None}, "teams.nodes.*.size", None),
        (None, "zones", None),
    ],
)
def test_a_list_is_as_many_as_it_holds_and_of_every_one_the_least_counts(
    answer: Any, at: str, number: float | None
) -> None:
    assert figures.found(answer, at) == number


@pytest.mark.parametrize(
    ("qualifier", "borne_out", "not_so"),
    [
        (Qualifier.EXACT, [100], [99, 101]),
        (Qualifier.AT_LEAST, [100, 101], [99]),
        (Qualifier.OVER, [100, 101], [99]),
        (Qualifier.NEARLY, [95, 99, 100], [94, 101]),
        (Qualifier.PERCENT, [1.0], [0.99, 100]),
    ],
)
def test_a_number_is_borne_out_as_its_qualifier_means_it(
    qualifier: Qualifier, borne_out: list[float], not_so: list[float]
) -> None:
    assert all(figures.holds(got, 100, qualifier) for got in borne_out)
    assert not any(figures.holds(got, 100, qualifier) for got in [*not_so, None])
