"""What lies inside a request's record: its caller, kept in the vault, and its several matters."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Identity, PlanAction, RequestIssue
from hub.prepared import given
from hub.services.shapes import shape
from hub.sync import bulk
from hub.sync.planned import Planned
from hub.sync.references import among, locked

_ISSUES = shape(RequestIssue).table.c
_MATTERS = bulk.Query(select(_ISSUES.request_id, _ISSUES.key).where(among(_ISSUES.request_id, given("requests"))))


async def compare(session: AsyncSession, planned: Sequence[Planned]) -> None:
    """Leave of callers and matters only what the hub does not know yet. Matters that it knows stay as they are."""
    with_caller = [one for one in planned if one.caller and one.row and one.row["caller_id"]]
    with_issues = [one for one in planned if one.issues and one.row]
    if with_caller:
        vault = shape(Identity).table
        callers = [one.row["caller_id"] for one in with_caller if one.row]
        known = {row["id"]: row for row in await locked(session, vault, {"id": callers})}
        for one in with_caller:
            one.identity = known.get(one.row["caller_id"]) if one.row else None
    if with_issues:
        requests = [one.row["id"] for one in with_issues if one.row]
        keys = {(id, key) for id, key in await _MATTERS.rows(session, requests=requests)}
        for one in with_issues:
            one.issues = [issue for issue in one.issues if (one.entity_id, issue.key) not in keys]
    for one in planned:
        if one.caller is not None and not _is_news(one):
            one.caller = None
        if one.action is None and (one.caller or one.issues):
            one.action = PlanAction.UPDATE


def _is_news(one: Planned) -> bool:
    """Whether a caller says who he is, and says another thing than the vault."""
    caller, known = one.caller, one.identity
    if caller is None or not (caller.name or caller.phone):
        return False
    said = (caller.name, caller.phone, caller.confidential)
    return known is None or said != (known["name"], known["phone"], known["confidential"])
