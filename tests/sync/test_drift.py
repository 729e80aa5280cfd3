"""What happens where a source says what its plugin, or the hub, does not expect."""

from typing import Any

import pytest
from sqlalchemy import select

from hub.auth import system
from hub.db import Database
from hub.errors import Invalid
from hub.models import Alert, AlertKind, Drift, DriftRule, Extra, Organization, RunMode, RunStatus
from hub.plugin import Record
from hub.sync import rules
from hub.sync.replaying import replay
from hub.sync.stored_plan import apply_plan
from tests.sync.sources import counts, cursor, organization, rows, run, stored, told, work_items


def with_extra(key: str = "A", **extra: Any) -> Record:
    return Record("organization", key, {"code": key, "name": "一"}, extra=extra)


async def policy(database: Database, policy: Drift, field: str = "*", kind: str = "*") -> None:
    async with database.write(system("test")) as session:
        await rules.set_drift(session, system("王芳"), kind=kind, field=field, policy=policy)


async def test_an_unknown_field_is_kept_beside_and_told_once(database: Database) -> None:
    page = [with_extra("A", 颜色="红"), with_extra("B", 颜色="蓝", phone="13812345678")]
    done = await run(database, told(page))
    assert counts(done) == {"created": 2}
    extras = await rows(
        database, select(Organization.code, Extra.fields).join(Extra, Extra.entity_id == Organization.id)
    )
    assert sorted(extras) == [("A", {"颜色": "红"}), ("B", {"颜色": "蓝", "phone": "138****5678"})]
    said = await rows(database, select(Alert.kind, Alert.subject, Alert.words).order_by(Alert.subject))
    assert [(kind, subject) for kind, subject, _ in said] == [
        (AlertKind.DRIFT, "organization.phone"),
        (AlertKind.DRIFT, "organization.颜色"),
    ]
    assert said[1][2].startswith("organization.颜色: a field that its plugin does not know; it is kept beside.")
    assert counts(await run(database, told(page, page))) == {"unchanged": 2}
    assert counts(await run(database, told([], [], [with_extra("A", 颜色="绿")]))) == {"unchanged": 1}
    assert ({"颜色": "绿"},) in await rows(database, select(Extra.fields))


async def test_frozen_the_run_stops_before_the_page(database: Database) -> None:
    await policy(database, Drift.FREEZE, "颜色", "organization")
    done = await run(database, told([organization("Z")], [organization("Y"), with_extra(颜色="红")]))
    assert (done.status, await cursor(database)) == (RunStatus.FAILED, "1")
    assert done.error == (
        "organization.颜色: a field that its plugin does not know. The rule for it is FREEZE, so the run stopped here."
    )
    assert set(await stored(database, Organization)) == {"Z"}


@pytest.mark.parametrize(("chosen", "taken"), [(Drift.DISCARD, {"A"}), (Drift.QUARANTINE, set())])
async def test_a_rule_leaves_out_the_field_or_keeps_the_record_back(
    database: Database, chosen: Drift, taken: set[str]
) -> None:
    await policy(database, chosen, "颜色")
    await run(database, told([with_extra(颜色="红")]))
    assert set(await stored(database, Organization)) == taken
    assert await rows(database, select(Extra.fields)) == []
    assert await work_items(database) == ([] if taken else [("A", "OPEN", 1)])


async def test_a_value_that_cannot_be_read_waits_unless_its_field_is_left_out(database: Database) -> None:
    bad = organization("A", organization_kind="星际联盟", description="x")
    assert counts(await run(database, told([bad]))) == {"rejected": 1}
    await policy(database, Drift.DISCARD, "organization_kind", "organization")
    assert counts(await run(database, told([], [bad]))) == {"created": 1}
    row = (await stored(database, Organization))["A"]
    assert (row["organization_kind"].name, row["description"]) == ("OTHER", "x")


async def test_the_most_specific_rule_counts(database: Database) -> None:
    await policy(database, Drift.FREEZE)
    await policy(database, Drift.QUARANTINE, "*", "organization")
    await policy(database, Drift.DISCARD, "颜色", "organization")
    await run(database, told([with_extra("A", 颜色="红"), with_extra("B", 大小=3)]))
    assert set(await stored(database, Organization)) == {"A"}


async def test_a_rule_for_a_kind_that_is_not_there_is_refused(database: Database) -> None:
    with pytest.raises(Invalid, match="There is no kind 'street'"):
        await policy(database, Drift.FREEZE, "x", "street")
    assert await rows(database, select(DriftRule.id)) == []


async def test_what_a_rule_left_out_is_left_out_again_when_the_plan_is_applied(database: Database) -> None:
    await policy(database, Drift.DISCARD, "organization_kind")
    bad = organization("A", organization_kind="星际联盟")
    plan = await run(database, told([bad]), mode=RunMode.PLAN)
    done = await apply_plan(database, plan.id, started_by="test")
    assert (counts(done), done.moved) == ({"created": 1}, 0)


async def test_a_record_that_waited_is_taken_by_replay_once_its_field_may_be_left_out(database: Database) -> None:
    await run(database, told([organization("A", organization_kind="星际联盟")]))
    await policy(database, Drift.DISCARD, "organization_kind")
    done = await replay(database, "told", started_by="test")
    assert (counts(done), set(await stored(database, Organization))) == ({"created": 1}, {"A"})
