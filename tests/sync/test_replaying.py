"""Rejected records are worked on: mended, tried again, ignored; what a person made of one stays."""

from typing import Any

import pytest
from sqlalchemy import select

from hub.auth import ANONYMOUS, ROLES, Viewer, system
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from hub.models import Change, Organization, Rejected, RejectedStatus, Run, RunMode, RunStatus, uuid7
from hub.plugin import BadRecord, Record
from hub.services import sources
from hub.services.sources import FieldValue
from hub.sync import replaying
from hub.sync.replaying import replay
from tests.sync.sources import changes, counts, organization, rows, run, stored, told

ADMIN = system("test")
LONG = organization("L", "n" * 10, organization_kind="NOTHING")


async def item(database: Database, key: str) -> Rejected:
    async with database.read() as session:
        return (await session.scalars(select(Rejected).where(Rejected.key == key))).one()


async def mend(database: Database, key: str, viewer: Viewer = ADMIN, **fields: str | None) -> None:
    id = (await item(database, key)).id
    async with database.write(viewer) as session:
        await sources.mend(
            session, viewer, id, fields=[FieldValue(name, value) for name, value in fields.items()], note="a typo"
        )


async def ignore(database: Database, key: str, viewer: Viewer = ADMIN, reason: str = "not ours") -> None:
    id = (await item(database, key)).id
    async with database.write(viewer) as session:
        await sources.ignore(session, viewer, id, reason=reason)


async def again(database: Database, *ids: Any) -> Run:
    return await replay(database, "told", list(ids) or None, started_by="test")


async def test_a_mended_record_is_applied_and_what_was_received_stays(database: Database) -> None:
    await run(database, told([LONG, organization("A")]))
    await mend(database, "L", organization_kind="UNIT")
    assert set(await stored(database, Organization)) == {"A"}  # mending alone applies nothing
    done = await again(database)
    assert (done.mode, done.status, counts(done), done.records) == (RunMode.REPLAY, RunStatus.DONE, {"created": 1}, 1)
    assert set(await stored(database, Organization)) == {"A", "L"}
    assert [(change.entity, change.run_id) for change in await changes(database, done)] == [("Organization", done.id)]
    one = await item(database, "L")
    assert (one.status, one.note, one.handled_by) == (RejectedStatus.REPLAYED, "a typo", "test")
    assert one.raw["organization_kind"] == "NOTHING"


async def test_the_source_saying_the_same_again_undoes_nothing(database: Database) -> None:
    await run(database, told([LONG]))
    await mend(database, "L", organization_kind="UNIT")
    await again(database)
    for _ in range(2):
        await run(database, told([LONG]), overrides={"any": 1})
    one = await item(database, "L")
    assert (one.status, one.times) == (RejectedStatus.REPLAYED, 1)
    assert (await stored(database, Organization))["L"]["organization_kind"].name == "UNIT"


async def test_the_source_saying_another_thing_is_asked_about_anew(database: Database) -> None:
    await run(database, told([LONG]))
    await mend(database, "L", organization_kind="UNIT")
    await again(database)
    other = organization("L", "another", organization_kind="NOTHING TOO")
    await run(database, told([other]), overrides={"any": 1})
    one = await item(database, "L")
    assert (one.raw["name"], one.times) == ("another", 2)
    assert one.record is not None
    assert "mended" not in one.record
    await run(database, told([organization("L", "right")]), overrides={"any": 1})
    assert (await stored(database, Organization))["L"]["name"] == "right"


async def test_what_is_mended_badly_says_why(database: Database) -> None:
    await run(database, told([LONG]))
    await mend(database, "L", organization_kind="STILL NOTHING", colour="red")
    done = await again(database)
    assert counts(done) == {"rejected": 1}
    one = await item(database, "L")
    assert (one.status, one.times, one.run_id) == (RejectedStatus.OPEN, 2, done.id)
    assert one.raw["organization_kind"] == "NOTHING"
    assert one.reason.startswith(("organization_kind: ", "colour: "))
    await mend(database, "L", organization_kind=None)
    assert "colour" in (await item(database, "L")).record["fields"]  # type: ignore[index]


@pytest.mark.parametrize("colr", ["red", ""])
async def test_what_the_kind_does_not_have_is_never_put_there_and_can_be_taken_out(
    database: Database, colr: str
) -> None:
    await run(database, told([organization("L", "one", organization_kind="NOTHING", height="7")]))
    with pytest.raises(Invalid, match=r"^organization has no field colr\. It has: code, colour, "):
        await mend(database, "L", organization_kind="UNIT", colr=colr)
    assert (await item(database, "L")).record["fields"]["organization_kind"] == "NOTHING"  # type: ignore[index]
    await mend(database, "L", organization_kind="UNIT", height=None)
    assert counts(await again(database)) == {"created": 1}


async def test_what_was_lacking_may_be_there_by_now(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "AT_ONCE", 2)
    page = [Record("member", f"M{at}", {"alliance": "X", "party": f"P{at}"}) for at in range(5)]
    await run(database, told(page))
    await run(
        database,
        told(
            [Record("alliance", "X", {"code": "X", "name": "x"}), *(organization(f"P{at}") for at in range(4))],
            name="b",
        ),
        "b",
    )
    done = await again(database)
    assert (counts(done), done.records, done.pages) == ({"created": 4, "rejected": 1}, 5, 3)
    states = [status.name for (status,) in await rows(database, select(Rejected.status).order_by(Rejected.key))]
    assert states == ["REPLAYED"] * 4 + ["OPEN"]


async def test_only_the_chosen_ones_are_tried(database: Database) -> None:
    await run(database, told([LONG, organization("N", organization_kind="NOTHING")]))
    await mend(database, "L", organization_kind="UNIT")
    await mend(database, "N", organization_kind="UNIT")
    assert counts(await again(database, (await item(database, "N")).id)) == {"created": 1}
    assert (await item(database, "L")).status is RejectedStatus.OPEN


async def test_what_is_ignored_is_not_asked_about_again(database: Database) -> None:
    await run(database, told([LONG]))
    await ignore(database, "L")
    await run(database, told([LONG]), overrides={"any": 1})
    one = await item(database, "L")
    assert (one.status, one.note, one.handled_by) == (RejectedStatus.IGNORED, "not ours", "test")
    assert counts(await again(database)) == {}
    await mend(database, "L", organization_kind="UNIT")  # a person may think again
    assert counts(await again(database)) == {"created": 1}


async def test_what_makes_no_sense_is_refused(database: Database) -> None:
    await run(database, told([LONG, BadRecord("no record", "raw", "organization", "B")]))
    with pytest.raises(Invalid, match="could not read this as a record"):
        await mend(database, "B", name="x")
    with pytest.raises(Invalid, match="reason"):
        await ignore(database, "B", reason="  ")
    for viewer in (ANONYMOUS, Viewer("clerk", ROLES["clerk"], ("1/",))):
        with pytest.raises((Forbidden, Unauthenticated)):
            await mend(database, "L", viewer, name="x")
        with pytest.raises((Forbidden, Unauthenticated)):
            await ignore(database, "L", viewer)
    with pytest.raises(NotFound, match="hub sync rejected"):
        async with database.write(ADMIN) as session:
            await sources.ignore(session, ADMIN, uuid7(), reason="x")
    with pytest.raises(NotFound):
        await replay(database, "nowhere", started_by="test")
    await mend(database, "L", organization_kind="UNIT")
    await again(database)
    with pytest.raises(Conflict, match="taken in the meantime"):
        await ignore(database, "L")


async def test_who_did_it_stands_in_the_log_and_no_record_does(database: Database) -> None:
    await run(database, told([LONG]))
    await mend(database, "L", name="13912345678")
    found = await rows(database, select(Change.actor, Change.patch).where(Change.entity == "Rejected"))
    (actor, patch) = found[-1]
    assert (actor, patch["record"], patch["note"]) == ("test", "***", "a typo")
