"""Hours over the graph: on notice, disputed, resolved; who sees them, and who does not."""

from typing import Any

import pytest

from hub import models
from hub.auth import ROLES, Viewer
from hub.models import ServiceMethod, ServiceRecord, ServiceStatus
from tests.schema.api import Api
from tests.schema.city import ADMIN, NOON, City, add, gid

RECORD = """mutation($person: ID!) {
  recordService(
    personId: $person, title: "义诊", startedAt: "2026-03-01T09:00:00+08:00", hours: 2.5, method: TIME_CODE
  ) {
    id status method hours code person { name } recorder { name } } }"""
ANNOUNCE = "mutation($id: ID!) { announceService(id: $id, days: 3) { status noticeFrom noticeUntil } }"
DISPUTE = """mutation($id: ID!) { disputeService(id: $id, reason: "少记一小时") {
  status dispute disputedAt resolution resolvedAt } }"""
RESOLVE = """mutation($id: ID!, $upheld: Boolean!) {
  resolveServiceDispute(id: $id, upheld: $upheld, resolution: "已核实") { status resolution } }"""
FOUND = "query($code: String!) { serviceRecord(code: $code) { status dispute } }"


def person(city: City) -> Viewer:
    return Viewer("person", ROLES["resident"], (), city.person.id)


async def given(city: City, status: ServiceStatus = ServiceStatus.CONFIRMED) -> ServiceRecord:
    words: dict[str, Any] = {"title": "义诊", "started_at": NOON, "hours": 2.0, "method": ServiceMethod.APP}
    row = ServiceRecord(code="H1", person_id=city.person.id, team_id=city.organization.id, status=status, **words)
    await add(city.database, row)
    return row


async def test_hours_go_from_draft_to_notice_and_through_a_dispute(api: Api, city: City) -> None:
    clerk = city.clerk("150602001001")
    made = (await api(RECORD, clerk, person=gid(city.person)))["recordService"]
    assert {**made, "id": ""} == {
        "id": "",
        "status": "DRAFT",
        "method": "TIME_CODE",
        "hours": 2.5,
        "code": None,
        "person": {"name": "李雷"},
        "recorder": None,
    }
    notice = (await api(ANNOUNCE, clerk, id=made["id"]))["announceService"]
    assert (notice["status"], notice["noticeFrom"] < notice["noticeUntil"]) == ("ON_NOTICE", True)
    disputed = (await api(DISPUTE, person(city), id=made["id"]))["disputeService"]
    assert (disputed["status"], disputed["dispute"], disputed["resolvedAt"]) == ("DISPUTED", "少记一小时", None)
    told = await api(RESOLVE, clerk, id=made["id"], upheld=False)
    assert told == {"resolveServiceDispute": {"status": "ON_NOTICE", "resolution": "已核实"}}


async def test_a_dispute_that_is_upheld_withdraws_the_hours(api: Api, city: City) -> None:
    row = await given(city, ServiceStatus.DISPUTED)
    told = await api(RESOLVE, ADMIN, id=gid(row), upheld=True)
    assert told == {"resolveServiceDispute": {"status": "WITHDRAWN", "resolution": "已核实"}}


async def test_who_does_not_see_the_person_does_not_see_the_hours(api: Api, city: City) -> None:
    row = await given(city)
    assert await api(FOUND, code="H1") == {"serviceRecord": None}
    assert await api(FOUND, city.clerk("150602002001"), code="H1") == {"serviceRecord": None}
    seen = {"serviceRecord": {"status": "CONFIRMED", "dispute": None}}
    assert await api(FOUND, person(city), code="H1") == seen
    code, words = await api.refused(DISPUTE, city.clerk("150602002001"), id=gid(row))
    assert (code, words.startswith("No service record ")) == ("NOT_FOUND", True)
    assert await api(FOUND, ADMIN, code="H1") == seen


async def test_one_cannot_decide_about_one_s_own_hours(api: Api, city: City) -> None:
    row = await given(city, ServiceStatus.DISPUTED)
    assert (await api.refused(RESOLVE, person(city), id=gid(row), upheld=False))[0] == "FORBIDDEN"
    assert await api(FOUND, ADMIN, code="H1") == {"serviceRecord": {"status": "DISPUTED", "dispute": None}}


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_an_activity_leads_to_its_turns_and_hours(api: Api, city: City, executor: str) -> None:
    activity = models.Activity(
        code="P1", title="义诊", category="社区服务", starts_at=NOON, organizer_id=city.organization.id
    )
    await add(city.database, activity)
    turn = models.Shift(activity_id=activity.id, person_id=city.person.id, starts_at=NOON, ends_at=NOON, held=True)
    row = await given(city)
    async with city.database.write(ADMIN) as session:
        session.add_all([turn, row])
        row.activity_id = activity.id
    query = """{ activity(code: "P1") { title category closedOn
      shifts { nodes { held person { name } activity { code } } }
      serviceRecords { nodes { code method team { name } } } } }"""
    answer = (await api.post(query, ADMIN, executor=executor)).json()["data"]["activity"]
    shifts = [{"held": True, "person": {"name": "李雷"}, "activity": {"code": "P1"}}]
    records = [{"code": "H1", "method": "APP", "team": {"name": "安居物业"}}]
    assert answer == {
        "title": "义诊",
        "category": "社区服务",
        "closedOn": None,
        "shifts": {"nodes": shifts},
        "serviceRecords": {"nodes": records},
    }
