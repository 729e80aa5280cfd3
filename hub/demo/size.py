"""How large a demo is: every noun grows with the requests, and none gets too small to look like a city."""

from typing import NamedTuple

EVENTS_EACH = 3
MILLION = 1_000_000


class Size(NamedTuple):
    """How many rows of each noun."""

    grids: int
    organizations: int
    persons: int
    alliances: int
    members: int
    resources: int
    requests: int
    events: int


def of(requests: int) -> Size:
    """The size of a demo with so many requests."""

    def scaled(in_a_million: int, least: int) -> int:
        return max(least, (requests * in_a_million + MILLION // 2) // MILLION)

    return Size(
        grids=scaled(60_000, 60),
        organizations=scaled(30_000, 80),
        persons=scaled(100_000, 50),
        alliances=scaled(2_000, 2),
        members=scaled(30_000, 30),
        resources=scaled(100_000, 50),
        requests=requests,
        events=EVENTS_EACH * requests,
    )
