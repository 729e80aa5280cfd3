"""Mutations: what is done, and that a refusal changes nothing."""

from typing import Any

import pytest
from sqlalchemy import func, select

from hub.auth import Viewer
from hub.models import Change, Identity
from tests.schema.api import Api
from tests.schema.city import ADMIN, City, gid

SUBMIT = """mutation ($grid: ID!, $title: String!, $caller: CallerInput, $issues: [IssueInput!]) {
  submitRequest(gridId: $grid, title: $title, kind: COMPLAINT, caller: $caller, issues: $issues) {
    id number title kind status level open createdAt closedAt grid { code } issues { nodes { title } }
    events { nodes { action status } } caller { name phone confidential }
  }
}"""


async def changes(city: City) -> Any:
    async with city.database.read() as session:
        return await session.scalar(select(func.count()).select_from(Change))


async def test_submitting_gives_the_whole_request_back(api: Api, city: City) -> None:
    caller = {"name": "王小明", "phone": "13800001234", "confidential": False}
    data = await api(
        SUBMIT,
        city.clerk("150602001001"),
        grid=gid(city.grids["150602001001"]),
        title="路灯不亮",
        caller=caller,
        issues=[{"title": "灯"}, {"title": "线"}],
    )
    request = data["submitRequest"]
    assert (request["title"], request["kind"], request["status"], request["open"]) == (
        "路灯不亮",
        "COMPLAINT",
        "RECEIVED",
        True,
    )
    assert (request["grid"], request["closedAt"]) == ({"code": "150602001001"}, None)
    assert request["caller"] == {"name": "王*", "phone": "138****1234", "confidential": False}
    assert request["issues"]["nodes"] == [{"title": "灯"}, {"title": "线"}]
    assert request["events"]["nodes"] == [{"action": "SUBMIT", "status": "RECEIVED"}]


async def test_a_life_from_dispatch_to_close(api: Api, city: City) -> None:
    clerk, handler, id = city.clerk("150602001001"), city.handler(), gid(city.requests["R1"])
    steps: list[tuple[Viewer, str]] = [
        (clerk, f'dispatchRequest(id: $id, partyId: "{gid(city.organization)}", workingDays: 5)'),
        (handler, "signRequest(id: $id)"),
        (handler, "acceptRequest(id: $id)"),
        (handler, 'handleRequest(id: $id, result: "修好了")'),
        (clerk, "verifyRequest(id: $id, ok: true)"),
        (clerk, 'feedBack(id: $id, note: "已告知", solved: true)'),
        (clerk, "closeRequest(id: $id)"),
    ]
    seen = []
    for viewer, step in steps:
        data = await api(f"mutation ($id: ID!) {{ done: {step} {{ status }} }}", viewer, id=id)
        seen.append(data["done"]["status"])
    assert seen == ["DISPATCHED", "SIGNED", "IN_PROGRESS", "HANDLED", "VERIFIED", "CALLBACK", "CLOSED"]


async def test_two_steps_in_one_operation_read_afresh_between(api: Api, city: City) -> None:
    data = await api(
        "mutation ($id: ID!) { a: urgeRequest(id: $id) { urged events { totalCount } }"
        " b: urgeRequest(id: $id) { urged events { totalCount } } }",
        ADMIN,
        id=gid(await dispatched(api, city)),
    )
    assert [(data[step]["urged"], data[step]["events"]["totalCount"]) for step in "ab"] == [(1, 3), (2, 4)]


async def dispatched(api: Api, city: City) -> Any:
    request = city.requests["R1"]
    call = f'dispatchRequest(id: "{gid(request)}", partyId: "{gid(city.organization)}")'
    await api(f"mutation {{ {call} {{ id }} }}", ADMIN)
    return request


@pytest.mark.parametrize(
    ("who", "step", "code"),
    [
        ("nobody", "signRequest(id: $id)", "UNAUTHENTICATED"),
        ("handler", "closeRequest(id: $id)", "FORBIDDEN"),
        ("clerk elsewhere", "closeRequest(id: $id)", "NOT_FOUND"),
        ("clerk", "signRequest(id: $id)", "TRANSITION_REFUSED"),
        ("clerk", 'mergeRequest(id: $id, intoId: "x")', "BAD_ID"),
        ("clerk", 'askInfo(id: $id, note: " ")', "INVALID"),
    ],
)
async def test_a_refusal_changes_nothing(api: Api, city: City, who: str, step: str, code: str) -> None:
    viewers = {"nobody": None, "handler": city.handler(), "clerk elsewhere": city.clerk("150602002001")}
    viewer = viewers.get(who, city.clerk("150602001001"))
    before = await changes(city)
    query = f"mutation ($id: ID!) {{ {step} {{ id }} }}"
    assert (await api.refused(query, viewer, id=gid(city.requests["R1"])))[0] == code
    assert await changes(city) == before


async def test_an_id_of_another_type_is_named(api: Api, city: City) -> None:
    query = "mutation ($id: ID!) { signRequest(id: $id) { id } }"
    code, message = await api.refused(query, ADMIN, id=gid(city.grids["15"]))
    assert (code, "is no id of a Request" in message) == ("BAD_ID", True)


async def test_a_refusal_calls_the_arguments_as_the_api_does(api: Api, city: City) -> None:
    before, ids = await changes(city), f'id: "{gid(city.requests["R1"])}", partyId: "{gid(city.organization)}"'
    answer = await api.post(f"mutation {{ dispatchRequest({ids}, workingDays: -1) {{ id }} }}", ADMIN)
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "INVALID", "field": "workingDays"}
    assert error["message"] == "workingDays is -1: give 0 to 365 working days."
    assert await changes(city) == before


async def test_a_caller_never_reaches_the_answer_or_the_log_unmasked(api: Api, city: City) -> None:
    grid = gid(city.grids["150602001001"])
    answer = await api.post(SUBMIT, ADMIN, grid=grid, title="灯", caller={"name": "欧阳修远", "phone": "13911112222"})
    assert all(secret not in answer.text for secret in ("欧阳修远", "13911112222"))
    log = await api.post("{ changes(first: 200) { nodes { patch reverse } } }", ADMIN)
    assert all(secret not in log.text for secret in ("欧阳修远", "13911112222", "13800001234"))
    async with city.database.read() as session:
        assert await session.scalar(select(func.count()).where(Identity.name == "欧阳修远")) == 1
