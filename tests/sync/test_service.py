"""Posts, activities, turns and hours from a source; the whole registry of volunteers; and no ID number anywhere."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from hub.db import Database
from hub.models import (
    Activity,
    Base,
    Person,
    Post,
    PostRole,
    Rejected,
    RejectedStatus,
    RunStatus,
    ServiceMethod,
    ServiceRecord,
    ServiceStatus,
    Shift,
)
from hub.plugin import Record
from hub.services.working_days import local_day
from hub.sync.registry import load
from hub.sync.undo import undo
from plugins.volunteers.simulator import build
from tests.plugins.registry import held, leaked, pulled, registry
from tests.sync.sources import changes, column, counts, districts, gone, organization, reached, rows, run, sizes, told

AT = datetime(2026, 3, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 5, 1, tzinfo=UTC)
TEAM = organization("T1", organization_kind="VOLUNTEER_TEAM")
WHO = Record("person", "hash", {"code": "V1", "name": "乌日娜", "grid": "150602"})
POST = Record(
    "post", "M1", {"person": "V1", "organization": "T1", "role": "VOLUNTEER", "title": "队长", "grid": "150602"}
)
ACTIVITY = Record(
    "activity", "P1", {"code": "P1", "title": "义诊", "organizer": "T1", "starts_at": AT, "attendance": 9}
)
TURN = Record("shift", "S1", {"person": "V1", "activity": "P1", "starts_at": AT, "ends_at": LATER, "held": None})
HOURS = Record("service_record", "H1", {"code": "H1", "person": "V1", "title": "义诊", "started_at": AT, "hours": 2})


def hours(key: str = "H1", **fields: Any) -> Record:
    return Record("service_record", key, {**HOURS.fields, "code": key, **fields})


async def every(database: Database, model: Any) -> list[Any]:
    async with database.read() as session:
        return list(await session.scalars(select(model).order_by(model.id)))


async def only(database: Database, model: Any) -> Any:
    (found,) = await every(database, model)
    return found


async def test_each_kind_becomes_its_row_field_by_field(database: Database) -> None:
    await districts(database, "150602")
    full = hours(team="T1", activity="P1", recorder="T1", method="TIME_CODE", status="DISPUTED", dispute="未到场")
    full.fields.update(disputed_at=LATER, notice_from=date(2026, 3, 2), notice_until="2026-03-09")  # type: ignore[attr-defined]
    done = await run(database, told([TURN, full, POST, ACTIVITY, WHO, TEAM]))
    assert counts(done) == {"created": 6}
    person, (team,) = (
        await only(database, Person),
        await column(database, text("SELECT id FROM parties WHERE code='T1'")),
    )
    post, activity = await only(database, Post), await only(database, Activity)
    assert (post.person_id, post.organization_id, post.role, post.title) == (
        person.id,
        team,
        PostRole.VOLUNTEER,
        "队长",
    )
    assert (post.public, post.grid_path, post.until) == (False, "150602/", None)
    assert (activity.code, activity.organizer_id, activity.attendance, activity.starts_at) == ("P1", team, 9, AT)
    turn, given = await only(database, Shift), await only(database, ServiceRecord)
    assert (turn.person_id, turn.activity_id, turn.rota_id, turn.held) == (person.id, activity.id, None, None)
    assert (given.code, given.person_id, given.team_id, given.activity_id) == ("H1", person.id, team, activity.id)
    assert (given.hours, given.method, given.recorder_id) == (2.0, ServiceMethod.TIME_CODE, team)
    assert (given.status, given.dispute, given.disputed_at) == (ServiceStatus.DISPUTED, "未到场", LATER)
    assert (given.notice_from, given.notice_until, given.resolved_at) == (date(2026, 3, 2), date(2026, 3, 9), None)


async def test_what_is_known_by_its_key_alone_is_found_again_and_changed(database: Database) -> None:
    await run(database, told([TEAM, WHO, ACTIVITY, POST, TURN, Record("post", "M2", POST.fields)]))
    held = Record("shift", "S1", {**TURN.fields, "held": True})
    ended = Record("post", "M1", {**POST.fields, "title": "队员"})
    done = await run(
        database, told([TEAM, WHO, ACTIVITY, ended, held, Record("post", "M2", POST.fields)], name="told2"), "told2"
    )
    assert counts(done) == {"created": 3, "unchanged": 3}  # another source knows other keys
    again = await run(database, told([], [TEAM, WHO, ACTIVITY, ended, held]))
    assert counts(again) == {"updated": 2, "unchanged": 3}
    assert len(await every(database, Post)) == 4
    assert (await every(database, Shift))[0].held is True


async def test_what_is_gone_is_marked_and_comes_back(database: Database) -> None:
    page = [TEAM, WHO, ACTIVITY, POST, TURN, HOURS]
    kinds = (("post", "M1"), ("activity", "P1"), ("shift", "S1"), ("service_record", "H1"))
    done = await run(database, told(page, [gone(*one) for one in kinds]))
    assert counts(done) == {"created": 6, "closed": 4}
    post, activity = await only(database, Post), await only(database, Activity)
    turn, given = await only(database, Shift), await only(database, ServiceRecord)
    assert (post.until, activity.closed_on) == (local_day(turn.withdrawn_at), local_day(turn.withdrawn_at))
    assert (given.status, turn.withdrawn_at is None) == (ServiceStatus.WITHDRAWN, False)
    assert counts(await run(database, told([], [], page))) == {"updated": 4, "unchanged": 2}
    post, activity = await only(database, Post), await only(database, Activity)
    turn, given = await only(database, Shift), await only(database, ServiceRecord)
    assert (post.until, activity.closed_on, turn.withdrawn_at) == (None, None, None)
    assert given.status is ServiceStatus.DRAFT


async def test_who_and_what_is_not_known_yet_is_waited_for(database: Database) -> None:
    done = await run(database, told([POST, TURN, HOURS]))
    assert counts(done) == {"rejected": 3}
    reasons = await column(database, select(Rejected.reason).order_by(Rejected.kind))
    assert reasons[1] == "person: V1 is not known to the hub. Bring it in first, or in the same run."
    done = await run(database, told([], [TEAM, WHO, ACTIVITY]))
    assert counts(done)["created"] == 6
    assert await column(database, select(Rejected.status).distinct()) == [RejectedStatus.REPLAYED]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (hours(hours=0), "hours: 0 is no time that was given. Give more than 0."),
        (hours(hours=-1.5), "hours: -1.5 is no time that was given. Give more than 0."),
        (hours(method="手环"), "method: '手环' is none of TEAM, SELF, TIME_CODE, APP, AUTOMATIC."),
        (Record("service_record", "H1", {"person": "V1"}), "title, started_at, hours: a new service_record needs it."),
        (Record("post", "M1", {"person": "V1", "role": "KING"}), "role: 'KING' is none of"),
        (Record("shift", "S1", {"person": "V1", "starts_at": AT}), "ends_at: a new shift needs it."),
        (Record("activity", "P1", {"code": "P1", "title": "一"}), "starts_at: a new activity needs it."),
    ],
)
async def test_what_cannot_be_is_refused(database: Database, record: Record, reason: str) -> None:
    done = await run(database, told([WHO, record]))
    assert counts(done) == {"created": 1, "rejected": 1}
    (said,) = await column(database, select(Rejected.reason))
    assert said.startswith(reason)


async def test_what_is_disputed_is_not_taken_for_confirmed(database: Database) -> None:
    disputed = hours(status="CONFIRMED", disputed_at=AT)
    resolved = hours("H2", status="CONFIRMED", disputed_at=AT, resolved_at=LATER)
    await run(database, told([WHO, disputed, resolved]))
    found = {row.code: row.status for row in await every(database, ServiceRecord)}
    assert found == {"H1": ServiceStatus.DISPUTED, "H2": ServiceStatus.CONFIRMED}


async def test_a_run_that_brought_them_is_taken_back(database: Database) -> None:
    done = await run(database, told([TEAM, WHO, ACTIVITY, POST, TURN, HOURS]))
    back = await undo(database, done.id, started_by="test")
    assert (back.status, back.closed) == (RunStatus.DONE, 6)
    assert (await only(database, ServiceRecord)).status is ServiceStatus.WITHDRAWN
    assert (await only(database, Post)).until == (await only(database, Activity)).closed_on
    assert (await only(database, Shift)).withdrawn_at is not None


async def test_the_whole_registry_is_held_as_it_says(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    app = build(300)
    reached(app, monkeypatch)
    await districts(database, "150602")
    done = await run(database, load(), "volunteers")
    truth, sized = registry(app).stats(), await sizes(database)
    assert (done.status, done.error) == (RunStatus.DONE, None)
    assert sized["parties"] == truth["teams"] + truth["persons"]
    for noun in ("posts", "activities", "shifts", "service_records"):
        assert sized[noun] == truth[noun]
    again = await run(database, load(), "volunteers")
    assert set(counts(again)) <= {"unchanged", "rejected"}
    assert await changes(database, again) == []
    assert {name: n for name, n in (await sizes(database)).items() if n != sized[name]} == {
        "runs": 2,
        "changes": sized["changes"] + 1,
    }


async def test_the_registry_moves_on_and_the_hub_with_it(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    app = build(200)
    reached(app, monkeypatch)
    await run(database, load(), "volunteers")
    for _ in range(8):
        registry(app).advance()
        assert (await run(database, load(), "volunteers")).status is RunStatus.DONE
    truth = registry(app).stats()
    living = await column(database, select(Person.code).where(Person.closed_on.is_(None)))
    assert sorted(living) == sorted(await _codes(app))
    closed = await column(database, select(Person.code).where(Person.closed_on.is_not(None)))
    assert (len(living), len(closed) > 0) == (truth["persons"], True)


async def _codes(app: Any) -> list[str]:
    """What the living people of the registry are called in the hub."""
    found = held(await pulled(app)).items()
    return [str(record.fields["code"]) for (kind, _), record in found if kind == "person" and not record.deleted]


async def test_no_id_number_is_anywhere_in_the_hub(
    database: Database, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    app = build(300)
    reached(app, monkeypatch)
    await run(database, load(), "volunteers")
    registry(app).advance()
    done = await run(database, load(), "volunteers")
    stored = [
        str(row)
        for table in Base.metadata.sorted_tables
        for row in await rows(database, text(f'SELECT t FROM "{table.name}" t'))
    ]
    assert len(stored) > 2_000
    assert await column(database, text("SELECT count(*) FROM landings")) == [0]
    assert len(await changes(database, done)) > 0
    assert leaked(app, "\n".join(stored)) == []
    out, err = capfd.readouterr()
    assert leaked(app, out + err + repr(done.error)) == []
