"""东胜: the community blows the whistle, departments respond; who is late climbs the ladder, and it goes up a level."""

from datetime import datetime, timedelta
from itertools import count

from hub.models import now
from hub.services import working_days
from tests.schema.stories import Story, due

OFFICE, STREET = "district@150602", "clerk@150602012:DS-STREET"
CLERK, ELSEWHERE = "clerk@150602012003:DS-CLERK", "clerk@150602001"
URBAN, MARKET, STRANGER = "handler:DS-URBAN", "handler:DS-MARKET", "handler:DS-WATER"
PLACES = '{ home: grid(code: "150602012003") { id } workflow(code: "dongsheng.WHISTLE") { id } }'
WHISTLE, RESPOND = {"name": "社区吹哨", "phase": "DISPATCH"}, {"name": "部门响应", "phase": "ACCEPT"}
REPORT = {"name": "党员报到", "phase": "HANDLE"}
CAME_LATE = [
    ("SUBMIT", "RECEIVED", "DS-CLERK", None, "社区吹哨", "DISPATCH"),
    ("DISPATCH", "DISPATCHED", "DS-CLERK", "DS-URBAN", "社区吹哨", "DISPATCH"),
    ("JOIN", "DISPATCHED", "DS-CLERK", "DS-MARKET", "社区吹哨", "DISPATCH"),
    ("RESPOND", "DISPATCHED", "DS-MARKET", "DS-MARKET", "部门响应", "ACCEPT"),
    ("EVALUATE_RESPONSE", "DISPATCHED", "DS-CLERK", "DS-MARKET", None, None),
    ("SIGN", "SIGNED", "DS-URBAN", "DS-URBAN", None, None),
    ("URGE", "SIGNED", None, "DS-URBAN", None, None),
    ("SUPERVISE", "SIGNED", None, "DS-URBAN", None, None),
    ("ESCALATE", "TRIAGED", "DS-CLERK", "DS-URBAN", None, None),
]
ONE_LEVEL_UP = [
    ("DISPATCH", "DISPATCHED", "DS-STREET", "DS-MARKET", "社区吹哨", "DISPATCH"),
    ("SIGN", "SIGNED", "DS-MARKET", "DS-MARKET", None, None),
    ("ACCEPT", "IN_PROGRESS", "DS-MARKET", "DS-MARKET", "部门响应", "ACCEPT"),
    ("HANDLE", "HANDLED", "DS-MARKET", "DS-MARKET", "党员报到", "HANDLE"),
    ("EVALUATE", "HANDLED", "DS-CLERK", None, None, None),
    ("RELEASE", "HANDLED", None, "DS-MARKET", None, None),
    ("CLOSE", "CLOSED", "DS-CLERK", None, None, None),
]


async def test_a_whistle_is_answered_by_one_department_and_taken_up_from_another(story: Story) -> None:
    ids = await staffed(story)
    request = await blown(story, ids)
    await responded(story, request, ids["market"])
    await overdue(story, request)
    await taken_up(story, request)
    await reported(story, request, ids["market"])
    assert await story.life(OFFICE, request) == CAME_LATE + ONE_LEVEL_UP


async def staffed(story: Story) -> dict[str, str]:
    """The district enters its departments, and who works in the street and in the community."""
    ids = await story.ids(PLACES)
    for clerk in ("DS-CLERK", "DS-STREET"):
        await story.person(OFFICE, clerk, ids["home"])
    await story.organization(OFFICE, "DS-WATER", "DEPARTMENT", ids["home"])
    urban = await story.organization(OFFICE, "DS-URBAN", "DEPARTMENT", ids["home"])
    market = await story.organization(OFFICE, "DS-MARKET", "DEPARTMENT", ids["home"])
    return ids | {"urban": urban, "market": market}


async def blown(story: Story, ids: dict[str, str]) -> str:
    """社区吹哨: the community calls two departments, each with its own deadline."""
    words = 'submitRequest(gridId: $home, workflowId: $workflow, title: "夜市占道", kind: EVENT, channel: GRID_WORKER)'
    told = {name: ids[name] for name in ("home", "workflow")}
    id = await story.make(CLERK, words, **told)
    days = before_a_pause()
    send = f"dispatchRequest(id: $id, partyId: $urban, workingDays: {days})"
    join = "joinRequest(id: $id, partyId: $market, workingDays: 2)"
    for who, code in ((URBAN, "FORBIDDEN"), (ELSEWHERE, "NOT_FOUND"), ("anonymous", "UNAUTHENTICATED")):
        assert await story.refused(who, send, id=id, urban=ids["urban"]) == code
    assert await story.refused(CLERK, join, id=id, market=ids["market"]) == "TRANSITION_REFUSED"
    sent = await story.do(
        CLERK, f"{send} {{ dispatchedAt dueAt level step {{ name phase }} }}", id=id, urban=ids["urban"]
    )
    deadline = due(sent.pop("dispatchedAt"), days)
    assert sent == {"dueAt": deadline, "level": "COMMUNITY", "step": WHISTLE}
    asked = f"{join} {{ step {{ name phase }} coHandlers {{ nodes {{ askedAt dueAt overdue party {{ code }} }} }} }}"
    called = await story.do(CLERK, asked, id=id, market=ids["market"])
    since = called["coHandlers"]["nodes"][0].pop("askedAt")
    assert called == {
        "step": WHISTLE,
        "coHandlers": {"nodes": [{"dueAt": due(since, 2), "overdue": False, "party": {"code": "DS-MARKET"}}]},
    }
    assert await story.refused(CLERK, join, id=id, market=ids["market"]) == "CONFLICT"
    return id


def before_a_pause() -> int:
    """For how many working days the last of them is followed by a day off."""
    ends = ((days, working_days.local_day(working_days.add(now(), days))) for days in count(1))
    return next(days for days, day in ends if not working_days.is_working_day(day + timedelta(days=1)))


async def responded(story: Story, id: str, market: str) -> None:
    """部门响应: the department that was called in answers; the community that whistled says how well."""
    judge = 'evaluateResponse(id: $id, partyId: $market, ok: true, note: "到得快")'
    assert await story.refused(CLERK, judge, id=id, market=market) == "CONFLICT"
    reply = 'respondRequest(id: $id, reply: "两名队员已到场")'
    for who in (URBAN, CLERK):
        for_it = f"{reply[:-1]}, partyId: $market)"
        assert await story.refused(who, for_it, id=id, market=market) == "FORBIDDEN"
    assert await story.refused(STRANGER, reply, id=id) == "NOT_FOUND"
    assert await story.do(MARKET, f"{reply} {{ status step {{ name phase }} }}", id=id) == {
        "status": "DISPATCHED",
        "step": RESPOND,
    }
    assert await story.refused(MARKET, judge, id=id, market=market) == "FORBIDDEN"
    shown = "{ responses { nodes { reply ok evaluation inTime party { code } } } }"
    told = {
        "reply": "两名队员已到场",
        "ok": True,
        "evaluation": "到得快",
        "inTime": True,
        "party": {"code": "DS-MARKET"},
    }
    assert await story.do(CLERK, f"{judge} {shown}", id=id, market=market) == {"responses": {"nodes": [told]}}
    assert await story.refused(CLERK, judge, id=id, market=market) == "CONFLICT"


async def overdue(story: Story, id: str) -> None:
    """督办: the other department signs and does nothing: urged one working day late, supervised two days late."""
    signed = await story.do(URBAN, "signRequest(id: $id) { dueAt urged supervised }", id=id)
    deadline = datetime.fromisoformat(signed.pop("dueAt"))
    assert signed == {"urged": 0, "supervised": False}
    days = [working_days.add(deadline, days) for days in (1, 2)]
    climbed = [await story.climb(at) for at in (deadline, days[0] - timedelta(days=1), days[0], days[0], *days[1:] * 2)]
    asked = """query ($id: ID!) { node(id: $id) { ... on Request { urged supervised level
      events(orderBy: [AT_DESC], first: 2) { nodes { note details } } } } }"""
    late = {"overdue_since": deadline.isoformat()}
    assert climbed == [0, 0, 1, 0, 1, 0]
    assert (await story.see(URBAN, asked, id=id))["node"] == {
        "urged": 1,
        "supervised": True,
        "level": "COMMUNITY",
        "events": {
            "nodes": [
                {"note": "超期 2 个工作日", "details": late | {"rung": "SUPERVISE@2"}},
                {"note": "超期 1 个工作日", "details": late | {"rung": "URGE@1"}},
            ]
        },
    }
    for by_hand in ("superviseRequest(id: $id)", "releaseRequest(id: $id)", "urgeRequest(id: $id)"):
        assert await story.refused(CLERK, by_hand, id=id) == "FORBIDDEN"
    assert await story.refused(OFFICE, "superviseRequest(id: $id)", id=id) == "CONFLICT"


async def taken_up(story: Story, id: str) -> None:
    """升级: the community takes it up to the street; the late department has nothing to say any more."""
    up = 'escalateRequest(id: $id, reason: "部门没有来")'
    for who, code in ((URBAN, "FORBIDDEN"), (MARKET, "FORBIDDEN"), (ELSEWHERE, "NOT_FOUND")):
        assert await story.refused(who, up, id=id) == code
    shown = "{ status level dueAt supervised assignee { code } events(first: 1) { nodes { note details } } }"
    deadline = due(now().isoformat(), 1)
    details = {"from": "SIGNED", "from_level": "COMMUNITY", "to_level": "STREET", "calendar_known": True}
    details |= {"step": "社区吹哨", "days": 1, "due_at": deadline}
    assert await story.do(CLERK, f"{up} {shown}", id=id) == {
        "status": "TRIAGED",
        "level": "STREET",
        "dueAt": deadline,
        "supervised": True,
        "assignee": None,
        "events": {
            "nodes": [{"note": "部门没有来", "details": details | {"grid": {"code": "150602012", "name": "兴胜街道"}}}]
        },
    }
    assert await story.refused(URBAN, "acceptRequest(id: $id)", id=id) == "NOT_FOUND"
    mine = (
        """query ($id: ID!) { node(id: $id) { id } requests(filter: {practice: {eq: "dongsheng"}}) { totalCount } }"""
    )
    left = {who: await story.see(who, mine, id=id) for who in (URBAN, STRANGER, ELSEWHERE, MARKET, STREET)}
    nothing, all_ = {"node": None, "requests": {"totalCount": 0}}, {"node": {"id": id}, "requests": {"totalCount": 1}}
    assert left == {URBAN: nothing, STRANGER: nothing, ELSEWHERE: nothing, MARKET: all_, STREET: all_}


async def reported(story: Story, id: str, market: str) -> None:
    """党员报到: the street sends it to the department that came; the community that whistled has the last word."""
    send = "dispatchRequest(id: $id, partyId: $market, workingDays: 3)"
    sent = await story.do(STREET, f"{send} {{ dispatchedAt dueAt step {{ name phase }} }}", id=id, market=market)
    deadline = due(sent.pop("dispatchedAt"), 3)
    assert sent == {"dueAt": deadline, "step": WHISTLE}
    handle = 'handleRequest(id: $id, result: "党员到场劝导，已入室经营")'
    assert await story.refused(MARKET, handle, id=id) == "TRANSITION_REFUSED"
    await story.do(MARKET, "signRequest(id: $id) { status }", id=id)
    for who in (CLERK, STREET):
        assert await story.refused(who, "acceptRequest(id: $id)", id=id) == "FORBIDDEN"
    accepted = await story.do(MARKET, "acceptRequest(id: $id) { status step { name phase } }", id=id)
    assert accepted == {"status": "IN_PROGRESS", "step": RESPOND}
    assert await story.refused(CLERK, handle, id=id) == "FORBIDDEN"
    handled = await story.do(MARKET, f"{handle} {{ status step {{ name phase }} }}", id=id)
    assert handled == {"status": "HANDLED", "step": REPORT}
    verdict = "evaluateRequest(id: $id, satisfaction: SATISFIED, solved: true)"
    assert await story.refused(MARKET, verdict, id=id) == "FORBIDDEN"
    judged = await story.do(CLERK, f"{verdict} {{ evaluations {{ nodes {{ satisfaction by {{ code }} }} }} }}", id=id)
    assert judged == {"evaluations": {"nodes": [{"satisfaction": "SATISFIED", "by": {"code": "DS-CLERK"}}]}}
    assert await story.do(OFFICE, "releaseRequest(id: $id) { supervised }", id=id) == {"supervised": False}
    closed = await story.do(CLERK, "closeRequest(id: $id) { status level urged clock { overdueDays } }", id=id)
    assert closed == {"status": "CLOSED", "level": "STREET", "urged": 1, "clock": {"overdueDays": None}}
