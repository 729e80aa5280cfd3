"""The measuring: in every round each server is loaded once with each query, for a short slice."""

import asyncio
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.bench import load
from tests.bench.faces import Asked, Face
from tests.bench.queries import Query
from tests.bench.servers import cpu_seconds

WARM_CONNECTIONS = 12  # a pool has 10: each of its connections prepares its statements
Figures = dict[str, float]


@dataclass
class Total:
    """What all slices of one server and one query came to."""

    seconds: float = 0.0
    server_cpu: float = 0.0
    database_cpu: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def figures(self) -> Figures:
        """Requests a second, milliseconds, and microseconds of processor time for one request."""
        count = len(self.latencies)
        cuts = statistics.quantiles(self.latencies, n=100, method="inclusive") if count > 1 else self.latencies * 99
        return {
            "rps": count / self.seconds,
            "p50_ms": cuts[49] * 1e3,
            "p99_ms": cuts[98] * 1e3,
            "server_us": self.server_cpu / count * 1e6,
            "database_us": self.database_cpu / count * 1e6,
        }


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    rounds: int
    seconds: float
    warm_seconds: float


@dataclass(frozen=True)
class Subject:
    """One thing to measure: a server, by its process and port, and requests without end."""

    label: str
    pid: int
    port: int
    requests: Iterator[bytes]


def measure(subjects: Sequence[Subject], effort: Effort, database: int, tell: Callable[[str], None]) -> list[Total]:
    """Measure these in turn, round by round; `database` is the process above all backends. Warms up first."""
    for subject in subjects:
        tell(f"warming up: {subject.label}")
        _loaded(subject, effort.warm_seconds, WARM_CONNECTIONS)
    totals = [Total() for _ in subjects]
    for number in range(effort.rounds):
        for place in range(len(subjects)):
            turn = (place + number) % len(subjects)  # nobody always comes after the same one
            tell(f"round {number + 1} of {effort.rounds}: {subjects[turn].label}")
            _slice(subjects[turn], totals[turn], effort.seconds, database)
    return totals


def _slice(subject: Subject, total: Total, seconds: float, database: int) -> None:
    server_before, database_before = cpu_seconds(subject.pid), cpu_seconds(database)
    answered = _loaded(subject, seconds, load.CONNECTIONS)
    total.server_cpu += cpu_seconds(subject.pid) - server_before
    total.database_cpu += cpu_seconds(database) - database_before
    total.seconds += answered.seconds
    total.latencies += answered.latencies


def _loaded(subject: Subject, seconds: float, connections: int) -> load.Answered:
    try:
        return asyncio.run(load.load(subject.port, subject.requests, seconds, connections))
    except load.BadAnswer as error:
        raise SystemExit(f"{subject.label}: the server refused: {error}") from error


def of_queries(
    queries: Sequence[Query], faces: list[Face], asked: Asked, effort: Effort, database: int
) -> dict[str, dict[str, Figures]]:
    """The figures by query and server."""
    pairs = [(query, face) for query in queries for face in faces if face.answers(query)]
    subjects = [
        Subject(f"{query.name} {face.name}", face.server.pid, face.server.port, face.requests(query, asked[query.name]))
        for query, face in pairs
    ]
    figures: dict[str, dict[str, Figures]] = defaultdict(dict)
    for (query, face), total in zip(pairs, measure(subjects, effort, database, tell), strict=True):
        figures[query.name][face.name] = total.figures()
    return figures


def tell(words: str) -> None:
    """Say on stderr how far it is: one line, written over."""
    before, after = ("\r\033[K", "") if sys.stderr.isatty() else ("", "\n")
    print(f"{before}{words}", end=after, file=sys.stderr, flush=True)
