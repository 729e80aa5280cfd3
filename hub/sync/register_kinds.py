"""The kinds of record that the registers consist of: who belongs to whom, who reported in, needs, projects, claims."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.models import Affiliation, Claim, Grid, Need, Party, Project, ReportIn, Request, Resource
from hub.services.working_days import local_day
from hub.sync.kind import BY_KEY, Found, Kind, Reference, Values

CLAIMED = {"request": "request_id", "project": "project_id"}


def _always(values: Values) -> bool:
    """Without the row that it names it makes no sense: it waits until that is known."""
    return True


def _claim(values: Values, row: Mapping[str, Any] | None, found: Mapping[str, Found], at: datetime) -> str | None:
    """One thing is claimed; which one, never changes."""
    stands = {**(row or {}), **values}
    held = [name for name, column in CLAIMED.items() if stands.get(column) is not None]
    if len(held) > 1 or (not held and stands.get("service_item_id") is None):
        said = "two things are claimed" if held else "nothing is claimed"
        return f"{', '.join(CLAIMED)}: {said}. Say one of them."
    return None


GRID = Reference("grid_id", Grid, path="grid_path")
PARTY = Reference("party_id", Party, needed=_always)

REGISTER_KINDS = (
    Kind(
        "affiliation",
        Affiliation,
        {name: name for name in ("affiliation_kind", "practice", "since", "until")},
        {"organization": Reference("organization_id", Party, needed=_always), "party": PARTY},
        natural=BY_KEY,
        required=("organization", "party", "affiliation_kind"),
        closing=lambda at: {"until": local_day(at)},
        reopening={"until": None},
    ),
    Kind(
        "report_in",
        ReportIn,
        {name: name for name in ("code", "at", "offer", "practice")},
        {
            "party": PARTY,
            "grid": Reference("grid_id", Grid, path="grid_path", needed=_always),
            "host": Reference("host_id", Party),
        },
        natural=("party_id", "grid_id"),
        required=("party", "grid"),
        closing=lambda at: {"left_at": at},
        reopening={"left_at": None},
    ),
    Kind(
        "need",
        Need,
        {name: name for name in ("code", "title", "category", "raised_at", "wanted_on", "met_at", "practice")},
        {"grid": GRID, "raised_by": Reference("raised_by_id", Party)},
        required=("code", "title", "grid"),
    ),
    Kind(
        "project",
        Project,
        {name: name for name in ("code", "title", "category", "capacity", "starts_on", "done_on", "practice")},
        {
            "need": Reference("need_id", Need),
            "resource": Reference("resource_id", Resource),
            "owner": Reference("owner_id", Party),
            "grid": GRID,
        },
        required=("code", "title"),
    ),
    Kind(
        "claim",
        Claim,
        {name: name for name in ("code", "claimed_at", "skill", "note", "practice")},
        {
            "party": PARTY,
            "request": Reference("request_id", Request, needed=_always),
            "project": Reference("project_id", Project, needed=_always),
        },
        required=("code", "party"),
        closing=lambda at: {"withdrawn_at": at},
        reopening={"withdrawn_at": None},
        derive=_claim,
    ),
)
