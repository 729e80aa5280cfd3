"""hub rules: what admins decide for sources, from the command line."""

from pathlib import Path

from hub.cli.answers import Exit
from tests.hub.commands import Command


def test_rules_are_set_listed_and_taken_away(command: Command) -> None:
    assert command("rules", "list").out.startswith("No rules are set")
    own = command("rules", "own", "organization", "name", "source", "--note", "登记机关", "--json").json["id"]
    drift = command("rules", "drift", "*", "颜色", "discard", "--json").json["id"]
    listed = command("rules", "list", "--json").json
    assert [(one["id"], one["what"], one["kind"], one["field"], one["rule"]) for one in listed] == [
        (own, "own", "organization", "name", "SOURCE"),
        (drift, "drift", "*", "颜色", "DISCARD"),
    ]
    command("rules", "own", "organization", "name", "hub")
    assert f"{own}  own   organization.name: HUB" in command("rules", "list").out
    for id in (own, drift):
        assert command("rules", "forget", id).code == Exit.DONE
    assert command("rules", "list", "--json").json == []
    assert command("rules", "forget", own).code == Exit.REFUSED


def test_a_field_is_held_and_let_go(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "grids.csv"
    file.write_text("code,name,level,parent\n150699,某区,district,\n", encoding="utf-8")
    command("sync", "run", "divisions", "--path", file)
    file.write_text("code,name,level,parent\n150699,某新区,district,\n", encoding="utf-8")
    plan = command("sync", "plan", "divisions", "--path", file, "--json").json["run"]
    (row,) = command("sync", "show", plan, "--json").json["rows"]
    pin = command("rules", "pin", row["row"], "name", "--reason", "批复未到", "--json").json["id"]
    plan = command("sync", "plan", "divisions", "--path", file, "--json").json["run"]
    assert (
        "name stays, though the source says 某新区: pinned by hub rules: 批复未到" in command("sync", "show", plan).out
    )
    assert command("rules", "forget", pin).code == Exit.DONE
    assert command("sync", "run", "divisions", "--path", file, "--json").json["update"] == 1
    refused = command("rules", "pin", "00000000-0000-7000-8000-000000000000", "name")
    assert (refused.code, refused.err.startswith("hub: No row of a kind")) == (Exit.REFUSED, True)


def test_more_than_the_limit_is_refused_only_with_a_word(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "grids.csv"
    file.write_text("code,name,level,parent\n" + "15x,某区,district,\n" * 60, encoding="utf-8")
    stopped = command("sync", "run", "divisions", "--path", file)
    assert (stopped.code, "60 of 60 records were refused; 5% are allowed" in stopped.out) == (
        Exit.FAILED,
        True,
    )
    let = command("sync", "run", "divisions", "--path", file, "--allow-refused", "看一看", "--json")
    assert (let.code, let.json["reject"]) == (Exit.DONE, 60)
    assert command("rules", "limit", "divisions", 1, "--refused").out.endswith("divisions: 100% refused\n")
    assert command("sync", "run", "divisions", "--path", file).code == Exit.DONE


def test_what_makes_no_sense_is_misuse_or_refused(command: Command) -> None:
    assert command("rules", "own", "grid", "name", "mine").code == Exit.MISUSED
    refused = command("rules", "own", "grid", "colour", "hub", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (Exit.REFUSED, "INVALID")
    assert command("rules", "limit", "nobody", 0.1).code == Exit.REFUSED
    assert command("rules", "limit", "nobody", 0.1, "--refused").code == Exit.REFUSED
    assert command("rules", "list", "--json").json == []
