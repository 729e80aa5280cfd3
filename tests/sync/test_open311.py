"""Service requests of the simulated Open311 city become requests of the hub, through the real engine."""

from collections import Counter

import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from hub.db import Database
from hub.models import Landing, Rejected, Request, RunMode
from hub.sync import registry
from plugins.open311 import Open311
from plugins.open311.simulator import build
from tests.plugins.cities import city, post
from tests.sync.sources import changes, column, counts, cursor, installed, reached, run, stored

SHIPPED = registry.load()


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Starlette:
    """300 requests wait in the city."""
    app = build(300, seed=4)
    reached(app, monkeypatch)
    return app


async def held(database: Database) -> dict[str, str]:
    """Number and status, in the words of Open311."""
    words = {"RECEIVED": "open", "CLOSED": "closed"}
    return {number: words[row["status"].name] for number, row in (await stored(database, Request, "number")).items()}


async def test_the_hub_holds_what_the_city_holds(database: Database, simulated: Starlette) -> None:
    await run(database, SHIPPED, "divisions")
    done = await run(database, SHIPPED, "open311", overrides={"under": "150602"})
    truth = city(simulated).city.stats()
    assert (done.error, done.created, done.rejected) == (None, 300, truth["bad_rows"])
    assert await held(database) == truth["requests"]
    rows = await stored(database, Request, "number")
    assert {(row["grid_path"] or "")[-7:] for row in rows.values()} == {"150602/"}
    closed = {one.number: one.updated for one in city(simulated).city.reports.values() if one.closed}
    assert {number: row["closed_at"] for number, row in rows.items() if row["closed_at"]} == closed


async def test_a_pull_twice_changes_nothing(database: Database, simulated: Starlette) -> None:
    first = await run(database, SHIPPED, "open311")
    kept = await cursor(database, "open311")
    again = await run(database, SHIPPED, "open311", overrides={"format": "xml", "page_size": 70})
    assert first.created == 300
    assert set(counts(again)) == {"unchanged", "rejected"}
    assert again.rejected == city(simulated).city.stats()["bad_rows"] == await waiting(database)
    assert await changes(database, again) == []
    assert await cursor(database, "open311") == kept


async def waiting(database: Database) -> int:
    return len(await column(database, select(Rejected.id)))


class Far(Open311):
    """One that looks back far enough to see whatever is closed."""

    presets = {"open311": {"lookback_days": 365}}


async def test_runs_follow_the_city_from_cursor_to_cursor(database: Database, simulated: Starlette) -> None:
    await run(database, installed(Far), "open311")
    for _ in range(3):
        await post(simulated, "/sim/advance?steps=4")
        done = await run(database, installed(Far), "open311")
        assert done.error is None
    truth = city(simulated).city.stats()["requests"]
    assert (len(truth), await held(database) == truth) == (324, True)
    assert Counter(await column(database, select(Landing.run_id)))[done.id] == done.pages


async def test_a_plan_does_nothing_and_is_what_a_run_then_does(database: Database, simulated: Starlette) -> None:
    plan = await run(database, SHIPPED, "open311", mode=RunMode.PLAN)
    assert (plan.created, await held(database)) == (300, {})
    assert counts(await run(database, SHIPPED, "open311")) == counts(plan)


async def test_a_request_of_ours_that_comes_back_before_we_know_its_number_is_no_second_one(
    database: Database, simulated: Starlette
) -> None:
    form = {"service_code": "SZ001", "description": "路灯不亮\n[hub:0198c0de-0000-7000-8000-000000000001]"}
    posted = city(simulated).city.take(form)
    done = await run(database, SHIPPED, "open311")
    assert posted.number not in await held(database)
    assert done.rejected == city(simulated).city.stats()["bad_rows"] + 1
    waits = await column(database, select(Rejected.reason).where(Rejected.key == posted.number))
    assert waits == ["column service_request_id: a new request needs it."]
