"""A record that makes no sense waits for a person; the others of its page, and other sources, do not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import func, select

from hub import worker
from hub.auth import Viewer
from hub.db import Database
from hub.models import Alert, AlertKind, Organization, Run, RunStatus, Source
from hub.plugin import Page, Record, SourceDown
from hub.sync import jobs
from hub.sync.jobs import Job
from hub.sync.registry import Registry
from hub.upgrade import upgrade
from tests.sync.sources import (
    Items,
    column,
    counts,
    cursor,
    installed,
    organization,
    plugin,
    rows,
    run,
    told,
    work_items,
)
from tests.sync.test_jobs import until

BAD = 500


def thousand(name: Any) -> Items:
    """A thousand organizations, one of which is called so."""
    page = [organization(f"{at:03}") for at in range(1000)]
    page[BAD] = Record("organization", f"{BAD}", {"code": f"{BAD}", "name": name})
    return page


async def test_one_bad_record_in_a_thousand_waits_and_the_others_are_in(database: Database) -> None:
    done = await run(database, told(thousand(None), [organization("next")]))
    assert (done.status, counts(done), await cursor(database)) == (
        RunStatus.DONE,
        {"created": 1000, "rejected": 1},
        "2",
    )
    assert await work_items(database) == [(f"{BAD}", "OPEN", 1)]
    assert await column(database, select(func.count()).select_from(Organization)) == [1000]
    again = await run(database, told([], [], thousand("right")))
    assert counts(again) == {"created": 1, "unchanged": 999}
    assert await work_items(database) == [(f"{BAD}", "REPLAYED", 1)]


def wavering(away: dict[str, bool]) -> Registry:
    """A source that is away while it is told to be, and a bystander."""

    async def pull(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        if away["now"]:
            raise SourceDown("away")
        yield Page([organization("A")], cursor="1")

    return installed(plugin(pull), told([organization("by")], name="by").plugins["by"])


async def stands(database: Database) -> tuple[list[bool], list[int]]:
    """Whether the alert stands, if there is one, and how many good runs the bystander has had."""
    standing = select(Alert.cleared_at.is_(None)).where(Alert.kind == AlertKind.FAILING)
    good = select(func.count()).select_from(Run).join(Source, Source.id == Run.source_id)
    mine = good.where(Source.name == "by", Run.status == RunStatus.DONE)
    return await column(database, standing), await column(database, mine)


async def test_a_source_that_fails_is_seen_within_five_seconds_and_holds_no_other_up(
    database: Database, hub: Viewer
) -> None:
    away, stop = {"now": True}, asyncio.Event()
    await upgrade(database)
    working = asyncio.create_task(worker.work(database, wavering(away), stop))

    async def reached(failing: bool, turn: int) -> bool:
        return await stands(database) == ([failing], [turn])

    for failing, turn in ((True, 1), (False, 2)):
        away["now"] = failing
        async with database.write(hub) as session:
            for name in ("told", "by"):
                await jobs.enqueue(session, Job(name, "test"))
        await until(partial(reached, failing, turn))
    stop.set()
    await asyncio.wait_for(working, 10)
    seen, cleared = (await rows(database, select(Alert.created_at, Alert.cleared_at)))[0]
    mine = select(Run.finished_at).join(Source, Source.id == Run.source_id).where(Source.name == "told")
    failed, good = await column(database, mine.order_by(Run.id))
    assert (seen - failed < timedelta(seconds=5), cleared - good < timedelta(seconds=5)) == (True, True)
