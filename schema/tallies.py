"""Counts by this and that: the figures behind every chart."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy import ColumnElement

from hub.errors import Invalid
from hub.models import GridLevel, Term
from hub.services import tallies
from hub.services.tallies import TallyKey, TallyOf
from schema import filters, ids
from schema.context import Context, Info
from schema.engine.fields import Details
from schema.engine.plan import Draft, Level, Unplannable
from schema.engine.planner import Planner
from schema.engine.sql import Layout
from schema.inputs import Slot, arguments
from schema.node import NODES, NamedField, named, registered, term
from schema.terms import chinese

for _vocabulary in (TallyOf, TallyKey, GridLevel):
    term(_vocabulary)


@strawberry.type(description="The value of one key of a row (分组值).")
class TallyValue:
    key: TallyKey = strawberry.field(description="The key (分组项).")
    value: str | None = strawberry.field(
        description="The value: a term's name, a grid's code, a party's id, a day; null: none (值)."
    )
    label: str | None = strawberry.field(
        description="The same for people, short: a term in Chinese, a grid's or a party's name (名称)."
    )


@registered
@strawberry.type(description="How many there are with these values (统计行).")
class TallyRow:
    keys: list[TallyValue] = strawberry.field(description="The values, in the order of `by` (分组值).")
    count: int = strawberry.field(description="How many (数量).")


SLOTS = [
    Slot("of", "TallyOf", "What is counted (统计对象)."),
    Slot("by", "list[TallyKey]", "By what; an empty list: all together (分组)."),
    Slot("under", "GridRef | None", "Only at or below this grid (网格范围)."),
    Slot("grid_level", "GridLevel | None", "For the key GRID: rolled up to the grids of this level (汇总层级)."),
    Slot("during", "TimeRange | None", "Of requests: only those submitted then (时间范围)."),
    Slot("filter", "RequestFilter | None", "Of requests: only these (筛选)."),
]


class TallyField(NamedField):
    """The one field of this file."""

    is_basic_field = False

    def get_result(self, source: Any, info: Info | None, args: list[Any], kwargs: Any) -> Any:
        assert info is not None
        return counted(info.context, **kwargs)


async def counted(
    context: Context,
    of: TallyOf,
    by: list[TallyKey],
    under: Mapping[str, Any] | None = None,
    grid_level: GridLevel | None = None,
    during: Mapping[str, Any] | None = None,
    filter: filters.Filter | None = None,
) -> list[TallyRow]:
    """The rows of a tally, read in one statement."""
    path = None if under is None else await context.loaders.path(filters.reference(under, field="under"))
    where = await _conditions(context, of, during, filter)
    statement = tallies.tally(context.viewer, of, by, path=path, where=where, grid_level=grid_level)
    async with context.db.read() as session:
        return [_row(by, row) for row in await session.execute(statement)]


async def _conditions(
    context: Context, of: TallyOf, during: Mapping[str, Any] | None, filter: filters.Filter | None
) -> list[ColumnElement[bool]]:
    moment = tallies.SUBJECTS[of].moment
    if (during or filter) and moment is None:
        raise Invalid(
            f"`during` and `filter` are for REQUESTS, not for {of.name}.", field="during" if during else "filter"
        )
    conditions = [filters.between(moment, during)] if during and moment is not None else []
    if filter and filters.checked(filter):
        paths = {ref: await context.loaders.path(ref) for ref in filters.references(filter)}
        conditions.append(filters.where(NODES["Request"], filter, filters.Asked(context.viewer, paths.__getitem__)))
    return conditions


def _plan(planner: Planner, kind: Any, details: Details) -> Level:
    """One statement, as above; terms come from the driver by name."""
    given, now = planner.given.arguments(kind, details)
    of, by = given["of"], given["by"]
    under, during, filter = (given.get(name) for name in ("under", "during", "filter"))
    moment = tallies.SUBJECTS[of].moment
    if (during or filter) and moment is None:
        raise Unplannable("It is no tally of requests, but has a filter.")
    if filter:
        planner.given.first(lambda run: filters.checked(filter if now is None else now(run)["filter"]))
    where = [filters.between(moment, during)] if during and moment is not None else []
    if filter:
        where.append(filters.where(NODES["Request"], filter, filters.Asked(planner.viewer, planner.given.path)))
    path: Any = None if under is None else planner.given.path(filters.reference(under, field="under"))
    statement = tallies.tally(planner.viewer, of, by, path=path, where=where, grid_level=given.get("grid_level"))
    row = planner.fields.plain(planner.fields.type("TallyRow"), details, "r")
    draft = Draft(Layout([]))
    read = partial(_read, tallies.SUBJECTS[of], by)
    return planner.level("tally", draft, READ, statement, row=row, read=planner.code.constant(read))


READ = """
def make(keys, records, totals, window, below):
    {below}
    return [{row} for r in {read}(records)]
"""


def _read(subject: tallies.Subject, by: list[TallyKey], records: Iterable[Any]) -> list[TallyRow]:
    kinds = [getattr(getattr(subject.columns.get(key), "type", None), "enum_class", None) for key in by]
    found = []
    for count, *pairs in records:
        for place, kind in enumerate(kinds):
            if kind is not None and pairs[2 * place] is not None:
                pairs[2 * place] = kind[pairs[2 * place]]
        found.append(_row(by, (count, *pairs)))
    return found


def _row(by: list[TallyKey], row: Sequence[Any]) -> TallyRow:
    count, pairs = row[0], row[1:]
    values = [_value(key, pairs[2 * place], pairs[2 * place + 1]) for place, key in enumerate(by)]
    return TallyRow(keys=values, count=int(count or 0))


@cache
def _term(key: TallyKey, value: Term) -> TallyValue:
    return TallyValue(key=key, value=value.name, label=chinese(value.value))


def _value(key: TallyKey, value: Any, label: str | None) -> TallyValue:
    if isinstance(value, Term):
        return _term(key, value)
    if key is TallyKey.ASSIGNEE and value is not None:
        kind, _, id = value.partition(":")
        return TallyValue(key=key, value=ids.encode(kind.capitalize(), (UUID(id),)), label=label)
    return TallyValue(key=key, value=value, label=label or value)


def _tally() -> Any:
    made = TallyField(
        type_annotation=named("list[TallyRow]"),
        description=f"Counts over what the viewer may see, the largest first, at most {tallies.MOST_ROWS} rows (统计).",
        metadata={"plan": _plan, "rows": tallies.MOST_ROWS},
    )
    made.arguments = arguments(SLOTS)
    return made


@strawberry.type
class Query:
    tally = _tally()
