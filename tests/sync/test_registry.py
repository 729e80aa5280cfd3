"""Plugins are found, checked, and a broken one is shown: it stops neither the hub nor another plugin."""

import tomllib
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel

from hub.db import Database
from hub.errors import Misconfigured
from hub.kit.beginning import begin
from hub.models import RunStatus
from hub.plugin import Plugin
from hub.sync import registry
from hub.sync.registry import Preset, Registry, load
from tests.sync.sources import Nothing, counts, organization, plugin, run, told

ROOT = Path(__file__).parents[2]

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
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    assert (set(SHIPPED.plugins), SHIPPED.broken) == (set(declared["lianshu.plugins"]), [])
    assert set(SHIPPED.simulators) == set(declared["lianshu.simulators"])
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


def own(where: Path) -> tuple[set[str], list[tuple[str, str]]]:
    found = load(str(where))
    return set(found.plugins) - set(SHIPPED.plugins), found.broken


def test_a_package_its_project_and_a_folder_of_several_will_do(tmp_path: Path) -> None:
    for name in ("parks", "trees"):
        begin(name, tmp_path / f"lianshu-{name}")
    (tmp_path / "lianshu-trees" / "setup.py").write_text("raise SystemExit('it is not to be run')", encoding="utf-8")
    (tmp_path / "shelf.py").write_text(GOOD, encoding="utf-8")
    assert own(tmp_path / "lianshu-parks" / "lianshu_parks") == ({"parks"}, [])
    assert own(tmp_path / "lianshu-trees") == ({"trees"}, [])
    assert own(tmp_path) == ({"parks", "trees", "shelf"}, [])


def test_a_plugin_may_stand_in_a_file_of_its_package(tmp_path: Path) -> None:
    (tmp_path / "rack").mkdir()
    (tmp_path / "rack" / "__init__.py").write_text("from .inside import Shelf\nAlias = Shelf\n", encoding="utf-8")
    (tmp_path / "rack" / "inside.py").write_text(GOOD, encoding="utf-8")
    assert own(tmp_path) == own(tmp_path / "rack") == ({"shelf"}, [])


def test_a_folder_without_plugins_is_told(tmp_path: Path) -> None:
    words = "HUB_PLUGINS names it, but it holds no plugin: neither a .py file, nor a package, nor a project whose"
    assert own(tmp_path) == (set(), [(str(tmp_path), f"{words} pyproject.toml names one in lianshu.plugins.")])
    (tmp_path / "helper.py").write_text("", encoding="utf-8")
    assert own(tmp_path)[1] == [(str(tmp_path), "None of its files holds a subclass of hub.plugin.Plugin.")]
    begin("parks", tmp_path / "it")
    manifest = tmp_path / "it" / "pyproject.toml"
    good = manifest.read_text(encoding="utf-8")
    (tmp_path / "shelf.py").write_text(GOOD, encoding="utf-8")
    manifest.write_text(good.replace("lianshu_parks:Parks", "lianshu_lakes:Parks"), encoding="utf-8")
    names = "It names lianshu_lakes:Parks, and there is no"
    assert own(tmp_path) == (
        {"shelf"},
        [(str(manifest), f"{names} {tmp_path / 'it' / 'lianshu_lakes'}. Correct the entry point.")],
    )
    manifest.write_text("[project", encoding="utf-8")
    assert [name for name, _ in own(tmp_path / "it")[1]] == [str(manifest)]


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


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ({("demand", "title"): "HUB"}, "names ('demand', 'title'). There is no kind 'demand'. There are: grid, "),
        ({("request", "colour"): "HUB"}, "names ('request', 'colour'). A request has no field 'colour'. It has: "),
        ({("request", "title"): "MINE"}, "says 'MINE' of ('request', 'title') and not one of SOURCE, HUB, NEWEST"),
        ({("request", "title"): ["HUB"]}, "says ['HUB'] of ('request', 'title') and not one of SOURCE, HUB, NEWEST"),
        ({"request": "HUB"}, "names 'request' and no pair like ('request', 'status')"),
        ({("request", 1): "HUB"}, "names ('request', 1) and no pair like ('request', 'status')"),
        ([], "is [] and no mapping like {('request', 'status'): 'SOURCE'}"),
    ],
)
def test_rules_of_what_is_not_there_break_a_plugin_at_load(rules: object, reason: str) -> None:
    known = Registry()
    known.add("it", type("P", (Plugin,), {"name": "p", "title": "p", "Config": Nothing, "rules": rules}))
    ((name, told),) = known.broken
    assert (known.plugins, name) == ({}, "it")
    assert told.startswith(f"rules of P {reason}")
    assert told.endswith(": see hub/plugin.py.")


def test_rules_of_one_field_or_of_all_are_taken() -> None:
    rules = {("request", "title"): "SOURCE", ("request", "assignee"): "HUB", ("grid", "*"): "NEWEST"}
    known = Registry()
    known.add("it", type("P", (Plugin,), {"name": "p", "title": "p", "Config": Nothing, "rules": rules}))
    assert ([*known.plugins], known.broken) == (["p"], [])


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
        (
            "nobody",
            {},
            "No plugin nobody is installed. `hub plugins` lists those that are, and the broken ones. One that was "
            "added since the hub was started is there once it is started anew.",
        ),
        ("odd", {}, "The plugin odd is broken: 'words' is no subclass of hub.plugin.Plugin."),
        ("falls", {}, "falls: key: Field required. `hub plugins --json` shows the form."),
        ("falls", {"key": 1}, "The plugin falls does not start: LookupError: no such key"),
    ],
)
async def test_a_plugin_that_cannot_be_made_is_told(name: str, settings: dict[str, Any], reason: str) -> None:
    known = Registry()
    known.add("falls", Falls)
    known.add("odd", "words")
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
