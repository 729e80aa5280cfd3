"""What a record of each kind says, field by field. A plugin imports these from hub.plugin."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypedDict, is_typeddict

from hub.parts import Caller, Issue, Place


class GridFields(TypedDict, total=False):
    """kind "grid". `parent` and `jurisdiction` are codes; `level` is a name of GridLevel (DISTRICT, STREET, ...),
    `kind` one of GridKind."""

    code: str
    name: str
    level: str
    parent: str | None
    jurisdiction: str | None
    kind: str | None
    buildings: int | None
    households: int | None
    population: int | None
    longitude: float | None
    latitude: float | None
    valid_from: date | None
    valid_to: date | None


class OrganizationFields(TypedDict, total=False):
    """kind "organization". `grid` is a code or a Place, `parent` the code of an organization, `organization_kind` a
    name of OrganizationKind."""

    code: str
    name: str
    organization_kind: str
    parent: str | None
    grid: str | Place | None
    description: str | None
    industry: str | None
    colour: str | None
    minimum_size: int | None
    established_on: date | None
    practice: str | None


class PersonFields(TypedDict, total=False):
    """kind "person". `public` is True only for people whose name is posted by consent."""

    code: str
    name: str
    grid: str | Place | None
    public: bool
    skills: Sequence[str] | None
    practice: str | None


class AllianceFields(TypedDict, total=False):
    """kind "alliance". `lead` is the code of the leading organization, `alliance_kind` a name of AllianceKind;
    `match_basis` are names of MatchBasis."""

    code: str
    name: str
    alliance_kind: str
    lead: str | None
    grid: str | Place | None
    description: str | None
    practice: str | None
    pillars: Sequence[str]
    match_basis: Sequence[str]


class MemberFields(TypedDict, total=False):
    """kind "member" of an alliance. `alliance` and `party` are codes."""

    alliance: str
    party: str
    role: str | None
    joined_on: date | None


class PostFields(TypedDict, total=False):
    """kind "post", a person's part. `person` and `organization` are codes, `role` a name of PostRole, `steward_kind`
    one of StewardKind."""

    person: str
    organization: str | None
    grid: str | Place | None
    role: str
    title: str | None
    steward_kind: str | None
    public: bool
    since: date | None
    until: date | None
    practice: str | None


class ActivityFields(TypedDict, total=False):
    """kind "activity". `organizer` is the code of a party, `station` and `series` are codes; times carry their zone."""

    code: str
    title: str
    category: str | None
    organizer: str | None
    grid: str | Place | None
    starts_at: datetime
    ends_at: datetime | None
    attendance: int | None
    practice: str | None
    station: str | None
    series: str | None


class ShiftFields(TypedDict, total=False):
    """kind "shift", a person's turn in a rota or at an activity. `person`, `rota` and `activity` are codes; times carry
    their zone."""

    person: str
    rota: str | None
    activity: str | None
    practice: str | None
    starts_at: datetime
    ends_at: datetime
    held: bool | None


class ServiceRecordFields(TypedDict, total=False):
    """kind "service_record", hours that a person gave. `person`, `team`, `activity` and `recorder` are codes; `method`
    and `status` are names of ServiceMethod and ServiceStatus; `code` is the registry's number of the record."""

    code: str | None
    person: str
    team: str | None
    activity: str | None
    recorder: str | None
    title: str
    started_at: datetime
    hours: float
    method: str | None
    status: str
    notice_from: date | None
    notice_until: date | None
    dispute: str | None
    disputed_at: datetime | None
    resolution: str | None
    resolved_at: datetime | None


class ResourceFields(TypedDict, total=False):
    """kind "resource". `owner` is the code of an organization, `resource_kind` a name of ResourceKind."""

    code: str
    title: str
    resource_kind: str
    owner: str | None
    grid: str | Place | None
    category: str | None
    capacity: int | None
    available_from: date | None
    available_until: date | None
    description: str | None
    practice: str | None


class CatalogueEntryFields(TypedDict, total=False):
    """kind "catalogue_entry", who is responsible for what. `category` goes from the larger to the smaller, joined by
    "/", and stands for all below it; `grid` is a code or a Place, `party` the code or the exact name of a party."""

    code: str
    practice: str | None
    category: str | None
    grid: str | Place | None
    party: str
    basis: str | None
    valid_from: date | None
    valid_to: date | None


class RequestFields(TypedDict, total=False):
    """kind "request". `grid` is a code or a Place, `assignee` the code or the exact name of an organization; `kind`,
    `channel`, `status`, `urgency` and `satisfaction` are names of RequestKind, Channel, RequestStatus, Urgency and
    Satisfaction; `category` goes from the larger to the smaller, joined by "/"; `urged` says how often; times carry
    their zone."""

    number: str
    title: str
    content: str | None
    kind: str
    channel: str
    category: str | None
    status: str
    urgency: str
    grid: str | Place | None
    place: str | None
    longitude: float | None
    latitude: float | None
    assignee: str | None
    submitted_at: datetime
    due_at: datetime | None
    handled_at: datetime | None
    closed_at: datetime | None
    result: str | None
    solved: bool | None
    satisfaction: str | None
    supervised: bool
    urged: int
    practice: str | None
    workflow: str | None
    caller: Caller | None
    issues: Sequence[Issue]


class PracticeFields(TypedDict, total=False):
    """kind "practice": a city's way of working. `grid` is the code of its district, `demo` the form of a made-up one
    (hub/synthetic.py)."""

    code: str
    name: str
    title: str
    description: str | None
    grid: str | None
    demo: Mapping[str, Any]


class SchemeFields(TypedDict, total=False):
    """kind "scheme": a list that a practice goes by. `scheme_kind` is a name of SchemeKind, `expected` says how many
    items there are, `complete` whether all of them are known."""

    code: str
    practice: str
    scheme_kind: str
    name: str
    description: str | None
    expected: int | None
    complete: bool


class SchemeItemFields(TypedDict, total=False):
    """kind "scheme_item". `scheme` is the code of its list."""

    code: str
    scheme: str
    position: int
    name: str
    description: str | None
    year: int | None


class WorkflowFields(TypedDict, total=False):
    """kind "workflow". `subject` is a name of WorkflowSubject."""

    code: str
    practice: str
    name: str
    subject: str
    description: str | None


class WorkflowStepFields(TypedDict, total=False):
    """kind "workflow_step". `workflow` is the code of its workflow, `phase` a name of Phase; `actions` are names of
    RequestAction, `taken_by` abilities, sides and roles, `leads_to` codes of steps."""

    code: str
    workflow: str
    position: int
    name: str
    phase: str
    actions: Sequence[str]
    taken_by: Sequence[str]
    days: int | None
    leads_to: Sequence[str]


class EscalationFields(TypedDict, total=False):
    """kind "escalation": what happens to what is so many working days overdue. `rung` is a name of Rung."""

    code: str
    workflow: str
    days: int
    rung: str


class FeatureFields(TypedDict, total=False):
    """kind "feature": one thing that a practice has published about itself. `scenario`: what is done to show it, where
    no number does: {"steps": [{"as": role, "do": operation, "with": variables, "keep": ..., "expect": ...}]}."""

    code: str
    row: str
    practice: str
    title: str
    scenario: Mapping[str, Any]


class FigureFields(TypedDict, total=False):
    """kind "figure": a published number. `feature` is the code of its feature, `qualifier` a name of Qualifier, `said`
    what was published, `query` a GraphQL query, `at` the place of the number in its answer: a.b.totalCount."""

    code: str
    feature: str
    practice: str
    name: str
    value: float
    unit: str | None
    qualifier: str
    scope: str | None
    said: str
    query: str
    at: str


class IndicatorFields(TypedDict, total=False):
    """kind "indicator". `numerator` and `denominator` are measures, {"of": "requests", "where": {...}}; `exclusions` is
    the `where` of what is left out."""

    code: str
    practice: str
    name: str
    description: str | None
    numerator: Mapping[str, Any]
    denominator: Mapping[str, Any]
    exclusions: Mapping[str, Any]
    period: str | None


def by_kind(names: Mapping[str, object]) -> Mapping[str, type]:
    """The kinds of record that these names are the fields of: what one of each says."""
    return {
        re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.removesuffix("Fields")).lower(): found
        for name, found in tuple(names.items())
        if isinstance(found, type) and is_typeddict(found)
    }


FIELDS: Mapping[str, type] = by_kind(globals())
