"""Sources and what their runs brought, for those who may see sync."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, Text, Uuid, case, cast, false, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Invalid, NotFound
from hub.models import (
    DriftRule,
    Extra,
    Ownership,
    Pin,
    PlanRow,
    Provenance,
    Rejected,
    RejectedStatus,
    Run,
    RunNote,
    Source,
    Withheld,
)
from hub.records import FIELDS
from hub.services import words

SHOWN_ALIKE = 3


def for_admins(viewer: Viewer, table: type[Any]) -> Select[Any]:
    """All rows of a table of sync, for those who may see sync; nothing for others."""
    return select(table) if viewer.can("sync:read") else select(table).where(false())


def visible(viewer: Viewer) -> Select[Source]:
    """The sources."""
    return for_admins(viewer, Source)


async def named(session: AsyncSession, viewer: Viewer, name: str, *, lock: bool = False) -> Source:
    """The source of that name. Raises NotFound."""
    wanted = visible(viewer).where(Source.name == name)
    source = await session.scalar(wanted.with_for_update() if lock else wanted)
    if source is None:
        raise NotFound("source", name, "`hub sync status` lists them; a ready-made one is here once it ran.")
    return source


def runs(viewer: Viewer) -> Select[Run]:
    """The runs."""
    return for_admins(viewer, Run)


def plan_rows(viewer: Viewer) -> Select[PlanRow]:
    """The rows of stored plans."""
    return for_admins(viewer, PlanRow)


def run_notes(viewer: Viewer) -> Select[RunNote]:
    """The logs of runs."""
    return for_admins(viewer, RunNote)


def alike(records: Select[Any]) -> Select[Any]:
    """Refused records by what is wrong, whatever the place and the numbers in it: the first three ids, how many."""
    after = func.substr(Rejected.reason, func.length(Rejected.where) + 1)
    said = case((func.starts_with(Rejected.reason, Rejected.where), after), else_=Rejected.reason)
    shape = func.regexp_replace(said, literal("[0-9]+", literal_execute=True), literal("#", literal_execute=True), "g")
    group = (Rejected.source_id, Rejected.kind, Rejected.status, shape)
    first = func.array_agg(aggregate_order_by(Rejected.id, Rejected.id), type_=ARRAY(Uuid()))[1:SHOWN_ALIKE]
    wanted = records.with_only_columns(first, func.count(), maintain_column_froms=True)
    return wanted.group_by(*group).order_by(func.count().desc(), func.min(cast(Rejected.id, Text)))


def rejected(viewer: Viewer) -> Select[Rejected]:
    """The rejected records: as received, so they may hold anything."""
    return for_admins(viewer, Rejected)


def ownerships(viewer: Viewer) -> Select[Ownership]:
    """Whose word stands on which field."""
    return for_admins(viewer, Ownership)


def pins(viewer: Viewer) -> Select[Pin]:
    """The fields that people hold as they are."""
    return for_admins(viewer, Pin)


def withheld(viewer: Viewer) -> Select[Withheld]:
    """What sources say and what does not stand."""
    return for_admins(viewer, Withheld).where(Withheld.rule != "")


def drift_rules(viewer: Viewer) -> Select[DriftRule]:
    """What changes of structure do."""
    return for_admins(viewer, DriftRule)


def extras(viewer: Viewer) -> Select[Extra]:
    """What sources say beyond what the hub knows: as received, so it may hold anything."""
    return for_admins(viewer, Extra)


def provenances(viewer: Viewer) -> Select[Provenance]:
    """Who wrote which field last."""
    return for_admins(viewer, Provenance)


async def ignore(session: AsyncSession, viewer: Viewer, id: UUID, *, reason: str) -> Rejected:
    """Leave a rejected record alone (忽略), and say why: it is not asked about again while it is refused so."""
    one = await _work_item(session, viewer, id)
    one.status, one.note, one.handled_by = RejectedStatus.IGNORED, words.said(reason, field="reason"), viewer.subject
    return one


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One field of a record and what it says (字段值). Without a value it says: empty."""

    name: str
    value: str | None = None


async def mend(
    session: AsyncSession, viewer: Viewer, id: UUID, *, fields: Sequence[FieldValue], note: str | None = None
) -> Rejected:
    """Correct a rejected record (修正): these fields hold from here on, in the hub's words; the rest stays as received.

    What was received is kept beside it. `hub sync replay` applies it; the source saying the same again undoes nothing.
    A field that its kind does not have can only be emptied: then it is left out.
    """
    one = await _work_item(session, viewer, id)
    if one.record is None:
        raise Invalid("The plugin could not read this as a record at all: correct it where it came from, or ignore it.")
    said = {**one.record["fields"], **{field.name: field.value for field in fields}}
    if (kind := FIELDS.get(one.kind)) is not None:
        known = kind.__annotations__
        if odd := [field.name for field in fields if field.value is not None and field.name not in known]:
            raise Invalid(
                f"{one.kind} has no field {', '.join(odd)}. It has: {', '.join(sorted(known))}.", field="fields"
            )
        said = {name: value for name, value in said.items() if name in known or value is not None}
    one.record = {**one.record, "fields": said, "waits": False, "mended": True}
    one.status, one.note, one.handled_by = RejectedStatus.OPEN, words.maybe(note, field="note"), viewer.subject
    return one


async def _work_item(session: AsyncSession, viewer: Viewer, id: UUID) -> Rejected:
    viewer.must("sync:run")
    one = await session.scalar(rejected(viewer).where(Rejected.id == id).with_for_update())
    if one is None:
        raise NotFound("rejected record", id, "`hub sync rejected` lists them.")
    if one.status is RejectedStatus.REPLAYED:
        raise Conflict("This record was taken in the meantime: there is nothing left to do.")
    return one
