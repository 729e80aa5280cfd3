"""Which step of its workflow a request has come to, by the status that a source says of it."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Request
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
        step = steps.of_status(await steps.of_workflow(session, now["workflow_id"]), now["status"])
        if step is not None and step.id != now.get("step_id"):
            one.new["step_id"] = step.id
