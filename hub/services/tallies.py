"""Tallies: how many there are of something, by this and that. One statement each, over what the viewer may see."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, literal, null, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from hub.auth import Viewer, under
from hub.errors import Invalid
from hub.models import Alliance, Grid, GridLevel, Organization, Party, Person, Request, Resource, Term
from hub.models.grid import peers
from hub.services import alliances, grids, parties, requests, resources

MOST_ROWS = 1000
ZONE = "Asia/Shanghai"
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
