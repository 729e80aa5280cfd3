"""A run is taken back: what it wrote is as before, what others wrote since is as they wrote it."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from hub.auth import system
from hub.db import Database
from hub.errors import Conflict, NotFound
from hub.models import Change, ChangeKind, Organization, PlanRow, Request, RequestEvent, Run, RunMode, RunStatus
from hub.plugin import Caller, Record
from hub.sync import undo as undoing
from hub.sync.undo import undo
from tests.sync.sources import changes, counts, districts, gone, grid, organization, paths, rows, run, stored, told


async def undone(database: Database, done: Run) -> Run:
    back = await undo(database, done.id, started_by="test")
    assert back.status is RunStatus.DONE, back.error
    return back


async def said(database: Database, back: Run) -> list[tuple[str, str, str, str | None]]:
    wanted = select(PlanRow.key, PlanRow.action, PlanRow.state, PlanRow.reason).where(PlanRow.run_id == back.id)
    found = await rows(database, wanted.order_by(PlanRow.key))
    return [(key, action.name, state.name, reason) for key, action, state, reason in found]


@pytest.fixture(params=[1_000, 1])
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many changes one transaction takes back."""
    monkeypatch.setattr(undoing, "AT_ONCE", request.param)
    return int(request.param)


async def test_what_was_changed_is_as_before_and_what_was_made_is_gone(database: Database, at_once: int) -> None:
    await run(database, told([organization("A", "old", description="d"), organization("B"), organization("C")]))
    before = await stored(database, Organization)
    first = [organization("A", "new", description=None), gone("organization", "B"), organization("N", parent="A")]
    done = await run(database, told([], first, [organization("A", "newer")]))
    assert counts(done) == {"created": 1, "updated": 2, "closed": 1}
    back = await undone(database, done)
    assert (back.mode, back.plan_id, back.records) == (RunMode.UNDO, done.id, 4)
    found = await stored(database, Organization)
    new = found.pop("N")
    assert new["closed_on"] is not None
    same = ("name", "description", "closed_on", "parent_id", "organization_kind")
    assert {key: [row[name] for name in same] for key, row in found.items()} == {
        key: [row[name] for name in same] for key, row in before.items()
    }
    assert {(change.entity_id, change.kind) for change in await changes(database, back)} >= {
        (new["id"], ChangeKind.CLOSED),
        (before["A"]["id"], ChangeKind.UPDATED),
    }


async def test_what_others_wrote_since_stays_and_is_named(database: Database, at_once: int) -> None:
    await run(database, told([organization(key, "old", description="d") for key in "ABC"]))
    meant = [*(organization(key, "new", description="e") for key in "ABC"), organization("N"), organization("M")]
    done = await run(database, told([], meant))
    async with database.write(system("王敏")) as session:
        for key in ("A", "N"):
            one = (await session.scalars(select(Organization).where(Organization.code == key))).one()
            one.name = "by hand"
    await run(database, told([], [], [organization("B", "from elsewhere", description="e")]))
    back = await undone(database, done)
    names = {key: (row["name"], row["description"]) for key, row in (await stored(database, Organization)).items()}
    assert names["A"] == ("by hand", "d")
    assert names["B"] == ("from elsewhere", "d")
    assert names["C"] == ("old", "d")
    assert (await stored(database, Organization))["N"]["closed_on"] is None
    assert (await stored(database, Organization))["M"]["closed_on"] is not None
    assert back.moved == 3
    told_of = {key: (state, reason) for key, _, state, reason in await said(database, back)}
    assert told_of == {
        "A": ("REFUSED", "Left alone: name: written since by 王敏."),
        "B": ("REFUSED", "Left alone: name: written since by source:told."),
        "C": ("APPLIED", None),
        "M": ("APPLIED", None),
        "N": ("REFUSED", "Left alone: changed since by 王敏."),
    }


async def test_a_second_time_there_is_nothing_left(database: Database) -> None:
    await run(database, told([organization("A", "old")]))
    done = await run(database, told([], [organization("A", "new"), organization("N")]))
    await undone(database, done)
    found = await stored(database, Organization)
    again = await undone(database, done)
    assert (counts(again), again.moved, await said(database, again)) == ({}, 0, [])
    assert await stored(database, Organization) == found


async def test_where_it_broke_off_it_goes_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undoing, "AT_ONCE", 2)
    done = await run(database, told([organization(key) for key in "ABCDE"]))
    real, calls = undoing._take_back, 0

    async def breaks(*given: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Conflict("The power went out.")
        await real(*given)

    monkeypatch.setattr(undoing, "_take_back", breaks)
    broken = await undo(database, done.id, started_by="test")
    assert (broken.status, counts(broken)) == (RunStatus.FAILED, {"closed": 2})
    assert counts(await undone(database, done)) == {"closed": 3}
    assert all(row["closed_on"] for row in (await stored(database, Organization)).values())


async def test_the_next_run_brings_what_the_source_still_says(database: Database) -> None:
    await run(database, told([organization("A", "old")]))
    again = [organization("A", "new"), organization("N")]
    await undone(database, await run(database, told([], again)))
    assert counts(await run(database, told([], again), overrides={"any": 1})) == {"updated": 2}
    assert (await stored(database, Organization))["N"]["closed_on"] is None


async def test_grids_go_back_with_what_lies_below_them(database: Database) -> None:
    tree = [grid("1", None, "DISTRICT"), grid("2", None, "DISTRICT"), grid("S", "1", "STREET"), grid("C", "S")]
    await run(database, told([*tree, organization("O", grid="C")]))
    before = await paths(database)
    done = await run(database, told([], [grid("S", "2", "STREET")]))
    assert (await paths(database))["C"] == "2/S/C/"
    await undone(database, done)
    assert await paths(database) == before
    assert (await stored(database, Organization))["O"]["grid_path"] == "1/S/C/"


async def test_where_the_tree_has_moved_since_rows_stand_where_it_is_now(database: Database) -> None:
    tops = [grid("0", None, "CITY"), grid("1", None, "DISTRICT"), grid("2", None, "DISTRICT")]
    await run(database, told([*tops, grid("S", "1", "STREET"), grid("C", "S"), organization("O", grid="S")]))
    done = await run(database, told([], [grid("S", "2", "STREET"), organization("O", grid="2")]))
    await run(database, told([grid("1", "0", "DISTRICT")], name="another"), "another")
    back = await undone(database, done)
    assert await paths(database) == {"0": "0/", "1": "0/1/", "2": "2/", "S": "0/1/S/", "C": "0/1/S/C/"}
    assert (await stored(database, Organization))["O"]["grid_path"] == "0/1/S/"
    assert back.moved == 0


async def test_a_circle_is_left_alone(database: Database) -> None:
    await run(database, told([grid("1", None, "DISTRICT"), grid("2", None, "DISTRICT"), grid("S", "1", "STREET")]))
    done = await run(database, told([], [grid("S", "2", "STREET", name="new")]))
    await run(database, told([grid("1", "S", "DISTRICT")], name="another"), "another")
    back = await undone(database, done)
    assert await paths(database) == {"1": "2/S/1/", "2": "2/", "S": "2/S/"}
    assert await said(database, back) == [
        ("S", "UPDATE", "REFUSED", "Left alone: parent_id: what it lay below lies below it by now.")
    ]


async def test_requests_go_back_and_their_story_says_so(database: Database) -> None:
    await districts(database, "1")
    open_one = {"number": "R", "title": "路灯不亮", "grid": "1"}
    await run(database, told([Record("request", "R", open_one)]))
    closed = {**open_one, "status": "CLOSED", "caller": Caller("王五", "13912345678")}
    done = await run(database, told([], [Record("request", "R", closed)]))
    back = await undone(database, done)
    (row,) = (await stored(database, Request, "number")).values()
    assert (row["status"].name, row["closed_at"]) == ("RECEIVED", None)
    story = await rows(database, select(RequestEvent.status, RequestEvent.note).order_by(RequestEvent.at))
    assert [(status.name, note) for status, note in story] == [
        ("RECEIVED", None),
        ("CLOSED", None),
        ("RECEIVED", "撤销同步"),
    ]
    assert await rows(database, select(Change.actor).where(Change.run_id == back.id).distinct()) == [("source:told",)]


async def test_only_what_has_written_and_ended_is_taken_back(database: Database) -> None:
    plan = await run(database, told([organization("A")]), mode=RunMode.PLAN)
    with pytest.raises(Conflict, match=r"\(PLAN, PLANNED\) cannot be taken back"):
        await undo(database, plan.id, started_by="test")
    done = await run(database, told([organization("A")]))
    back = await undone(database, done)
    with pytest.raises(Conflict, match=r"\(UNDO, DONE\) cannot be taken back"):
        await undo(database, back.id, started_by="test")
    with pytest.raises(NotFound):
        await undo(database, uuid4(), started_by="test")
    async with database.write(system("test")) as session:
        await session.execute(update(Run).where(Run.id == done.id).values(status=RunStatus.RUNNING))
    with pytest.raises(Conflict):
        await undo(database, done.id, started_by="test")
