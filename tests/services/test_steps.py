"""A request goes through its practice's steps: in order, by those who may, each by its own name and by its phase."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, NotFound
from hub.models import (
    Grid,
    Person,
    Phase,
    Post,
    PostRole,
    Practice,
    RequestAction,
    RequestEvent,
    RequestStatus,
    Satisfaction,
    Workflow,
    WorkflowStep,
    WorkflowSubject,
    uuid7,
)
from hub.services import closing, handling, intake, steps, supervision, triage
from hub.services.adding import adding
from tests.services.town import HUB, Town, columns, founded

A, P, S = RequestAction, Phase, RequestStatus
COURSE = (  # key, name, phase, who, days, what follows
    ("place", "群众点单", P.INTAKE, [], None, ["dispatch"]),
    ("dispatch", "社区派单", P.DISPATCH, ["requests:triage"], 2, ["accept"]),
    ("accept", "党员接单", P.ACCEPT, ["ASSIGNEE", "STEWARD"], None, ["handle"]),
    ("handle", "服务", P.HANDLE, [], None, ["evaluate"]),
    ("evaluate", "群众评单", P.EVALUATE, [], None, []),
)


ASSESS = ("assess", "考核", P.ASSESS, [], None, [])


async def workflow(
    town: Town, *course: Any, subject: WorkflowSubject = WorkflowSubject.REQUEST, code: str = "x.ORDER"
) -> Workflow:
    """A workflow of a practice, as its file brings it."""
    made = Workflow(id=uuid7(), code=code, practice="x", name="点单—派单—接单", subject=subject)
    async with town.database.write(HUB) as session:
        session.add(made)
        await session.flush()
        for position, (key, name, phase, takers, days, follow) in enumerate(course or COURSE, 1):
            session.add(
                WorkflowStep(
                    code=f"{code}.{key}",
                    workflow_id=made.id,
                    position=position,
                    name=name,
                    phase=phase,
                    taken_by=takers,
                    days=days,
                    leads_to=[f"{code}.{one}" for one in follow],
                )
            )
    return made


async def holder(town: Town, role: PostRole, grid: Grid | None, abilities: str = "resident", **more: Any) -> Viewer:
    """Somebody with a post on a grid, and the abilities of a role, but none of them there."""
    person = Person(id=uuid7(), name="某人", public=True)
    place = {"grid_id": grid.id, "grid_path": grid.path} if grid is not None else {}
    async with town.database.write(HUB) as session:
        session.add(person)
        await session.flush()
        session.add(Post(person_id=person.id, role=role, **place, **more))
    return Viewer("h", ROLES[abilities], (town.community.path,) if abilities == "partner" else (), person.id)


async def walked(town: Town, id: UUID) -> list[tuple[RequestAction, str | None]]:
    """Every event of a request, and the practice's name for it."""
    wanted = select(RequestEvent.action, WorkflowStep.name).outerjoin(
        WorkflowStep, WorkflowStep.id == RequestEvent.step_id
    )
    async with town.database.read() as session:
        rows = await session.execute(wanted.where(RequestEvent.request_id == id).order_by(RequestEvent.id))
        return [(action, name) for action, name in rows]


async def test_each_step_has_the_practices_name_beside_the_canonical_one(database: Database) -> None:
    town = await founded(database)
    course = await workflow(town)
    police = town.handler(town.police)
    request = await town.submit(workflow_id=course.id)
    assert (request.practice, request.status) == ("x", S.RECEIVED)
    await town.do(triage.dispatch, request.id, party_id=town.police, viewer=town.clerk())
    await town.do(handling.sign, request.id, viewer=police)
    await town.do(handling.accept, request.id, viewer=police)
    await town.do(handling.handle, request.id, result="修好了", viewer=police)
    done = await town.do(closing.evaluate, request.id, satisfaction=Satisfaction.SATISFIED)
    assert await walked(town, request.id) == [
        (A.SUBMIT, "群众点单"),
        (A.DISPATCH, "社区派单"),
        (A.SIGN, None),
        (A.ACCEPT, "党员接单"),
        (A.HANDLE, "服务"),
        (A.EVALUATE, "群众评单"),
    ]
    async with database.read() as session:
        here = await session.get_one(WorkflowStep, done.step_id)
    assert (here.name, here.phase, done.status) == ("群众评单", P.EVALUATE, S.HANDLED)


async def test_under_a_practice_of_one_workflow_a_request_follows_it(database: Database) -> None:
    town = await founded(database)
    async with database.write(HUB) as session:
        session.add(Practice(code="x", name="某区", title="某实践"))
    assert (await town.submit(practice="x")).workflow_id is None
    course = await workflow(town)
    request = await town.submit(practice="x")
    async with database.read() as session:
        step = await session.get_one(WorkflowStep, request.step_id)
    assert (request.practice, request.workflow_id, step.code) == ("x", course.id, "x.ORDER.place")
    await workflow(town, code="x.OTHER")
    assert [(await town.submit(practice="x")).workflow_id, (await town.submit()).workflow_id] == [None, None]


async def test_who_may_not_begin_it_submits_all_the_same(database: Database) -> None:
    town = await founded(database)
    async with database.write(HUB) as session:
        session.add(Practice(code="x", name="某区", title="某实践"))
    first, *others = COURSE
    await workflow(town, (*first[:3], ["requests:triage"], *first[4:]), *others)
    request = await town.submit(Viewer("r", ROLES["resident"], ()), practice="x")
    assert (request.practice, request.workflow_id, request.step_id) == ("x", None, None)


async def test_a_step_that_does_not_come_next_is_refused_and_changes_nothing(database: Database) -> None:
    town = await founded(database)
    sorted_first = (
        ("place", "群众点单", P.INTAKE, [], None, ["sort"]),
        ("sort", "梳理", P.TRIAGE, [], None, ["dispatch"]),
    )
    course = await workflow(town, *sorted_first, *COURSE[1:])
    request = await town.submit(workflow_id=course.id)
    before, rows = columns(await town.get(request.id)), await town.counts()
    with pytest.raises(Conflict) as refused:
        await town.do(triage.dispatch, request.id, party_id=town.police)
    said = f"Request {request.number} stands at 群众点单: 社区派单 does not come next. Possible now: 梳理."
    assert str(refused.value) == said
    assert (columns(await town.get(request.id)), await town.counts()) == (before, rows)


async def test_what_is_taken_up_before_it_was_examined_goes_on_above(database: Database) -> None:
    town = await founded(database)
    examine = ("examine", "梳理", P.TRIAGE, [], None, ["dispatch"])
    first, *others = COURSE
    course = await workflow(town, (*first[:5], ["examine"]), examine, *others)
    request = await town.submit(workflow_id=course.id)
    raised = await town.do(triage.escalate, request.id, reason="办不了")
    async with database.read() as session:
        step = await session.get_one(WorkflowStep, raised.step_id)
    assert (raised.status, step.name) == (S.TRIAGED, "梳理")
    sent = await town.do(triage.dispatch, request.id, party_id=town.property_company)
    assert sent.status is S.DISPATCHED


async def test_what_was_answered_at_once_is_still_judged_and_filed(database: Database) -> None:
    town = await founded(database)
    course = await workflow(
        town, *COURSE[:4], ("evaluate", "评单", P.EVALUATE, ["SUBMITTER"], None, ["assess"]), ASSESS
    )
    resident = Viewer("r", ROLES["resident"], (), town.water_works)
    request = await town.submit(workflow_id=course.id, viewer=resident)
    await town.do(closing.close, request.id, result="答复")
    stranger = Viewer("c", ROLES["clerk"], (town.community.path,))
    rows = await town.counts()
    with pytest.raises(Forbidden, match="评单 is for SUBMITTER"):
        await town.do(closing.evaluate, request.id, satisfaction=Satisfaction.SATISFIED, viewer=stranger)
    assert await town.counts() == rows
    await town.do(closing.evaluate, request.id, satisfaction=Satisfaction.SATISFIED, viewer=resident)
    await town.do(closing.archive, request.id)
    assert await walked(town, request.id) == [
        (A.SUBMIT, "群众点单"), (A.CLOSE, None), (A.EVALUATE, "评单"), (A.ARCHIVE, "考核")
    ]  # fmt: skip


async def test_what_lies_over_the_steps_skips_none(database: Database) -> None:
    town = await founded(database)
    watched = (*COURSE[:2], ("watch", "督办", P.SUPERVISE, [], None, ["accept"]), *COURSE[2:])
    course = await workflow(town, *watched)
    request = await town.submit(workflow_id=course.id)
    await town.do(supervision.supervise, request.id)
    async with database.read() as session:
        here = await session.get_one(WorkflowStep, (await town.get(request.id)).step_id)
    assert here.name == "群众点单"
    assert await walked(town, request.id) == [(A.SUBMIT, "群众点单"), (A.SUPERVISE, "督办")]


async def test_only_those_named_take_a_step_or_who_stands_over_them(database: Database) -> None:
    town = await founded(database)
    clerks_only = (COURSE[0], ("dispatch", "书记派单", P.DISPATCH, ["SECRETARY"], None, ["accept"]), *COURSE[2:])
    course = await workflow(town, *clerks_only)
    request, secretary = await town.submit(workflow_id=course.id), Person(id=uuid7(), name="书记")
    with pytest.raises(Forbidden, match="书记派单 is for SECRETARY"):
        await town.do(triage.dispatch, request.id, party_id=town.police, viewer=town.clerk())
    assert (await town.get(request.id)).status is S.RECEIVED
    async with database.write(HUB) as session:
        session.add(secretary)
        await session.flush()
        path = town.street.path
        session.add(Post(person_id=secretary.id, role=PostRole.SECRETARY, grid_id=town.street.id, grid_path=path))
    by_post = Viewer("s", ROLES["clerk"], (town.street.path,), secretary.id)
    sent = await town.do(triage.dispatch, request.id, party_id=town.police, viewer=by_post)
    assert sent.status is S.DISPATCHED
    other = await town.submit(workflow_id=course.id)
    over = Viewer("d", ROLES["district"], (town.street.path,))
    assert (await town.do(triage.dispatch, other.id, party_id=town.police, viewer=over)).status is S.DISPATCHED


async def test_a_workflow_of_something_else_is_none_for_requests(database: Database) -> None:
    town = await founded(database)
    course = await workflow(town, subject=WorkflowSubject.PERSON)
    rows = await town.counts()
    with pytest.raises(NotFound, match="Workflows of requests are those whose subject is REQUEST"):
        await town.submit(workflow_id=course.id)
    assert await town.counts() == rows


async def test_a_request_that_a_source_brings_stands_where_its_status_says(database: Database) -> None:
    town = await founded(database)
    course = await workflow(town)
    async with database.read() as session:
        known = await steps.of_workflow(session, course.id)
    at = {status: step and step.name for status in S for step in (steps.of_status(known, status),)}
    assert at[S.RECEIVED] == "群众点单"
    assert at[S.SIGNED] == "社区派单"
    assert at[S.IN_PROGRESS] == "党员接单"
    assert at[S.HANDLED] == at[S.CLOSED] == "服务"
    assert at[S.MERGED] is None


async def test_a_first_step_is_for_those_whom_it_names(database: Database) -> None:
    town = await founded(database)
    whistle = ("whistle", "吹哨", P.DISPATCH, ["requests:triage", "STEWARD"], 1, [])
    course = await workflow(town, whistle)
    resident = Viewer("r", ROLES["resident"], (), town.police)
    late = await holder(town, PostRole.STEWARD, town.community, since=date(2099, 1, 1))
    elsewhere = await holder(town, PostRole.STEWARD, None)
    other_part = await holder(town, PostRole.MEMBER, town.community)
    counts = await town.counts()
    for viewer in (resident, late, elsewhere, other_part, Viewer("c", ROLES["clerk"], ("999/",))):
        with pytest.raises(Forbidden, match="吹哨 is for requests:triage, STEWARD"):
            await town.submit(workflow_id=course.id, viewer=viewer)
        with pytest.raises(Forbidden):
            async with adding(database, viewer) as session:
                await intake.submit(session, viewer, workflow_id=course.id, grid_id=town.community.id, title="占道")
    assert await town.counts() == counts
    steward = await holder(town, PostRole.STEWARD, town.street)
    for viewer in (town.clerk(), steward, HUB):
        assert (await town.submit(workflow_id=course.id, viewer=viewer)).workflow_id == course.id


async def test_a_post_that_the_practice_names_stands_in_for_the_ability_but_not_for_sight(database: Database) -> None:
    town = await founded(database)
    sort = ("sort", "梳理", P.TRIAGE, ["requests:triage", "STEWARD"], 1, ["dispatch"])
    course = await workflow(town, ("place", "上报", P.INTAKE, [], None, ["sort"]), sort, *COURSE[1:])
    blind = await holder(town, PostRole.STEWARD, town.community)
    seeing = await holder(town, PostRole.STEWARD, town.community, "partner")
    no_steward = await holder(town, PostRole.MEMBER, town.community, "partner")
    request, free = await town.submit(workflow_id=course.id), await town.submit()
    before, counts = columns(await town.get(request.id)), await town.counts()
    for viewer, id in ((blind, request.id), (no_steward, request.id), (seeing, free.id)):
        with pytest.raises(Forbidden, match="lacks the ability requests:triage"):
            await town.do(triage.triage, id, viewer=viewer)
    with pytest.raises(Forbidden, match="lacks the ability requests:triage"):  # the practice names clerks only
        await town.do(triage.dispatch, request.id, party_id=town.police, viewer=seeing)
    assert (columns(await town.get(request.id)), await town.counts()) == (before, counts)
    assert (await town.do(triage.triage, request.id, viewer=seeing)).status is S.TRIAGED
    with pytest.raises(Forbidden):
        await town.do(triage.dispatch, request.id, party_id=town.police, viewer=seeing)


async def test_a_side_stands_in_for_the_ability_only_where_the_table_knows_it(database: Database) -> None:
    town = await founded(database)
    steps = (
        ("call", "呼叫", P.DISPATCH, ["requests:triage", "ASSIGNEE"], 1, ["accept"]),
        ("accept", "接单", P.ACCEPT, ["ASSIGNEE", "CO_HANDLER"], None, ["handle"]),
        ("handle", "服务", P.HANDLE, ["ASSIGNEE"], None, []),
    )
    course = await workflow(town, *steps)
    member, called = (
        Viewer("m", ROLES["resident"], (), town.police),
        Viewer("w", ROLES["resident"], (), town.water_works),
    )
    request = await town.put(S.SIGNED, workflow_id=course.id, assignee_id=town.police)
    with pytest.raises(Forbidden):
        await town.do(handling.accept, request.id, viewer=called)
    assert (await town.do(handling.accept, request.id, viewer=member)).status is S.IN_PROGRESS
    await town.do(handling.handle, request.id, result="修好了", viewer=member)
    await town.do(closing.verify, request.id, ok=False, note="没有修好")
    before = columns(await town.get(request.id))
    with pytest.raises(Forbidden, match="lacks the ability requests:triage"):
        await town.do(triage.dispatch, request.id, party_id=town.water_works, viewer=member)
    assert columns(await town.get(request.id)) == before
