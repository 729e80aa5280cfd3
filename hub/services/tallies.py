"""Tallies: how many there are of something, by this and that. One statement each, over what the viewer may see.

Requests are not counted one by one where the tally that the writes keep can tell: see _kept().
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    and_,
    cast,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    true,
    union,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from hub.auth import Viewer, under
from hub.errors import Invalid
from hub.models import (
    Alliance,
    CoHandler,
    Grid,
    GridLevel,
    Organization,
    Party,
    Person,
    Request,
    Resource,
    Tally,
    TallyDelta,
    Term,
)
from hub.models.grid import peers
from hub.services import alliances, grids, parties, requests, resources

MOST_ROWS = 1000
ZONE = "Asia/Shanghai"
IN_THE_TALLY = frozenset({"STATUS", "LEVEL", "GRID"})
Column = InstrumentedAttribute[Any]


class TallyOf(Term):
    """What is counted (统计对象)."""

    REQUESTS = "Requests (诉求)."
    GRIDS = "Grids (网格)."
    ORGANIZATIONS = "Organizations (组织)."
    PERSONS = "Persons (人员)."
    RESOURCES = "Resources (资源)."
    ALLIANCES = "Alliances (联盟)."


class TallyKey(Term):
    """By what it is counted (分组项)."""

    STATUS = "Where a request stands (状态)."
    LEVEL = "The loop that handles a request, or how large a grid is (层级)."
    KIND = "What sort it is (类别)."
    CHANNEL = "How a request came in (来源渠道)."
    CATEGORY = "The category of a request (分类)."
    URGENCY = "How pressing a request is (紧急程度)."
    SATISFACTION = "How the caller feels (满意度)."
    PRACTICE = "The practice that it belongs to (实践)."
    ASSIGNEE = "The party that handles a request; those that are hidden count as none (承办方)."
    GRID = "The grid: at `gridLevel` if that is given, rolled up, else its own (网格)."
    DAY = "The day on which it was submitted, in China (日)."
    MONTH = "The month in which it was submitted, in China (月)."


@dataclass(frozen=True, slots=True)
class Subject:
    """What can be counted: its rows, its place in the tree, its moment, and the columns to count by."""

    model: Any
    visible: Any
    path: Column
    columns: Mapping[TallyKey, Column]
    moment: Column | None = None

    def keys(self) -> list[TallyKey]:
        timed = [TallyKey.DAY, TallyKey.MONTH] if self.moment is not None else []
        return [*self.columns, TallyKey.GRID, *timed]


SUBJECTS: Mapping[TallyOf, Subject] = MappingProxyType(
    {
        TallyOf.REQUESTS: Subject(
            Request,
            requests.visible,
            Request.grid_path,
            {
                TallyKey.STATUS: Request.status,
                TallyKey.LEVEL: Request.level,
                TallyKey.KIND: Request.kind,
                TallyKey.CHANNEL: Request.channel,
                TallyKey.CATEGORY: Request.category,
                TallyKey.URGENCY: Request.urgency,
                TallyKey.SATISFACTION: Request.satisfaction,
                TallyKey.PRACTICE: Request.practice,
                TallyKey.ASSIGNEE: Request.assignee_id,
            },
            Request.submitted_at,
        ),
        TallyOf.GRIDS: Subject(Grid, grids.visible, Grid.path, {TallyKey.LEVEL: Grid.level}),
        TallyOf.ORGANIZATIONS: Subject(
            Organization,
            parties.organizations,
            Organization.grid_path,
            {TallyKey.KIND: Organization.organization_kind, TallyKey.PRACTICE: Organization.practice},
        ),
        TallyOf.PERSONS: Subject(Person, parties.persons, Person.grid_path, {TallyKey.PRACTICE: Person.practice}),
        TallyOf.RESOURCES: Subject(
            Resource,
            resources.visible,
            Resource.grid_path,
            {TallyKey.KIND: Resource.resource_kind, TallyKey.PRACTICE: Resource.practice},
        ),
        TallyOf.ALLIANCES: Subject(
            Alliance,
            alliances.visible,
            Alliance.grid_path,
            {TallyKey.KIND: Alliance.alliance_kind, TallyKey.PRACTICE: Alliance.practice},
        ),
    }
)


def tally(
    viewer: Viewer,
    of: TallyOf,
    by: Sequence[TallyKey],
    *,
    path: str | None = None,
    where: Iterable[ColumnElement[bool]] = (),
    grid_level: GridLevel | None = None,
) -> Select[Any]:
    """(value and label of each key ..., count), the largest first. `path` is the subtree counted. Raises Invalid."""
    subject = SUBJECTS[of]
    _must_fit(of, subject, by)
    where = list(where)
    if of is TallyOf.REQUESTS and not where and IN_THE_TALLY.issuperset(key.name for key in by):
        counted = _kept(viewer, by, path)
    else:
        counted = _counted(viewer, subject, by, path, where)
    rows = aliased(Grid)
    pairs: list[Any] = []
    statement: Select[Any] = select(func.sum(counted.c.rows).label("count"))
    for key in by:
        match key:
            case TallyKey.GRID:
                at_level = rows.level.in_(peers(grid_level)) if grid_level else rows.path == counted.c.grid_path
                statement = statement.outerjoin_from(counted, rows, at_level & _lies_in(counted.c.grid_path, rows.path))
                pairs += [rows.code, rows.name]
            case TallyKey.ASSIGNEE:
                shown = parties.visible(viewer).with_only_columns(Party.id, Party.type, Party.name).subquery()
                statement = statement.outerjoin_from(counted, shown, shown.c.id == counted.c[key.name])
                pairs += [cast(shown.c.type, String) + literal(":") + cast(shown.c.id, String), shown.c.name]
            case _:
                pairs += [counted.c[key.name], null()]
    groups = [column for column in pairs if not isinstance(column, type(null()))]
    named = [column.label(f"pair_{place}") for place, column in enumerate(pairs)]
    statement = statement.select_from(counted).add_columns(*named).group_by(*groups)
    return statement.order_by(func.sum(counted.c.rows).desc(), *groups).limit(MOST_ROWS)


def _counted(
    viewer: Viewer, subject: Subject, by: Sequence[TallyKey], path: str | None, where: Iterable[ColumnElement[bool]]
) -> Any:
    """The counts by the subject's own columns: small enough to be joined with names and rolled up."""
    columns = {key: _column(subject, key) for key in by if key is not TallyKey.GRID}
    groups = [*columns.values(), *([subject.path] if TallyKey.GRID in by else [])]
    chosen = subject.visible(viewer).where(*where)
    if path is not None:
        chosen = chosen.where(under(subject.path, path))
    labels = [column.label(key.name) for key, column in columns.items()]
    place = [subject.path.label("grid_path")] if TallyKey.GRID in by else []
    chosen = chosen.with_only_columns(func.count().label("rows"), *labels, *place, maintain_column_froms=True)
    return chosen.group_by(*groups).subquery("counted") if groups else chosen.subquery("counted")


def _column(subject: Subject, key: TallyKey) -> ColumnElement[Any]:
    if key in (TallyKey.DAY, TallyKey.MONTH):
        pattern = "YYYY-MM-DD" if key is TallyKey.DAY else "YYYY-MM"
        return func.to_char(func.timezone(ZONE, subject.moment), literal(pattern, literal_execute=True))
    column: ColumnElement[Any] = subject.columns[key].expression
    return column


def _kept(viewer: Viewer, by: Sequence[TallyKey], path: str | None) -> Any:
    """The counts of requests from the tally: what is folded, what is not folded yet, and what its parties alone see.

    One statement, so one snapshot: each request is there once, also while a fold is under way.
    """
    if TallyKey.GRID in by:
        own = _part(Tally, Tally.count, by).where(Tally.total.is_(False), _seen(viewer, Tally))
        parts = [_within(own, Tally.grid_path, path)]
    else:
        parts = _totals(viewer, by, path)
    deltas = _part(TallyDelta, TallyDelta.count, by).where(_seen(viewer, TallyDelta))
    parts.append(_within(deltas, TallyDelta.grid_path, path))
    if viewer.party_id is not None and not _sees_all(viewer):
        theirs = _part(Request, literal_column("1", BigInteger), by).where(_its_own(viewer, viewer.party_id))
        parts.append(_within(theirs, Request.grid_path, path))
    found = union_all(*parts).subquery("parts")
    rows = cast(func.coalesce(func.sum(found.c.rows), 0), BigInteger)
    groups = [column for column in found.c if column.key != "rows"]
    counted = select(rows.label("rows"), *groups)
    return (counted.group_by(*groups).having(rows != 0) if groups else counted).subquery("counted")


def _totals(viewer: Viewer, by: Sequence[TallyKey], path: str | None) -> list[Select[Any]]:
    """The total of the place that is asked for, and of those places in it that make up what the viewer covers.

    Of the former all that is public, or everything if it is covered; of the latter what is not public. Each row is
    found by its path, and a place that lies in another covered one is left out.
    """
    place: Any = "" if path is None else path
    totals = _part(Tally, Tally.count, by).where(Tally.total)
    parts = [totals.where(Tally.grid_path == place, _seen(viewer, Tally))]
    if viewer.can("requests:read") and viewer.paths and not _sees_all(viewer):
        above = func.regexp_replace(Tally.grid_path, "[^/]+/$", "", type_=Tally.grid_path.type)
        topmost = and_(viewer.covers(Tally.grid_path), not_(viewer.covers(above)))
        roots = or_(*(Tally.grid_path == root for root in viewer.paths))
        inside = totals.where(roots, topmost, Tally.grid_path != place, Tally.public.is_(False))
        parts.append(_within(inside, Tally.grid_path, path))
    return parts


def _part(model: Any, rows: Any, by: Sequence[TallyKey]) -> Select[Any]:
    """The rows of one table, with the values of the keys and, for the grid, the path."""
    columns = {TallyKey.STATUS: model.status, TallyKey.LEVEL: model.level, TallyKey.GRID: model.grid_path}
    names = {TallyKey.GRID: "grid_path"}
    return select(rows.label("rows"), *(columns[key].label(names.get(key, key.name)) for key in by))


def _within(statement: Select[Any], column: Column, path: str | None) -> Select[Any]:
    return statement if path is None else statement.where(under(column, path))


def _seen(viewer: Viewer, model: Any) -> ColumnElement[bool]:
    """What the viewer sees because it is public or for where it is: the one half of requests.visible()."""
    covered = [viewer.covers(model.grid_path)] if viewer.can("requests:read") else []
    return or_(model.public, *covered)


def _sees_all(viewer: Viewer) -> bool:
    return viewer.can("requests:read") and "" in viewer.paths


def _its_own(viewer: Viewer, party_id: UUID) -> ColumnElement[bool]:
    """Requests that the viewer sees for their party's sake alone, found by the indexes of those that name a party."""
    naming = union(
        select(Request.id).where(Request.assignee_id == party_id),
        select(Request.id).where(Request.submitter_id == party_id),
        select(CoHandler.request_id).where(CoHandler.party_id == party_id),
    )
    seen = requests.visible(viewer).whereclause
    assert seen is not None
    return and_(Request.id.in_(naming), seen, _seen(viewer, Request).is_not(true()))


def _lies_in(path: ColumnElement[str], grid: Any) -> ColumnElement[bool]:
    end = func.concat(func.substr(grid, 1, func.length(grid) - 1), "0")  # "0" follows "/"
    return and_(path >= grid, path < end)


def _must_fit(of: TallyOf, subject: Subject, by: Sequence[TallyKey]) -> None:
    possible = subject.keys()
    for key in by:
        if key not in possible:
            names = ", ".join(one.name for one in possible)
            raise Invalid(f"{of.name} cannot be counted by {key.name}. Possible: {names}.", field="by")
    if len(set(by)) != len(by):
        raise Invalid("A key stands twice in `by`: name each once.", field="by")
