"""What a monitoring system reads: GET /metrics (Prometheus' text) and GET /health (open alerts as numbers).

The figures of sync are read from the database at each scrape, so that every process of a hub tells the same; those of
HTTP are this process's own. Nothing of them is personal.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.auth import Viewer
from hub.db import Database
from hub.models import AlertKind, Rejected, RejectedStatus, Run, RunMode, RunStatus, Source
from hub.models.base import now
from hub.services import alerts
from hub.sync import jobs
from hub.sync.watching import pulled, pushed

Authenticate = Callable[[HTTPRequest], Awaitable[Viewer]]
OUTCOMES = ("created", "updated", "closed", "rejected", "unchanged")


class Answered:
    """What this process has answered: how often and how fast, by the class of the status."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._number = Counter("hub_http_requests", "HTTP requests.", ["status"], registry=self.registry)
        self._seconds = Histogram("hub_http_seconds", "How long they took.", ["status"], registry=self.registry)

    def note(self, status: int, seconds: float) -> None:
        """One more: `status` 0 is for those who went away before there was an answer."""
        kind = f"{status // 100}xx" if status else "none"
        self._number.labels(kind).inc()
        self._seconds.labels(kind).observe(seconds)


def routes(db: Database, authenticate: Authenticate, answered: Answered) -> list[Route]:
    """The two addresses, over one database."""

    async def metrics(request: HTTPRequest) -> Response:
        viewer = await authenticate(request)
        viewer.must("sync:read")
        async with db.read() as session:
            figures = await read(session)
        registry = CollectorRegistry()
        registry.register(Read(figures))
        return Response(generate_latest(registry) + generate_latest(answered.registry), media_type=CONTENT_TYPE_LATEST)

    async def health(_request: HTTPRequest) -> JSONResponse:
        async with db.read() as session:
            opened = await alerts.open_counts(session)
        return JSONResponse({"alerts": {kind.name: number for kind, number in opened.items()}})

    return [Route("/metrics", metrics), Route("/health", health)]


class Read(Collector):
    """Metrics that were read already."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


async def read(session: AsyncSession) -> list[Metric]:
    """How sync stands, by source and over all. Gauges, as what is counted may be taken back."""
    by_status = select(Source.name, Run.status, func.count()).join(Run).group_by(Source.name, Run.status)
    totals = [func.coalesce(func.sum(getattr(Run, name)), 0) for name in OUTCOMES]
    by_outcome = select(Source.name, *totals).join(Run).where(Run.mode != RunMode.PLAN).group_by(Source.name)
    done = Run.status == RunStatus.DONE
    by_pull, by_push = (func.max(Run.finished_at).filter(done, of(Run)) for of in (pulled, pushed))
    latest = case((func.bool_or(pulled(Run)), by_pull), else_=by_push)
    age = func.extract("epoch", now() - latest)
    ages = select(Source.name, age).join(Run).group_by(Source.name).having(latest.is_not(None))
    waits = (Rejected.source_id == Source.id) & (Rejected.status == RejectedStatus.OPEN)
    refused = select(Source.name, func.count(Rejected.id)).outerjoin(Rejected, waits).group_by(Source.name)
    runs = [(name, status.name, number) for name, status, number in await session.execute(by_status)]
    records = [
        (name, outcome, number)
        for name, *numbers in await session.execute(by_outcome)
        for outcome, number in zip(OUTCOMES, numbers, strict=True)
    ]
    opened = await alerts.open_counts(session)
    return [
        _gauge("hub_sync_runs", "Runs, by how they stand.", "source status", runs),
        _gauge("hub_sync_records", "Records, by what came of them.", "source outcome", records),
        _gauge(
            "hub_sync_last_success_age_seconds",
            "Since a pull succeeded.",
            "source",
            await session.execute(ages),
        ),
        _gauge("hub_sync_rejected_open", "Records that wait for a person.", "source", await session.execute(refused)),
        _gauge("hub_sync_queue_length", "Jobs that wait for a worker.", "", [(await jobs.length(session),)]),
        _gauge("hub_alerts_open", "Open alerts.", "kind", [(kind.name, opened.get(kind, 0)) for kind in AlertKind]),
    ]


def _gauge(name: str, words: str, labels: str, rows: Iterable[Sequence[Any]]) -> Metric:
    """A figure by its labels; each row has their values, then the number."""
    family = GaugeMetricFamily(name, words, labels=labels.split())
    for *values, number in rows:
        family.add_metric(values, number)
    return family
