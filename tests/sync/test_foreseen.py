"""A plan of a whole read: it tells what the read lacks, and applying it does exactly that."""

import pytest
from sqlalchemy import select

from hub.db import Database
from hub.errors import Conflict
from hub.models import Alert, Link, PlanRow, Run, RunMode, RunStatus, Sighting
from hub.sync import foreseen
from hub.sync.stored_plan import apply_plan
from tests.sync.sources import counts, gone, organization, rows, run, told
from tests.sync.test_gone import ALL, closed, hundred


async def planned(database: Database, *without: int) -> Run:
    done = await run(database, told(hundred(*without), complete=ALL), mode=RunMode.PLAN, full=True)
    assert done.status is RunStatus.PLANNED, done.error
    return done


async def read(database: Database, *without: int) -> Run:
    return await run(database, told(hundred(*without), complete=ALL), full=True)


async def parts(database: Database, plan: Run) -> list[tuple[str, str, str, str | None]]:
    """The plan's rows: action, key, state, why it was not done."""
    wanted = select(PlanRow.action, PlanRow.key, PlanRow.state, PlanRow.reason).where(PlanRow.run_id == plan.id)
    found = await rows(database, wanted.order_by(PlanRow.number))
    return [(action.name, key, state.name, reason) for action, key, state, reason in found]


async def missed(database: Database) -> list[str]:
    found = await rows(database, select(Link.key).where(Link.missed_at.is_not(None)).order_by(Link.key))
    return [key for (key,) in found]


@pytest.mark.parametrize("at_once", [2_000, 1])
async def test_a_plan_tells_what_would_be_gone_and_does_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(foreseen, "AT_ONCE", at_once)
    await read(database)
    await read(database, 3, 4)
    plan = await planned(database, 4, 5)
    assert (counts(plan), plan.guarded) == ({"closed": 1, "unchanged": 98}, None)
    told_of = await rows(database, select(PlanRow.action, PlanRow.key, PlanRow.rule).order_by(PlanRow.number))
    assert sorted((key, action.name, rule.partition(":")[0]) for action, key, rule in told_of) == [
        ("003", "NOTE", "it is there again"),
        ("004", "CLOSE", "lacked by two whole reads"),
        ("005", "NOTE", "lacked for the first time"),
    ]
    assert (await missed(database), await closed(database)) == (["003", "004"], set())


async def test_applying_does_exactly_it(database: Database) -> None:
    await read(database)
    await read(database, 3, 4)
    plan = await planned(database, 4, 5)
    done = await apply_plan(database, plan.id, started_by="test")
    assert (done.status, counts(done), done.moved) == (RunStatus.DONE, {"closed": 1, "unchanged": 2}, 0)
    assert (await closed(database), await missed(database)) == ({"004"}, ["005"])
    assert {state for _, _, state, _ in await parts(database, plan)} == {"APPLIED"}
    await read(database, 4, 5)  # the plan that was applied was the first whole read without it
    assert await closed(database) == {"004", "005"}


async def test_what_has_come_since_is_not_gone(database: Database) -> None:
    await read(database)
    await read(database, 3, 4)
    plan = await planned(database, 3, 4, 5)
    await read(database, 4, 6)
    done = await apply_plan(database, plan.id, started_by="test")
    again, newer = (
        "It has come again since the plan was made.",
        "Another run has read the source since, and knows better.",
    )
    assert sorted(await parts(database, plan), key=lambda part: part[1]) == [
        ("CLOSE", "003", "REFUSED", again),
        ("CLOSE", "004", "REFUSED", "It is gone already."),
        ("NOTE", "005", "REFUSED", newer),
    ]
    assert (done.moved, await closed(database), await missed(database)) == (3, {"004"}, ["006"])


async def test_a_plan_says_that_it_would_be_stopped(database: Database) -> None:
    await read(database)
    half = range(50)
    await read(database, *half)
    plan = await planned(database, *half)
    words = f'If it is right: hub sync apply {plan.id} --allow-gone "why".'
    assert (counts(plan)["closed"], plan.guarded) == (
        50,
        f"50 of 100 things would be marked as gone; 5% are allowed. {words}",
    )
    assert await rows(database, select(Alert.id)) == []
    with pytest.raises(Conflict, match="50 of 100 things would be marked as gone"):
        await apply_plan(database, plan.id, started_by="test")
    done = await apply_plan(database, plan.id, started_by="test", reason="合并")
    assert (counts(done), len(await closed(database))) == ({"closed": 50}, 50)


async def test_what_a_record_says_and_what_is_lacked_count_together(database: Database) -> None:
    await read(database)
    await read(database, *range(6))
    page = [*hundred(*range(12)), *(gone("organization", f"{at:03}") for at in range(6, 12))]
    plan = await run(database, told(page, complete=ALL), mode=RunMode.PLAN, full=True)
    assert (counts(plan), plan.guarded is not None) == ({"closed": 12, "unchanged": 88}, True)


async def test_an_empty_answer_foresees_nothing(database: Database) -> None:
    await read(database)
    plan = await run(database, told([], complete=ALL), mode=RunMode.PLAN, full=True)
    assert (await parts(database, plan), plan.guarded) == ([], None)


async def test_a_plan_of_a_part_foresees_nothing(database: Database) -> None:
    await read(database)
    plan = await run(database, told([], [organization("001")], complete=ALL), mode=RunMode.PLAN)
    assert (
        await parts(database, plan),
        await rows(database, select(Sighting.run_id).where(Sighting.run_id == plan.id)),
    ) == ([], [])
