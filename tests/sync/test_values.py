"""From what a record says to what a column holds, and when two records say the same."""

import math
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.models import Grid, GridLevel, Request, Resource
from hub.plugin import Caller, Issue, Place, Record
from hub.sync import archive, values
from hub.sync.reading import GONE, fingerprint, read

CHINA = timezone(timedelta(hours=8))
COLUMNS: dict[str, Any] = {
    "text": Grid.__table__.c.name,
    "whole": Resource.__table__.c.capacity,
    "number": Grid.__table__.c.longitude,
    "truth": Request.__table__.c.solved,
    "day": Grid.__table__.c.valid_from,
    "moment": Request.__table__.c.due_at,
    "term": Grid.__table__.c.level,
}


@pytest.mark.parametrize(
    ("kind", "said", "held"),
    [
        ("text", "  东胜 ", "东胜"),
        ("text", 150602, "150602"),
        ("whole", "12", 12),
        ("whole", 12.0, 12),
        ("number", "109.98", 109.98),
        ("number", 109, 109.0),
        ("truth", "是", True),
        ("truth", "NO", False),
        ("truth", 0, False),
        ("day", "2026-01-31", date(2026, 1, 31)),
        ("day", datetime(2026, 1, 31, 23, tzinfo=CHINA), date(2026, 1, 31)),
        ("moment", "2026-01-31T08:00:00+08:00", datetime(2026, 1, 31, tzinfo=UTC)),
        ("moment", datetime(2026, 1, 31, 8, tzinfo=CHINA), datetime(2026, 1, 31, tzinfo=UTC)),
        ("term", "STREET", GridLevel.STREET),
    ],
)
def test_a_value_that_fits_is_held(kind: str, said: object, held: object) -> None:
    assert values.reader(COLUMNS[kind])(said) == held


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("text", "a\x00b"),
        ("text", "\udc00"),
        ("text", math.inf),
        ("text", math.nan),
        *(("whole", said) for said in (True, 1.5, "1.5", "", None, 2**31, -(2**31) - 1, math.inf, "9" * 5000)),
        *(("number", said) for said in ("x", math.nan, "inf", 10**400, None, [1])),
        *(("truth", said) for said in (2, "maybe", None)),
        *(("day", said) for said in ("2026-02-30", "31.1.2026", 5)),
        *(
            ("moment", said)
            for said in (
                "2026-01-31T08:00:00",
                "now",
                datetime(2026, 1, 31),
                "9999-12-31T23:59:59-08:00",
                "9999-12-31T23:59:59Z",
            )
        ),
        *(("term", said) for said in ("street", GridLevel.STREET, ["STREET"], 1)),
    ],
)
def test_a_value_that_does_not_fit_is_a_value_error_in_words(kind: str, said: object) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        values.reader(COLUMNS[kind])(said)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-200, 200), st.floats(), st.text(max_size=5))
FIELDS = st.dictionaries(st.sampled_from(["name", "longitude", "code", "parent"]), SCALARS)


def of(fields: dict[str, Any]) -> Record:
    return Record("grid", "1", fields)


@settings(deadline=None)
@given(FIELDS, FIELDS)
def test_two_records_are_alike_only_if_they_say_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    def exactly(fields: dict[str, Any]) -> list[tuple[str, str]]:
        return sorted((name, repr(value)) for name, value in fields.items())

    readings = read([of(one)]), read([of(other)])
    if any(reading.refused for reading in readings):  # never applied, never skipped
        return
    alike = fingerprint(of(one)) == fingerprint(of(other))
    assert alike == (exactly(one) == exactly(other))


@settings(deadline=None)
@given(FIELDS)
def test_the_order_of_fields_says_nothing(fields: dict[str, Any]) -> None:
    if read([of(fields)]).refused:
        return
    backwards = dict(reversed(fields.items()))
    assert fingerprint(of(fields)) == fingerprint(of(backwards))


def test_nothing_said_is_not_the_same_as_said_to_be_empty() -> None:
    said: list[dict[str, Any]] = [
        {},
        {"name": None},
        {"name": ""},
        {"name": "a"},
        {"longitude": 1},
        {"longitude": 1.5},
        {"longitude": True},
    ]
    assert len({fingerprint(of(fields)) for fields in said}) == len(said)
    assert fingerprint(of({"name": Place("1", ("a",))})) != fingerprint(of({"name": Place("1", ("b",))}))


def test_whatever_is_gone_is_alike_and_unlike_all_that_is_there() -> None:
    leaving = [Record("grid", "1", fields, deleted=True) for fields in ({}, {"name": "a"})]
    assert {fingerprint(record) for record in leaving} == {GONE}
    assert fingerprint(of({})) != GONE


@settings(deadline=None)
@given(st.builds(Caller, st.text(max_size=3), st.text(max_size=3), st.booleans()), st.text(max_size=4), st.floats())
def test_what_is_kept_can_be_read_again(caller: Caller, written: str, number: float) -> None:
    said = {"caller": caller, "issues": (Issue("1", written),), "grid": Place("1", (written, "x")), "n": None}
    record = Record("request", "R", {**said, "title": written, "solved": True}, where="row 1")
    again = archive.again(archive.keep(record))
    assert again == record or any(half in str(record) for half in ("\\x00", "\\ud", "\x00"))
    assert archive.keep(again) == archive.keep(record)


@settings(deadline=None)
@given(
    st.recursive(
        st.one_of(st.integers(), st.floats(), st.text(), st.binary()),
        lambda some: st.lists(some) | st.dictionaries(st.text(), some),
    )
)
def test_anything_at_all_can_be_a_field(thing: object) -> None:
    for name in ("name", "parent", "longitude", "no such field"):
        readings = read([Record("grid", "1", {name: thing})])
        assert len(readings.refused) + len(readings.understood["grid"]) == 1
