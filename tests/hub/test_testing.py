"""The contract of plugins catches what it is there for: each of these plugins is wrong in one way, and is told so."""

import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from starlette.applications import Starlette

from hub.kit.beginning import begin
from hub.plugin import BadRecord, Page, Plugin, Record, SourceBroken
from hub.testing.bench import Bench, Pulled, held

CODE, SIMULATOR = "{name}.py", "{name}_simulator.py"

WRONG: Mapping[str, tuple[str, str, str, str]] = {
    "foreign_error": (
        CODE,
        "except httpx2.RequestError",
        "except httpx2.ConnectError",
        "test_a_fault_is_told_in_the_words_of_the_hub",
    ),
    "empty_for_a_login_page": (
        CODE,
        'raise SourceBroken(f"{what} is a web page, perhaps a login page. Check the address and the key.")',
        'return {"items": [], "last": None, "more": False}',
        "test_a_fault_is_told_in_the_words_of_the_hub",
    ),
    "retry_after_lost": (CODE, ", retry_after=wait(answer)", "", "test_a_fault_is_told_in_the_words_of_the_hub"),
    "refusal_tried_again": (
        CODE,
        "raise SourceRefused(f",
        "raise SourceDown(f",
        "test_a_fault_is_told_in_the_words_of_the_hub",
    ),
    "a_row_in_six_lost": (
        CODE,
        "str(listing.last) if",
        "str(listing.last + self.config.page_size % 2) if",
        "test_equal_times_over_a_page_border_lose_nothing",
    ),
    "cursor_too_far": (
        CODE,
        "yield Page(items, cursor, answer.content)",
        "yield Page(items, str(int(cursor or 0) + 1), answer.content)",
        "test_a_run_goes_on_from_any_page",
    ),
    "no_time_of_change": (
        CODE,
        ", where=where, at=found.updated",
        ", where=where",
        "test_duplicates_and_older_versions_change_nothing",
    ),
    "mojibake": (CODE, "body.decode()", 'body.decode(errors="replace")', "test_another_charset_is_read_right_or_told"),
    "any_setting": (CODE, 'extra="forbid"', 'extra="allow"', "test_an_unknown_setting_is_refused"),
    "another_token": (CODE, "change.token", '__import__("uuid").uuid4().hex', "test_a_change_told_twice_is_there_once"),
    "key_made_up": (
        CODE,
        "return Written.model_validate(opened(answer, Written)).id",
        'return "1"',
        "test_what_did_not_arrive_is_told_later",
    ),
    "refusal_told_later": (
        CODE,
        "if answer.status_code in UNACCEPTABLE:",
        'if answer.status_code in UNACCEPTABLE: raise SourceDown("not taken")\n        if answer.status_code == 0:',
        "test_what_is_refused_is_shown_to_a_person",
    ),
    "garbage_overlooked": (
        CODE,
        'Page([read(parsed(body, "The message"), "message")]',
        "Page([]",
        "test_what_is_no_message_is_told",
    ),
    "undeclared_host": (CODE, 'hosts = ("base_url",)', "hosts = ()", "test_all_there_is_is_read"),
    "lost_cursor": (
        CODE,
        'SourceBroken(f"The saved',
        'LookupError(f"The saved',
        "test_a_cursor_that_means_nothing_is_told_or_overlooked",
    ),
    "no_truth": (SIMULATOR, 'Route("/sim/truth", truth)', 'Route("/truth", truth)', "test_all_there_is_is_read"),
}
TEST = """
from hub.testing import PluginContract
from {name} import Parks
from {name}_simulator import build

class Test(PluginContract):
    plugin, simulator, options = Parks, build, {{"orders": 40}}
"""


def written(folder: Path, name: str) -> None:
    """A plugin that is wrong in this way, and its test."""
    file, old, new, _ = WRONG[name]
    for origin, to in (("__init__.py", CODE), ("simulator.py", SIMULATOR)):
        text = (folder / "parks" / "lianshu_parks" / origin).read_text(encoding="utf-8")
        assert to != file or old in text, name
        (folder / to.format(name=name)).write_text(text.replace(old, new) if to == file else text, encoding="utf-8")
    (folder / f"test_{name}.py").write_text(TEST.format(name=name), encoding="utf-8")


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Wrong plugin -> test that failed -> its words. One pytest runs them all."""
    folder = tmp_path_factory.mktemp("wrong")
    begin("parks", folder / "parks")
    for name in WRONG:
        written(folder, name)
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    asked = [f"test_{name}.py::Test::{test}" for name, (*_, test) in WRONG.items()]
    command = [sys.executable, "-m", "pytest", "-q", "-rf", "--tb=no", "-p", "no:cacheprovider", *asked]
    wide = {**os.environ, "COLUMNS": "1000"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=wide)
    assert done.returncode == 1, done.stdout + done.stderr
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for name, test, words in re.findall(r"^FAILED test_(\w+)\.py::Test::(.+?) - (.*)$", done.stdout, re.MULTILINE):
        found[name][test] = words
    return found


class Config(BaseModel):
    """Nothing to set."""


class Asks(Plugin[Config]):
    """Asks a host, whatever its contract says."""

    name, title, Config, fixed_hosts = "asks", "asks", Config, ("example.org",)

    async def pull(self, cursor: str | None) -> AsyncIterator[Page]:
        """Everything."""
        await self.http.get("http://example.org/")
        yield Page([])


def test_who_says_that_it_does_not_use_http_is_caught_using_it() -> None:
    bench = Bench(Asks, {}, Starlette(), {}, over_http=False)
    with pytest.raises(AssertionError, match=r"The plugin asks for http://example\.org/"):
        bench.pull()


class Raw(Plugin[Config]):
    """Gives a raw record and reads it wrongly, in the way of its name."""

    name, title, Config = "raw", "raw", Config
    said: Mapping[str, Any] = {"n": "1"}

    async def pull(self, cursor: str | None) -> AsyncIterator[Page]:
        """One."""
        yield Page([Record("organization", "A", self.said, raw=True)])


MOODS = iter(range(100))
READ: Mapping[str, Callable[[Any, Record], Any]] = {
    "It must be the same each time": lambda self, record: Record("organization", "A", {"name": next(MOODS)}),
    "was asked for organization A and gave organization B": lambda self, record: Record("organization", "B", {}),
    "changed the record that it was given": lambda self, record: record.fields.clear() or BadRecord("", ""),  # type: ignore[attr-defined]
}


@pytest.mark.parametrize("words", READ)
def test_who_reads_a_raw_record_wrongly_is_told(words: str) -> None:
    wrong = type("Wrong", (Raw,), {"read": READ[words], "said": {"n": "1"}})
    with pytest.raises((AssertionError, SourceBroken), match=words):
        Bench(wrong, {}, Starlette(), {}, over_http=False).pull().whole()


def test_who_gives_raw_what_is_no_json_is_told() -> None:
    wrong = type("Wrong", (Raw,), {"read": lambda self, record: record, "said": {"n": datetime.now(UTC)}})
    with pytest.raises(AssertionError, match="compared as JSON"):
        Bench(wrong, {}, Starlette(), {}, over_http=False).pull()


def test_the_newest_word_on_each_field_is_held_however_it_comes() -> None:
    early, late = (datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2))
    told = [
        Record("request", "1", {"title": "灯", "status": "RECEIVED"}, at=early),
        Record("request", "1", {"status": "CLOSED"}, at=late),
        Record("request", "2", {"title": "井"}, at=early),
        Record("request", "2", {}, deleted=True, at=late),
    ]
    ends = {"request": {"1": {"title": "灯", "status": "CLOSED"}}}
    assert held(Pulled([Page(told)])) == held(Pulled([Page(told[::-1])])) == ends


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_caught(failed: dict[str, dict[str, str]], name: str) -> None:
    assert {test.partition("[")[0] for test in failed[name]} == {WRONG[name][3]}


def test_it_is_told_in_words(failed: dict[str, dict[str, str]]) -> None:
    told = {name: " ".join(words.values()) for name, words in failed.items()}
    assert "pull() raised ReadTimeout: The read operation timed out." in told["foreign_error"]
    assert "pass Retry-After on as retry_after" in told["retry_after_lost"]
    assert "The contract needs GET /sim/truth of the simulator" in told["no_truth"]
    assert "may not reach 127.0.0.1: it declares no hosts" in told["undeclared_host"]
