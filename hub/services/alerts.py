"""What a person should know: raised while it is so, seen again or not, cleared when it is no longer so."""

from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.models import Alert, AlertKind, uuid7
from hub.models.base import now
from hub.services import sources


def visible(viewer: Viewer) -> Select[Alert]:
    """The alerts, for those who may see sync; those that are cleared too."""
    return sources.for_admins(viewer, Alert)


async def raise_alert(session: AsyncSession, kind: AlertKind, source_id: UUID | None, subject: str, words: str) -> None:
    """Say that it is so. Where that is known already, it is seen once more, and `words` are the latest."""
    at = now()
    row = {"id": uuid7(), "kind": kind, "source_id": source_id, "subject": subject, "words": words, "last_at": at}
    new = insert(Alert).values(row | {"created_at": at, "updated_at": at})
    known = new.on_conflict_do_update(
        index_elements=["source_id", "kind", "subject"],
        index_where=Alert.cleared_at.is_(None),
        set_={
            "times": Alert.times + 1,
            "revision": Alert.revision + 1,
            **{name: new.excluded[name] for name in ("words", "last_at", "updated_at")},
        },
    )
    await session.execute(known)


async def clear_alert(session: AsyncSession, kind: AlertKind, source_id: UUID | None, subject: str) -> None:
    """Say that it is no longer so. Nothing happens where nobody said that it is."""
    mine = (Alert.kind == kind, Alert.source_id.is_not_distinct_from(source_id), Alert.subject == subject)
    cleared = update(Alert).where(*mine, Alert.cleared_at.is_(None))
    await session.execute(cleared.values(cleared_at=now(), revision=Alert.revision + 1))


async def open_counts(session: AsyncSession) -> dict[AlertKind, int]:
    """How many alerts of each kind there are now: the kinds that have any. No secret: it names nothing."""
    counted = select(Alert.kind, func.count()).where(Alert.cleared_at.is_(None)).group_by(Alert.kind)
    return dict((await session.execute(counted.order_by(Alert.kind))).all())
