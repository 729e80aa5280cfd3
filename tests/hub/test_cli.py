"""Every command: its answer, its exit code, and what it says to a script."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from hub.cli import app
from hub.cli.answers import Exit
from hub.cli.simulate import asked_at
from hub.db import Database
from hub.sync import registry
from tests.hub.commands import Command, hub

ROOT = Path(__file__).parents[2]


def commands(group: Any, above: str = "") -> Iterator[str]:
    """Every command and group there is, in words."""
    yield above
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, f"{above} {name}".lstrip())


EVERY = list(commands(typer.main.get_command(app)))


def test_commands_of_commands_are_found() -> None:
    assert {"", "serve", "sync", "sync add", "practices verify", "rules own", "targets replay"} <= set(EVERY)
    assert len(EVERY) == len(set(EVERY)) > 60


@pytest.mark.parametrize("words", EVERY)
def test_every_command_explains_itself(words: str) -> None:
    helped = hub(*words.split(), "--help")
    assert helped.code == 0
    assert f"Usage: hub {words}".rstrip() in helped.out
    assert len(helped.out.splitlines()) > 6


def test_the_help_says_what_the_exit_codes_mean() -> None:
    said = " ".join(re.sub(r"[│╭╮╰╯─]", " ", hub("--help").out).split())
    codes = said.partition("Exit codes: ")[2].split(" · ")
    assert [int(code.partition(" ")[0]) for code in codes] == sorted(Exit)


def test_an_unknown_command_or_option_is_misuse() -> None:
    assert hub("fly").code == hub("doctor", "--fast").code == hub("token", "--days", 0).code == Exit.MISUSED


def test_a_bad_setting_is_named() -> None:
    refused = hub("doctor", PORT="eighty")
    assert refused.code == Exit.MISUSED
    assert refused.err.startswith("hub: PORT is not usable: ")


def test_a_database_that_does_not_answer_is_unavailable() -> None:
    refused = hub("db", "status", "--json", HUB_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert refused.code == Exit.UNAVAILABLE
    assert refused.json == {"error": {"code": "UNAVAILABLE", "message": refused.err.removeprefix("hub: ").strip()}}


def test_a_database_of_somebody_elses_is_not_touched_unasked(database: Database, tmp_path: Path) -> None:
    url = database.url.render_as_string(hide_password=False)
    refused = hub("sync", "status", HUB_DATABASE_URL=url, HUB_HOME=tmp_path)
    assert refused.code == Exit.MISUSED
    assert re.fullmatch(r"hub: The database lacks \d+ steps\. Run: hub db upgrade\.\n", refused.err)
    assert hub("db", "status", HUB_DATABASE_URL=url).code == Exit.FAILED
    assert hub("db", "upgrade", HUB_DATABASE_URL=url).code == Exit.DONE
    assert hub("db", "upgrade", HUB_DATABASE_URL=url).out == "Nothing to do.\n"
    assert hub("db", "status", "--json", HUB_DATABASE_URL=url).json == {"pending": []}


def test_a_token_is_alone_on_stdout(command: Command) -> None:
    given = command("token", "--as", "admin", "--name", "王敏", "--days", 7)
    assert re.fullmatch(r"lh_[0-9a-f]{12}_[\w-]{43}\n", given.out)
    assert given.err.startswith("A token for 王敏 (admin), until 20")


def test_a_token_may_act_for_a_party(command: Command) -> None:
    command("sync", "run", "example-organizations")
    given = command("token", "--as", "handler", "--party", "ORG-DS-016", "--json")
    assert (given.code, given.json["party"]) == (Exit.DONE, "ORG-DS-016")
    assert command("token", "--as", "handler", "--party", "nobody").code == Exit.REFUSED
    assert "It stands nowhere" in command("token", "--as", "handler").err


def test_a_token_for_an_unknown_role_or_grid_is_refused(command: Command) -> None:
    assert command("token", "--as", "emperor").code == Exit.REFUSED
    refused = command("token", "--as", "clerk", "--grid", "999")
    assert (refused.code, refused.out) == (Exit.REFUSED, "")


def test_plugins_tell_their_verbs_sources_and_settings(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import nothing_of_that_name\n")
    listed = hub("plugins", "--json", HUB_PLUGINS=tmp_path)
    by_name = {one["name"]: one for one in listed.json["plugins"]}
    assert {name: one["verbs"] for name, one in by_name.items()} == {
        "hotline12345": ["pull", "push", "receive"],
        "open311": ["pull", "push"],
        "exchange_db": ["pull", "push"],
        "practices": ["pull"],
        "singer": ["pull"],
        "spreadsheet": ["pull"],
        "volunteers": ["pull", "push"],
        "webhook": ["push", "receive"],
    }
    assert by_name["hotline12345"]["simulated"] is True
    assert "divisions" in by_name["spreadsheet"]["presets"]
    assert by_name["spreadsheet"]["settings"]["properties"]["path"]["title"] == "路径"
    assert listed.json["broken"] == [
        {"name": "broken", "reason": "ModuleNotFoundError: No module named 'nothing_of_that_name'"}
    ]
    assert "broken is broken: ModuleNotFoundError" in hub("plugins", HUB_PLUGINS=tmp_path).err


def test_a_simulator_stands_where_its_ready_made_source_asks() -> None:
    known = registry.load()
    ports = {name: asked_at(known, name) for name in ("hotline12345", "hotline12319", "open311", "divisions")}
    assert ports == {"hotline12345": 8912, "hotline12319": 8913, "open311": 8914, "divisions": 0}


def test_a_simulator_that_is_not_there_is_refused() -> None:
    assert hub("simulate", "spreadsheet").code == Exit.REFUSED


def test_the_plugin_of_the_documentation_works(command: Command, tmp_path: Path) -> None:
    written = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letters.py").write_text(written, encoding="utf-8")
    letters = tmp_path / "letters.csv"
    letters.write_text("number,title,grid\nL1,路灯不亮,150602001\n,无编号,150602001\n", encoding="utf-8")
    command("sync", "run", "divisions")
    done = command("sync", "run", "letters", "--path", letters, HUB_PLUGINS=tmp_path / "mine")
    assert done.out.startswith("letters: 2 records: 1 created, 0 updated, 1 rejected, 0 unchanged in ")
    assert done.err.splitlines() == [
        "  row 3: The column number is empty: every letter needs one.",
        "  What to do with them: hub sync rejected letters",
    ]
