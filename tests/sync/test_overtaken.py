"""A plan of a source that tells of a record on several pages comes to what a run comes to: the last word stands."""

from datetime import UTC, datetime
from random import Random

import pytest
from sqlalchemy import select, update

from hub.auth import system
from hub.db import Database
from hub.models import Organization, PlanRow, Run, RunMode
from hub.plugin import BadRecord, Record
from tests.sync.sources import counts, gone, organization, rows, run, stored, told
from tests.sync.test_plans import applied, planned
from tests.sync.wordy import Wordy, names

Page = list[Record | BadRecord]
BEFORE: Page = []  # the page that the run before the plan has read


def at(day: int | None, code: str, name: str) -> Record:
    """An organization as its source said it on that day of March; None: it does not say when."""
    said = organization(code, name)
    when = None if day is None else datetime(2026, 3, day, tzinfo=UTC)
    return Record(said.kind, said.key, said.fields, at=when)


async def shown(database: Database, plan: Run) -> list[tuple[str, str, object, object]]:
    """Action, key, and the name before and after."""
    wanted = select(PlanRow.action, PlanRow.key, PlanRow.old, PlanRow.new).where(PlanRow.run_id == plan.id)
    found = await rows(database, wanted.order_by(PlanRow.number))
    return [(action.name, key, old.get("name"), new.get("name")) for action, key, old, new in found]


async def test_the_last_word_stands_in_the_place_of_earlier_ones(database: Database) -> None:
    await run(database, told([organization("A", "one")]))
    plan = await planned(database, BEFORE, [organization("A", "two"), organization("B")], [organization("A", "three")])
    assert await shown(database, plan) == [("CREATE", "B", None, "一"), ("UPDATE", "A", "one", "three")]
    assert counts(plan) == {"created": 1, "updated": 1, "unchanged": 1}
    assert counts(await applied(database, plan)) == {"created": 1, "updated": 1}
    assert await names(database) == {"A": "three", "B": "一"}


async def test_what_is_as_it_was_in_the_end_is_not_touched(database: Database) -> None:
    """A list that holds an older version of a record before the one that the hub has."""
    await run(database, told([organization("A", "new")]))
    plan = await planned(database, BEFORE, [organization("A", "old")], [organization("A", "new")])
    assert (await shown(database, plan), counts(plan)) == ([], {"unchanged": 2})
    assert (await applied(database, plan)).moved == 0
    assert await names(database) == {"A": "new"}


async def test_an_older_word_that_comes_later_is_none(database: Database) -> None:
    await run(database, told([at(1, "A", "one"), at(5, "B", "five")]))
    first = [at(3, "A", "three"), at(6, "B", "six")]
    second = [at(2, "A", "two"), at(5, "B", "five"), at(4, "A", "four")]
    plan = await planned(database, BEFORE, first, second)
    assert await shown(database, plan) == [("UPDATE", "B", "five", "six"), ("UPDATE", "A", "one", "four")]
    assert counts(plan) == {"updated": 2, "unchanged": 3}
    assert (await applied(database, plan)).moved == 0
    assert await names(database) == {"A": "four", "B": "six"}


async def test_the_same_word_again_takes_no_time_from_the_first(database: Database) -> None:
    plan = await planned(database, [at(3, "A", "two")], [at(None, "A", "two")], [at(2, "A", "older")])
    assert (await shown(database, plan), counts(plan)) == (
        [("CREATE", "A", None, "two")],
        {"created": 1, "unchanged": 2},
    )


async def test_a_raw_record_that_is_known_is_as_old_as_it_was(database: Database) -> None:
    """Nobody reads it again, so it does not say itself when it was said."""
    known = {"code": "A", "name": "one", "hour": 1}
    source = Wordy(known, size=1)
    await source.run(database)
    source.words = [{"code": "A", "name": "new", "hour": 3}, known]
    plan, read = await source.run(database, mode=RunMode.PLAN)
    assert (read, await shown(database, plan)) == (["A"], [("UPDATE", "A", "one", "new")])


async def test_what_is_to_be_made_keeps_the_id_by_which_others_name_it(database: Database) -> None:
    plan = await planned(
        database, BEFORE, [organization("A", "one"), organization("C", parent="A")], [organization("A", "two")]
    )
    assert await shown(database, plan) == [("CREATE", "C", None, "一"), ("CREATE", "A", None, "two")]
    assert (await applied(database, plan)).moved == 0
    found = await stored(database, Organization)
    assert (found["A"]["name"], found["C"]["parent_id"]) == ("two", found["A"]["id"])


async def test_what_is_gone_and_there_again_stays(database: Database) -> None:
    await run(database, told([organization("A", "one"), organization("B", "one")]))
    plan = await planned(
        database,
        BEFORE,
        [gone("organization", "A"), organization("B", "two")],
        [organization("A", "one"), gone("organization", "B")],
    )
    assert [(action, key) for action, key, *_ in await shown(database, plan)] == [("CLOSE", "B")]
    assert counts(plan) == {"closed": 1, "unchanged": 3}
    assert (await applied(database, plan)).moved == 0
    found = await stored(database, Organization)
    assert [found[code]["closed_on"] is None for code in "AB"] == [True, False]


async def test_what_was_refused_before_is_told_beside(database: Database) -> None:
    bad = Record("organization", "A", {"code": "A", "founded_on": "yesterday"})
    plan = await planned(database, BEFORE, [bad], [organization("A", "two")], [bad])
    assert [(action, key) for action, key, *_ in await shown(database, plan)] == [
        ("REJECT", "A"),
        ("CREATE", "A"),
        ("REJECT", "A"),
    ]
    assert counts(plan) == {"created": 1, "rejected": 2}


@pytest.mark.parametrize("seed", range(12))
async def test_a_plan_comes_to_what_a_run_comes_to(database: Database, seed: int) -> None:
    """Of A to C the source says when it said so, of D to F never."""
    chance = Random(seed)
    days = {code: (1, 2, 3, 4) if code in "ABC" else (None,) for code in "ABCDEF"}
    pages = [
        [at(chance.choice(days[code]), code, chance.choice("甲乙丙")) for code in chance.sample("ABCDEF", 3)]
        for _ in range(7)
    ]
    await run(database, told(*pages[:2], name="run"), "run")
    await run(database, told(*pages, name="run"), "run")
    meant = await names(database)
    async with database.write(system("test")) as session:
        await session.execute(update(Organization).values(code=Organization.code + "-run"))
    await run(database, told(*pages[:2], name="plan"), "plan")
    plan = await run(database, told(*pages, name="plan"), "plan", mode=RunMode.PLAN)
    assert plan.error is None
    keys = [key for _, key, *_ in await shown(database, plan)]
    assert len(keys) == len({*keys})
    assert (await applied(database, plan)).moved == 0
    assert {code: name for code, name in (await names(database)).items() if len(code) == 1} == meant
