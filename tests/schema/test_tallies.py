from typing import Any

import pytest

from tests.schema.api import Api
from tests.schema.city import ADMIN, NOON, City, ask, gid


async def rows(api: Api, arguments: str) -> list[tuple[Any, ...]]:
    """Each row as its values and its count."""
    data = await api(f"{{ tally({arguments}) {{ keys {{ value }} count }} }}", ADMIN)
    return [(*(key["value"] for key in row["keys"]), row["count"]) for row in data["tally"]]


@pytest.mark.reads
async def test_counts_by_one_key_and_by_several(api: Api, city: City) -> None:
    assert await rows(api, "of: REQUESTS, by: [STATUS]") == [("RECEIVED", 3), ("CLOSED", 1)]
    assert await rows(api, "of: REQUESTS, by: []") == [(4,)]
    assert await rows(api, "of: REQUESTS, by: [DAY, LEVEL]") == [("2026-03-01", "COMMUNITY", 4)]
    assert await rows(api, "of: REQUESTS, by: [MONTH]") == [("2026-03", 4)]
    assert await rows(api, "of: REQUESTS, by: [CATEGORY]") == [(None, 4)]


async def test_a_day_is_a_day_in_china(api: Api, city: City) -> None:
    await ask(city, "late", "150602001001", submitted_at=NOON.replace(hour=16))
    assert await rows(api, "of: REQUESTS, by: [DAY]") == [("2026-03-01", 4), ("2026-03-02", 1)]


@pytest.mark.reads
async def test_grids_are_rolled_up_to_the_level_that_is_asked_for(api: Api, city: City) -> None:
    assert await rows(api, "of: REQUESTS, by: [GRID], gridLevel: STREET") == [("150602001", 3), ("150602002", 1)]
    assert await rows(api, "of: REQUESTS, by: [GRID], gridLevel: DISTRICT") == [("150602", 4)]
    assert await rows(api, 'of: REQUESTS, by: [GRID], under: {code: "150602001"}') == [
        ("150602001001", 2),
        ("150602001002", 1),
    ]
    assert await rows(api, "of: GRIDS, by: [LEVEL]") == [
        ("COMMUNITY", 3),
        ("STREET", 2),
        ("DISTRICT", 1),
        ("PROVINCE", 1),
    ]


@pytest.mark.reads
async def test_during_and_filter_narrow_the_requests(api: Api, city: City) -> None:
    noon = 'during: {gt: "2026-03-01T12:00:00+08:00"}'
    assert await rows(api, f"of: REQUESTS, by: [STATUS], {noon}") == [("RECEIVED", 2), ("CLOSED", 1)]
    assert await rows(api, "of: REQUESTS, by: [STATUS], filter: {open: true}") == [("RECEIVED", 3)]
    assert await rows(api, 'of: REQUESTS, by: [], filter: {grid: {code: "none"}}') == [(0,)]


@pytest.mark.reads
async def test_values_have_labels_for_people(api: Api, city: City) -> None:
    data = await api(
        '{ tally(of: REQUESTS, by: [ASSIGNEE, STATUS, GRID], filter: {number: "R1"}) { keys { key value label } } }',
        ADMIN,
    )
    assert [tuple(key.values()) for key in data["tally"][0]["keys"]] == [
        ("ASSIGNEE", gid(city.organization), "安居物业"),
        ("STATUS", "RECEIVED", "受理"),
        ("GRID", "150602001001", "林荫社区"),
    ]


@pytest.mark.reads
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("of: ORGANIZATIONS, by: [STATUS]", "cannot be counted by STATUS. Possible: KIND, PRACTICE, GRID."),
        ("of: GRIDS, by: [DAY]", "cannot be counted by DAY. Possible: LEVEL, GRID."),
        ("of: REQUESTS, by: [STATUS, STATUS]", "A key stands twice"),
        ("of: GRIDS, by: [], filter: {open: true}", "are for REQUESTS, not for GRIDS"),
    ],
)
async def test_a_key_that_does_not_fit_is_refused(api: Api, arguments: str, said: str) -> None:
    code, message = await api.refused(f"{{ tally({arguments}) {{ count }} }}")
    assert (code, said in message) == ("INVALID", True), message
