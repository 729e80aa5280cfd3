"""Resources, needs and projects: the three lists, open to everybody; claims belong to those who made them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TypedDict, TypeVar, Unpack
from uuid import UUID

from sqlalchemy import Select, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Invalid
from hub.models import Claim, Need, Offer, Party, Project, Resource, ResourceKind, now, uuid7
from hub.services import capacities, parties, writing
from hub.services.working_days import local_day

WRITE = "resources:write"
Row = TypeVar("Row", Resource, Need, Project)


def visible(viewer: Viewer) -> Select[Resource]:
    """Everybody may see every resource; who owns it, obeys parties.visible."""
    return select(Resource)


def needs(viewer: Viewer) -> Select[Need]:
    """Everybody may see every need; who raised it, obeys parties.visible."""
    return select(Need)


def projects(viewer: Viewer) -> Select[Project]:
    """Everybody may see every project."""
    return select(Project)


def offers(viewer: Viewer) -> Select[Offer]:
    """Everybody may see every offer."""
    return select(Offer)


def claims(viewer: Viewer) -> Select[Claim]:
    """Those of visible parties."""
    return select(Claim).where(Claim.party_id.in_(parties.visible(viewer).with_only_columns(Party.id)))


class ResourceFields(TypedDict, total=False):
    """What can be written of a resource: what is left out stays, None empties."""

    title: str
    resource_kind: ResourceKind
    code: str | None
    owner_id: UUID | None
    grid_id: UUID | None
    category: str | None
    capacity: int | None
    available_from: date | None
    available_until: date | None
    description: str | None
    practice: str | None
    closed_on: date | None


class NeedFields(TypedDict, total=False):
    """What can be written of a need."""

    title: str
    category: str | None
    grid_id: UUID
    raised_by_id: UUID | None
    wanted_on: date | None
    met_at: datetime | None
    closed_on: date | None
    code: str | None
    practice: str | None


class ProjectFields(TypedDict, total=False):
    """What can be written of a project."""

    title: str
    category: str | None
    need_id: UUID | None
    resource_id: UUID | None
    owner_id: UUID | None
    grid_id: UUID | None
    capacity: int | None
    starts_on: date | None
    done_on: date | None
    closed_on: date | None
    code: str | None
    practice: str | None


async def create_resource(session: AsyncSession, viewer: Viewer, **fields: Unpack[ResourceFields]) -> Resource:
    """Put a resource on the list (资源清单)."""
    return await _create(session, viewer, Resource(id=uuid7()), fields, "title", "resource_kind")


async def update_resource(
    session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[ResourceFields]
) -> Resource:
    """Change what is given of a resource; `closed_on` takes it off the list."""
    viewer.must(WRITE)
    row = await writing.found(session, "resource", id, visible(viewer).where(Resource.id == id))
    return await _write(session, viewer, row, fields)


async def create_need(session: AsyncSession, viewer: Viewer, **fields: Unpack[NeedFields]) -> Need:
    """Put a need on the list (需求清单)."""
    return await _create(session, viewer, Need(id=uuid7()), fields, "title", "grid_id")


async def update_need(session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[NeedFields]) -> Need:
    """Change what is given of a need; `met_at` says that it is met."""
    viewer.must(WRITE)
    row = await writing.found(session, "need", id, needs(viewer).where(Need.id == id))
    return await _write(session, viewer, row, fields)


async def create_project(session: AsyncSession, viewer: Viewer, **fields: Unpack[ProjectFields]) -> Project:
    """Put a project on the list (项目清单): a need met by a resource."""
    return await _create(session, viewer, Project(id=uuid7()), fields, "title")


async def update_project(session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[ProjectFields]) -> Project:
    """Change what is given of a project; `done_on` says that it is done."""
    viewer.must(WRITE)
    row = await writing.found(session, "project", id, projects(viewer).where(Project.id == id))
    return await _write(session, viewer, row, fields)


async def _create(session: AsyncSession, viewer: Viewer, row: Row, fields: Mapping[str, object], *needed: str) -> Row:
    viewer.must(WRITE)
    writing.must_have(fields, *needed)
    await _write(session, viewer, row, {"grid_id": None} | dict(fields))
    session.add(row)
    return row


async def _write(session: AsyncSession, viewer: Viewer, row: Row, fields: Mapping[str, object]) -> Row:
    """Write the fields, once what they name is seen to be there."""
    for name in ("owner_id", "raised_by_id"):
        if isinstance(id := fields.get(name), UUID):
            await parties.living(session, viewer, id)
    capacity = fields.get("capacity")
    if isinstance(capacity, int) and capacity < 0:
        raise Invalid(f"capacity is {capacity}: give 0 or more.", field="capacity")
    if isinstance(row, Resource | Project) and inspect(row).persistent:
        writing.must_cover(viewer, row.grid_path)
        await capacities.must_suffice(session, row, fields)
    begins, ends = (fields.get(name, getattr(row, name, None)) for name in ("available_from", "available_until"))
    if isinstance(begins, date) and isinstance(ends, date) and ends < begins:
        raise Invalid(f"available_until is {ends}: give a day from {begins} on.", field="available_until")
    if isinstance(row, Project):
        await _fitted(session, viewer, row, fields)
    else:
        await writing.fill(session, viewer, row, fields)
    return row


async def _fitted(session: AsyncSession, viewer: Viewer, row: Project, fields: Mapping[str, object]) -> None:
    """Write a project. Raises Conflict if it comes to use what is not to be had, or has no room for it."""
    if isinstance(need_id := fields.get("need_id"), UUID):
        await locked_need(session, viewer, need_id)
    new = fields.get("resource_id")
    resource = await locked_resource(session, viewer, new) if isinstance(new, UUID) else None
    had = inspect(row).persistent and capacities.PROJECTS.holds(vars(row))
    before = (row.need_id, row.resource_id) if had else None
    await writing.fill(session, viewer, row, fields)
    if row.resource_id is None or (row.need_id, row.resource_id) == before or not capacities.PROJECTS.holds(vars(row)):
        return
    if resource is None:
        resource = await locked_resource(session, viewer, row.resource_id)
    else:
        must_be_had(resource)
    await capacities.must_be_free(session, row, resource)


async def locked_need(session: AsyncSession, viewer: Viewer, id: UUID) -> Need:
    """A need, locked: always before the resource that is to meet it. Raises NotFound."""
    return await writing.found(session, "need", id, needs(viewer).where(Need.id == id))


async def locked_resource(session: AsyncSession, viewer: Viewer, id: UUID) -> Resource:
    """A resource, locked. Raises NotFound."""
    return await writing.found(session, "resource", id, visible(viewer).where(Resource.id == id))


def must_be_had(resource: Resource) -> None:
    """Raise Conflict unless the resource is to be had."""
    if resource.closed_on is not None and resource.closed_on <= local_day(now()):
        raise Conflict(f"{resource.title} is not to be had since {resource.closed_on}: choose another resource.")
