"""What somebody should know: raised once however often it is seen, and cleared when it is no longer so."""

from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Alert, AlertKind, now

STANDING = text("cleared_at IS NULL")


async def raise_alert(session: AsyncSession, kind: AlertKind, source_id: UUID | None, subject: str, words: str) -> None:
    """Say that something is the matter; what stands already is counted on, and says the newest words."""
    said = insert(Alert).values(kind=kind, source_id=source_id, subject=subject, words=words)
    again = {"words": said.excluded.words, "last_at": said.excluded.last_at, "times": Alert.times + 1}
    mine = ("source_id", "kind", "subject")
    await session.execute(said.on_conflict_do_update(index_elements=mine, index_where=STANDING, set_=again))


async def clear_alert(session: AsyncSession, kind: AlertKind, source_id: UUID | None, subject: str) -> None:
    """Say that it is no longer so."""
    mine = (Alert.kind == kind, Alert.source_id.is_not_distinct_from(source_id), Alert.subject == subject)
    standing = update(Alert).where(*mine, Alert.cleared_at.is_(None))
    await session.execute(standing.values(cleared_at=now()), execution_options={"synchronize_session": None})
