"""How much a run may refuse: a few always, a twentieth of the run, more where a person says why."""

import pytest
from sqlalchemy import select, update

from hub import worker
from hub.db import Database
from hub.models import Run, RunMode, RunStatus, Source
from hub.plugin import BadRecord, Record
from hub.sync.jobs import Job
from tests.sync.sources import Items, counts, cursor, organization, rows, run, told, work_items


def page(good: int, bad: int, name: str = "") -> Items:
    """Good records, then bad ones."""
    records = [organization(f"{name}{at}") for at in range(good)]
    return [*records, *(BadRecord(f"row {at}: no code.", {}, "organization", f"{name}x{at}") for at in range(bad))]


@pytest.mark.parametrize(("good", "bad"), [(9_999, 1), (0, 50), (10, 50), (983, 17), (1_900, 100)])
async def test_a_few_bad_records_stop_nothing(database: Database, good: int, bad: int) -> None:
    done = await run(database, told(page(good, bad)))
    made = {"created": good} if good else {}
    assert (done.status, counts(done)) == (RunStatus.DONE, made | {"rejected": bad})


async def test_more_than_a_twentieth_stops_the_page_and_the_cursor(database: Database) -> None:
    done = await run(database, told(page(100, 0, "a"), page(800, 51)))
    assert (done.status, counts(done), await cursor(database)) == (RunStatus.FAILED, {"created": 100}, "1")
    assert done.error == (
        "51 of 951 records were refused; 5% are allowed, so nothing of page 2 was taken. The first there: "
        "row 0: no code. Is this the right file and the right kind? "
        'If it is: hub sync run told --allow-refused "why".'
    )
    assert await work_items(database) == []


async def test_bad_records_may_stand_together_in_a_long_list(database: Database) -> None:
    done = await run(database, told(page(3_000, 0, "a"), page(0, 100), page(500, 0, "b")))
    assert (done.status, done.rejected) == (RunStatus.DONE, 100)
    first = await run(database, told(page(1, 100), page(3_000, 0, "a"), name="sorted"), "sorted")
    assert (first.status, first.rejected) == (RunStatus.DONE, 100)


async def test_small_pages_count_together(database: Database) -> None:
    done = await run(database, told(*(page(10, 20, str(at)) for at in range(4))))
    assert (done.status, counts(done), await cursor(database)) == (
        RunStatus.FAILED,
        {"created": 20, "rejected": 40},
        "2",
    )
    assert str(done.error).startswith("60 of 90 records were refused; 5% are allowed")


async def test_what_waits_for_something_does_not_count(database: Database) -> None:
    waiting = [Record("member", str(at), {"alliance": "nobody", "party": "nobody"}) for at in range(200)]
    done = await run(database, told(waiting))
    assert (done.status, counts(done)) == (RunStatus.DONE, {"rejected": 200})


async def test_a_person_lets_it_and_says_why(database: Database) -> None:
    done = await run(database, told(page(10, 60)), allow_refused="历史数据")
    assert (done.status, done.reason, counts(done)) == (
        RunStatus.DONE,
        "历史数据",
        {"created": 10, "rejected": 60},
    )
    await worker.carry_out(database, told([], page(10, 60, "b")), Job("told", "王敏", allow_refused="历史数据"))
    assert await rows(database, select(Run.status, Run.reason).order_by(Run.id.desc()).limit(1)) == [
        (RunStatus.DONE, "历史数据")
    ]


async def test_letting_it_refuse_lets_nothing_go(database: Database) -> None:
    all_of_it = frozenset({"organization"})
    await run(database, told(page(100, 0), complete=all_of_it), full=True)
    half = told(page(50, 0), complete=all_of_it)
    await run(database, half, full=True)
    done = await run(database, half, full=True, allow_refused="历史数据")
    assert (done.status, done.closed) == (RunStatus.FAILED, 0)


async def test_the_limit_is_the_sources_own(database: Database) -> None:
    await run(database, told([]))
    async with database.engine.begin() as connection:
        await connection.execute(update(Source).values(most_refused=0.9))
    assert (await run(database, told(page(10, 60)))).status is RunStatus.DONE


async def test_a_plan_is_stopped_like_a_run_and_let_like_one(database: Database) -> None:
    assert (await run(database, told(page(10, 60)), mode=RunMode.PLAN)).status is RunStatus.FAILED
    plan = await run(database, told(page(10, 60)), mode=RunMode.PLAN, allow_refused="看一看")
    assert (plan.status, plan.rejected) == (RunStatus.PLANNED, 60)
