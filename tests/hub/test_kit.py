"""The kit for authors: a new plugin works as it is written, and every written rule can be broken."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import entry_points, requires
from pathlib import Path

import pytest

from hub.cli.answers import Exit
from hub.errors import Conflict, Invalid
from hub.kit import checking, package
from hub.kit.beginning import begin
from hub.kit.checking import Finding, check, grade
from hub.kit.rules import RULES, TIERS
from hub.sync.registry import PLUGINS
from tests.hub.commands import hub

ROOT = Path(__file__).parents[2]
CODE, SIMULATOR, TESTS = "lianshu_parks/__init__.py", "lianshu_parks/simulator.py", "tests/test_parks.py"


def findings(project: Path) -> dict[str, Finding]:
    return {finding.rule.id: finding for finding in check(package.opened(project))}


def broken(project: Path) -> dict[str, list[str]]:
    return {id: list(finding.broken) for id, finding in findings(project).items() if finding.broken}


def altered(project: Path, file: str, old: str, new: str) -> None:
    path = project / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_new_plugin_is_gold_and_its_own_tests_pass(tmp_path: Path) -> None:
    project = tmp_path / "lianshu-parks"
    made = hub("plugins", "new", "parks", "--path", project, "--json")
    assert sorted(made.json["files"]) == sorted(str(file) for file in project.rglob("*") if file.is_file())
    checked = hub("plugins", "check", project, "--json")
    assert (checked.code, checked.json["plugin"], checked.json["grade"]) == (Exit.DONE, "parks", "gold")
    assert {rule["verdict"] for rule in checked.json["rules"]} == {"ok"}
    command = [sys.executable, "-m", "hub", "plugins", "test", str(project), "-q", "-p", "no:cacheprovider"]
    tested = subprocess.run(command, capture_output=True, text=True)
    assert (tested.returncode, " failed" in tested.stdout) == (Exit.DONE, False), tested.stdout
    assert "95 passed" in tested.stdout


def test_an_environment_beside_its_code_or_tests_is_no_part_of_it(tmp_path: Path) -> None:
    begin("parks", project := tmp_path / "it")
    for folder in (project / "tests" / ".venv", project / "lianshu_parks" / ".venv"):
        (folder / "lib").mkdir(parents=True)
        (folder / "lib" / "odd.py").write_bytes("# -*- coding: big5 -*-\nname = '公園'\n".encode("big5"))
    assert broken(project) == {}


def test_without_pytest_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin("parks", tmp_path / "it")
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pytest" else real(name))
    tested = hub("plugins", "test", tmp_path / "it")
    assert (tested.code, f"Run: {sys.executable} -m pip install 'lianshu[plugins]'" in tested.err) == (
        Exit.MISUSED,
        True,
    )
    assert "pytest" in {requirement.split(" ")[0].split(";")[0] for requirement in requires("lianshu") or ()}


def test_a_new_plugin_reads_as_ours_do(tmp_path: Path) -> None:
    begin("parks", tmp_path / "it")
    style = ["--isolated", "--no-cache", "--line-length", "120", "--target-version", "py311"]
    ruff = Path(sys.executable).with_name("ruff")
    for command in (["check", "--select", "E,F,I,B,UP,SIM"], ["format", "--check"]):
        done = subprocess.run([ruff, *command, *style, "."], cwd=tmp_path / "it", capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, done.stdout), done.stdout
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--cache-dir", os.devnull]
    where = {**os.environ, "MYPYPATH": str(ROOT)}
    typed = subprocess.run([*mypy, "lianshu_parks"], cwd=tmp_path / "it", capture_output=True, text=True, env=where)
    assert typed.returncode == 0, typed.stdout


@pytest.mark.parametrize("name", ["Parks", "9parks", "my-parks", "", "class", "../parks"])
def test_a_name_that_cannot_be_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot name a plugin"):
        begin(name, tmp_path / "it")
    assert not (tmp_path / "it").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(Conflict, match="There is something in"):
        begin("parks", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert hub("plugins", "new", "parks", "--path", tmp_path / "mine" / "it").code == Exit.REFUSED


BREAKS: Mapping[str, tuple[str, str, str, str]] = {
    "imports": (CODE, "import json", "import json\nimport no_such_module", "ModuleNotFoundError: No module named"),
    "surface": (CODE, 'hosts = ("base_url",)', 'hosts = ("url",)', "hosts of Parks names url, and there is none"),
    "verbs": (CODE, "async def pull", "async def pulls", ""),
    "ours": (CODE, "from hub.plugin", "import hub.db\nfrom hub.plugin", " imports hub.db"),
    "blocking": (
        CODE,
        "        more = True\n",
        "        more = True\n        time.sleep(1)\n",
        ": time.sleep",
    ),
    "client": (CODE, "await self.http.request", "await httpx2.AsyncClient().request", "makes a httpx2.AsyncClient"),
    "errors": (CODE, "except (ValueError, KeyError)", "except Exception", "catches everything and goes on"),
    "hosts": (CODE, 'hosts = ("base_url",)', "hosts = ()", "The setting base_url holds an address"),
    "secrets": (CODE, 'api_key: SecretStr = Field(SecretStr("demo-key")', 'api_key: str = Field("demo-key"', "api_key"),
    "presets": (CODE, 'presets = {"parks": {}}', 'presets = {"parks": {"page_size": 0}}', "The settings of parks are"),
    "settings": (CODE, 'title="接口密钥", ', "", "The setting api_key has no title"),
    "strict": (CODE, 'extra="forbid"', 'extra="ignore"', "Config lacks model_config"),
    "range": (CODE, 'hub = ">=0.1,<1"', 'hub = ""', "`hub` is empty"),
    "addresses": (CODE, "LATER = frozenset", 'NEWS = "https://news.example/feed"\nLATER = frozenset', "news.example"),
    "docs": (CODE, '    """What it says when it has taken something."""\n\n', "", "the class Written"),
    "readme": ("README.md", "parks", "them", ""),
    "contract": (
        TESTS,
        "plugin, simulator = Parks, build",
        "plugin, simulator = None, build",
        "No test class inherits",
    ),
    "quiet": (CODE, "        more = True\n", "        more = True\n        print(cursor)\n", ": print"),
    "state": (SIMULATOR, "    world = World", "    global KEY\n    world = World", "changes the global KEY"),
    "manifest": ("pyproject.toml", 'license = "Apache-2.0"\n', "", "pyproject.toml has no license"),
    "entry": ("pyproject.toml", 'parks = "lianshu_parks:Parks"', 'benches = "lianshu_parks:Parks"', "lianshu.plugins"),
    "simulator": ("pyproject.toml", "lianshu_parks.simulator:build", "others:build", "in the group lianshu.simulators"),
    "typed": (CODE, "def read(item: Any,", "def read(item,", "read: item"),
    "size": (CODE, "LATER = frozenset", "\n" * 400 + "LATER = frozenset", "__init__.py has"),
}


def test_every_rule_is_broken_below() -> None:
    assert list(BREAKS) == [rule.id for rule in RULES]
    assert {rule.tier for rule in RULES} == set(TIERS)


@pytest.mark.parametrize("rule", [rule for rule in BREAKS if rule not in ("verbs", "readme")])
def test_a_broken_rule_is_told(rule: str, tmp_path: Path) -> None:
    begin("parks", tmp_path / "it")
    file, old, new, said = BREAKS[rule]
    altered(tmp_path / "it", file, old, new)
    told = broken(tmp_path / "it")
    assert said in told[rule][0]


def test_a_simulator_may_use_its_own_client_as_long_as_the_plugin_does_not_import_it(tmp_path: Path) -> None:
    begin("parks", tmp_path)
    altered(tmp_path, SIMULATOR, "    world = World", "    httpx2.Client(); time.sleep(0)\n    world = World")
    assert broken(tmp_path) == {}
    for line in ("from lianshu_parks.simulator import KEY", "from . import simulator", "from .simulator import KEY"):
        altered(tmp_path, CODE, "import json", f"{line}\nimport json")
        told = broken(tmp_path)
        assert told["client"][0].endswith("makes a httpx2.Client")
        assert told["blocking"][0].endswith(": time.sleep")
        altered(tmp_path, CODE, f"{line}\n", "")


def test_a_database_may_block_in_a_thread_and_nowhere_else(tmp_path: Path) -> None:
    begin("parks", tmp_path)
    altered(tmp_path, CODE, "import json", "import json\nfrom sqlalchemy import create_engine, select")
    (told,) = broken(tmp_path)["blocking"]
    assert told.endswith(": sqlalchemy.create_engine")
    altered(tmp_path, CODE, "        more = True\n", "        more = True\n        await asyncio.to_thread(str)\n")
    assert "blocking" not in broken(tmp_path)


def test_a_plugin_without_verbs_or_a_readme_is_told(tmp_path: Path) -> None:
    begin("parks", tmp_path)
    for verb in ("pull", "push", "receive"):
        altered(tmp_path, CODE, f"async def {verb}(", f"async def {verb}s(")
    altered(tmp_path, CODE, 'pushes = frozenset({"request"})\n', "")
    (tmp_path / "README.md").unlink()
    told = broken(tmp_path)
    assert told["verbs"] == ["It has neither pull(), push() nor receive()."]
    assert told["readme"] == ["No README.md in its folder or its project speaks of parks"]


def test_a_grade_is_reached_where_all_below_it_hold() -> None:
    def with_broken(*ids: str) -> str:
        return grade([Finding(rule, ["here"] if rule.id in ids else []) for rule in RULES])

    assert [with_broken(), with_broken("size"), with_broken("docs"), with_broken("hosts")] == [
        "gold", "silver", "bronze", "none"
    ]  # fmt: skip
    assert with_broken("size", "hosts") == "none"


def test_an_exemption_counts_where_it_says_why_and_never_from_bronze(tmp_path: Path) -> None:
    begin("parks", tmp_path)
    altered(tmp_path, CODE, "import json", "# exempt: range because it goes with every hub\nimport json")
    altered(tmp_path, CODE, 'hub = ">=0.1,<1"', 'hub = ""')
    (finding,) = (one for one in findings(tmp_path).values() if one.broken)
    assert (finding.rule.id, finding.verdict, finding.exempt) == ("range", "exempt", "it goes with every hub")
    shown = hub("plugins", "check", tmp_path)
    assert (shown.code, shown.out.splitlines()[-1]) == (Exit.DONE, "parks: gold")
    assert "exempt  silver  range      It must say for which hub it is. because it goes with every hub" in shown.out
    altered(tmp_path, CODE, "# exempt: range", "# exempt: hosts because of me\n# exempt: range")
    altered(tmp_path, CODE, 'hosts = ("base_url",)', "hosts = ()")
    refused = hub("plugins", "check", tmp_path)
    assert (refused.code, refused.out.splitlines()[-1]) == (Exit.FAILED, "parks: none")
    assert "          -> Name the setting in `hosts`." in refused.out.splitlines()


def test_an_import_that_hangs_or_ends_the_process_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ends.py").write_text("import os\nos._exit(7)\n")
    assert broken(tmp_path / "ends.py")["imports"] == ["The import ended the process: 7"]
    monkeypatch.setattr(package, "SECONDS", 2)
    (tmp_path / "hangs.py").write_text("while True: pass\n")
    assert broken(tmp_path / "hangs.py")["imports"] == ["The import did not end within 2 seconds."]


def test_what_is_no_plugin_is_refused(tmp_path: Path) -> None:
    (tmp_path / "half.py").write_text("def")
    assert "is no Python" in hub("plugins", "check", tmp_path / "half.py").err
    assert "holds no plugin" in hub("plugins", "check", tmp_path).err
    assert hub("plugins", "check", tmp_path / "nowhere").code == Exit.REFUSED
    assert hub("plugins", "test", ROOT).code == Exit.REFUSED
    (tmp_path / "empty.py").write_text('"""Nothing."""\n')
    assert broken(tmp_path / "empty.py")["imports"] == ["empty holds no subclass of hub.plugin.Plugin."]
    assert "speaks of empty" in hub("plugins", "test", tmp_path / "empty.py").err


@pytest.mark.parametrize("entry", entry_points(group=PLUGINS), ids=lambda entry: entry.name)
def test_every_shipped_plugin_is_gold(entry: object) -> None:
    path = ROOT.joinpath(*str(entry.value).partition(":")[0].split("."))  # type: ignore[attr-defined]
    found = checking.check(package.opened(path))
    assert [(one.rule.id, list(one.broken)) for one in found if one.verdict == "not"] == []
    assert grade(found) == "gold"
