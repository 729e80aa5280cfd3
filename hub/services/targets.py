"""Targets, deliveries and attempts: who is told what changes here, what became of it, and what a person decides."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Invalid, NotFound
from hub.models import AlertKind, Attempt, Delivery, DeliveryStatus, RequestAction, Source, Target, TargetStatus, uuid7
from hub.services import alerts, changes, sources, words

KINDS = (
    *("grid", "practice", "scheme", "scheme_item", "workflow", "workflow_step", "escalation", "feature"),
    *("figure", "indicator", "organization", "person", "alliance", "member", "post", "station"),
    *("service_item", "qr_point", "offer", "notice", "rota", "series", "activity", "shift", "agreement"),
    *("outcome", "meeting", "topic", "resolution", "proposal", "budget", "budget_project", "funding"),
    *("service_record", "resource", "catalogue_entry", "request", "affiliation", "report_in", "need"),
    *("project", "claim"),
)
DONE = (DeliveryStatus.SENT, DeliveryStatus.SKIPPED)
WHOLE, SINGLE = "target", "deliveries"  # the subjects of alerts: all of it, or some deliveries


def visible(viewer: Viewer) -> Select[Target]:
    """The targets."""
    return sources.for_admins(viewer, Target)


def deliveries(viewer: Viewer) -> Select[Delivery]:
    """What they were told, or are to be told."""
    return sources.for_admins(viewer, Delivery)


def attempts(viewer: Viewer) -> Select[Attempt]:
    """The delivery log: requests and answers, so they may hold anything."""
    return sources.for_admins(viewer, Attempt)


async def add(
    session: AsyncSession,
    viewer: Viewer,
    source_id: UUID,
    *,
    kinds: Sequence[str],
    events: Sequence[str] = (),
    known_only: bool = True,
) -> Target:
    """Tell a source what changes here from now on (新增推送目标): of these kinds, and of these steps of requests.

    With `known_only` it is told only of what it brought itself or was told before.
    """
    viewer.must("sync:run")
    source = await session.scalar(sources.visible(viewer).where(Source.id == source_id))
    if source is None:
        raise NotFound("source", source_id, "`hub sync status` lists them.")
    _known(kinds, KINDS, "kinds")
    _known(events, RequestAction.__members__, "events")
    if not kinds:
        raise Invalid("A target is told of at least one kind: name some.", field="kinds")
    if await session.scalar(visible(viewer).where(Target.source_id == source_id)) is not None:
        raise Conflict(f"{source.name} is a target already. `hub targets list` shows it.")
    position, change_id = await changes.end(session)
    target = Target(
        id=uuid7(),
        source_id=source_id,
        kinds=sorted(set(kinds)),
        events=sorted(set(events)),
        known_only=known_only,
        position=position,
        change_id=change_id,
    )
    session.add(target)
    return target


def _known(names: Sequence[str], there: Any, field: str) -> None:
    if unknown := sorted(set(names) - set(there)):
        raise Invalid(f"{field}: there is no {', '.join(unknown)}. There are: {', '.join(there)}.", field=field)


async def pause(session: AsyncSession, viewer: Viewer, id: UUID, *, reason: str | None = None) -> Target:
    """Tell it nothing for now (暂停推送). What changes is kept for it, in order."""
    target = await _target(session, viewer, id)
    target.status, target.reason = TargetStatus.PAUSED, words.maybe(reason, field="reason")
    return target


async def resume(session: AsyncSession, viewer: Viewer, id: UUID) -> Target:
    """Tell it again (恢复推送), all that was kept first; also after it refused us, or failed too often."""
    target = await _target(session, viewer, id)
    target.status, target.reason, target.failures, target.next_at = TargetStatus.ACTIVE, None, 0, None
    for kind in (AlertKind.PARKED, AlertKind.FAILING):
        await alerts.clear_alert(session, kind, target.source_id, WHOLE)
    return target


async def retry(session: AsyncSession, viewer: Viewer, id: UUID) -> Delivery:
    """Send one that waits, or was parked, now (重试); what stands behind it goes on when it is through."""
    delivery = await _delivery(session, viewer, id)
    if delivery.status in DONE:
        raise Conflict(f"It is {delivery.status.name.lower()} already: replay it if it is to be sent once more.")
    return await _ask_for(session, viewer, delivery)


async def replay(session: AsyncSession, viewer: Viewer, id: UUID) -> Delivery:
    """Send one again (重放), whatever became of it: under the same token, as the row stands now."""
    return await _ask_for(session, viewer, await _delivery(session, viewer, id))


async def skip(session: AsyncSession, viewer: Viewer, id: UUID, *, reason: str) -> Delivery:
    """Do not send it (略过), and say why: what stands behind it goes on."""
    delivery = await _delivery(session, viewer, id)
    if delivery.status in DONE:
        raise Conflict(f"It is {delivery.status.name.lower()} already: there is nothing to skip.")
    delivery.status, delivery.reason = DeliveryStatus.SKIPPED, words.said(reason, field="reason")
    delivery.next_at = delivery.asked_by = None
    await _calm(session, viewer, delivery)
    return delivery


async def _ask_for(session: AsyncSession, viewer: Viewer, delivery: Delivery) -> Delivery:
    delivery.status, delivery.next_at, delivery.reason = DeliveryStatus.READY, None, None
    delivery.asked_by = viewer.subject
    await _calm(session, viewer, delivery)
    return delivery


async def _calm(session: AsyncSession, viewer: Viewer, delivery: Delivery) -> None:
    """Clear the alerts that this was about, once no delivery of the target waits for a person."""
    await session.flush()
    target = (await session.scalars(visible(viewer).where(Target.id == delivery.target_id))).one()
    subject = f"{delivery.kind} {delivery.entity_id}"
    await alerts.clear_alert(session, AlertKind.ECHO, target.source_id, subject)
    parked = (Delivery.target_id == target.id, Delivery.status == DeliveryStatus.PARKED)
    if not await session.scalar(select(exists().where(*parked))):
        await alerts.clear_alert(session, AlertKind.PARKED, target.source_id, SINGLE)


async def _target(session: AsyncSession, viewer: Viewer, id: UUID) -> Target:
    viewer.must("sync:run")
    target = await session.scalar(visible(viewer).where(Target.id == id).with_for_update())
    if target is None:
        raise NotFound("target", id, "`hub targets list` names them.")
    return target


async def _delivery(session: AsyncSession, viewer: Viewer, id: UUID) -> Delivery:
    """The delivery, locked, while nobody is sending it."""
    viewer.must("sync:run")
    delivery = await session.scalar(deliveries(viewer).where(Delivery.id == id).with_for_update())
    if delivery is None:
        raise NotFound("delivery", id, "`hub targets deliveries` lists them.")
    if delivery.status is DeliveryStatus.SENDING:
        raise Conflict("It is being sent right now: look again in half a minute.")
    return delivery
