"""Every shipped plugin keeps the contract that a stranger's must keep."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from hub.plugin import Event
from hub.sync.registry import load
from hub.testing import PluginContract, change
from hub.testing.configuring import Configuring
from hub.testing.pulling import Files, Reading
from plugins.exchange_db import ExchangeDB
from plugins.exchange_db import simulator as exchange
from plugins.hotline12345 import Hotline12345
from plugins.hotline12345 import simulator as hotline
from plugins.hotline12345.simulated_orders import order
from plugins.open311 import Open311
from plugins.open311 import simulator as city
from plugins.practices import Practices
from plugins.singer import Singer
from plugins.spreadsheet import Spreadsheet
from plugins.volunteers import Volunteers
from plugins.volunteers import simulator as registry
from plugins.volunteers.dialect import STREAMS
from plugins.volunteers.simulated_registry import Registry
from plugins.webhook import Webhook
from plugins.webhook import simulator as subscriber
from tests.plugins import taps

ORDERS = "number,title,grid,status\n" + "".join(f"L{at},路灯不亮{at},150602001,PENDING\n" for at in range(40))
PRACTICE = """
practice: {code: linhe, name: 示例临河区, title: 示例邻里通}
schemes: [{code: GOALS, kind: GOALS, name: 目标, items: [邻里相助, 有事好商量]}]
"""
AT = datetime(2026, 3, 2, 2, tzinfo=UTC)
HOURS = {"person": "1506020000000000", "title": "文明交通", "started_at": AT, "hours": 2, "method": "APP"}


def handled(index: int, seed: int = 1, prefix: str = "") -> Any:
    """The result of an order of the hotline, which is known there."""
    known = order(seed, index)
    told = {"number": known.number, "result": "路灯已修复。", "handled_at": AT, "solved": True}
    step = Event("HANDLE", AT, "城管中队", "已现场核实")
    return change("request", key=f"{prefix}{known.number}", fields=told, event=step, token=f"step {index}")


def in_each_dialect(seed: int, prefix: str = "") -> list[Any]:
    """A result of an open order in every dialect that the hotline speaks."""
    found = {order(seed, index).dialect: index for index in range(30) if order(seed, index).status != "CLOSED"}
    return [handled(index, seed, prefix) for index in found.values()]


class TestHotline12345(PluginContract):
    plugin, simulator = Hotline12345, hotline.build
    options = {"orders": 60}
    small_pages = {"page_size": 7}
    changes = in_each_dialect(1)
    broken_settings = (
        {"district": "东胜"},
        {"words": {"solved": {"好": "FINE"}}},
        {"base_url": "hotline"},
        {"channel": "FAX"},
        {"prefix": "12319/"},
        {"dialect": "火星"},
        {"since": "2026-03-02T00:00:00+08:00", "until": "2026-03-01T00:00:00+08:00"},
    )


class TestHotline12319(PluginContract):
    plugin, simulator = Hotline12345, hotline.build_12319
    settings = Hotline12345.presets["hotline12319"]
    options = {"orders": 30}
    changes = in_each_dialect(1 + 12319, "12319-")[:1]


class TestOpen311(PluginContract):
    plugin, simulator = Open311, city.build
    options = {"orders": 60}
    settings = {"default_service": "ZF001"}
    small_pages = {"page_size": 7}
    broken_settings = ({"base_url": "city"}, {"timezone": "Mars"}, {"statuses": {"lost": "GONE"}}, {"under": "东胜"})


class TestVolunteers(PluginContract):
    plugin, simulator = Volunteers, registry.build
    options = {"orders": 20}
    settings = Volunteers.presets["volunteers"]
    changes = (change("service_record", fields=HOURS),)
    broken_settings = (
        {"columns": {"hours.colour": []}},
        {"words": {"status": {"好": "FINE"}}},
        {"division": "东胜"},
        {"hash_key": "short"},
        {"base_url": None},
        {"api_key": ""},
    )


class TestVolunteersInFiles(Configuring, Reading, Files):
    plugin, over_http = Volunteers, False
    settings = {"hash_key": "demo-key-for-hashes"}

    def files(self, folder: Path) -> Mapping[str, Any]:
        known = Registry(seed=1)
        known.fill(20)
        for stream in STREAMS:
            (folder / f"{stream}.csv").write_text(registry.exported(known, stream), encoding="utf-8", newline="")
        return {"path": str(folder)}


class TestExchangeDB(PluginContract):
    plugin, over_http = ExchangeDB, False
    simulator = exchange.build
    broken_settings = ({"url": "exchange"}, {"timezone": "Mars"}, {"tables": [{}]}, {"results": {"columns": {}}})

    def simulated(self, folder: Path) -> ASGIApp:
        return exchange.build(60, path=folder / "exchange.sqlite")

    def files(self, folder: Path) -> Mapping[str, Any]:
        return exchange.settings(folder / "exchange.sqlite")


class TestSinger(PluginContract):
    plugin = Singer
    settings = {"config": taps.plan(rows=12, every=4), "streams": [taps.ORDERS]}
    small_pages = {"page_size": 3}
    broken_settings = ({"config": "[]"}, {"tap": "--help"}, {"timezone": "Mars"}, {"streams": [{"stream": "orders"}]})

    def files(self, folder: Path) -> Mapping[str, Any]:
        return {"tap": taps.program(folder)}


class TestWebhook(PluginContract):
    plugin, simulator = Webhook, subscriber.build
    settings = {"url": "http://subscriber/", "secret": subscriber.SECRET}
    broken_settings = ({"url": "ftp://x"}, {"secret": "short"}, {"algorithm": "md5"})


class TestSpreadsheet(PluginContract):
    plugin = Spreadsheet
    settings = {"kind": "request"}
    broken_settings = ({"encoding": "ebcdic-9"}, {"timezone": "Mars"}, {"profile": "0"}, {"columns": {"colour": []}})

    def files(self, folder: Path) -> Mapping[str, Any]:
        (folder / "orders.csv").write_text(ORDERS, encoding="utf-8")
        return {"path": str(folder)}


class TestPractices(PluginContract):
    plugin, over_http = Practices, False
    broken_settings = ({"folder": "practices"},)

    def files(self, folder: Path) -> Mapping[str, Any]:
        (folder / "practices").mkdir(exist_ok=True)
        (folder / "practices" / "linhe.yaml").write_text(PRACTICE, encoding="utf-8")
        return {"path": str(folder / "practices")}


def test_every_shipped_plugin_is_under_the_contract() -> None:
    under = {one.plugin for one in PluginContract.__subclasses__() if one.__module__ == __name__}
    assert under == set(load().plugins.values())
