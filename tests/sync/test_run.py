"""A run: pages with their cursor, one at a time for a source, planned or applied, with its changes and its links."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select, text, update

from hub.auth import Viewer
from hub.db import Database
from hub.errors import Conflict, Misconfigured, NotFound
from hub.models import (
    Alliance,
    ChangeKind,
    Grid,
    Link,
    Member,
    Organization,
    PlanRow,
    Resource,
    Run,
    RunMode,
    RunStatus,
    Source,
)
from hub.plugin import BadRecord, Page, Record, SourceBroken, SourceDown, SourceRefused
from hub.sync import registry
from hub.sync.work import LEASE
from tests.sync.sources import (
    at_home,
    changes,
    column,
    counts,
    cursor,
    districts,
    gone,
    grid,
    installed,
    organization,
    plugin,
    rows,
    run,
    sizes,
    stored,
    told,
    work_items,
)

PAGES = [[organization("A"), organization("B")], [organization("C")], [organization("D"), organization("E")]]


async def codes(database: Database) -> list[str]:
    return sorted(await stored(database, Organization))


async def test_what_the_source_says_fails_the_run_in_its_words(database: Database) -> None:
    for error in (SourceDown("later"), SourceRefused("no key"), SourceBroken("a login page")):
        done = await run(database, told(*PAGES, name=str(error), fails={1: error}), str(error))
        assert (done.status, done.error, done.pages) == (RunStatus.FAILED, str(error), 1)
        assert await cursor(database, str(error)) == "1"
        assert await rows(database, select(Run.status, Run.error).where(Run.id == done.id)) == [
            (RunStatus.FAILED, str(error))
        ]
    assert await codes(database) == ["A", "B"]


async def falls(self: Any, cursor: str | None) -> AsyncIterator[Page]:
    yield Page([organization("A")], cursor="1")
    raise SystemExit("nul \x00 half \ud800")


async def cancels(self: Any, cursor: str | None) -> AsyncIterator[Page]:
    yield Page([organization("A")], cursor="1")
    raise asyncio.CancelledError


async def no_page(self: Any, cursor: str | None) -> AsyncIterator[Any]:
    yield Page([organization("A")], cursor="1")
    yield None


def no_pages(self: Any, cursor: str | None) -> int:
    return 5


def at_once(self: Any, cursor: str | None) -> AsyncIterator[Page]:
    raise LookupError("at once")


FALLS = {
    "SystemExit: nul ␀ half ?": falls,
    "CancelledError: ": cancels,
    "TypeError: 'int' object is not an async iterable": no_pages,
    "LookupError: at once": at_once,
}


async def test_whatever_a_plugin_raises_fails_its_run_and_no_other(database: Database) -> None:
    for at, (said, pull) in enumerate(FALLS.items()):
        done = await run(database, installed(plugin(pull, f"p{at}")), f"p{at}")
        assert (done.status, done.error) == (RunStatus.FAILED, f"The plugin p{at} failed: {said}")
    done = await run(database, installed(plugin(no_page)))
    assert (done.status, done.error) == (RunStatus.FAILED, "The plugin told gave a NoneType where a Page was due.")
    assert await codes(database) == ["A"]
    assert await rows(database, select(Run.status).distinct()) == [(RunStatus.FAILED,)]
    done = await run(database, told(*PAGES, name="other"), "other")
    assert (done.status, counts(done)) == (RunStatus.DONE, {"created": 4, "unchanged": 1})


async def test_an_iterator_without_aclose_is_as_good_as_a_generator(database: Database) -> None:
    class Pages:
        def __init__(self) -> None:
            self.left = [Page(page) for page in PAGES]

        def __aiter__(self) -> "Pages":
            return self

        async def __anext__(self) -> Page:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop(0)

    done = await run(database, installed(plugin(lambda self, cursor: Pages())))
    assert (done.status, counts(done)) == (RunStatus.DONE, {"created": 5})


async def test_the_next_run_goes_on_from_the_cursor(database: Database) -> None:
    await run(database, told(*PAGES, fails={2: SourceDown("later")}))
    done = await run(database, told(*PAGES))
    assert (counts(done), done.pages, await cursor(database)) == ({"created": 2}, 1, "3")
    assert counts(await run(database, told(*PAGES))) == {}


async def test_a_run_with_other_settings_reads_all_and_leaves_the_cursor(database: Database) -> None:
    await run(database, told(*PAGES[:1]))
    done = await run(database, told(*PAGES), overrides={"any": 1, "secret": "swordfish"})
    assert (counts(done), done.settings, await cursor(database)) == (
        {"created": 3, "unchanged": 2},
        {"any": 1, "secret": "**********"},
        "1",
    )


async def test_a_cancelled_run_says_so_and_keeps_what_it_applied(database: Database) -> None:
    async def endless(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        yield Page(PAGES[0], cursor="1")
        await asyncio.sleep(60)

    begun = asyncio.Event()
    task = asyncio.create_task(run(database, installed(plugin(endless)), progress=lambda _: begun.set()))
    await asyncio.wait_for(begun.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await rows(database, select(Run.status, Run.created)) == [(RunStatus.CANCELLED, 2)]
    assert (await codes(database), await cursor(database)) == (["A", "B"], "1")


async def test_a_source_is_run_once_at_a_time(database: Database) -> None:
    refused: list[str] = []
    another = at_home(run)

    async def pull(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        yield Page(PAGES[0], cursor="1")
        with pytest.raises(Conflict) as error:
            await another(database, told(*PAGES))
        refused.append(str(error.value))

    done = await run(database, installed(plugin(pull)))
    assert (done.status, counts(done), len(refused)) == (RunStatus.DONE, {"created": 2}, 1)
    assert refused[0].startswith("told is being run since ")
    assert f"by test (run {done.id})" in refused[0]
    assert await rows(database, select(Run.id)) == [(done.id,)]


@pytest.mark.parametrize("how", ["its process is gone", "it is silent"])
async def test_a_dead_run_is_taken_over_and_writes_nothing_more(database: Database, hub: Viewer, how: str) -> None:
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
    written = asyncio.Event()
    dead: dict[str, Any] = {"worker": f"{os.uname().nodename}:{process.pid}"}
    if how == "it is silent":
        dead = {"alive_at": Run.alive_at - LEASE - timedelta(seconds=1), "worker": "elsewhere:1"}

    @at_home
    async def taken_over() -> None:
        await written.wait()
        async with database.write(hub) as session:
            await session.execute(update(Run).values(dead))
        assert (await run(database, told([organization("A", "new")]))).status is RunStatus.DONE

    async def stale(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        yield Page([organization("A")], cursor="0")
        await taken_over()
        yield Page([organization("A", "stale"), organization("Z"), BadRecord("bad", "bad")], "late", b"late")

    done = await run(database, installed(plugin(stale)), progress=lambda _: written.set())
    said = "Another run of told has taken over; this one stopped and wrote nothing more."
    assert (done.status, done.error, counts(done)) == (RunStatus.FAILED, said, {"created": 1})
    found = await rows(database, select(Run.status, Run.fence, Run.error).order_by(Run.fence))
    vanished = "Its worker vanished; what was applied stays, the next run goes on from there."
    assert found == [(RunStatus.FAILED, 1, vanished), (RunStatus.DONE, 2, None)]
    assert {code: row["name"] for code, row in (await stored(database, Organization)).items()} == {"A": "new"}
    assert (await cursor(database), await work_items(database)) == ("1", [])
    assert (await sizes(database))["landings"] == 0


async def test_a_plan_writes_nothing_but_itself(database: Database) -> None:
    await run(database, told([organization("A", "old"), organization("B")]))
    page = [organization("A", "new"), organization("C"), gone("organization", "B"), organization("D", parent=["x"])]
    before, was = await sizes(database), await cursor(database)
    planned = await run(database, told([], [*page, BadRecord("no", "raw")]), mode=RunMode.PLAN)
    after = await sizes(database)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "runs": 1, "changes": 1, "plan_rows": 5,
    }  # fmt: skip
    assert (planned.status, await cursor(database)) == (RunStatus.PLANNED, was)
    plan = await rows(database, select(PlanRow.action, PlanRow.key, PlanRow.old, PlanRow.rule).order_by(PlanRow.id))
    assert [(action.name, key, old.get("name"), rule) for action, key, old, rule in plan] == [
        ("REJECT", "D", None, "parent: ['x'] is neither a code nor a place."),
        ("UPDATE", "A", "old", "the same key"),
        ("CREATE", "C", None, "nothing known by this key"),
        ("CLOSE", "B", None, "the same key"),
        ("REJECT", "", None, "no"),
    ]
    applied = await run(database, told([], [*page, BadRecord("no", "raw")]))
    assert counts(applied) == counts(planned) == {"created": 1, "updated": 1, "closed": 1, "rejected": 2}


async def test_a_plan_counts_what_applying_it_counts(database: Database) -> None:
    pages = [grid("1", None, "DISTRICT")], [grid("S", "1", "STREET")], [grid("C", "S"), organization("O", grid="C")]
    planned = await run(database, told(*pages), mode=RunMode.PLAN)
    assert counts(planned) == counts(await run(database, told(*pages))) == {"created": 4}


async def test_a_plan_keeps_what_no_database_takes_as_text(database: Database) -> None:
    strange = Record("a\x00", "k\ud800", {"f\x00": "\ud800", "n": 10**30, "x": object}, where="w\x00")
    done = await run(database, told([strange, Record("organization", "a\x00", {})]), mode=RunMode.PLAN)
    assert (done.status, counts(done)) == (RunStatus.PLANNED, {"rejected": 2})
    assert sorted(await column(database, select(PlanRow.key))) == ["a␀", "k?"]


async def test_every_row_that_is_written_says_one_change_with_the_run(database: Database) -> None:
    done = await run(database, told([organization("A"), organization("B")]))
    assert [(change.entity, change.kind) for change in await changes(database, done)] == [
        ("Organization", ChangeKind.CREATED)
    ] * 2
    page = [organization("A", "new", parent="B"), organization("B"), gone("organization", "B")]
    again = await run(database, told([], page))
    ids = {code: row["id"] for code, row in (await stored(database, Organization)).items()}
    found = [(change.kind.name, change.entity_id, change.actor) for change in await changes(database, again)]
    assert sorted(found) == [("CLOSED", ids["B"], "source:told"), ("UPDATED", ids["A"], "source:told")]
    assert (await stored(database, Organization))["A"]["revision"] == 2


async def test_reverse_patches_lead_back(database: Database, hub: Viewer) -> None:
    await districts(database, "1", "2")
    first = [organization("A", grid="1"), organization("B", description="x"), grid("S", "1", "STREET")]
    await run(database, told(first))
    before = {**await stored(database, Organization), **await stored(database, Grid)}
    page = [organization("A", "new", grid="2", parent="B"), organization("B", description=None)]
    done = await run(database, told([], [*page, gone("organization", "B"), grid("S", "2", "STREET", longitude=1)]))
    tables = {"Organization": "parties", "Grid": "grids"}
    async with database.write(hub) as session:
        for change in reversed(await changes(database, done)):
            row = f"jsonb_populate_record(null::{tables[change.entity]}, cast(:reverse as jsonb))"
            names = ", ".join(change.reverse)
            given = {"id": change.entity_id, "reverse": orjson.dumps(change.reverse).decode()}
            into = f"UPDATE {tables[change.entity]} SET ({names}) = (SELECT {names} FROM {row}) WHERE id = :id"
            await session.execute(text(into), given)
    after = {**await stored(database, Organization), **await stored(database, Grid)}
    own = ("revision", "updated_at")
    assert {code: {name: row[name] for name in row if name not in own} for code, row in after.items()} == {
        code: {name: row[name] for name in row if name not in own} for code, row in before.items()
    }


async def test_links_carry_the_run_that_last_said_something(database: Database) -> None:
    first = await run(database, told([organization("A"), organization("B")]))
    second = await run(database, told([], [organization("A", "new"), organization("B"), organization("C")]))
    links = dict(await rows(database, select(Link.key, Link.run_id)))
    assert links == {"A": second.id, "B": first.id, "C": second.id}
    ids = {code: row["id"] for code, row in (await stored(database, Organization)).items()}
    assert dict(await rows(database, select(Link.key, Link.entity_id))) == ids


async def test_a_page_may_bring_all_kinds_each_before_what_it_stands_on(database: Database) -> None:
    page = [
        Record("request", "R", {"number": "R", "grid": "1", "assignee": "O"}),
        Record("resource", "V", {"code": "V", "title": "room", "owner": "O", "grid": "1"}),
        Record("member", "L/O", {"alliance": "L", "party": "O"}),
        Record("alliance", "L", {"code": "L", "name": "联盟", "lead": "O", "grid": "1"}),
        Record("person", "P", {"code": "P", "name": "人", "grid": "1"}),
        organization("O", parent="H", grid="1"),
        organization("H"),
        grid("1", None, "DISTRICT"),
    ]
    assert counts(await run(database, told(page))) == {"created": 8}
    assert await column(database, select(Organization.grid_path).where(Organization.code == "O")) == ["1/"]
    ids = {code: row["id"] for code, row in (await stored(database, Organization)).items()}
    assert await rows(database, select(Alliance.lead_id, Alliance.grid_path)) == [(ids["O"], "1/")]
    assert await column(database, select(Member.party_id).union_all(select(Resource.owner_id))) == [ids["O"]] * 2
    assert (await run(database, told([], page))).unchanged == 8


async def test_what_is_gone_is_closed_once_and_may_come_back(database: Database) -> None:
    leaving = gone("organization", "A")
    await run(database, told([organization("A")]))
    assert counts(await run(database, told([], [leaving, gone("organization", "Z")]))) == {"closed": 1, "unchanged": 1}
    assert counts(await run(database, told([], [], [leaving]))) == {"unchanged": 1}
    assert counts(await run(database, told([], [], [], [organization("A")]))) == {"updated": 1}
    ((id, closed),) = await rows(database, select(Organization.id, Organization.closed_on))
    assert closed is None
    assert (await sizes(database))["links"] == 1
    stranger = told([Record("organization", "other", {"code": "A"}, deleted=True)], name="stranger")
    assert counts(await run(database, stranger, "stranger")) == {"unchanged": 1}
    assert await rows(database, select(Organization.id, Organization.closed_on)) == [(id, None)]


async def test_a_source_that_cannot_be_run_is_told(database: Database, hub: Viewer) -> None:
    with pytest.raises(NotFound, match=r"^No source nobody is visible to you\. Ready-made ones: told\.$"):
        await run(database, told(), "nobody")
    await run(database, told())
    with pytest.raises(Misconfigured, match="No plugin told is installed"):
        await run(database, registry.Registry())
    async with database.write(hub) as session:
        await session.execute(update(Source).values(enabled=False))
    with pytest.raises(Conflict, match=r"^told is paused\. `hub sync resume told` lets it run again\.$"):
        await run(database, told())


async def test_an_unknown_setting_is_refused_by_name(database: Database) -> None:
    with pytest.raises(Misconfigured) as caught:
        await run(database, told(*PAGES), overrides={"nope": 1})
    assert str(caught.value) == "told has no setting nope. It has: any, secret."


async def test_an_older_word_never_overwrites_a_newer_one(database: Database) -> None:
    def said(name: str, minute: int) -> Record:
        fields = {"code": "1", "name": name, "level": "CITY"}
        return Record("grid", "1", fields, at=datetime(2026, 1, 1, 8, minute, tzinfo=UTC))

    pages = [[said("新", 5), said("旧", 1)], [said("更旧", 0)], [said("更新", 6)]]
    first = counts(await run(database, told(*pages)))
    again = counts(await run(database, told(*pages), overrides={"any": 1}))  # from the beginning
    assert (first, again) == ({"created": 1, "updated": 1, "unchanged": 2}, {"unchanged": 4})
    async with database.read() as session:
        assert (await session.scalars(select(Grid.name))).all() == ["更新"]
