"""What a measure counts: the nouns that can be counted, and the SQL of what it asks of them. See indicators.py."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Enum,
    Float,
    Integer,
    Select,
    Text,
    func,
)

from hub.auth import Viewer
from hub.models import (
    Activity,
    Agreement,
    Alliance,
    Base,
    Budget,
    BudgetProject,
    Claim,
    Funding,
    Grid,
    Meeting,
    Member,
    Need,
    Organization,
    Outcome,
    Person,
    Post,
    Project,
    Proposal,
    ReportIn,
    Request,
    Resolution,
    Resource,
    ServiceItem,
    ServiceRecord,
    Shift,
    Station,
    Topic,
)
from hub.services import alliances, budgets, deliberation, grids, parties, requests, resources, rotas, stations
from hub.services.recurrence import FIRST_YEAR, LAST_YEAR

SECRET_COLUMNS = frozenset({"caller_id"})


@dataclass(frozen=True, slots=True)
class Noun:
    """What can be counted: who sees it, where it stands in the tree, and when it happened.

    `personal`: persons, and what each of them did or asked for. `heads`: the columns that count persons.
    """

    model: type[Base]
    visible: Callable[[Viewer], Select[Any]]
    moment: str | None = None
    personal: bool = False
    heads: frozenset[str] = frozenset()


NOUNS: Mapping[str, Noun] = MappingProxyType(
    {
        "requests": Noun(Request, requests.visible, "submitted_at", personal=True),
        "organizations": Noun(Organization, parties.organizations),
        "persons": Noun(Person, parties.persons, personal=True),
        "posts": Noun(Post, parties.posts, "since", personal=True),
        "report_ins": Noun(ReportIn, parties.report_ins, "at", personal=True),
        "grids": Noun(Grid, grids.visible),
        "alliances": Noun(Alliance, alliances.visible),
        "members": Noun(Member, alliances.members, "joined_on"),
        "agreements": Noun(Agreement, alliances.agreements, "signed_on"),
        "meetings": Noun(Meeting, deliberation.meetings, "held_at"),
        "topics": Noun(Topic, deliberation.topics, "raised_at"),
        "resolutions": Noun(Resolution, deliberation.resolutions, "due_on"),
        "proposals": Noun(Proposal, deliberation.proposals),
        "outcomes": Noun(Outcome, alliances.outcomes),
        "budgets": Noun(Budget, budgets.visible),
        "budget_projects": Noun(BudgetProject, budgets.projects),
        "fundings": Noun(Funding, budgets.fundings),
        "resources": Noun(Resource, resources.visible),
        "needs": Noun(Need, resources.needs, "raised_at"),
        "projects": Noun(Project, resources.projects, "starts_on"),
        "claims": Noun(Claim, resources.claims, "claimed_at", personal=True),
        "stations": Noun(Station, stations.visible),
        "service_items": Noun(ServiceItem, stations.service_items),
        "activities": Noun(Activity, stations.activities, "starts_at", heads=frozenset({"attendance"})),
        "shifts": Noun(Shift, rotas.shifts, "starts_at"),
        "service_records": Noun(ServiceRecord, stations.service_records, "started_at", personal=True),
    }
)

BOUNDS: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = MappingProxyType(
    {
        "gt": lambda column, value: column > value,
        "gte": lambda column, value: column >= value,
        "lt": lambda column, value: column < value,
        "lte": lambda column, value: column <= value,
    }
)
FITTING: Mapping[type[Any], str] = MappingProxyType(
    {
        Boolean: "Write true or false.",
        Integer: "Write a whole number.",
        Double: "Write a number.",
        Date: "Write a day, as 2026-01-31.",
        Text: "Write a text.",
    }
)
Measure = Mapping[str, Any]


def wrong(measure: Measure) -> str | None:
    """What is wrong with a measure, in words: which part, and what to write instead."""
    unknown = sorted(measure.keys() - {"of", "where", "sum"})
    if unknown:
        return f"{', '.join(unknown)} is not known. Write of, where, sum."
    noun = NOUNS.get(str(measure.get("of")))
    if noun is None:
        return f"of: {measure.get('of')!r} cannot be counted. Write one of: {', '.join(NOUNS)}."
    where = measure.get("where", {})
    if not isinstance(where, Mapping):
        return "where: write columns and their values, as {status: CLOSED}."
    try:
        list(conditions(noun, where))
        summed(noun, measure)
    except ValueError as error:
        return str(error)
    return None


def summed(noun: Noun, measure: Measure) -> ColumnElement[Any]:
    """What is told of the rows: how many there are, or a column added up. Raises ValueError in words."""
    if (name := measure.get("sum")) is None:
        return func.count()
    column = _column(noun, str(name))
    if not isinstance(column.type, (Integer, Float)):
        raise ValueError(f"sum: {name} is no number.")
    return func.sum(column)


def conditions(noun: Noun, where: Mapping[str, Any]) -> Iterator[ColumnElement[bool]]:
    """The SQL of what a measure asks for. Raises ValueError in words."""
    for name, wanted in where.items():
        column = _column(noun, name)
        if isinstance(wanted, Mapping):
            yield from _tests(column, name, wanted)
        elif isinstance(wanted, list):
            yield column.in_([_value(column, name, one) for one in wanted])
        elif wanted is None:
            yield column.is_(None)
        else:
            yield column == _value(column, name, wanted)


def _tests(column: Any, name: str, wanted: Mapping[str, Any]) -> Iterator[ColumnElement[bool]]:
    for test, value in wanted.items():
        if test == "null" and isinstance(value, bool):
            yield column.is_(None) if value else column.is_not(None)
        elif test in BOUNDS:
            yield BOUNDS[test](column, _value(column, name, value))
        elif test == "starts_with" and isinstance(column.type, Text) and isinstance(value, str):
            yield column.startswith(value, autoescape=True)
        elif test == "starts_with":
            raise ValueError(f"{name}: starts_with is for texts. Write 'null', gt, gte, lt or lte.")
        else:
            raise ValueError(f"{name}: {test!r} is no test. Write null, gt, gte, lt, lte or starts_with.")


def _column(noun: Noun, name: str) -> Any:
    columns = noun.model.__table__.c
    shown = [one.name for one in columns if one.doc and "secret" not in one.info and one.name not in SECRET_COLUMNS]
    if name not in shown:
        raise ValueError(f"{noun.model.__tablename__} has no {name!r}. Write one of: {', '.join(shown)}.")
    return columns[name]


def _value(column: Any, name: str, value: Any) -> Any:
    """A value of the column's type. Raises ValueError in words."""
    match column.type:
        case Enum(enum_class=vocabulary) if vocabulary is not None:
            if not isinstance(value, str) or value not in vocabulary.__members__:
                raise ValueError(f"{name}: {value!r} is none of {', '.join(vocabulary.__members__)}.")
            return vocabulary[value]
        case Boolean():
            fits = isinstance(value, bool)
        case Integer():
            fits = type(value) is int and -(2**31) <= value < 2**31
        case Float():
            fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        case DateTime():
            return _moment(name, value)
        case Date():
            fits, value = _day(value)
        case Text():
            fits = isinstance(value, str)
        case _:
            fits = False
    if not fits:
        raise ValueError(f"{name}: {value!r} does not fit. {FITTING.get(type(column.type), 'Ask for null only.')}")
    return value


def _moment(name: str, value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{name}: {value!r} is no time. Write 2026-01-31T00:00:00+08:00.") from None
    if found.tzinfo is None:
        raise ValueError(f"{name}: {value!r} has no time zone. Write 2026-01-31T00:00:00+08:00.")
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueError(f"{name}: {value!r} is no time. Write one from {FIRST_YEAR} to {LAST_YEAR}.")
    return found


def _day(value: Any) -> tuple[bool, Any]:
    try:
        return True, date.fromisoformat(str(value))
    except ValueError:
        return False, value
