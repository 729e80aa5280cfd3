"""Care labels (分类分色管理): who in need of care is classed how.

Kept only by an impact assessment, looked at one person at a time, with a purpose and a reason that are kept.

There is no `visible` of labels: nothing lists, filters, orders or counts them. No word of a refusal tells whether there
are any.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Select, and_, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Invalid, NotFound
from hub.models import CareLabel, CarePurpose, CareReveal, Person, now, uuid7
from hub.services import changes as _the_log  # noqa: F401  once it is imported, every write is logged
from hub.services import parties, words, writing
from hub.services.working_days import local_day

READ, WRITE = "care:read", "care:write"


def reveals(viewer: Viewer) -> Select[CareReveal]:
    """Who looked at labels on one's grid, for those who may look themselves; everybody sees who looked at theirs."""
    own = CareReveal.person_id == viewer.party_id if viewer.party_id is not None else false()
    inside = viewer.covers(CareReveal.grid_path) if viewer.can(READ) else false()
    return select(CareReveal).where(or_(inside, own))


async def record(
    session: AsyncSession,
    viewer: Viewer,
    *,
    person_id: UUID,
    scheme: str,
    label: str,
    basis: str,
    purpose: str,
    until: date,
    assessment: str | None = None,
) -> CareLabel:
    """Keep a care label of a person (分类分色), until a day. Refused without its impact assessment (PIA).

    The same class once more takes the place of the first, under an id of its own: no answer tells that there was one.
    """
    viewer.must(WRITE)
    if assessment is None or not assessment.strip():
        raise Invalid(
            "A care label is kept only by an impact assessment (PIA): give its number.",
            field="assessment",
        )
    person = await _person(session, viewer, person_id)
    if until < local_day(now()):
        raise Invalid(f"until is {until}: give today or a later day.", field="until")
    said = {"scheme": scheme, "label": label, "basis": basis, "purpose": purpose, "assessment": assessment}
    row = CareLabel(id=uuid7(), person_id=person.id, grid_path=person.grid_path, until=until)
    for name, value in said.items():
        setattr(row, name, words.said(value, field=name, most=words.LINE))
    same = select(CareLabel).where(CareLabel.person_id == person.id, CareLabel.scheme == row.scheme)
    for former in await session.scalars(same.where(CareLabel.label == row.label)):
        await session.delete(former)
    session.add(row)
    return row


async def remove(session: AsyncSession, viewer: Viewer, id: UUID) -> None:
    """Remove a care label (删除标签): the row goes; the log knows that it went, and nothing of what it said."""
    viewer.must(WRITE)
    row = await session.scalar(select(CareLabel).where(CareLabel.id == id).with_for_update())
    if row is None or not viewer.covers_path((await session.get_one(Person, row.person_id)).grid_path):
        raise NotFound("care label", id)
    await session.delete(row)


async def reveal(
    session: AsyncSession, viewer: Viewer, *, person_id: UUID, purpose: CarePurpose, reason: str
) -> Sequence[CareLabel]:
    """Look at the care labels of one person that hold today (查阅标签): who looks, for what and why, is kept."""
    viewer.must(READ)
    person = await _person(session, viewer, person_id)
    why = words.said(reason, field="reason", most=words.LINE)
    found = (await session.scalars(_living(person.id).order_by(CareLabel.scheme, CareLabel.id))).all()
    looked = CareReveal(id=uuid7(), person_id=person.id, grid_path=person.grid_path, by=viewer.subject or "")
    looked.purpose, looked.reason, looked.shown = purpose, why, len(found)
    session.add(looked)
    return found


def _living(person_id: UUID) -> Select[CareLabel]:
    return select(CareLabel).where(and_(CareLabel.person_id == person_id, CareLabel.until >= local_day(now())))


async def _person(session: AsyncSession, viewer: Viewer, id: UUID) -> Person:
    """The person, locked, on the viewer's grid. Raises NotFound and Forbidden."""
    person = await writing.found(session, "person", id, parties.persons(viewer).where(Person.id == id))
    writing.must_cover(viewer, person.grid_path)
    return person
