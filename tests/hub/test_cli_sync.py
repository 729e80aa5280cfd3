"""hub sync: runs, plans, what is queued, schedules, pauses, logs, and hub alerts."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.cli.answers import Exit
from hub.db import Database
from hub.sync import jobs
from tests.hub.commands import Command, divisions


def test_a_run_tells_a_script_its_counts(command: Command, tmp_path: Path) -> None:
    file = divisions(tmp_path, "150602,东胜区,DISTRICT,", "150602001,交通街道,STREET,150602")
    done = command("sync", "run", "divisions", "--path", file, "--json")
    counts = {"records": 2, "create": 2, "update": 0, "close": 0, "reject": 0, "unchanged": 0}
    assert done.code == Exit.DONE
    assert done.json == done.json | counts | {"source": "divisions", "status": "DONE", "error": None}
    assert set(done.json) == {*counts, "run", "gid", "source", "status", "seconds", "rows_per_second", "error"}
    again = command("sync", "run", "divisions", "--path", file)
    assert again.out.startswith("divisions: 2 records, nothing changed, in ")


def test_a_run_with_rejected_records_shows_them(command: Command, tmp_path: Path) -> None:
    file = divisions(tmp_path, "150602,东胜区,DISTRICT,", "15x602,坏,STREET,150602")
    done = command("sync", "run", "divisions", "--path", file)
    assert done.code == Exit.DONE
    assert command("sync", "run", "divisions", "--path", file, "--strict").code == Exit.PARTLY
    assert ": 1 created, 0 updated, 1 rejected, 0 unchanged in " in done.out
    *_, shown, hint = done.err.splitlines()
    assert "divisions.csv" in shown
    assert "15x602" in shown
    assert hint == "  What to do with them: hub sync rejected divisions"


def test_a_plan_is_shown_page_by_page_and_applied(command: Command, tmp_path: Path) -> None:
    file = divisions(tmp_path, "150602,东胜区,DISTRICT,", "150602001,交通街道,STREET,150602", "15x602,坏,STREET,150602")
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
    plan = command("sync", "plan", "divisions", "--path", divisions(tmp_path, "150602,东胜区,DISTRICT,"))
    (id,) = re.findall(r"hub sync apply (\S+)", plan.err)
    command("sync", "run", "divisions", "--path", divisions(tmp_path, "150602,另一个名字,DISTRICT,"))
    done = command("sync", "apply", id)
    assert done.code == Exit.PARTLY
    assert "1 not done, as they had moved" in done.out
    assert done.err.endswith("  CREATE grid 150602: Planned as CREATE, by now it would be UPDATE.\n")
    shown = command("sync", "show", id, "--state", "refused")
    assert "      1 CREATE grid 150602 [refused]: Planned as CREATE" in shown.out


def test_a_run_is_taken_back(command: Command, tmp_path: Path) -> None:
    command("sync", "run", "divisions", "--path", divisions(tmp_path, "150602,东胜区,DISTRICT,"))
    rows = ("150602,东胜,DISTRICT,", "150602001,交通街道,STREET,150602")
    done = command("sync", "run", "divisions", "--path", divisions(tmp_path, *rows), "--json").json["run"]
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
    command("sync", "run", "divisions", "--path", divisions(tmp_path, "150602,东胜区,DISTRICT,"))
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
    plan = command(
        "sync", "plan", "divisions", "--path", divisions(tmp_path, "150602,东胜区,DISTRICT,"), "--json"
    ).json["run"]
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


def test_a_schedule_is_set_listed_and_cleared(command: Command) -> None:
    assert command("sync", "schedule").out == "Nothing runs by itself.\n"
    given = ("sync", "schedule", "divisions", "0 */2 * * *", "--jitter", 60, "--json")
    (found,) = command(*given).json
    assert found == found | {"source": "divisions", "cron": "0 */2 * * *", "jitter": 60, "set_by": "hub sync"}
    asked_for, two = datetime.fromisoformat(found["next_at"]) - datetime.now(UTC), timedelta(hours=2, minutes=1)
    assert timedelta(0) <= asked_for <= two
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
