"""Files in which something is odd: each is refused by itself, with its line and with what to write instead."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from hub.plugin import BadRecord, Page, Record
from plugins.practices import Config, Practices, said

HEAD = "practice: {code: linhe, name: 示例临河区, title: 示例邻里通}\n"
BOMB = "a0: &a0 [1, 2]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
MERGED = "a0: &a0 {x: 1, y: 2}\n" + "".join(
    f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
DEEP = "line {}: it is nested more than 50 deep. Write it flatter."
ODD = {
    "- 1\n": "line 1: it is a list. Begin with `practice:`, as docs/practices.md shows.",
    "# 说明\n正在写\n": "line 2: it is a single value. Begin with `practice:`, as docs/practices.md shows.",
    "practice: !!python/name:os\n": "line 1: !!python/name:os is no tag that is known here. Leave it out.",
    "practice: !city {}\n": "line 1: !city is no tag that is known here. Leave it out.",
    "practice: !!int x\n": "line 1: x is no int. Leave the tag out.",
    "practice: !!map [a]\n": "line 1: !!map is no tag that is known here. Leave it out.",
    "practice: " + "[" * 3000: DEEP.format(1),
    "practice: " + "{a: " * 3000: DEEP.format(1),
    "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 99)): DEEP.format(50),
    BOMB: "line 6: written out, it has more than 200,000 parts. Use fewer aliases (*).",
    MERGED: "line 10: written out, it has more than 200,000 parts. Use fewer aliases (*).",
    "practice: &a [*a]\n": "line 1: it holds itself.",
    "practice:\n  <<: 1\n": "line 2: << takes over the parts of something else. Write << : *name.",
    "practice:\n  1: x\n": "line 2: the key 1 is no text. Write it in quotes.",
    "practice:\n  ? [a]\n  : x\n": "line 2: a key is no text. Write it in quotes.",
    'practice: "\\0"\n': "line 1: it holds the character U+0000. Take it out.",
    'practice: "\\uD800"\n': "line 1: it holds the character U+D800. Take it out.",
    "practice: x\n\x07\n": "line 2: it holds the character U+0007. Take it out.",
    'practice: "\\UFFFFFFFF"\n': "line 1: it names a character by a number that none has. Write the character.",
    f"practice: {'9' * 5000}\n": "line 1: the number has more than 15 digits. Write a smaller one.",
    HEAD + "---\n" + HEAD: "line 2: a second document begins. Write it in a file of its own.",
}


@pytest.mark.parametrize("text", ODD, ids=lambda text: text[:24])
def test_an_odd_file_is_refused_at_its_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text(text, encoding="utf-8")
    (bad,) = said(file)
    assert isinstance(bad, BadRecord)
    assert bad.reason == f"odd.yaml, {ODD[text]}"


FORM = {
    "practice: x": "practice: 'x' stands for nothing here. Write its parts: code, name, title, grid, description, "
    "ended.",
    HEAD + "schemes: {}": "schemes: a group of names and values is no list. Write one: in brackets, or each on a line "
    "that begins with `- `.",
    HEAD + "schemes: [{code: A-, kind: GOALS, name: ''}]": "schemes.0.name: it is empty. Write something, or leave it "
    "out.",
    HEAD
    + "schemes: [{code: 目标, kind: GOALS, name: 目标}]": "schemes.0.code: '目标' does not fit. Write a letter, then "
    "at most 39 more, digits, _ and -, as STEP_1.",
    HEAD + "schemes: [{code: A, kind: GOALS, name: 目标, items: [5]}]": "schemes.0.items.0: 5 stands for nothing here. "
    "Write its parts: name, description, year.",
    HEAD
    + "schemes: [{code: A, kind: GOALS, name: 目标, expected: 两}]": "schemes.0.expected: '两' is no whole number. "
    "Write one, without quotes.",
    HEAD
    + "workflows: [{code: A, name: 甲, steps: []}]": "workflows.0.steps: the list is empty. Write at least one, or "
    "leave it out.",
    HEAD + "workflows: [{code: A, name: 甲, steps: [{key: a, name: 甲, phase: HANDEL}]}]": "workflows.0.steps.0.phase: "
    "'HANDEL' is not known here. Did you mean HANDLE? Write one of: INTAKE, TRIAGE, DISPATCH, ACCEPT, HANDLE, "
    "SUPERVISE, FEEDBACK, EVALUATE, PUBLISH, ASSESS.",
    HEAD
    + "workflows: [{code: A, name: 甲, steps: [{key: a, name: 甲, phase: HANDLE, days: 400}]}]": "workflows.0.steps."
    "0.days: 400 is too large. Write 365 or less.",
    HEAD + "rotas: [{code: A, title: 甲, rule: FREQ=DAILY, starts_on: 元旦}]": "rotas.0.starts_on: '元旦' is no day. "
    "Write it as 2026-01-31.",
    HEAD
    + "rotas: [{code: A, title: 甲, rule: FREQ=DAILY, starts_on: 2026-01-01, at: 7:30}]": "rotas.0.at: '7:30' does "
    "not fit. Write a time of day, as 19:30.",
    HEAD
    + "indicators: [{code: A, name: 甲, numerator: 5}]": "indicators.0.numerator: 5 stands for nothing here. Write "
    "names and values: {name: value}.",
}


DEMO = "demo: {tables: t, rows: [{kind: organization, count: 1, code: a, fields: {name: 示例, colour: %s}}]}"
FORM |= {
    HEAD + DEMO % "[[b]]": "demo.rows.0.fields.colour.0: a list is no text. Write one.",
    HEAD + DEMO % "'{x}'": "demo.rows.0.fields.colour: there is no {x}: write one of {n}, {i}, {grid}, {grid_code}, "
    "{practice}.",
    HEAD + DEMO % "{from: 1}": "demo.rows.0.fields.colour.until: until is missing. Write it.",
}


@pytest.mark.parametrize("text", FORM, ids=lambda text: text.removeprefix(HEAD)[:24])
def test_what_does_not_fit_the_form_is_told_in_the_houses_words(text: str, tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text(text, encoding="utf-8")
    (bad,) = said(file)
    assert isinstance(bad, BadRecord)
    assert bad.reason == f"odd.yaml, line {text.count(chr(10)) + 1}: {FORM[text]}"


async def pages(path: Path) -> list[Page]:
    """What the plugin makes of these files."""
    async with httpx2.AsyncClient() as http:
        coming: AsyncIterator[Page] = Practices(Config(path=path), http).pull(None)
        return [page async for page in coming]


async def test_a_folder_or_a_dangling_link_with_the_name_of_a_file_leaves_the_others_alone(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    (tmp_path / "b.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "c.yaml").write_text(HEAD, encoding="utf-8")
    items = [item for page in await pages(tmp_path) for item in page.items]
    assert [item.reason if isinstance(item, BadRecord) else item.key for item in items] == [
        "a.yaml, line 1: it is no file. Write one there, or take it away.",
        "b.yaml, line 1: it is no file. Write one there, or take it away.",
        "linhe",
    ]
    assert isinstance(items[2], Record)
