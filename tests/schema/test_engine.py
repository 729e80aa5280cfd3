"""Both executors give the same answer, to the byte, for every viewer."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.auth import ANONYMOUS, ROLES, Viewer
from tests.schema.api import Api
from tests.schema.city import ADMIN, City, gid

pytestmark = pytest.mark.reads

QUERIES = {
    name: text
    for name, _, text in (
        part.partition("\n") for part in Path(__file__).with_name("operations.graphql").read_text().split("\n## ")[1:]
    )
}
VARIABLES: dict[str, dict[str, Any]] = {
    "aliases and fragments": {"n": 2},
    "include and skip": {"yes": True},
    "nested connections": {"n": 1, "f": {"open": True}},
    "a filter tree": {
        "t": "R",
        "s": ["RECEIVED", "CLOSED"],
        "c": "150602001001",
        "when": {"lt": "2030-01-01T00:00:00Z"},
    },
    "null in lists": {"l": [None, "x"]},
    "tally": {"c": "150602", "d": {"gte": "2020-01-01T00:00:00Z"}},
    "a bad page": {"n": -1},
}


def viewers(city: City) -> dict[str, Viewer]:
    partner = Viewer("partner", ROLES["partner"], (city.grids["150602002"].path,), name="partner")
    return {
        "anonymous": ANONYMOUS,
        "clerk": city.clerk("150602001001"),
        "district": Viewer("district", ROLES["district"], (city.grids["150602"].path,), name="district"),
        "partner": partner,
        "handler": city.handler(),
        "admin": ADMIN,
    }


@pytest.mark.parametrize("who", ["anonymous", "clerk", "district", "partner", "handler", "admin"])
@pytest.mark.parametrize("case", QUERIES)
async def test_both_executors_give_the_same_answer(api: Api, city: City, case: str, who: str) -> None:
    viewer, variables = viewers(city)[who], VARIABLES.get(case, {})
    if case in ("nodes", "nodes without a field"):
        ids = [
            gid(city.requests["R4"]),
            gid(city.organization),
            gid(city.person),
            gid(city.grids["15"]),
            gid(city.requests["R1"]),
        ]
        variables = {"id": ids[0], "ids": ids}
    body = {"query": QUERIES[case], "variables": variables}
    answers = [await asked(api, viewer, body, executor) for executor in ("engine", "ordinary")]
    assert answers[0] == answers[1]


async def asked(api: Api, viewer: Viewer, body: dict[str, Any], executor: str) -> bytes:
    """Data and errors, as bytes that keep the order of keys; each executor must have done it itself."""
    api.app._development = True
    response = await api.client.post(
        "/graphql", json=body | {"extensions": {"executor": executor}}, headers={"authorization": api.token(viewer)}
    )
    answer = response.json()
    extensions = answer.pop("extensions", {})
    if executor == "engine" and "errors" not in answer:
        assert extensions.get("executor") == "engine", extensions
    return orjson.dumps(answer)
