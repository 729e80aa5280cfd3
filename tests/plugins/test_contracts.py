"""Every shipped plugin keeps the contract that a stranger's must keep."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.sync.registry import load
from hub.testing import PluginContract
from plugins.hotline12345 import Hotline12345
from plugins.hotline12345.simulator import build
from plugins.spreadsheet import Spreadsheet

ORDERS = "number,title,grid,status\n" + "".join(f"L{at},路灯不亮{at},150602001,PENDING\n" for at in range(40))


class TestHotline12345(PluginContract):
    plugin, simulator = Hotline12345, build
    options = {"orders": 60}
    small_pages = {"page_size": 7}
    broken_settings = ({"district": "东胜"}, {"words": {"solved": {"好": "FINE"}}}, {"base_url": "hotline"})


class TestSpreadsheet(PluginContract):
    plugin = Spreadsheet
    settings = {"kind": "request"}
    broken_settings = ({"encoding": "ebcdic-9"}, {"timezone": "Mars"}, {"profile": "0"}, {"columns": {"colour": []}})

    def files(self, folder: Path) -> Mapping[str, Any]:
        (folder / "orders.csv").write_text(ORDERS, encoding="utf-8")
        return {"path": str(folder)}


def test_every_shipped_plugin_is_under_the_contract() -> None:
    under = {one.plugin for one in PluginContract.__subclasses__() if one.__module__ == __name__}
    assert under == set(load().plugins.values())
