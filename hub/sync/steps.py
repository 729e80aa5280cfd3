"""Which step of its workflow a request has come to, by the status that a source says of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Request, WorkflowStep
from hub.services import steps
from hub.services.shapes import shape
from hub.sync.planned import Planned

BEGUN = shape(Request).fixed["status"]


async def follow(session: AsyncSession, planned: Sequence[Planned]) -> None:
    """Put the step beside the status or the workflow that is new: the practice's own word for where it stands."""
    for one in planned:
        now = {"status": BEGUN, **(one.row or {}), **one.new}
        if one.new.keys().isdisjoint(("status", "workflow_id")) or now.get("workflow_id") is None:
            continue
        known = await steps.of_workflow(session, now["workflow_id"])
        step = steps.of_status(known, now["status"])
        if step is not None and step.id != now.get("step_id") and not _is_behind(known, step, one.row or {}):
            one.new["step_id"] = step.id


def _is_behind(known: Sequence[WorkflowStep], step: WorkflowStep, row: Mapping[str, Any]) -> bool:
    """Whether the request has gone further here, and its source's word is no step back."""
    here = next((one for one in known if one.id == row.get("step_id")), None)
    if here is None or step.position >= here.position:
        return False
    before = steps.of_status(known, row["status"])
    return before is None or before.position <= step.position
