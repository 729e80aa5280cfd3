"""What can be had (服务事项): entering it, and bettering it because of what people say (需求发现, 供给, 评议, 优化)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Invalid, NotFound
from hub.models import Evaluation, ServiceItem, ServiceMode, now, uuid7
from hub.services import capacities, parties, requests, stations, words, writing
from hub.services.working_days import local_day

WRITE = "resources:write"
MOST_VERSIONS = 50
NAMES: writing.Names = {"station_id": stations.by_id, "provider_id": parties.living}
KEPT = (
    *("title", "station_id", "provider_id", "category", "sunk", "extended", "practice", "modes", "contactless"),
    *("capacity", "grid_id"),
)


class ServiceItemFields(TypedDict, total=False):
    """What can be written of a service: what is left out stays, None empties."""

    title: str
    code: str | None
    practice: str | None
    station_id: UUID | None
    provider_id: UUID | None
    grid_id: UUID | None
    category: str | None
    modes: list[ServiceMode]
    sunk: bool
    extended: bool
    contactless: bool
    capacity: int | None
    closed_on: date | None


async def create_service_item(
    session: AsyncSession, viewer: Viewer, **fields: Unpack[ServiceItemFields]
) -> ServiceItem:
    """Put a service on the list (服务事项), on the grid of its station unless another is named."""
    viewer.must(WRITE)
    given = await _with_place(session, viewer, fields)
    _must_hold(given)
    return await writing.enter(session, viewer, ServiceItem(id=uuid7()), given, "title", names=NAMES)


async def update_service_item(
    session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[ServiceItemFields]
) -> ServiceItem:
    """Change what is given of a service; `closed_on` takes it off the list."""
    row = await _mine(session, viewer, id)
    _must_hold(fields)
    await capacities.must_suffice(session, row, fields)
    return await writing.change(session, viewer, row, fields, names=NAMES)


async def replace_service_item(
    session: AsyncSession,
    viewer: Viewer,
    id: UUID,
    *,
    because: str,
    evaluation_id: UUID | None = None,
    **fields: Unpack[ServiceItemFields],
) -> ServiceItem:
    """Let a better version take the place of a service (优化), with the reason, and the evaluation that gave it.

    What is not given stays as it was; the old version is off the list from today.
    """
    old = await _mine(session, viewer, id)
    if await session.scalar(select(ServiceItem.id).where(ServiceItem.replaces_id == old.id).limit(1)):
        raise Conflict(f"{old.title} has a later version already: change that one.")
    if old.closed_on is not None and old.closed_on <= local_day(now()):
        raise Conflict(f"{old.title} is off the list since {old.closed_on}: enter a new one.")
    given = {name: getattr(old, name) for name in KEPT} | dict(fields)
    _must_hold(given)
    made = ServiceItem(id=uuid7(), replaces_id=old.id)
    made.because = words.said(because, field="because")
    if evaluation_id is not None:
        made.evaluation_request_id, made.evaluation_id = await _evaluation(session, viewer, evaluation_id)
    old.closed_on = local_day(now())
    return await writing.enter(session, viewer, made, given | {"because": made.because}, "title", names=NAMES)


async def versions(session: AsyncSession, viewer: Viewer, rows: Sequence[ServiceItem]) -> list[list[ServiceItem]]:
    """All versions of each of these services, the newest first: those before it and those after it."""
    chains: dict[UUID, list[tuple[int, UUID]]] = {row.id: [] for row in rows}
    for older in (True, False):
        for start, step, id in await session.execute(_chain(list(chains), older=older)):
            if older or step > 0:
                chains[start].append((-step if older else step, id))
    wanted = {id for chain in chains.values() for _, id in chain}
    found = await session.scalars(stations.service_items(viewer).where(ServiceItem.id.in_(wanted)))
    by_id = {row.id: row for row in found}
    return [[by_id[id] for _, id in sorted(chains[row.id], reverse=True) if id in by_id] for row in rows]


def _chain(ids: Sequence[UUID], *, older: bool) -> Any:
    """From each service along what replaced what, one way: where it began, how many steps, which one."""
    first: Any = select(ServiceItem.id.label("start"), literal_column("0").label("step"), ServiceItem.id.label("id"))
    chain = first.where(ServiceItem.id.in_(ids)).cte("chain", recursive=True)
    this = select(ServiceItem.id, ServiceItem.replaces_id).subquery()
    here, there = (this.c.id, this.c.replaces_id) if older else (this.c.replaces_id, this.c.id)
    further = select(chain.c.start, chain.c.step + 1, there).join(this, here == chain.c.id)
    return select(chain.union(further.where(there.is_not(None), chain.c.step < MOST_VERSIONS)))


async def _mine(session: AsyncSession, viewer: Viewer, id: UUID) -> ServiceItem:
    """The service, locked, if it is on the viewer's grid."""
    viewer.must(WRITE)
    row = await writing.found(session, "service", id, stations.service_items(viewer).where(ServiceItem.id == id))
    writing.must_cover(viewer, row.grid_path)
    return row


async def _with_place(session: AsyncSession, viewer: Viewer, fields: Mapping[str, object]) -> dict[str, object]:
    """The fields, on the grid of the station where no grid is named."""
    station = fields.get("station_id")
    if isinstance(station, UUID) and fields.get("grid_id") is None:
        return dict(fields) | {"grid_id": (await stations.by_id(session, viewer, station)).grid_id}
    return dict(fields)


async def _evaluation(session: AsyncSession, viewer: Viewer, id: UUID) -> tuple[UUID, UUID]:
    found = await session.scalar(requests.evaluations(viewer).where(Evaluation.id == id))
    if found is None:
        raise NotFound("evaluation", id, "Check the id, or ask for access to its request.")
    return found.request_id, found.id


def _must_hold(fields: Mapping[str, object]) -> None:
    capacity = fields.get("capacity")
    if isinstance(capacity, int) and capacity < 0:
        raise Invalid(f"capacity is {capacity}: give 0 or more.", field="capacity")
