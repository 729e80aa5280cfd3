"""What a record of time and place says, field by field. A plugin imports these from hub.plugin.

Every one has a `code`, and `practice`, the code of the practice it belongs to; `grid` is a code or a Place; parties,
stations, alliances, series, meetings and topics are named by their codes; times carry their zone.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TypedDict

from hub.fields import by_kind
from hub.parts import Place


class StationFields(TypedDict, total=False):
    """kind "station". `tier`, `build_mode` and `premises` are names of StationTier, BuildMode and Premises; `partner`
    built it too, `centre` is the station above it."""

    code: str
    name: str
    tier: str
    practice: str | None
    grid: str | Place | None
    operator: str | None
    partner: str | None
    centre: str | None
    address: str | None
    longitude: float | None
    latitude: float | None
    area: float | None
    opening_hours: str | None
    functions: Sequence[str]
    facilities: Sequence[str]
    zones: Sequence[str]
    build_mode: str | None
    premises: str | None
    demonstration: bool
    agency: bool
    opened_on: date | None


class ServiceItemFields(TypedDict, total=False):
    """kind "service_item". `modes` are names of ServiceMode; `replaces` is the version before it, `because` why."""

    code: str
    title: str
    practice: str | None
    grid: str | Place | None
    station: str | None
    provider: str | None
    category: str | None
    modes: Sequence[str]
    sunk: bool
    extended: bool
    contactless: bool
    capacity: int | None
    replaces: str | None
    because: str | None


class QrPointFields(TypedDict, total=False):
    """kind "qr_point", a code on a wall. `code` is what it says."""

    code: str
    title: str | None
    practice: str | None
    grid: str | Place
    station: str | None


class OfferFields(TypedDict, total=False):
    """kind "offer", what is given to groups of people."""

    code: str
    title: str
    practice: str | None
    grid: str | Place | None
    provider: str | None
    station: str | None
    beneficiaries: Sequence[str]
    valid_from: date | None
    valid_to: date | None


class NoticeFields(TypedDict, total=False):
    """kind "notice". `notice_kind` is a name of NoticeKind; no text of it may hold a personal number."""

    code: str
    title: str
    notice_kind: str
    practice: str | None
    grid: str | Place | None
    station: str | None
    party: str | None
    text: str | None
    basis: str | None
    since: date
    until: date


class RotaFields(TypedDict, total=False):
    """kind "rota". `rule` is an RRULE, `at` is "19:30"; `actions` and `modes` are names of EntryAction and
    ServiceMode."""

    code: str
    title: str
    practice: str | None
    rule: str
    at: str | None
    minutes: int | None
    starts_on: date
    ends_on: date | None
    grid: str | Place | None
    station: str | None
    actions: Sequence[str]
    modes: Sequence[str]


class SeriesFields(TypedDict, total=False):
    """kind "series" of meetings or activities. `series_kind` is a name of SeriesKind, `rule` an RRULE."""

    code: str
    title: str
    practice: str | None
    series_kind: str
    rule: str
    at: str | None
    minutes: int | None
    starts_on: date
    ends_on: date | None
    grid: str | Place | None
    station: str | None
    organizer: str | None
    alliance: str | None


class AgreementFields(TypedDict, total=False):
    """kind "agreement". `agreement_kind` is a name of AgreementKind, `services` the service list."""

    code: str
    title: str
    agreement_kind: str
    practice: str | None
    party: str
    partner: str | None
    alliance: str | None
    grid: str | Place | None
    services: Sequence[str]
    signed_on: date | None
    expires_on: date | None


class OutcomeFields(TypedDict, total=False):
    """kind "outcome" of an agreement or of an alliance. `qualifier` is a name of Qualifier."""

    code: str
    practice: str | None
    agreement: str | None
    alliance: str | None
    metric: str
    value: float
    unit: str | None
    qualifier: str | None


class MeetingFields(TypedDict, total=False):
    """kind "meeting". `forum` is a name of Forum, `minutes` is what was said."""

    code: str
    title: str
    practice: str | None
    forum: str | None
    held_at: datetime
    place: str | None
    venue: str | None
    minutes: str | None
    grid: str | Place | None
    alliance: str | None
    series: str | None


class TopicFields(TypedDict, total=False):
    """kind "topic". `channel`, `grade` and `status` are names of TopicChannel, TopicGrade and TopicStatus."""

    code: str
    title: str
    practice: str | None
    channel: str | None
    grade: str | None
    status: str
    grid: str | Place | None
    meeting: str | None
    raised_by: str | None
    raised_at: datetime
    note: str | None
    review: str | None
    reviewed_at: datetime | None


class ResolutionFields(TypedDict, total=False):
    """kind "resolution" of a meeting."""

    code: str
    text: str
    practice: str | None
    meeting: str
    topic: str | None
    owner: str | None
    due_on: date | None
    done_on: date | None


class ProposalFields(TypedDict, total=False):
    """kind "proposal". `proposal_kind` is a name of ProposalKind."""

    code: str
    title: str
    proposal_kind: str
    practice: str | None
    topic: str | None
    grid: str | Place | None
    text: str | None
    submitted_on: date
    reply: str | None
    replied_on: date | None


class BudgetFields(TypedDict, total=False):
    """kind "budget". `raised` is in yuan."""

    code: str
    title: str
    practice: str | None
    grid: str | Place | None
    year: int | None
    raised: float | None


class BudgetProjectFields(TypedDict, total=False):
    """kind "budget_project", what a budget pays for. `amount` is in yuan."""

    code: str
    title: str
    practice: str | None
    budget: str
    amount: float | None
    votes: int | None
    done_on: date | None


class FundingFields(TypedDict, total=False):
    """kind "funding". `amount` is in yuan, `qualifier` a name of Qualifier."""

    code: str
    title: str
    practice: str | None
    grid: str | Place | None
    amount: float | None
    qualifier: str | None
    source: str | None
    year: int | None


FIELDS: Mapping[str, type] = by_kind(globals())
