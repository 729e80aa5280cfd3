"""How much two requests are alike (相似度): by place, category, time and text, each with its reason in words.

Texts are compared by pairs of characters, which is what short Chinese texts have in common; where PostgreSQL's pg_trgm
is there and takes Chinese characters for letters, by its trigrams as well, and the larger of the two counts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt
from types import MappingProxyType
from uuid import UUID

from hub.models import Term
from hub.services.catalogue import parts

WINDOW = timedelta(days=30)
NEAR = 300.0
"""Metres."""
LEAST, LEAST_TEXT = 0.5, 0.2
EARTH = 6_371_000.0
LONGEST = 400


class ReasonKind(Term):
    """In which way two requests are alike (相似方面)."""

    PLACE = "The place (地点)."
    CATEGORY = "The category (分类)."
    TIME = "The time (时间)."
    TEXT = "The words (文字)."


WEIGHTS: Mapping[ReasonKind, float] = MappingProxyType(
    {ReasonKind.PLACE: 0.35, ReasonKind.CATEGORY: 0.15, ReasonKind.TIME: 0.1, ReasonKind.TEXT: 0.4}
)


@dataclass(frozen=True, slots=True)
class Said:
    """What is compared of a request, whether it is one already or not yet. `grid`: the name of its grid."""

    title: str
    at: datetime
    content: str | None = None
    category: str | None = None
    grid_id: UUID | None = None
    grid: str | None = None
    place: str | None = None
    longitude: float | None = None
    latitude: float | None = None

    @property
    def text(self) -> str:
        """Its words, as far as they are compared."""
        return f"{self.title} {(self.content or '')[:LONGEST]}"


@dataclass(frozen=True, slots=True)
class Reason:
    """One way in which they are alike, from 0 to 1."""

    kind: ReasonKind
    words: str
    score: float


def compared(one: Said, other: Said, trigrams: float | None) -> tuple[float, list[Reason]] | None:
    """How much they are alike, and why; None if too little. `trigrams`: what pg_trgm says of their texts, if it is
    asked."""
    reasons = list(_reasons(one, other, trigrams))
    found = {reason.kind: reason.score for reason in reasons}
    score = sum(WEIGHTS[kind] * value for kind, value in found.items())
    if score < LEAST or found.get(ReasonKind.TEXT, 0) < LEAST_TEXT or ReasonKind.PLACE not in found:
        return None
    return round(score, 3), reasons


def _reasons(one: Said, other: Said, trigrams: float | None) -> Iterator[Reason]:
    for found in (_place(one, other), _category(one, other), _time(one, other), _text(one, other, trigrams)):
        if found is not None and found.score > 0:
            yield found


def _place(one: Said, other: Said) -> Reason | None:
    """The nearest of what is known: metres, then words, then the grid."""
    metres = distance(one, other)
    if metres is not None and metres <= NEAR:
        return Reason(ReasonKind.PLACE, f"相距 {metres:.0f} 米", round(1 - metres / NEAR / 2, 3))
    if one.place and other.place and (alike := pairs_alike(one.place, other.place)) >= 0.5:
        return Reason(ReasonKind.PLACE, f"地点相近：{other.place}", round(alike, 3))
    if one.grid_id is not None and one.grid_id == other.grid_id:
        return Reason(
            ReasonKind.PLACE, f"同一网格：{one.grid}" if one.grid else "同一网格", 0.6 if metres is None else 0.3
        )
    return None


def distance(one: Said, other: Said) -> float | None:
    """Metres between them; None where one of them has no coordinates."""
    if one.longitude is None or one.latitude is None or other.longitude is None or other.latitude is None:
        return None
    here, there = radians(one.latitude), radians(other.latitude)
    across = radians(other.longitude - one.longitude)
    half = sin((there - here) / 2) ** 2 + cos(here) * cos(there) * sin(across / 2) ** 2
    return 2 * EARTH * asin(min(1.0, sqrt(half)))


def _category(one: Said, other: Said) -> Reason | None:
    mine, theirs = parts(one.category), parts(other.category)
    shared = 0
    while shared < min(len(mine), len(theirs)) and mine[shared] == theirs[shared]:
        shared += 1
    if not shared:
        return None
    score = round(shared / max(len(mine), len(theirs)), 3)
    return Reason(ReasonKind.CATEGORY, f"分类同属 {'/'.join(mine[:shared])}", score)


def _time(one: Said, other: Said) -> Reason | None:
    apart = abs(one.at - other.at)
    words = f"相隔 {apart.days} 天" if apart.days else "相隔不到一天"
    return Reason(ReasonKind.TIME, words, round(max(0.0, 1 - apart / WINDOW), 3))


def _text(one: Said, other: Said, trigrams: float | None) -> Reason:
    alike = max(pairs_alike(one.title, other.title), pairs_alike(one.text, other.text), _held(one, other))
    if trigrams is not None and trigrams > alike:
        return Reason(ReasonKind.TEXT, f"文字相近 {trigrams:.0%}（三字组，pg_trgm）", round(trigrams, 3))
    how = "二字组" if trigrams is not None else "二字组；数据库没有可用的 pg_trgm"
    return Reason(ReasonKind.TEXT, f"文字相近 {alike:.0%}（{how}）", round(alike, 3))


@lru_cache(2048)
def pairs(text: str) -> frozenset[str]:
    """The pairs of neighbouring letters, digits and Chinese characters."""
    plain = "".join(sign if sign.isalnum() else " " for sign in text.casefold())
    return frozenset(word[at : at + 2] for word in plain.split() for at in range(max(1, len(word) - 1)))


def pairs_alike(one: str, other: str) -> float:
    """Dice's coefficient of their pairs."""
    mine, theirs = pairs(one), pairs(other)
    return 2 * len(mine & theirs) / (len(mine) + len(theirs)) if mine and theirs else 0.0


def _held(one: Said, other: Said) -> float:
    """How much of the shorter title stands in the words of the other; less than that they are equal."""
    short, long = sorted((one, other), key=lambda said: len(said.title))
    title = pairs(short.title)
    return 0.8 * len(title & pairs(long.text)) / len(title) if len(title) > 2 else 0.0
