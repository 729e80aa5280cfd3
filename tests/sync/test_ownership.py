"""Whose word stands: rules, pins, two sources on one row, a person's edit against the next run."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from hub.auth import system
from hub.db import Database
from hub.models import (
    Link,
    Organization,
    Ownership,
    Pin,
    PlanAction,
    PlanRow,
    Request,
    Rule,
    RunMode,
    RunStatus,
    Source,
    Withheld,
)
from hub.plugin import Record
from hub.sync import rules
from hub.sync.stored_plan import apply_plan
from hub.sync.undo import undo
from tests.sync.sources import counts, organization, rows, run, stored, told

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def order(key: str = "R", at: int | None = None, **fields: Any) -> Record:
    """An order as a source says it; `at`: so many hours after noon."""
    when = None if at is None else NOON + timedelta(hours=at)
    return Record("request", key, {"number": key, **fields}, at=when)


async def edit(database: Database, model: Any, code: str, **values: Any) -> None:
    """A person's edit, as services make it."""
    known = Request.number if model is Request else model.code
    async with database.write(system("王芳")) as session:
        row = (await session.scalars(select(model).where(known == code))).one()
        for name, value in values.items():
            setattr(row, name, value)


async def rule(database: Database, rule: Rule, field: str = "*", kind: str = "organization", source: str = "") -> None:
    async with database.write(system("test")) as session:
        id = await session.scalar(select(Source.id).where(Source.name == source)) if source else None
        session.add(Ownership(source_id=id, kind=kind, field=field, rule=rule))


async def name(database: Database) -> str:
    return str((await stored(database, Organization))["A"]["name"])


async def withheld(database: Database) -> list[tuple[Any, ...]]:
    found = select(Source.name, Withheld.field, Withheld.value).join(Source, Source.id == Withheld.source_id)
    return await rows(database, found.order_by(Source.name, Withheld.field))


async def test_a_human_edit_survives_the_next_run(database: Database) -> None:
    await run(database, told([organization("A", "first", description="one")]))
    await edit(database, Organization, "A", name="by hand")
    done = await run(database, told([], [organization("A", "second", description="two")]))
    row = (await stored(database, Organization))["A"]
    assert (row["name"], row["description"], counts(done)) == ("by hand", "two", {"updated": 1})
    assert await withheld(database) == [("told", "name", "second")]


async def test_a_plan_says_what_stays_and_by_which_rule(database: Database) -> None:
    await run(database, told([organization("A", "first")]))
    await edit(database, Organization, "A", name="by hand")
    plan = await run(database, told([], [organization("A", "second")]), mode=RunMode.PLAN)
    ((action, new, kept),) = await rows(
        database, select(PlanRow.action, PlanRow.new, PlanRow.kept).where(PlanRow.run_id == plan.id)
    )
    day = datetime.now(UTC)
    said = {"said": "second", "rule": f"王芳 wrote it in the hub on {day:%Y-%m-%d} (rule HUB)"}
    assert (action, new, kept) == (PlanAction.KEEP, {}, {"name": said})
    assert await withheld(database) == []


async def test_a_plan_says_what_stays_of_a_record_that_says_nothing_new(database: Database) -> None:
    await run(database, told([organization("A", "first")]))
    await edit(database, Organization, "A", name="by hand")
    page = [organization("A", "second"), organization("B")]
    await run(database, told([], page))
    plan = await run(database, told([], [], page), mode=RunMode.PLAN)
    ((action, key, kept, of),) = await rows(
        database, select(PlanRow.action, PlanRow.key, PlanRow.kept, PlanRow.entity_id).where(PlanRow.run_id == plan.id)
    )
    day = datetime.now(UTC)
    said = {"said": "second", "rule": f"王芳 wrote it in the hub on {day:%Y-%m-%d} (rule HUB)"}
    assert (action, key, kept, counts(plan)) == (PlanAction.KEEP, "A", {"name": said}, {"unchanged": 2})
    assert of == (await stored(database, Organization))["A"]["id"]
    held = await rows(database, select(Withheld.at, Withheld.run_id))
    done = await apply_plan(database, plan.id, started_by="test")
    assert (done.status, counts(done), done.moved) == (RunStatus.DONE, {"unchanged": 1}, 0)
    assert await rows(database, select(Withheld.at, Withheld.run_id)) == held
    await edit(database, Organization, "A", name="second")  # what the source says stands by now
    plan = await run(database, told(*[[]] * 3, page), mode=RunMode.PLAN)
    assert await rows(database, select(PlanRow.id).where(PlanRow.run_id == plan.id)) == []


@pytest.mark.parametrize(("chosen", "stands"), [(Rule.SOURCE, "second"), (Rule.HUB, "by hand")])
async def test_a_rule_decides(database: Database, chosen: Rule, stands: str) -> None:
    await run(database, told([organization("A", "first")]))
    await rule(database, chosen, "name")
    await edit(database, Organization, "A", name="by hand")
    await run(database, told([], [organization("A", "second")]))
    assert await name(database) == stands


async def test_the_most_specific_rule_counts(database: Database) -> None:
    await run(database, told([organization("A", "first")]))
    await rule(database, Rule.SOURCE)
    await rule(database, Rule.SOURCE, "name")
    await rule(database, Rule.HUB, source="told")
    await edit(database, Organization, "A", name="by hand")
    await run(database, told([], [organization("A", "second")]))
    assert await name(database) == "by hand"


async def test_newest_a_source_that_repeats_itself_says_nothing_new(database: Database) -> None:
    await run(database, told([order(at=0, result="first", title="a")]))
    await edit(database, Request, "R", result="by hand")
    later = 24 * 365
    await run(database, told([], [order(at=later, result="first", title="b")]))
    row = (await stored(database, Request, "number"))["R"]
    assert (row["result"], row["title"]) == ("by hand", "b")
    await run(database, told([], [], [order(at=later + 1, result="second", title="b")]))
    assert (await stored(database, Request, "number"))["R"]["result"] == "second"
    assert await withheld(database) == []


async def test_newest_what_was_said_before_the_edit_comes_too_late(database: Database) -> None:
    await run(database, told([order(at=0, result="first")]))
    await edit(database, Request, "R", result="by hand")
    await run(database, told([], [order(at=1, result="second")]))
    assert (await stored(database, Request, "number"))["R"]["result"] == "by hand"
    assert await withheld(database) == [("told", "result", "second")]


async def test_a_pin_holds_against_every_rule_until_it_ends(database: Database) -> None:
    await run(database, told([organization("A", "first")]))
    await rule(database, Rule.SOURCE)
    id = (await stored(database, Organization))["A"]["id"]
    async with database.write(system("test")) as session:
        session.add(Pin(entity="Organization", entity_id=id, field="name", pinned_by="王芳", reason="法院文书"))
    plan = await run(database, told([], [organization("A", "second")]), mode=RunMode.PLAN)
    kept = await rows(database, select(PlanRow.kept).where(PlanRow.run_id == plan.id))
    assert kept == [({"name": {"said": "second", "rule": "pinned by 王芳: 法院文书"}},)]
    await run(database, told([], [organization("A", "second")]))
    assert await name(database) == "first"
    async with database.write(system("test")) as session:
        await session.execute(update(Pin).values(until=datetime.now(UTC) - timedelta(seconds=1)))
    await run(database, told([], [], [organization("A", "third")]))
    assert await name(database) == "third"


async def test_what_follows_from_a_field_stays_with_it(database: Database) -> None:
    await run(database, told([order(status="IN_PROGRESS")]))
    id = (await stored(database, Request, "number"))["R"]["id"]
    async with database.write(system("test")) as session:
        session.add(Pin(entity="Request", entity_id=id, field="status"))
    await run(database, told([], [order(status="CLOSED")]))
    row = (await stored(database, Request, "number"))["R"]
    assert (row["status"].name, row["closed_at"]) == ("IN_PROGRESS", None)


async def test_two_sources_feed_one_request(database: Database) -> None:
    await run(database, told([order(at=0, result="of the hotline", title="a")], name="hotline"), name="hotline")
    both = told([order(at=2, result="of the table", satisfaction="SATISFIED")], name="table")
    await run(database, both, name="table")
    row = (await stored(database, Request, "number"))["R"]
    assert (row["result"], row["title"], row["satisfaction"].name) == ("of the table", "a", "SATISFIED")
    assert len(await rows(database, select(Link.entity_id).where(Link.entity_id == row["id"]))) == 2
    await run(database, told([], [order(at=1, result="late")], name="hotline"), name="hotline")
    assert (await stored(database, Request, "number"))["R"]["result"] == "of the table"


async def test_the_owner_of_a_field_is_heard_alone(database: Database) -> None:
    await run(database, told([organization("A", "of one")], name="one"), name="one")
    await rule(database, Rule.SOURCE, "name", source="one")
    await run(database, told([organization("A", "of two", description="x")], name="two"), name="two")
    row = (await stored(database, Organization))["A"]
    assert (row["name"], row["description"]) == ("of one", "x")
    assert await withheld(database) == [("two", "name", "of two")]


SAYS = [("one", 1, "x"), ("two", 2, "y"), ("one", 3, "z"), ("two", 4, "w")]


@pytest.mark.parametrize("turns", sorted(set(permutations([0, 0, 1, 1]))))
async def test_the_order_in_which_sources_are_read_does_not_matter(database: Database, turns: tuple[int, ...]) -> None:
    left = {0: [said for said in SAYS if said[0] == "one"], 1: [said for said in SAYS if said[0] == "two"]}
    pages: dict[str, list[list[Record]]] = {"one": [], "two": []}
    for turn in turns:
        source, at, value = left[turn].pop(0)
        pages[source].append([order(at=at, result=value)])
        await run(database, told(*pages[source], name=source), name=source)
    assert (await stored(database, Request, "number"))["R"]["result"] == "w"


async def result(database: Database) -> str:
    return str((await stored(database, Request, "number"))["R"]["result"])


LATER = 24 * 365


async def test_what_a_person_wrote_stays_a_persons_word_when_a_run_is_taken_back(database: Database) -> None:
    await run(database, told([organization("A", "first")]))
    await edit(database, Organization, "A", name="by hand")
    await rule(database, Rule.SOURCE, "name")
    done = await run(database, told([], [organization("A", "second")]))
    assert await name(database) == "second"
    await undo(database, done.id, started_by="test")
    assert await name(database) == "by hand"
    async with database.write(system("test")) as session:
        await session.execute(delete(Ownership))
    await run(database, told([], [], [organization("A", "second")]))
    assert await name(database) == "by hand"


async def test_what_was_withheld_after_the_edit_is_newer_than_it(database: Database) -> None:
    await run(database, told([order(at=0, result="first")]))
    await rule(database, Rule.HUB, "result", kind="request")
    await edit(database, Request, "R", result="by hand")
    await run(database, told([], [order(at=LATER, result="second")]))
    assert await result(database) == "by hand"
    async with database.write(system("test")) as session:
        await rules.set_ownership(session, system("test"), kind="request", field="result", rule=Rule.NEWEST)
    await run(database, told([], [], [order(at=LATER + 1, result="second")]))
    assert await result(database) == "second"


async def test_a_source_that_agreed_in_between_does_not_repeat_itself(database: Database) -> None:
    await run(database, told([order(at=0, result="a")]))
    await edit(database, Request, "R", result="b")
    await run(database, told([], [order(at=LATER, result="b")]))
    await run(database, told([], [], [order(at=LATER + 1, result="a")]))
    assert await result(database) == "a"
