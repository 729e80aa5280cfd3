"""hub sync add, set: sources with settings that last."""

from pathlib import Path
from typing import Any

import pytest

from tests.hub.commands import Command


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "units.csv"
    file.write_text("code,name\nO-1,一号单位\nO-2,二号单位\n")
    return file


def added(command: Command, table: Path, *more: str) -> Any:
    return command("sync", "add", "units", "spreadsheet", "--set", "kind=organization", "--set", f"path={table}", *more)


def test_a_source_that_is_added_is_run_by_its_name(command: Command, table: Path) -> None:
    answer = added(command, table, "--title", "区里的单位", "--json")
    assert (answer.code, answer.json["source"], answer.json["title"]) == (0, "units", "区里的单位")
    assert answer.json["set"] == ["kind", "path"]
    assert command("sync", "run", "units", "--json").json["create"] == 2
    assert command("sync", "run", "units", "--json").json["unchanged"] == 2


def test_a_path_is_kept_from_the_root_on(command: Command, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(table.parent)
    answer: Any = command(
        "sync", "add", "units", "spreadsheet", "--set", "kind=organization", "--set", "path=units.csv"
    )
    assert answer.code == 0
    shown: Any = command("sync", "set", "units", "--json")
    assert shown.json["settings"]["path"] == str(table)
    monkeypatch.chdir("/")
    assert command("sync", "run", "units", "--json").json["create"] == 2


def test_settings_are_changed_and_taken_back(command: Command) -> None:
    changed: Any = command("sync", "set", "hotline12345", "page_size=50", "api_key=geheim-123", "--json")
    assert (changed.code, changed.json["settings"]["page_size"]) == (0, 50)
    assert changed.json["settings"]["api_key"] == "**********"
    assert changed.json["set"] == ["api_key", "page_size"]
    assert "geheim" not in command("sync", "set", "hotline12345").out
    back: Any = command("sync", "set", "hotline12345", "--unset", "page_size", "--json")
    assert (back.json["settings"]["page_size"], back.json["set"]) == (200, ["api_key"])


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("add", "units", "nonesuch"), 2, "No plugin nonesuch is installed."),
        (("add", "a/b", "spreadsheet"), 2, "'a/b' can be no name"),
        (("add", "hotline12345", "hotline12345"), 4, "hotline12345 is a ready-made source"),
        (("add", "units", "spreadsheet", "--set", "nonesuch=1"), 2, "spreadsheet has no setting nonesuch."),
        (("set", "nonesuch", "a=1"), 4, "source nonesuch"),
        (("set", "hotline12345", "page_size=0"), 2, "hotline12345: page_size:"),
        (("set", "hotline12345", "page_size"), 2, "page_size: write NAME=VALUE."),
        (("set", "hotline12345", "--unset", "page_size"), 2, "has nothing set for page_size."),
        (("set", "hotline12345", "page_size=1", "--unset", "page_size"), 2, "page_size: set it or unset it."),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    command: Command, words: tuple[str, ...], code: int, told: str
) -> None:
    command("sync", "set", "hotline12345")
    before = command("sync", "status", "--json").out
    answer = command("sync", *words)
    assert (answer.code, told in answer.err) == (code, True), answer.err
    assert command("sync", "status", "--json").out == before


def test_a_name_is_taken_once(command: Command, table: Path) -> None:
    added(command, table)
    answer = added(command, table)
    assert (answer.code, "There is a source units already" in answer.err) == (4, True)
