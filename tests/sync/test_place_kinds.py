"""Tables of time and place, under the headers that offices write: read, kept, and read again without a change."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub import models
from hub.auth import system
from hub.db import Database
from hub.models import Grid, GridLevel, Organization, OrganizationKind, Person, Source
from hub.models.practice import Qualifier
from hub.sync import registry
from tests.sync.sources import counts, rows, run, stored

SHIPPED = registry.load()
HERE = "150602012003"

TABLES: dict[str, str] = {
    "alliance": (
        "编码,名称,类型,practice,pillars,match_basis\n"
        "AL,商户联盟,商户党建联盟,fancheng,组织联建、资源联享,INDUSTRY;FIELD\n"
    ),
    "station": (
        "驿站编码,驿站名称,类型,实践,所属网格,运营方,共建单位,建设方式,场地来源,示范性驿站,功能区,经度,纬度,启用日期\n"
        f"ST,春园驿站,社区综合类,xiangyang,{HERE},U1,U2,共建,三供一业移交,是,书画室、议事厅,110.0,39.8,2020-05-01\n"
    ),
    "service_item": (
        "事项编码,事项名称,驿站,提供方,服务方式,下沉,不见面审批,前一版本,优化原因\n"
        "SI1,老年卡,ST,U1,ONLINE,是,,,\nSI2,老年卡即办,ST,U1,ONLINE;ASSISTED_AGENCY,是,是,SI1,少跑一趟\n"
    ),
    "qr_point": f"二维码编号,张贴位置,所属网格,驿站\nQ1,2号楼门厅,{HERE},ST\n",
    "offer": (
        "优惠编码,优惠内容,商户,受益群体,开始日期,截止日期\nOF,热水,U2,快递小哥、外卖骑手,2026-01-01,2026-12-31\n"
    ),
    "notice": (
        "公示编号,标题,公示类型,公示依据,公示开始,公示截止\nNO,进圈时间,时间安排,公开要求,2026-01-01,2026-12-31\n"
    ),
    "rota": (
        "轮值编码,轮值名称,轮值规则,时刻,时长,开始日期,驿站,进圈方式\n"
        "RO,逢5进圈,freq=monthly;bymonthday=5,09:00,120,2026-01-01,ST,LEAFLET、HOME_VISIT\n"
    ),
    "series": (
        "系列编码,系列名称,系列类型,重复规则,时刻,开始日期,主办单位,联盟\n"
        "SE,小诸葛议事会,会议,FREQ=MONTHLY,15:00,2026-01-15,U1,AL\n"
    ),
    "activity": ("code,title,starts_at,series,station,practice\nAC,义诊,2026-03-01 09:00,SE,ST,xiangyang\n"),
    "shift": ("key,person,rota,starts_at,ends_at,held\n1,P1,RO,2026-03-05 09:00,2026-03-05 11:00,是\n"),
    "agreement": ("协议编号,协议名称,协议类型,签约方,结对方,联盟,服务清单\nAG,结对书,结对共建,U1,U2,AL,义诊、普法\n"),
    "outcome": "成效编号,指标,数值,单位,限定,协议\nOU,志愿服务,50,次,多,AG\n",
    "meeting": (
        "会议编号,会议名称,议事平台,召开时间,议事场所,会议系列,所属网格\n"
        f"ME,三月议事,小区议事吧,2026-03-15 15:00,三方联动议事厅,SE,{HERE}\n"
    ),
    "topic": (
        f"议题编号,议题名称,议题来源,议题分级,状态,会议,提出单位,所属网格\nTO,装电梯,走访,难事,已决,ME,U2,{HERE}\n"
    ),
    "resolution": "决议编号,决议内容,会议,议题,责任单位,完成期限\nRE,先做两栋,ME,TO,U1,2026-06-30\n",
    "proposal": "提案编号,提案名称,上报形式,议题,提交日期\nPR,加装电梯,政协提案,TO,2026-03-20\n",
    "budget": f"预算编号,预算名称,年度,筹集资金,所属网格\nBU,参与式预算,2025,1130000,{HERE}\n",
    "budget_project": "项目编号,项目名称,预算,金额,得票\nBP,凉亭,BU,5000,120\n",
    "funding": f"经费编号,用途,金额,限定,来源,所属网格\nFU,专项经费,50000000,近,区财政,{HERE}\n",
}
MODELS = {
    "notice": models.PublicNotice,
    "qr_point": models.QrPoint,
    "service_item": models.ServiceItem,
    "budget_project": models.BudgetProject,
}


async def brought(database: Database, tmp_path: Path, kind: str, table: str, name: str | None = None) -> Any:
    """A run of the spreadsheet plugin over that table."""
    path = tmp_path / f"{name or kind}.csv"
    path.write_text(table, encoding="utf-8")
    async with database.write(system("test")) as session:
        if await session.scalar(select(Source.id).where(Source.name == path.name)) is None:
            settings = {"kind": kind, "path": str(path)}
            session.add(Source(name=path.name, plugin="spreadsheet", title=path.name, settings=settings))
    return await run(database, SHIPPED, path.name)


@pytest.fixture
async def place(database: Database) -> Database:
    grid = Grid(code=HERE, name="滨河社区", level=GridLevel.DISTRICT, path=f"{HERE}/")
    bodies = [
        Organization(code=code, name=code, organization_kind=OrganizationKind.UNIT, public=True)
        for code in ("U1", "U2")
    ]
    async with database.write(system("test")) as session:
        session.add_all([grid, *bodies, Person(code="P1", name="李雷")])
    return database


async def reasons(database: Database) -> list[str]:
    return [reason for (reason,) in await rows(database, select(models.Rejected.reason))]


async def test_every_kind_comes_from_a_table_and_again_without_a_change(place: Database, tmp_path: Path) -> None:
    for again in (False, True):
        for kind, table in TABLES.items():
            done = await brought(place, tmp_path, kind, table)
            number = table.count("\n") - 1
            assert counts(done) == {"unchanged" if again else "created": number}, (kind, await reasons(place))
    await _kept(place)


async def _kept(place: Database) -> None:
    """What stands of some of them."""

    async def of(model: Any, code: str) -> dict[str, Any]:
        return (await stored(place, model))[code]

    station, item, old = (
        await of(models.Station, "ST"),
        await of(models.ServiceItem, "SI2"),
        await of(models.ServiceItem, "SI1"),
    )
    assert (station["zones"], station["demonstration"], station["agency"], station["grid_path"]) == (
        ["书画室", "议事厅"],
        True,
        False,
        f"{HERE}/",
    )
    assert (item["modes"], item["replaces_id"], item["contactless"]) == (["ONLINE", "ASSISTED_AGENCY"], old["id"], True)
    rota = await of(models.Rota, "RO")
    assert (rota["rule"], rota["at"], rota["actions"]) == (
        "FREQ=MONTHLY;BYMONTHDAY=5",
        "09:00",
        ["LEAFLET", "HOME_VISIT"],
    )
    meeting, topic = await of(models.Meeting, "ME"), await of(models.Topic, "TO")
    assert (meeting["held_at"], meeting["forum"]) == (datetime(2026, 3, 15, 7, tzinfo=UTC), models.Forum.ESTATE_BAR)
    assert (topic["status"], topic["grade"], topic["meeting_id"]) == (
        models.TopicStatus.RESOLVED,
        models.TopicGrade.HARD,
        meeting["id"],
    )
    assert (await of(models.Resolution, "RE"))["topic_id"] == topic["id"]
    assert (await of(models.Outcome, "OU"))["qualifier"] is Qualifier.OVER
    assert (await of(models.Alliance, "AL"))["match_basis"] == ["INDUSTRY", "FIELD"]
    assert (await of(models.Agreement, "AG"))["services"] == ["义诊", "普法"]
    assert (await of(models.PublicNotice, "NO"))["until"] == date(2026, 12, 31)
    ((held, rota_id),) = await rows(place, select(models.Shift.held, models.Shift.rota_id))
    assert (held, rota_id) == (True, rota["id"])


@pytest.mark.parametrize(
    ("kind", "row", "reason"),
    [
        ("rota", "RO,岗哨,FREQ=MINUTELY,,,2026-01-01,,", "FREQ=MINUTELY: write DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("rota", "RO,岗哨,FREQ=DAILY,7点半,,2026-01-01,,", "at is '7点半': write the time of day as 19:30."),
        (
            "rota",
            "RO,岗哨,FREQ=DAILY,,,2026-01-01,,唱歌",
            "'唱歌' is none of LEAFLET, HOME_VISIT, CONSULT_DESK.",
        ),
        ("series", "SE,会,会议,每月,,2026-01-01,,", "'每月' is no part of a rule: write one of FREQ"),
        ("notice", "NO,电话 13800001111,联系方式,依据,2026-01-01,2026-02-01", "it holds a mobile number"),
        ("notice", "NO,安排,时间安排,依据,2026-02-01,2026-01-01", "2026-01-01 lies before 2026-02-01"),
        ("offer", "OF,热水,U2,骑手,2026-02-01,2026-01-01", "2026-01-01 lies before 2026-02-01"),
        ("outcome", "OU,次数,5,次,多,", "of what did it come? Say an agreement or an alliance."),
        ("shift", "1,P1,,2026-03-05 09:00,2026-03-05 11:00,", "of which rota, or at which activity?"),
        ("alliance", "AL,联盟,商户党建联盟,,,NEAR", "'NEAR' is none of INDUSTRY, FIELD, RELATEDNESS."),
    ],
)
async def test_what_makes_no_sense_is_refused_with_its_reason(
    place: Database, tmp_path: Path, kind: str, row: str, reason: str
) -> None:
    header = TABLES[kind].partition("\n")[0]
    done = await brought(place, tmp_path, kind, f"{header}\n{row}\n")
    assert counts(done) == {"rejected": 1}
    (told,) = await reasons(place)
    assert told.partition(": ")[2].startswith(reason), told
