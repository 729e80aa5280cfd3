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
        row = one.row or {}
        workflow = one.new.get("workflow_id", row.get("workflow_id"))
        if workflow is None or one.new.keys().isdisjoint(("status", "workflow_id")):
            continue
        now = {"status": BEGUN, **row, **one.new}
        known = await steps.of_workflow(session, workflow)
        step = steps.of_status(known, now["status"])
        if step is not None and step.id != now.get("step_id") and not _is_behind(known, step, row):
            one.new["step_id"] = step.id


def _is_behind(known: Sequence[WorkflowStep], step: WorkflowStep, row: Mapping[str, Any]) -> bool:
    """Whether the request has gone further here, and its source's word is no step back."""
    here = next((one for one in known if one.id == row.get("step_id")), None)
    if here is None or step.position >= here.position:
        return False
    before = steps.of_status(known, row["status"])
    return before is None or before.position <= step.position
