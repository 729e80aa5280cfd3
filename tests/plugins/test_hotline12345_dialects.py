"""Dialects are files: the shipped ones, an admin's own, and broken ones."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request as Asked
from starlette.responses import JSONResponse
from starlette.routing import Route

import plugins.hotline12345
from hub.db import Database
from hub.errors import Misconfigured
from hub.models import Identity, Rejected, Request
from hub.plugin import BadRecord, Record
from hub.sync import registry
from plugins.hotline12345 import Config, Hotline12345
from plugins.hotline12345.dialects import DIALECTS, WORDS, load
from plugins.hotline12345.records import Centre, read
from tests.plugins.hotlines import hotline, standing, step
from tests.sync.sources import column, counts, reached, rows, run, stored

SHIPPED = registry.load()
PLUGIN = Path(plugins.hotline12345.__file__).parent
README = (PLUGIN / "README.md").read_text(encoding="utf-8")
INVENTED = README.partition("```toml\n")[2].partition("```")[0]
"""The example of the README."""
ROW = {
    "流水": 1,
    "受理单号": "XG-000042",
    "事由": "楼道灯不亮",
    "详情": "",
    "补充": "三楼楼道灯不亮，请回电。",
    "类别": "求帮",
    "环节": "正在办",
    "来源": "小程序",
    "等级": "加急",
    "大类": "市政",
    "小类": "照明",
    "街": "交通街道",
    "居": "吉劳庆社区",
    "地点": "三号楼",
    "经办": "住建局+街道办",
    "来电时刻": "15.01.2026 09.05",
    "限办": "2026-01-20 18:00:00",
    "市民姓名": "欧阳",
    "市民手机": "13812345678",
    "变更时刻": "16.01.2026 10.00",
    "催办次数": 2,
    "退件": "否",
}


def folder(path: Path, **files: str) -> Path:
    for name, content in files.items():
        (path / f"{name}.toml").write_text(content, encoding="utf-8")
    return path


def serving(*found: dict[str, Any]) -> Starlette:
    """A hotline that holds these rows."""

    async def listed(request: Asked) -> JSONResponse:
        info = {"hasMore": False, "serverTime": "2026-03-02 08:00:00", "lastUpdateTime": "2026-03-02 08:00:00"}
        return JSONResponse({"success": True, "code": 10000, "pageInfo": info, "resultData": list(found)})

    return Starlette(routes=[Route("/api/workorders", listed)])


async def test_a_fourth_dialect_is_a_file_alone(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached(serving(ROW, {**ROW, "受理单号": "XG000043", "环节": "火星", "市民手机": ""}), monkeypatch)
    await run(database, SHIPPED, "divisions")
    settings = {"dialects": str(folder(tmp_path, invented=INVENTED))}
    done = await run(database, SHIPPED, "hotline12345", overrides=settings)
    assert (done.error, counts(done)) == (None, {"created": 1, "rejected": 1})
    held = (await stored(database, Request, "number"))["000042"]
    shown = ("title", "content", "category", "place", "grid_path", "urged", "result")
    assert [held[name] for name in shown] == [
        *("楼道灯不亮", "三楼楼道灯不亮，请回电。", "市政/照明", "三号楼", "150602/150602001/150602001001/", 2, None),
    ]
    names = [held[name].name for name in ("kind", "status", "channel", "urgency")]
    assert names == ["HELP", "IN_PROGRESS", "MINI_APP", "URGENT"]
    assert held["submitted_at"] == datetime.fromisoformat("2026-01-15T09:05:00+08:00")
    assert await rows(database, select(Identity.name, Identity.phone)) == [("欧阳", "13812345678")]
    (reason,) = await column(database, select(Rejected.reason))
    assert reason.startswith(
        "Dialect 虚构市 2027, column 环节: the word '火星' is unknown. Add it to the setting words"
    )


async def test_without_the_file_every_such_row_is_rejected_and_shows_no_caller(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached(serving(ROW), monkeypatch)
    done = await run(database, SHIPPED, "hotline12345")
    assert counts(done) == {"rejected": 1}
    (raw,) = await column(database, select(Rejected.raw))
    assert (raw["市民姓名"], raw["市民手机"]) == ("***", "***")


async def test_a_fourth_dialect_is_written_as_it_is_read(tmp_path: Path) -> None:
    settings = {"dialects": folder(tmp_path, invented=INVENTED), "dialect": "虚构市 2027"}
    app, known = standing("taian", "HANDLED")
    sent: list[Any] = []

    async def take(request: Asked) -> JSONResponse:
        sent.append(await request.json())
        return JSONResponse({"success": True, "code": 10000})

    app = Starlette(routes=[Route("/api/workorders/{number}/evaluations", take, methods=["POST"])])
    async with hotline(app, **settings) as source:
        change = step(known, "EVALUATE", satisfaction="VERY_SATISFIED", solved=True)
        assert await source.push(change) == known.number
    time = "2026-03-02 10:00:00"
    assert sent == [{"outerId": change.id, "step": "EVALUATE", "stepTime": time, "评分": "5", "isSolved": "√"}]


async def test_a_step_whose_path_is_empty_is_not_told(tmp_path: Path) -> None:
    file = f'{INVENTED}\n[push.paths]\nSIGN = ""\n'
    _app, known = standing("taian")
    asked: list[str] = []
    settings = {"dialects": folder(tmp_path, invented=file), "dialect": "虚构市 2027"}
    async with hotline(Starlette(), asked, **settings) as source:
        assert await source.push(step(known, "SIGN")) == known.number
    assert asked == []


def test_a_file_of_a_shipped_name_stands_in_its_place(tmp_path: Path) -> None:
    text = (PLUGIN / "dialects" / "beijing-fangshan.toml").read_text(encoding="utf-8")
    own = load(folder(tmp_path, own=text.replace('title = "标题"', 'title = "标题2"')))
    assert [one.name for one in own] == ["北京房山", *(one.name for one in DIALECTS if one.name != "北京房山")]
    assert own[0].fields["title"] == ("标题2",)


def test_of_two_that_know_as_many_columns_the_admin_s_own_comes_first(tmp_path: Path) -> None:
    text = (PLUGIN / "dialects" / "shunde-export.toml").read_text(encoding="utf-8")
    swapped = text.replace("顺德导出", "顺德二").replace('title = "标题"', 'place = "标题"')
    row = {"序号": 1, "工单编号": "7", "标题": "a", "内容": "b"}
    found = read(row, Centre(dialects=load(folder(tmp_path, own=swapped))), "")
    assert isinstance(found, Record)
    assert (found.fields["place"], found.fields["title"]) == ("a", "b")


PLAIN = 'name = "a"\n[fields]\nnumber = "n"\n'
BROKEN = {
    "name = ": "it is no TOML in UTF-8: Invalid value",
    'name = "a"': "fields: it is missing. Write, for example, number = ",
    'name = ""\n[fields]\nnumber = "n"': "name: '' cannot stand there. Write, for example, name = ",
    '[fields]\nnumber = "n"': 'name: it is missing. Write, for example, name = "北京房山".',
    'name = "a"\n[fields]\ntitle = "t"': "fields.number: it is missing. Write the column of the order",
    'name = "a"\n[fields]\nnumber = 7': "fields.number: 7 cannot stand there. Write, for example, number = ",
    'name = "a"\nflag = 1\n[fields]\nnumber = "n"': "flag: there is no such key. Write one of: name, recogn",
    f'{PLAIN}state = "s"': "fields: there is no 'state'. Write one of: number, ",
    f'{PLAIN}[joined]\nx = ["s"]': "joined: there is no 'x'. Write one of: category",
    f'{PLAIN}[words.state]\nA = ["b"]': "words: there is no 'state'. Write one of: ",
    f'{PLAIN}[words.status]\nDONE = ["b"]': "words.status: there is no 'DONE'. Wr",
    f'{PLAIN}[words.solved]\nYES = ["b"]\nNO = ["b"]': "words.solved: the word 'b' stands 2 times. Write ",
    f'{PLAIN}[words.solved]\nYES = "b"': "words.solved.YES: 'b' cannot stand there",
    f'{PLAIN}[flags]\nback = "BACK"': "flags.back: there is no 'BACK'. Write one",
    'name = "a"\ntimes = ["%Q"]\n[fields]\nnumber = "n"': "times: '%Q' is no way to write a time. Write, for",
    'name = "a"\ntimes = ["%H:%M"]\n[fields]\nnumber = "n"': "times: '%H:%M' is no way to write a time.",
    'name = "a"\ncoordinates = "bd09"\n[fields]\nnumber = "n"': "coordinates: 'bd09' cannot stand there.",
    f"{PLAIN}[numbers]\ndigits = 0": "numbers.digits: 0 cannot stand there.",
    f'{PLAIN}[issues]\ncolumn = "c"': "issues.key: it is missing. Write, for exa",
    f'{PLAIN}[push]\npath = "c"': "push.path: there is no such key. Write one of: ",
    f'{PLAIN}[push.paths]\nFIX = "c"': "push.paths: there is no 'FIX'. Write one of",
    'name = "a"\nfields = 3': "fields: 3 cannot stand there. Write, for example, number = ",
    'name = "a"\npush = 3\n[fields]\nnumber = "n"': "push: 3 cannot stand there. Write, for example, HANDLE",
}


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_file_is_refused_with_its_key_and_what_to_write(content: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=re.escape(f"own.toml: {BROKEN[content]}")):
        Config(dialects=folder(tmp_path, own=content))


async def test_a_broken_file_stops_a_run_before_it_begins(database: Database, tmp_path: Path) -> None:
    settings = {"dialects": str(folder(tmp_path, own='name = "a"'))}
    with pytest.raises(Misconfigured, match=r"hotline12345: .*own\.toml: fields: it is missing\."):
        await run(database, SHIPPED, "hotline12345", overrides=settings)
    assert await stored(database, Request, "number") == {}


def test_a_folder_without_dialects_and_a_name_that_is_none_are_refused(tmp_path: Path) -> None:
    def told(**settings: Any) -> str:
        with pytest.raises(ValidationError) as caught:
            Config(**settings)
        return str(caught.value.errors()[0]["msg"])

    assert f"{tmp_path}: it holds no *.toml file. Copy one of " in told(dialects=tmp_path)
    assert "there is no dialect '月球'. Set one of: 北京房山, " in told(dialect="月球")
    folder(tmp_path, a=INVENTED, b=INVENTED)
    assert "b.toml: name: another file there is called '虚构市 2027' too. Write another name." in told(
        dialects=tmp_path
    )


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidationError, match="since 2026-03-02T00:00:00\\+08:00 is later than until"):
        Config(since="2026-03-02T00:00:00", until="2026-03-01T00:00:00")


def test_one_dialect_may_be_fixed() -> None:
    assert [one.name for one in Config(dialect="顺德导出").spoken()] == ["顺德导出"]
    row = {"taskId": "1", "status": "结案", "title": "a"}
    found = read(row, Centre(dialects=Config(dialect="顺德导出").spoken()), "")
    assert isinstance(found, BadRecord)


def test_no_column_and_no_word_of_a_hotline_stands_in_the_code() -> None:
    code = [file for file in PLUGIN.rglob("*.py") if not file.stem.startswith("simula") and file.stem != "files"]
    written = "".join(file.read_text(encoding="utf-8") for file in code)
    names = {name for one in DIALECTS for columns in one.fields.values() for name in columns}
    words = {word for meanings in WORDS.values() for word in meanings}
    chinese = {name for name in names | words if re.search(r"[\u4e00-\u9fff]{2}", name)}
    assert len(chinese) > 100
    assert sorted(name for name in chinese if f'"{name}"' in written) == []


def test_what_rows_mean_depends_on_the_dialects_and_not_on_how_they_are_asked_for(tmp_path: Path) -> None:
    own = folder(tmp_path, xigang=INVENTED)

    def meaning(**settings: Any) -> str:
        return Hotline12345(Config(**settings), httpx2.AsyncClient()).meaning()

    plain, with_own = meaning(), meaning(dialects=own)
    assert plain == meaning(page_size=7, overlap_minutes=0, since="2026-01-01T00:00:00+08:00", api_key="other")
    words = {"status": {"已转交": "DISPATCHED"}}
    others = [meaning(prefix="X-"), meaning(district="150603"), meaning(words=words), meaning(workflow="baohe.BH6")]
    assert len({plain, with_own, *others}) == 6
    (own / "xigang.toml").write_text(INVENTED + "\n# another word\n", encoding="utf-8")
    assert meaning(dialects=own) != with_own
