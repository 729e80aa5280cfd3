"""Registers from files: who reported in, what is needed, what comes of it, who took it on."""

import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.auth import system
from hub.db import Database
from hub.models import (
    Affiliation,
    Claim,
    Grid,
    Need,
    Organization,
    Person,
    PlanAction,
    PlanRow,
    Post,
    Project,
    Rejected,
    ReportIn,
    RunMode,
    Source,
)
from hub.plugin import Record
from hub.sync import registry
from hub.sync.replaying import replay
from hub.sync.stored_plan import apply_plan
from tests.sync.sources import column, counts, gone, grid, organization, run, told, work_items
from tests.sync.sources import rows as all_rows

SHIPPED = registry.load()

PLACE = {"code": "150602001001", "name": "社区", "level": "COMMUNITY", "parent": "150602001"}
FIRST = [
    grid("150602", None, "DISTRICT"),
    grid("150602001", "150602", "STREET"),
    organization("O1"),
    organization("O2"),
]


def reported(key: str, party: str = "O1", place: str = "150602001", **more: Any) -> Record:
    return Record("report_in", key, {"code": key, "party": party, "grid": place, **more})


def project(key: str, **more: Any) -> Record:
    return Record("project", key, {"code": key, "title": f"项目{key}", **more})


def claimed(key: str, **more: Any) -> Record:
    return Record("claim", key, {"code": key, "party": "O1", **more})


async def refusals(database: Database) -> dict[str, str]:
    return dict(await all_rows(database, select(Rejected.key, Rejected.reason)))


async def test_a_party_reports_in_at_a_place_once_whatever_it_is_called(database: Database) -> None:
    done = await run(database, told([*FIRST, reported("B1", offer="普法"), reported("B2")]))
    assert counts(done) == {"created": 5, "rejected": 1}
    assert (await refusals(database))["B2"].startswith("party O1, grid 150602001 stands already at B1")
    again = await run(database, told([], [*FIRST, reported("B1", offer="义诊"), reported("B3", "O2")]))
    assert counts(again) == {"created": 1, "updated": 1, "unchanged": 4}
    assert await column(database, select(ReportIn.offer).order_by(ReportIn.code)) == ["义诊", None]
    left = await run(database, told([], [], [gone("report_in", "B1")]), overrides={"any": 1}, reason="test")
    assert counts(left) == {"closed": 1}
    assert await column(database, select(ReportIn.left_at.is_not(None)).order_by(ReportIn.code)) == [True, False]
    back = await run(database, told([], [], [], [reported("B1", offer="义诊")]))
    assert (counts(back), await column(database, select(func.count(ReportIn.left_at)))) == ({"updated": 1}, [0])


async def test_a_report_in_waits_for_its_place(database: Database) -> None:
    done = await run(database, told([*FIRST, reported("B1", place="150602001001")]))
    assert (counts(done)["rejected"], await column(database, select(func.count(ReportIn.id)))) == (1, [0])
    place = Record("grid", "150602001001", PLACE)
    await run(database, told([], [place], [reported("B1", place="150602001001")]))
    assert await column(database, select(ReportIn.grid_path)) == ["150602/150602001/150602001001/"]


async def test_a_claim_is_of_one_thing_that_is_known(database: Database) -> None:
    request = Record("request", "N1", {"number": "N1", "title": "路灯"})
    page = [
        *FIRST,
        project("J1"),
        request,
        claimed("one", project="J1", skill="水电", practice="dongsheng"),
        claimed("two", request="N1"),
        claimed("both", request="N1", project="J1"),
        claimed("none"),
        claimed("later", project="J9"),
    ]
    done = await run(database, told(page))
    assert counts(done) == {"created": 8, "rejected": 3}
    said = await refusals(database)
    assert said["both"] == "request, project: two things are claimed. Say one of them."
    assert said["none"] == "request, project: nothing is claimed. Say one of them."
    assert said["later"].startswith("project: J9 is not known to the hub.")
    found = await all_rows(database, select(Claim.code, Claim.skill, Claim.practice).order_by(Claim.code))
    assert [tuple(row) for row in found] == [("one", "水电", "dongsheng"), ("two", None, None)]
    ended = await run(database, told([], [gone("claim", "one")]), overrides={"any": 1}, reason="test")
    assert counts(ended) == {"closed": 1}


TAKEN = (
    "project: 项目J1 has room for 1, and all of it is taken: claim another one, or wait until somebody gives it back."
)


async def held(database: Database) -> list[str]:
    return await column(database, select(Claim.code).where(Claim.withdrawn_at.is_(None)).order_by(Claim.code))


async def test_a_source_gets_no_more_places_than_there_are(database: Database) -> None:
    one, two = claimed("L1", project="J1"), claimed("L2", party="O2", project="J1")
    page = [*FIRST, project("J1", capacity=1), one, claimed("L1b", project="J1"), two]
    done = await run(database, told(page))
    assert counts(done) == {"created": 6, "rejected": 2}
    assert await refusals(database) == {"L1b": "project: O1 has claimed it already.", "L2": TAKEN}
    assert await held(database) == ["L1"]
    again = await run(database, told([], [two, one]))
    assert (counts(again), await held(database)) == ({"rejected": 1, "unchanged": 1}, ["L1"])
    freed = [gone("claim", "L1"), two]
    given_back = await run(database, told([], [], freed), overrides={"any": 1}, reason="test")
    assert (counts(given_back), await held(database)) == ({"created": 1, "closed": 1}, ["L2"])
    back = await run(database, told([], [], [], [one]))
    assert (counts(back), await held(database)) == ({"rejected": 1}, ["L2"])


async def test_a_plan_foresees_that_there_is_no_room_and_a_replay_takes_what_has_some_by_then(
    database: Database,
) -> None:
    page = [*FIRST, project("J1", capacity=1), claimed("L1", project="J1"), claimed("L2", party="O2", project="J1")]
    planned = await run(database, told(page), mode=RunMode.PLAN)
    stored = dict(await all_rows(database, select(PlanRow.key, PlanRow.action).where(PlanRow.run_id == planned.id)))
    assert (stored["L1"], stored["L2"]) == (PlanAction.CREATE, PlanAction.REJECT)
    applied = await apply_plan(database, planned.id, started_by="test")
    assert (counts(applied), await held(database)) == ({"created": 6, "rejected": 1}, ["L1"])
    async with database.write(system("test")) as session:
        (await session.scalars(select(Project))).one().capacity = 2
    done = await replay(database, "told", started_by="test")
    assert (counts(done), await held(database)) == ({"created": 1}, ["L1", "L2"])


async def test_a_source_makes_nothing_smaller_than_what_is_taken(database: Database) -> None:
    taken = [claimed("L1", project="J1"), claimed("L2", party="O2", project="J1")]
    await run(database, told([*FIRST, project("J1", capacity=2), *taken]))
    done = await run(database, told([], [project("J1", capacity=1, category="义诊")]))
    assert (counts(done), await refusals(database)) == (
        {"rejected": 1},
        {
            "J1": "capacity: 2 have a place in 项目J1: give a capacity of 2 or more, or wait until somebody gives one "
            "back."
        },
    )
    assert [tuple(row) for row in await all_rows(database, select(Project.capacity, Project.category))] == [(2, None)]


async def test_who_keeps_a_place_in_the_same_page_keeps_it(database: Database) -> None:
    first = [*FIRST, project("J1", capacity=1), claimed("L1", project="J1")]
    await run(database, told(first))
    again = [claimed("L1", project="J1", note="周末来"), claimed("L2", party="O2", project="J1")]
    done = await run(database, told(again), overrides={"any": 1})
    assert counts(done) == {"updated": 1, "rejected": 1}
    assert await refusals(database) == {"L2": TAKEN}


async def test_a_resource_serves_as_many_projects_at_a_time_as_it_can(database: Database) -> None:
    room = Record("resource", "R1", {"code": "R1", "title": "会议室", "capacity": 1})
    used = [project("J0", resource="R1", done_on=date(2026, 1, 1)), project("J1", resource="R1")]
    done = await run(database, told([*FIRST, room, *used, project("J2", resource="R1")]))
    assert counts(done) == {"created": 7, "rejected": 1}
    assert await refusals(database) == {"J2": "resource: 会议室 serves 1 at a time, and all of it is in use."}
    assert await column(database, select(Project.code).order_by(Project.code)) == ["J0", "J1"]


FILES = {
    "organization": "编码,名称,类型,行业,颜色,最少人数,成立日期,实践\n"
    "O1,服务队,服务专员队伍,,红,15,2024-02-29,fancheng\n"
    "O2,商户甲,商户,餐饮,,,,\n",
    "person": "编码,姓名,公开,特长\nP1,李师傅,是,水电、木工\n",
    "post": "岗位编号,人员编码,岗位,组织编码,管家类型,任职日期,实践\nK1,P1,小巷管家,O1,兼职小管家,2024-03-01,baohe\n",
    "affiliation": "编号,组织编码,单位编码,隶属类型,实践\nA1,O1,O2,成员单位,fancheng\n",
    "report_in": "报到编号,报到者,报到社区,接收组织,报到时间,服务承诺\nB1,P1,150602001,O1,2024-03-01 09:00,普法\n",
    "resource": "编码,名称,类型,分类,提供单位,可用截止\nR1,会议室,场地,场地/室内,O2,2030-12-31\n",
    "need": "需求编号,需求内容,分类,所在网格,提出者,期望日期\nD1,缺场地,场地/室内,150602001,O2,2030-05-01\n",
    "project": "项目编号,项目名称,需求编号,资源编码,责任方,认领名额,完成日期\nJ1,共享会议室,D1,R1,O1,3,2024-06-01\n",
    "claim": "认领编号,认领方,项目编号,认领时间,所用特长,承诺\nL1,P1,J1,2024-04-01 10:00,水电,每周一次\n",
}


async def imported(database: Database, folder: Path, kind: str, text: str) -> dict[str, int]:
    file = folder / f"{kind}.csv"
    file.write_text(text, encoding="utf-8")
    async with database.write(system("test")) as session:
        settings = {"kind": kind, "path": str(file)}
        session.add(Source(name=kind, plugin="spreadsheet", title=kind, settings=settings))
    done = await run(database, SHIPPED, kind)
    assert (done.error, await work_items(database)) == (None, [])
    return counts(done)


async def test_a_table_with_chinese_headers_brings_every_register(database: Database, tmp_path: Path) -> None:
    await run(database, told(FIRST[:2]))
    for kind, text in FILES.items():
        assert await imported(database, tmp_path, kind, text) == {"created": text.count("\n") - 1}, kind
    teams = select(Organization.colour, Organization.minimum_size, Organization.industry).order_by(Organization.code)
    assert [tuple(row) for row in await all_rows(database, teams)] == [("红", 15, None), (None, None, "餐饮")]
    assert await column(database, select(Person.skills).where(Person.code == "P1")) == [["水电", "木工"]]
    (post,) = await all_rows(database, select(Post.role, Post.steward_kind, Post.practice))
    assert (post[0].name, post[1].name, post[2]) == ("ALLEY_STEWARD", "PART_TIME", "baohe")
    (belongs,) = await all_rows(database, select(Affiliation.affiliation_kind, Affiliation.practice))
    assert (belongs[0].name, belongs[1]) == ("MEMBER_UNIT", "fancheng")
    assert await column(database, select(ReportIn.offer)) == ["普法"]
    assert await column(database, select(Need.category)) == ["场地/室内"]
    (made,) = await all_rows(database, select(Project.capacity, Project.need_id, Project.resource_id, Project.done_on))
    assert (made[0], None in made) == (3, False)
    assert await column(database, select(Claim.skill)) == ["水电"]


@pytest.mark.parametrize("many", [3000])
async def test_a_large_register_takes_seconds(database: Database, tmp_path: Path, many: int) -> None:
    await run(database, told(FIRST[:2]))
    people = "".join(f"P{at},人{at},否\n" for at in range(many))
    await imported(database, tmp_path, "person", f"编码,姓名,公开\n{people}")
    began = time.perf_counter()
    report_ins = "".join(f"B{at},P{at},150602001\n" for at in range(many))
    assert await imported(database, tmp_path, "report_in", f"报到编号,报到者,报到社区\n{report_ins}") == {
        "created": many
    }
    assert time.perf_counter() - began < 30
    assert await column(database, select(func.count(Grid.id))) == [2]
