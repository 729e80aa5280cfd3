"""Practices from files: what is shipped is all there, what is wrong is told by its line, and a sixth city is a file."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from hub import verifying
from hub.auth import ROLES as ROLES_OF_VIEWERS
from hub.auth import system
from hub.db import Database
from hub.errors import Conflict, HubError
from hub.models import (
    Channel,
    Figure,
    GridLevel,
    Practice,
    Request,
    RequestAction,
    RequestKind,
    RequestStatus,
    Scheme,
    SchemeKind,
    Source,
    WorkflowStep,
)
from hub.plugin import BadRecord, Record
from hub.services import practices
from hub.services.steps import TAKERS
from hub.sync import registry
from plugins.practices import SHIPPED, said, vocabulary
from tests.schema.api import schema
from tests.sync.sources import column, counts, rows, run

BAD = Path(__file__).parent / "practices"
ROWS = {
    "fancheng": ("F1", 20),
    "xiangyang": ("F2", 19),
    "baohe": ("F3", 20),
    "dongsheng": ("F4", 22),
    "hudai": ("F5", 13),
}

PUBLISHED = """
F1-03 ≥15; F1-05 =3; F1-06 =15; F1-08 =12; F1-09 =4; F1-11 =48; F1-12 >3800; F1-13 =32; F1-14 =22; F1-16 >80;
F1-18 =3 =3; F1-20 =4; F2-01 =2018 =2020; F2-02 =4; F2-03 =4; F2-04 =3 =4; F2-05 =3; F2-06 =9; F2-07 =5;
F2-09 =13 =21; F2-10 =12; F2-12 =3; F2-14 =67 =1758 =3770 =70; F2-15 ≥47 =21 =181 =15013;
F2-16 =1126 =748 =317 =208; F2-18 =161 =24079; F3-01 >1000 =615; F3-03 =3; F3-06 =615 =2617 =19792 =4; F3-08 =3;
F3-09 >10; F3-11 >30000 =6; F3-12 >10 >80; F3-13 =4; F3-14 %70 %20 %10 =4; F3-16 %100; F3-17 >70 >300 =99;
F3-18 ~50000000; F4-01 =12 =79 >17000 =2013 =2014; F4-02 =3; F4-03 =6; F4-04 =5; F4-05 =6; F4-06 =4;
F4-07 =14 =2 =79 =30 >50; F4-08 =233 =24900 ~300; F4-09 =100; F4-10 =2021; F4-11 >7300 >5100 =10 =6; F4-12 =6;
F4-14 =12 =79 >600; F4-15 =3 =2; F4-16 =12 =4 =1; F4-18 =4 =113; F4-19 =5 =16; F4-20 =3; F4-21 =5 >600;
F4-22 =1130000 =57; F5-01 =3 =2024; F5-02 =10 =3; F5-03 =4 =13; F5-04 =126 =5 =3; F5-05 =27 =5;
F5-06 =7 =6; F5-07 =13 >900; F5-08 =5; F5-09 =5; F5-10 =6 =3; F5-11 >400; F5-12 =5 =3; F5-13 =42 =42 %100
"""
"""Every published number: = exactly, ≥ at least (不少于), > over (余, 多), ~ nearly (近), % a share."""

SIXTH = """
practice: {code: linhe, name: 示例临河区, title: 示例邻里通, grid: "150602"}
schemes:
  - {code: GOALS, kind: GOALS, name: 目标, expected: 3, items: [邻里相助]}
workflows:
  - code: THREE
    name: 报—办—评
    steps:
      - {key: report, name: 报, phase: INTAKE}
      - {key: send, name: 派, phase: DISPATCH, by: ["requests:triage"], days: 1}
      - {key: handle, name: 办, phase: HANDLE, by: [ASSIGNEE], next: []}
features:
  - row: L1-01
    title: 三步办事
    figures:
      - {name: steps, title: 步骤, value: 3, said: 三步, at: workflow.steps.totalCount,
         query: '{ workflow(code: "linhe.THREE") { steps { totalCount } } }'}
      - {name: goals, title: 目标, value: 3, said: 三个目标, at: scheme.items.totalCount,
         query: '{ scheme(code: "linhe.GOALS") { items { totalCount } } }'}
    scenario:
      - do: '{ workflow(code: "linhe.THREE") { id } grid(code: "150602012003") { id } }'
        keep: {workflow: workflow.id, grid: grid.id}
      - as: resident
        do: |
          mutation ($grid: ID!, $workflow: ID!) {
            submitRequest(gridId: $grid, workflowId: $workflow, title: "路灯不亮") { id practice step { name phase } }
          }
        with: {grid: $grid, workflow: $workflow}
        keep: {request: submitRequest.id}
        expect: {submitRequest.practice: linhe, submitRequest.step.name: 报, submitRequest.step.phase: INTAKE}
      - as: anonymous
        do: "mutation ($id: ID!) { signRequest(id: $id) { id } }"
        with: {id: $request}
        refused: UNAUTHENTICATED
"""


def told(name: str) -> str:
    """The words with which a file is refused: that, and nothing else of it."""
    schema()  # so that queries are looked at
    (bad,) = said(BAD / f"{name}.yaml")
    assert isinstance(bad, BadRecord)
    assert bad.where == f"{name}.yaml"
    return bad.reason


@pytest.mark.parametrize("code", ROWS)
def test_a_shipped_file_is_taken_whole(code: str) -> None:
    schema()
    found = said(SHIPPED / f"{code}.yaml")
    assert [one.reason for one in found if isinstance(one, BadRecord)] == []
    prefix, count = ROWS[code]
    features = [one.key for one in found if isinstance(one, Record) and one.kind == "feature"]
    assert features == [f"{code}.{prefix}-{number:02}" for number in range(1, count + 1)]


def test_every_published_number_stands_as_it_was_published() -> None:
    signs = {"EXACT": "=", "AT_LEAST": "≥", "OVER": ">", "NEARLY": "~", "PERCENT": "%"}
    found: dict[str, str] = {}
    for code in ROWS:
        for one in said(SHIPPED / f"{code}.yaml"):
            if isinstance(one, Record) and one.kind == "figure":
                row, number = one.fields["feature"].partition(".")[2], int(one.fields["value"])
                found[row] = f"{found.get(row, row)} {signs[one.fields['qualifier']]}{number}"
    assert list(found.values()) == [" ".join(line.split()) for line in PUBLISHED.split(";")]


def test_every_shipped_practice_is_known_here() -> None:
    assert {file.stem for file in SHIPPED.glob("*.yaml")} == ROWS.keys()


WRONG = {
    "phase": "phase.yaml, line 7: workflows.0.steps.1.phase: 'DOING' is not known here. Write one of: INTAKE, TRIAGE, "
    "DISPATCH, ACCEPT, HANDLE, SUPERVISE, FEEDBACK, EVALUATE, PUBLISH, ASSESS.",
    "nobody": "nobody.yaml, line 10: workflows.0.steps.1.by: Nobody may take handle. Name who does, or leave `by` out.",
    "nowhere": "nowhere.yaml, line 6: workflows.0.steps.0.next.0: There is no step handel. Write one of: report, "
    "handle.",
    "unreachable": "unreachable.yaml, line 7: workflows.0.steps.1: No way leads to handle. Name it in the `next` of "
    "another step, or leave it out.",
    "loop": "loop.yaml, line 6: workflows.0.steps.0: No way leads out of report, handle, review. Let one of them end "
    "(`next: []`), or lead on to one that does.",
    "rule": "rule.yaml, line 6: series.0.rule: BYMONTHDAY=35: write numbers from 1 to 31, or -1 to -31 from the end, "
    "parted by commas.",
    "often": "often.yaml, line 3: rotas.0.rule: FREQ=HOURLY: write DAILY, WEEKLY, MONTHLY or YEARLY. HOURLY, MINUTELY "
    "and SECONDLY are too often for people; for hours of a day write FREQ=DAILY;BYHOUR=9,14.",
    "demo": "demo.yaml, line 5: demo.rows.0: the name '志愿服务队{n}' does not say that it is made up: begin it "
    "with 示例.",
    "demo_key": "demo_key.yaml, line 7: demo.rows.0.amount: amount is not known here. Write one of: kind, count, from, "
    "code, on, fields, sum.",
    "query": "query.yaml, line 10: features.0.figures.0.query: line 2 of the query: Cannot query field 'total' on type "
    "'OrganizationConnection'. Write what the graph knows: `hub sdl` prints it.",
    "bare": "bare.yaml, line 3: features.0: L1-01 has neither figures nor a scenario. Write one of them.",
    "twice": "twice.yaml, line 4: schemes.1.code: GOALS stands twice. Give it another code.",
    "unknown": "unknown.yaml, line 5: practice.population: population is not known here. Write one of: code, name, "
    "title, grid, description, ended.",
    "missing": "missing.yaml, line 1: practice.title: title is missing. Write it.",
    "number": "number.yaml, line 5: practice.grid: 150802 is no text. Write it in quotes.",
    "again": "again.yaml, line 5: name stands twice. Keep one of them.",
    "broken": "broken.yaml, line 3: it is no YAML: while scanning a quoted scalar: found unexpected end of stream. "
    "Mend it from here on.",
    "empty": "empty.yaml, line 1: it is empty.",
    "encoding": "encoding.yaml, line 1: it is no UTF-8. Save it as UTF-8.",
}
BEGINS = {
    "action": "action.yaml, line 7: workflows.0.steps.1.actions.0: HANDEL is no action. Did you mean HANDLE? Write one",
    "taker": "taker.yaml, line 10: workflows.0.steps.1.by.0: ASIGNEE takes no step. Did you mean ASSIGNEE? Write one",
    "kind": "kind.yaml, line 3: schemes.0.kind: GOAL is no kind of list. Did you mean GOALS? Write one of: AWARDS, ",
    "scenario": "scenario.yaml, line 7: features.0.scenario.0.do: line 1 of the operation: Cannot query field "
    "'submitRequests' on type 'Mutation'. Did you mean 'submitRequest',",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_line_and_what_to_write_instead(name: str) -> None:
    assert told(name) == WRONG[name]


@pytest.mark.parametrize("name", BEGINS)
def test_of_a_word_that_the_hub_does_not_know_those_that_it_knows_are_told(name: str) -> None:
    assert told(name).startswith(BEGINS[name])


def test_every_bad_file_is_tried() -> None:
    assert {file.stem for file in BAD.glob("*.yaml")} == WRONG.keys() | BEGINS.keys() | {"good"}


def test_the_words_that_a_file_may_use_are_those_of_the_hub() -> None:
    assert vocabulary.TAKERS == TAKERS
    assert RequestAction.__members__.keys() == vocabulary.ACTIONS
    assert SchemeKind.__members__.keys() == vocabulary.SCHEME_KINDS
    assert {*ROLES_OF_VIEWERS, "anonymous"} == vocabulary.VIEWERS
    assert (GridLevel.__members__.keys(), Channel.__members__.keys()) == (vocabulary.LEVELS, vocabulary.CHANNELS)
    assert RequestKind.__members__.keys() == vocabulary.REQUEST_KINDS
    assert RequestStatus.__members__.keys() == vocabulary.STATUSES
    never = {"INTERNAL", "REFUSED", "PLUGIN_FAILED"}
    assert codes(HubError) - never | {"BAD_REQUEST", "BAD_USER_INPUT"} == vocabulary.REFUSALS


def codes(error: type[HubError]) -> set[str]:
    """The codes of an error and of all that are more special."""
    return {error.code}.union(*(codes(one) for one in error.__subclasses__() if one.__module__.startswith(OURS)))


OURS = ("hub.", "schema.")


async def read(database: Database, path: Path) -> dict[str, int]:
    """What came of reading these files, after the divisions."""
    shipped = registry.load()
    async with database.write(verifying.VIEWER) as session:
        session.add(Source(name="cities", plugin="practices", title="实践", settings={"path": str(path)}))
    return counts(await run(database, shipped, "cities"))


async def test_a_bad_file_leaves_the_others_alone(database: Database) -> None:
    found = await read(database, BAD)
    assert found == {"created": 5, "rejected": len(WRONG) + len(BEGINS)}
    assert await rows(database, select(Practice.code, Practice.title)) == [("linhe", "示例邻里通")]


async def test_a_sixth_city_is_one_file(database: Database, tmp_path: Path) -> None:
    await run(database, registry.load(), "divisions")
    (tmp_path / "linhe.yaml").write_text(SIXTH, encoding="utf-8")
    assert await read(database, tmp_path) == {"created": 10}
    ways = await rows(database, select(WorkflowStep.name, WorkflowStep.leads_to).order_by(WorkflowStep.position))
    assert ways == [("报", ["linhe.THREE.send"]), ("派", ["linhe.THREE.handle"]), ("办", [])]
    assert await rows(database, select(Scheme.expected, Scheme.complete)) == [(3, False)]
    found = [one async for one in verifying.verify(database, "linhe", sure=True)]
    assert [(one.row, one.figure, one.got, one.ok, one.why) for one in found] == [
        ("L1-01", "goals", 1.0, False, ""),
        ("L1-01", "steps", 3.0, True, ""),
        ("L1-01", "scenario", 3, True, ""),
    ]


async def test_a_scenario_is_refused_among_rows_that_are_not_made_up(database: Database, tmp_path: Path) -> None:
    await run(database, registry.load(), "divisions")
    (tmp_path / "linhe.yaml").write_text(SIXTH, encoding="utf-8")
    await read(database, tmp_path)
    with pytest.raises(Conflict, match=r"The rows of linhe in this hub are not marked as made up.*--figures.*--yes"):
        [one async for one in verifying.verify(database, "linhe")]
    assert await rows(database, select(Request.id)) == []
    asked = [one.figure async for one in verifying.verify(database, "linhe", scenarios=False)]
    assert asked == ["goals", "steps"]


async def test_without_a_code_those_that_are_made_up_are_asked_for(database: Database, tmp_path: Path) -> None:
    await run(database, registry.load(), "divisions")
    other = SIXTH.replace("linhe", "other").replace("L1-", "O1-")
    for code, content in (("linhe", SIXTH), ("other", other)):
        (tmp_path / f"{code}.yaml").write_text(content, encoding="utf-8")
    await read(database, tmp_path)
    async with database.write(viewer := system("test")) as session:
        await practices.mark_synthetic(session, viewer, "other")
    assert {one.practice async for one in verifying.verify(database)} == {"other"}
    assert {one.practice async for one in verifying.verify(database, scenarios=False)} == {"linhe", "other"}


@pytest.mark.parametrize("code", ROWS)
def test_every_list_workflow_series_and_indicator_is_asked_for_by_a_row(code: str) -> None:
    found = [one for one in said(SHIPPED / f"{code}.yaml") if isinstance(one, Record)]
    asked = " ".join(str(one.fields) for one in found if one.kind in ("feature", "figure"))
    named = [one.key for one in found if one.kind in ("scheme", "workflow", "series", "rota", "indicator")]
    assert [name for name in named if f'"{name}"' not in asked] == []


WRITTEN = re.compile(r'\b(title|text|name|note|reply|result|review|offer|because|reason): "(?!示例)')


@pytest.mark.parametrize("code", ROWS)
def test_what_a_scenario_writes_says_that_it_is_made_up(code: str) -> None:
    for one in said(SHIPPED / f"{code}.yaml"):
        if isinstance(one, Record) and one.kind == "feature" and one.fields["scenario"]:
            done = [act["do"] for act in one.fields["scenario"]["steps"] if "mutation" in act["do"]]
            assert [found[0] for do in done for found in WRITTEN.finditer(do)] == [], one.key


async def test_a_file_that_was_read_again_changes_nothing_and_what_is_no_more_is_ended(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "linhe.yaml").write_text(SIXTH, encoding="utf-8")
    await read(database, tmp_path)
    again = await run(database, registry.load(), "cities")
    assert counts(again) == {"unchanged": 10}
    head, _, rest = SIXTH.partition("      - {name: goals")
    (tmp_path / "linhe.yaml").write_text(head + rest[rest.index("    scenario:") :], encoding="utf-8")
    assert counts(await run(database, registry.load(), "cities")) == {"unchanged": 9}  # missed once, not yet gone
    assert counts(await run(database, registry.load(), "cities")) == {"closed": 1, "unchanged": 9}
    assert await column(database, select(Figure.code).where(Figure.closed_on.is_(None))) == ["linhe.L1-01.steps"]
