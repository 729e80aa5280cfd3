"""Taking something on (认领, 接单, 领单): a published wish or another request, a project, a slip of mutual aid; and
giving it back. What has room for so many is locked while it is claimed: of two who want the last place one gets it."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, any_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import Claim, Party, Person, Project, Request, ServiceItem, now, uuid7
from hub.services import capacities, parties, requests, resources, stations, words, workflow, writing
from hub.services.working_days import local_day


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
    thing: Request | Project | ServiceItem
    if request_id is not None:
        thing = await _open_request(session, viewer, request_id)
    elif project_id is not None:
        thing = await _open_project(session, viewer, project_id)
    else:
        thing = await _service_item(session, viewer, service_item_id)
    made = Claim(id=uuid7(), party_id=party.id, request_id=request_id, project_id=project_id)
    made.service_item_id, made.practice = service_item_id, None if isinstance(thing, ServiceItem) else thing.practice
    await capacities.must_be_free(session, made, thing, party.name)
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


async def _open_request(session: AsyncSession, viewer: Viewer, id: UUID) -> Request:
    request = await requests.locked(session, viewer, id)
    if request.status not in workflow.OPEN:
        raise Conflict(f"Request {request.number} is {request.status.name}: claim one that is open.")
    return request


async def _open_project(session: AsyncSession, viewer: Viewer, id: UUID) -> Project:
    project = await writing.found(session, "project", id, resources.projects(viewer).where(Project.id == id))
    if project.done_on is not None:
        raise Conflict(f"{project.title} was done on {project.done_on}: claim another one.")
    if project.closed_on is not None and project.closed_on <= local_day(now()):
        raise Conflict(f"{project.title} is off the list since {project.closed_on}: claim another one.")
    return project


async def _service_item(session: AsyncSession, viewer: Viewer, id: UUID | None) -> ServiceItem:
    item = await session.scalar(stations.service_items(viewer).where(ServiceItem.id == id).with_for_update())
    if item is None:
        raise NotFound("service item", id)
    if item.closed_on is not None and item.closed_on <= local_day(now()):
        raise Conflict(f"{item.title} is off the list since {item.closed_on}: claim another one.")
    return item
