"""What a page comes to: rows and refusals, and how many of each, in the transaction of the page."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from hub.db import Origin
from hub.errors import Conflict
from hub.models import PlanAction
from hub.plugin import BadRecord, Record
from hub.sync import apply as applying
from hub.sync import rejected
from hub.sync.apply import Counts
from hub.sync.pages import Items, Ready
from hub.sync.planned import Planned
from hub.sync.work import Work

FEW = 50


def counted(planned: Sequence[Planned], items: Items) -> Counts:
    """What is to come of a page. Of records with the same key only one is planned: the others say nothing new."""
    bad = sum(isinstance(item, BadRecord) for item in items)
    counts = applying.counted(planned)
    counts.rejected += bad
    counts.unchanged += len(items) - bad - len(planned)
    return counts


class TooManyRefused(Conflict):
    """More was refused than the source's limit allows, and nobody has said why: maybe it is the wrong file."""


def guard(work: Work, planned: Sequence[Planned], ready: Ready, refused: int, *, already: int) -> None:
    """Raise TooManyRefused if of the run so far, or of all that it is to bring, too much is refused for good.

    `already`: how many of the earlier pages. A few are work items for people. It is not for a single page to say: a
    source that sorts its list has what is bad of it all in one place. A run with nothing but bad records asks at once.
    """
    run, most, number = work.run, work.source.most_refused, already + refused
    so_far = run.records + len(ready.items)
    of = so_far if number == so_far else max(so_far, ready.page.total or 0)
    if number > FEW and number > most * of:
        raise TooManyRefused(
            f"{number:,} of {so_far:,} records were refused; {most:.0%} are allowed, so nothing of page "
            f"{run.pages + 1} was taken. The first there: {_reason(planned, ready.items)} Is this the right file and "
            f'the right kind? If it is: hub sync run {work.source.name} --allow-refused "why".'
        )


def _reason(planned: Sequence[Planned], items: Items) -> str:
    """Why the first record of the page was refused."""
    bad = [item.reason for item in items if isinstance(item, BadRecord)]
    return (bad + [one.rule for one in planned if one.action is PlanAction.REJECT and not one.waits])[0]


async def carry_out(work: Work, session: AsyncSession, planned: Sequence[Planned], items: Items) -> None:
    """Write what is planned; keep what is refused as work items, and close those of what is taken."""
    await applying.apply(session, work.source.id, Origin(work.viewer.subject, work.run.id), planned)
    taken = [one for one in planned if one.action is not PlanAction.REJECT]
    refused = [one for one in planned if one.action is PlanAction.REJECT]
    if bad := [item for item in items if isinstance(item, BadRecord)]:
        last = {(item.kind, item.key): item for item in items}
        taken = [one for one in taken if isinstance(last[one.kind, one.record.key], Record)]
    if bad or refused:
        await rejected.reject(session, work.run, [*bad, *refused])
    await rejected.heal(session, work.run, taken)
