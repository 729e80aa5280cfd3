"""A record is understood alike whether it is read at once, or left unread first and then read the quick way."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from hub.models import Urgency
from hub.plugin import Caller, Issue, Place, Record
from hub.sync.reading import read


class Word(str):
    """A text that is written otherwise than it compares."""

    def __str__(self) -> str:
        return "写出来不同"


ODD: list[Any] = [
    *("", " ", "  路灯 ", "a\x00b", "\ud800", "x" * 300, "NORMAL", "normal", "是", "150602", "2026-03-01"),
    *("2026-03-01T08:00:00+08:00", "2026-03-01T08:00:00", None, True, False, 0, 7, 2.5, float("nan"), 10**20),
    *([], ["一", " ", "二"], {}, {"a": "\x00"}, Word("一"), Urgency.URGENT, date(2026, 3, 1), datetime(2026, 3, 1)),
    *(datetime(2026, 3, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC), Place("150602", ("新园", ""))),
    *(Place(" 150602 ", (" 新园",)), Caller(), Caller(" 王 ", "\x00"), Caller("王", "13800138000", "否")),  # type: ignore[arg-type]
    *((Issue("1", "一"),), [Issue("1", "一"), Issue("1", "二")], [Issue("1", " ")]),
]
FIELDS = (
    *("number", "title", "content", "urgency", "longitude", "submitted_at", "urged", "supervised", "grid", "assignee"),
    *("caller", "issues", "nonesuch"),
)


def understood(record: Record, *, lazily: bool) -> Any:
    """What becomes of it: its values, or why it is refused."""
    found = read([record], lazily=lazily)
    if "request" in found.understood:
        found.understand("request")
    parts = [(one.unread, one.values, one.named, one.nested) for one in found.understood.get("request", ())]
    told = [(unread, [{name: part[name] for name in sorted(part)} for part in into]) for unread, *into in parts]
    return repr(told), [reason for _, reason in found.refused]


@pytest.mark.parametrize("name", FIELDS)
def test_every_value_is_read_alike_with_and_without_a_second_look(name: str) -> None:
    for value in ODD:
        record = Record("request", "R1", {"number": "R1", "title": "路灯", name: value})
        assert understood(record, lazily=True) == understood(record, lazily=False), repr(value)


@pytest.mark.parametrize("key", ["", " ", "R\x00", "x" * 201, " R1 ", "一"])
def test_so_is_every_key(key: str) -> None:
    record = Record("request", key, {"number": "R1"})
    assert understood(record, lazily=True) == understood(record, lazily=False)
