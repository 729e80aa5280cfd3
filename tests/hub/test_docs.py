"""docs/plugins.md is a sitting that works: its files are written, its commands run, its tables are the code's."""

import os
import re
import subprocess
import sys
from pathlib import Path

from hub.db import Database
from hub.kit.rules import RULES
from tests.hub.commands import environment

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def test_what_the_guide_says_works(database: Database, tmp_path: Path) -> None:
    for kind, text in BLOCKS:
        if (named := re.match(r"# (\S+\.\w+)\n", text)) is not None:
            file = tmp_path / named[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text if kind == "python" else text[named.end() :], encoding="utf-8")
    bin = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    url = database.url.render_as_string(hide_password=False)
    given = environment(HUB_DATABASE_URL=url, HUB_HOME=tmp_path / "home", PATH=bin)
    prepared = ["hub", "db", "upgrade"]
    subprocess.run(prepared, check=True, env=given, capture_output=True)
    commands = "\n".join(text for kind, text in BLOCKS if kind == "sh")
    done = subprocess.run(["sh", "-ec", commands], cwd=tmp_path, env=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "letters: 3 records: 2 created, 0 updated, 1 rejected, 0 unchanged in " in done.stdout
    assert "  row 3: The column number is empty: every letter needs one." in done.stderr.splitlines()
    assert re.findall(r"^(\w+): (bronze|silver|gold)$", done.stdout, re.MULTILINE) == [
        ("letters", "bronze"),
        ("parks", "gold"),
    ]
    assert " failed" not in done.stdout


def test_every_block_is_a_file_or_a_command() -> None:
    unnamed = [kind for kind, text in BLOCKS if kind != "sh" and not re.match(r"# \S+\.\w+\n", text)]
    assert unnamed == ["toml"]
    new = (ROOT / "hub" / "kit" / "template" / "pyproject.toml.txt").read_text(encoding="utf-8")
    written = new.replace("$package", "lianshu_parks").replace("$name", "parks").replace("$Name", "Parks")
    (toml,) = (text for kind, text in BLOCKS if kind == "toml")
    assert toml in written


def test_the_guide_lists_the_rules_as_they_are() -> None:
    listed = re.findall(r"^\| `([a-z]+)` \| (bronze|silver|gold) \| (.+) \| (.+) \|$", GUIDE, re.MULTILINE)
    assert listed == [(rule.id, rule.tier, rule.why, rule.mend) for rule in RULES]


def test_the_guide_names_every_path_and_knob_of_the_contract() -> None:
    contract = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "hub" / "testing").glob("*.py"))
    assert set(re.findall(r"/sim/\w+", contract)) == set(re.findall(r"/sim/\w+", GUIDE))
    knobs = (ROOT / "hub" / "testing" / "knobs.py").read_text(encoding="utf-8")
    assert [knob for knob in re.findall(r"^    (\w+): ClassVar", knobs, re.MULTILINE) if knob not in GUIDE] == []
