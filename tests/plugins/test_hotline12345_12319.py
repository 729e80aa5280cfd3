"""The city management hotline 12319: the same plugin as another source, beside the government hotline."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.types import Receive, Scope, Send

from hub.db import Database
from hub.models import Channel, Request, Source
from hub.plugin import Record
from hub.sync import registry
from hub.sync.registry import Preset
from plugins.hotline12345.simulator import build, build_12319
from tests.plugins.hotlines import answer, effects, hotline, pushed, step
from tests.sync.sources import reached, rows, run, stored

SHIPPED = registry.load()
SETTINGS = dict(next(preset.settings for preset in SHIPPED.presets() if preset.name == "hotline12319"))


class Town:
    """A government hotline and a city management one, each at the port of its ready-made source."""

    def __init__(self, orders: int) -> None:
        self.ports = {8912: build(orders), 8913: build_12319(orders)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.ports[scope["server"][1]](scope, receive, send)

    def orders(self, port: int) -> dict[str, Any]:
        return {known.number: known for known in self.ports[port].state.hotline.orders.values()}

    def shared(self) -> set[str]:
        """The numbers that both use."""
        return self.orders(8912).keys() & self.orders(8913).keys()


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch) -> Town:
    found = Town(500)
    reached(found, monkeypatch)
    return found


async def test_both_hotlines_live_side_by_side(database: Database, town: Town) -> None:
    for name in ("hotline12345", "hotline12319"):
        done = await run(database, SHIPPED, name)
        assert (done.error, done.created) == (None, 500)
    held = await stored(database, Request, "number")
    assert set(held) == {*town.orders(8912), *(f"12319-{number}" for number in town.orders(8913))}
    by_channel = await rows(database, select(Request.channel, func.count()).group_by(Request.channel))
    assert dict(by_channel) == {Channel.HOTLINE_12345: 500, Channel.HOTLINE_12319: 500}
    assert len(town.shared()) == 6
    for number in town.shared():
        titles = held[number]["title"], held[f"12319-{number}"]["title"]
        assert titles[0] != titles[1]
    assert dict(await rows(database, select(Source.name, Source.title))) == {
        "hotline12345": "12345 政务服务便民热线",
        "hotline12319": "12319 城市管理服务热线",
    }


async def test_without_a_prefix_the_same_number_is_the_same_request(database: Database, town: Town) -> None:
    await run(database, SHIPPED, "hotline12345")
    done = await run(database, SHIPPED, "hotline12319", overrides={"prefix": ""})
    assert (done.error, done.created) == (None, 500 - len(town.shared()))
    assert len(await stored(database, Request, "number")) == 1000 - len(town.shared())


async def test_a_step_reaches_the_order_by_its_own_number() -> None:
    app = build_12319(50)
    known = next(one for one in app.state.hotline.orders.values() if one.status == "IN_PROGRESS")
    change = step(known, "HANDLE", key=f"12319-{known.number}", fields={"result": "已清运。"})
    assert await pushed(app, change, **SETTINGS) == f"12319-{known.number}"
    ((token, what, _body),) = await effects(app)
    assert (token, what) == ("t1", "results")
    assert app.state.hotline.orders[known.index].result == "已清运。"


@pytest.mark.parametrize("spelled", ["{}", "12319{}", "12319-{}", "SH{}"])
async def test_its_messages_carry_its_prefix_and_channel(spelled: str) -> None:
    body = f'{{"工单编号": "{spelled.format("260115000000000042")}", "工单状态": "办理中"}}'.encode()
    async with hotline(build_12319(0), **SETTINGS) as source:
        (item,) = (await source.receive(body)).items
    assert isinstance(item, Record)
    number = "12319-260115000000000042"
    assert (item.key, dict(item.fields)) == (
        number,
        {"number": number, "channel": "HOTLINE_12319", "status": "IN_PROGRESS"},
    )


async def test_its_simulator_has_orders_of_its_own() -> None:
    assert Preset("hotline12319", "hotline12345", SETTINGS) in SHIPPED.presets()
    app: Any = SHIPPED.simulators["hotline12319"](orders=40, seed=1)
    other: Any = SHIPPED.simulators["hotline12345"](orders=40, seed=1)
    told, again, others = [
        await answer(one, "GET", "/sim/orders") for one in (app, SHIPPED.simulators["hotline12319"](40, 1), other)
    ]
    assert told == again != others
    spellings = Counter(row.spelling for row in app.state.hotline.rows.values())
    assert spellings.keys() == {"{}", "12319{}", "SH{}", "12319-{}", " {} "}
