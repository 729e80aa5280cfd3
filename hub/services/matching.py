"""Needs met by resources: the hub suggests with its reasons, a person confirms, which makes a project, or declines."""

from datetime import date
from uuid import UUID

from sqlalchemy import Select, delete, false, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict
from hub.models import (
    MatchDecline,
    MatchPlace,
    Need,
    Project,
    Resource,
    SuggestedNeed,
    SuggestedResource,
    now,
    uuid7,
)
from hub.services import capacities, parties, resources, words, writing
from hub.services.working_days import local_day

WRITE = resources.WRITE
PLACES = {
    MatchPlace.GRID: "On the same grid (同一网格)",
    MatchPlace.COMMUNITY: "In the same community (同一社区)",
    MatchPlace.STREET: "In the same street (同一街道)",
}


def suggested_resources(viewer: Viewer) -> Select[SuggestedResource]:
    """Everybody may see what fits: needs and resources are open to everybody."""
    return select(SuggestedResource)


def suggested_needs(viewer: Viewer) -> Select[SuggestedNeed]:
    """The same from the other side."""
    return select(SuggestedNeed)


def declines(viewer: Viewer) -> Select[MatchDecline]:
    """What was declined on the viewer's grids, for those who keep the lists."""
    if not viewer.can(WRITE):
        return select(MatchDecline).where(false())
    return select(MatchDecline).where(MatchDecline.need_id.in_(select(Need.id).where(viewer.covers(Need.grid_path))))


def reasons(
    category: str | None,
    same_category: bool,
    same_sort: bool,
    place: MatchPlace | None,
    metres: float | None,
    on_time: bool,
    room: int | None,
) -> list[str]:
    """What speaks for a suggestion, in words."""
    said = [f"The same category (类别相同): {category}"] if same_category else []
    if same_sort and not same_category and category is not None:
        said.append(f"A category of the same sort (大类相同): {category.partition('/')[0]}")
    if place is not None:
        said.append(PLACES[place])
    if metres is not None:
        said.append(f"{metres:.0f} m away (直线距离)")
    if on_time:
        said.append("To be had on the day for which it is wanted (时间符合)")
    if room is not None:
        said.append(f"Room for {room} more (剩余容量)")
    return said


async def confirm(
    session: AsyncSession,
    viewer: Viewer,
    *,
    need_id: UUID,
    resource_id: UUID,
    title: str | None = None,
    owner_id: UUID | None = None,
    starts_on: date | None = None,
) -> Project:
    """Let a resource meet a need (确认匹配): it makes the project (项目清单), on the need's grid. Suggested or not."""
    need, resource = await _pair(session, viewer, need_id, resource_id)
    if need.closed_on is not None and need.closed_on <= local_day(now()):
        raise Conflict(f"The need {need.title} is off the list since {need.closed_on}: choose one that is open.")
    if need.met_at is not None:
        raise Conflict(f"The need {need.title} is met already: choose one that is open.")
    resources.must_be_had(resource)
    made = Project(id=uuid7(), need_id=need.id, resource_id=resource.id, owner_id=owner_id, starts_on=starts_on)
    await capacities.must_be_free(session, made, resource)
    if owner_id is not None:
        await parties.living(session, viewer, owner_id)
    named = title if title is not None else f"{resource.title}: {need.title}"[: words.LINE]
    made.title = writing.shown(named, "title") or named
    made.category, made.practice = need.category, need.practice or resource.practice
    made.grid_id, made.grid_path = need.grid_id, need.grid_path
    session.add(made)
    again = delete(MatchDecline).where(MatchDecline.need_id == need.id, MatchDecline.resource_id == resource.id)
    await session.execute(again)
    return made


async def decline(
    session: AsyncSession, viewer: Viewer, *, need_id: UUID, resource_id: UUID, reason: str | None = None
) -> MatchDecline:
    """Say that a resource does not fit a need (不采纳): it is not suggested for it again."""
    need, resource = await _pair(session, viewer, need_id, resource_id)
    same = select(MatchDecline).where(MatchDecline.need_id == need.id, MatchDecline.resource_id == resource.id)
    if await session.scalar(same) is not None:
        raise Conflict(f"{resource.title} was declined for this need already.")
    made = MatchDecline(id=uuid7(), need_id=need.id, resource_id=resource.id)
    made.reason = words.maybe(reason, field="reason", most=words.LINE)
    session.add(made)
    return made


async def _pair(session: AsyncSession, viewer: Viewer, need_id: UUID, resource_id: UUID) -> tuple[Need, Resource]:
    """The need, on the viewer's grid, and the resource: both locked, always in this order."""
    viewer.must(WRITE)
    need = await resources.locked_need(session, viewer, need_id)
    resource = await resources.locked_resource(session, viewer, resource_id)
    writing.must_cover(viewer, need.grid_path)
    return need, resource
