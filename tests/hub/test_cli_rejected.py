"""hub sync rejected: what is wrong, each reason once."""

from pathlib import Path

from tests.hub.commands import Command


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
