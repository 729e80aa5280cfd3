"""Orders of a hotline that follow a practice's workflow show its steps, as their status has them."""

from typing import Any

import pytest
from sqlalchemy import select, update

from hub.auth import system
from hub.db import Database
from hub.models import Request, RequestEvent, RequestStatus, WorkflowStep
from hub.plugin import Record
from hub.sync import registry
from plugins.hotline12345.simulator import build
from tests.sync.sources import changes, reached, run, told

COURSE = [
    Record("practice", "x", {"code": "x", "name": "示例"}),
    Record("workflow", "x.W", {"code": "x.W", "practice": "x", "name": "点单—派单—接单", "subject": "REQUEST"}),
    *(
        Record("workflow_step", f"x.W.{name}", {"code": f"x.W.{name}", "workflow": "x.W", "name": name} | said)
        for name, said in {
            "点单": {"position": 1, "phase": "INTAKE", "leads_to": ["x.W.派单"]},
            "派单": {"position": 2, "phase": "DISPATCH", "leads_to": ["x.W.接单"]},
            "接单": {"position": 3, "phase": "ACCEPT", "leads_to": []},
        }.items()
    ),
]

S = RequestStatus
STANDS = {S.RECEIVED: "点单", S.TRIAGED: "点单", S.DISPATCHED: "派单", S.SIGNED: "派单"} | dict.fromkeys(
    (S.IN_PROGRESS, S.HANDLED, S.VERIFIED, S.CALLBACK, S.CLOSED, S.ARCHIVED), "接单"
)


def order(status: str | None = None, **more: Any) -> Record:
    return Record("request", "R1", {"number": "R1", **({"status": status} if status else {}), **more})


async def steps(database: Database) -> list[str | None]:
    """The step of the request, then those of its events from the first to the last."""
    async with database.read() as session:
        named = dict((await session.execute(select(WorkflowStep.id, WorkflowStep.name))).all())
        here = await session.scalar(select(Request.step_id))
        events = (await session.scalars(select(RequestEvent.step_id).order_by(RequestEvent.id))).all()
    return [id and named[id] for id in (here, *events)]


async def test_an_order_stands_at_the_step_of_its_status(database: Database) -> None:
    await run(database, told(COURSE, name="course"), "course")
    await run(database, told([order(workflow="x.W", practice="x")]))
    assert await steps(database) == ["点单", "点单"]
    await run(database, told([order("DISPATCHED")]), overrides={"any": 1})
    last = await run(database, told([order("IN_PROGRESS")]), overrides={"any": 2})
    assert await steps(database) == ["接单", "点单", "派单", "接单"]
    (patch,) = [one.patch for one in await changes(database, last) if one.entity == "Request"]
    assert sorted(patch) == ["status", "step_id"]


async def test_an_order_that_comes_under_a_workflow_later_takes_its_step(database: Database) -> None:
    await run(database, told(COURSE, name="course"), "course")
    await run(database, told([order("IN_PROGRESS")]))
    assert await steps(database) == [None, None]
    await run(database, told([order("IN_PROGRESS", workflow="x.W")]), overrides={"any": 1})
    assert (await steps(database))[0] == "接单"


async def test_a_status_that_is_no_step_leaves_the_step(database: Database) -> None:
    await run(database, told(COURSE, name="course"), "course")
    await run(database, told([order("DISPATCHED", workflow="x.W")]))
    await run(database, told([order("RETURN_REQUESTED")]), overrides={"any": 1})
    assert (await steps(database))[0] == "派单"
    async with database.read() as session:
        assert await session.scalar(select(Request.status)) is RequestStatus.RETURN_REQUESTED


async def test_what_went_further_here_is_not_pulled_back_by_a_word_that_is_no_step_back(database: Database) -> None:
    await run(database, told(COURSE, name="course"), "course")
    await run(database, told([order("RECEIVED", workflow="x.W")]))
    async with database.write(system("test")) as session:
        accepted = select(WorkflowStep.id).where(WorkflowStep.code == "x.W.接单").scalar_subquery()
        await session.execute(update(Request).values(step_id=accepted))
    await run(database, told([order("DISPATCHED")]), overrides={"any": 1})
    assert (await steps(database))[0] == "接单"
    await run(database, told([order("RECEIVED")]), overrides={"any": 2})
    assert (await steps(database))[0] == "点单"


async def test_a_hotline_says_which_workflow_its_orders_follow(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached(build(30, seed=4), monkeypatch)
    await run(database, told(COURSE, name="course"), "course")
    await run(database, registry.load(), "hotline12345", overrides={"practice": "x", "workflow": "x.W"})
    stands = select(Request.practice, Request.status, WorkflowStep.name).outerjoin(
        WorkflowStep, Request.step_id == WorkflowStep.id
    )
    async with database.read() as session:
        found = (await session.execute(stands)).all()
    assert {practice for practice, *_ in found} == {"x"}
    assert all(name == STANDS.get(status) for _, status, name in found)
    assert {name for *_, name in found} >= {"点单", "派单", "接单"}
