"""Scalars: how Python's values are written in GraphQL, and what is refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import strawberry
from graphql import GraphQLError, ValueNode, value_from_ast_untyped
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from hub.services.working_days import FIRST_YEAR, LAST_YEAR


def _literal(parse: Callable[[object], Any]) -> Callable[..., Any]:
    """The same for a value that stands in the document: what is wrong says where it stands."""

    def parsed(written: ValueNode, variables: dict[str, Any] | None = None) -> Any:
        try:
            return parse(value_from_ast_untyped(written, variables))
        except StrawberryInputCoercionError as error:
            raise GraphQLError(error.message, written) from None

    return parsed


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise StrawberryInputCoercionError(
            f"{value!r} is no moment. Write it as 2026-03-01T08:00:00+08:00, with its zone."
        )
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise StrawberryInputCoercionError(f"{value!r} is too far away: the years are {FIRST_YEAR} to {LAST_YEAR}.")
    return moment.astimezone(UTC)


def _day(value: object) -> date:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        day = None
    if day is None:
        raise StrawberryInputCoercionError(f"{value!r} is no day. Write it as 2026-03-01.")
    if day.year < FIRST_YEAR:
        raise StrawberryInputCoercionError(f"{value!r} is too far away: the first year is {FIRST_YEAR}.")
    return day


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment with its zone, ISO 8601: 2026-03-01T08:00:00+08:00 (时间).",
        serialize=datetime.isoformat,
        parse_value=_moment,
        parse_literal=_literal(_moment),
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day, ISO 8601: 2026-03-01 (日期).",
        serialize=date.isoformat,
        parse_value=_day,
        parse_literal=_literal(_day),
        specified_by_url="https://scalars.graphql.org/andimarek/local-date",
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any value that JSON can hold (JSON 数据).",
        specified_by_url="https://ecma-international.org/publications-and-standards/standards/ecma-404/",
    ),
}
