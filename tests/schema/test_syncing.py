"""What admins steer from the graph: everything the command line can do, by the same verbs, for the same people."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from hub import worker
from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.models import AlertKind, Organization, Run, RunMode, RunStatus, Schedule, Source, uuid7
from hub.models.base import now
from hub.plugin import Page
from hub.services.alerts import raise_alert
from hub.sync import jobs
from hub.sync.work import begin
from hub.upgrade import upgrade
from schema import ids
from tests.schema.api import Api
from tests.schema.city import ADMIN, gid
from tests.schema.wire import Socket, socket
from tests.sync.sources import at_home, column, installed, organization, plugin, rows, run, stored, told
from tests.sync.test_jobs import until, waiting

DISTRICT = Viewer("district", ROLES["district"], ("",), name="district")
VERBS = {
    "runSource": '(name: "told") { name }',
    "replayRejected": '(name: "told") { name }',
    "cancelSource": '(name: "told") { name }',
    "setSchedule": '(name: "told", cron: "0 * * * *") { name }',
    "clearSchedule": '(name: "told") { name }',
    "pauseSource": '(name: "told", reason: "x") { name }',
    "resumeSource": '(name: "told") { name }',
    "setQuietAfter": '(name: "told", minutes: 5) { name }',
    "applyPlan": '(run: "%(run)s") { status }',
    "undoRun": '(run: "%(run)s") { status }',
    "cancelRun": '(run: "%(run)s") { status }',
}


@pytest.fixture
async def synced(own_database: Database) -> Database:
    """A hub with one source that ran once."""
    await upgrade(own_database)
    await run(own_database, told([organization("A", organization_kind="UNIT")]))
    return own_database


@pytest.fixture
async def api(synced: Database) -> AsyncIterator[Api]:
    api = Api(synced)
    yield api
    await api.client.aclose()


async def queued(database: Database) -> jobs.Job | None:
    """The job that waits; it is taken out."""
    async with database.write(ADMIN) as session:
        job = await jobs.waiting(session, "told")
        await jobs.drop(session, "told")
        return job


async def last(database: Database) -> Run:
    async with database.read() as session:
        return (await session.scalars(select(Run).order_by(Run.id.desc()).limit(1))).one()


async def test_each_verb_leaves_its_job_with_who_asked(api: Api, synced: Database) -> None:
    done = await last(synced)
    plan = await run(synced, told([]), mode=RunMode.PLAN)
    settings = 'settings: [{name: "any", value: "3"}], since: "2026-01-01", until: "2026-01-31"'
    asked = {
        f'runSource(name: "told", {settings}) {{ name }}': jobs.Job(
            "told", "admin", {"any": 3}, "run", None, "2026-01-01", "2026-01-31"
        ),
        'runSource(name: "told", mode: PLAN) { name }': jobs.Job("told", "admin", {}, "plan"),
        'runSource(name: "told", full: true, reason: " 合并 ") { name }': jobs.Job(
            "told", "admin", full=True, reason="合并"
        ),
        f'applyPlan(run: "{gid(plan)}", reason: "checked") {{ status }}': jobs.Job(
            "told", "admin", {}, "apply", str(plan.id), reason="checked"
        ),
        f'applyPlan(run: "{gid(plan)}") {{ status }}': jobs.Job("told", "admin", {}, "apply", str(plan.id)),
        f'undoRun(run: "{gid(done)}") {{ status }}': jobs.Job("told", "admin", {}, "undo", str(done.id)),
        'replayRejected(name: "told") { name }': jobs.Job("told", "admin", {}, "replay"),
    }
    for verb, job in asked.items():
        await api(f"mutation {{ {verb} }}", ADMIN)
        assert await queued(synced) == job, verb


async def test_what_waits_already_is_said_and_nothing_is_added(api: Api, synced: Database) -> None:
    await api('mutation { runSource(name: "told") { name } }', ADMIN)
    code, words = await api.refused('mutation { replayRejected(name: "told") { name } }', ADMIN)
    assert (code, words) == (
        "CONFLICT",
        "told has a job in the queue (run, asked for by admin): nothing was added. Wait for it, or cancel it.",
    )
    assert await waiting(synced) == [("sync:told", "queued")]
    await queued(synced)
    (source,) = await column(synced, select(Source.id))
    await begin(synced, Source(id=source, name="told"), "王敏", RunMode.APPLY, {})
    code, words = await api.refused('mutation { runSource(name: "told") { name } }', ADMIN)
    assert (code, "is being run since" in words, "by 王敏" in words) == ("CONFLICT", True, True)
    assert await waiting(synced) == []


WRONG = {
    'runSource(name: "nobody") { name }': "NOT_FOUND",
    'runSource(name: "told", mode: UNDO) { name }': "INVALID",
    'runSource(name: "told", since: "2026-01-01") { name }': "INVALID",
    'runSource(name: "told", since: "2026-01-02", until: "2026-01-01") { name }': "INVALID",
    'applyPlan(run: "%(run)s") { status }': "CONFLICT",
    'cancelRun(run: "%(run)s") { status }': "CONFLICT",
    'cancelSource(name: "told") { name }': "CONFLICT",
    'resumeSource(name: "told") { name }': "CONFLICT",
    'undoRun(run: "%(none)s") { status }': "NOT_FOUND",
    'undoRun(run: "x") { status }': "BAD_ID",
    'pauseSource(name: "told", reason: " ") { name }': "INVALID",
    'setSchedule(name: "told", cron: "hourly") { name }': "INVALID",
    'setSchedule(name: "told", cron: "0 * * * *", timezone: "Moon") { name }': "INVALID",
    'setQuietAfter(name: "told", minutes: 0) { name }': "INVALID",
}


async def test_what_makes_no_sense_is_refused_and_nothing_changes(api: Api, synced: Database) -> None:
    given = {"run": gid(await last(synced)), "none": ids.encode("Run", (uuid7(),))}
    for executor in ("engine", "ordinary"):
        for verb, code in WRONG.items():
            answer = (await api.post(f"mutation {{ {verb % given} }}", ADMIN, executor=executor)).json()
            assert [error["extensions"]["code"] for error in answer["errors"]] == [code], verb
    assert await waiting(synced) == []
    assert await rows(synced, select(Source.enabled, Source.quiet_after)) == [(True, None)]
    assert await column(synced, select(Schedule.id)) == []


@pytest.mark.parametrize("verb", VERBS)
async def test_who_may_only_look_changes_nothing(api: Api, synced: Database, verb: str) -> None:
    asked = f"mutation {{ {verb}{VERBS[verb] % {'run': gid(await last(synced))}} }}"
    assert (await api.refused(asked, DISTRICT))[0] == "FORBIDDEN"
    assert (await api.refused(asked))[0] == "UNAUTHENTICATED"
    assert await waiting(synced) == []
    assert await rows(synced, select(Source.enabled, Source.quiet_after)) == [(True, None)]


async def test_a_schedule_and_an_alert_are_seen(api: Api, synced: Database) -> None:
    await api('mutation { setSchedule(name: "told", cron: "0 */2 * * *", jitter: 60) { name } }', ADMIN)
    async with synced.write(ADMIN) as session:
        (source,) = await session.scalars(select(Source))
        await raise_alert(session, AlertKind.QUIET, source.id, "", "so quiet")
    shown = """{ source(name: "told") { enabled pausedBy pausedBecause quietAfter
        schedule { cron timezone jitter setBy nextAt source { name } } alerts { nodes { kind words times } } } }"""
    for executor in ("engine", "ordinary"):
        answer = (await api.post(shown, ADMIN, executor=executor)).json()
        assert "errors" not in answer, answer["errors"]
        found = answer["data"]["source"]
        assert found["schedule"].pop("nextAt") is not None
        assert found == {
            "enabled": True,
            "pausedBy": None,
            "pausedBecause": None,
            "quietAfter": None,
            "schedule": {
                "cron": "0 */2 * * *",
                "timezone": "Asia/Shanghai",
                "jitter": 60,
                "setBy": "admin",
                "source": {"name": "told"},
            },
            "alerts": {"nodes": [{"kind": "QUIET", "words": "so quiet", "times": 1}]},
        }


async def test_a_pause_is_seen_and_refuses_runs(api: Api, synced: Database) -> None:
    await api('mutation { setSchedule(name: "told", cron: "0 */2 * * *") { name } }', ADMIN)
    shown = "{ enabled pausedBy pausedBecause schedule { nextAt } }"
    paused = f'mutation {{ pauseSource(name: "told", reason: "搬家") {shown} }}'
    assert (await api(paused, ADMIN))["pauseSource"] == {
        "enabled": False,
        "pausedBy": "admin",
        "pausedBecause": "搬家",
        "schedule": {"nextAt": None},
    }
    code, words = await api.refused('mutation { runSource(name: "told") { name } }', ADMIN)
    assert (code, words.startswith("told is paused by admin: 搬家.")) == ("CONFLICT", True)


async def test_a_run_shows_its_log_and_how_long_it_took(api: Api, synced: Database) -> None:
    async with synced.write(ADMIN) as session:
        at = now()
        await session.execute(update(Run).values(started_at=at, finished_at=at + timedelta(seconds=90)))
    shown = "{ runs { nodes { durationSeconds startedBy notes { totalCount nodes { words } } } } }"
    found = (await api(shown, ADMIN))["runs"]["nodes"]
    assert (found[0]["durationSeconds"], found[0]["startedBy"], found[0]["notes"]["totalCount"]) == (90.0, "test", 3)
    assert found[0]["notes"]["nodes"][-1] == {"words": "DONE, after 1 pages and 1 records."}
    assert (await api("{ runs { totalCount } alerts { totalCount } schedules { totalCount } }"))["runs"] == {
        "totalCount": 0
    }


async def test_what_is_asked_for_is_done_by_a_worker(api: Api, synced: Database) -> None:
    async def done(mode: RunMode, status: RunStatus) -> bool:
        latest = await last(synced)
        return (latest.mode, latest.status, latest.started_by) == (mode, status, "admin") and not await waiting(synced)

    stop = asyncio.Event()
    registry = told([organization("A"), organization("B")])
    working = asyncio.create_task(worker.work(synced, registry, stop))
    await api('mutation { runSource(name: "told", mode: PLAN, settings: [{name: "any", value: "1"}]) { name } }', ADMIN)
    await until(lambda: done(RunMode.PLAN, RunStatus.PLANNED))
    await api(f'mutation {{ applyPlan(run: "{gid(await last(synced))}") {{ id }} }}', ADMIN)
    await until(lambda: done(RunMode.APPLY, RunStatus.DONE))
    assert sorted(await stored(synced, Organization)) == ["A", "B"]
    await api(f'mutation {{ undoRun(run: "{gid(await last(synced))}") {{ id }} }}', ADMIN)
    await until(lambda: done(RunMode.UNDO, RunStatus.DONE))
    assert (await stored(synced, Organization))["B"]["closed_on"] is not None
    await api('mutation { runSource(name: "told", settings: [{name: "nope", value: "x"}]) { name } }', ADMIN)
    await until(lambda: done(RunMode.APPLY, RunStatus.FAILED))
    assert (await last(synced)).error == "told has no setting nope. It has: any, secret."
    stop.set()
    await asyncio.wait_for(working, 10)


# --- the subscription


async def following(api: Api, stream: Socket, viewer: Viewer, arguments: str) -> None:
    await stream.opened({"Authorization": api.token(viewer)})
    assert await stream.got() == {"type": "connection_ack", "payload": {}}
    stream.ask(f"subscription {{ runProgress({arguments}) {{ status pages records expected source {{ name }} }} }}")


async def told_of(stream: Socket) -> Any:
    message = await stream.got()
    return message["payload"]["data"]["runProgress"] if message["type"] == "next" else message["type"]


async def test_a_run_is_followed_from_its_first_page_to_its_end(api: Api, synced: Database) -> None:
    steps = [asyncio.Event() for _ in range(3)]

    @at_home
    async def told_to(step: asyncio.Event) -> None:
        await step.wait()

    async def pull(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        for step in steps:
            await told_to(step)
            yield Page([organization(f"P{steps.index(step)}")], total=3)

    async with socket(api.app) as stream:
        await following(api, stream, DISTRICT, 'source: "told"')
        await asyncio.sleep(0.2)
        running = asyncio.create_task(run(synced, installed(plugin(pull))))
        seen = [await told_of(stream)]
        for step in steps:
            step.set()
            seen.append(await told_of(stream))
        while (event := await told_of(stream)) != "complete":
            seen.append(event)
        await running
    assert [(one["pages"], one["records"], one["expected"]) for one in seen[:4]] == [
        (0, 0, None), (1, 1, 3), (2, 2, 3), (3, 3, 3),
    ]  # fmt: skip
    assert [one["status"] for one in seen][-1] == "DONE"
    assert all(one["source"] == {"name": "told"} for one in seen)


async def test_a_run_that_has_ended_is_told_once(api: Api, synced: Database) -> None:
    async with socket(api.app) as stream:
        await following(api, stream, DISTRICT, f'run: "{gid(await last(synced))}"')
        assert (await told_of(stream))["status"] == "DONE"
        assert await told_of(stream) == "complete"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("", "INVALID"),
        ('source: "told", run: "x"', "INVALID"),
        ('source: "nobody"', "NOT_FOUND"),
        ('run: "x"', "BAD_ID"),
    ],
)
async def test_what_cannot_be_followed_is_refused(api: Api, arguments: str, code: str) -> None:
    async with socket(api.app) as stream:
        await following(api, stream, ADMIN, arguments or "source: null")
        message = await stream.got()
        errors = message["payload"]["errors"] if message["type"] == "next" else message["payload"]
        assert errors[0]["extensions"]["code"] == code


async def test_who_may_not_see_sync_follows_nothing(api: Api) -> None:
    clerk = Viewer("c", ROLES["clerk"], ("",), name="c")
    async with socket(api.app) as stream:
        await following(api, stream, clerk, 'source: "told"')
        message = await stream.got()
        errors = message["payload"]["errors"] if message["type"] == "next" else message["payload"]
        assert errors[0]["extensions"]["code"] == "FORBIDDEN"
