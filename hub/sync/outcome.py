"""What a page comes to: rows and refusals, and how many of each, in the transaction of the page."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from hub.db import Origin
from hub.models import PlanAction
from hub.plugin import BadRecord, Record
from hub.sync import apply as applying
from hub.sync import rejected
from hub.sync.apply import Counts
from hub.sync.pages import Items
from hub.sync.planned import Planned
from hub.sync.work import Work


def counted(planned: Sequence[Planned], items: Items) -> Counts:
    """What is to come of a page. Of records with the same key only one is planned: the others say nothing new."""
    bad = sum(isinstance(item, BadRecord) for item in items)
    counts = applying.counted(planned)
    counts.rejected += bad
    counts.unchanged += len(items) - bad - len(planned)
    return counts


async def carry_out(work: Work, session: AsyncSession, planned: Sequence[Planned], items: Items) -> None:
    """Write what is planned; keep what is refused as work items, and close those of what is taken."""
    await applying.apply(session, work.source.id, Origin(work.viewer.subject, work.run.id), planned)
    last = {(item.kind, item.key): item for item in items}
    taken = [one for one in planned if one.action is not PlanAction.REJECT]
    refused = [one for one in planned if one.action is PlanAction.REJECT]
    bad = [item for item in items if isinstance(item, BadRecord)]
    await rejected.reject(session, work.run, [*bad, *refused])
    await rejected.heal(session, work.run, [one for one in taken if isinstance(last[one.kind, one.record.key], Record)])
