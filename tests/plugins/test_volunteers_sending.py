"""Hours told to the registry: once, whatever happens on the way."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from hub.plugin import BadRecord, Change, SourceBroken, SourceDown, SourceRefused
from plugins.volunteers import Config, Volunteers
from plugins.volunteers.simulator import build
from tests.plugins.registry import FILES, SETTINGS, post, registry, volunteers

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
FIELDS = {"person": "1506020000000001", "team": "T00001", "activity": None, "title": "义诊", "started_at": AT}
FIELDS |= {"hours": 2.5, "method": "TEAM", "status": "ON_NOTICE", "notice_from": date(2026, 3, 2)}
NEW = Change("service_record", None, "0198-ours", FIELDS, frozenset(), AT, "token-1")
SENT = {"volunteer_no": "1506020000000001", "team_no": "T00001", "project_no": None, "content": "义诊"}
SENT |= {"started_at": "2026-03-02T01:00:00+00:00", "hours": 2.5, "notice_from": "2026-03-02"}
SENT |= {"record_method": "团体录入", "reference": "0198-ours", "status": "公示中"}


async def push(app: Starlette, change: Change, **fields: Any) -> str | BadRecord:
    async with volunteers(app) as source:
        return await source.push(replace(change, fields={**change.fields, **fields}))


def effects(app: Starlette) -> list[dict[str, Any]]:
    return registry(app).effects


async def test_hours_are_told_field_by_field_and_come_back_by_our_reference() -> None:
    app = build(20)
    assert await push(app, NEW) == "R000000"
    assert effects(app) == [{"record_no": "R000000", "new": True, "key": "token-1", "body": SENT}]
    (row,) = [row for row in registry(app).tables["hours"].rows.values() if row["reference"] == "0198-ours"]
    assert (row["record_no"], row["hours"], row["status"]) == ("R000000", 2.5, "公示中")


async def test_told_twice_is_told_once() -> None:
    app = build(20)
    assert [await push(app, NEW), await push(app, NEW), await push(app, replace(NEW, again=True))] == ["R000000"] * 3
    assert len(effects(app)) == 1


async def test_after_an_answer_that_was_lost_it_is_looked_for_before_it_is_told_again() -> None:
    app = build(20)
    await post(app, "/sim/faults", {"kind": "lost"})
    with pytest.raises(SourceDown, match="answered 504"):
        await push(app, NEW)
    assert [effect["new"] for effect in effects(app)] == [True]
    registry(app).answered.clear()  # a registry that forgets the keys it has seen
    assert await push(app, replace(NEW, again=True)) == "R000000"
    assert [effect["new"] for effect in effects(app)] == [True, False]
    assert len([row for row in registry(app).tables["hours"].rows.values() if row["reference"]]) == 1


async def test_a_failure_before_the_registry_did_anything_leaves_no_effect() -> None:
    app = build(20)
    await post(app, "/sim/faults", {"kind": "503", "retry_after": 3})
    with pytest.raises(SourceDown) as caught:
        await push(app, NEW)
    assert (caught.value.retry_after, effects(app)) == (3.0, [])
    assert await push(app, replace(NEW, again=True)) == "R000000"
    assert len(effects(app)) == 1


async def test_what_it_has_is_told_anew() -> None:
    app = build(20)
    key = await push(app, NEW)
    assert isinstance(key, str)
    later = replace(NEW, key=key, token="token-2", changed=frozenset({"hours"}))
    assert await push(app, later, hours=3) == key
    assert [(effect["new"], effect["body"]["hours"]) for effect in effects(app)] == [(True, 2.5), (False, 3)]


@pytest.mark.parametrize(
    ("change", "fields", "word"),
    [
        (NEW, {"status": "DRAFT"}, "草稿"),
        (NEW, {"status": "CONFIRMED"}, "已确认"),
        (NEW, {"status": "DISPUTED", "dispute": "未到场", "disputed_at": AT}, "有异议"),
        (NEW, {"status": "CONFIRMED", "disputed_at": AT}, "有异议"),
        (NEW, {"status": "CONFIRMED", "disputed_at": AT, "resolved_at": "2026-03-03T00:00:00+00:00"}, "已确认"),
        (NEW, {"status": "WITHDRAWN"}, "已撤销"),
        (replace(NEW, key="H0000000100", deleted=True), {"status": "CONFIRMED"}, "已撤销"),
    ],
)
async def test_what_is_disputed_or_gone_is_never_told_as_confirmed(
    change: Change, fields: dict[str, Any], word: str
) -> None:
    app = build(20)
    assert isinstance(await push(app, change, **fields), str)
    assert [effect["body"]["status"] for effect in effects(app)] == [word]


@pytest.mark.parametrize(
    ("change", "fields", "reason"),
    [
        (NEW, {"person": "999"}, "The registry refuses it: 没有该志愿者编号"),
        (NEW, {"person": None}, "person: hours without it are not sent. Enter it in the hub."),
        (NEW, {"person": "a" * 52}, "person: the registry gave no unified number yet. It is sent once there is one."),
        (NEW, {"hours": 25}, "The registry refuses it: 服务时长应大于 0 且不超过 24 小时（志愿者 1506020000000001）"),
        (replace(NEW, key="H9"), {}, "The registry refuses it: 没有编号为 H9 的记录"),
        (replace(NEW, deleted=True), {}, "The registry was never told of these hours: nothing is to be withdrawn."),
    ],
)
async def test_what_the_registry_does_not_take_is_told_and_shows_nobody(
    change: Change, fields: dict[str, Any], reason: str
) -> None:
    app = build(20)
    found = await push(app, change, **fields)
    assert found == BadRecord(reason, {"id": "0198-ours"}, "service_record", change.key)
    assert effects(app) == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [("401", SourceRefused), ("429", SourceDown), ("html", SourceRefused), ("truncated", SourceDown)],
)
async def test_each_failure_says_what_happens_next(fault: str, error: type[Exception]) -> None:
    app = build(20)
    await post(app, "/sim/faults", {"kind": fault})
    with pytest.raises(error):
        await push(app, NEW)


async def test_an_answer_without_a_number_is_broken_and_files_take_nothing() -> None:
    answer = httpx2.MockTransport(lambda request: httpx2.Response(201, json={"code": 0, "data": {}}))
    async with httpx2.AsyncClient(transport=answer) as http:
        with pytest.raises(SourceBroken, match="did not say their number"):
            await Volunteers(Config(**SETTINGS), http).push(NEW)
        with pytest.raises(SourceRefused, match=r"^Files take no hours\. Set base_url"):
            await Volunteers(Config(path="/tmp", **FILES), http).push(NEW)
