"""What the hotline sends by itself: whole orders, parts of orders, and rubbish."""

import hmac
import json
import time
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.db import Database
from hub.models import Rejected
from hub.models import Request as Stored
from hub.plugin import BadRecord, Page, Record, SourceBroken
from hub.sync.run import run_source
from plugins.hotline12345.simulated_messages import signature
from plugins.hotline12345.simulated_rows import tell
from plugins.hotline12345.simulator import build
from tests.plugins.hotlines import answer, hotline, read, served, standing
from tests.sync.sources import column, installed, plugin, stored

SENT = datetime.fromisoformat("2026-03-02T08:01:00+08:00")
NUMBER = {"number": "1", "channel": "HOTLINE_12345"}


def wrapped(*rows: Any, **more: Any) -> bytes:
    said = {"success": True, "code": 10000, "pageInfo": {"serverTime": "2026-03-02 08:01:00"}, "resultData": rows}
    return json.dumps({**said, **more}, ensure_ascii=False).encode()


async def received(body: bytes, **settings: Any) -> Page:
    async with hotline(build(0), **settings) as source:
        return await source.receive(body)


async def said(body: bytes) -> list[tuple[dict[str, Any], datetime | None]]:
    """The fields and the time of each record."""
    page = await received(body)
    assert [item for item in page.items if isinstance(item, BadRecord)] == []
    return [(dict(item.fields), item.at) for item in page.items if isinstance(item, Record)]


@pytest.mark.parametrize("dialect", ["taian", "orderlist", "wuye2024", "wuye2026", "fangshan", "wuxi", "shunde"])
async def test_a_whole_order_is_what_a_pull_would_bring(dialect: str) -> None:
    app, known = standing(dialect, None if dialect.startswith(("wuye", "shunde")) else "IN_PROGRESS")
    async with hotline(app) as source:
        (pulled,) = [item async for page in read(source) for item in page.items if isinstance(item, Record)][-1:]
        page = await source.receive(wrapped(tell(known, known.number)))
    (item,) = page.items
    assert isinstance(item, Record)
    assert (item.kind, item.key, item.fields, item.extra) == ("request", known.number, pulled.fields, {})
    assert item.at == (known.updated if dialect == "orderlist" else SENT)
    assert (page.received, page.cursor) == (wrapped(tell(known, known.number)), None)


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        ({"taskId": "1", "status": "处置中"}, {"status": "IN_PROGRESS"}),
        ({"taskId": "1", "isSendBack": 1}, {"status": "RETURNED"}),
        ({"taskId": "1", "isSendBack": 0}, {}),
        ({"taskId": "1", "isUrge": "1"}, {"urged": 1}),
        ({"taskId": "1", "isUrge": "1", "urgeCount": 3}, {"urged": 3}),
        ({"taskId": "1", "isSupervise": "是"}, {"supervised": True}),
        ({"taskId": "1", "coordx": "110.1"}, {}),
        (
            {"taskId": "1", "banliResult_12345": "1", "publicSatisfaction": "0"},
            {"solved": False, "satisfaction": "DISSATISFIED"},
        ),
        ({"工单编号": "1", "是否满意": "未评价"}, {"satisfaction": None}),
        ({"record_number": "1", "pss_caption": "已结案"}, {"status": "CLOSED"}),
        ({"workordercode": "1", "state": 2}, {"status": "HANDLED"}),
        ({"工单号": "1", "答复要点": "已修复"}, {"result": "已修复"}),
    ],
)
async def test_a_part_of_an_order_says_only_what_changed(row: dict[str, Any], fields: dict[str, Any]) -> None:
    assert await said(wrapped(row)) == [({**NUMBER, **fields}, SENT)]
    assert await said(json.dumps(row).encode()) == [({**NUMBER, **fields}, None)]


async def test_a_row_s_own_time_counts_before_that_of_the_message() -> None:
    rows = [{"taskId": "1", "status": "结案", "syncTime": time} for time in ("2026/3/2 7:00:00", "2026/3/2 6:00:00")]
    times = [at for _, at in await said(wrapped(*rows))]
    assert [at and at.isoformat() for at in times] == ["2026-03-02T07:00:00+08:00", "2026-03-02T06:00:00+08:00"]


async def test_what_no_dialect_knows_is_kept_beside_the_row_without_the_caller() -> None:
    row = {"taskId": "1", "status": "处置中", "reflectPerson": "欧阳锋", "新字段": "请回复欧阳锋", "联系人2": "欧阳锋"}
    (item,) = (await received(wrapped(row))).items
    assert isinstance(item, Record)
    assert item.extra == {"新字段": "请回复〔来电人〕"}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "The hotline's message is no JSON"),
        (b"\xff\xff", "The hotline's message is in neither UTF-8 nor GB18030"),
        (b"[" * 100_000, "The hotline's message is no JSON"),
        (b'{"taskId": "1", "sta', "The hotline's message is no JSON"),
        (b"[1]", "The hotline's message is neither an envelope nor a work order"),
        (b'{"resultData": {}}', "The hotline's message is not in the usual envelope: resultData"),
        (wrapped(pageInfo={"serverTime": "昨天"}), "not in the usual envelope: pageInfo.serverTime"),
        (wrapped(success=False, code=50000, message="忙"), "is about a failure of its own: 50000 忙"),
    ],
)
async def test_rubbish_is_refused_as_a_whole(body: bytes, told: str) -> None:
    with pytest.raises(SourceBroken, match=told):
        await received(body)


async def test_a_bad_row_stands_beside_the_good_ones() -> None:
    page = await received(wrapped({"a": 1}, 7, {"taskId": "", "status": "结案"}, {"taskId": "1", "status": "结案"}))
    no_number = "Dialect 街道 OrderList, column taskId: no order number. Ask the hotline for it, then replay."
    unknown = "No dialect knows these columns: a. Describe them in a file of the setting dialects, then run it again."
    assert [item.reason for item in page.items if isinstance(item, BadRecord)] == [
        unknown,
        "A work order is an object, this is int.",
        no_number,
    ]
    assert [item.where for item in page.items] == ["row 1", "row 2", "row 3", "row 4"]
    assert isinstance(page.items[3], Record)


async def test_a_message_in_gb18030_is_read() -> None:
    body = json.dumps({"record_number": "1", "pss_caption": "已结案"}, ensure_ascii=False).encode("gb18030")
    assert await said(body) == [({**NUMBER, "status": "CLOSED"}, None)]


class Hook:
    """A door on loopback that keeps what is sent to it, if it is signed."""

    def __init__(self, key: str) -> None:
        self.key, self.bodies, self.nonces = key, [], set[str]()  # type: ignore[var-annotated]
        self.app = Starlette(routes=[Route("/hooks/hotline12345", self.take, methods=["POST"])])

    async def take(self, request: Request) -> Response:
        body, headers = await request.body(), request.headers
        scheme = headers["X-Hub-Signature"].partition("=")[0]
        nonce, timestamp = headers["X-Hub-Nonce"], headers["X-Hub-Timestamp"]
        expected = hmac.new(self.key.encode(), f"{timestamp}\n{nonce}\n".encode() + body, scheme).hexdigest()
        if headers["X-Hub-Signature"] != f"{scheme}={expected}" or abs(time.time() - int(timestamp)) > 300:
            return Response(status_code=401)
        if nonce not in self.nonces:
            self.bodies.append(body)
        self.nonces.add(nonce)
        return Response(status_code=202)


async def sent(app: Starlette, hook: Hook, more: str = "", key: str = "k") -> Any:
    async with served(hook.app) as url:
        return await answer(app, "POST", f"/sim/push?url={url}/hooks/hotline12345&key={key}{more}")


@pytest.mark.parametrize("scheme", ["sha256", "sm3"])
async def test_the_simulator_signs_what_it_sends(scheme: str) -> None:
    hook, app = Hook("k"), build(50)
    assert await sent(app, hook, f"&count=12&repeat=2&scheme={scheme}") == {"answers": [202] * 24}
    assert len(hook.bodies) == len(hook.nonces) == 12
    assert await sent(app, hook, key="wrong") == {"answers": [401]}


def test_the_signature_is_the_one_of_the_standard() -> None:
    signed = hmac.new(b"k", b"1\nn\nbody", "sha256").hexdigest()
    assert signature("k", "sha256", "1", "n", b"body") == f"sha256={signed}"


async def test_the_same_seed_sends_the_same_messages() -> None:
    bodies = []
    for seed in (1, 1, 2):
        hook = Hook("k")
        await sent(build(50, seed), hook, "&count=12")
        bodies.append(hook.bodies)
    assert bodies[0] == bodies[1] != bodies[2]


@pytest.mark.parametrize("late", [False, True])
async def test_the_hub_stands_where_the_hotline_does(database: Database, late: bool) -> None:
    """Of parts that come in the wrong order the older one is left out, and the next pull brings what it said."""
    hook, app = Hook("k"), build(60, seed=5)
    async with hotline(app) as source:
        before = [item async for page in read(source) for item in page.items]
        await sent(app, hook, f"&count=30&reverse={int(late)}")
        parts = [item for body in hook.bodies for item in (await source.receive(body)).items]
        after = [item async for page in read(source) for item in page.items] if late else []

    async def pull(self: Any, cursor: str | None) -> Any:
        for page in [before, *([item] for item in parts), after]:
            yield Page(page)

    done = await run_source(database, installed(plugin(pull)), "told", started_by="test")
    assert done.error is None
    held = await stored(database, Stored, "number")
    assert len(await column(database, select(Rejected.id))) == app.state.hotline.stats()["bad_rows"]
    for known in app.state.hotline.orders.values():
        row = held[known.number]
        assert (row["urged"], row["supervised"]) == (known.urged, known.supervised)
        assert row["status"].name == (known.status or "RECEIVED")


@pytest.mark.parametrize("bad", ["url=http://10.0.0.1/&key=k", "url=http://127.0.0.1:9/", "url=x&key=k", "key=k"])
async def test_the_simulator_sends_to_this_machine_only(bad: str) -> None:
    told = await answer(build(1), "POST", f"/sim/push?{bad}")
    assert (told["success"], told["code"]) == (False, 40000)
