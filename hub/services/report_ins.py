"""Reporting in (双报到): organizations and members offer their service to a community, and leave it again."""

from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer, under
from hub.errors import Conflict
from hub.models import Claim, Party, Project, ReportIn, Request, ServiceItem, Station, now, uuid7
from hub.services import capacities, grids, parties, words, workflow, writing

WRITE = parties.WRITE


async def report_in(
    session: AsyncSession,
    viewer: Viewer,
    *,
    party_id: UUID,
    grid_id: UUID,
    host_id: UUID | None = None,
    offer: str | None = None,
    practice: str | None = None,
) -> ReportIn:
    """Report a party in for service on a grid (双报到), at a host there, with what it offers: one's own party, or one
    that stands on one's grid. Twice is refused; one that left comes back into its place."""
    viewer.must("requests:submit" if party_id == viewer.party_id else WRITE)
    party = await parties.living(session, viewer, party_id)
    if host_id is not None:
        await parties.living(session, viewer, host_id)
    grid = await grids.by_id(session, viewer, grid_id)
    if party.id != viewer.party_id:
        writing.must_cover(viewer, grid.path)
        writing.must_cover(viewer, party.grid_path)
    await session.get_one(Party, party.id, with_for_update=True)  # of two at once the second one waits, and is refused
    same = select(ReportIn).where(ReportIn.party_id == party.id, ReportIn.grid_id == grid.id)
    row = await session.scalar(same.execution_options(populate_existing=True))
    if row is not None and row.left_at is None:
        raise Conflict(f"{party.name} has reported in there already.")
    if row is None:
        row = ReportIn(id=uuid7(), party_id=party.id)
        session.add(row)
    given = {"grid_id": grid.id, "grid_path": grid.path, "host_id": host_id, "at": now(), "left_at": None}
    given |= {"offer": writing.shown(offer, "offer"), "practice": words.maybe(practice, field="practice")}
    for name, value in given.items():
        setattr(row, name, value)
    return row


async def leave(session: AsyncSession, viewer: Viewer, id: UUID) -> ReportIn:
    """End a report-in (退出报到): what the party still has claimed there is given back with it."""
    visible = parties.report_ins(viewer).where(ReportIn.id == id)
    row = await writing.found(session, "report-in", id, visible)
    if row.party_id == viewer.party_id:
        viewer.must("requests:submit")
    else:
        viewer.must(WRITE)
        writing.must_cover(viewer, row.grid_path)
    if row.left_at is not None:
        raise Conflict("The report-in was ended already: report in anew to come back.")
    row.left_at = now()
    for claim in await session.scalars(_claims_there(row)):
        claim.withdrawn_at = row.left_at
    return row


def _claims_there(row: ReportIn) -> Select[Claim]:
    """The open claims of its party on things in its part of the tree, locked. Those on what is done stay."""
    held = select(Claim).where(Claim.party_id == row.party_id, Claim.withdrawn_at.is_(None))
    here = or_(
        Claim.request_id.in_(
            select(Request.id).where(under(Request.grid_path, row.grid_path), Request.status.in_(workflow.OPEN))
        ),
        Claim.project_id.in_(
            select(Project.id).where(under(Project.grid_path, row.grid_path), capacities.PROJECTS.held)
        ),
        Claim.service_item_id.in_(
            select(ServiceItem.id)
            .join(Station, Station.id == ServiceItem.station_id)
            .where(under(Station.grid_path, row.grid_path))
        ),
    )
    return held.where(here).order_by(Claim.id).with_for_update()
