"""Taking something on (认领, 接单): a published wish or another request, or a project; and giving it back."""

from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import Claim, Party, Project, now, uuid7
from hub.services import parties, requests, resources, words, workflow, writing


async def claim(
    session: AsyncSession,
    viewer: Viewer,
    *,
    request_id: UUID | None = None,
    project_id: UUID | None = None,
    party_id: UUID | None = None,
    note: str | None = None,
) -> Claim:
    """Take on an open request or an unfinished project (认领): one's own party does, or staff write down another."""
    viewer.must("requests:submit")
    if (request_id is None) == (project_id is None):
        raise Invalid("Claim one thing: give a request or a project.", field="request_id")
    party = await parties.living(session, viewer, _claimant(viewer, party_id))
    _must_act_for(viewer, party)
    which = (
        await _open_request(session, viewer, request_id)
        if request_id is not None
        else await _open_project(session, viewer, project_id)
    )
    held = select(Claim).where(which, Claim.party_id == party.id, Claim.withdrawn_at.is_(None))
    if await session.scalar(held.limit(1)) is not None:
        raise Conflict(f"{party.name} has claimed it already.")
    words_ = words.maybe(note, field="note")
    made = Claim(id=uuid7(), party_id=party.id, request_id=request_id, project_id=project_id, note=words_)
    session.add(made)
    return made


async def withdraw(session: AsyncSession, viewer: Viewer, id: UUID) -> Claim:
    """Give back what was claimed (撤回认领)."""
    viewer.must("requests:submit")
    row = await writing.found(session, "claim", id, resources.claims(viewer).where(Claim.id == id))
    _must_act_for(viewer, await session.get_one(Party, row.party_id))
    if row.withdrawn_at is not None:
        raise Conflict("The claim was given back already.")
    row.withdrawn_at = now()
    return row


def _claimant(viewer: Viewer, party_id: UUID | None) -> UUID:
    """Whose claim it is: the party named, or one's own."""
    chosen = party_id or viewer.party_id
    if chosen is None:
        raise Invalid("Whose claim is it? Give the party.", field="party_id")
    return chosen


def _must_act_for(viewer: Viewer, party: Party) -> None:
    """One claims for one's own party; who writes resources, also for the parties on one's grid."""
    if party.id == viewer.party_id:
        return
    if not viewer.can("resources:write"):
        raise Forbidden("You claim for your own party only. Ask an admin for the ability resources:write.")
    if not viewer.covers_path(party.grid_path):
        raise Forbidden(f"{party.name} is not on your grid. Ask somebody who stands there.")


async def _open_request(session: AsyncSession, viewer: Viewer, id: UUID) -> ColumnElement[bool]:
    request = await requests.locked(session, viewer, id)
    if request.status not in workflow.OPEN:
        raise Conflict(f"Request {request.number} is {request.status.name}: claim one that is open.")
    return Claim.request_id == id


async def _open_project(session: AsyncSession, viewer: Viewer, id: UUID | None) -> ColumnElement[bool]:
    project = await session.scalar(resources.projects(viewer).where(Project.id == id).with_for_update())
    if project is None:
        raise NotFound("project", id)
    if project.done_on is not None:
        raise Conflict(f"{project.title} was done on {project.done_on}: claim another one.")
    return Claim.project_id == id
