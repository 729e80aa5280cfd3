"""Rules: what is taken, what is refused and what to write instead; the same days as a library that is not bounded."""

from datetime import date, datetime, time, timedelta
from itertools import islice, takewhile
from random import Random
from time import perf_counter

import pytest
from dateutil.rrule import rrulestr

from hub.errors import Invalid
from hub.services import recurrence, rrule
from hub.services.working_days import CHINA

START = date(2026, 1, 1)
MINUTES = ",".join(map(str, range(25)))


def days(rule: str, since: str, until: str, **beside: object) -> list[str]:
    found = recurrence.times(rule, START, **beside).between(date.fromisoformat(since), date.fromisoformat(until))
    return [f"{one:%Y-%m-%d %H:%M}" for one in found]


@pytest.mark.parametrize(
    ("rule", "at", "since", "until", "found"),
    [
        # 逢5进圈, 七点半岗哨, 红色周末, 小诸葛议事会, 联席会议, a yearly plan
        ("FREQ=MONTHLY;BYMONTHDAY=5,15,25", "09:00", "2026-02-10", "2026-03-10", ["02-15", "02-25", "03-05"]),
        ("FREQ=DAILY", "19:30", "2026-02-27", "2026-03-01", ["02-27", "02-28", "03-01"]),
        ("FREQ=WEEKLY;BYDAY=SA,SU", "09:00", "2026-02-01", "2026-02-08", ["02-01", "02-07", "02-08"]),
        ("FREQ=MONTHLY;BYDAY=2TH", "15:00", "2026-01-01", "2026-03-31", ["01-08", "02-12", "03-12"]),
        (
            "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=20",
            None,
            "2026-01-01",
            "2026-12-31",
            ["01-20", "04-20", "07-20", "10-20"],
        ),
        ("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=-1", None, "2026-01-01", "2028-12-31", ["03-31", "03-31", "03-31"]),
        ("FREQ=DAILY;COUNT=3", "19:30", "2026-01-02", "2026-12-31", ["01-02", "01-03"]),
        ("FREQ=DAILY;UNTIL=20260103T113000Z", "19:30", "2026-01-02", "2026-12-31", ["01-02", "01-03"]),
        ("FREQ=DAILY;UNTIL=20260103T112959Z", "19:30", "2026-01-02", "2026-12-31", ["01-02"]),
    ],
)
def test_what_the_practices_do(rule: str, at: str | None, since: str, until: str, found: list[str]) -> None:
    told = days(rule, since, until, at=at)
    assert [one[5:10] for one in told] == found
    assert {one[11:] for one in told} == {at or "00:00"}


def test_an_occurrence_is_a_moment_in_china() -> None:
    (one,) = recurrence.times("FREQ=DAILY", START, at="19:30").between(START, START)
    assert one == datetime(2026, 1, 1, 19, 30, tzinfo=CHINA)
    assert days("FREQ=DAILY;BYHOUR=9,14;BYMINUTE=30", "2026-01-01", "2026-01-01") == [
        "2026-01-01 09:30",
        "2026-01-01 14:30",
    ]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("FREQ=MINUTELY", "FREQ=MINUTELY: write DAILY, WEEKLY, MONTHLY or YEARLY. HOURLY, MINUTELY and"),
        ("FREQ=SECONDLY;COUNT=5", "FREQ=SECONDLY: write DAILY"),
        ("BYDAY=MO", "FREQ is missing: begin with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY."),
        ("每月5日", "'每月5日' is no part of a rule: write one of FREQ, INTERVAL,"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32: write numbers from 1 to 31, or -1 to -31 from the end"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY=0: write numbers from 1 to 31"),
        ("FREQ=WEEKLY;BYDAY=周六", "BYDAY=周六: write days as MO,TU,WE,TH,FR,SA,SU; 1MO is"),
        ("FREQ=WEEKLY;BYDAY=2MO", "BYDAY counts days of a month, as 2MO does, in MONTHLY and YEARLY rules only"),
        ("FREQ=YEARLY;BYYEARDAY=100", "BYYEARDAY is not taken: write BYMONTH and BYMONTHDAY."),
        ("FREQ=DAILY;COUNT=0", "COUNT=0: write a number from 1 to 10000."),
        ("FREQ=DAILY;COUNT=2;UNTIL=20261231", "COUNT and UNTIL are both there: write one of them."),
        ("FREQ=DAILY;UNTIL=2026-12-31", "UNTIL=2026-12-31: write a day as 20261231, or a moment as"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1: write a number from 1 to 1000."),
        ("FREQ=MONTHLY;BYMONTHDAY=１", "BYMONTHDAY=１: write numbers from 1 to 31"),
        ("FREQ=DAILY;INTERVAL=٣", "INTERVAL=٣: write a number from 1 to 1000."),
        ("FREQ=DAILY;COUNT=３", "COUNT=３: write a number from 1 to 10000."),
        ("FREQ=MONTHLY;BYDAY=２MO", "BYDAY=２MO: write days as MO,TU,WE,TH,FR,SA,SU"),
        ("FREQ=DAILY;UNTIL=２０２６1231", "UNTIL=２０２６1231: write a day as 20261231"),
        (f"FREQ=DAILY;BYHOUR=0,12;BYMINUTE={MINUTES}", "BYHOUR and BYMINUTE make 50 times of day: at most 48"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ stands there twice: put its values into one, parted by commas."),
        ("", "The rule is empty or longer than 500 characters"),
        ("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30 never comes from 2026-01-01 on"),
        ("FREQ=DAILY;UNTIL=20251231", "FREQ=DAILY;UNTIL=20251231 never comes from 2026-01-01 on: choose days that"),
    ],
)
def test_a_wrong_rule_names_the_part_and_what_to_write(rule: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        recurrence.times(rule, START)
    assert (str(refused.value)[: len(message)], refused.value.field) == (message, "rule")


@pytest.mark.parametrize(
    ("beside", "message"),
    [
        ({"at": "１9:30"}, "at is '１9:30': write the time of day as 19:30."),
        ({"at": "7点半"}, "at is '7点半': write the time of day as 19:30."),
        ({"minutes": 0}, "minutes is 0: give 1 to 1440, a day."),
        ({"ends_on": date(2025, 1, 1)}, "ends_on is 2025-01-01, before 2026-01-01: give a later day."),
    ],
)
def test_what_stands_beside_a_rule_must_make_sense(beside: dict[str, object], message: str) -> None:
    with pytest.raises(Invalid) as refused:
        recurrence.times("FREQ=DAILY", START, **beside)
    assert str(refused.value) == message
    with pytest.raises(Invalid, match="The time of day is said twice"):
        recurrence.times("FREQ=DAILY;BYHOUR=9", START, at="19:30")


def test_what_is_asked_at_once_is_bounded() -> None:
    often = recurrence.times("FREQ=DAILY;BYHOUR=9,10", START)
    with pytest.raises(Invalid, match=r"^It comes more than 1000 times from 2026-01-01 to 2027-12-31: ask for fewer"):
        often.between(START, date(2027, 12, 31))
    with pytest.raises(Invalid, match=r"^From 2026-01-01 to 2029-12-31 is too far: at most three years"):
        often.between(START, date(2029, 12, 31))
    with pytest.raises(Invalid, match=r"^2025-12-31 lies before 2026-01-01: give the earlier day first\.$"):
        often.between(START, date(2025, 12, 31))


def test_a_rule_that_never_comes_again_costs_no_more_than_another() -> None:
    once = recurrence.times("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29", date(1952, 1, 1))
    began = perf_counter()
    assert once.between(date(2026, 1, 1), date(2027, 12, 31)) == []
    assert perf_counter() - began < 1


HALF_HOURS = f"BYHOUR={','.join(map(str, range(24)))};BYMINUTE=0,30"


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (f"FREQ=DAILY;{HALF_HOURS}", 48),
        ("FREQ=DAILY;COUNT=10000", 0),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;COUNT=10000", 0),
        (f"FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;{HALF_HOURS};BYSETPOS=-1;COUNT=10000", 0),
        ("FREQ=YEARLY;BYDAY=53MO;COUNT=10000", 0),
    ],
)
def test_an_old_rule_costs_no_more_than_a_new_one(rule: str, found: int) -> None:
    """A page of a hundred of them is told by the loop that serves everybody."""
    made, day = recurrence.times(rule, date(1949, 1, 1)), date(2149, 5, 5)
    made.around(day, day)  # where a rule counts, its end is found once
    began = perf_counter()
    for _ in range(10):
        assert len(made.between(day, day)) == found
        made.around(day, day)
    assert perf_counter() - began < 1


def test_a_whole_day_lasts_a_day_whatever_stands_beside_it() -> None:
    assert recurrence.times("FREQ=DAILY", START, minutes=90).lasts == timedelta(days=1)
    assert recurrence.times("FREQ=DAILY", START, at="09:00", minutes=90).lasts == timedelta(minutes=90)
    assert recurrence.times("FREQ=DAILY;BYHOUR=9", START).lasts == timedelta(hours=1)


def random_rule(chance: Random) -> str:
    freq = chance.choice(rrule.FREQUENCIES)
    parts = [f"FREQ={freq}", f"INTERVAL={chance.choice([1, 1, 2, 3, 5])}"]
    if chance.random() < 0.4:
        parts.append(f"BYMONTH={chance.randrange(1, 13)},{chance.randrange(1, 13)}")
    if freq != "WEEKLY" and chance.random() < 0.4:
        parts.append(f"BYMONTHDAY={chance.choice([1, 5, 15, 31, -1, -2])},{chance.choice([10, 29, 30])}")
    if chance.random() < 0.5:
        ordinal = chance.choice(["", "1", "2", "-1", "5"]) if freq in ("MONTHLY", "YEARLY") else ""
        parts.append(f"BYDAY={ordinal}{chance.choice(rrule.DAYS)},{ordinal}{chance.choice(rrule.DAYS)}")
    if chance.random() < 0.2:
        parts.append("BYHOUR=8,20")
    if freq != "WEEKLY" and len(parts) > 2 and chance.random() < 0.3:  # of a first week the library sees only its end
        parts.append(f"BYSETPOS={chance.choice(['1', '-1', '1,2', '2,-1'])}")
    if chance.random() < 0.3:
        parts.append(chance.choice(["COUNT=7", "UNTIL=20280615"]))
    return ";".join([*parts, f"WKST={chance.choice(['MO', 'SU'])}"])


def test_the_days_are_those_that_a_library_finds() -> None:
    chance, compared = Random(26), 0
    end = datetime(2030, 1, 1)
    for _ in range(600):
        rule, start = random_rule(chance), START + timedelta(days=chance.randrange(800))
        read = recurrence.Times(rrule.read_rule(rule), start)
        ours = [one.replace(tzinfo=None) for one in islice(read.all(end.date() - timedelta(days=1)), 400)]
        if not ours:
            continue  # a library would look until the year 9999
        theirs = rrulestr(rule.replace("20280615", "20280615T235959"), dtstart=datetime.combine(start, time()))
        assert ours == list(islice(takewhile(lambda one: one < end, theirs), 400)), rule
        compared += 1
    assert compared > 350


def test_whichever_days_are_asked_for_they_are_those_of_the_whole() -> None:
    chance, compared = Random(21), 0
    for _ in range(400):
        rule, start = random_rule(chance), START + timedelta(days=chance.randrange(800))
        ends_on = chance.choice([None, start + timedelta(days=chance.randrange(1500))])
        made = recurrence.Times(rrule.read_rule(rule), start, ends_on)
        whole = list(made.all(date(2040, 1, 1)))
        for _ in range(4):
            since = START + timedelta(days=chance.randrange(2500))
            until = since + timedelta(days=chance.randrange(400))
            assert made.between(since, until) == [one for one in whole if since <= one.date() <= until], rule
            before = [one for one in whole if one.date() < since]
            after = [one for one in whole if until < one.date() <= until + timedelta(days=recurrence.MOST_DAYS)]
            assert made.around(since, until) == (before[-1] if before else None, after[0] if after else None), rule
            compared += bool(before) + bool(after)
    assert compared > 1500
