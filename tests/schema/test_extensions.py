"""Fields that plugins add: batched, named after their plugin, and harmless when the plugin is not."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import GraphQLObjectType
from httpx2 import ASGITransport, AsyncClient

from hub.plugin import GraphField, Plugin
from schema import extensions
from schema.asgi import graphql_app
from schema.bus import Bus
from schema.extensions import fits
from schema.schema import build_schema, extended, sdl
from tests.schema.api import Api
from tests.schema.city import ADMIN, City, gid
from tests.sync.sources import Nothing

Rows = Sequence[Mapping[str, Any]]
MOMENT = datetime(2026, 3, 1, 8, tzinfo=UTC)
BOTH = pytest.mark.parametrize("executor", ["engine", "ordinary"])


@dataclass(frozen=True)
class Hour:
    """An hour of it (小时)."""

    at: datetime
    degrees: float | None = field(default=None, metadata={"doc": "In degrees Celsius (气温)."})


@dataclass(frozen=True)
class Day:
    """What a day is like (一天)."""

    words: str
    hours: list[Hour]
    first: Hour | None = None


def named(resolve: Any, name: str = "note", **more: Any) -> GraphField:
    given = {"on": "Grid", "type": str, "needs": ("code",), "doc": "A note (备注)."} | more
    return GraphField(name=name, resolve=resolve, **given)


def plugin(*graph: GraphField, name: str = "weather") -> type[Plugin[Nothing]]:
    return type(name, (Plugin,), {"name": name, "title": name, "Config": Nothing, "graph": graph})


def asking(city: City, *plugins: type[Plugin[Any]]) -> Api:
    """The graph with what these plugins add."""
    api, added = Api(city.database), extended(plugins)
    assert added.broken == []
    api.app = graphql_app(build_schema(more=added.shown), city.database, api.viewer_of, Bus(city.database.url))
    api.app._development = True
    api.client = AsyncClient(transport=ASGITransport(api.app), base_url="http://hub")
    return api


async def codes(rows: Rows) -> list[str]:
    return [row["code"] for row in rows]


async def raises(rows: Rows) -> list[str]:
    raise LookupError("password 1234")


async def leaves(rows: Rows) -> list[str]:
    raise SystemExit


async def cancels(rows: Rows) -> list[str]:
    raise asyncio.CancelledError


async def too_few(rows: Rows) -> list[str]:
    return ["one"]


async def hangs(rows: Rows) -> list[str]:
    await asyncio.sleep(60)
    return []


def plain(rows: Rows) -> list[str]:
    return [""] * len(rows)


@BOTH
@pytest.mark.reads
async def test_a_level_is_one_call_with_what_the_field_needs(city: City, executor: str) -> None:
    calls: list[Rows] = []

    async def resolve(rows: Rows) -> list[str | None]:
        calls.append(rows)
        return [f"{row['level']} {row['code']}" if row["level"] != "STREET" else None for row in rows]

    api = asking(city, plugin(named(resolve, needs=("id", "code", "level"))))
    query = (
        '{ grids(filter: {under: {code: "150602001"}}) { nodes { code weatherNote parent { again: weatherNote } } } }'
    )
    answer = (await api.post(query, ADMIN, executor=executor)).json()
    assert answer["extensions"]["executor"] == executor
    assert answer["data"]["grids"]["nodes"][1] == {
        "code": "150602001001",
        "weatherNote": "COMMUNITY 150602001001",
        "parent": {"again": None},
    }
    assert [len(rows) for rows in calls] == ([3, 2] if executor == "engine" else [3, 1])  # a loader remembers
    assert calls[0][0] == {"id": str(city.grids["150602001"].id), "code": "150602001", "level": "STREET"}


@BOTH
@pytest.mark.reads
async def test_dataclasses_become_types_of_the_plugin(city: City, executor: str) -> None:
    async def days(rows: Rows) -> list[list[Day]]:
        return [[Day(row["code"], [Hour(MOMENT, 3), Hour(MOMENT)], Hour(MOMENT, 1.5)), Day("", [])] for row in rows]

    api = asking(city, plugin(named(days, "days", type=list[Day]), name="hot_line"))
    shown = "{ __typename words hours { __typename at degrees } first { t: degrees } }"
    answer = await api.post(f'{{ grid(code: "15") {{ hotLineDays {shown} }} }}', ADMIN, executor=executor)
    assert answer.json()["extensions"]["executor"] == executor
    at = "2026-03-01T08:00:00+00:00"
    first, second = answer.json()["data"]["grid"]["hotLineDays"]
    assert first == {
        "__typename": "HotLineDay",
        "words": "15",
        "hours": [
            {"__typename": "HotLineHour", "at": at, "degrees": 3.0},
            {"__typename": "HotLineHour", "at": at, "degrees": None},
        ],
        "first": {"t": 1.5},
    }
    assert second == {"__typename": "HotLineDay", "words": "", "hours": [], "first": None}


def test_the_schema_describes_what_is_added_and_the_hubs_own_stays_as_it_is() -> None:
    before = sdl()
    added = extended([plugin(named(codes, "days", type=list[Day]))])
    types = build_schema(more=added.shown)._schema.type_map
    grid, day, hour = (types[name] for name in ("Grid", "WeatherDay", "WeatherHour"))
    assert isinstance(grid, GraphQLObjectType)
    assert isinstance(hour, GraphQLObjectType)
    assert (str(grid.fields["weatherDays"].type), grid.fields["weatherDays"].description) == (
        "[WeatherDay!]",
        "A note (备注).",
    )
    assert (day.description, hour.description) == ("What a day is like (一天).", "An hour of it (小时).")
    assert [(name, one.description) for name, one in hour.fields.items()] == [
        ("at", "A note (备注)."),
        ("degrees", "In degrees Celsius (气温)."),
    ]
    assert sdl() == before


@BOTH
@pytest.mark.parametrize("resolve", [raises, leaves, cancels, too_few, plain])
@pytest.mark.reads
async def test_a_broken_field_is_null_and_the_rest_stands(city: City, executor: str, resolve: Any) -> None:
    broken, whole = plugin(named(resolve)), plugin(named(codes), name="whole")
    api = asking(city, broken, whole)
    query = '{ grids(filter: {under: {code: "150602001"}}) { nodes { code weatherNote wholeNote } } }'
    response = await api.post(query, ADMIN, executor=executor)
    answer = response.json()
    assert answer["data"]["grids"]["nodes"] == [
        {"code": code, "weatherNote": None, "wholeNote": code} for code in ("150602001", "150602001001", "150602001002")
    ]
    assert [(one["path"], one["extensions"], one["message"]) for one in answer["errors"]] == [
        (
            ["grids", "nodes", at, "weatherNote"],
            {"code": "PLUGIN_FAILED", "plugin": "weather"},
            "The plugin weather failed at weatherNote. The log of the hub says why.",
        )
        for at in range(3)
    ]
    assert "1234" not in response.text


@BOTH
@pytest.mark.reads
async def test_a_field_that_hangs_is_given_up_and_left_alone_for_a_while(
    city: City, executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extensions, "MOST_SECONDS", 0.2)
    api = asking(city, plugin(named(hangs)))
    took = []
    for _ in range(3):
        began = time.monotonic()
        answer = (await api.post('{ grid(code: "15") { code weatherNote } }', ADMIN, executor=executor)).json()
        took.append(time.monotonic() - began)
        assert answer["data"] == {"grid": {"code": "15", "weatherNote": None}}
        assert [one["extensions"]["code"] for one in answer["errors"]] == ["PLUGIN_FAILED"]
    assert took[0] >= 0.2
    assert max(took[1:]) < 0.2


@pytest.mark.reads
async def test_a_slow_field_takes_five_connections_at_most(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work = most = 0

    async def slow(rows: Rows) -> list[str]:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0.2)
        at_work -= 1
        return await codes(rows)

    api = asking(city, plugin(named(slow)))
    query = '{ grid(code: "15") { weatherNote } }'
    answers = await asyncio.gather(*(api.post(query, ADMIN, executor="ordinary") for _ in range(20)))
    notes = [answer.json()["data"]["grid"]["weatherNote"] for answer in answers]
    assert most == extensions.MOST_AT_ONCE
    assert (notes.count("15") >= 5, set(notes)) == (True, {"15", None})


@BOTH
@pytest.mark.reads
async def test_a_value_of_another_type_is_null_beside_good_ones(city: City, executor: str) -> None:
    async def some(rows: Rows) -> list[Any]:
        return [5 if row["code"].endswith("1") else row["code"] for row in rows]

    api = asking(city, plugin(named(some)))
    query = '{ grids(filter: {under: {code: "150602001"}}) { nodes { weatherNote } } }'
    answer = (await api.post(query, ADMIN, executor=executor)).json()
    assert [one["weatherNote"] for one in answer["data"]["grids"]["nodes"]] == [None, None, "150602001002"]
    assert [(one["path"][2], one["extensions"]["code"]) for one in answer["errors"]] == [
        (0, "PLUGIN_FAILED"),
        (1, "PLUGIN_FAILED"),
    ]


async def test_a_mutation_is_done_once_and_its_answer_stands(city: City) -> None:
    api = asking(city, plugin(named(raises, on="Request", needs=("number",))))
    mutation = f'mutation {{ urgeRequest(id: "{gid(city.requests["R1"])}") {{ urged weatherNote }} }}'
    dispatch = f'dispatchRequest(id: "{gid(city.requests["R1"])}", partyId: "{gid(city.organization)}")'
    await api(f"mutation {{ {dispatch} {{ id }} }}", ADMIN)
    answer = (await api.post(mutation, ADMIN)).json()
    assert answer["data"] == {"urgeRequest": {"urged": 1, "weatherNote": None}}
    assert [one["extensions"] for one in answer["errors"]] == [{"code": "PLUGIN_FAILED", "plugin": "weather"}]
    assert answer["extensions"]["executor"] == "engine"


@pytest.mark.reads
async def test_a_field_costs_a_row_for_each_row(city: City) -> None:
    api = asking(city, plugin(named(codes), named(codes, "days")))
    costs = []
    for shown in ("code", "code weatherNote", "code weatherNote weatherDays"):
        answer = (await api.post(f"{{ grids(first: 50) {{ nodes {{ {shown} }} }} }}", ADMIN)).json()
        costs.append(answer["extensions"]["cost"]["asked"]["rows"])
    assert (costs[1] - costs[0], costs[2] - costs[1]) == (50, 50)


@dataclass
class Open:
    at: int


HOURS = dataclass(frozen=True)(type("Hour", (), {"__annotations__": {"other": int}}))


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        (named(codes, on="Cat"), "There is no type Cat. There are: "),
        (named(codes, on="Party"), "Party is of several types: name one of Organization, Person."),
        (named(codes, on="Query"), "There is no type Query."),
        (named(codes, needs=("note",)), "needs: a Grid shows no note. It shows: "),
        (named(codes, on="Source", needs=("settings",)), "needs: a Source shows no settings. It shows: "),
        (named(codes, on="Rejected", needs=("raw",)), "needs: raw holds several values"),
        (named(codes, doc=" "), "doc is empty: say in a line what the field shows."),
        (named(codes, "Note"), "weather_Note is no name for a field"),
        (named(codes, type=dict), "type: <class 'dict'> is none of str, int,"),
        (named(codes, type=Open), "is none of str, int, float, bool, datetime, a frozen dataclass"),
        (named(codes, type=int | str), "type: int | str is none of"),
        (named(5), "resolve is no function."),
        (5, "A int is no GraphField: see hub/plugin.py."),
    ],
)
def test_what_cannot_be_is_left_out_with_the_reason(graph: Any, reason: str) -> None:
    added = extended([plugin(graph, named(codes, "good"))])
    ((name, said),) = added.broken
    assert name.startswith("weather: ")
    assert reason in said
    assert [one.name for one in added.shown["Grid"]] == ["weather_good"]


@pytest.mark.parametrize(
    ("plugins", "reason"),
    [
        (
            [plugin(named(codes, "b_c"), name="a"), plugin(named(codes, "c"), name="a_b")],
            "Grid.aBC is there already: c of the plugin a_b clashes with b_c of the plugin a.",
        ),
        (
            [plugin(named(codes), named(codes))],
            "Grid.weatherNote is there already: note of the plugin weather clashes with note of the plugin weather.",
        ),
        (
            [plugin(named(codes, "at"), name="created")],
            "Grid.createdAt is there already: at of the plugin created clashes with the hub's own Grid.createdAt.",
        ),
        (
            [plugin(named(codes, type=dataclass(frozen=True)(type("Event", (), {}))), name="request")],
            "The type RequestEvent is there already: "
            "Event of the plugin request clashes with the hub's own RequestEvent.",
        ),
        (
            [plugin(named(codes, type=Hour), named(codes, "other", type=HOURS))],
            "The type WeatherHour is there already: "
            "Hour of the plugin weather clashes with tests.schema.test_extensions.Hour.",
        ),
    ],
)
def test_a_clash_is_refused_with_both_names(plugins: list[Any], reason: str) -> None:
    added = extended(plugins)
    assert [said for _, said in added.broken] == [reason]
    assert build_schema(more=added.shown).as_str()


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (str, "字", "\ud800"),
        (int, 2**31 - 1, 2**31),
        (int, 0, True),
        (float, 1, float("nan")),
        (bool, True, 1),
        (str | None, None, b""),
        (list[int], [1, 2], [1, "2"]),
        (list[int], [1] * 100, [1] * 101),
        (datetime, MOMENT, "2026-03-01"),
        (Hour, Hour(MOMENT, 1.0), Hour("now")),  # type: ignore[arg-type]
        (Day, Day("a", [Hour(MOMENT)]), Day("a", [None])),  # type: ignore[list-item]
    ],
)
def test_values_are_of_the_declared_type_to_the_last_part(kind: Any, good: Any, bad: Any) -> None:
    assert (fits(kind, good), fits(kind, bad)) == (True, False)
