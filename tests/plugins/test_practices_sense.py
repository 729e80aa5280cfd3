"""What a file says in the right form and what makes no sense to the hub: the hub's own checks, at their lines."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from hub import verifying
from hub.db import Database
from hub.errors import NotFound
from hub.models import Figure, Organization
from hub.plugin import BadRecord
from plugins.practices import said
from tests.plugins.test_practices import read
from tests.plugins.test_practices_again import city, written
from tests.plugins.test_practices_damage import HEAD
from tests.schema.api import schema
from tests.sync.sources import column

SDL = "Write what the graph knows: `hub sdl` prints it."


def told(text: str, tmp_path: Path) -> list[str]:
    """What is said of a file's second part, without its place."""
    schema()  # so that queries are looked at
    (tmp_path / "odd.yaml").write_text(HEAD + text, encoding="utf-8")
    bad = said(tmp_path / "odd.yaml")[0]
    return bad.reason.split("odd.yaml, line 2: ")[1:] if isinstance(bad, BadRecord) else []


def figure(query: str, at: str) -> str:
    only = f"name: n, title: 数, value: 1, said: 一, query: '{query}', at: '{at}'"
    return f"features: [{{row: L1-01, title: 一, figures: [{{{only}}}]}}]"


STEPS = '{ workflow(code: "W") { steps { totalCount nodes { name } } } }'
FIGURES = {
    figure('mutation { closeRequest(id: "1", result: "好") { id } }', "closeRequest.id"): "query: it is a "
    "mutation, and a figure only reads. Write a query.",
    figure("query ($code: String!) { workflow(code: $code) { steps { totalCount } } }", "workflow.steps.totalCount"): (
        "query: it needs $code, and is asked without variables. Write the value into it."
    ),
    figure("query a { __typename } query b { __typename }", "a"): "query: it holds 2 operations. Write one query.",
    figure("subscription { changes { cursor } }", "changes"): "query: it is a subscription. Write one query.",
    figure("{ workflow(code: ", "workflow"): "query: line 1 of the query: Syntax Error: Unexpected <EOF>. " + SDL,
    figure("{ a" * 3_000, "a"): "query: line 1 of the query: Syntax Error: Document is nested too deep",
    figure(
        STEPS, "workflow.steps.nope"
    ): "at: workflow.steps.nope: no nope is asked for under workflow.steps. Write one of: totalCount, nodes.",
    figure(STEPS, "workflow..steps"): "at: workflow..steps: no empty name is asked for under workflow. Write one of: "
    "steps.",
    figure(
        STEPS, "workflow.steps"
    ): "at: workflow.steps is WorkflowStepConnection, and no number. Write where the number "
    "stands, as organizations.totalCount.",
    figure(STEPS, "workflow.steps.nodes.name"): "at: workflow.steps.nodes.name: workflow.steps.nodes is a list. Write "
    "which one of it, from 0: workflow.steps.nodes.0.",
    figure(STEPS, "workflow.steps.nodes.²"): "at: workflow.steps.nodes.²: workflow.steps.nodes is a list. Write which "
    "one of it, from 0: workflow.steps.nodes.0.",
    figure(
        STEPS, "workflow.steps.nodes.0.name"
    ): "at: workflow.steps.nodes.0.name is String, and no number. Write where "
    "the number stands, as organizations.totalCount.",
    figure(STEPS, "workflow.steps.totalCount.a"): "at: workflow.steps.totalCount.a: workflow.steps.totalCount is Int, "
    "with nothing in it. Write workflow.steps.totalCount.",
}


@pytest.mark.parametrize("text", FIGURES)
def test_a_figure_is_one_query_with_a_number_in_its_answer(text: str, tmp_path: Path) -> None:
    (found,) = told(text, tmp_path)
    wanted = FIGURES[text]
    assert found.removeprefix("features.0.figures.0.")[: len(wanted)] == wanted


NAMED = '{ a: workflow(code: "W") { ...s steps { nodes { days } } } } fragment s on Workflow { steps { totalCount } }'
PLACES = ("a.steps.totalCount", "a.steps.nodes.3.days", "a.steps.nodes.*.days", "a.steps.nodes")


@pytest.mark.parametrize("at", PLACES)
def test_a_number_may_stand_under_another_name_in_a_fragment_and_in_a_list(at: str, tmp_path: Path) -> None:
    assert told(figure(NAMED, at), tmp_path) == []


def act(do: str, rest: str = "") -> str:
    return f"features: [{{row: L1-01, title: 一, scenario: [{{do: '{do}'{rest}}}]}}]"


VIEWER = "{ viewer { name } }"
ROLE = "query ($code: String!) { workflow(code: $code) { name } }"
ACTS = {
    act(
        VIEWER, ", as: clark@1"
    ): "as: there is no role clark. Did you mean clerk? Write one of: admin, anonymous, carer, "
    "clerk, district, handler, partner, resident.",
    act(
        VIEWER, ", refused: FORBIDEN"
    ): "refused: FORBIDEN is no code of an error. Did you mean FORBIDDEN? Write one of: ",
    act(
        VIEWER, ", expect: {viewer.nam: 王}"
    ): "expect.viewer.nam: viewer.nam: no nam is asked for under viewer. Write one of: name.",
    act(
        VIEWER, ", keep: {who: viewer.nam}"
    ): "keep.who: viewer.nam: no nam is asked for under viewer. Write one of: name.",
    act(ROLE): "do: it needs $code. Write it in `with`.",
    act(VIEWER, ", with: {code: A}"): "with.code: the operation has no $code. Declare it there, or leave it out.",
    act(ROLE, ", with: {code: $kept}"): "with.code: no step above keeps kept. Let one keep it.",
}


@pytest.mark.parametrize("text", ACTS)
def test_a_step_of_a_scenario_fits_its_operation(text: str, tmp_path: Path) -> None:
    (found,) = told(text, tmp_path)
    wanted = ACTS[text]
    assert found.removeprefix("features.0.scenario.0.")[: len(wanted)] == wanted


def workflow(steps: str, rest: str = "") -> str:
    return f"workflows: [{{code: W, name: 甲, steps: [{{key: a, name: 甲, phase: INTAKE}}, {steps}]{rest}}}]"


HANDLE = "{key: b, name: 乙, phase: HANDLE}"
MORE = "Name an action in its `actions` that no other step names, or leave it out."
WORKFLOWS = {
    workflow(
        HANDLE + ", {key: c, name: 丙, phase: HANDLE}"
    ): f"steps.2: Nothing that is done with a request is c: other steps come before it. {MORE}",
    workflow(HANDLE + ", {key: c, name: 丙, phase: HANDLE, actions: [SYNC]}"): "steps.2: Nothing that is done with a "
    f"request is c: other steps come before it. {MORE}",
    workflow(
        "{key: b, name: 乙, phase: DISPATCH, by: [CO_HANDLER]}"
    ): "steps.1.by: CO_HANDLER may not DISPATCH. Write one of: requests:triage, or a post.",
    workflow(
        '{key: b, name: 乙, phase: HANDLE, by: ["sync:run"]}'
    ): "steps.1.by: sync:run may not HANDLE. Write one of: ASSIGNEE, requests:handle, or a post.",
    workflow(
        HANDLE, ", overdue: [{days: 1, do: URGE}, {days: 1, do: URGE}]"
    ): "overdue.1.days: 1 stands twice. Keep one of them, or write other days.",
    workflow(
        HANDLE, ", subject: TOPIC, overdue: [{days: 1, do: URGE}]"
    ): "overdue: only requests climb it, and no TOPIC does. Leave it out.",
    workflow(
        "{key: b, name: 乙, phase: HANDLE, actions: [HANDLE]}", ", subject: TOPIC"
    ): "steps.1.actions: actions are done with requests, and with no TOPIC. Leave them out.",
    workflow("{key: b, name: 乙, phase: HANDLE, by: [SUBMITTER]}", ", subject: TOPIC"): "steps.1.by: a TOPIC has no "
    "SUBMITTER. Write abilities, posts, or ASSIGNEE, which is whom it is about.",
}


@pytest.mark.parametrize("text", WORKFLOWS)
def test_each_step_is_something_and_for_somebody(text: str, tmp_path: Path) -> None:
    (found,) = told(text, tmp_path)
    assert found == f"workflows.0.{WORKFLOWS[text]}"


@pytest.mark.parametrize("by", ["STEWARD", "ASSIGNEE", "'requests:triage'", "'requests:handle'"])
def test_whom_a_step_names_may_be_one_who_can_take_it(by: str, tmp_path: Path) -> None:
    assert told(workflow(f"{{key: b, name: 乙, phase: HANDLE, by: [{by}]}}"), tmp_path) == []


def series(rest: str) -> str:
    return f"series: [{{code: S, title: 会, kind: MEETING, starts_on: 2026-01-01, {rest}}}]"


ODD = "{rule: FREQ=WEEKLY;BYDAY=2MO, from: 2026-01-01}"
ROWS = f'{{kind: meeting, count: 3, code: "M{{n}}", fields: {{title: 示例会, held_at: {ODD}}}}}'


def indicator(rest: str) -> str:
    return f"indicators: [{{code: I, name: 率, {rest}}}]"


ROTA = "rotas: [{code: R, title: 岗, rule: FREQ=DAILY;COLOUR=1, starts_on: 2026-01-01}]"
BYDAY = "BYDAY counts days of a month, as 2MO does, in MONTHLY and YEARLY rules only: write MO."
TIMES = {
    series("rule: FREQ=WEEKLY;BYDAY=2MO"): f"series.0.rule: {BYDAY}",
    series("rule: FREQ=WEEKLY;COUNT=3;UNTIL=20260101"): (
        "series.0.rule: COUNT and UNTIL are both there: write one of them."
    ),
    series("rule: FREQ=DAILY, ends_on: 2025-12-31"): (
        "series.0.ends_on: ends_on is 2025-12-31, before 2026-01-01: give a later day."
    ),
    series("rule: FREQ=DAILY;BYHOUR=9, at: 19:30"): (
        "series.0.at: The time of day is said twice: leave out `at`, or BYHOUR and BYMINUTE."
    ),
    series("rule: FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"): (
        "series.0.rule: FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30 never comes from 2026-01-01 on: choose days that there are, "
        "within its first and last day."
    ),
    ROTA: (
        "rotas.0.rule: 'COLOUR=1' is no part of a rule: write one of FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, "
        "BYMONTHDAY, BYDAY, BYSETPOS, BYHOUR, BYMINUTE, WKST, as FREQ=MONTHLY."
    ),
    f"demo: {{tables: spreadsheet, rows: [{ROWS}]}}": f"demo.rows.0.fields.held_at.rule: {BYDAY}",
    indicator("numerator: {of: dogs}"): "indicators.0.numerator: of: 'dogs' cannot be counted. Write one of: ",
    indicator("numerator: {of: requests, where: {kind: [[WISH]]}}"): (
        "indicators.0.numerator: kind: ['WISH'] is none of "
    ),
    indicator("numerator: {of: requests}, exclusions: {a: 1}"): (
        "indicators.0.exclusions: requests has no 'a'. Write one of: "
    ),
    indicator('numerator: {of: requests}, period: "MONTH:²"'): (
        "indicators.0.period: 'MONTH:²' is none. Write MONTH, QUARTER, YEAR, or MONTH:19 for months that begin on the "
        "19th."
    ),
    "schemes: [{code: S, kind: GOALS, name: 目标, expected: 1, items: [甲, 乙]}]": (
        "schemes.0.expected: 1 are expected, and 2 are named. Write 2 or more, or leave it out."
    ),
}


@pytest.mark.parametrize("text", TIMES)
def test_rules_and_measures_are_those_that_the_hub_takes(text: str, tmp_path: Path) -> None:
    (found,) = told(text, tmp_path)
    assert found[: len(TIMES[text])] == TIMES[text]


def test_a_rule_that_the_hub_takes_is_taken(tmp_path: Path) -> None:
    assert told(series("rule: RRULE:FREQ=DAILY"), tmp_path) == []


async def test_what_stands_wrong_in_a_hub_is_not_asked(database: Database, tmp_path: Path) -> None:
    await read(database, written(tmp_path / "own", linhe=city("linhe")))
    query = 'mutation { createOrganization(code: "X", name: "示例", organizationKind: UNIT) { id } }'
    async with database.write(verifying.VIEWER) as session:
        await session.execute(update(Figure).values(query=query, at="createOrganization.id"))
    found = [one async for one in verifying.verify(database, "linhe")]
    why = "query: it is a mutation, and a figure only reads. Write a query."
    assert [(one.got, one.ok, one.why) for one in found] == [(None, False, why)]
    assert await column(database, select(Organization.code)) == []


async def test_a_practice_that_is_not_known_is_named_with_those_that_are(database: Database, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"`hub sync run practices` reads the shipped ones."):
        [one async for one in verifying.verify(database, "nosuch")]
    await read(database, written(tmp_path / "own", linhe=city("linhe"), heyuan=city("heyuan")))
    with pytest.raises(NotFound, match=r"nosuch is visible to you. Write one of: heyuan, linhe."):
        [one async for one in verifying.verify(database, "nosuch")]


ROW = "rows: [{kind: person, count: 1, on: {level: COMUNITY}, fields: {name: 示例甲}}]"
DEMO = {
    ROW: "rows.0.on: COMUNITY is no level of grids. Did you mean COMMUNITY? Write one of: BUILDING, CITY, COMMUNITY, "
    "DISTRICT, ESTATE, PROVINCE, STREET, TOWN, VILLAGE.",
    "requests: [{count: 1, title: 示例, workflow: FOUR}]": "requests.0.workflow: FOUR is not known here. The file has "
    "none of requests.",
    "requests: [{count: 1, title: 示例, kind: WISHES}]": "requests.0.kind: WISHES is not known here. Did you mean "
    "WISH? Write one of: APPEAL, COMPLAINT, CONSULTATION, EVENT, HELP, OTHER, PRAISE, REPORT, SUGGESTION, WISH.",
}


@pytest.mark.parametrize("text", DEMO)
def test_what_a_made_up_district_names_is_looked_at_before_anything_is_made(text: str, tmp_path: Path) -> None:
    assert told(f"demo: {{tables: spreadsheet, {text}}}", tmp_path) == [f"demo.{DEMO[text]}"]
