"""包河, the worked case: an old woman's drain is blocked. From her call to her verdict, by those who may."""

from hub.models import now
from tests.schema.stories import Story, due

OFFICE, CLERK, STREET = "district@340111", "clerk@340111004007:BH-CLERK", "clerk@340111004"
ELSEWHERE, STRANGER = "clerk@340111005", "resident:BH-STRANGER"
STEWARD, PROPERTY = "handler:BH-STEWARD", "handler:BH-PROPERTY"
BRANCH = "clerk@340111005:BH-PROPERTY"  # reads callers, but of another street
PLACES = """{ home: grid(code: "340111004007") { id } estate: grid(code: "340111004007001") { id }
  workflow(code: "baohe.BH6") { id } }"""
MASKED = {"name": "王*", "phone": "138****8000", "confidential": True}
WHY = "条目 BH-DUTY：分类 物业/管道，网格 万达公馆，依据 有事先找小管家"
LIFE = [
    ("SUBMIT", "RECEIVED", "BH-CLERK", None, "上报", "INTAKE"),
    ("TRIAGE", "TRIAGED", "BH-CLERK", None, "梳理", "TRIAGE"),
    ("DISPATCH", "DISPATCHED", "BH-CLERK", "BH-STEWARD", "交办", "DISPATCH"),
    ("SIGN", "SIGNED", "BH-STEWARD", "BH-STEWARD", None, None),
    ("ACCEPT", "IN_PROGRESS", "BH-STEWARD", "BH-STEWARD", None, None),
    ("JOIN", "IN_PROGRESS", "BH-STEWARD", "BH-PROPERTY", None, None),
    ("RESPOND", "IN_PROGRESS", "BH-PROPERTY", "BH-PROPERTY", None, None),
    ("HANDLE", "HANDLED", "BH-STEWARD", "BH-STEWARD", None, None),
    ("FEED_BACK", "CALLBACK", "BH-CLERK", None, None, None),
    ("EVALUATE", "CALLBACK", "BH-CLERK", None, "评价", "EVALUATE"),
    ("CLOSE", "CLOSED", "BH-CLERK", None, None, None),
]


async def test_a_blocked_drain_from_the_call_to_the_verdict(story: Story) -> None:
    ids = await staffed(story)
    request = await called(story, ids)
    await assigned(story, request, ids)
    await visited(story, request, ids["property"])
    await unblocked(story, request, ids["property"])
    await judged(story, request)
    await afterwards(story, request)


async def staffed(story: Story) -> dict[str, str]:
    """The district enters who works there; the community writes down whose duty drains are."""
    ids = await story.ids(PLACES)
    await story.person(OFFICE, "BH-CLERK", ids["home"], public=False)
    await story.person(OFFICE, "BH-STRANGER", ids["home"], public=False)
    steward = await story.person(OFFICE, "BH-STEWARD", ids["estate"])
    post = 'createPost(personId: $steward, gridId: $estate, role: STEWARD, stewardKind: RED, practice: "baohe")'
    await story.make(OFFICE, post, steward=steward, estate=ids["estate"])
    duty = """createCatalogueEntry(code: "BH-DUTY", partyId: $steward, gridId: $estate, practice: "baohe",
      category: "物业/管道", basis: "有事先找小管家")"""
    assert await story.refused(STEWARD, duty, steward=steward, estate=ids["estate"]) == "FORBIDDEN"
    await story.make(CLERK, duty, steward=steward, estate=ids["estate"])
    company = await story.organization(OFFICE, "BH-PROPERTY", "PROPERTY_COMPANY", ids["home"])
    return ids | {"steward": steward, "property": company}


async def called(story: Story, ids: dict[str, str]) -> str:
    """上报: the clerk of her community takes the call."""
    call = """submitRequest(gridId: $estate, workflowId: $workflow, kind: HELP, channel: PHONE, title: "家里下水道堵了",
      content: "老人八十多岁，一个人在家", place: "2号楼1单元", caller: {name: "王桂兰", phone: "13800138000"})"""
    told = {name: ids[name] for name in ("estate", "workflow")}
    assert await story.refused("anonymous", call, **told) == "UNAUTHENTICATED"
    request = await story.make(CLERK, call, **told)
    assert await seen(story, CLERK, request) == {
        "node": {
            "channel": "PHONE",
            "kind": "HELP",
            "practice": "baohe",
            "level": "ESTATE",
            "status": "RECEIVED",
            "step": {"name": "上报", "phase": "INTAKE"},
            "caller": MASKED,
            "submitter": {"code": "BH-CLERK"},
            "dueAt": due(now().isoformat(), 1),
            "assignee": None,
            "history": {"totalCount": 1},
        },
        "requests": {"totalCount": 1},
    }
    return request


async def assigned(story: Story, id: str, ids: dict[str, str]) -> None:
    """梳理, 交办: in this order, by the clerk, to the steward whom the catalogue names."""
    send = "dispatchRequest(id: $id, partyId: $steward)"
    assert await story.refused(CLERK, send, id=id, steward=ids["steward"]) == "CONFLICT"
    assert await story.refused(ELSEWHERE, "triageRequest(id: $id)", id=id) == "NOT_FOUND"
    assert await story.refused(STRANGER, "triageRequest(id: $id)", id=id) == "FORBIDDEN"
    sort = """triageRequest(id: $id, category: "物业/管道") { status level step { name phase }
      suggestedAssignees { reason party { code } entry { code version } } }"""
    assert await story.do(CLERK, sort, id=id) == {
        "status": "TRIAGED",
        "level": "ESTATE",
        "step": {"name": "梳理", "phase": "TRIAGE"},
        "suggestedAssignees": [
            {"reason": WHY, "party": {"code": "BH-STEWARD"}, "entry": {"code": "BH-DUTY", "version": 1}}
        ],
    }
    assert await story.refused(STREET, "signRequest(id: $id)", id=id) == "TRANSITION_REFUSED"
    sent = await story.do(
        CLERK,
        f"{send} {{ status dispatchedAt dueAt step {{ name phase }} events(first: 1) {{ nodes {{ details }} }} }}",
        id=id,
        steward=ids["steward"],
    )
    deadline = due(sent.pop("dispatchedAt"), 3)
    followed = {"code": "BH-DUTY", "version": 1, "reason": WHY}
    told = {"from": "TRIAGED", "days": 3, "due_at": deadline, "calendar_known": True}
    assert sent == {
        "status": "DISPATCHED",
        "dueAt": deadline,
        "step": {"name": "交办", "phase": "DISPATCH"},
        "events": {"nodes": [{"details": told | {"catalogue": {"followed": followed}}}]},
    }


async def visited(story: Story, id: str, company: str) -> None:
    """The steward signs, visits, and calls the property company in: not before, and nobody in their place."""
    assert await story.refused(PROPERTY, "signRequest(id: $id)", id=id) == "NOT_FOUND"
    assert await story.refused(STEWARD, "acceptRequest(id: $id)", id=id) == "TRANSITION_REFUSED"
    signed = await story.do(STEWARD, "signRequest(id: $id) { status signedAt dueAt caller { name } }", id=id)
    deadline = due(signed.pop("signedAt"), 3)
    assert signed == {"status": "SIGNED", "dueAt": deadline, "caller": None}
    accept = 'acceptRequest(id: $id, note: "已上门，老人情绪稳定") { status step { name phase } }'
    here = {"status": "IN_PROGRESS", "step": {"name": "交办", "phase": "DISPATCH"}}
    assert await story.do(STEWARD, accept, id=id) == here
    join = "joinRequest(id: $id, partyId: $company, workingDays: 1)"
    assert await story.refused(STRANGER, join, id=id, company=company) == "FORBIDDEN"
    joined = await story.do(
        STEWARD,
        f"{join} {{ status dueAt coHandlers {{ nodes {{ askedAt dueAt inTime party {{ code }} }} }} }}",
        id=id,
        company=company,
    )
    (place,) = joined.pop("coHandlers")["nodes"]
    assert joined == {"status": "IN_PROGRESS", "dueAt": deadline}
    assert place == {
        "askedAt": place["askedAt"],
        "dueAt": due(place["askedAt"], 1),
        "inTime": None,
        "party": {"code": "BH-PROPERTY"},
    }


async def unblocked(story: Story, id: str, company: str) -> None:
    """The company knows the door and not the caller; it answers, and the steward says that it is done."""
    assert await story.refused(PROPERTY, 'handleRequest(id: $id, result: "通了")', id=id) == "FORBIDDEN"
    speak = 'respondRequest(id: $id, partyId: $company, reply: "通了")'
    assert await story.refused(STEWARD, speak, id=id, company=company) == "FORBIDDEN"
    answer = """respondRequest(id: $id, reply: "管道已疏通") { place caller { name phone }
      responses { nodes { reply inTime party { code } } } }"""
    assert await story.do(PROPERTY, answer, id=id) == {
        "place": "2号楼1单元",
        "caller": None,
        "responses": {"nodes": [{"reply": "管道已疏通", "inTime": True, "party": {"code": "BH-PROPERTY"}}]},
    }
    assert await story.refused(PROPERTY, 'respondRequest(id: $id, reply: "再说一遍")', id=id) == "CONFLICT"
    for early in ("evaluateRequest(id: $id, satisfaction: SATISFIED)", "closeRequest(id: $id)"):
        assert await story.refused(CLERK, early, id=id) == "TRANSITION_REFUSED"
    handle = 'handleRequest(id: $id, result: "物业已疏通，试水正常") { status result }'
    assert await story.do(STEWARD, handle, id=id) == {"status": "HANDLED", "result": "物业已疏通，试水正常"}


async def judged(story: Story, id: str) -> None:
    """The clerk calls her back, writes down what she says, in her name, and closes."""
    verdict = 'evaluateRequest(id: $id, satisfaction: VERY_SATISFIED, solved: true, note: "来得快")'
    for party in (STEWARD, PROPERTY):
        assert await story.refused(party, verdict, id=id) == "FORBIDDEN"
        assert await story.refused(party, "closeRequest(id: $id)", id=id) == "FORBIDDEN"
    back = 'feedBack(id: $id, note: "老人说通了", solved: true) { status solved }'
    assert await story.do(CLERK, back, id=id) == {"status": "CALLBACK", "solved": True}
    said = """{ satisfaction step { name phase } evaluations { nodes { satisfaction solved note by { code } } }
      events(first: 1) { nodes { details } } }"""
    told = {"satisfaction": "VERY_SATISFIED", "solved": True, "for_the_caller": True}
    assert await story.do(CLERK, f"{verdict} {said}", id=id) == {
        "satisfaction": "VERY_SATISFIED",
        "step": {"name": "评价", "phase": "EVALUATE"},
        "evaluations": {
            "nodes": [{"satisfaction": "VERY_SATISFIED", "solved": True, "note": "来得快", "by": None}],
        },
        "events": {"nodes": [{"details": told}]},
    }
    assert await story.do(CLERK, "closeRequest(id: $id) { status level open }", id=id) == {
        "status": "CLOSED",
        "level": "ESTATE",
        "open": False,
    }
    assert await story.refused(STEWARD, 'handleRequest(id: $id, result: "又通了")', id=id) == "TRANSITION_REFUSED"


async def afterwards(story: Story, id: str) -> None:
    """Her whole story stayed inside the estate; each sees their part of it, and nobody her name and number."""
    assert await story.life(CLERK, id) == LIFE
    outside = [(*row[:2], None if row[2] == "BH-CLERK" else row[2], *row[3:]) for row in LIFE]
    assert [await story.life(party, id) for party in (STEWARD, PROPERTY)] == [outside, outside]
    whole = (await seen(story, CLERK, id))["node"]
    assert {name: whole[name] for name in ("status", "level", "caller", "history")} == {
        "status": "CLOSED",
        "level": "ESTATE",
        "caller": MASKED,
        "history": {"totalCount": 11},
    }
    for above in (STREET, OFFICE):
        assert await seen(story, above, id) == {"node": whole, "requests": {"totalCount": 1}}
    part = whole | {"caller": None, "submitter": None, "history": {"totalCount": 0}}
    for party in (STEWARD, PROPERTY, BRANCH):
        assert await seen(story, party, id) == {"node": part, "requests": {"totalCount": 1}}
    for nobody in (ELSEWHERE, STRANGER, "clerk@150602", "anonymous"):
        assert await seen(story, nobody, id) == {"node": None, "requests": {"totalCount": 0}}
    assert [secret for secret in ("王桂兰", "13800138000") if secret in story.heard] == []


async def seen(story: Story, who: str, id: str) -> dict[str, object]:
    """The request as somebody sees it, and how many of the practice they see."""
    asked = """query ($id: ID!) { requests(filter: {practice: {eq: "baohe"}}) { totalCount }
      node(id: $id) { ... on Request { channel kind practice level status step { name phase } dueAt
        caller { name phone confidential } submitter { code } assignee { code } history { totalCount } } } }"""
    found: dict[str, object] = await story.see(who, asked, id=id)
    return found
