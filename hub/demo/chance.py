"""Luck that is the same every time: streams of numbers, keys that grow with time, picks and shares."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as QuickUUID  # the driver's own: made and sent in half the time

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND, SECOND, HOUR, DAY = 1_000, 1_000_000, 3_600_000_000, 86_400_000_000
DECK = 1000


class Sheet(NamedTuple):
    """Rows for one table, as COPY takes them."""

    table: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def stream(seed: int, *name: object) -> random.Random:
    """The numbers of one part of the demo: no part depends on how many another one drew."""
    return random.Random("/".join(map(str, (seed, *name))))


def key(moment: int, chance: random.Random) -> UUID:
    """A UUID of version 7 for a moment in microseconds: milliseconds, their 4096th parts, 62 random bits."""
    stamp, rest = divmod(moment, MILLISECOND)
    high = stamp << 16 | 0x7000 | rest * 4096 // MILLISECOND
    return QuickUUID((high << 64 | 1 << 63 | chance.getrandbits(62)).to_bytes(16))


def when(moment: int) -> datetime:
    """A moment in microseconds as the driver wants it."""
    return EPOCH + timedelta(microseconds=moment)


def deck(weights: Mapping[T, float]) -> tuple[T, ...]:
    """Each thing as often as its weight says, in DECK places: a pick is one multiplication."""
    bounds = [round(DECK * sum_ / sum(weights.values())) for sum_ in accumulate(weights.values())]
    return tuple(
        thing for thing, start, end in zip(weights, [0, *bounds], bounds, strict=False) for _ in range(start, end)
    )


def shares(total: int, parts: int, chance: random.Random, *, least: int = 0) -> list[int]:
    """`total` in so many uneven parts of at least `least`: the largest is about four times the smallest."""
    weights = [0.4 + 1.2 * chance.random() for _ in range(parts)]
    scale = (total - least * parts) / sum(weights)
    bounds = [round(scale * sum_) for sum_ in accumulate(weights)]
    return [least + end - start for start, end in zip([0, *bounds], bounds, strict=False)]
