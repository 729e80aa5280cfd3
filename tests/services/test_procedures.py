"""What is no request goes through a practice's workflow as a procedure: who may begin it, and take its steps."""

from contextlib import nullcontext
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden
from hub.models import (
    Phase,
    Post,
    PostRole,
    Procedure,
    RequestAction,
    RequestStatus,
    WorkflowSubject,
)
from hub.services import practices, steps, working_days
from tests.services.test_steps import holder, workflow
from tests.services.town import HUB, Town, founded

A, P, S = RequestAction, Phase, RequestStatus


STEWARD = (
    ("recruit", "招募", P.INTAKE, [], None, ["review"]),
    ("review", "联审", P.TRIAGE, ["SECRETARY", "resources:write"], 5, ["visit", "recruit"]),
    ("visit", "走访", P.HANDLE, [], None, ["assess"]),
    ("assess", "考核", P.ASSESS, [], None, []),
)


async def test_what_is_no_request_goes_through_its_steps_too(database: Database) -> None:
    town = await founded(database)
    course = await workflow(town, *STEWARD, subject=WorkflowSubject.PERSON)
    async with database.read() as session:
        known = {step.name: step.id for step in await steps.of_workflow(session, course.id)}
    begun = await town.do(
        practices.start_procedure, workflow_id=course.id, title="红色小管家招募", grid_id=town.community.id
    )
    assert (begun.step_id, begun.ended_at) == (known["招募"], None)
    with pytest.raises(Conflict, match=r"红色小管家招募 stands at 招募. Possible now: 联审."):
        await town.do(practices.take_step, begun.id, step_id=known["考核"])
    assert begun.due_at == working_days.add(begun.created_at, 5)
    reviewed = await town.do(practices.take_step, begun.id, step_id=known["联审"], note="三方联审")
    assert reviewed.due_at is None
    for name in ("招募", "联审", "走访", "考核"):
        done = await town.do(practices.take_step, begun.id, step_id=known[name])
    assert done.ended_at is not None
    with pytest.raises(Conflict, match="nothing: it has ended"):
        await town.do(practices.take_step, begun.id, step_id=known["招募"])
    async with database.read() as session:
        kept = (await session.scalars(select(Procedure))).one()
    assert kept.step_id == known["考核"]


async def test_a_procedure_needs_the_ability_on_the_grid(database: Database) -> None:
    town = await founded(database)
    course = await workflow(town, *STEWARD, subject=WorkflowSubject.PERSON)
    stranger = Viewer("c", ROLES["clerk"], ("999/",))
    begin = {"workflow_id": course.id, "title": "招募", "grid_id": town.community.id}
    with pytest.raises(Forbidden):
        await town.do(practices.start_procedure, viewer=stranger, **begin)
    async with database.read() as session:
        assert (await session.scalars(select(Procedure))).all() == []


LIFE = (
    ("recruit", "招募", P.INTAKE, ["resources:write", "GRID_LEADER"], None, ["review"]),
    ("review", "联审", P.TRIAGE, ["resources:write", "SECRETARY"], 5, ["visit"]),
    ("visit", "走访", P.HANDLE, ["STEWARD"], None, ["say"]),
    ("say", "自评", P.EVALUATE, ["ASSIGNEE"], None, ["praise"]),
    ("praise", "评议", P.EVALUATE, [], None, []),
)


async def recruited(town: Town, by: Viewer, person: Viewer) -> tuple[UUID, dict[str, UUID]]:
    """A procedure about somebody, begun by another, and its steps."""
    course = await workflow(town, *LIFE, subject=WorkflowSubject.PERSON)
    async with town.database.read() as session:
        known = {step.name: step.id for step in await steps.of_workflow(session, course.id)}
    begin = {"workflow_id": course.id, "title": "招募", "grid_id": town.community.id, "party_id": person.party_id}
    with pytest.raises(Forbidden, match=r"招募 is for resources:write, GRID_LEADER"):
        await town.do(practices.start_procedure, viewer=person, **begin)
    return (await town.do(practices.start_procedure, viewer=by, **begin)).id, known


async def test_nobody_decides_on_themselves_nor_before_their_time(database: Database) -> None:
    town = await founded(database)
    one = await holder(town, PostRole.STEWARD, town.community, "partner")
    async with database.write(HUB) as session:
        path = town.community.path
        session.add(Post(person_id=one.party_id, role=PostRole.SECRETARY, grid_id=town.community.id, grid_path=path))
    id, known = await recruited(town, await holder(town, PostRole.GRID_LEADER, town.street), one)
    late = await holder(town, PostRole.SECRETARY, town.community, "partner", since=date(2099, 1, 1))
    itself = Viewer("c", ROLES["clerk"], (town.street.path,), one.party_id)
    partner = Viewer("p", ROLES["partner"], (town.street.path,), town.police)
    others = "is decided by others than the party that it is about"
    course: list[tuple[str, Viewer | None, Any]] = [
        ("联审", one, others),
        ("联审", itself, others),
        ("联审", late, "联审 is for resources:write, SECRETARY"),
        ("联审", town.clerk(), None),
        ("走访", one, None),
        ("自评", one, None),
        ("评议", one, others),
        ("评议", partner, "lacks the ability resources:write"),
        ("评议", town.clerk(), None),
    ]
    for name, viewer, refused in course:
        async with database.read() as session:
            before = (await session.get_one(Procedure, id)).step_id
        with pytest.raises(Forbidden, match=refused) if refused else nullcontext():
            await town.do(practices.take_step, id, step_id=known[name], viewer=viewer)
        async with database.read() as session:
            after = (await session.get_one(Procedure, id)).step_id
        assert after == (before if refused else known[name])
