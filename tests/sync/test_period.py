"""A range of days, for a plugin that can bound its pull: looked at before, then filled in; the cursor stays."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import select

from hub.db import Database
from hub.errors import Misconfigured
from hub.models import Organization, Run, RunMode, RunStatus
from hub.plugin import Page, Plugin
from hub.sync.period import Days
from hub.sync.registry import Registry
from hub.sync.stored_plan import apply_plan
from tests.sync.sources import column, counts, cursor, installed, organization, run, sizes, stored, told

JANUARY = Days(date(2026, 1, 1), date(2026, 1, 31))
EVENTS = {
    "before": "2025-12-31T23:59:59+08:00",
    "first": "2026-01-01T00:00:00+08:00",
    "last": "2026-01-31T23:59:59.9+08:00",
    "after": "2026-02-01T00:00:00+08:00",
}


class Bounds(BaseModel):
    """From when to when."""

    since: datetime | None = None
    until: datetime | None = None
    day: date | None = None


def timed(period: tuple[str, str] | None = ("since", "until")) -> Registry:
    """A source whose things have a time, and that gives those of a range."""

    async def pull(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        since, until = (self.config.since, self.config.until)
        chosen = [
            organization(key, name=at)
            for key, at in EVENTS.items()
            if since is None or since <= datetime.fromisoformat(at) <= until
        ]
        yield Page(chosen, cursor="now")

    parts = {"name": "told", "title": "t", "Config": Bounds, "presets": {"told": {}}, "pull": pull, "period": period}
    return installed(type("Timed", (Plugin,), parts))


async def test_the_first_and_the_last_day_belong_to_the_range(database: Database) -> None:
    done = await run(database, timed(), days=JANUARY)
    assert (done.status, sorted(await stored(database, Organization))) == (RunStatus.DONE, ["first", "last"])
    assert await cursor(database) is None
    bounds = {"since": "2026-01-01T00:00:00+08:00", "until": "2026-01-31T23:59:59.999999+08:00"}
    assert await column(database, select(Run.settings)) == [bounds]


async def test_a_range_is_looked_at_before_it_is_filled_in(database: Database) -> None:
    await run(database, timed(), days=Days(JANUARY.last, JANUARY.last))
    assert await cursor(database) is None
    plan = await run(database, timed(), days=JANUARY, mode=RunMode.PLAN)
    assert (plan.status, counts(plan)) == (RunStatus.PLANNED, {"created": 1, "unchanged": 1})
    assert sorted(await stored(database, Organization)) == ["last"]
    await apply_plan(database, plan.id, started_by="test")
    assert sorted(await stored(database, Organization)) == ["first", "last"]


async def test_a_plugin_without_a_period_is_refused_and_nothing_runs(database: Database) -> None:
    await run(database, told([]))
    before = await sizes(database)
    with pytest.raises(Misconfigured, match=r"^told cannot be asked for a range of days: it declares no `period`\."):
        await run(database, told([]), days=JANUARY)
    with pytest.raises(Misconfigured, match=r"^The range ends \(2025-12-31\) before it begins \(2026-01-01\)\."):
        await run(database, timed(), days=Days(JANUARY.first, JANUARY.first - timedelta(days=1)))
    assert await sizes(database) == before


async def test_a_setting_that_takes_days_is_given_days(database: Database) -> None:
    await run(database, timed(("day", "day")), days=Days(JANUARY.first, JANUARY.first))
    assert await column(database, select(Run.settings)) == [{"day": "2026-01-01"}]


def test_a_period_that_names_no_settings_is_a_broken_plugin() -> None:
    registry = timed(("since", "till"))
    assert (registry.plugins, registry.broken) == (
        {},
        [("told", "period of Timed is ('since', 'till') and no pair of its settings: see hub/plugin.py.")],
    )
