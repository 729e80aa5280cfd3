"""What is gone: how much a run may take away, and what a whole read that lacks something means."""

from collections.abc import Iterable

import pytest
from sqlalchemy import select, update

from hub import worker
from hub.db import Database
from hub.errors import Conflict
from hub.models import Alert, AlertKind, Organization, Run, RunMode, RunStatus, Source
from hub.plugin import BadRecord, Record
from hub.sync.jobs import Job
from hub.sync.stored_plan import apply_plan
from tests.sync.sources import counts, cursor, gone, organization, rows, run, stored, told

ALL = frozenset({"organization"})


def hundred(*without: int) -> list[Record | BadRecord]:
    return [organization(f"{at:03}") for at in range(100) if at not in without]


def taken_away(many: Iterable[int]) -> list[Record | BadRecord]:
    return [gone("organization", f"{at:03}") for at in many]


async def closed(database: Database) -> set[str]:
    found = await stored(database, Organization)
    return {code for code, row in found.items() if row["closed_on"] is not None}


async def alerts(database: Database) -> list[tuple[AlertKind, bool]]:
    found = await rows(database, select(Alert.kind, Alert.cleared_at).order_by(Alert.id))
    return [(kind, cleared is not None) for kind, cleared in found]


async def test_a_run_that_takes_too_much_away_stops_and_asks(database: Database) -> None:
    await run(database, told(hundred()))
    done = await run(database, told(hundred(), taken_away(range(11))))
    assert (done.status, await closed(database), await cursor(database)) == (RunStatus.FAILED, set(), "1")
    assert done.error == (
        "11 of 100 things would be marked as gone; 5% are allowed. "
        'If it is right: hub sync run told --allow-gone "why".'
    )
    assert await alerts(database) == [(AlertKind.GUARDED, False)]
    done = await run(database, told(hundred(), taken_away(range(11))), reason="撤并机构")
    assert (counts(done), len(await closed(database)), done.reason) == ({"closed": 11}, 11, "撤并机构")
    assert await alerts(database) == [(AlertKind.GUARDED, True)]


async def test_the_pages_of_a_run_count_together(database: Database) -> None:
    await run(database, told(hundred()))
    done = await run(database, told(hundred(), taken_away(range(6)), taken_away(range(6, 12))))
    assert (done.status, len(await closed(database)), await cursor(database)) == (RunStatus.FAILED, 6, "2")


async def test_few_may_always_go_and_the_limit_is_the_sources_own(database: Database) -> None:
    await run(database, told(hundred()))
    async with database.engine.begin() as connection:
        await connection.execute(update(Source).values(most_gone=0.5))
    assert counts(await run(database, told(hundred(), taken_away(range(50))))) == {"closed": 50}


async def test_a_plan_shows_what_would_go_and_is_guarded_when_it_is_applied(database: Database) -> None:
    await run(database, told(hundred()))
    plan = await run(database, told(hundred(), taken_away(range(30))), mode=RunMode.PLAN)
    assert (plan.status, counts(plan)) == (RunStatus.PLANNED, {"closed": 30})
    with pytest.raises(Conflict, match="30 of 100 things would be marked as gone"):
        await apply_plan(database, plan.id, started_by="test")
    assert await closed(database) == set()
    assert await rows(database, select(Run.status).where(Run.id == plan.id)) == [(RunStatus.PLANNED,)]
    done = await apply_plan(database, plan.id, started_by="test", reason="checked")
    assert counts(done) == {"closed": 30}


async def test_what_two_whole_reads_lack_is_gone(database: Database) -> None:
    await run(database, told(hundred(), complete=ALL), full=True)
    once = await run(database, told(hundred(3, 4), complete=ALL), full=True)
    assert (counts(once), await closed(database)) == ({"unchanged": 98}, set())
    again = await run(database, told(hundred(4), complete=ALL), full=True)
    assert (counts(again), await closed(database)) == ({"closed": 1, "unchanged": 99}, {"004"})
    await run(database, told(hundred(3), complete=ALL), full=True)
    assert await closed(database) == set()


async def test_an_empty_answer_is_no_deletion(database: Database) -> None:
    await run(database, told(hundred(), complete=ALL), full=True)
    for _ in range(3):
        done = await run(database, told([], complete=ALL), full=True)
        assert (done.status, await closed(database)) == (RunStatus.DONE, set())


async def test_half_a_list_twice_stops_and_asks(database: Database) -> None:
    await run(database, told(hundred(), complete=ALL), full=True)
    half = told(hundred(*range(50)), complete=ALL)
    assert (await run(database, half, full=True)).status is RunStatus.DONE
    done = await run(database, half, full=True)
    assert (done.status, await closed(database)) == (RunStatus.FAILED, set())
    assert await alerts(database) == [(AlertKind.GUARDED, False)]
    assert counts(await run(database, half, full=True, reason="合并")) == {"closed": 50, "unchanged": 50}


async def test_a_queued_job_reads_everything_and_says_why(database: Database) -> None:
    await run(database, told(hundred(), complete=ALL), full=True)
    half = told(hundred(*range(50)), complete=ALL)
    await worker.carry_out(database, half, Job("told", "王敏", full=True))
    await worker.carry_out(database, half, Job("told", "王敏", full=True))
    assert await closed(database) == set()
    await worker.carry_out(database, half, Job("told", "王敏", full=True, reason="合并"))
    assert len(await closed(database)) == 50


async def test_a_queued_plan_is_applied_with_the_reason(database: Database) -> None:
    await run(database, told(hundred()))
    plan = await run(database, told(hundred(), taken_away(range(30))), mode=RunMode.PLAN)
    await worker.carry_out(database, told(), Job("told", "王敏", verb="apply", run=str(plan.id)))
    assert await closed(database) == set()
    await worker.carry_out(database, told(), Job("told", "王敏", verb="apply", run=str(plan.id), reason="checked"))
    assert len(await closed(database)) == 30


async def test_what_was_brought_in_a_bad_shape_is_not_gone(database: Database) -> None:
    await run(database, told(hundred(), complete=ALL), full=True)
    bad = BadRecord("no name", {}, "organization", "007")
    for _ in range(3):
        await run(database, told([*hundred(7), bad], complete=ALL), full=True)
    assert await closed(database) == set()


async def test_a_run_that_broke_off_takes_nothing_away(database: Database) -> None:
    await run(database, told(hundred(), complete=ALL), full=True)
    for _ in range(3):
        broken = told(hundred()[:20], hundred()[20:], complete=ALL, fails={1: ValueError("cut")})
        assert (await run(database, broken, full=True)).status is RunStatus.FAILED
    assert await closed(database) == set()


async def test_what_came_on_an_earlier_page_than_the_last_is_not_gone(database: Database) -> None:
    pages = (hundred()[:50], hundred()[50:])
    for _ in range(3):
        done = await run(database, told(*pages, complete=ALL), full=True)
        assert (done.status, await closed(database)) == (RunStatus.DONE, set())


async def test_a_key_that_cannot_be_spoils_nothing(database: Database) -> None:
    page = [*hundred(), organization("o\x002"), organization("k" * 9_000)]
    done = await run(database, told(page, complete=ALL), full=True)
    assert (done.status, counts(done)) == (RunStatus.DONE, {"created": 100, "rejected": 2})


async def test_what_an_ordinary_run_brings_in_between_is_not_missed_twice(database: Database) -> None:
    await run(database, told(hundred(), complete=ALL), full=True)
    await run(database, told(hundred(3), complete=ALL), full=True)
    await run(database, told(hundred(3), [organization("003")], complete=ALL))
    await run(database, told(hundred(3), complete=ALL), full=True)
    assert await closed(database) == set()


def part(*codes: str) -> list[Record | BadRecord]:
    return [organization(code) for code in codes]


async def test_what_is_whole_for_a_part_of_the_keys_takes_nothing_else_away(database: Database) -> None:
    await run(
        database, told(part("a", "a.1", "a.2", "ab", "b", "b.1"), complete=ALL, within=frozenset("ab")), full=True
    )
    for settings in ({"any": 1}, {"any": 2}):  # set aside for the run: what it says of a part is true all the same
        narrow = told(part("a", "a.1"), complete=ALL, within=frozenset({"a"}))
        assert (await run(database, narrow, overrides=settings)).status is RunStatus.DONE
    assert await closed(database) == {"a.2"}


async def test_a_part_of_which_nothing_came_is_left_alone(database: Database) -> None:
    await run(database, told(part("a", "a.1", "b", "b.1"), complete=ALL, within=frozenset("ab")), full=True)
    for _ in range(3):
        await run(database, told(part("a"), complete=ALL, within=frozenset("ab")), full=True)
    assert await closed(database) == {"a.1"}


async def test_a_run_with_a_setting_set_aside_takes_nothing_away_of_what_it_calls_all(database: Database) -> None:
    await run(database, told(hundred(), complete=ALL), full=True)
    for _ in range(3):
        await run(database, told(hundred(7), complete=ALL), overrides={"any": 1})
    assert await closed(database) == set()


async def test_a_plan_of_a_part_tells_what_of_that_part_would_be_gone(database: Database) -> None:
    await run(database, told(part("a", "a.1", "b", "b.1"), complete=ALL, within=frozenset("ab")), full=True)
    narrow = told(part("a"), complete=ALL, within=frozenset({"a"}))
    await run(database, narrow, full=True)
    plan = await run(database, narrow, full=True, mode=RunMode.PLAN)
    assert (counts(plan), await closed(database)) == ({"closed": 1, "unchanged": 1}, set())
    await apply_plan(database, plan.id, started_by="test")
    assert await closed(database) == {"a.1"}
