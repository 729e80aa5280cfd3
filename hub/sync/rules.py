"""The rules that admins set for sources: whose word stands on a field, what a change of structure does, pins."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Invalid, NotFound
from hub.models import AlertKind, Drift, DriftRule, Entity, Link, Ownership, Pin, Rule, Source, Withheld
from hub.services import sources, words
from hub.services.alerts import clear_alert
from hub.sync.kind import EVERY, Kind
from hub.sync.kinds import KINDS, must_have

Row = TypeVar("Row", bound=Entity)


async def set_ownership(
    session: AsyncSession,
    viewer: Viewer,
    *,
    kind: str,
    field: str,
    rule: Rule,
    source: str | None = None,
    note: str | None = None,
) -> Ownership:
    """Decide whose word stands on a field (设定归属): for one source, or for all that have no rule of their own.

    What was withheld under the old rule is looked at again when the source next speaks of it.
    """
    viewer.must("sync:run")
    must_have(kind, field)
    source_id = await _source(session, viewer, source)
    one = await _same(session, Ownership, source_id, kind, field)
    one = one or Ownership(source_id=source_id, kind=kind, field=field)
    one.rule, one.note, one.set_by = rule, words.maybe(note, field="note"), viewer.subject
    session.add(one)
    await _look_again(session, source_id, None if field == EVERY else field)
    return one


async def clear_ownership(session: AsyncSession, viewer: Viewer, id: UUID) -> Ownership:
    """Take a rule away (取消归属): the next less specific one counts again."""
    one = await _mine(session, viewer, Ownership, id, "ownership rule")
    await session.delete(one)
    await _look_again(session, one.source_id, None if one.field == EVERY else one.field)
    return one


async def pin_field(
    session: AsyncSession,
    viewer: Viewer,
    id: UUID,
    *,
    field: str,
    reason: str | None = None,
    until: datetime | None = None,
) -> Pin:
    """Hold a field as it is (锁定字段): no source writes it until it is let go, or until a time."""
    viewer.must("sync:run")
    entity = await _entity(session, id)
    must_have(entity.name, field)
    if field == EVERY:
        raise Invalid("Name one field: pins hold them one by one.", field="field")
    one = await session.scalar(select(Pin).where(Pin.entity_id == id, Pin.field == field).with_for_update())
    one = one or Pin(entity=entity.model.__name__, entity_id=id, field=field)
    one.reason, one.until, one.pinned_by = words.maybe(reason, field="reason"), until, viewer.subject
    session.add(one)
    return one


async def unpin_field(session: AsyncSession, viewer: Viewer, id: UUID) -> Pin:
    """Let a field go (解除锁定): what the source says of it is looked at again when it next speaks of it."""
    one = await _mine(session, viewer, Pin, id, "pin")
    await session.delete(one)
    await session.execute(update(Link).where(Link.entity_id == one.entity_id).values(hash=None))
    return one


async def set_drift(
    session: AsyncSession,
    viewer: Viewer,
    *,
    kind: str,
    field: str,
    policy: Drift,
    source: str | None = None,
    note: str | None = None,
) -> DriftRule:
    """Decide what happens where a source says what its plugin does not expect (设定结构变化策略)."""
    viewer.must("sync:run")
    if kind != EVERY and kind not in KINDS:
        raise Invalid(f"There is no kind {kind!r}. There are: {', '.join(KINDS)}, and * for every kind.", field="kind")
    source_id = await _source(session, viewer, source)
    one = await _same(session, DriftRule, source_id, kind, field)
    one = one or DriftRule(source_id=source_id, kind=kind, field=words.said(field, field="field"))
    one.policy, one.note, one.set_by = policy, words.maybe(note, field="note"), viewer.subject
    session.add(one)
    await clear_alert(session, AlertKind.DRIFT, source_id, f"{kind}.{field}")
    return one


async def clear_drift(session: AsyncSession, viewer: Viewer, id: UUID) -> DriftRule:
    """Take such a rule away (取消结构变化策略)."""
    one = await _mine(session, viewer, DriftRule, id, "drift rule")
    await session.delete(one)
    return one


async def set_most_gone(session: AsyncSession, viewer: Viewer, *, source: str, share: float) -> Source:
    """Decide which share of what a source brought one run may mark as gone (设定注销上限), 0 to 1."""
    found = await _limited(session, viewer, source, share)
    found.most_gone = share
    return found


async def set_most_refused(session: AsyncSession, viewer: Viewer, *, source: str, share: float) -> Source:
    """Decide which share of what a source brings may be refused before its run is stopped (设定拒绝上限), 0 to 1."""
    found = await _limited(session, viewer, source, share)
    found.most_refused = share
    return found


async def _limited(session: AsyncSession, viewer: Viewer, source: str, share: float) -> Source:
    viewer.must("sync:run")
    if not 0 <= share <= 1:
        raise Invalid("A share lies between 0 and 1: 0.05 is one in twenty.", field="share")
    return await session.get_one(Source, await _source(session, viewer, source))


def own_by_default(session: AsyncSession, source: Source, rules: Mapping[tuple[str, str], str]) -> None:
    """The rules that a plugin brings, for a source that is new. Admins change them like any other."""
    for (kind, field), rule in rules.items():
        must_have(kind, field)
        session.add(Ownership(source_id=source.id, kind=kind, field=field, rule=Rule[rule], note="来自插件的默认值"))


async def _source(session: AsyncSession, viewer: Viewer, name: str | None) -> UUID | None:
    if name is None:
        return None
    return (await sources.named(session, viewer, name)).id


async def _same(session: AsyncSession, table: type[Row], source_id: UUID | None, kind: str, field: str) -> Row | None:
    """The rule that is there already, locked."""
    columns: Any = table
    same = (columns.source_id.is_not_distinct_from(source_id), columns.kind == kind, columns.field == field)
    found: Row | None = await session.scalar(select(table).where(*same).with_for_update())
    return found


async def _mine(session: AsyncSession, viewer: Viewer, table: type[Row], id: UUID, noun: str) -> Row:
    viewer.must("sync:run")
    found: Row | None = await session.get(table, id, with_for_update=True)
    if found is None:
        raise NotFound(noun, id, "`hub rules list` lists them.")
    return found


async def _entity(session: AsyncSession, id: UUID) -> Kind:
    """The kind of record that a row would be. Raises NotFound."""
    for kind in KINDS.values():
        if await session.scalar(select(kind.model).where(kind.table.c.id == id)) is not None:
            return kind
    raise NotFound("row of a kind that sources write", id)


async def _look_again(session: AsyncSession, source_id: UUID | None, field: str | None) -> None:
    """Let the next word of a source on what was withheld be news."""
    held = select(Withheld.entity_id)
    held = held.where(Withheld.source_id == source_id) if source_id is not None else held
    held = held.where(Withheld.field == field) if field is not None else held
    again = update(Link).where(Link.entity_id.in_(held)).values(hash=None)
    await session.execute(again.where(Link.source_id == source_id) if source_id is not None else again)
