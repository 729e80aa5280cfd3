"""Made-up districts of a practice's size: exact, brought by plugins and services, gone on with where they broke off."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError
from sqlalchemy import text

from hub.auth import system
from hub.cli.answers import Exit
from hub.db import Database
from hub.demo.districts import Brought, build
from hub.demo.filling import Progress
from hub.demo.templates import At, Place, made, mixed, written
from hub.errors import Conflict, Misconfigured
from hub.models import OrganizationKind
from hub.services import parties
from hub.sync.kinds import KINDS
from hub.sync.registry import load
from hub.sync.run import run_source
from hub.sync.sources import made_source
from hub.synthetic import Demo, Rows, Span
from tests.hub.commands import Command, running

REGISTRY = load()
DIVISIONS = """\
code,name,level,parent
990101,示例区,DISTRICT,
990101001,一街道,STREET,990101
990101001001,东社区,COMMUNITY,990101001
990101001002,西社区,COMMUNITY,990101001
"""
PRACTICE = """\
practice: {code: sixth, name: 示例区, title: 第六个实践, grid: "990101"}
workflows:
  - code: WISHES
    name: 点单—派单—接单—公示—评价
    steps:
      - {key: place, name: 点单, phase: INTAKE}
      - {key: dispatch, name: 派单, phase: DISPATCH, days: 2}
      - {key: accept, name: 接单, phase: ACCEPT}
      - {key: judge, name: 评价, phase: EVALUATE}
      - {key: publish, name: 公示, phase: PUBLISH}
demo:
  tables: spreadsheet
  sources:
    volunteers: {division: "990101"}
    hotline12345: {district: "990101", page_size: 20}
  rows:
    - kind: grid
      count: 7
      code: "{grid_code}{i:03}"
      on: {level: COMMUNITY}
      fields: {name: "示例{grid}小区{i}", level: ESTATE}
    - kind: organization
      count: 3
      code: "S-GB-{n:02}"
      fields: {name: "示例党总支{n}", organization_kind: GENERAL_BRANCH}
    - kind: organization
      count: 11
      code: "S-BR-{n:02}"
      on: {code: "{grid_code}{i:03}"}
      fields: {name: "示例{grid}党支部{n}", organization_kind: BRANCH, parent: "S-GB-{n%3:02}"}
    - {kind: person, count: 40, code: "S-P-{n:03}", on: ["990101001002"], fields: {name: "示例党员{n}"}}
    - kind: post
      count: 40
      fields:
        person: "S-P-{n:03}"
        organization: "S-BR-{n/4:02}"
        role: {split: {STEWARD: 13, MEMBER: 27}}
        since: {from: 2024-01-01, until: 2024-12-31}
    - kind: resource
      count: 9
      code: "S-R-{n}"
      fields: {title: "示例场地{n}", resource_kind: [VENUE, SERVICE]}
      sum: {capacity: 1001}
    - kind: activity
      count: 4
      code: "S-A-{n}"
      fields: {title: "示例进圈{n}", starts_at: {rule: "FREQ=MONTHLY;BYMONTHDAY=5,15,25", from: 2024-01-05T09:00}}
    - {from: volunteers, kind: organization, count: 5, code: "S-T-{n}", fields: {name: "示例服务队{n}"}}
    - {from: volunteers, kind: person, count: 61, code: "S-V-{n:03}", fields: {name: "示例志愿者{n}"}}
    - from: volunteers
      kind: post
      count: 61
      code: "S-M-{n:03}"
      fields: {person: "S-V-{n:03}", organization: "S-T-{n%5}"}
    - kind: request
      from: hotline12345
      count: 70
      code: "S12345{n:06}"
      on: {split: {COMMUNITY: 70, STREET: 20, DISTRICT: 10}}
      fields: {title: "示例诉求{n}", status: CLOSED, submitted_at: {from: 2023-01-01T08:00, until: 2023-12-31T18:00}}
  requests:
    - {count: 2, kind: WISH, workflow: WISHES, title: "示例微心愿{n}", on: {level: COMMUNITY}, assignee: "S-BR-{n:02}"}
    - {count: 1, title: "示例咨询{n}", until: ARCHIVED}
"""
COUNTS = {
    "organizations": ("parties WHERE type = 'ORGANIZATION' AND code LIKE 'S-%'", 3 + 11 + 5),
    "persons": ("parties WHERE type = 'PERSON' AND name LIKE '示例%'", 40 + 61),
    "estates": ("grids WHERE level = 'ESTATE' AND name LIKE '示例%'", 7),
    "stewards": ("posts WHERE role = 'STEWARD'", 13),
    "volunteers": ("posts WHERE role = 'VOLUNTEER'", 61),
    "communities": ("requests WHERE level = 'COMMUNITY' AND channel = 'HOTLINE_12345' AND status = 'CLOSED'", 49),
    "streets": ("requests WHERE level = 'STREET' AND channel = 'HOTLINE_12345' AND solved", 14),
    "district": ("requests WHERE level = 'DISTRICT' AND channel = 'HOTLINE_12345'", 7),
    "wishes": ("requests WHERE practice = 'sixth' AND kind = 'WISH' AND status = 'CLOSED' AND public", 2),
    "answers": ("requests WHERE practice = 'sixth' AND status = 'ARCHIVED'", 1),
}


def unseen(_progress: Progress) -> None:
    """Nobody looks."""


async def town(database: Database, folder: Path, content: str = PRACTICE) -> Path:
    """A hub that knows the divisions and the practice; the folder for the demo's files."""
    (folder / "practices").mkdir()
    (folder / "practices" / "sixth.yaml").write_text(content, encoding="utf-8")
    (folder / "divisions.csv").write_text(DIVISIONS, encoding="utf-8")
    await made_source(
        database, REGISTRY, "demo-divisions", "spreadsheet", "示例区划", {"path": str(folder / "divisions.csv")}
    )
    for name, overrides in (("demo-divisions", {}), ("practices", {"path": str(folder / "practices")})):
        run = await run_source(database, REGISTRY, name, started_by="test", overrides=overrides)
        assert (run.rejected, run.error) == (0, None)
    return folder / "demo"


async def built(
    database: Database, folder: Path, codes: Sequence[str] = (), show: Any = unseen, **more: Any
) -> list[Brought]:
    return [one async for one in build(database, REGISTRY, folder, codes, 1, show, **more)]


async def counted(database: Database) -> dict[str, int]:
    async with database.read() as session:
        return {
            name: await session.scalar(text(f"SELECT count(*) FROM {rows}")) or 0 for name, (rows, _) in COUNTS.items()
        }


async def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    async with database.read() as session:
        return [tuple(row) for row in await session.execute(text(query))]


EXACT = {name: count for name, (_, count) in COUNTS.items()}
WHOLE = "SELECT (SELECT count(*) FROM changes), (SELECT count(*) FROM runs), (SELECT count(*) FROM request_events)"


async def test_it_is_exactly_of_its_size_and_a_second_time_changes_nothing(
    own_database: Database, tmp_path: Path
) -> None:
    folder = await town(own_database, tmp_path)
    brought = await built(own_database, folder)
    assert await counted(own_database) == EXACT
    assert not any(one.rejected for one in brought)
    assert [one.source.removeprefix("demo-sixth-") for one in brought] == [
        *("grid", "organization", "person", "post", "resource", "activity", "volunteers", "hotline12345"),
        *("requests", "requests-2"),
    ]
    before = await rows(own_database, WHOLE)
    assert sum(one.created for one in await built(own_database, folder)) == 0
    assert await rows(own_database, WHOLE) == before


async def test_everything_came_by_sources_or_services_and_says_that_it_is_made_up(
    own_database: Database, tmp_path: Path
) -> None:
    await built(own_database, await town(own_database, tmp_path))
    for table in ("parties", "posts", "grids", "resources", "activities", "requests", "request_events", "practices"):
        untold = f"SELECT id FROM {table} t WHERE NOT EXISTS (SELECT FROM changes c WHERE c.entity_id = t.id)"
        assert await rows(own_database, untold) == []
    by_people = "SELECT DISTINCT actor FROM changes WHERE entity = 'Request' AND run_id IS NULL"
    assert await rows(own_database, by_people) == [("hub demo",)]
    named = "SELECT name FROM parties UNION ALL SELECT title FROM requests UNION ALL SELECT title FROM resources"
    assert all(name.startswith("示例") for (name,) in await rows(own_database, named))
    assert all(
        title.startswith("示例")
        for (title,) in await rows(own_database, "SELECT title FROM sources WHERE name LIKE 'demo-%'")
    )
    assert await rows(own_database, "SELECT code, synthetic FROM practices") == [("sixth", True)]
    assert await rows(own_database, "SELECT sum(capacity), count(DISTINCT description) FROM resources") == [(1001, 1)]


async def test_what_rows_say_is_filled_in(own_database: Database, tmp_path: Path) -> None:
    await built(own_database, await town(own_database, tmp_path))
    said = "SELECT code, name FROM parties WHERE code IN ('S-BR-08', 'S-V-002') ORDER BY code"
    assert await rows(own_database, said) == [("S-BR-08", "示例示例东社区小区1党支部8"), ("S-V-002", "示例志愿者2")]
    dated = "SELECT min(since)::text, max(since)::text FROM posts WHERE since IS NOT NULL AND role <> 'VOLUNTEER'"
    assert await rows(own_database, dated) == [("2024-01-01", "2024-12-31")]
    times = "SELECT to_char(starts_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI') FROM activities ORDER BY code"
    assert await rows(own_database, times) == [("01-05 09:00",), ("01-15 09:00",), ("01-25 09:00",), ("02-05 09:00",)]


async def test_a_wish_goes_its_whole_way_by_the_services(own_database: Database, tmp_path: Path) -> None:
    await built(own_database, await town(own_database, tmp_path))
    way = """SELECT array_agg(action ORDER BY e.at, e.id) FROM request_events e JOIN requests r ON r.id = request_id
        WHERE kind = 'WISH' GROUP BY r.id"""
    done = "SUBMIT TRIAGE DISPATCH SIGN ACCEPT HANDLE VERIFY FEED_BACK EVALUATE PUBLISH CLOSE"
    assert [" ".join(taken) for (taken,) in await rows(own_database, way)] == [done] * 2


@pytest.mark.parametrize("broken_at", ["grid", "hotline12345", "requests"])
async def test_one_that_broke_off_goes_on(own_database: Database, tmp_path: Path, broken_at: str) -> None:
    folder = await town(own_database, tmp_path)

    def breaks(progress: Progress) -> None:
        if progress.noun == f"demo-sixth-{broken_at}":
            raise RuntimeError("The light went out.")

    with pytest.raises(RuntimeError):
        await built(own_database, folder, show=breaks)
    assert await counted(own_database) != EXACT
    await built(own_database, folder)
    assert await counted(own_database) == EXACT


async def test_a_hub_of_real_data_is_refused(own_database: Database, tmp_path: Path) -> None:
    folder = await town(own_database, tmp_path)
    async with own_database.write(system("somebody")) as session:
        await parties.create_organization(
            session, system("somebody"), name="真的单位", organization_kind=OrganizationKind.UNIT
        )
    with pytest.raises(Conflict, match="This hub holds data already, written by people"):
        await built(own_database, folder)
    assert await rows(own_database, "SELECT count(*), bool_or(synthetic) FROM parties, practices") == [(1, False)]
    await built(own_database, folder, sure=True)
    assert await counted(own_database) == EXACT


async def test_a_file_that_says_another_size_is_read_again(own_database: Database, tmp_path: Path) -> None:
    folder = await town(own_database, tmp_path)
    file = tmp_path / "practices" / "sixth.yaml"
    file.write_text(PRACTICE.replace("count: 40", "count: 41"), encoding="utf-8")
    run = await run_source(own_database, REGISTRY, "practices", started_by="test", overrides={"path": str(file.parent)})
    assert (run.updated, run.rejected, run.error) == (1, 0, None)
    await built(own_database, folder)
    assert await counted(own_database) == EXACT | {"persons": 41 + 61, "stewards": 13}


async def test_what_cannot_be_built_is_refused_in_words(own_database: Database, tmp_path: Path) -> None:
    folder = await town(own_database, tmp_path, PRACTICE.replace("on: {level: COMMUNITY}", "on: {level: TOWN}", 1))
    with pytest.raises(Misconfigured, match=r"There is no practice seventh\. There are: sixth\."):
        await built(own_database, folder, ["seventh"])
    with pytest.raises(
        Misconfigured, match=r"sixth, demo: on: below 示例区 \(990101\) there is no grid of the level TOWN"
    ):
        await built(own_database, folder)
    assert await rows(own_database, "SELECT code, synthetic FROM practices") == [("sixth", False)]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"kind": "cat", "count": 1}, "there is no kind 'cat'"),
        ({"kind": "person", "count": 1, "fields": {"tail": 1}}, "a person has no field 'tail', only code, name"),
        ({"kind": "person", "count": 1, "fields": {"name": "王文华"}}, "begin it with 示例"),
        ({"kind": "person", "count": 1, "fields": {"name": ["示例甲", "乙"]}}, "the name '乙' does not say"),
        ({"kind": "person", "count": 1, "code": "P{m}"}, "there is no {m}: write one of {n}, {i}, {grid}"),
        ({"kind": "person", "count": 1, "code": "P{n:x}"}, "has a brace that stands for nothing"),
        ({"kind": "post", "count": 1, "fields": {"role": {"split": {}}}}, "write shares"),
        (
            {"kind": "post", "count": 1, "fields": {"since": {"from": "May", "until": "June"}}},
            "'May' is no day and no time",
        ),
        (
            {"kind": "post", "count": 1, "fields": {"since": {"rule": "FREQ=NEVER", "from": "2024-01-01"}}},
            "write DAILY, WEEKLY, MONTHLY",
        ),
        (
            {"kind": "person", "count": 1, "on": {"level": "COMMUNITY", "code": "X"}},
            "write one of level, split and code",
        ),
        ({"kind": "person", "count": 1, "colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_form_is_refused_in_words(rows: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Rows.model_validate(rows)
    assert words in str(refused.value)


@pytest.mark.parametrize("kind", KINDS)
def test_there_may_be_any_number_of_every_kind(kind: str) -> None:
    known = {*KINDS[kind].fields, *KINDS[kind].references}
    assert Rows.model_validate({"kind": kind, "count": 1, "fields": dict.fromkeys(known, "示例")}).kind == kind


def test_two_tables_of_a_kind_have_different_codes() -> None:
    twice = {"kind": "person", "count": 1, "code": "P{n}"}
    with pytest.raises(ValueError, match="two tables of the kind person have the code P"):
        Demo.model_validate({"tables": "spreadsheet", "rows": [twice, twice]})


def test_templates_count_and_go_round() -> None:
    at = At(43, 2, Place("990101", "示例区"), "sixth")
    assert written("{practice}-{n:04}-{n%21:02}-{n/10}-{i}-{grid}")(at) == "sixth-0043-01-5-2-示例区"
    spread = made(Span.model_validate({"from": 1, "until": 99}), 50)
    assert [spread(at._replace(n=n)) for n in (1, 2, 50)] == [1, 3, 99]
    assert "".join(mixed({"A": 7, "B": 2, "C": 1}, 10)) == "AABAACAABA"


@pytest.mark.parametrize("count", [1, 7, 100, 999])
def test_shares_are_exact(count: int) -> None:
    found = mixed({"A": 70, "B": 20, "C": 10, "D": 0}, count)
    assert len(found) == count
    for word, weight in {"A": 70, "B": 20, "C": 10, "D": 0}.items():
        assert abs(found.count(word) - count * weight / 100) < 1


def test_a_simulator_holds_what_a_file_says(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text('{"kind": "request", "key": "A1", "fields": {"title": "示例", "status": "CLOSED"}}\n')
    with running("simulate", "hotline12345", "--rows", file, "--port", 0) as simulated:
        told = httpx2.get(f"{simulated.url}/sim/truth").json()
    assert told == {"request": {"A1": {"title": "示例", "status": "CLOSED", "kind": "COMPLAINT"}}}


def test_a_file_that_says_no_records_is_refused_with_its_line(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text('{"kind": "request", "key": "A1", "fields": {}}\n[]\n')
    said = command("simulate", "hotline12345", "--rows", file, "--port", 0)
    assert (said.code, "orders.jsonl, line 2: it is no record." in said.err) == (Exit.MISUSED, True)
    file.write_text('{"kind": "person", "key": "A1", "fields": {}}\n')
    said = command("simulate", "hotline12345", "--rows", file, "--port", 0)
    assert said.err.endswith("refuses what it is to hold: record 1: a hotline holds requests, and no person.\n")
    said = command("simulate", "open311", "--rows", file, "--port", 0)
    assert said.err.endswith(
        "open311 cannot be told what to hold, but hotline12319, hotline12345 and volunteers can.\n"
    )
