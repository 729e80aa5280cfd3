"""Writing about time and place over the graph: each mutation once by an admin, and refused to whose grid it is not."""

import re
from typing import Any

import pytest

from hub import models
from hub.auth import ROLES, Viewer
from hub.models import uuid7
from schema import agreements, budgets, deliberation, notices, offers, rotas, stations
from schema.ids import encode
from schema.node import graphql_name
from tests.schema.api import Api, schema
from tests.schema.city import ADMIN, NOON, City, add, gid
from tests.schema.test_writing import HERE, log, operation, standing

NOUNS = (agreements, offers, stations, rotas, deliberation, budgets, notices)
SERVICE = "Service"  # hours have a test of their own
ORGANIZATION, PERSON, STATION = {"name": "安居物业"}, {"name": "李雷"}, {"name": "春园驿站"}

# name: its arguments, what is asked for, and the answer
WRITES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "createAgreement": (
        'title: "结对", agreementKind: PAIRING, partyId: $organization, partnerId: $person, allianceId: $alliance, '
        'gridId: $grid, services: ["义诊"]',
        "title agreementKind services party { name } partner { name } alliance { name } grid { code }",
        {"title": "结对", "agreementKind": "PAIRING", "services": ["义诊"], "party": ORGANIZATION, "partner": PERSON}
        | {"alliance": {"name": "红色商圈"}, "grid": HERE},
    ),
    "updateAgreement": ('id: $agreement, code: "A1"', "title code", {"title": "责任书", "code": "A1"}),
    "createOutcome": (
        'agreementId: $agreement, allianceId: $alliance, metric: "公交线路", value: 2, unit: "条", qualifier: EXACT',
        "metric value unit qualifier agreement { title } alliance { name }",
        {"metric": "公交线路", "value": 2.0, "unit": "条", "qualifier": "EXACT", "agreement": {"title": "责任书"}}
        | {"alliance": {"name": "红色商圈"}},
    ),
    "updateOutcome": (
        "id: $outcome, value: 80, qualifier: null",
        "value qualifier",
        {"value": 80.0, "qualifier": None},
    ),
    "createOffer": (
        'title: "热水", providerId: $organization, stationId: $station, gridId: $grid, beneficiaries: ["外卖骑手"], '
        'validTo: "2099-01-01"',
        "title beneficiaries active provider { name } station { name } grid { code }",
        {"title": "热水", "beneficiaries": ["外卖骑手"], "active": True, "provider": ORGANIZATION, "station": STATION}
        | {"grid": HERE},
    ),
    "updateOffer": ('id: $offer, validTo: "2026-01-01"', "title active", {"title": "充电", "active": False}),
    "createStation": (
        'name: "园林驿站", tier: ESTATE, gridId: $grid, operatorId: $organization, partnerId: $organization, '
        'centreId: $station, buildMode: CONVERTED, premises: UNIT_ROOM, demonstration: true, zones: ["书屋"]',
        "name tier buildMode premises demonstration agency zones grid { code } operator { name } partner { name } "
        "centre { name }",
        {"name": "园林驿站", "tier": "ESTATE", "buildMode": "CONVERTED", "premises": "UNIT_ROOM", "agency": False}
        | {"demonstration": True, "zones": ["书屋"], "grid": HERE, "operator": ORGANIZATION, "partner": ORGANIZATION}
        | {"centre": STATION},
    ),
    "updateStation": ("id: $station, agency: true", "name agency", STATION | {"agency": True}),
    "createServiceItem": (
        'title: "缴费", stationId: $station, providerId: $organization, gridId: $grid, modes: [ASSISTED_AGENCY], '
        "sunk: true, capacity: 3",
        "title modes sunk contactless capacity station { name } provider { name } grid { code }",
        {"title": "缴费", "modes": ["ASSISTED_AGENCY"], "sunk": True, "contactless": False, "capacity": 3}
        | {"station": STATION, "provider": ORGANIZATION, "grid": HERE},
    ),
    "updateServiceItem": (
        "id: $item, contactless: true",
        "title contactless",
        {"title": "老年卡", "contactless": True},
    ),
    "replaceServiceItem": (
        'id: $item, because: "少跑一趟", evaluationId: $evaluation, title: "老年卡即办"',
        "title because contactless replaces { title } evaluation { note } versions { title }",
        {"title": "老年卡即办", "because": "少跑一趟", "contactless": True, "replaces": {"title": "老年卡"}}
        | {"evaluation": {"note": "太慢"}, "versions": [{"title": "老年卡即办"}, {"title": "老年卡"}]},
    ),
    "createActivity": (
        'title: "义诊", startsAt: "2026-03-01T09:00:00+08:00", organizerId: $organization, stationId: $station, '
        "seriesId: $series, gridId: $grid",
        "title startsAt organizer { name } station { name } series { title } grid { code }",
        {"title": "义诊", "startsAt": "2026-03-01T01:00:00+00:00", "organizer": ORGANIZATION, "station": STATION}
        | {"series": {"title": "议事会"}, "grid": HERE},
    ),
    "updateActivity": ("id: $activity, attendance: 30", "title attendance", {"title": "讲座", "attendance": 30}),
    "createQrPoint": (
        'code: "Q2", gridId: $grid, stationId: $station, title: "门厅"',
        "code title grid { code } station { name }",
        {"code": "Q2", "title": "门厅", "grid": HERE, "station": STATION},
    ),
    "updateQrPoint": ('id: $point, title: "电梯口"', "code title", {"code": "Q1", "title": "电梯口"}),
    "submitByCode": (
        'code: "Q1", title: "灯不亮", caller: {phone: "13800001234"}',
        "title channel place grid { code }",
        {"title": "灯不亮", "channel": "QR_CODE", "place": "电梯口", "grid": HERE},
    ),
    "createRota": (
        'title: "七点半岗哨", rule: "FREQ=DAILY", at: "19:30", startsOn: "2026-03-01", stationId: $station, '
        "gridId: $grid, actions: [LEAFLET, CONSULT_DESK], modes: [ONLINE]",
        "title rule at minutes actions modes station { name } grid { code }",
        {"title": "七点半岗哨", "rule": "FREQ=DAILY", "at": "19:30", "minutes": None, "modes": ["ONLINE"]}
        | {"actions": ["LEAFLET", "CONSULT_DESK"], "station": STATION, "grid": HERE},
    ),
    "updateRota": ('id: $rota, endsOn: "2026-12-31"', "title endsOn", {"title": "岗哨", "endsOn": "2026-12-31"}),
    "createSeries": (
        'title: "联席会议", seriesKind: MEETING, rule: "FREQ=MONTHLY;INTERVAL=3", startsOn: "2026-01-10", '
        "organizerId: $organization, allianceId: $alliance, stationId: $station, gridId: $grid",
        "title seriesKind rule organizer { name } alliance { name } station { name } grid { code }",
        {"title": "联席会议", "seriesKind": "MEETING", "rule": "FREQ=MONTHLY;INTERVAL=3", "organizer": ORGANIZATION}
        | {"alliance": {"name": "红色商圈"}, "station": STATION, "grid": HERE},
    ),
    "updateSeries": ("id: $series, minutes: 90", "title minutes", {"title": "议事会", "minutes": 90}),
    "assignShift": (
        'rotaId: $rota, personId: $person, startsAt: "2026-03-05T19:30:00+08:00"',
        "startsAt endsAt held rota { title } person { name }",
        {"startsAt": "2026-03-05T11:30:00+00:00", "endsAt": "2026-03-05T12:30:00+00:00", "held": None}
        | {"rota": {"title": "岗哨"}, "person": PERSON},
    ),
    "relieveShift": (
        'id: $shift, personId: $other, at: "2026-03-01T20:00:00+08:00"',
        "startsAt endsAt person { name } relieves { endsAt person { name } }",
        {"startsAt": "2026-03-01T12:00:00+00:00", "endsAt": "2026-03-01T12:30:00+00:00", "person": {"name": "韩梅梅"}}
        | {"relieves": {"endsAt": "2026-03-01T12:00:00+00:00", "person": PERSON}},
    ),
    "noteHeld": ("id: $shift, held: true", "held", {"held": True}),
    "withdrawShift": ("id: $second", "person { name } held", {"person": PERSON, "held": None}),
    "createMeeting": (
        'title: "三月议事", heldAt: "2026-03-09T15:00:00+08:00", forum: BUILDING_TABLE, seriesId: $series, '
        "allianceId: $alliance, gridId: $grid",
        "title forum series { title } alliance { name } grid { code }",
        {
            "title": "三月议事",
            "forum": "BUILDING_TABLE",
            "series": {"title": "议事会"},
            "alliance": {"name": "红色商圈"},
        }
        | {"grid": HERE},
    ),
    "updateMeeting": ('id: $meeting, venue: "议事厅"', "title venue", {"title": "二月议事", "venue": "议事厅"}),
    "proposeTopic": (
        'gridId: $grid, title: "停车", channel: ONLINE, grade: KEY, raisedById: $organization, requestId: $request',
        "title status channel grade grid { code } raisedBy { name } request { number }",
        {"title": "停车", "status": "PROPOSED", "channel": "ONLINE", "grade": "KEY", "grid": HERE}
        | {"raisedBy": ORGANIZATION, "request": {"number": "R1"}},
    ),
    "updateTopic": ('id: $topic, title: "装电梯"', "title status", {"title": "装电梯", "status": "PROPOSED"}),
    "screenTopic": ("id: $topic, kept: true, grade: HARD", "status grade", {"status": "SCREENED", "grade": "HARD"}),
    "deliberateTopic": (
        "id: $topic, meetingId: $meeting",
        "status meeting { title }",
        {"status": "DELIBERATED", "meeting": {"title": "二月议事"}},
    ),
    "resolveTopic": (
        'id: $topic, text: "先做两栋", ownerId: $organization, dueOn: "2099-01-01"',
        "status resolutions { nodes { text dueOn owner { name } meeting { title } } }",
        {
            "status": "RESOLVED",
            "resolutions": {
                "nodes": [
                    {"text": "先做两栋", "dueOn": "2099-01-01"}
                    | {"owner": ORGANIZATION, "meeting": {"title": "二月议事"}}
                ]
            },
        },
    ),
    "reviewTopic": (
        'id: $topic, done: false, review: "只装了一部"',
        "status review",
        {"status": "DELIBERATED", "review": "只装了一部"},
    ),
    "escalateTopic": (
        'id: $topic, proposalKind: OPINION_BRIEF, submittedOn: "2026-03-20"',
        "status proposals { nodes { title proposalKind submittedOn } }",
        {
            "status": "ESCALATED",
            "proposals": {
                "nodes": [{"title": "装电梯", "proposalKind": "OPINION_BRIEF"} | {"submittedOn": "2026-03-20"}]
            },
        },
    ),
    "decide": (
        'meetingId: $meeting, text: "每月通报", ownerId: $organization',
        "text meeting { title } owner { name }",
        {"text": "每月通报", "meeting": {"title": "二月议事"}, "owner": ORGANIZATION},
    ),
    "updateResolution": (
        'id: $resolution, doneOn: "2026-03-01"',
        "text doneOn",
        {"text": "加灯", "doneOn": "2026-03-01"},
    ),
    "updateProposal": (
        'id: $proposal, reply: "采纳", repliedOn: "2026-03-01"',
        "title reply repliedOn",
        {"title": "停车", "reply": "采纳", "repliedOn": "2026-03-01"},
    ),
    "createBudget": (
        'title: "预算", year: 2026, raised: 100, gridId: $grid',
        "title year raised grid { code } sums { projects amount left }",
        {"title": "预算", "year": 2026, "raised": 100.0, "grid": HERE}
        | {"sums": {"projects": 0, "amount": 0.0, "left": 100.0}},
    ),
    "updateBudget": ("id: $budget, raised: 1130000", "title raised", {"title": "参与式预算", "raised": 1130000.0}),
    "createBudgetProject": (
        'budgetId: $budget, title: "凉亭", amount: 5000, votes: 12',
        "title amount votes budget { title sums { projects amount } }",
        {"title": "凉亭", "amount": 5000.0, "votes": 12}
        | {"budget": {"title": "参与式预算", "sums": {"projects": 2, "amount": 8000.0}}},
    ),
    "updateBudgetProject": (
        'id: $project, doneOn: "2026-03-01"',
        "title doneOn",
        {"title": "座椅", "doneOn": "2026-03-01"},
    ),
    "createFunding": (
        'title: "双报到经费", source: "财政", gridId: $grid, amount: 5, qualifier: NEARLY',
        "title source amount qualifier grid { code }",
        {"title": "双报到经费", "source": "财政", "amount": 5.0, "qualifier": "NEARLY", "grid": HERE},
    ),
    "updateFunding": ("id: $funding, year: 2025", "title year", {"title": "工作经费", "year": 2025}),
    "postNotice": (
        'title: "进圈时间", noticeKind: SCHEDULE, basis: "公开要求", until: "2026-03-31", since: "2026-03-01", '
        "stationId: $station, partyId: $organization, gridId: $grid",
        "title noticeKind since until running station { name } party { name } grid { code }",
        {"title": "进圈时间", "noticeKind": "SCHEDULE", "since": "2026-03-01", "until": "2026-03-31", "running": False}
        | {"station": STATION, "party": ORGANIZATION, "grid": HERE},
    ),
    "updateNotice": (
        'id: $notice, until: "2099-01-01", since: "2098-01-01"',
        "title running",
        {"title": "事项", "running": False},
    ),
}


@pytest.fixture
async def there(city: City) -> dict[str, str]:
    """The ids that the calls name."""
    grid, party = city.grids["150602001001"], city.organization.id
    place = {"grid_id": grid.id, "grid_path": grid.path}
    rule = {"rule": "FREQ=DAILY", "starts_on": NOON.date(), "at": "19:30"}
    other = models.Person(name="韩梅梅", **place)
    evening = NOON.replace(hour=11, minute=30)
    rows: dict[str, Any] = {
        "alliance": models.Alliance(name="红色商圈", alliance_kind=models.AllianceKind.RED_BUSINESS, **place),
        "agreement": models.Agreement(
            title="责任书", agreement_kind=models.AgreementKind.CO_BUILD, party_id=party, **place
        ),
        "offer": models.Offer(title="充电", **place),
        "station": models.Station(name="春园驿站", tier=models.StationTier.COMMUNITY, **place),
        "item": models.ServiceItem(title="老年卡", **place),
        "activity": models.Activity(title="讲座", starts_at=NOON, **place),
        "point": models.QrPoint(code="Q1", **place),
        "rota": models.Rota(title="岗哨", **rule, **place),
        "series": models.Series(title="议事会", series_kind=models.SeriesKind.MEETING, **rule, **place),
        "meeting": models.Meeting(title="二月议事", held_at=NOON, **place),
        "topic": models.Topic(title="电梯", **place),
        "proposal": models.Proposal(
            title="停车", proposal_kind=models.ProposalKind.CPPCC_PROPOSAL, submitted_on=NOON.date(), **place
        ),
        "budget": models.Budget(title="参与式预算", **place),
        "funding": models.Funding(title="工作经费", **place),
        "notice": models.PublicNotice(
            title="事项",
            notice_kind=models.NoticeKind.SERVICE_ITEMS,
            since=NOON.date(),
            until=NOON.date().replace(year=2099),
            **place,
        ),
        "evaluation": models.Evaluation(
            request_id=city.requests["R1"].id, satisfaction=models.Satisfaction.DISSATISFIED, note="太慢"
        ),
        "other": other,
    }
    await add(city.database, *rows.values())
    below: dict[str, Any] = {
        "outcome": models.Outcome(metric="就业", value=79.0, agreement_id=rows["agreement"].id),
        "resolution": models.Resolution(text="加灯", meeting_id=rows["meeting"].id),
        "project": models.BudgetProject(title="座椅", amount=3000.0, budget_id=rows["budget"].id),
    }
    for name, hours in (("shift", 0), ("second", 24)):
        begin = evening.replace(day=1 + hours // 24)
        turn = {"starts_at": begin, "ends_at": begin.replace(hour=12, minute=30), "person_id": city.person.id}
        below[name] = models.Shift(rota_id=rows["rota"].id, **turn)
    await add(city.database, *below.values())
    rows |= below | {"grid": grid, "organization": city.organization, "person": city.person}
    ids = {name: gid(row) for name, row in rows.items() if name != "evaluation"} | {"request": gid(city.requests["R1"])}
    opinion = rows["evaluation"]
    return ids | {"evaluation": encode("Evaluation", (opinion.request_id, opinion.id))}


def called(name: str, there: dict[str, str], **other: str) -> str:
    arguments, asked, _ = WRITES[name]
    return operation(f"{name}({arguments}) {{ {asked} }}", there | other)


def test_the_table_has_every_mutation_and_every_id() -> None:
    own = [one for noun in NOUNS for one in noun.Mutation.__strawberry_definition__.fields]
    names = [graphql_name(one.python_name) for one in own]
    assert [name for name in names if SERVICE not in name or "Item" in name] == list(WRITES)
    fields = schema()._schema.mutation_type.fields  # type: ignore[union-attr]
    for name, (arguments, _, _) in WRITES.items():
        ids = {one for one, argument in fields[name].args.items() if str(argument.type) in ("ID", "ID!")}
        given = set(re.findall(r"(\w+): \$", arguments))
        needed = {one for one, argument in fields[name].args.items() if str(argument.type) == "ID!"}
        assert needed <= given <= ids, name
        assert name.startswith(("update", "replace")) or given == ids - {"projectId"}, name


async def test_an_admin_writes_each_of_them(api: Api, city: City, there: dict[str, str]) -> None:
    before = len(await log(city))
    for name, (_, _, answer) in WRITES.items():
        assert (await api(called(name, there), ADMIN))["done"] == answer, name
    written = (await log(city))[before:]
    assert {actor for _, _, actor in written} == {"admin"}
    assert {kind for kind, _, _ in written} == {"CREATED", "UPDATED"}


OPEN = {"submitByCode", "proposeTopic"}  # whoever may submit a request


@pytest.mark.parametrize("role", ["clerk", "resident", "nobody"])
async def test_whose_grid_it_is_not_is_refused_and_changes_nothing(
    api: Api, city: City, there: dict[str, str], role: str
) -> None:
    path = city.grids["150602002001"].path
    viewer = None if role == "nobody" else Viewer(role, ROLES[role], (path,), name=role)
    before = await standing(city)
    wanted = {"nobody": {"UNAUTHENTICATED"}, "resident": {"FORBIDDEN"}}.get(role, {"FORBIDDEN", "NOT_FOUND"})
    for name in WRITES:
        if name in OPEN and role != "nobody":
            continue
        code, message = await api.refused(called(name, there), viewer)
        assert code in wanted, (name, code, message)
    assert await standing(city) == before


async def test_an_id_of_another_type_is_refused_everywhere(api: Api, city: City, there: dict[str, str]) -> None:
    before, claim = await standing(city), gid(models.Claim(id=uuid7()))
    for name, (arguments, _, _) in WRITES.items():
        for one in re.findall(r"\$(\w+)", arguments):
            code, message = await api.refused(called(name, there, **{one: claim}), ADMIN)
            assert (code, f"'{claim}' is no id of a " in message) == ("BAD_ID", True), (name, one)
    assert await standing(city) == before
