"""A field that Python makes for a whole level at once, on both executors."""

from collections.abc import Sequence
from typing import Any

import pytest

from hub.auth import Viewer
from hub.models import Grid, GridLevel
from schema.asgi import graphql_app
from schema.bus import Bus
from schema.node import REGISTRY, batched
from schema.schema import build_schema
from tests.schema.api import Api
from tests.schema.city import ADMIN, City

pytestmark = pytest.mark.reads
QUERY = """{ requests(orderBy: [NUMBER_ASC]) { nodes { number grid { note parent { note } } } }
             grids(filter: {level: PROVINCE}) { nodes { note children { nodes { again: note } } } } }"""


@pytest.fixture
async def asked(city: City, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The graph with a field of that kind, and the calls of its function."""
    calls: list[Sequence[tuple[Any, ...]]] = []

    async def notes(viewer: Viewer, rows: Sequence[tuple[Any, ...]]) -> Sequence[str | None]:
        calls.append(rows)
        return [None if level is GridLevel.STREET else f"{code} for {viewer.subject}" for code, level in rows]

    field = batched([Grid.code, Grid.level], notes, type=str | None, description="A note (备注).")
    field.python_name, field.name = "note", "note"
    definition = REGISTRY["Grid"].__strawberry_definition__
    monkeypatch.setattr(definition, "fields", [*definition.fields, field])
    api = Api(city.database)
    api.app = graphql_app(build_schema(), city.database, api.viewer_of, Bus(city.database.url))
    api.client = type(api.client)(transport=type(api.client._transport)(api.app), base_url="http://hub")
    return api, calls


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_each_level_is_one_call_without_repetition(asked: Any, executor: str) -> None:
    api, calls = asked
    answer = (await api.post(QUERY, ADMIN, executor=executor)).json()
    assert answer["extensions"]["executor"] == executor
    first = answer["data"]["requests"]["nodes"][0]
    assert first["grid"] == {"note": "150602001001 for admin", "parent": {"note": None}}
    assert answer["data"]["grids"]["nodes"] == [
        {"note": "15 for admin", "children": {"nodes": [{"again": "150602 for admin"}]}}
    ]
    assert all(len(rows) == len(set(rows)) for rows in calls)
    assert len(calls) in ([4] if executor == "engine" else [3, 4])  # a loader may put two levels together
