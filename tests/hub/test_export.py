"""hub export: what is in the hub as a table that an import takes, for the eyes of who asks."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select, update

from hub import export as exporting
from hub.auth import ROLES, Viewer, system
from hub.cli.answers import Exit
from hub.db import Database
from hub.errors import Invalid, Misconfigured, NotFound
from hub.export import VISIBLE, export
from hub.models import Grid, Organization, OrganizationKind, Party, Request, Source, uuid7
from hub.plugin import Record
from hub.sync import registry
from plugins.spreadsheet import SAMPLES
from tests.hub.commands import Command
from tests.sync.sources import changes, column, counts, run, told

SHIPPED = registry.load()
HUB = system("test")
FORMULAS = ("=1+1", "+86 138", "-5", "@SUM(A1)", "'=1+1", "''-", "＝1", "－5", "=cmd|' /C calc'!A0", '=HYPERLINK("u")')
ODD = (
    "'tis",
    "一行\n二行",
    'a"b,c;d',
    "_x0041_",
    "_x000D_",
    "https://例",
    "007",
    "1e5",
    "2026-03-01",
    "TRUE",
    "a\u2028b",
)
NASTY = (*FORMULAS, *ODD)
HERE, THERE = "150602012003", "150602001001"  # one lies in 150602012, the other does not
REGISTERS = [
    *(
        Record("catalogue_entry", code, {"code": code, "category": "物业", "party": "ORG-DS-014", "grid": at})
        for code, at in (("C1", HERE), ("C2", THERE))
    ),
    *(
        Record("report_in", code, {"code": code, "party": "PER-DS-001", "grid": at, "offer": "=普法"})
        for code, at in (("B1", HERE), ("B2", THERE))
    ),
    *(
        Record("need", code, {"code": code, "title": "缺场地", "grid": at, "category": "场地"})
        for code, at in (("D1", HERE), ("D2", THERE))
    ),
    *(
        Record("project", code, {"code": code, "title": "共享", "grid": at, "need": need, "resource": "RES-DS-001"})
        for code, at, need in (("J1", HERE, "D1"), ("J2", THERE, "D2"))
    ),
    *(
        Record("claim", code, {"code": code, "party": "PER-DS-001", "project": of, "skill": "水电"})
        for code, of in (("L1", "J1"), ("L2", "J2"))
    ),
]


@pytest.fixture
async def district(database: Database) -> Database:
    """The example district, with words that a spreadsheet program misreads and times to the microsecond."""
    for name in ("divisions", "example-jurisdictions", "example-estates", "example-organizations", "example-people"):
        await run(database, SHIPPED, name)
    for name in ("example-alliances", "example-members", "example-resources", "example-duties", "example-requests"):
        await run(database, SHIPPED, name)
    await run(database, told(REGISTERS))
    async with database.write(HUB) as session:
        for request, words in zip(await session.scalars(select(Request).limit(len(NASTY))), NASTY, strict=True):
            request.title = request.content = request.place = words
            request.submitted_at = datetime(2026, 3, 1, 1, 2, 3, 456789, tzinfo=UTC)
            request.longitude, request.latitude = 0.1 + 0.2, -12.5
        nameless = Organization(id=uuid7(), name="无编码", organization_kind=OrganizationKind.OTHER, public=True)
        session.add(nameless)
        await session.flush()
        child = select(Party.id).where(Party.code == "ORG-DS-002").scalar_subquery()
        await session.execute(update(Organization).where(Organization.id == child).values(parent_id=nameless.id))
        gone = update(Organization).where(Organization.code == "ORG-DS-003").values(closed_on=date(2026, 3, 1))
        await session.execute(gone)
    return database


async def read_back(database: Database, kind: str, file: Path) -> tuple[dict[str, int], int]:
    """What an import of the file does: its counts, and how many changes it logged."""
    async with database.write(HUB) as session:
        settings = {"kind": kind, "path": str(file)}
        session.add(Source(name=file.name, plugin="spreadsheet", title=file.name, settings=settings))
    done = await run(database, SHIPPED, file.name)
    assert done.error is None
    return counts(done), len(await changes(database, done))


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
async def test_what_is_exported_and_read_back_changes_nothing(district: Database, tmp_path: Path, ending: str) -> None:
    for kind in VISIBLE:
        file = tmp_path / f"{kind}.{ending}"
        count = await export(district, HUB, kind, file)
        without_code = int(kind == "organization")
        found, logged = await read_back(district, kind, file)
        assert (found, logged) == (
            {"unchanged": count - without_code} | ({"rejected": 1} if without_code else {}),
            0,
        )
    assert await column(district, select(Request.title).order_by(Request.id).limit(len(NASTY))) == list(NASTY)


async def test_a_file_that_excel_saved_in_gb18030_changes_nothing(district: Database, tmp_path: Path) -> None:
    file = tmp_path / "request.csv"
    count = await export(district, HUB, "request", file)
    file.write_bytes(file.read_bytes().decode("utf-8-sig").encode("gb18030"))
    assert await read_back(district, "request", file) == ({"unchanged": count}, 0)


async def test_no_text_of_a_csv_file_is_a_formula(district: Database, tmp_path: Path) -> None:
    await export(district, HUB, "request", tmp_path / "a.csv")
    titles = {row["title"] for row in rows(tmp_path / "a.csv")}
    assert {*(f"'{words}" for words in FORMULAS), *ODD} <= titles
    cells = [cell for row in rows(tmp_path / "a.csv") for name, cell in row.items() if name != "latitude"]
    assert [cell for cell in cells if cell.startswith(tuple("=+-@\t\r＝＋－＠"))] == []
    assert {row["latitude"] for row in rows(tmp_path / "a.csv")} >= {"-12.5"}


async def test_no_text_of_a_workbook_is_a_formula(district: Database, tmp_path: Path) -> None:
    await export(district, HUB, "request", tmp_path / "a.xlsx")
    (sheet,) = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets
    header, *body = sheet.iter_rows()
    types = {str(title.value): {cell.data_type for cell in cells} for title, *cells in zip(header, *body, strict=True)}
    assert types["title"] == {"s"}
    assert types["latitude"] == {"n"}
    assert {kind for kinds in types.values() for kind in kinds} == {"s", "n"}
    assert "=1+1" in [cell.value for cell in next(zip(*body, strict=True))] + [row[1].value for row in body]


async def test_a_table_says_what_an_import_reads(district: Database, tmp_path: Path) -> None:
    await export(district, HUB, "organization", tmp_path / "a.csv")
    found = {row["code"]: row for row in rows(tmp_path / "a.csv")}
    said = {name: cell for name, cell in found["ORG-DS-002"].items() if cell and name != "description"}
    assert said == {
        "code": "ORG-DS-002",
        "name": "交通街道党工委",
        "organization_kind": "PARTY_COMMITTEE",
        "grid": "150602001",
        "parent": "无编码",
    }
    assert (len(found), "ORG-DS-003" in found, found[""]["name"]) == (33, False, "无编码")


async def test_only_what_the_viewer_sees_is_in_it(district: Database, tmp_path: Path) -> None:
    paths = await column(district, select(Grid.path).where(Grid.code == "150602012"))
    clerk = Viewer("clerk", ROLES["clerk"], tuple(paths))
    there = await column(district, select(Request.number).where(Request.grid_path.startswith(paths[0])))
    assert await export(district, clerk, "request", tmp_path / "a.csv") == len(there)
    assert {row["number"] for row in rows(tmp_path / "a.csv")} == set(there)
    assert await export(district, Viewer(), "request", tmp_path / "b.csv") == 0
    party = select(Party.id).where(Party.code == "ORG-DS-002").scalar_subquery()
    hidden = update(Party).where(Party.code == "ORG-DS-002").values(public=False)
    async with district.write(HUB) as session:
        await session.execute(hidden)
        await session.execute(update(Request).values(assignee_id=party))
    await export(district, clerk, "request", tmp_path / "c.csv")
    assert {row["assignee"] for row in rows(tmp_path / "c.csv")} == {"***"}
    assert (await read_back(district, "request", tmp_path / "c.csv"))[1] == 0


@pytest.mark.parametrize("kind", sorted(VISIBLE))
async def test_inside_a_grid_is_what_lies_in_it(district: Database, tmp_path: Path, kind: str) -> None:
    whole = await export(district, HUB, kind, tmp_path / "all.csv")
    part = await export(district, HUB, kind, tmp_path / "part.csv", inside="150602012")
    assert 0 < part < whole
    assert {tuple(row.values()) for row in rows(tmp_path / "part.csv")} < {
        tuple(row.values()) for row in rows(tmp_path / "all.csv")
    }


async def test_a_file_is_there_whole_or_not_at_all(district: Database, tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    file.write_text("before")
    async with district.write(HUB) as session:
        await session.execute(update(Request).where(Request.number == "DS-2026-0003").values(content="长" * 32_768))
    with pytest.raises(Invalid, match=r"number DS-2026-0003: its content has 32,768 characters"):
        await export(district, HUB, "request", file)
    assert (file.read_text(), [path.name for path in tmp_path.iterdir()]) == ("before", ["a.xlsx"])
    assert await export(district, HUB, "request", tmp_path / "a.csv") == 30
    assert (tmp_path / "a.csv").stat().st_mode & 0o777 == 0o600


async def test_more_rows_than_a_sheet_holds_go_on_in_the_next(
    district: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "LAST_ROW", 11)
    count = await export(district, HUB, "request", tmp_path / "a.xlsx")
    sheets = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets
    assert [sheet.max_row for sheet in sheets] == [11, 11, 11]
    assert await read_back(district, "request", tmp_path / "a.xlsx") == ({"unchanged": count}, 0)


async def test_what_cannot_be_exported_is_refused(database: Database, tmp_path: Path) -> None:
    refused: list[tuple[dict[str, Any], type[Exception], str]] = [
        (
            {"kind": "post", "file": tmp_path / "a.csv"},
            Misconfigured,
            "There is no table of a kind post. There are: grid, ",
        ),
        ({"kind": "grid", "file": tmp_path / "a.xls"}, Misconfigured, r"a\.xls: name a file that ends in \.csv or "),
        ({"kind": "grid", "file": tmp_path / "no" / "a.csv"}, Misconfigured, "Cannot write .*: No such file"),
        ({"kind": "grid", "file": tmp_path / "a.csv", "inside": "999"}, NotFound, "No grid 999"),
    ]
    for asked, error, words in refused:
        with pytest.raises(error, match=words):
            await export(database, HUB, **asked)
    assert list(tmp_path.iterdir()) == []


def test_the_command_tells_where_and_how_much(command: Command, tmp_path: Path) -> None:
    command("sync", "run", "divisions")
    file = tmp_path / "grids.xlsx"
    there = sum(row["code"].startswith("150602") for row in rows(SAMPLES / "divisions.csv"))
    done = command("export", "grid", file, "--inside", "150602", "--json")
    assert (done.code, done.json) == (Exit.DONE, {"kind": "grid", "file": str(file), "rows": there})
    assert command("export", "grid", tmp_path / "a.csv").out == f"{tmp_path / 'a.csv'}: 1,346 rows.\n"
    back = command("sync", "run", "divisions", "--path", file)
    assert back.out.startswith(f"divisions: {there} records, nothing changed, in ")
    assert command("export", "post", file).code == Exit.MISUSED
    assert command("export", "grid", file, "--inside", "999").code == Exit.REFUSED
    assert command("export", "request", file, "--as", "emperor").code == Exit.REFUSED
