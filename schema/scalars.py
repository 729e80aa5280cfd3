"""Scalars: how Python's values are written in GraphQL, and what is refused."""

from datetime import UTC, date, datetime

import strawberry
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.types.scalar import ScalarDefinition


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise StrawberryInputCoercionError(
        f"{value!r} is no moment. Write it as 2026-03-01T08:00:00+08:00, with its zone."
    ) from None


def _day(value: object) -> date:
    try:
        if isinstance(value, str):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise StrawberryInputCoercionError(f"{value!r} is no day. Write it as 2026-03-01.") from None


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment with its zone, ISO 8601: 2026-03-01T08:00:00+08:00 (时间).",
        serialize=datetime.isoformat,
        parse_value=_moment,
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day, ISO 8601: 2026-03-01 (日期).",
        serialize=date.isoformat,
        parse_value=_day,
        specified_by_url="https://scalars.graphql.org/andimarek/local-date",
    ),
}
