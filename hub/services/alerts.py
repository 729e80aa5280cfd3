"""What somebody should know: raised when it is seen, counted while it lasts, cleared when it is no longer so."""

from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Alert, AlertKind, now, uuid7


async def raise_alert(session: AsyncSession, kind: AlertKind, source_id: UUID | None, subject: str, words: str) -> None:
    """Say that something is the matter; said again, it is the same alert, counted on."""
    at = now()
    row = {"id": uuid7(), "created_at": at, "updated_at": at, "revision": 1, "times": 1, "last_at": at}
    statement = insert(Alert).values(**row, kind=kind, source_id=source_id, subject=subject, words=words)
    again = {"times": Alert.times + 1, "last_at": at, "words": words}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["source_id", "kind", "subject"], index_where=text("cleared_at IS NULL"), set_=again
        )
    )


async def clear_alert(session: AsyncSession, kind: AlertKind, source_id: UUID | None, subject: str) -> None:
    """Say that it is no longer so."""
    same = (Alert.kind == kind, Alert.source_id == source_id, Alert.subject == subject, Alert.cleared_at.is_(None))
    await session.execute(update(Alert).where(*same).values(cleared_at=now()))
