"""Taking something on (认领, 接单, 领单): a published wish or another request, a project, a slip of mutual aid; and
giving it back. What has room for so many is locked while it is claimed: of two who want the last place one gets it."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, any_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import Claim, Party, Person, Project, ServiceItem, now, uuid7
from hub.services import parties, requests, resources, stations, words, workflow, writing
from hub.services.working_days import local_day


class Thing(NamedTuple):
    """What is claimed: how it is called, the claims on it, for how many it has room, and whose practice it is."""

    title: str
    claims: ColumnElement[bool]
    capacity: int | None
    practice: str | None


def skill_matches(_viewer: Viewer, keys: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """Whether the person of each claim has the skill that it names; of claims that name none there is no row."""
    matches = func.coalesce(func.jsonb_exists(Person.skills, Claim.skill), False)
    return (
        select(Claim.id, matches)
        .join(Person, Person.id == Claim.party_id)
        .where(Claim.id == any_(keys), Claim.skill.is_not(None))
    )


async def claim(
    session: AsyncSession,
    viewer: Viewer,
    *,
    request_id: UUID | None = None,
    project_id: UUID | None = None,
    service_item_id: UUID | None = None,
    party_id: UUID | None = None,
    skill: str | None = None,
    note: str | None = None,
) -> Claim:
    """Take on an open request, an unfinished project or a service item (认领, 领单), by a skill if it takes one.

    One's own party does, or staff write down another. Refused where no room is left.
    """
    viewer.must("requests:submit")
    if [request_id, project_id, service_item_id].count(None) != 2:
        raise Invalid("Claim one thing: give a request, a project or a service item.", field="request_id")
    party = await parties.living(session, viewer, _claimant(viewer, party_id))
    _must_act_for(viewer, party)
    if request_id is not None:
        thing = await _open_request(session, viewer, request_id)
    elif project_id is not None:
        thing = await _open_project(session, viewer, project_id)
    else:
        thing = await _service_item(session, viewer, service_item_id)
    held = select(Claim.party_id).where(thing.claims, Claim.withdrawn_at.is_(None))
    holders = (await session.scalars(held)).all() if thing.capacity is not None else ()
    if party.id in holders or await session.scalar(held.where(Claim.party_id == party.id).limit(1)) is not None:
        raise Conflict(f"{party.name} has claimed it already.")
    if thing.capacity is not None and len(holders) >= thing.capacity:
        raise Conflict(
            f"{thing.title} has room for {thing.capacity}, and all of it is taken: claim another one, or wait until "
            "somebody gives it back."
        )
    made = Claim(id=uuid7(), party_id=party.id, request_id=request_id, project_id=project_id)
    made.service_item_id, made.practice = service_item_id, thing.practice
    made.skill, made.note = words.maybe(skill, field="skill", most=words.LINE), words.maybe(note, field="note")
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


async def _open_request(session: AsyncSession, viewer: Viewer, id: UUID) -> Thing:
    request = await requests.locked(session, viewer, id)
    if request.status not in workflow.OPEN:
        raise Conflict(f"Request {request.number} is {request.status.name}: claim one that is open.")
    return Thing(request.title, Claim.request_id == id, None, request.practice)


async def _open_project(session: AsyncSession, viewer: Viewer, id: UUID) -> Thing:
    project = await writing.found(session, "project", id, resources.projects(viewer).where(Project.id == id))
    if project.done_on is not None:
        raise Conflict(f"{project.title} was done on {project.done_on}: claim another one.")
    if project.closed_on is not None and project.closed_on <= local_day(now()):
        raise Conflict(f"{project.title} is off the list since {project.closed_on}: claim another one.")
    return Thing(project.title, Claim.project_id == id, project.capacity, project.practice)


async def _service_item(session: AsyncSession, viewer: Viewer, id: UUID | None) -> Thing:
    item = await session.scalar(stations.service_items(viewer).where(ServiceItem.id == id).with_for_update())
    if item is None:
        raise NotFound("service item", id)
    return Thing(item.title, Claim.service_item_id == id, item.capacity, None)
