"""What a record of the registers says, field by field: who belongs to whom, who reported in, needs, projects, claims.

A plugin imports these from hub.plugin. `practice` is the code of the practice that it belongs to.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TypedDict

from hub.fields import by_kind
from hub.parts import Place


class AffiliationFields(TypedDict, total=False):
    """kind "affiliation", a party that belongs to an organization beside the tree. Both are codes,
    `affiliation_kind` is a name of AffiliationKind."""

    organization: str
    party: str
    affiliation_kind: str
    practice: str | None
    since: date | None
    until: date | None


class ReportInFields(TypedDict, total=False):
    """kind "report_in", a party that offers its service at a community. `party` and `host` are codes; `at` carries its
    zone. A party reports in at a place once."""

    code: str | None
    party: str
    grid: str | Place
    host: str | None
    at: datetime
    offer: str | None
    practice: str | None


class NeedFields(TypedDict, total=False):
    """kind "need". `raised_by` is the code of a party; times carry their zone."""

    code: str
    title: str
    category: str | None
    grid: str | Place
    raised_by: str | None
    raised_at: datetime
    wanted_on: date | None
    met_at: datetime | None
    practice: str | None


class ProjectFields(TypedDict, total=False):
    """kind "project", a need met by a resource. `need`, `resource` and `owner` are codes."""

    code: str
    title: str
    category: str | None
    need: str | None
    resource: str | None
    owner: str | None
    grid: str | Place | None
    capacity: int | None
    starts_on: date | None
    done_on: date | None
    practice: str | None


class ClaimFields(TypedDict, total=False):
    """kind "claim", a project or a request that a party took on: one of them, `project` by its code, `request` by its
    number. `party` is a code; `claimed_at` carries its zone."""

    code: str
    party: str
    project: str | None
    request: str | None
    claimed_at: datetime
    skill: str | None
    note: str | None
    practice: str | None


FIELDS: Mapping[str, type] = by_kind(globals())
