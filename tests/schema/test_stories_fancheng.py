"""樊城: a shop in the business district asks for a service: ordered, sent, taken, reviewed, and bettered by that."""

from tests.schema.stories import Story, due

OFFICE, CLERK, ELSEWHERE = "district@420606", "clerk@420606001001:FC-CLERK", "clerk@420606002"
SHOP, NEIGHBOUR = "resident:FC-SHOP", "resident:FC-NEIGHBOUR"
TEAM, OTHERS, SPECIALIST = "handler:FC-TEAM", "handler:FC-OTHERS", "handler:FC-SPECIALIST"
PLACES = '{ home: grid(code: "420606001001") { id } loop: workflow(code: "fancheng.FX_LOOP") { id } }'
STEPS = '{ workflow(code: "fancheng.FX_LOOP") { steps { nodes { id name } } } }'
LIFE = [
    ("SUBMIT", "RECEIVED", "FC-SHOP", None, None, None),
    ("DISPATCH", "DISPATCHED", None, "FC-TEAM", None, None),
    ("SIGN", "SIGNED", "FC-TEAM", "FC-TEAM", None, None),
    ("ACCEPT", "IN_PROGRESS", "FC-TEAM", "FC-TEAM", None, None),
    ("HANDLE", "HANDLED", "FC-TEAM", "FC-TEAM", None, None),
    ("EVALUATE", "HANDLED", "FC-SHOP", None, None, None),
    ("CLOSE", "CLOSED", None, None, None, None),
]


async def test_what_a_shop_asks_for_becomes_a_better_service(story: Story) -> None:
    ids = await staffed(story)
    request = await ordered(story, ids)
    await taken(story, request, ids["team"])
    opinion = await reviewed(story, request)
    service = await looped(story, ids)
    await bettered(story, service, opinion)


async def staffed(story: Story) -> dict[str, str]:
    """The district enters shops, teams and a service specialist of the business district."""
    ids = await story.ids(PLACES)
    await story.person(OFFICE, "FC-CLERK", ids["home"], public=False)
    for shop in ("FC-SHOP", "FC-NEIGHBOUR"):
        await story.organization(OFFICE, shop, "MERCHANT", ids["home"])
    await story.organization(OFFICE, "FC-OTHERS", "SERVICE_TEAM", ids["home"])
    specialist = await story.person(OFFICE, "FC-SPECIALIST", ids["home"])
    post = 'createPost(personId: $specialist, gridId: $home, role: SPECIALIST, practice: "fancheng")'
    assert await story.refused(CLERK, post, specialist=specialist, home=ids["home"]) == "FORBIDDEN"
    await story.make(OFFICE, post, specialist=specialist, home=ids["home"])
    team = await story.organization(OFFICE, "FC-TEAM", "SERVICE_TEAM", ids["home"])
    return ids | {"specialist": specialist, "team": team}


async def ordered(story: Story, ids: dict[str, str]) -> str:
    """点单, 派单: the shop asks; the Party committee of the community sends, and nobody else."""
    words = 'title: "晚上没有地方打印", kind: HELP, channel: VISIT, category: "商圈服务/打印", practice: "fancheng"'
    through = f"submitRequest(gridId: $home, workflowId: $loop, {words})"
    assert await story.refused(SHOP, through, home=ids["home"], loop=ids["loop"]) == "NOT_FOUND"
    request = await story.make(SHOP, f"submitRequest(gridId: $home, {words})", home=ids["home"])
    send, told = "dispatchRequest(id: $id, partyId: $team, workingDays: 2)", {"id": request, "team": ids["team"]}
    for who, code in ((SHOP, "FORBIDDEN"), (TEAM, "FORBIDDEN"), (ELSEWHERE, "NOT_FOUND")):
        assert await story.refused(who, send, **told) == code
    assert await story.refused(TEAM, "signRequest(id: $id)", id=request) == "NOT_FOUND"
    sent = await story.do(CLERK, f"{send} {{ practice status dispatchedAt dueAt assignee {{ code }} }}", **told)
    deadline = due(sent.pop("dispatchedAt"), 2)
    assert sent == {
        "practice": "fancheng",
        "status": "DISPATCHED",
        "dueAt": deadline,
        "assignee": {"code": "FC-TEAM"},
    }
    return request


async def taken(story: Story, id: str, team: str) -> None:
    """接单: the team signs, takes it and does it, in this order; another team does not even see it."""
    done = 'handleRequest(id: $id, result: "驿站自助打印机开到九点半")'
    assert await story.refused(OTHERS, "signRequest(id: $id)", id=id) == "NOT_FOUND"
    assert await story.refused(TEAM, done, id=id) == "TRANSITION_REFUSED"
    taking = """mutation ($id: ID!) { signRequest(id: $id) { status } acceptRequest(id: $id) { status } }"""
    assert await story.see(TEAM, taking, id=id) == {
        "signRequest": {"status": "SIGNED"},
        "acceptRequest": {"status": "IN_PROGRESS"},
    }
    again = "dispatchRequest(id: $id, partyId: $team)"
    assert await story.refused(CLERK, again, id=id, team=team) == "TRANSITION_REFUSED"
    assert await story.do(TEAM, f"{done} {{ status result submitter {{ code }} }}", id=id) == {
        "status": "HANDLED",
        "result": "驿站自助打印机开到九点半",
        "submitter": {"code": "FC-SHOP"},
    }


async def reviewed(story: Story, id: str) -> str:
    """评议: the shop says what it thinks, in its own name; the team does not praise itself."""
    verdict = 'evaluateRequest(id: $id, satisfaction: UNDERSTANDING, solved: true, note: "周末也想打印")'
    assert await story.refused(TEAM, verdict, id=id) == "FORBIDDEN"
    assert await story.refused(NEIGHBOUR, verdict, id=id) == "NOT_FOUND"
    said = """evaluations { nodes { id satisfaction note by { code } } } events(first: 1) { nodes { details } }"""
    told = await story.do(SHOP, f"{verdict} {{ {said} }}", id=id)
    opinion = told["evaluations"]["nodes"][0].pop("id")
    details = {"satisfaction": "UNDERSTANDING", "solved": True, "for_the_caller": False}
    assert told == {
        "evaluations": {
            "nodes": [{"satisfaction": "UNDERSTANDING", "note": "周末也想打印", "by": {"code": "FC-SHOP"}}]
        },
        "events": {"nodes": [{"details": details}]},
    }
    assert await story.do(CLERK, "closeRequest(id: $id) { status solved }", id=id) == {
        "status": "CLOSED",
        "solved": True,
    }
    assert await story.life(SHOP, id) == LIFE
    known = [(*row[:2], "FC-CLERK" if row[0] in ("DISPATCH", "CLOSE") else row[2], *row[3:]) for row in LIFE]
    assert await story.life(CLERK, id) == known
    return str(opinion)


async def looped(story: Story, ids: dict[str, str]) -> str:
    """需求发现→服务供给→评议→优化: the practice's own loop around the service, step by step."""
    words = 'createServiceItem(gridId: $home, code: "FC-PRINT", title: "商圈夜间打印", practice: "fancheng")'
    assert await story.refused(SHOP, words, home=ids["home"]) == "FORBIDDEN"
    service = await story.make(CLERK, words, home=ids["home"])
    begin = 'startProcedure(workflowId: $loop, gridId: $home, partyId: $specialist, title: "商圈夜间打印")'
    told = {name: ids[name] for name in ("loop", "home", "specialist")}
    assert await story.refused(ELSEWHERE, begin, **told) == "FORBIDDEN"
    procedure = await story.make(CLERK, begin, **told)
    steps = await story.see("anonymous", STEPS)
    step = {one["name"]: one["id"] for one in steps["workflow"]["steps"]["nodes"]}
    take, now = "takeStep(id: $id, stepId: $step)", "{ step { name phase } party { code } }"
    assert await story.refused(CLERK, take, id=procedure, step=step["优化"]) == "CONFLICT"
    assert await story.refused(TEAM, take, id=procedure, step=step["服务供给"]) == "NOT_FOUND"
    for who, name, phase in (
        (SPECIALIST, "服务供给", "HANDLE"),
        (CLERK, "评议", "EVALUATE"),
        (SPECIALIST, "服务供给", "HANDLE"),
        (CLERK, "评议", "EVALUATE"),
    ):
        assert await story.do(who, f"{take} {now}", id=procedure, step=step[name]) == {
            "step": {"name": name, "phase": phase},
            "party": {"code": "FC-SPECIALIST"},
        }
    assert await story.refused(SPECIALIST, take, id=procedure, step=step["优化"]) == "FORBIDDEN"
    await story.do(CLERK, f"{take} {now}", id=procedure, step=step["优化"])
    assert await story.refused(CLERK, take, id=procedure, step=step["需求发现"]) == "CONFLICT"
    asked = """query ($id: ID!) { node(id: $id) { ... on Procedure {
      taken(orderBy: [AT_ASC]) { nodes { step { name } } } } } }"""
    walked = await story.see(SPECIALIST, asked, id=procedure)
    assert [one["step"]["name"] for one in walked["node"]["taken"]["nodes"]] == [
        *("需求发现", "服务供给", "评议", "服务供给", "评议", "优化")
    ]
    return service


async def bettered(story: Story, service: str, opinion: str) -> None:
    """优化: a new version of the service, because of what the shop said; the shop's own words are not for everybody."""
    better = """replaceServiceItem(id: $id, evaluationId: $opinion, code: "FC-PRINT-2", title: "商圈夜间和周末打印",
      because: "商户评议：周末也要")"""
    for who in (SHOP, ELSEWHERE):
        assert await story.refused(who, better, id=service, opinion=opinion) == "FORBIDDEN"
    await story.make(CLERK, better, id=service, opinion=opinion)
    assert await story.refused(CLERK, better, id=service, opinion=opinion) == "CONFLICT"
    asked = (
        """{ serviceItem(code: "FC-PRINT-2") { because evaluation { note by { code } } versions { code title } } }"""
    )
    told = {
        "because": "商户评议：周末也要",
        "evaluation": {"note": "周末也想打印", "by": {"code": "FC-SHOP"}},
        "versions": [
            {"code": "FC-PRINT-2", "title": "商圈夜间和周末打印"},
            {"code": "FC-PRINT", "title": "商圈夜间打印"},
        ],
    }
    assert await story.see(CLERK, asked) == {"serviceItem": told}
    for who in (NEIGHBOUR, "anonymous", ELSEWHERE):
        assert await story.see(who, asked) == {"serviceItem": told | {"evaluation": None}}
