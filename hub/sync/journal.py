"""The log of a run: lines that are kept with its next transaction, whoever speaks while it is at work."""

from collections.abc import Sequence
from contextvars import ContextVar
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Rejected, Run, RunNote, RunStatus, uuid7
from hub.models.base import now
from hub.sync import archive

MOST_WAITING, LONGEST = 200, 1_000
Line = tuple[UUID, datetime, str]

lines: ContextVar[list[Line]] = ContextVar("the lines of the run at work that are not kept yet")


def say(words: str) -> None:
    """Add a line to the log of the run that is at work here; without one nothing happens."""
    waiting = lines.get(None)
    if waiting is not None and len(waiting) < MOST_WAITING:
        waiting.append((uuid7(), now(), archive.told(words)[:LONGEST]))


def taken() -> list[Line]:
    """The lines that wait, to be kept by the caller, who gives them back where that fails."""
    waiting = lines.get(None)
    if not waiting:
        return []
    said = list(waiting)
    del waiting[: len(said)]  # a plugin may speak meanwhile, from its own thread
    return said


def give_back(said: Sequence[Line]) -> None:
    """These lines were not kept after all."""
    lines.get([])[:0] = said


async def keep(session: AsyncSession, run_id: UUID, said: Sequence[Line]) -> None:
    """Keep these lines, in the session's transaction; those that are kept already stay as they are."""
    if said:
        rows = [{"run_id": run_id, "id": id, "at": at, "words": words} for id, at, words in said]
        await session.execute(insert(RunNote).on_conflict_do_nothing(), rows)


def of_page(run: Run) -> None:
    """A line for page 1, 2, 4, 8 and so on: fourteen for ten thousand pages."""
    if run.pages & (run.pages - 1) == 0:
        of = f" of {run.expected:,}" if run.expected else ""
        done = f"{run.created:,} created, {run.updated:,} updated, {run.closed:,} closed, {run.rejected:,} rejected"
        say(f"Page {run.pages:,}: {run.records:,}{of} records so far, {done}.")


async def end(session: AsyncSession, run: Run, status: RunStatus, error: str | None) -> list[Line]:
    """The last lines: what was refused, by kind, with the first reason, and how it ended."""
    said = []
    mine = Rejected.run_id == run.id
    counted = select(Rejected.kind, func.count()).where(mine).group_by(Rejected.kind).order_by(func.count().desc())
    if kinds := [f"{number:,} {kind or 'unreadable'}" for kind, number in await session.execute(counted)]:
        first = await session.scalar(select(Rejected.reason).where(mine).order_by(Rejected.id).limit(1))
        said.append(f"Refused: {', '.join(kinds)}. The first: {first}")
    said.append(f"{status.name}, after {run.pages:,} pages and {run.records:,} records. {error or ''}".rstrip())
    return [(uuid7(), now(), words[:LONGEST]) for words in said]
