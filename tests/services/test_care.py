"""Care labels: kept by an impact assessment only, and no look at them that leaves no trace."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hub.auth import ABILITIES, CARE, EVERYWHERE, ROLES, Viewer
from hub.db import Database
from hub.errors import Forbidden, HubError, Invalid, NotFound
from hub.models import CareLabel, CarePurpose, CareReveal, Change, Person, now, uuid7
from hub.services import care, changes
from hub.services.working_days import local_day
from tests.services.town import HUB, Town, founded

TODAY = local_day(now())
SECRET = "红色-独居老人"
LABEL: dict[str, Any] = {
    "scheme": "分类分色",
    "label": SECRET,
    "basis": "本人同意",
    "purpose": "上门探访",
    "until": TODAY + timedelta(days=30),
    "assessment": "PIA-2026-07",
}
LOOK: dict[str, Any] = {"purpose": CarePurpose.VISIT, "reason": "每周探访"}


async def settled(database: Database) -> tuple[Town, Person, Viewer]:
    """The town, somebody in it, and who cares for people there."""
    town = await founded(database)
    person = Person(id=uuid7(), name="张奶奶", grid_id=town.community.id, grid_path=town.community.path)
    async with database.write(HUB) as session:
        session.add(person)
    return town, person, Viewer("carer", ROLES["carer"], (town.community.path,), name="carer")


async def rows(town: Town, model: type[Any]) -> list[Any]:
    async with town.database.read() as session:
        return list(await session.scalars(select(model).order_by(model.id)))


def test_no_role_brings_the_abilities_along_but_those_that_are_given_for_it() -> None:
    assert {role for role, abilities in ROLES.items() if abilities & CARE} == {"carer"}
    assert ABILITIES.keys() >= CARE
    assert ROLES["admin"] == HUB.abilities == ABILITIES.keys() - CARE


async def test_who_looks_sees_what_holds_today_and_leaves_a_trace(database: Database) -> None:
    town, person, carer = await settled(database)
    await town.do(care.record, viewer=carer, person_id=person.id, **LABEL)
    expired = CareLabel(id=uuid7(), person_id=person.id, **LABEL | {"label": "旧", "until": TODAY - timedelta(days=1)})
    async with database.write(HUB) as session:
        session.add(expired)
    found = await town.do(care.reveal, viewer=carer, person_id=person.id, **LOOK)
    assert [(row.label, row.assessment) for row in found] == [(SECRET, "PIA-2026-07")]
    (trace,) = await rows(town, CareReveal)
    assert (trace.by, trace.person_id, trace.purpose, trace.reason, trace.shown) == (
        "carer",
        person.id,
        CarePurpose.VISIT,
        "每周探访",
        1,
    )
    logged = [change for change in await rows(town, Change) if change.entity == "CareReveal"]
    assert [(one.actor, one.patch["reason"], one.patch["shown"], one.grid_path) for one in logged] == [
        ("carer", "每周探访", "***", town.community.path)
    ]


async def test_the_same_class_once_more_takes_the_place_of_the_first_and_is_answered_as_a_new_one(
    database: Database,
) -> None:
    town, person, carer = await settled(database)
    first = await town.do(care.record, viewer=carer, person_id=person.id, **LABEL)
    other = await town.do(care.record, viewer=carer, person_id=person.id, **LABEL | {"label": "黄色"})
    later = LABEL | {"basis": "法定职责", "until": TODAY + timedelta(days=60)}
    again = await town.do(care.record, viewer=carer, person_id=person.id, **later)
    assert again.id not in (first.id, other.id)
    assert (again.revision, again.basis, again.until) == (1, "法定职责", TODAY + timedelta(days=60))
    assert [(row.id, row.label) for row in await rows(town, CareLabel)] == [(other.id, "黄色"), (again.id, SECRET)]
    logged = [one for one in await rows(town, Change) if one.entity == "CareLabel"]
    assert sorted((one.kind.name, one.entity_id == first.id) for one in logged) == [
        ("CREATED", False),
        ("CREATED", False),
        ("CREATED", True),
        ("DELETED", True),
    ]
    assert await rows(town, CareReveal) == []  # nothing of what stood was read


@pytest.mark.parametrize("assessment", [None, "", "  "])
async def test_without_an_impact_assessment_nothing_is_kept(database: Database, assessment: str | None) -> None:
    town, person, carer = await settled(database)
    before = len(await rows(town, Change))
    with pytest.raises(
        Invalid, match=r"^A care label is kept only by an impact assessment \(PIA\): give its number\.$"
    ):
        await town.do(care.record, viewer=carer, person_id=person.id, **LABEL | {"assessment": assessment})
    assert (await rows(town, CareLabel), len(await rows(town, Change))) == ([], before)


async def test_every_refusal_changes_nothing_and_tells_nothing(database: Database) -> None:
    town, person, carer = await settled(database)
    kept = await town.do(care.record, viewer=carer, person_id=person.id, **LABEL)
    elsewhere = Viewer("other", ROLES["carer"], ("1/",), name="other")
    whose = {"person_id": person.id}
    before = (len(await rows(town, CareLabel)), len(await rows(town, CareReveal)), len(await rows(town, Change)))
    tries: list[tuple[Any, Viewer, dict[str, Any], type[HubError]]] = [
        (care.record, carer, whose | LABEL | {"until": date(2020, 1, 1)}, Invalid),
        (care.record, carer, whose | LABEL | {"basis": " "}, Invalid),
        (care.record, town.clerk(), whose | LABEL, Forbidden),
        (care.record, elsewhere, whose | LABEL, NotFound),
        (care.reveal, carer, whose | LOOK | {"reason": " "}, Invalid),
        (care.reveal, town.clerk(), whose | LOOK, Forbidden),
        (care.reveal, elsewhere, whose | LOOK, NotFound),
        (care.reveal, carer, {"person_id": town.police} | LOOK, NotFound),
        (care.remove, elsewhere, {"id": kept.id}, NotFound),
        (care.remove, town.clerk(), {"id": kept.id}, Forbidden),
    ]
    for verb, viewer, given, kind in tries:
        with pytest.raises(kind) as refused:
            await town.do(verb, viewer=viewer, **given)
        assert not any(str(LABEL[name]) in str(refused.value) for name in ("label", "scheme", "basis", "assessment"))
    after = (len(await rows(town, CareLabel)), len(await rows(town, CareReveal)), len(await rows(town, Change)))
    assert after == before


async def test_the_log_holds_nothing_of_a_label_and_shows_nobody_even_that_there_is_one(database: Database) -> None:
    town, person, carer = await settled(database)
    made = await town.do(care.record, viewer=carer, person_id=person.id, **LABEL)
    await town.do(care.remove, made.id, viewer=carer)
    await town.do(care.reveal, viewer=carer, person_id=person.id, **LOOK)
    assert await rows(town, CareLabel) == []
    said = [(one.kind.name, one.patch | one.reverse) for one in await rows(town, Change) if one.entity == "CareLabel"]
    assert [kind for kind, _ in said] == ["CREATED", "DELETED"]
    for _, values in said:
        assert {values[name] for name in (*LABEL, "person_id")} == {"***"}
    everything = Viewer("e", frozenset(ABILITIES), EVERYWHERE)
    for viewer in (Viewer("a", ROLES["carer"] | {"changes:read"}, (town.community.path,)), everything, HUB):
        async with database.read() as session:
            found = set(await session.scalars(changes.visible(viewer).with_only_columns(Change.entity)))
        assert (found & {"CareLabel", "CareReveal"}, "Person" in found) == (set(), True)


async def test_a_person_sees_who_looked_and_others_do_not(database: Database) -> None:
    town, person, carer = await settled(database)
    await town.do(care.reveal, viewer=carer, person_id=person.id, **LOOK)
    herself = Viewer("p", ROLES["resident"], (), person.id)
    for viewer, count in ((herself, 1), (carer, 1), (town.clerk(), 0), (Viewer(), 0)):
        async with database.read() as session:
            assert len((await session.scalars(care.reveals(viewer))).all()) == count
