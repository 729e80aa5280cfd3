"""Every command: its answer, its exit code, and what it says to a script."""

import re
from pathlib import Path

import pytest

from hub.cli.answers import Exit
from hub.db import Database
from tests.hub.commands import Command, hub

ROOT = Path(__file__).parents[2]
HEADER = "code,name,level,parent\n"


def csv(folder: Path, *rows: str) -> Path:
    file = folder / "divisions.csv"
    file.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return file


COMMANDS = """
serve;worker;sync;sync run;sync plan;sync show;sync apply;sync undo;sync rejected;sync fix;sync replay;sync ignore;
sync history;sync status;simulate;plugins;sdl;token;db;db upgrade;db status;db backup;db restore;db tally;demo;
explain;doctor;targets;targets list;targets add;targets pause;targets resume;targets deliveries;targets show;
targets retry;targets replay;targets skip
"""


@pytest.mark.parametrize("words", ["", *COMMANDS.replace("\n", "").split(";")])
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


def test_a_run_tells_a_script_its_counts(command: Command, tmp_path: Path) -> None:
    file = csv(tmp_path, "150602,东胜区,DISTRICT,", "150602001,交通街道,STREET,150602")
    done = command("sync", "run", "divisions", "--path", file, "--json")
    counts = {"records": 2, "create": 2, "update": 0, "close": 0, "reject": 0, "unchanged": 0}
    assert done.code == Exit.DONE
    assert done.json == done.json | counts | {"source": "divisions", "status": "DONE", "error": None}
    assert set(done.json) == {*counts, "run", "source", "status", "seconds", "rows_per_second", "error"}
    again = command("sync", "run", "divisions", "--path", file)
    assert again.out.startswith("divisions: 2 records, nothing changed, in ")


def test_a_run_with_rejected_records_shows_them(command: Command, tmp_path: Path) -> None:
    file = csv(tmp_path, "150602,东胜区,DISTRICT,", "15x602,坏,STREET,150602")
    done = command("sync", "run", "divisions", "--path", file)
    assert done.code == Exit.DONE
    assert command("sync", "run", "divisions", "--path", file, "--strict").code == Exit.PARTLY
    assert ": 1 created, 0 updated, 1 rejected, 0 unchanged in " in done.out
    *_, shown, hint = done.err.splitlines()
    assert "divisions.csv" in shown
    assert "15x602" in shown
    assert hint == "  What to do with them: hub sync rejected divisions"


def test_a_plan_is_shown_page_by_page_and_applied(command: Command, tmp_path: Path) -> None:
    file = csv(tmp_path, "150602,东胜区,DISTRICT,", "150602001,交通街道,STREET,150602", "15x602,坏,STREET,150602")
    plan = command("sync", "plan", "divisions", "--path", file, "--json")
    assert plan.code == Exit.DONE
    assert plan.json == plan.json | {"create": 2, "update": 0, "close": 0, "reject": 1, "unchanged": 0}
    id = plan.json["run"]
    shown = command("sync", "show", id, "--json", "--size", 2, "--page", 1).json
    assert (shown["status"], shown["total"], shown["pages"], len(shown["rows"])) == ("PLANNED", 3, 2, 2)
    assert shown["rows"][0] == {
        "number": 1,
        "action": "CREATE",
        "kind": "grid",
        "key": "150602",
        "old": {},
        "new": {"code": "150602", "level": "DISTRICT", "name": "东胜区", "path": "150602/"},
        "rule": "nothing known by this key",
        "state": "WAITING",
        "reason": None,
    }
    read = command("sync", "show", id, "--action", "create")
    assert "      1 CREATE grid 150602: nothing known by this key" in read.out.splitlines()
    assert "               name: 东胜区" in read.out.splitlines()
    done = command("sync", "apply", id, "--json")
    assert (done.code, done.json["plan"], done.json["refused"]) == (Exit.DONE, id, [])
    assert done.json == done.json | {"create": 2, "update": 0, "close": 0, "reject": 1, "unchanged": 0, "moved": 0}
    again = command("sync", "apply", id)
    assert (again.code, again.err) == (
        Exit.REFUSED,
        f"hub: The run {id} was applied already. `hub sync plan` makes a new plan.\n",
    )
    assert command("sync", "show", "00000000-0000-0000-0000-000000000000").code == Exit.REFUSED
    assert command("sync", "show", "yesterday").code == Exit.MISUSED
    assert command("sync", "show", id, "--action", "fly").code == Exit.MISUSED


def test_what_has_moved_since_a_plan_is_listed(command: Command, tmp_path: Path) -> None:
    plan = command("sync", "plan", "divisions", "--path", csv(tmp_path, "150602,东胜区,DISTRICT,"))
    (id,) = re.findall(r"hub sync apply (\S+)", plan.err)
    command("sync", "run", "divisions", "--path", csv(tmp_path, "150602,另一个名字,DISTRICT,"))
    done = command("sync", "apply", id)
    assert done.code == Exit.PARTLY
    assert "1 not done, as they had moved" in done.out
    assert done.err.endswith("  CREATE grid 150602: Planned as CREATE, by now it would be UPDATE.\n")
    shown = command("sync", "show", id, "--state", "refused")
    assert "      1 CREATE grid 150602 [refused]: Planned as CREATE" in shown.out


def test_a_run_is_taken_back(command: Command, tmp_path: Path) -> None:
    command("sync", "run", "divisions", "--path", csv(tmp_path, "150602,东胜区,DISTRICT,"))
    rows = ("150602,东胜,DISTRICT,", "150602001,交通街道,STREET,150602")
    done = command("sync", "run", "divisions", "--path", csv(tmp_path, *rows), "--json").json["run"]
    back = command("sync", "undo", done, "--json")
    assert (back.code, back.json["refused"]) == (Exit.DONE, [])
    assert back.json == back.json | {"update": 1, "close": 1, "create": 0, "moved": 0}
    shown = command("sync", "show", back.json["run"]).out
    assert "               name: 东胜 → 东胜区" in shown.splitlines()
    assert command("sync", "undo", back.json["run"]).code == Exit.REFUSED
    assert command("sync", "history", "divisions", "--json").json[0]["mode"] == "UNDO"


def test_a_run_that_fails_says_why(command: Command) -> None:
    failed = command("sync", "run", "divisions", "--path", "/no/such.csv", "--json")
    assert failed.code == Exit.FAILED
    assert failed.json["status"] == "FAILED"
    assert "/no/such.csv" in failed.json["error"]


def test_what_is_tried_again_meanwhile_stays_off_stdout(command: Command) -> None:
    failed = command("sync", "run", "hotline12345", "--set", "base_url=http://127.0.0.1:1", "--json")
    assert (failed.code, failed.json["status"]) == (Exit.FAILED, "FAILED")
    assert "retry_scheduled" in failed.err


def test_an_unknown_source_is_refused_with_the_known_ones(command: Command) -> None:
    refused = command("sync", "run", "nowhere")
    assert refused.code == Exit.REFUSED
    assert "divisions" in refused.err


def test_a_setting_of_one_run_must_have_a_value(command: Command) -> None:
    assert command("sync", "run", "divisions", "--set", "sheet").code == Exit.MISUSED


def test_status_lists_what_ran_and_what_never_did(command: Command, tmp_path: Path) -> None:
    command("sync", "run", "divisions", "--path", csv(tmp_path, "150602,东胜区,DISTRICT,"))
    listed = {one["source"]: one for one in command("sync", "status", "--json").json}
    assert listed["divisions"]["last"]["create"] == 1
    assert listed["hotline12345"] == {
        "source": "hotline12345",
        "plugin": "hotline12345",
        "enabled": True,
        "last": None,
    }
    assert command("sync", "status", "nowhere").code == Exit.REFUSED


def test_the_history_says_who_did_what(command: Command, tmp_path: Path) -> None:
    plan = command("sync", "plan", "divisions", "--path", csv(tmp_path, "150602,东胜区,DISTRICT,"), "--json").json[
        "run"
    ]
    done = command("sync", "apply", plan, "--json").json["run"]
    command("sync", "run", "divisions", "--path", "/no/such.csv")
    failed, applied, planned = command("sync", "history", "divisions", "--json").json
    assert (failed["status"], failed["started_by"]) == ("FAILED", "hub sync run")
    assert (applied["run"], applied["plan"], applied["mode"], applied["create"]) == (done, plan, "APPLY", 1)
    assert (planned["run"], planned["status"], planned["started_by"]) == (plan, "APPLIED", "hub sync plan")
    listed = command("sync", "history", "--size", 1, "--page", 3).out.splitlines()
    assert listed[0].startswith(f"{plan}  20")
    assert listed[0].endswith("by hub sync plan")
    assert listed[1].startswith("  divisions: 1 records: 1 would be created, ")
    assert command("sync", "history", "nowhere").code == Exit.REFUSED


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
        "hotline12345": ["pull"],
        "spreadsheet": ["pull"],
        "webhook": ["push", "receive"],
    }
    assert by_name["hotline12345"]["simulated"] is True
    assert "divisions" in by_name["spreadsheet"]["presets"]
    assert by_name["spreadsheet"]["settings"]["properties"]["path"]["title"] == "路径"
    assert listed.json["broken"] == [
        {"name": "broken", "reason": "ModuleNotFoundError: No module named 'nothing_of_that_name'"}
    ]
    assert "broken is broken: ModuleNotFoundError" in hub("plugins", HUB_PLUGINS=tmp_path).err


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


def test_a_queued_run_waits_once(command: Command) -> None:
    assert command("sync", "run", "divisions", "--queue", "--json").json == {"source": "divisions", "queued": True}
    assert command("sync", "run", "divisions", "--queue", "--json").json == {"source": "divisions", "queued": False}
    assert command("sync", "run", "nowhere", "--queue").code == Exit.REFUSED


def test_rejected_records_are_listed_fixed_replayed_and_ignored(command: Command, tmp_path: Path) -> None:
    rows = ("150602,东胜区,DISTRICT,", "150602001,交通街道,ROAD,150602", "150602002,另一街道,ROAD,150602")
    command("sync", "run", "divisions", "--path", csv(tmp_path, *rows))
    listed = command("sync", "rejected", "divisions", "--json").json
    assert (listed["total"], listed["pages"]) == (2, 1)
    first, second = listed["rejected"]
    assert first == first | {"source": "divisions", "status": "OPEN", "kind": "grid", "key": "150602001", "times": 1}
    assert f"{first['id']}  divisions: grid 150602001" in command("sync", "rejected").out.splitlines()
    wrong = command("sync", "fix", first["id"], "--set", "level=LANE")
    assert (wrong.code, wrong.err.splitlines()[-1]) == (Exit.PARTLY, wrong.err.splitlines()[-1])
    assert "  Still refused: level: " in wrong.err
    fixed = command("sync", "fix", first["id"], "--set", "level=STREET", "--note", "街道", "--json")
    assert fixed.code == Exit.DONE
    assert fixed.json == fixed.json | {"create": 1, "reject": 0, "records": 1}
    assert command("sync", "replay", "divisions").code == Exit.PARTLY
    ignored = command("sync", "ignore", second["id"], "--reason", "不属本区")
    assert (ignored.code, ignored.out) == (Exit.DONE, "divisions: grid 150602002 is left alone: 不属本区\n")
    assert command("sync", "rejected").out == "Nothing waits.\n"
    assert command("sync", "rejected", "--all", "--json").json["total"] == 2
    assert command("sync", "fix", first["id"], "--set", "level").code == Exit.MISUSED
    assert command("sync", "fix", first["id"], "--set", "level=STREET").code == Exit.REFUSED
    assert command("sync", "rejected", "nowhere").code == Exit.REFUSED
