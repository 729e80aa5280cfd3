"""襄阳高新区: a wish is ordered, sent and taken; need and resource become a project, with room for so many."""

from hub.models import now
from hub.services.working_days import local_day
from tests.schema.stories import Story, due

ZONE, CLERK, ELSEWHERE = "district@XYGX", "clerk@420606070001:XY-CLERK", "clerk@420606001001"
MOTHER, UNIT = "resident:XY-MOTHER", "handler:XY-SCHOOL"
FIRST, SECOND, THIRD = "resident:XY-P-1", "resident:XY-P-2", "resident:XY-P-3"
PLACES = '{ home: grid(code: "420606070001") { id } workflow(code: "xiangyang.ORDER") { id } }'
LIFE = [
    ("SUBMIT", "RECEIVED", "XY-MOTHER", None, "群众点单", "INTAKE"),
    ("DISPATCH", "DISPATCHED", "XY-CLERK", "XY-SCHOOL", "社区派单", "DISPATCH"),
    ("SIGN", "SIGNED", "XY-SCHOOL", "XY-SCHOOL", None, None),
    ("ACCEPT", "IN_PROGRESS", "XY-SCHOOL", "XY-SCHOOL", "单位（党员）接单", "ACCEPT"),
    ("HANDLE", "HANDLED", "XY-SCHOOL", "XY-SCHOOL", None, None),
    ("EVALUATE", "HANDLED", "XY-MOTHER", None, None, None),
    ("CLOSE", "CLOSED", "XY-CLERK", None, None, None),
]


async def test_a_wish_and_a_resource_become_a_project_that_members_take_on(story: Story) -> None:
    ids = await staffed(story)
    request = await placed(story, ids)
    project = await matched(story, ids)
    await claimed(story, project, ids)
    await done(story, request, project)


async def staffed(story: Story) -> dict[str, str]:
    """The zone, which governs streets that are coded under another district, enters who lives and works there."""
    ids = await story.ids(PLACES)
    for code in ("XY-CLERK", "XY-P-1", "XY-P-2", "XY-P-3"):
        ids[code] = await story.person(ZONE, code, ids["home"], public=False)
    mother = await story.person(ZONE, "XY-MOTHER", ids["home"], public=False)
    unit = await story.organization(ZONE, "XY-SCHOOL", "UNIT", ids["home"])
    return ids | {"mother": mother, "unit": unit}


async def placed(story: Story, ids: dict[str, str]) -> str:
    """群众点单—社区派单—单位接单, each by whose step it is."""
    wish = 'submitRequest(gridId: $home, workflowId: $workflow, title: "想有一间四点半课堂", kind: WISH)'
    request = await story.make(MOTHER, wish, home=ids["home"], workflow=ids["workflow"])
    send, told = "dispatchRequest(id: $id, partyId: $unit)", {"id": request, "unit": ids["unit"]}
    for who, code in ((MOTHER, "FORBIDDEN"), (UNIT, "FORBIDDEN"), (ELSEWHERE, "NOT_FOUND")):
        assert await story.refused(who, send, **told) == code
    sent = await story.do(CLERK, f"{send} {{ status dispatchedAt dueAt step {{ name phase }} }}", **told)
    deadline = due(sent.pop("dispatchedAt"), 13)
    assert sent == {"status": "DISPATCHED", "dueAt": deadline, "step": {"name": "社区派单", "phase": "DISPATCH"}}
    assert await story.refused(UNIT, "acceptRequest(id: $id)", id=request) == "TRANSITION_REFUSED"
    assert await story.do(UNIT, "signRequest(id: $id) { status }", id=request) == {"status": "SIGNED"}
    for who in (CLERK, MOTHER):
        assert await story.refused(who, "acceptRequest(id: $id)", id=request) == "FORBIDDEN"
    assert await story.do(UNIT, "acceptRequest(id: $id) { status step { name phase } }", id=request) == {
        "status": "IN_PROGRESS",
        "step": {"name": "单位（党员）接单", "phase": "ACCEPT"},
    }
    return request


async def matched(story: Story, ids: dict[str, str]) -> str:
    """需求清单×资源清单→项目清单: the hub names what fits and why; the community decides, nobody else."""
    need = """createNeed(gridId: $home, raisedById: $mother, code: "XY-NEED", title: "孩子放学后没人看护",
      category: "教育/课后", practice: "xiangyang")"""
    assert await story.refused(MOTHER, need, home=ids["home"], mother=ids["mother"]) == "FORBIDDEN"
    wanted = await story.make(CLERK, need, home=ids["home"], mother=ids["mother"])
    room = """createResource(gridId: $home, ownerId: $unit, code: "XY-ROOM", title: "学校的一间教室",
      resourceKind: VENUE, category: "教育/课后", capacity: 1, practice: "xiangyang")"""
    found = await story.make(CLERK, room, home=ids["home"], unit=ids["unit"])
    asked = """query ($id: ID!) { node(id: $id) { ... on Need { raisedBy { code }
      suggestedResources { nodes { reasons room resource { code owner { code } } } } } } }"""
    (fits,) = (await story.see("anonymous", asked, id=wanted))["node"].pop("suggestedResources")["nodes"]
    assert fits == {
        "reasons": [
            "The same category (类别相同): 教育/课后",
            "On the same grid (同一网格)",
            "Room for 1 more (剩余容量)",
        ],
        "room": 1,
        "resource": {"code": "XY-ROOM", "owner": {"code": "XY-SCHOOL"}},
    }
    match, told = 'confirmMatch(needId: $need, resourceId: $room, title: "四点半课堂")', {"need": wanted, "room": found}
    for who in (MOTHER, UNIT, ELSEWHERE):
        assert await story.refused(who, match, **told) == "FORBIDDEN"
    project = await story.make(CLERK, match, **told)
    assert await story.refused(CLERK, match, **told) == "CONFLICT"
    assert await story.do(
        CLERK, "updateProject(id: $id, capacity: 2) { title capacity practice need { code } grid { code } }", id=project
    ) == {
        "title": "四点半课堂",
        "capacity": 2,
        "practice": "xiangyang",
        "need": {"code": "XY-NEED"},
        "grid": {"code": "420606070001"},
    }
    return project


async def claimed(story: Story, project: str, ids: dict[str, str]) -> None:
    """认领: two have room; a third has when one gives back, and nobody gives back for another."""
    take = "claim(projectId: $project)"
    assert await story.refused("anonymous", take, project=project) == "UNAUTHENTICATED"
    await story.make(FIRST, take, project=project)
    assert await story.refused(FIRST, take, project=project) == "CONFLICT"
    claim = await story.make(SECOND, take, project=project)
    assert await story.refused(THIRD, take, project=project) == "CONFLICT"
    for_another = "claim(projectId: $project, partyId: $other)"
    assert await story.refused(THIRD, for_another, project=project, other=ids["XY-P-1"]) == "NOT_FOUND"
    assert await story.refused(THIRD, "withdrawClaim(id: $id)", id=claim) == "NOT_FOUND"
    given_back = await story.do(SECOND, "withdrawClaim(id: $id) { party { code } project { title } }", id=claim)
    assert given_back == {"party": {"code": "XY-P-2"}, "project": {"title": "四点半课堂"}}
    assert await story.refused(SECOND, "withdrawClaim(id: $id)", id=claim) == "CONFLICT"
    skilled = 'claim(projectId: $project, skill: "英语", note: "每周二") { skill note party { code } }'
    assert await story.do(THIRD, skilled, project=project) == {
        "skill": "英语",
        "note": "每周二",
        "party": {"code": "XY-P-3"},
    }
    asked = """query ($id: ID!) { node(id: $id) { ... on Project {
      claims(filter: {withdrawnAt: {null: true}}, orderBy: [CLAIMED_AT_ASC]) { nodes { party { code } } } } } }"""
    held = {
        who: [one["party"]["code"] for one in (await story.see(who, asked, id=project))["node"]["claims"]["nodes"]]
        for who in (CLERK, THIRD, SECOND, ELSEWHERE, "anonymous")
    }
    assert held == {CLERK: ["XY-P-1", "XY-P-3"], THIRD: ["XY-P-3"], SECOND: [], ELSEWHERE: [], "anonymous": []}


async def done(story: Story, request: str, project: str) -> None:
    """The school says that it is done, the mother what she thinks; the community, that the project is done."""
    handle = 'handleRequest(id: $id, result: "四点半课堂开课了") { status step { name } }'
    assert await story.refused(CLERK, "closeRequest(id: $id)", id=request) == "TRANSITION_REFUSED"
    assert await story.do(UNIT, handle, id=request) == {"status": "HANDLED", "step": {"name": "单位（党员）接单"}}
    verdict = "evaluateRequest(id: $id, satisfaction: SATISFIED, solved: true)"
    assert await story.refused(UNIT, verdict, id=request) == "FORBIDDEN"
    assert await story.refused(FIRST, verdict, id=request) == "NOT_FOUND"
    assert await story.do(
        MOTHER, f"{verdict} {{ satisfaction evaluations {{ nodes {{ by {{ code }} }} }} }}", id=request
    ) == {
        "satisfaction": "SATISFIED",
        "evaluations": {"nodes": [{"by": {"code": "XY-MOTHER"}}]},
    }
    await story.do(CLERK, "closeRequest(id: $id) { status }", id=request)
    today = local_day(now()).isoformat()
    finish = f'updateProject(id: $id, doneOn: "{today}")'
    for who in (UNIT, ELSEWHERE):
        assert await story.refused(who, finish, id=project) == "FORBIDDEN"
    assert await story.do(CLERK, f"{finish} {{ doneOn }}", id=project) == {"doneOn": today}
    assert await story.refused(SECOND, "claim(projectId: $project)", project=project) == "CONFLICT"
    assert await story.life(ZONE, request) == LIFE
    assert await story.see(ELSEWHERE, "query ($id: ID!) { node(id: $id) { id } }", id=request) == {"node": None}
