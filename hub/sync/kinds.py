"""The kinds of record that the hub can take, and which columns their fields become."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from hub.errors import Invalid
from hub.models import (
    Activity,
    Alliance,
    CatalogueEntry,
    Grid,
    GridLevel,
    Member,
    Organization,
    OrganizationKind,
    Party,
    PartyType,
    Person,
    Post,
    Request,
    RequestKind,
    RequestLevel,
    RequestStatus,
    Resource,
    ResourceKind,
    ServiceRecord,
    ServiceStatus,
    Workflow,
)
from hub.models.alliance import AllianceKind, MatchBasis
from hub.services import catalogue, grids, privacy, requests, service_records
from hub.services.working_days import local_day
from hub.sync import values as reading
from hub.sync.kind import BY_KEY, EVERY, Found, Kind, Reference, Values
from hub.sync.place_kinds import PLACE_KINDS, in_order, misplaced, unknown
from hub.sync.practice_kinds import PRACTICE_KINDS
from hub.sync.register_kinds import REGISTER_KINDS

TOP_LEVELS = frozenset({GridLevel.PROVINCE, GridLevel.CITY, GridLevel.DISTRICT})
ENDED = frozenset({RequestStatus.CLOSED, RequestStatus.ARCHIVED, RequestStatus.REJECTED_SCOPE})


def _not_at_the_top(values: Values) -> bool:
    """A hub may begin at a district: such a grid stands at the top until its parent is known."""
    return values.get("level") not in TOP_LEVELS


def _grid(values: Values, row: Mapping[str, Any] | None, found: Mapping[str, Found], at: datetime) -> str | None:
    """A grid's path follows from its parent's and from its code."""
    known: Mapping[str, Any] = row or {}
    code, level = str(values.get("code") or known.get("code")), values.get("level") or known.get("level")
    if "/" in code:
        return f"code: {code} holds a '/', which parts codes in the hub. Write it without."
    if "parent_id" in values or row is None:
        parent = found.get("parent")
        above = parent.path if parent is not None else None
        if above is None and level not in TOP_LEVELS:
            return f"parent: a {level and level.name} lies below something. Say its parent's code."
    else:
        above = known["path"].removesuffix(f"{known['code']}/")
    if row is not None and above is not None and above.startswith(row["path"]):
        return f"parent: it lies below {code} itself; that would be a circle."
    values["path"] = grids.path(above, code)
    return None


def _request(values: Values, row: Mapping[str, Any] | None, found: Mapping[str, Found], at: datetime) -> str | None:
    """A closed request has a time of closing, a new one a title, and its level is that of its grid.

    A published one that would show a personal number is taken back from the public.
    """
    if problem := misplaced(values, row):
        return problem
    if row is not None and row["public"] and not privacy.is_clean(values):
        values["public"] = False
    if row is not None and row["status"] is RequestStatus.MERGED and row["merged_into_id"] is not None:
        for name in ("status", "closed_at"):  # handled under another one here: until it is taken out, that stands
            values.pop(name, None)
    status = values.get("status")
    if status in ENDED and not (values.get("closed_at") or (row and row["closed_at"])):
        values["closed_at"] = values.get("handled_at") or at
    elif status is not None and status not in ENDED:
        values["closed_at"] = None
    if row is None:
        content = values.get("content") or ""
        values["title"] = values.get("title") or content[:40] or values["number"]
        if (grid := found.get("grid")) is not None and grid.level is not None:
            values["level"] = requests.LEVELS.get(grid.level, RequestLevel.DISTRICT)
    return None


def _catalogue_entry(
    values: Values, row: Mapping[str, Any] | None, found: Mapping[str, Found], at: datetime
) -> str | None:
    """Its category is written in one way; what changes what it says is a new version, which begins later than the one
    that stands. A first day that lies before that says nothing of it."""
    if "category" in values:
        values["category"] = "/".join(catalogue.parts(values["category"])) or None
    if row is None:
        values.setdefault("valid_from", local_day(at))
    elif any(name in values and values[name] != row[name] for name in catalogue.SAYS):
        said, stood = values.get("valid_from"), row["valid_from"]
        later = said if said is not None and (stood is None or said > stood) else None
        values["version"], values["valid_from"] = row["version"] + 1, catalogue.next_from(stood, later, local_day(at))
    elif row["version"] > 1 and (values.get("valid_from") or date.min) < (row["valid_from"] or date.min):
        values.pop("valid_from", None)
    return None


def _alliance(values: Values, row: Mapping[str, Any] | None, found: Mapping[str, Found], at: datetime) -> str | None:
    """Why its members belong together is said in the hub's names."""
    return unknown(values, {"match_basis": MatchBasis})


def _post(values: Values, row: Mapping[str, Any] | None, found: Mapping[str, Found], at: datetime) -> str | None:
    return in_order(values, row, "since", "until")


def _service_record(
    values: Values, row: Mapping[str, Any] | None, found: Mapping[str, Found], at: datetime
) -> str | None:
    """Hours are more than none, and what is disputed does not count as confirmed."""
    if (problem := service_records.uncountable(values.get("hours"))) is not None:
        return f"hours: {problem}"
    stands = {**(row or {}), **values}
    if stands.get("status") is ServiceStatus.CONFIRMED and service_records.under_dispute(stands):
        values["status"] = ServiceStatus.DISPUTED
    return None


GRID = Reference("grid_id", Grid, path="grid_path")
PERSON = Reference("person_id", Party, needed=lambda values: True)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "grid",
            Grid,
            {
                name: name
                for name in (
                    *("code", "name", "level", "kind", "buildings", "households", "population"),
                    *("longitude", "latitude", "valid_from", "valid_to"),
                )
            },
            {
                "parent": Reference("parent_id", Grid, needed=_not_at_the_top),
                "jurisdiction": Reference("jurisdiction_id", Grid, tree=False),
            },
            required=("code", "name", "level"),
            closing=lambda at: {"valid_to": local_day(at)},
            reopening={"valid_to": None},
            derive=_grid,
        ),
        *PRACTICE_KINDS,
        Kind(
            "organization",
            Organization,
            {
                name: name
                for name in (
                    *("code", "name", "organization_kind", "description", "industry", "colour", "minimum_size"),
                    *("established_on", "practice"),
                )
            },
            {"grid": GRID, "parent": Reference("parent_id", Party)},
            defaults={
                "type": PartyType.ORGANIZATION,
                "public": True,
                "organization_kind": OrganizationKind.OTHER,
            },
            required=("code", "name"),
        ),
        Kind(
            "person",
            Person,
            {name: name for name in ("code", "name", "public", "skills", "practice")},
            {"grid": GRID},
            defaults={"type": PartyType.PERSON, "public": False},
            required=("code", "name"),
        ),
        Kind(
            "alliance",
            Alliance,
            {
                name: name
                for name in ("code", "name", "alliance_kind", "description", "practice", "pillars", "match_basis")
            },
            {"grid": GRID, "lead": Reference("lead_id", Party)},
            defaults={"alliance_kind": AllianceKind.OTHER},
            required=("code", "name"),
            derive=_alliance,
        ),
        Kind(
            "member",
            Member,
            {"role": "role", "joined_on": "joined_on"},
            {
                "alliance": Reference("alliance_id", Alliance, needed=lambda values: True),
                "party": Reference("party_id", Party, needed=lambda values: True),
            },
            natural=("alliance_id", "party_id"),
            required=("alliance", "party"),
            closing=lambda at: {"left_on": local_day(at)},
            reopening={"left_on": None},
        ),
        Kind(
            "post",
            Post,
            {name: name for name in ("role", "title", "steward_kind", "public", "since", "until", "practice")},
            {
                "person": PERSON,
                "organization": Reference("organization_id", Party, needed=lambda values: True),
                "grid": GRID,
            },
            natural=BY_KEY,
            required=("person", "role"),
            closing=lambda at: {"until": local_day(at)},
            reopening={"until": None},
            derive=_post,
        ),
        *PLACE_KINDS,
        Kind(
            "service_record",
            ServiceRecord,
            {
                name: name
                for name in (
                    *("code", "title", "started_at", "hours", "method", "status", "notice_from", "notice_until"),
                    *("dispute", "disputed_at", "resolution", "resolved_at"),
                )
            },
            {
                "person": PERSON,
                "team": Reference("team_id", Party),
                "activity": Reference("activity_id", Activity),
                "recorder": Reference("recorder_id", Party),
            },
            required=("title", "started_at", "hours"),
            closing=lambda at: {"status": ServiceStatus.WITHDRAWN},
            reopening={"status": ServiceStatus.DRAFT},
            derive=_service_record,
        ),
        Kind(
            "resource",
            Resource,
            {
                name: name
                for name in (
                    *("code", "title", "resource_kind", "category", "capacity", "available_from", "available_until"),
                    *("description", "practice"),
                )
            },
            {"grid": GRID, "owner": Reference("owner_id", Party)},
            defaults={"resource_kind": ResourceKind.OTHER},
            required=("code", "title"),
        ),
        Kind(
            "catalogue_entry",
            CatalogueEntry,
            {name: name for name in ("code", "practice", "category", "basis", "valid_from", "valid_to")},
            {"grid": GRID, "party": Reference("party_id", Party, by_name=True, needed=lambda values: True)},
            defaults={"version": 1},
            required=("code", "party"),
            closing=lambda at: {"valid_to": local_day(at)},
            reopening={"valid_to": None},
            derive=_catalogue_entry,
        ),
        Kind(
            "request",
            Request,
            {
                name: name
                for name in (
                    *("number", "title", "content", "kind", "channel", "category", "status", "urgency", "place"),
                    *("longitude", "latitude", "submitted_at", "due_at", "handled_at", "closed_at", "result"),
                    *("solved", "satisfaction", "supervised", "urged", "practice"),
                )
            },
            {
                "grid": GRID,
                "assignee": Reference("assignee_id", Party, by_name=True),
                "workflow": Reference("workflow_id", Workflow),
            },
            nested={"caller": reading.caller, "issues": reading.issues},
            natural=("number",),
            defaults={"kind": RequestKind.OTHER},
            required=("number",),
            living=frozenset(
                {"status", "assignee", "due_at", "handled_at", "closed_at", "result", "solved", "satisfaction"}
            ),
            closing=lambda at: {"status": RequestStatus.ARCHIVED, "closed_at": at},
            reopening={"status": RequestStatus.RECEIVED, "closed_at": None},
            derive=_request,
        ),
        *REGISTER_KINDS,
    )
}


def must_have(kind: str, field: str) -> None:
    """Raise Invalid unless there is such a kind, and it has such a field, or every field is meant."""
    if kind not in KINDS:
        raise Invalid(f"There is no kind {kind!r}. There are: {', '.join(KINDS)}.", field="kind")
    names = sorted(KINDS[kind].names().values())
    if field != EVERY and field not in names:
        raise Invalid(f"A {kind} has no field {field!r}. It has: {', '.join(names)}, and * for all.", field="field")
