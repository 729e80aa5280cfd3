"""What grows with the data: ten thousand requests against many, the first page against a far one."""

from itertools import repeat
from typing import Any

from tests.bench.faces import Asked, Face, named
from tests.bench.measure import Effort, Figures, Subject, measure, tell
from tests.bench.queries import PAGED

SMALL = 10_000
FAR_PAGE, PAGE, LARGEST_PAGE = 2000, 50, 200
COUNT = "{ requests(filter: {open: true}, first: 0) { totalCount } }"
ENDS = """query Ends($first: Int!, $after: String) { requests(filter: {open: true}, first: $first, after: $after) {
    pageInfo { endCursor }
} }"""


def ratios(few: Figures, many: Figures) -> dict[str, float]:
    """The second by the first."""

    def cpu(figures: Figures) -> float:
        return figures["server_us"] + figures["database_us"]

    return {"p50_ratio": many["p50_ms"] / few["p50_ms"], "cpu_ratio": cpu(many) / cpu(few)}


def sizes(small: tuple[Face, Asked], large: tuple[Face, Asked], effort: Effort, database: int) -> dict[str, Any]:
    """Q1 and Q2 of the hub over the small data and over the large."""
    found: dict[str, Any] = {"small_requests": SMALL}
    for name in ("Q1", "Q2"):
        subjects = [
            Subject(f"{name} {words}", face.server.pid, face.server.port, face.requests(named(name), asked[name]))
            for words, (face, asked) in (("of little data", small), ("of much data", large))
        ]
        few, many = (total.figures() for total in measure(subjects, effort, database, tell))
        found[name] = {"small": few, "large": many, **ratios(few, many)}
    return found


def pages(face: Face, effort: Effort, database: int) -> dict[str, Any]:
    """The first page of all open requests, and one far away, both with what Q2 selects."""
    (data,) = face.ask(face.post({"query": COUNT}))
    number = min(FAR_PAGE, data["requests"]["totalCount"] // PAGE)
    tell(f"walking to page {number:,}")
    cursors = (None, end_of((number - 1) * PAGE, face))
    subjects = [
        Subject(
            f"page {words}",
            face.server.pid,
            face.server.port,
            repeat(face.post({"query": PAGED, "variables": {"after": cursor}})),
        )
        for words, cursor in zip(("1", f"{number:,}"), cursors, strict=True)
    ]
    first, far = (total.figures() for total in measure(subjects, effort, database, tell))
    return {"number": number, "first": first, "far": far, **ratios(first, far)}


def end_of(rows: int, face: Face) -> str | None:
    """The cursor behind so many rows, walked to by the API."""
    after = None
    while rows:
        first = min(rows, LARGEST_PAGE)
        (data,) = face.ask(face.post({"query": ENDS, "variables": {"first": first, "after": after}}))
        after, rows = data["requests"]["pageInfo"]["endCursor"], rows - first
    return after
