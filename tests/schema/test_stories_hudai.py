"""胡埭: what a door-knock finds goes through 五舍五入, and through a meeting: decided, owned, done and judged."""

from datetime import timedelta

from hub.models import now
from hub.services.working_days import local_day
from tests.schema.stories import Story, due

OFFICE, CLERK, ELSEWHERE = "district@320211101", "clerk@320211101203:HD-CLERK", "clerk@420606001001"
TENANT, TEAM, OTHERS = "resident:HD-TENANT", "handler:HD-RED", "handler:HD-BLUE"
PLACES = """{ home: grid(code: "320211101203") { id } estate: grid(code: "320211101203001") { id }
  workflow(code: "hudai.WUSHE5") { id } }"""
LIFE = [
    ("SUBMIT", "RECEIVED", "HD-CLERK", None, "走访入户", "INTAKE"),
    ("DISPATCH", "DISPATCHED", "HD-CLERK", "HD-RED", "集贤入队", "DISPATCH"),
    ("SIGN", "SIGNED", "HD-RED", "HD-RED", None, None),
    ("ACCEPT", "IN_PROGRESS", "HD-RED", "HD-RED", "恳谈入脑", "ACCEPT"),
    ("HANDLE", "HANDLED", "HD-RED", "HD-RED", "服务入微", "HANDLE"),
    ("FEED_BACK", "CALLBACK", "HD-CLERK", None, "反馈入心", "FEEDBACK"),
    ("EVALUATE", "CALLBACK", "HD-CLERK", None, None, None),
    ("CLOSE", "CLOSED", "HD-CLERK", None, None, None),
]


async def test_what_a_door_knock_finds_is_decided_owned_done_and_judged(story: Story) -> None:
    ids = await staffed(story)
    request = await found(story, ids)
    topic = await raised(story, ids, request)
    await decided(story, topic, ids)
    await solved(story, request)
    await judged(story, topic, ids)
    await followed_up(story, request)
    await gone_higher(story, topic, ids)


async def staffed(story: Story) -> dict[str, str]:
    """The town enters the estate's volunteer teams, a tenant and the village's clerk."""
    ids = await story.ids(PLACES)
    await story.person(OFFICE, "HD-CLERK", ids["home"])
    tenant = await story.person(OFFICE, "HD-TENANT", ids["estate"], public=False)
    await story.organization(OFFICE, "HD-BLUE", "VOLUNTEER_TEAM", ids["estate"])
    team = await story.organization(OFFICE, "HD-RED", "VOLUNTEER_TEAM", ids["estate"])
    return ids | {"tenant": tenant, "team": team}


async def found(story: Story, ids: dict[str, str]) -> str:
    """走访入户, 集贤入队: heard at the door, and sent to a team, by the village."""
    words = """submitRequest(gridId: $estate, workflowId: $workflow, title: "晾晒地方不够", kind: HELP, channel: VISIT,
      caller: {name: "李素芬", phone: "13912345678"})"""
    id = await story.make(CLERK, words, estate=ids["estate"], workflow=ids["workflow"])
    send, told = "dispatchRequest(id: $id, partyId: $team)", {"id": id, "team": ids["team"]}
    assert await story.refused(CLERK, 'feedBack(id: $id, note: "在办")', id=id) == "TRANSITION_REFUSED"
    for who, code in ((TENANT, "FORBIDDEN"), (TEAM, "FORBIDDEN"), (ELSEWHERE, "NOT_FOUND")):
        assert await story.refused(who, send, **told) == code
    shown = "{ level dispatchedAt dueAt step { name phase } caller { name phone } }"
    sent = await story.do(CLERK, f"{send} {shown}", **told)
    deadline = due(sent.pop("dispatchedAt"), 3)
    assert sent == {
        "level": "ESTATE",
        "dueAt": deadline,
        "step": {"name": "集贤入队", "phase": "DISPATCH"},
        "caller": {"name": "李*", "phone": "139****5678"},
    }
    return id


async def raised(story: Story, ids: dict[str, str], request: str) -> str:
    """恳谈: the village raises it for the tenant, who may propose, and not choose what is talked about."""
    words = 'proposeTopic(gridId: $estate, title: "楼前加装晾衣架", channel: VISIT, practice: "hudai"'
    for_her = f"{words}, raisedById: $tenant, requestId: $request)"
    told = {"estate": ids["estate"], "tenant": ids["tenant"], "request": request}
    assert await story.refused("anonymous", for_her, **told) == "UNAUTHENTICATED"
    assert await story.refused(OTHERS, for_her, **told) == "FORBIDDEN"
    assert await story.refused(TENANT, for_her, **told) == "NOT_FOUND"
    topic = await story.make(CLERK, for_her, **told)
    screen = "screenTopic(id: $id, kept: true, grade: KEY)"
    for who in (TENANT, TEAM, ELSEWHERE):
        assert await story.refused(who, screen, id=topic) == "FORBIDDEN"
    shown = "{ status grade raisedBy { code } request { title } grid { code } }"
    assert await story.do(CLERK, f"{screen} {shown}", id=topic) == {
        "status": "SCREENED",
        "grade": "KEY",
        "raisedBy": {"code": "HD-TENANT"},
        "request": {"title": "晾晒地方不够"},
        "grid": {"code": "320211101203001"},
    }
    return topic


async def decided(story: Story, topic: str, ids: dict[str, str]) -> None:
    """A meeting that was held decides: what, who, until when. Not one that is yet to come, and not before."""
    meet = 'createMeeting(gridId: $estate, title: "张舍家园恳谈会", forum: ESTATE_BAR, practice: "hudai", heldAt: "{}")'
    past, coming = ((now() + timedelta(days=days)).isoformat() for days in (-1, 7))
    assert await story.refused(TENANT, meet.format(past), estate=ids["estate"]) == "FORBIDDEN"
    held = await story.make(CLERK, meet.format(past), estate=ids["estate"])
    later = await story.make(CLERK, meet.format(coming), estate=ids["estate"])
    deadline = (local_day(now()) + timedelta(days=30)).isoformat()
    decide = f'resolveTopic(id: $id, text: "分两批加装", ownerId: $team, dueOn: "{deadline}")'
    talk = "deliberateTopic(id: $id, meetingId: $meeting)"
    assert await story.refused(CLERK, decide, id=topic, team=ids["team"]) == "CONFLICT"
    assert await story.refused(CLERK, talk, id=topic, meeting=later) == "CONFLICT"
    assert await story.refused(TEAM, talk, id=topic, meeting=held) == "FORBIDDEN"
    talked = await story.do(CLERK, f"{talk} {{ status meeting {{ title forum }} }}", id=topic, meeting=held)
    assert talked == {"status": "DELIBERATED", "meeting": {"title": "张舍家园恳谈会", "forum": "ESTATE_BAR"}}
    assert await story.refused(TEAM, decide, id=topic, team=ids["team"]) == "FORBIDDEN"
    shown = "{ status resolutions { nodes { text dueOn doneOn practice owner { code } meeting { title } } } }"
    assert await story.do(CLERK, f"{decide} {shown}", id=topic, team=ids["team"]) == {
        "status": "RESOLVED",
        "resolutions": {
            "nodes": [
                {
                    "text": "分两批加装",
                    "dueOn": deadline,
                    "doneOn": None,
                    "practice": "hudai",
                    "owner": {"code": "HD-RED"},
                    "meeting": {"title": "张舍家园恳谈会"},
                }
            ]
        },
    }


async def solved(story: Story, id: str) -> None:
    """恳谈入脑, 服务入微: the team that was sent accepts and solves, in this order; no other sees it."""
    handle = 'handleRequest(id: $id, result: "加装晾衣架")'
    assert await story.refused(OTHERS, "signRequest(id: $id)", id=id) == "NOT_FOUND"
    signed = await story.do(TEAM, "signRequest(id: $id) { status signedAt dueAt caller { name } }", id=id)
    deadline = due(signed.pop("signedAt"), 3)
    assert signed == {"status": "SIGNED", "dueAt": deadline, "caller": None}
    assert await story.refused(TEAM, handle, id=id) == "TRANSITION_REFUSED"
    assert await story.refused(CLERK, "acceptRequest(id: $id)", id=id) == "FORBIDDEN"
    shown = "{ status step { name phase } }"
    assert await story.do(TEAM, f"acceptRequest(id: $id) {shown}", id=id) == {
        "status": "IN_PROGRESS",
        "step": {"name": "恳谈入脑", "phase": "ACCEPT"},
    }
    assert await story.refused(CLERK, handle, id=id) == "FORBIDDEN"
    assert await story.do(TEAM, f"{handle} {shown}", id=id) == {
        "status": "HANDLED",
        "step": {"name": "服务入微", "phase": "HANDLE"},
    }


async def judged(story: Story, topic: str, ids: dict[str, str]) -> None:
    """评事: tenants say that half of it was done; it is decided anew, done, and they say so."""
    half, whole = 'reviewTopic(id: $id, done: false, review: "只装了一半")', "reviewTopic(id: $id, done: true)"
    assert await story.refused(TEAM, whole, id=topic) == "FORBIDDEN"
    assert await story.refused(CLERK, "reviewTopic(id: $id, done: false)", id=topic) == "INVALID"
    shown = "{ status review resolutions(orderBy: [DUE_ON_ASC]) { nodes { text dueOn doneOn closedOn } } }"
    today = local_day(now())
    soon, late = ((today + timedelta(days=days)).isoformat() for days in (7, 30))
    first = {"text": "分两批加装", "dueOn": late, "doneOn": None, "closedOn": today.isoformat()}
    assert await story.do(CLERK, f"{half} {shown}", id=topic) == {
        "status": "DELIBERATED",
        "review": "只装了一半",
        "resolutions": {"nodes": [first]},
    }
    assert await story.refused(CLERK, whole, id=topic) == "CONFLICT"
    again = f'resolveTopic(id: $id, text: "余下的一周内装完", ownerId: $team, dueOn: "{soon}")'
    await story.do(CLERK, f"{again} {{ status }}", id=topic, team=ids["team"])
    second = {"text": "余下的一周内装完", "dueOn": soon, "doneOn": today.isoformat(), "closedOn": None}
    assert await story.do(CLERK, f"{whole} {shown}", id=topic) == {
        "status": "RESOLVED",
        "review": None,
        "resolutions": {"nodes": [second, first]},
    }


async def followed_up(story: Story, id: str) -> None:
    """反馈入心: the village tells the tenant, and writes down her verdict; the team cannot."""
    back, verdict = (
        'feedBack(id: $id, note: "住户满意", solved: true)',
        "evaluateRequest(id: $id, satisfaction: SATISFIED)",
    )
    for act in (back, verdict, "closeRequest(id: $id)"):
        assert await story.refused(TEAM, act, id=id) == "FORBIDDEN"
    assert await story.do(CLERK, f"{back} {{ status solved step {{ name phase }} }}", id=id) == {
        "status": "CALLBACK",
        "solved": True,
        "step": {"name": "反馈入心", "phase": "FEEDBACK"},
    }
    await story.do(CLERK, f"{verdict} {{ status }}", id=id)
    assert await story.do(CLERK, "closeRequest(id: $id) { status satisfaction level }", id=id) == {
        "status": "CLOSED",
        "satisfaction": "SATISFIED",
        "level": "ESTATE",
    }
    assert [await story.life(who, id) for who in (CLERK, OFFICE, TEAM)] == [LIFE] * 3
    asked = """query ($id: ID!) { node(id: $id) { ... on Request { caller { name }
      evaluations { nodes { by { code } } } } } }"""
    assert [(await story.see(who, asked, id=id))["node"] for who in (CLERK, TEAM, TENANT, OTHERS, ELSEWHERE)] == [
        {"caller": {"name": "李*"}, "evaluations": {"nodes": [{"by": None}]}},
        {"caller": None, "evaluations": {"nodes": [{"by": None}]}},
        *[None] * 3,
    ]
    assert [secret for secret in ("李素芬", "13912345678") if secret in story.heard] == []


async def gone_higher(story: Story, done: str, ids: dict[str, str]) -> None:
    """What is done goes no higher; what one estate cannot settle does, as a proposal, and has run its course then."""
    up = 'escalateTopic(id: $id, proposalKind: CPPCC_PROPOSAL, title: "集宿区晾晒设施入规划")'
    assert await story.refused(CLERK, up, id=done) == "CONFLICT"
    topic = await story.make(
        CLERK, 'proposeTopic(gridId: $estate, title: "集宿区都缺晾晒处", practice: "hudai")', estate=ids["estate"]
    )
    past = (now() - timedelta(days=1)).isoformat()
    meet = f'createMeeting(gridId: $estate, title: "张舍家园恳谈会", forum: ESTATE_BAR, heldAt: "{past}")'
    held = await story.make(CLERK, meet, estate=ids["estate"])
    assert await story.refused(CLERK, up, id=topic) == "CONFLICT"
    await story.do(CLERK, "screenTopic(id: $id, kept: true) { status }", id=topic)
    await story.do(CLERK, "deliberateTopic(id: $id, meetingId: $meeting) { status }", id=topic, meeting=held)
    for who in (TENANT, TEAM, ELSEWHERE):
        assert await story.refused(who, up, id=topic) == "FORBIDDEN"
    shown = "{ status proposals { nodes { title proposalKind practice submittedOn grid { code } } } }"
    assert await story.do(CLERK, f"{up} {shown}", id=topic) == {
        "status": "ESCALATED",
        "proposals": {
            "nodes": [
                {
                    "title": "集宿区晾晒设施入规划",
                    "proposalKind": "CPPCC_PROPOSAL",
                    "practice": "hudai",
                    "submittedOn": local_day(now()).isoformat(),
                    "grid": {"code": "320211101203001"},
                }
            ]
        },
    }
    assert await story.refused(CLERK, up, id=topic) == "CONFLICT"
