"""Plugins are found, checked, and a broken one is shown: it stops neither the hub nor another plugin."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel

from hub.db import Database
from hub.errors import Misconfigured
from hub.models import RunStatus
from hub.plugin import Plugin
from hub.sync import registry
from hub.sync.registry import Preset, Registry, load
from tests.sync.sources import Nothing, counts, organization, plugin, run, told

GOOD = '''
from hub.plugin import Page, Plugin, Record
from pydantic import BaseModel

class Config(BaseModel):
    key: int

class Shelf(Plugin[Config]):
    """A shelf."""

    name, title, Config = "shelf", "书架", Config
    presets = {"my-shelf": {"key": 1}}

    async def pull(self, cursor):
        yield Page([Record("organization", "S", {"code": "S", "name": str(self.config.key)})])
'''
SHIPPED = load()


def folder(path: Path, **files: str) -> Registry:
    for name, content in files.items():
        (path / f"{name}.py").write_text(content, encoding="utf-8")
    return load(str(path))


def test_the_shipped_ones_are_installed_like_any_other() -> None:
    assert (sorted(SHIPPED.plugins), SHIPPED.broken) == (["hotline12345", "spreadsheet", "volunteers"], [])
    assert sorted(SHIPPED.simulators) == ["hotline12345", "volunteers"]
    assert Preset("hotline12345", "hotline12345", {}) in SHIPPED.presets()


async def test_a_folder_brings_plugins_and_the_broken_ones_are_shown(database: Database, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "__init__.py").write_text(GOOD.replace("shelf", "rack"), encoding="utf-8")
    found = folder(
        tmp_path,
        shelf=GOOD,
        again=GOOD,
        exits="import sys\nsys.exit(3)",
        falls="1 / 0",
        half="def",
        missing="import no_such_module",
        bare="from hub.plugin import Plugin\nclass Bare(Plugin): name = 'bare'",
    )
    assert sorted(set(found.plugins) - set(SHIPPED.plugins)) == ["rack", "shelf"]
    assert dict(found.broken) == {
        "bare": "Bare lacks title, Config: see hub/plugin.py.",
        "exits": "SystemExit: 3",
        "falls": "ZeroDivisionError: division by zero",
        "half": "SyntaxError: invalid syntax (half.py, line 1)",
        "missing": "ModuleNotFoundError: No module named 'no_such_module'",
        "shelf": "The name shelf is taken by hub_plugins.again.",
    }
    assert counts(await run(database, found, "my-shelf")) == {"created": 1}


def test_a_folder_that_is_none_is_shown() -> None:
    assert load("/no/such:").broken == [("/no/such", "HUB_PLUGINS names it, but it is no folder.")]


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (5, "5 is no subclass of hub.plugin.Plugin."),
        (type("P", (Plugin,), {"name": "p", "title": "p"}), "P lacks Config: see hub/plugin.py."),
        (
            type("P", (Plugin,), {"name": "p", "title": "p", "Config": dict}),
            "Config of P is no pydantic model: see hub/plugin.py.",
        ),
        (
            type("P", (Plugin,), {"name": "p", "title": "p", "Config": Nothing, "presets": ["p"]}),
            "presets of P are no mapping: see hub/plugin.py.",
        ),
    ],
)
def test_what_is_no_plugin_is_shown(found: object, reason: str) -> None:
    known = Registry()
    known.add("it", found)
    assert (known.plugins, known.broken, known.presets()) == ({}, [("it", reason)], [])


class Form(BaseModel):
    """Settings with a field that is needed."""

    key: int


class Falls(Plugin[Form]):
    """Raises as soon as it is made."""

    name, title, Config = "falls", "falls", Form

    def __init__(self, config: Form, http: httpx2.AsyncClient) -> None:
        raise LookupError("no such key")


@pytest.mark.parametrize(
    ("name", "settings", "reason"),
    [
        ("nobody", {}, "No plugin nobody is installed. `hub plugins` lists those that are."),
        ("falls", {}, "falls: key: Field required. `hub plugins --json` shows the form."),
        ("falls", {"key": 1}, "The plugin falls does not start: LookupError: no such key"),
    ],
)
async def test_a_plugin_that_cannot_be_made_is_told(name: str, settings: dict[str, Any], reason: str) -> None:
    known = Registry()
    known.add("falls", Falls)
    async with httpx2.AsyncClient() as http:
        with pytest.raises(Misconfigured) as error:
            known.make(name, settings, http)
    assert str(error.value) == reason


async def test_a_plugin_without_pull_cannot_be_read_and_others_can(database: Database) -> None:
    mute = type("Mute", (Plugin,), {"name": "mute", "title": "m", "Config": Nothing, "presets": {"mute": {}}})
    known = registry.Registry()
    known.add("mute", mute)
    known.add("other", plugin(told([organization("A")]).plugins["told"].pull, "other"))  # type: ignore[attr-defined]
    with pytest.raises(Misconfigured, match=r"mute cannot be read from: it has no pull\(\)"):
        await run(database, known, "mute")
    done = await run(database, known, "other")
    assert (done.status, counts(done)) == (RunStatus.DONE, {"created": 1})
