"""A run of a source in numbers and in words."""

from datetime import UTC, datetime
from typing import Any

from hub.models import Run, RunMode, RunStatus


def seconds(run: Run) -> float:
    """How long it took, or takes so far."""
    return ((run.finished_at or datetime.now(UTC)) - run.started_at).total_seconds()


def rate(run: Run) -> int:
    """Rows per second."""
    return round(run.records / max(seconds(run), 0.001))


def numbers(run: Run, source: str) -> dict[str, Any]:
    """For a script."""
    return {
        "run": str(run.id),
        "source": source,
        "status": run.status.name,
        "records": run.records,
        "create": run.created,
        "update": run.updated,
        "close": run.closed,
        "reject": run.rejected,
        "unchanged": run.unchanged,
        **({"moved": run.moved} if run.plan_id else {}),
        **({"guarded": run.guarded} if run.mode is RunMode.PLAN else {}),
        "seconds": round(seconds(run), 3),
        "rows_per_second": rate(run),
        "error": run.error,
    }


def words(run: Run, source: str) -> str:
    """For a person, in one line."""
    took = f"in {seconds(run):,.1f} s ({rate(run):,} rows/s)"
    if run.status not in (RunStatus.DONE, RunStatus.PLANNED, RunStatus.APPLIED):
        return f"{source}: {run.status.name.lower()} after {run.records:,} records {took}. {run.error or ''}".rstrip()
    if not any((run.created, run.updated, run.closed, run.rejected, run.moved)):
        return f"{source}: {run.records:,} records, nothing changed, {took}"
    would = "would be " if run.mode is RunMode.PLAN else ""
    parts = [f"{run.created:,} {would}created", f"{run.updated:,} updated"]
    parts += [f"{run.closed:,} closed"] if run.closed else []
    parts += [f"{run.rejected:,} rejected", f"{run.unchanged:,} unchanged"]
    parts += [f"{run.moved:,} not done, as they had moved"] if run.moved else []
    return f"{source}: {run.records:,} records: {', '.join(parts)} {took}"
