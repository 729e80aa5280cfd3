"""A stored plan is applied exactly as it was looked at, or refused row by row, with nothing lost."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from hub.auth import system
from hub.db import Database
from hub.errors import Conflict, NotFound
from hub.models import (
    Grid,
    Identity,
    Link,
    Organization,
    OrganizationKind,
    PlanRow,
    Rejected,
    Request,
    RequestIssue,
    Run,
    RunMode,
    RunStatus,
    Source,
)
from hub.plugin import BadRecord, Caller, Issue, Record
from hub.sync import stored_plan
from hub.sync.run import run_source
from hub.sync.stored_plan import apply_plan
from tests.sync.sources import (
    changes,
    counts,
    cursor,
    districts,
    gone,
    grid,
    organization,
    paths,
    rows,
    run,
    sizes,
    stored,
    told,
    work_items,
)

Pages = Sequence[Sequence[Record | BadRecord]]


async def planned(database: Database, *pages: Sequence[Record | BadRecord]) -> Run:
    done = await run(database, told(*pages), mode=RunMode.PLAN)
    assert done.status is RunStatus.PLANNED, done.error
    return done


async def applied(database: Database, plan: Run) -> Run:
    done = await apply_plan(database, plan.id, started_by="test")
    assert done.status is RunStatus.DONE, done.error
    return done


async def states(database: Database, plan: Run) -> list[tuple[str, str, str | None]]:
    """What became of the plan's rows: key, state, reason."""
    wanted = select(PlanRow.key, PlanRow.state, PlanRow.reason).where(PlanRow.run_id == plan.id)
    return [(key, state.name, reason) for key, state, reason in await rows(database, wanted.order_by(PlanRow.number))]


def request(number: str, **fields: Any) -> Record:
    return Record("request", number, {"number": number, "title": "路灯不亮", "grid": "1", **fields})


@pytest.fixture(params=[2_000, 1])
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many rows one transaction takes."""
    monkeypatch.setattr(stored_plan, "AT_ONCE", request.param)
    return int(request.param)


async def test_applying_a_plan_does_what_a_run_does(database: Database, at_once: int) -> None:
    await run(database, told([organization("A", "old"), organization("B"), organization("K")]))
    pages = [
        [organization("A", "new"), gone("organization", "B"), grid("1", None, "DISTRICT"), organization("K", "一")],
        [grid("S", "1", "STREET"), organization("C", grid="S"), BadRecord("no record", "raw", "organization", "Z")],
        [
            grid("X", "S"),
            organization("D", parent="C"),
            organization("E", parent=["x"]),
            request("R", caller=Caller("王五", "13912345678"), issues=[Issue("1", "灯"), Issue("2", "路")]),
            request("Q", status="CLOSED"),
        ],
    ]
    plan = await planned(database, [], *pages)
    before = await sizes(database)
    done = await applied(database, plan)
    assert counts(done) == {"created": 7, "updated": 1, "closed": 1, "rejected": 2}
    assert counts(plan) == {**counts(done), "unchanged": 1}
    assert [(key, state) for key, state, _ in await states(database, plan)] == [
        (key, "APPLIED") for key in ("1", "A", "B", "S", "C", "Z", "E", "X", "D", "R", "Q")
    ]
    assert await paths(database) == {"1": "1/", "S": "1/S/", "X": "1/S/X/"}
    found = await stored(database, Organization)
    assert {code: row["name"] for code, row in found.items()} == {
        "A": "new",
        "B": "一",
        "K": "一",
        "C": "一",
        "D": "一",
    }
    assert found["B"]["closed_on"] is not None
    assert found["D"]["parent_id"] == found["C"]["id"]
    assert await work_items(database) == [("Z", "OPEN", 1), ("E", "OPEN", 1)]
    after = await sizes(database)
    assert (after["identities"], after["request_issues"]) == (before["identities"] + 1, before["request_issues"] + 2)
    again = await run(database, told([], *pages), overrides={"any": 1})
    assert counts(again) == {"unchanged": 10, "rejected": 2}
    assert await changes(database, again) == []


async def test_the_source_goes_on_where_the_plan_ended(database: Database) -> None:
    pages = [[organization("A")], [organization("B")], [organization("C")]]
    plan = await planned(database, *pages[:2])
    assert await cursor(database) is None
    await applied(database, plan)
    assert await cursor(database) == "2"
    assert counts(await run(database, told(*pages))) == {"created": 1}


async def test_the_place_of_a_newer_run_stays(database: Database) -> None:
    pages = [[organization("A")], [organization("B")]]
    plan = await planned(database, *pages[:1])
    await run(database, told(*pages))
    done = await applied(database, plan)
    assert (counts(done), done.moved, await cursor(database)) == ({}, 1, "2")
    assert await states(database, plan) == [
        ("A", "REFUSED", "It says nothing new any more: another run has brought it.")
    ]
    assert await work_items(database) == []


async def test_what_has_moved_since_is_refused_and_not_lost(database: Database, at_once: int) -> None:
    before = [organization(key, "old") for key in ("A", "B", "C", "E")]
    await run(database, told(before))
    meant = [
        organization("A", "new"),
        organization("B", "new"),
        organization("N", "new"),
        gone("organization", "C"),
        organization("E", "new"),
    ]
    plan = await planned(database, [], meant)
    async with database.write(system("test")) as session:
        await session.execute(update(Organization).where(Organization.code == "A").values(name="by hand"))
        await session.execute(update(Link).where(Link.key == "C").values(entity_id=uuid4()))
        session.add(Organization(code="N", name="by hand", organization_kind=OrganizationKind.UNIT))
    done = await applied(database, plan)
    assert (counts(done), done.moved, done.records) == ({"updated": 2}, 3, 5)
    assert await states(database, plan) == [
        ("A", "REFUSED", "name: changed since the plan was made."),
        ("B", "APPLIED", None),
        ("N", "REFUSED", "Planned as CREATE, by now it would be KEEP."),
        ("C", "REFUSED", "It says nothing new any more: another run has brought it."),
        ("E", "APPLIED", None),
    ]
    assert {key: status for key, status, _ in await work_items(database)} == {"A": "OPEN", "N": "OPEN"}
    reasons = await rows(database, select(Rejected.reason).where(Rejected.key == "A"))
    assert reasons == [("Not applied with its plan: name: changed since the plan was made.",)]
    await run(database, told([], [], []))  # a run is a new decision: what was kept back is taken up
    names = {code: row["name"] for code, row in (await stored(database, Organization)).items()}
    assert names == {"A": "new", "B": "new", "C": "old", "E": "new", "N": "by hand"}
    assert {status for _, status, _ in await work_items(database)} == {"REPLAYED"}


async def test_what_a_newer_run_has_read_is_not_kept_for_later(database: Database) -> None:
    await run(database, told([organization("A", "first")]))
    plan = await planned(database, [], [organization("A", "second")])
    await run(database, told([], [organization("A", "third")]))
    done = await applied(database, plan)
    assert (done.moved, await work_items(database)) == (1, [])
    await run(database, told([], [], []))
    assert (await stored(database, Organization))["A"]["name"] == "third"


async def test_what_hangs_on_a_refused_row_is_refused_too(database: Database) -> None:
    plan = await planned(
        database, [grid("1", None, "DISTRICT"), grid("S", "1", "STREET")], [organization("O", grid="S")]
    )
    await districts(database, "1")
    async with database.write(system("test")) as session:
        await session.execute(update(Grid).where(Grid.code == "1").values(name="by hand"))
    done = await applied(database, plan)
    found = {key: (state, reason) for key, state, reason in await states(database, plan)}
    assert found["1"] == ("REFUSED", "Planned as CREATE, by now it would be KEEP.")
    assert found["S"][0] == "REFUSED"
    assert (done.created, done.moved) == (0, 3)
    assert set(await paths(database)) == {"1"}


async def test_where_it_broke_off_it_goes_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_plan, "AT_ONCE", 2)
    plan = await planned(database, [organization(key) for key in "ABCDE"])
    real, calls = stored_plan._carry_out, 0

    async def breaks(*given: Any, **more: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Conflict("The power went out.")
        await real(*given, **more)

    monkeypatch.setattr(stored_plan, "_carry_out", breaks)
    broken = await apply_plan(database, plan.id, started_by="test")
    assert (broken.status, broken.error, counts(broken)) == (RunStatus.FAILED, "The power went out.", {"created": 2})
    assert await cursor(database) is None
    done = await applied(database, plan)
    assert (counts(done), await cursor(database)) == ({"created": 3}, "1")
    assert len(await stored(database, Organization)) == 5


async def test_a_plan_is_applied_once(database: Database) -> None:
    plan = await planned(database, [organization("A")])
    done = await applied(database, plan)
    with pytest.raises(Conflict, match="was applied already"):
        await apply_plan(database, plan.id, started_by="test")
    with pytest.raises(Conflict, match="is no plan that waits"):
        await apply_plan(database, done.id, started_by="test")
    with pytest.raises(NotFound):
        await apply_plan(database, uuid4(), started_by="test")
    assert await rows(database, select(Run.plan_id).where(Run.id == done.id)) == [(plan.id,)]


async def test_a_row_that_is_there_already_is_only_linked(database: Database) -> None:
    async with database.write(system("test")) as session:
        session.add(Organization(code="A", name="一", organization_kind=OrganizationKind.OTHER))
    plan = await planned(database, [organization("A")])
    assert [action.name for (action,) in await rows(database, select(PlanRow.action))] == ["LINK"]
    done = await applied(database, plan)
    assert await rows(database, select(Link.key, Link.run_id)) == [("A", done.id)]
    assert counts(done) == {"unchanged": 1}


async def test_two_do_not_apply_at_once(database: Database) -> None:
    plan = await planned(database, [organization("A")])
    async with database.write(system("test")) as session:
        source = (await session.scalars(select(Source))).one()
        session.add(Run(source_id=source.id, started_by="another", worker="elsewhere:1", settings={}))
    with pytest.raises(Conflict, match="is being run"):
        await apply_plan(database, plan.id, started_by="test")


async def test_private_things_stay_private_in_a_plan(database: Database) -> None:
    await districts(database, "1")
    plan = await planned(database, [request("R", caller=Caller("王五", "13912345678"))])
    shown = await rows(database, select(PlanRow.old, PlanRow.new, PlanRow.rule, PlanRow.reason))
    assert "13912345678" not in str(shown)
    await applied(database, plan)
    assert await rows(database, select(Identity.phone)) == [("13912345678",)]
    assert await rows(database, select(Request.number)) == [("R",)]
    assert await rows(database, select(RequestIssue.id)) == []


async def test_a_plan_of_a_source_that_is_gone_names_it(database: Database) -> None:
    with pytest.raises(NotFound):
        await run_source(database, told(), "nowhere", started_by="test", mode=RunMode.PLAN)
