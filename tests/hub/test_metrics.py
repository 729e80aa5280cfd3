"""What a monitoring system reads: figures of sync by source, of HTTP by class; numbers of alerts for everybody."""

import re
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import select, update

from hub.auth import Viewer
from hub.db import Database
from hub.models import AlertKind, Run, RunMode, RunStatus, Source
from hub.models.base import now
from hub.plugin import SourceDown
from hub.services.alerts import raise_alert
from hub.sync import jobs
from tests.hub.test_app import token
from tests.sync.sources import organization, run, told

BAD = organization("B", organization_kind="NOTHING")


@pytest.fixture
async def synced(database: Database, hub: Viewer, door: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """A hub with runs of two sources, a job that waits and an alert."""
    await run(database, told([organization("A", "王敏"), BAD]))
    await run(database, told([organization("Z")]), mode=RunMode.PLAN, overrides={"any": 1})
    async with database.write(hub) as session:
        await session.execute(update(Run).values(finished_at=now() - timedelta(seconds=100)))
    await run(database, told([], name="down", fails={0: SourceDown("away")}), "down")
    async with database.write(hub) as session:
        await jobs.enqueue(session, jobs.Job("told", "test"))
        await raise_alert(session, AlertKind.DRIFT, None, "王敏 13800000000", "王敏 13800000000")
    return door


async def scraped(door: httpx2.AsyncClient, headers: dict[str, str]) -> dict[str, float]:
    answer = await door.get("/metrics", headers=headers)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/plain")
    lines = [line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


async def test_the_figures_are_those_of_the_database(
    synced: httpx2.AsyncClient, database: Database, hub: Viewer
) -> None:
    found = await scraped(synced, await token(database, hub))
    age = found.pop('hub_sync_last_success_age_seconds{source="told"}')
    assert 100 <= age < 200
    sync = {name: value for name, value in found.items() if not name.startswith("hub_http") and value}
    assert sync == {
        'hub_sync_runs{source="told",status="DONE"}': 1,
        'hub_sync_runs{source="told",status="PLANNED"}': 1,
        'hub_sync_runs{source="down",status="FAILED"}': 1,
        'hub_sync_records{outcome="created",source="told"}': 1,
        'hub_sync_records{outcome="rejected",source="told"}': 1,
        'hub_sync_rejected_open{source="told"}': 1,
        "hub_sync_queue_length": 1,
        'hub_alerts_open{kind="DRIFT"}': 1,
    }
    assert found['hub_sync_rejected_open{source="down"}'] == found['hub_alerts_open{kind="FAILING"}'] == 0


async def test_answers_are_counted_by_class(door: httpx2.AsyncClient, database: Database, hub: Viewer) -> None:
    for path in ("/healthz", "/nothing", "/nothing/else"):
        await door.get(path)
    found = await scraped(door, await token(database, hub))
    assert found['hub_http_requests_total{status="4xx"}'] == found['hub_http_seconds_count{status="4xx"}'] == 2
    assert found['hub_http_requests_total{status="2xx"}'] == 1
    assert found['hub_http_seconds_bucket{le="+Inf",status="2xx"}'] == 1
    assert "nothing" not in str(found)


async def test_only_who_may_see_sync_reads_them(door: httpx2.AsyncClient, database: Database, hub: Viewer) -> None:
    refused = await door.get("/metrics")
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "UNAUTHENTICATED")
    refused = await door.get("/metrics", headers=await token(database, hub, "clerk"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "FORBIDDEN")
    assert await scraped(door, await token(database, hub, "district"))


async def test_nothing_personal_is_in_them(synced: httpx2.AsyncClient, database: Database, hub: Viewer) -> None:
    text = (await synced.get("/metrics", headers=await token(database, hub))).text
    assert re.findall("王|138", text) == []


async def test_everybody_sees_how_many_alerts_there_are_and_no_more(synced: httpx2.AsyncClient) -> None:
    answer = await synced.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"alerts": {"DRIFT": 1}})
    assert (await synced.get("/healthz")).json()["alive"] is True
    assert (await synced.get("/readyz")).status_code == 200


async def test_what_is_pushed_makes_no_pull_younger(
    synced: httpx2.AsyncClient, database: Database, hub: Viewer
) -> None:
    async with database.write(hub) as session:
        for name in ("told", "down", "pushes"):
            source = await session.scalar(select(Source).where(Source.name == name))
            if source is None:
                session.add(source := Source(name=name, plugin=name, title=name))
                await session.flush()
            ended = {"status": RunStatus.DONE, "finished_at": now() - timedelta(seconds=10)}
            session.add(Run(source_id=source.id, mode=RunMode.RECEIVE, started_by="test", **ended))
    found = await scraped(synced, await token(database, hub))
    ages = {name.split('"')[1]: value for name, value in found.items() if name.startswith("hub_sync_last_success")}
    assert sorted(ages) == ["pushes", "told"]
    assert 10 <= ages["pushes"] < 100 <= ages["told"]
