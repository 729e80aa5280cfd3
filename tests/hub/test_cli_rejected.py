"""hub sync rejected: what is wrong, each reason once."""

from pathlib import Path

from hub.cli.answers import Exit
from tests.hub.commands import Command, divisions


def test_the_same_reason_is_told_once_with_its_number(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "grids.csv"
    bad = "".join(f"{at}x,某街,street,150699\n" for at in range(7))
    file.write_text(f"code,name,level,parent\n150699,某区,district,\n{bad}150699001,街,street,777\n", encoding="utf-8")
    command("sync", "run", "divisions", "--path", file)
    listed = command("sync", "rejected").out.splitlines()
    each = command("sync", "rejected", "--json").json
    assert (each["total"], each["page"], len(each["rejected"])) == (8, 1, 8)
    assert listed[0].startswith("7 × divisions: grid: ")
    assert listed[1:4] == [f"  {one['id']}  {one['where']}" for one in each["rejected"][:3]]
    assert listed[4] == "  ... and 4 more: hub sync rejected divisions --each"
    (other,) = [one for one in each["rejected"] if one["id"] not in "".join(listed[:5]) and "777" in one["reason"]]
    assert listed[5].startswith(f"{other['id']}  divisions: grid")
    first = command("sync", "rejected", "--size", 1)
    assert (len(first.out.splitlines()), first.err) == (5, "Page 1 of 2 (2 reasons). Others: --page N, --size N.\n")
    out = command("sync", "rejected", "divisions", "--each", "--size", 2)
    assert [line[:36] for line in out.out.splitlines() if "divisions: grid" in line] == [
        one["id"] for one in each["rejected"][:2]
    ]
    assert out.err == "Page 1 of 4 (8 records). Others: --page N, --size N.\n"


def test_rejected_records_are_listed_fixed_replayed_and_ignored(command: Command, tmp_path: Path) -> None:
    rows = ("150602,东胜区,DISTRICT,", "150602001,交通街道,ROAD,150602", "150602002,另一街道,ROAD,150602")
    command("sync", "run", "divisions", "--path", divisions(tmp_path, *rows))
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
