"""A row as a target is told of it: the way back from columns to the words of hub.plugin, and what it knows of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Change as Logged
from hub.models import Delivery, DeliveryStatus, Link, Party, RequestEvent, RequestIssue, Run, Target, Term
from hub.plugin import Change, Event, Issue, Record
from hub.services.working_days import local_day
from hub.sync.kind import Kind, Reference
from hub.sync.kinds import KINDS
from hub.sync.outbox import STEP
from hub.sync.reading import fingerprint
from hub.sync.references import code_of

FLIPS, FLIPPING = 3, timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Told:
    """How a row stands, in the words of ...Fields. Who called is never in it."""

    fields: Mapping[str, Any]
    deleted: bool
    hash: bytes


@dataclass(frozen=True, slots=True)
class Held:
    """What the target calls a row, and the hash of what it holds of it as far as the hub knows; None: not known."""

    key: str | None
    hash: bytes | None


async def told(session: AsyncSession, kind: Kind, id: UUID, at: datetime) -> Told:
    """The row as it stands. One that is no more is gone, and says nothing else."""
    row = (await session.execute(select(kind.table).where(kind.table.c.id == id))).mappings().one_or_none()
    fields: dict[str, Any] = {}
    if row is not None:
        fields = {name: _plain(row[column]) for name, column in kind.fields.items()}
        for name, reference in kind.references.items():
            fields |= await _reference(session, name, reference, row[reference.column])
        if "issues" in kind.nested and (issues := await _issues(session, id)):
            fields["issues"] = issues
    deleted = row is None or _gone(kind, row, at)
    return Told(fields, deleted, fingerprint(Record(kind.name, str(id), fields, deleted)))


def _plain(value: Any) -> Any:
    return value.name if isinstance(value, Term) else value


def _gone(kind: Kind, row: Mapping[Any, Any], at: datetime) -> bool:
    """Whether its last day or moment has come. What has a status is never gone: to be filed, or withdrawn, is one."""
    if "status" in kind.reopening:
        return False
    ends = (row[column] for column in kind.reopening)
    return any(end is not None and (end <= at if isinstance(end, datetime) else end <= local_day(at)) for end in ends)


async def _reference(session: AsyncSession, name: str, reference: Reference, id: UUID | None) -> dict[str, Any]:
    """A reference as a code, or a name where that is understood; nothing where the row has neither."""
    if id is None:
        return {name: None}
    table = reference.target.metadata.tables[reference.target.__tablename__]
    columns = (code_of(table), table.c.name) if reference.by_name else (code_of(table),)
    said = (await session.execute(select(*columns).where(table.c.id == id))).one()
    return {name: next(filter(None, said))} if any(said) else {}


async def _issues(session: AsyncSession, id: UUID) -> tuple[Issue, ...]:
    found = select(RequestIssue).where(RequestIssue.request_id == id).order_by(RequestIssue.key, RequestIssue.id)
    return tuple(Issue(one.key, one.title, one.category) for one in await session.scalars(found))


async def held(session: AsyncSession, target: Target, delivery: Delivery) -> Held:
    """What the target knows of the row: what it was told last, or what it has said itself since."""
    entity, source = delivery.entity_id, target.source_id
    links = select(Link).where(Link.entity_id == entity, Link.source_id == source, Link.kind == delivery.kind)
    link = (await session.scalars(links.order_by(Link.at.desc().nulls_last(), Link.key).limit(1))).one_or_none()
    sent = await _last_sent(session, delivery)
    if sent is not None and sent.hash is None:
        return Held(link.key if link else sent.key, None)
    own = select(Logged.id).join(Run, Run.id == Logged.run_id)
    own = own.where(or_(Logged.entity_id == entity, Logged.subject_id == entity), Run.source_id == source).limit(1)
    if sent is None or await session.scalar(_after(own, sent)) is not None:
        key = link.key if link else sent.key if sent else None
        return Held(key, link.hash if link else None)
    return Held(link.key if link else sent.key, sent.hash)


async def _last_sent(session: AsyncSession, delivery: Delivery) -> Delivery | None:
    mine = (Delivery.target_id == delivery.target_id, Delivery.entity_id == delivery.entity_id)
    sent = select(Delivery).where(*mine, Delivery.status == DeliveryStatus.SENT)
    latest = sent.order_by(Delivery.sent_at.desc(), Delivery.position.desc()).limit(1)
    return (await session.scalars(latest)).one_or_none()


def _after(logged: Select[Any], sent: Delivery) -> Select[Any]:
    return logged.where(tuple_(Logged.position, Logged.id) > tuple_(sent.position, sent.change_id))


async def change(session: AsyncSession, delivery: Delivery, held: Held, told: Told) -> Change:
    """What the plugin is given."""
    logged = await session.get_one(Logged, delivery.change_id)
    names = await _changed(session, delivery, logged) if held.key is not None else frozenset()
    return Change(
        kind=delivery.kind,
        key=held.key,
        id=str(delivery.entity_id),
        fields=told.fields,
        changed=names,
        at=logged.at,
        token=token(delivery),
        deleted=told.deleted,
        event=await _event(session, logged) if logged.entity == STEP else None,
        again=delivery.tries > 0,
    )


def token(delivery: Delivery) -> str:
    """The same at every try, here and after a restore from a backup: made of what is told, not drawn."""
    named = f"{delivery.target_id}:{delivery.entity_id}:{delivery.change_id}"
    return hashlib.sha256(named.encode()).hexdigest()


async def _changed(session: AsyncSession, delivery: Delivery, logged: Logged) -> frozenset[str]:
    """The fields that changed since the target was told last: the row is told as it stands, not as it stood."""
    waiting = select(Logged.patch).join(Delivery, Delivery.change_id == Logged.id)
    mine = (Delivery.target_id == delivery.target_id, Delivery.entity_id == delivery.entity_id)
    waiting = waiting.where(*mine, Logged.entity != STEP)
    if (sent := await _last_sent(session, delivery)) is not None:
        waiting = _after(waiting, sent)
    patches = [*await session.scalars(waiting), *([logged.patch] if logged.entity != STEP else [])]
    columns = fields_by_column(KINDS[delivery.kind])
    return frozenset(columns[name] for patch in patches for name in patch if name in columns)


def fields_by_column(kind: Kind) -> dict[str, str]:
    """Column -> the field that it came from."""
    scalars = {column: name for name, column in kind.fields.items()}
    return scalars | {reference.column: name for name, reference in kind.references.items()}


async def _event(session: AsyncSession, logged: Logged) -> Event | None:
    step = await session.get(RequestEvent, (logged.subject_id, logged.entity_id))
    if step is None:
        return None
    party = await session.get(Party, step.party_id) if step.party_id else None
    return Event(step.action.name, step.at, party.name if party else None, step.note, step.details)


async def flips(session: AsyncSession, delivery: Delivery, at: datetime) -> int:
    """How often in the last ten minutes a field went back to what it was before, if more than one writer did it."""
    recent = select(Logged.patch, Logged.reverse, Logged.actor).where(
        Logged.entity_id == delivery.entity_id, Logged.at > at - FLIPPING
    )
    columns, writers, most = fields_by_column(KINDS[delivery.kind]), set[str | None](), dict[str, int]()
    before: dict[str, Any] = {}
    for patch, reverse, actor in await session.execute(recent.order_by(Logged.position, Logged.id)):
        for name in patch.keys() & reverse.keys() & columns.keys():
            if name in before and patch[name] == before[name]:
                most[name] = most.get(name, 0) + 1
                writers.add(actor)
            before[name] = reverse[name]
    return max(most.values(), default=0) if len(writers) > 1 else 0
