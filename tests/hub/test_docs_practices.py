"""docs/practices.md is a sitting that works: its city is read, built and verified; its table is the form's."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest
from pydantic import BaseModel
from sqlalchemy import select

from hub.db import Database
from hub.models import Escalation, Practice
from plugins.practices import form
from tests.hub.commands import environment
from tests.sync.sources import column

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "practices.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
PARTS = {
    "practice": form.Practice,
    "schemes": form.Scheme,
    "items": form.Item,
    "workflows": form.Workflow,
    "steps": form.Step,
    "overdue": form.Overdue,
    "indicators": form.Indicator,
    "series": form.Series,
    "rotas": form.Rota,
    "catalogue": form.Duty,
    "features": form.Feature,
    "figures": form.Figure,
    "scenario": form.Act,
    "demo": form.Demo,
}


async def sh(commands: str, folder: Path, given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What a shell answers, once all of these commands have worked."""
    asked = partial(subprocess.run, cwd=folder, env=given, capture_output=True, text=True, check=False)
    done: subprocess.CompletedProcess[str] = await asyncio.to_thread(asked, ["sh", "-ec", commands])
    assert done.returncode == 0, done.stdout + done.stderr
    return done


async def test_what_the_guide_says_works(database: Database, tmp_path: Path) -> None:
    (city,) = (text for kind, text in BLOCKS if kind == "yaml")
    name, _, content = city.partition("\n")
    file = tmp_path / name.removeprefix("# ")
    file.parent.mkdir()
    file.write_text(content, encoding="utf-8")
    bin = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    url = database.url.render_as_string(hide_password=False)
    given = environment(HUB_DATABASE_URL=url, HUB_HOME=tmp_path / "home", PATH=bin)
    (commands,) = (text for kind, text in BLOCKS if kind == "sh")
    done = await sh(f"hub db upgrade\n{commands}", tmp_path, given)
    assert "linhe        示例临河区 · 示例邻里通 · 2 features" in done.stdout.splitlines()
    verified = re.findall(r"^(ok|NO)  linhe +(\S+) +(\w+)", done.stdout, re.MULTILINE)
    assert verified == [
        ("ok", "L1-01", "teams"),
        ("ok", "L1-01", "volunteers"),
        ("ok", "L1-02", "closure"),
        ("ok", "L1-02", "scenario"),
    ]
    assert "2 of 2 features hold." in done.stderr.splitlines()
    file.write_text(content.replace("      - {days: 3, do: ESCALATE}\n", ""), encoding="utf-8")
    await sh("hub sync run practices\n" * 2 + "hub sync run cities\n" * 2, tmp_path, given)
    assert await column(database, select(Practice.closed_on).where(Practice.code == "linhe")) == [None]
    rungs = select(Escalation.code).where(Escalation.code.startswith("linhe."), Escalation.closed_on.is_(None))
    assert await column(database, rungs) == ["linhe.THREE.urge.1"]


@pytest.mark.parametrize("part", PARTS)
def test_the_guide_lists_the_keys_of_every_part(part: str) -> None:
    (listed,) = re.findall(rf"^\| `{part}` \| (.+?) \|", GUIDE, re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", listed)) == sorted(form.keys_of(PARTS[part]))


def test_every_part_of_the_form_is_listed() -> None:
    def within(part: type[BaseModel]) -> set[type[BaseModel]]:
        parts = {name: form.part_at((name,)) for name in form.keys_of(part)}
        return {one for one in parts.values() if one is not None}

    assert within(form.PracticeFile) <= set(PARTS.values())
