"""Indicators: counts and shares that are defined as data, over what the viewer may see.

A measure is JSON: {"of": "requests", "where": {"level": ["ESTATE", "COMMUNITY"], "closed_at": {"null": false}}}. `of`
is one of the nouns of measures.py; `where` names columns: a value, a list of values, null, {"null": true or false},
{"gte": 3, "lt": 5}; "sum" names a column to add up instead of counting rows. Of fewer than five nothing is told, nor
a sum over fewer than five where the rows are of persons. All is counted of what the viewer may see row by row, so
what is left over tells nothing new.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, DateTime, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer, under
from hub.checks import Fault, indicator_faults
from hub.errors import Invalid
from hub.models import Grid, GridLevel, Indicator
from hub.models.grid import peers
from hub.services import grids, measures
from hub.services.measures import Measure
from hub.services.working_days import CHINA

LEAST = 5
"""Fewer than these are not told: they could be recognised (k-anonymity)."""

MOST_PLACES = 1000
PERIOD = re.compile(r"QUARTER|YEAR|MONTH(:([1-9]|1\d|2[0-8]))?", re.ASCII)
PATHS = ("grid_path", "path")


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
        if (problem := measures.wrong(measure)) is not None:
            return f"{name}: {problem}"
    if exclusions and (problem := measures.wrong({"of": numerator["of"], "where": exclusions})) is not None:
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
    noun = measures.NOUNS[measure["of"]]
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
    noun = measures.NOUNS[measure["of"]]
    conditions = [*measures.conditions(noun, measure.get("where", {})), *_within(noun, span)]
    if exclusions:
        conditions.append(~func.coalesce(and_(*measures.conditions(noun, exclusions)), False))
    counted, chosen = measures.summed(noun, measure), noun.visible(viewer).where(*conditions).order_by(None)
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


def _within(noun: measures.Noun, span: Span) -> Iterator[ColumnElement[bool]]:
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
