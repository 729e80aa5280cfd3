from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.services import working_days

NATIONAL_DAY = [date(2025, 10, day) for day in range(1, 9)]
SPRING_FESTIVAL = [date(2026, 2, day) for day in range(15, 24)]
MAKE_UP = [date(2025, 9, 28), date(2025, 10, 11), date(2026, 2, 14), date(2026, 2, 28)]


def at(day: str, clock: str = "10:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}:00+08:00")


def last_second(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T23:59:59+08:00")


@pytest.mark.parametrize("day", NATIONAL_DAY + SPRING_FESTIVAL, ids=str)
def test_holidays_are_off(day: date) -> None:
    assert not working_days.is_working_day(day)


@pytest.mark.parametrize("day", MAKE_UP, ids=str)
def test_make_up_workdays_count_although_they_are_weekends(day: date) -> None:
    assert day.weekday() >= 5
    assert working_days.is_working_day(day)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2025-09-26", 1, "2025-09-28"),  # Friday; the make-up Sunday counts
        ("2025-09-30", 1, "2025-10-09"),  # over the National Day
        ("2025-09-30", 3, "2025-10-11"),  # with the make-up Saturday
        ("2025-10-11", 1, "2025-10-13"),
        ("2026-02-13", 13, "2026-03-10"),  # over the Spring Festival and both make-up Saturdays
        ("2026-02-15", 0, "2026-02-15"),  # the same day, holiday or not
    ],
)
def test_a_deadline_is_the_end_of_the_nth_working_day(start: str, days: int, end: str) -> None:
    assert working_days.add(at(start), days) == last_second(end)
    if days:
        assert working_days.between(at(start), last_second(end)) == days


def test_the_day_is_the_day_in_china() -> None:
    evening = datetime(2025, 9, 29, 16, 0, tzinfo=UTC)  # midnight, and so the 30th, in China
    assert working_days.add(evening, 0) == last_second("2025-09-30")
    assert working_days.add(evening - timedelta(seconds=1), 0) == last_second("2025-09-29")


def test_what_is_earlier_has_no_working_days_in_between() -> None:
    assert working_days.between(at("2025-10-13"), at("2025-09-01")) == 0
    assert working_days.between(at("2025-10-13", "01:00"), at("2025-10-13", "23:00")) == 0


def test_years_that_nobody_has_arranged_yet_fall_back_to_weekdays_and_fixed_holidays() -> None:
    assert [working_days.known(date(year, 6, 1)) for year in (2003, 2004, 2026, 2031)] == [False, True, True, False]
    assert not working_days.is_working_day(date(2031, 10, 1))
    assert not working_days.is_working_day(date(2031, 10, 4))
    assert working_days.is_working_day(date(2031, 10, 6))
    assert working_days.add(at("2030-12-31"), 1) == last_second("2031-01-02")


def test_a_deadline_behind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^-1 working days: a deadline lies ahead, give 0 or more\.$"):
        working_days.add(at("2025-10-13"), -1)


@given(
    st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.integers(min_value=1, max_value=60),
)
def test_adding_days_and_counting_them_agree(start: datetime, days: int) -> None:
    end = working_days.add(start, days)
    assert working_days.between(start, end) == days
    assert working_days.is_working_day(working_days.local_day(end))
    assert working_days.add(start, days - 1) < end
