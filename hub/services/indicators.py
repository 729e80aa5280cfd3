"""Indicators: counts and shares that are defined as data, over what the viewer may see.

A measure is JSON: {"of": "requests", "where": {"level": ["ESTATE", "COMMUNITY"], "closed_at": {"null": false}}}. `of`
is one of NOUNS; `where` names columns: a value, a list of values, null, {"null": true or false}, {"gte": 3, "lt": 5};
"sum" names a column to add up instead of counting rows. Of fewer than five nothing is told, nor a sum over fewer than
five where the rows are of persons. All is counted of what the viewer may see row by row, so what is left over tells
nothing new.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

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
    and_,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer, under
from hub.checks import Fault, indicator_faults
from hub.errors import Invalid
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
    GridLevel,
    Indicator,
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
from hub.models.grid import peers
from hub.services import alliances, budgets, deliberation, grids, parties, requests, resources, rotas, stations

LEAST = 5
"""Fewer than these are not told: they could be recognised (k-anonymity)."""

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

MOST_PLACES, FIRST_YEAR, LAST_YEAR = 1000, 1949, 2149
PERIOD = re.compile(r"QUARTER|YEAR|MONTH(:([1-9]|1\d|2[0-8]))?", re.ASCII)
CHINA = ZoneInfo("Asia/Shanghai")
PATHS = ("grid_path", "path")
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


@dataclass(frozen=True, slots=True)
class Span:
    """Where and when to count: below a path, from a moment to another one; None: everywhere, always."""

    path: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What came of an indicator. `value` is the share, or the number where there is no denominator.

    Suppressed: there are too few to be told, and every number is None.
    """

    numerator: float | None
    denominator: float | None
    excluded: float | None
    value: float | None
    suppressed: bool = False


NOT_TOLD = Share(None, None, None, None, suppressed=True)


def wrong(numerator: Measure, denominator: Measure, exclusions: Measure, period: str | None) -> str | None:
    """What is wrong with an indicator, in words: which part, and what to write instead."""
    for name, measure in (("numerator", numerator), ("denominator", denominator)):
        if not measure and name == "denominator":
            continue
        if (problem := _wrong(measure)) is not None:
            return f"{name}: {problem}"
    if exclusions and (problem := _wrong({"of": numerator["of"], "where": exclusions})) is not None:
        return f"exclusions: {problem}"
    if period is not None and not PERIOD.fullmatch(period):
        return f"period: {period!r} is none. Write MONTH, QUARTER, YEAR, or MONTH:19 for months that begin on the 19th."
    return None


@indicator_faults.answered_by
def faults(said: Mapping[str, Any]) -> Sequence[Fault]:
    """The part that cannot be counted, and the words."""
    words = wrong(said["numerator"], said["denominator"], said["exclusions"], said["period"])
    part, _, rest = (words or "").partition(": ")
    return [((part,), rest)] if words else []


def _wrong(measure: Measure) -> str | None:
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
        list(_conditions(noun, where))
        _summed(noun, measure)
    except ValueError as error:
        return str(error)
    return None


async def shares(
    session: AsyncSession, viewer: Viewer, indicator: Indicator, span: Span, level: GridLevel | None = None
) -> list[tuple[Grid | None, Share]]:
    """Work an indicator out, in one statement for each part: as a whole, or for each grid of a level."""
    numerator, denominator, exclusions = indicator.numerator, indicator.denominator, indicator.exclusions
    places = await _places(session, viewer, span, level)
    above = await _counts(session, viewer, numerator, span, exclusions, level)
    few = await _of_few(session, viewer, numerator, span, exclusions, level, above)
    below = await _counts(session, viewer, denominator, span, exclusions, level) if denominator else {}
    every = await _counts(session, viewer, denominator, span, {}, level) if denominator and exclusions else below
    found = []
    for place in places:
        path = place.path if place else None
        parts = (above.get(path, 0.0), below.get(path, 0.0), every.get(path, 0.0))
        share = _share(*parts, whole="sum" in numerator) if denominator else _number(parts[0], numerator)
        found.append((place, NOT_TOLD if path in few else share))
    return found


async def _of_few(
    session: AsyncSession,
    viewer: Viewer,
    measure: Measure,
    span: Span,
    exclusions: Measure,
    level: GridLevel | None,
    sums: Mapping[str | None, float],
) -> set[str | None]:
    """Where a sum is one over too few persons."""
    noun = NOUNS[measure["of"]]
    if measure.get("sum") in noun.heads:
        return {path for path, heads in sums.items() if 0 < heads < LEAST}
    if "sum" not in measure or not noun.personal:
        return set()
    rows = {name: part for name, part in measure.items() if name != "sum"}
    counts = await _counts(session, viewer, rows, span, exclusions, level)
    return {path for path, count in counts.items() if 0 < count < LEAST}


def _number(count: float, measure: Measure) -> Share:
    few = 0 < count < LEAST and "sum" not in measure
    return NOT_TOLD if few else Share(count, None, None, count)


def _share(above: float, below: float, every: float, *, whole: bool) -> Share:
    if not whole and (0 < below < LEAST or 0 < above < LEAST):
        return NOT_TOLD
    return Share(above, below, every - below, above / below if below else None)


async def _places(
    session: AsyncSession, viewer: Viewer, span: Span, level: GridLevel | None
) -> Sequence[Grid] | Sequence[None]:
    """The grids of a level; without one the whole, which is none of them. Raises Invalid where they are too many."""
    if level is None:
        return [None]
    wanted = grids.visible(viewer).where(Grid.level.in_(peers(level)))
    inside = wanted.where(under(Grid.path, span.path)) if span.path is not None else wanted
    found = (await session.scalars(inside.order_by(Grid.code).limit(MOST_PLACES + 1))).all()
    if len(found) > MOST_PLACES:
        raise Invalid(f"There are more than {MOST_PLACES} such grids: ask below one of them.", field="level")
    return found


async def _counts(
    session: AsyncSession, viewer: Viewer, measure: Measure, span: Span, exclusions: Measure, level: GridLevel | None
) -> dict[str | None, float]:
    """How many there are; by the path of each grid of the level, if one is asked for."""
    noun = NOUNS[measure["of"]]
    conditions = [*_conditions(noun, measure.get("where", {})), *_within(noun, span)]
    if exclusions:
        conditions.append(~func.coalesce(and_(*_conditions(noun, exclusions)), False))
    counted, chosen = _summed(noun, measure), noun.visible(viewer).where(*conditions).order_by(None)
    if level is None:
        rows = chosen.with_only_columns(counted, maintain_column_froms=True)
        return {None: float(await session.scalar(rows) or 0)}
    path = next((noun.model.__table__.c[name] for name in PATHS if name in noun.model.__table__.c), None)
    if path is None:
        raise Invalid(f"{measure['of']} stand on no grid: leave `level` out.", field="level")
    by_path = chosen.with_only_columns(path.label("place"), counted.label("rows"), maintain_column_froms=True)
    parts = by_path.group_by(path).subquery("parts")
    lies_in = and_(parts.c.place >= Grid.path, parts.c.place < func.left(Grid.path, -1) + "0")
    rolled = select(Grid.path, func.sum(parts.c.rows)).join(parts, lies_in).where(Grid.level.in_(peers(level)))
    return {place: float(count or 0) for place, count in await session.execute(rolled.group_by(Grid.path))}


def _summed(noun: Noun, measure: Measure) -> ColumnElement[Any]:
    if (name := measure.get("sum")) is None:
        return func.count()
    column = _column(noun, str(name))
    if not isinstance(column.type, (Integer, Float)):
        raise ValueError(f"sum: {name} is no number.")
    return func.sum(column)


def _within(noun: Noun, span: Span) -> Iterator[ColumnElement[bool]]:
    columns = noun.model.__table__.c
    if span.path is not None:
        path = next((columns[name] for name in PATHS if name in columns), None)
        if path is not None:
            yield under(path, span.path)
    if noun.moment is not None:
        moment = columns[noun.moment]
        if span.since is not None:
            yield moment >= (span.since if isinstance(moment.type, DateTime) else span.since.date())
        if span.until is not None:
            yield moment < (span.until if isinstance(moment.type, DateTime) else span.until.date())


def _conditions(noun: Noun, where: Mapping[str, Any]) -> Iterator[ColumnElement[bool]]:
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


def span(indicator: Indicator, path: str | None, during: Mapping[str, Any], at: datetime | None) -> Span:
    """Where and when: a range of time as the graph has it, or the assessment period of a moment. Raises Invalid."""
    if at is not None and during:
        raise Invalid("Say either `during` or `at`.", field="at")
    if at is not None:
        begin, end = periods(indicator.period, at.astimezone(CHINA))
        return Span(path, begin, end)
    if during.keys() - {"gte", "lt"}:
        raise Invalid("A period begins with a moment and ends before another: give gte and lt.", field="during")
    return Span(path, during.get("gte"), during.get("lt"))


def periods(period: str | None, at: datetime) -> Sequence[datetime]:
    """The assessment period that a moment lies in: its beginning and its end."""
    kind, _, day = (period or "MONTH").partition(":")
    months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[kind]
    first = int(day or 1)
    month = at.year * 12 + at.month - 1 - (1 if at.day < first else 0)
    month -= month % months
    begin, end = month, month + months
    return [at.replace(year=one // 12, month=one % 12 + 1, day=first, **_MIDNIGHT) for one in (begin, end)]


_MIDNIGHT: dict[str, Any] = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}
