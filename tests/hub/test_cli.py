"""Every command: its answer, its exit code, and what it says to a script."""

import asyncio
import re
from pathlib import Path

import pytest

from hub.cli.answers import Exit
from hub.cli.simulate import asked_at
from hub.db import Database
from hub.sync import jobs, receiving, registry
from tests.hub.commands import Command, hub
from tests.sync.pushed import push

ROOT = Path(__file__).parents[2]
HEADER = "code,name,level,parent\n"


def csv(folder: Path, *rows: str) -> Path:
    file = folder / "divisions.csv"
    file.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return file


COMMANDS = """
serve;worker;sync;sync run;sync plan;sync show;sync apply;sync undo;sync rejected;sync fix;sync replay;sync ignore;
sync history;sync status;sync schedule;sync pause;sync resume;sync cancel;sync log;alerts;
hooks;hooks key;hooks keys;hooks drop;hooks list;hooks show;hooks retry;
rules;rules list;rules own;rules drift;rules pin;rules forget;rules limit;
simulate;plugins;plugins list;plugins new;plugins check;plugins test;
sdl;token;db;db upgrade;db status;db backup;db restore;db tally;demo;
explain;export;doctor;targets;targets list;targets add;targets pause;targets resume;targets deliveries;
targets show;targets retry;targets replay;targets skip
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
    assert set(done.json) == {*counts, "run", "gid", "source", "status", "seconds", "rows_per_second", "error"}
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
        "row": shown["rows"][0]["row"],
        "gid": shown["rows"][0]["gid"],
        "number": 1,
        "action": "CREATE",
        "kind": "grid",
        "key": "150602",
        "kept": {},
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


def test_a_queued_run_waits_once(command: Command) -> None:
    assert command("sync", "run", "divisions", "--queue", "--json").json == {"source": "divisions", "queued": True}
    assert command("sync", "run", "divisions", "--queue", "--json").json == {"source": "divisions", "queued": False}
    assert command("sync", "run", "nowhere", "--queue").code == Exit.REFUSED


def test_a_queued_run_keeps_all_that_it_was_told(command: Command, database: Database) -> None:
    async def waiting() -> jobs.Job | None:
        mine = Database(database.url.render_as_string(hide_password=False))
        async with mine.read() as session:
            job = await jobs.waiting(session, "divisions")
        await mine.close()
        return job

    command("sync", "run", "divisions", "--set", "limit=3", "--full", "--allow-gone", "合并", "--queue")
    job = jobs.Job("divisions", "hub sync run", {"limit": 3}, trusted=True, full=True, reason="合并")
    assert asyncio.run(waiting()) == job


def test_rejected_records_are_listed_fixed_replayed_and_ignored(command: Command, tmp_path: Path) -> None:
    rows = ("150602,东胜区,DISTRICT,", "150602001,交通街道,ROAD,150602", "150602002,另一街道,ROAD,150602")
    command("sync", "run", "divisions", "--path", csv(tmp_path, *rows))
    listed = command("sync", "rejected", "divisions", "--json").json
    assert (listed["total"], listed["pages"]) == (2, 1)
    first, second = listed["rejected"]
    assert first == first | {"source": "divisions", "status": "OPEN", "kind": "grid", "key": "150602001", "times": 1}
    assert f"{first['id']}  divisions: grid 150602001" in command("sync", "rejected", "--each").out.splitlines()
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


def test_a_schedule_is_set_listed_and_cleared(command: Command) -> None:
    assert command("sync", "schedule").out == "Nothing runs by itself.\n"
    given = ("sync", "schedule", "divisions", "0 */2 * * *", "--jitter", 60, "--json")
    (found,) = command(*given).json
    assert found == found | {"source": "divisions", "cron": "0 */2 * * *", "jitter": 60, "set_by": "hub sync"}
    assert found["next_at"] is not None
    assert re.match(r"divisions +0 \*/2 \* \* \* +Asia/Shanghai, next 20", command("sync", "schedule").out)
    refused = command("sync", "schedule", "divisions", "hourly", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (Exit.REFUSED, "INVALID")
    assert '"0 */2 * * *"' in refused.err
    assert command("sync", "schedule", "nowhere", "* * * * *").code == Exit.REFUSED
    cleared = command("sync", "schedule", "divisions", "--clear")
    assert (cleared.code, cleared.out) == (Exit.DONE, "divisions runs only when it is asked to.\n")


def test_a_paused_source_refuses_to_run_and_says_why(command: Command) -> None:
    paused = command("sync", "pause", "divisions", "--reason", "搬家", "--json")
    assert paused.json == {
        "source": "divisions", "enabled": False, "paused_by": "hub sync", "paused_because": "搬家"
    }  # fmt: skip
    refused = command("sync", "run", "divisions")
    assert (refused.code, refused.err) == (
        Exit.REFUSED,
        "hub: divisions is paused by hub sync: 搬家. `hub sync resume divisions` lets it run again.\n",
    )
    assert command("sync", "history", "divisions", "--json").json == []
    assert command("sync", "resume", "divisions").out == "divisions may run again.\n"
    assert command("sync", "resume", "divisions").code == Exit.REFUSED
    assert command("sync", "run", "divisions").code == Exit.DONE


def test_what_waits_or_works_is_stopped(command: Command) -> None:
    done = command("sync", "run", "example-organizations", "--json").json["run"]
    command("sync", "run", "example-organizations", "--queue")
    stopped = command("sync", "cancel", "example-organizations", "--json")
    assert (stopped.code, stopped.json) == (Exit.DONE, {"cancelled": "example-organizations"})
    assert command("sync", "cancel", "example-organizations").code == Exit.REFUSED
    assert command("sync", "cancel", done).err.endswith("has ended already (DONE): there is nothing to stop.\n")


def test_a_run_has_a_log(command: Command) -> None:
    done = command("sync", "run", "divisions", "--json").json["run"]
    told = command("sync", "log", done, "--json").json
    assert (told["source"], told["status"]) == ("divisions", "DONE")
    assert told["log"][0]["words"] == "APPLY, begun by hub sync run, at the beginning."
    assert command("sync", "log", done).out.splitlines()[-1].endswith(told["log"][-1]["words"])
    assert command("sync", "log", "00000000-0000-0000-0000-000000000000").code == Exit.REFUSED


def test_a_range_of_days_is_for_plugins_that_know_one(command: Command) -> None:
    given = ("--from", "2026-01-01", "--to", "2026-01-31")
    for verb in ("run", "plan"):
        refused = command("sync", verb, "divisions", *given)
        assert refused.code == Exit.MISUSED
        assert "spreadsheet cannot be asked for a range of days" in refused.err
    assert command("sync", "run", "divisions", "--from", "2026-01-01").code == Exit.MISUSED
    assert command("sync", "run", "divisions", "--from", "yesterday", "--to", "2026-01-31").code == Exit.MISUSED
    assert command("sync", "history", "divisions", "--json").json == []


def test_alerts_are_listed(command: Command) -> None:
    assert command("alerts").out == "Nothing to report.\n"
    assert command("alerts", "--all", "--json").json == []


PUSHING = """import json
from pydantic import BaseModel
from hub.plugin import Page, Plugin, Record

class Nothing(BaseModel):
    any: int = 0

class Pushing(Plugin):
    name, title, presets = "pushing", "pushing", {"pushing": {}}
    Config = Nothing

    async def receive(self, body: bytes) -> Page:
        return Page([Record("organization", code, {"code": code, "name": code}) for code in json.loads(body)])
"""


def test_keys_of_a_source_are_made_listed_and_dropped(command: Command, tmp_path: Path) -> None:
    (tmp_path / "pushing.py").write_text(PUSHING, encoding="utf-8")
    first = command("hooks", "key", "pushing", HUB_PLUGINS=tmp_path)
    assert re.fullmatch(r"[\w-]{43}\n", first.out)
    assert re.match(r"The key \w{8} \(SHA256\) of pushing\. It is not shown again\.\n  POST /hooks/pushing ", first.err)
    second = command("hooks", "key", "pushing", "--sm3", "--json", HUB_PLUGINS=tmp_path).json
    assert (second["source"], second["algorithm"], len(second["key"])) == ("pushing", "SM3", 43)
    assert command("hooks", "key", "pushing", HUB_PLUGINS=tmp_path).code == Exit.REFUSED
    listed = command("hooks", "keys", "pushing", "--json")
    assert [(one["algorithm"], sorted(one)) for one in listed.json] == [
        (algorithm, ["algorithm", "created_at", "name"]) for algorithm in ("SHA256", "SM3")
    ]
    assert second["key"] not in listed.out + command("hooks", "keys", "pushing").out
    dropped = command("hooks", "drop", "pushing", second["name"], "--json").json
    assert dropped == {"source": "pushing", "dropped": second["name"], "left": [listed.json[0]["name"]]}
    assert command("hooks", "drop", "pushing", second["name"]).code == Exit.REFUSED
    assert command("hooks", "keys", "nowhere").code == command("hooks", "key", "nowhere").code == Exit.REFUSED
    assert command("hooks", "keys", "pushing").out.count("\n") == 1
    assert "has no receive()" in command("hooks", "key", "divisions").err


async def pushed(database: Database, body: bytes, *, then: Path | None = None) -> str:
    """Put a message where the door puts it; `then` a worker with the plugins of that folder reads what waits."""
    own = Database(database.url.render_as_string(hide_password=False))
    (id,) = await push(own, body)
    if then is not None:
        await receiving.receive(own, registry.load(str(then)), "pushing", started_by="test")
    await own.close()
    return str(id)


def test_messages_are_listed_shown_and_read_again(command: Command, database: Database, tmp_path: Path) -> None:
    (tmp_path / "pushing.py").write_text(PUSHING, encoding="utf-8")
    command("hooks", "key", "pushing", HUB_PLUGINS=tmp_path)
    assert command("hooks", "list", "pushing").out == "Nothing waits.\n"
    id = asyncio.run(pushed(database, b'{"not": ["a list"], 13800001234}'))
    (listed,) = command("hooks", "list", "pushing", "--json").json["messages"]
    assert (listed["id"], listed["status"], listed["tries"]) == (id, "WAITING", 0)
    assert command("hooks", "retry", id, HUB_PLUGINS=tmp_path).code == Exit.REFUSED
    asyncio.run(pushed(database, b"[]", then=tmp_path))
    again = command("hooks", "retry", id, HUB_PLUGINS=tmp_path)
    assert again.code == Exit.PARTLY
    assert again.err.startswith("  refused: The plugin pushing failed: JSONDecodeError: ")
    shown = command("hooks", "show", id)
    assert "status     REFUSED" in shown.out.splitlines()
    assert "13800001234" not in shown.out + command("hooks", "list", "pushing").out
    assert command("hooks", "show", id, "--body").out == '{"not": ["a list"], 13800001234}\n'
    (tmp_path / "pushing.py").write_text(PUSHING.replace("json.loads(body)", '["A"]'), encoding="utf-8")
    taken = command("hooks", "retry", id, "--json", HUB_PLUGINS=tmp_path)
    assert (taken.code, taken.json["status"], taken.json["tries"]) == (Exit.DONE, "TAKEN", 3)
    assert command("hooks", "list", "pushing", "--all", "--json").json["total"] == 2
    assert (
        command("hooks", "show", "00000000-0000-0000-0000-000000000000").code
        == command("hooks", "list", "nowhere").code
        == Exit.REFUSED
    )
