"""Work orders of the simulated hotline become requests: on their grid, with their matters, their callers apart."""

import hashlib
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select, text, update
from starlette.applications import Starlette

from hub.auth import system
from hub.db import Database
from hub.models import (
    DuplicateSuggestion,
    Grid,
    Identity,
    Landing,
    Rejected,
    Request,
    RequestAction,
    RequestEvent,
    RequestIssue,
    RequestStatus,
    Run,
    RunMode,
    RunStatus,
    Satisfaction,
    Station,
    now,
)
from hub.plugin import Caller, Issue, Record
from hub.services import duplicates, merging
from hub.sync import registry
from hub.sync.stored_plan import apply_plan
from plugins.hotline12345.simulated_orders import Order, moved, order
from plugins.hotline12345.simulator import build
from tests.sync.sources import changes, column, counts, reached, rows, run, sizes, stored, told

SHIPPED = registry.load()
HUB = system("test")


@pytest.fixture
async def hotline(database: Database, monkeypatch: pytest.MonkeyPatch) -> Starlette:
    """The divisions are known; 300 orders wait at the hotline."""
    app = build(300, seed=4)
    reached(app, monkeypatch)
    await run(database, SHIPPED, "divisions")
    return app


async def pull(database: Database, **more: Any) -> Run:
    done = await run(database, SHIPPED, "hotline12345", **more)
    assert done.error is None
    return done


async def advance(app: Starlette, steps: int) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://sim") as http:
        await http.post(f"/sim/advance?steps={steps}")


def truth(app: Starlette) -> dict[str, Order]:
    return {known.number: known for known in app.state.hotline.orders.values()}


def where(known: Order) -> str | None:
    """The code of the grid that the order's row decides."""
    if known.dialect == "shunde":
        return None
    if known.placed == "nonsense":
        return "150602"
    exact = known.placed in ("community", "names") and known.dialect != "wuye2024"
    return known.community.code if exact else known.street.code


async def shown(database: Database, *phones: str) -> list[str]:
    """The tables, apart from the vault and the pages as received, in which one of these numbers can be read."""
    found = []
    spelled = "|".join(f"{phone[:3]}[- ]?{phone[3:7]}[- ]?{phone[7:]}" for phone in phones)
    async with database.read() as session:
        for name in set(await sizes(database)) - {"identities", "landings"}:
            hidden = "- 'record' - 'private'" if name in ("rejected", "plan_rows") else ""
            reads = text(f"SELECT count(*) FROM {name} t WHERE (to_jsonb(t) {hidden})::text ~ :phone")
            if await session.scalar(reads, {"phone": spelled}):
                found.append(name)
    return found


async def test_two_thousand_orders_stand_where_they_belong(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    app = build(2000)
    reached(app, monkeypatch)
    await run(database, SHIPPED, "divisions")
    done = await pull(database)
    stats = app.state.hotline.stats()
    assert (done.created, done.rejected, done.records) == (2000, stats["bad_rows"], stats["rows"])
    held = await stored(database, Request, "number")
    grids = {row["id"]: (code, row["path"]) for code, row in (await stored(database, Grid)).items()}
    told_places = {number: grids.get(row["grid_id"], (None, None)) for number, row in held.items()}
    assert {number: code for number, (code, _) in told_places.items()} == {
        number: where(known) for number, known in truth(app).items()
    }
    assert all(held[number]["grid_path"] == path for number, (_, path) in told_places.items())
    statuses = Counter(row["status"].name for row in held.values())
    silent = stats["by_status"].pop("none")
    assert statuses == Counter(stats["by_status"]) + Counter({"RECEIVED": silent})


async def test_a_pull_twice_has_no_effect(database: Database, hotline: Starlette) -> None:
    first = await pull(database)
    before = await sizes(database)
    again = await pull(database, overrides={"page_size": 97})
    assert (counts(again), again.records) == (
        {"unchanged": first.records - first.rejected, "rejected": first.rejected},
        first.records,
    )
    assert await changes(database, again) == []
    after = await sizes(database)
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert grown == {"runs": 1, "changes": 1, "landings": again.pages}
    assert await column(database, select(Rejected.times).distinct()) == [2]


async def test_a_plan_of_real_orders_is_applied_to_the_last_field(database: Database, hotline: Starlette) -> None:
    plan = await pull(database, mode=RunMode.PLAN)
    done = await apply_plan(database, plan.id, started_by="test")
    planned = {name: count for name, count in counts(plan).items() if name != "unchanged"}  # that is no part of a plan
    assert (done.status, done.moved, counts(done)) == (RunStatus.DONE, 0, planned)
    assert planned["created"] == 300
    again = await pull(database, overrides={"page_size": 97})
    assert await changes(database, again) == []


async def test_callers_are_known_to_the_vault_only(database: Database, hotline: Starlette) -> None:
    await pull(database, mode=RunMode.PLAN)
    done = await pull(database)
    assert await shown(database, *(known.caller_phone for known in truth(hotline).values())) == []
    vault = select(Request.number, Identity.phone).join(Identity, Identity.id == Request.caller_id)
    with_phone = {known.number: known.caller_phone for known in truth(hotline).values()}
    found = dict(await rows(database, vault.where(Identity.phone.is_not(None))))
    assert found == {number: with_phone[number] for number in found}
    assert len(found) > 100
    assert (await sizes(database))["identities"] == len(await rows(database, vault))
    told = {change.patch.get("caller_id") for change in await changes(database, done)} - {None}
    assert told == {str(id) for id in await column(database, select(Identity.id))}  # all that the log says of them


async def test_bad_rows_are_rejected_and_their_phones_masked(database: Database, hotline: Starlette) -> None:
    await pull(database)
    raws = await column(database, select(Rejected.raw))
    assert len(raws) == (bad := hotline.state.hotline.stats())["bad_rows"] == sum(bad["bad"].values())
    bad_rows = (row.order for row in hotline.state.hotline.rows.values() if row.bad)
    assert await shown(database, *(known.caller_phone for known in bad_rows)) == []
    assert any("***" in str(raw) for raw in raws)
    fangshan = select(Rejected.reason).where(Rejected.reason.contains("已转交火星"))
    assert len(await column(database, fangshan)) == bad["bad"]["unknown word"]


async def test_pages_are_kept_as_they_came(database: Database, hotline: Starlette) -> None:
    done = await pull(database)
    kept = await rows(database, select(Landing.page, Landing.received, Landing.sha256).order_by(Landing.page))
    assert [page for page, _, _ in kept] == list(range(1, done.pages + 1))
    assert [sha256 for _, _, sha256 in kept] == [hashlib.sha256(received).hexdigest() for _, received, _ in kept]
    assert all(received.startswith(b'{"success":true,') for _, received, _ in kept)


async def test_progress_is_an_update_and_a_step_in_the_life_of_the_request(
    database: Database, hotline: Starlette
) -> None:
    await pull(database)
    known = truth(hotline)
    was = {number: row["status"] for number, row in (await stored(database, Request, "number")).items()}
    await advance(hotline, 6)
    done = await pull(database)
    now = {number: row["status"] for number, row in (await stored(database, Request, "number")).items()}
    assert set(now) - set(was) == set(truth(hotline)) - set(known)
    expected = {number: order.status for number, order in truth(hotline).items() if order.status}
    assert {number: now[number].name for number in expected} == expected
    moved_on = [number for number in was if now[number] is not was[number]]
    assert (done.created, done.updated) == (12, len(moved_on))
    steps = [change for change in await changes(database, done) if change.entity == "RequestEvent"]
    assert len(steps) == done.created + done.updated > 12
    events = await rows(database, select(RequestEvent.action, func.count()).group_by(RequestEvent.action))
    assert events == [(RequestAction.SYNC, len(now) + len(moved_on))]
    assert await changes(database, again := await pull(database)) == []
    assert (again.created, again.updated, again.rejected) == (0, 0, 0)


async def test_a_plan_of_all_that_is_known_changes_nothing(database: Database, hotline: Starlette) -> None:
    """The hotline tells of some orders on several pages: as they stood, and as they stand."""
    in_small = {"overrides": {"page_size": 20}, "allow_refused": "some are bad"}
    await pull(database, **in_small)
    plan = await pull(database, **in_small, mode=RunMode.PLAN)
    assert (plan.pages > 10, plan.created, plan.updated, plan.closed) == (True, 0, 0, 0)


async def test_an_order_that_comes_late_is_taken(database: Database, hotline: Starlette) -> None:
    await pull(database)
    source = hotline.state.hotline
    for index, minutes in ((5001, 0), (5002, 9)):
        late = order(4, index)
        source.add(moved(late, late.status, source.clock - timedelta(minutes=minutes)))
    done = await pull(database)
    assert done.created == 2
    assert {late.number for late in truth(hotline).values()} == set(await stored(database, Request, "number"))


async def test_several_matters_of_one_order(database: Database) -> None:
    def said(*issues: Issue, **more: Any) -> Record:
        return Record("request", "R", {"number": "R", "issues": issues, **more})

    one, two = Issue("1", "噪声", "a/b"), Issue("2", "停车")
    first = await run(database, told([said(one)]))
    second = await run(database, told([], [said(one, two)]))
    assert (counts(first), counts(second)) == ({"created": 1}, {"updated": 1})
    found = select(RequestIssue.key, RequestIssue.title, RequestIssue.category).order_by(RequestIssue.key)
    assert await rows(database, found) == [("1", "噪声", "a/b"), ("2", "停车", None)]
    assert [change.entity for change in await changes(database, second)] == ["RequestIssue"]
    assert counts(await run(database, told([], [], [said(one, two, assignee="nobody")]))) == {"unchanged": 1}
    assert (await sizes(database))["request_issues"] == 2


async def test_a_caller_who_changes_is_told_without_being_named(database: Database) -> None:
    def said(phone: str, **more: Any) -> Record:
        return Record("request", "R", {"number": "R", "caller": Caller("王", phone), "assignee": "nobody", **more})

    await run(database, told([said("13812345678")]))
    assert counts(await run(database, told([], [said("13812345678")]))) == {"unchanged": 1}
    done = await run(database, told([], [], [said("13887654321")]))
    assert counts(done) == {"updated": 1}
    (change,) = await changes(database, done)
    assert (change.entity, change.patch, change.reverse) == ("Identity", {"phone": "***"}, {"phone": "***"})
    ((request,),) = await rows(database, select(Request.id))
    assert (change.subject_id, change.entity_id) == (request, (await column(database, select(Request.caller_id)))[0])
    assert await rows(database, select(Identity.phone, Identity.revision)) == [("13887654321", 2)]
    assert await shown(database, "13812345678", "13887654321") == []


async def test_an_unknown_community_is_looked_for_again(database: Database) -> None:
    page = [Record("request", "R", {"number": "R", "grid": "150602999999"})]
    await run(database, told(page))
    assert await column(database, select(Request.grid_path)) == [None]
    await run(database, SHIPPED, "divisions")
    assert counts(await run(database, told(page), overrides={"any": 1})) == {"updated": 1}
    assert await column(database, select(Request.grid_path)) == ["150602/"]
    assert counts(await run(database, told(page), overrides={"any": 1})) == {"unchanged": 1}


async def test_a_closed_request_has_its_time_and_a_withdrawn_one_keeps_it(database: Database) -> None:
    closed = {"number": "R", "status": "CLOSED", "handled_at": "2026-03-01T08:00:00+08:00"}
    await run(database, told([Record("request", "R", closed)]))
    ((handled, ended),) = await rows(database, select(Request.handled_at, Request.closed_at))
    assert handled == ended
    await run(database, told([], [Record("request", "R", {}, deleted=True)]))
    assert await rows(database, select(Request.status, Request.closed_at)) == [(RequestStatus.ARCHIVED, ended)]
    await run(database, told([], [], [Record("request", "R", {"number": "R"})]))
    assert await rows(database, select(Request.status, Request.closed_at)) == [(RequestStatus.RECEIVED, None)]


async def test_a_source_that_brings_a_number_takes_the_request_back_from_the_public(database: Database) -> None:
    for content, public in (("路灯不亮", False), ("路灯不亮了", True), ("请回电13812345678", False)):
        record = Record("request", "1", {"number": "1", "title": "路灯", "content": content})
        await run(database, told([record]), overrides={"any": 1})
        assert await column(database, select(Request.public)) == [public]
        async with database.engine.begin() as connection:
            await connection.execute(update(Request).values(public=True))


async def test_what_a_source_names_and_nobody_knows_is_kept_with_its_step(database: Database) -> None:
    fields = {"number": "1", "title": "路灯", "grid": "999999999999", "assignee": "火星局"}
    await run(database, told([Record("request", "1", fields)]))
    assert await column(database, select(RequestEvent.details)) == [
        {"key": "1", "unknown": {"grid": "999999999999", "assignee": "火星局"}}
    ]
    assert await column(database, select(RequestEvent.note)) == [
        "来源所述在本系统中尚未登记：grid 999999999999, assignee 火星局"
    ]


async def test_a_merged_request_stays_so_whatever_a_source_says_of_its_status(database: Database) -> None:
    brought = [Record("request", key, {"number": key, "title": "路灯", "status": "RECEIVED"}) for key in "12"]
    news = Record("request", "1", {"number": "1", "title": "路灯", "status": "CLOSED", "satisfaction": "SATISFIED"})
    await run(database, told(brought))
    ids = dict(await rows(database, select(Request.number, Request.id)))
    async with database.write(HUB) as session:
        await merging.merge(session, HUB, ids["1"], into_id=ids["2"])
    await run(database, told(brought, [news]))
    found = select(Request.status, Request.satisfaction, Request.merged_into_id).where(Request.number == "1")
    assert await rows(database, found) == [(RequestStatus.MERGED, Satisfaction.SATISFIED, ids["2"])]


async def test_what_a_source_brings_is_compared_like_what_people_submit(database: Database) -> None:
    async with database.write(HUB) as session:
        await duplicates.search(session)
    at, words = now().isoformat(), {"place": "滨河路1号", "category": "市政/排水", "longitude": 110.0, "latitude": 39.8}
    fields = words | {"title": "三号楼下水道堵塞", "submitted_at": at}
    await run(database, told([Record("request", key, fields | {"number": key}) for key in "12"]))
    async with database.write(HUB) as session:
        await duplicates.search(session)
    (score,) = await column(database, select(DuplicateSuggestion.score))
    assert score == pytest.approx(1.0, abs=0.001)


@pytest.mark.parametrize(
    ("kind", "more"),
    [("request", {"title": "只有经度"}), ("station", {"name": "驿站", "tier": "COMMUNITY"})],
)
async def test_half_a_place_is_refused_in_words_and_a_whole_one_is_taken(
    database: Database, kind: str, more: dict[str, Any]
) -> None:
    key = {"number" if kind == "request" else "code": "H1"}
    half = Record(kind, "H1", {**key, **more, "longitude": 117.3})
    whole = Record(kind, "H1", {**half.fields, "latitude": 31.7})
    far = Record(kind, "H1", {"latitude": 131.7})
    done = await run(database, told([half], [whole], [far]))
    assert counts(done) == {"created": 1, "rejected": 2}
    assert await column(database, select(Rejected.reason).order_by(Rejected.id)) == [
        "latitude: latitude is 131.7: give degrees from -90 to 90."
    ]
    table = {"request": Request, "station": Station}[kind]
    assert await rows(database, select(table.longitude, table.latitude)) == [(117.3, 31.7)]
