"""The truth behind the simulated hotline: its orders, whole, before they are told in anybody's dialect."""

import csv
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random

__all__ = [
    "BEGIN",
    "DIALECTS",
    "WORDS",
    "Division",
    "Order",
    "Topic",
    "before",
    "chain",
    "moved",
    "next_status",
    "order",
    "rows",
]

CHINA = timezone(timedelta(hours=8))
BEGIN = datetime(2026, 3, 2, 8, tzinfo=CHINA)
BATCH = BEGIN - timedelta(days=3)
"""Every fourth order was touched in this very second: a bulk import."""

DIALECTS = ("taian", "orderlist", "wuye2024", "wuye2026", "fangshan", "wuxi", "shunde")
SHARES = (20, 22, 8, 8, 22, 15, 5)
PLACED = ("community", "street", "names", "street name", "nonsense")
PLACED_SHARES = (40, 5, 45, 7, 3)
SURNAMES = ("张", "王", "李", "赵", "乌", "白", "欧阳", "𠮷", "㐀", "龘")
GIVEN = ("文华", "秀英", "建国", "日娜", "雅诗", "㐂", "𠮷野", "龘龘", "苏雅拉", "布和")
ESTATES = ("民族小区", "㼆园小区", "伊金花园", "𬭊州佳苑", "鑫通家园", "天佐新城", "龘苑", "亿成国际")
DONE = ("HANDLED", "VERIFIED", "CALLBACK", "CLOSED")


@dataclass(frozen=True, slots=True)
class Division:
    """A street (9 digits) or a community (12 digits)."""

    code: str
    name: str
    parent: str


@dataclass(frozen=True, slots=True)
class Topic:
    """What people call about."""

    levels: tuple[str, ...]
    title: str
    detail: str
    department: str
    department_id: str


@dataclass(frozen=True, slots=True)
class Order:
    """One work order. What a dialect cannot say, its orders do not have."""

    index: int
    number: str
    dialect: str
    updated: datetime
    submitted: datetime
    due_days: int
    topics: tuple[Topic, ...]
    title: str
    content: str
    kind: str | None
    status: str | None
    urgency: str
    placed: str
    street: Division
    community: Division
    estate: str
    longitude: float
    latitude: float
    caller_name: str
    caller_phone: str
    confidential: bool
    solved: str
    satisfaction: str
    result: str = ""
    handled: datetime | None = None
    supervised: bool = False
    urged: int = 0
    merged_into: str = ""

    @property
    def done(self) -> bool:
        return self.status in DONE


def rows(name: str) -> list[dict[str, str]]:
    """The lines of a table beside this file."""
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_words() -> dict[tuple[str, str], dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for row in rows("simulator_words.csv"):
        found[row["dialect"], row["field"]][row["name"]] = row["word"]
    return found


DIVISIONS = {row["code"]: Division(**row) for row in rows("simulator_divisions.csv")}
COMMUNITIES = [division for code, division in DIVISIONS.items() if len(code) == 12]
TOPICS = [
    Topic(tuple(levels), title, detail, department, department_id)
    for *levels, title, detail, department, department_id in (row.values() for row in rows("simulator_topics.csv"))
]
WORDS = read_words()
"""(dialect, field) -> what a word is called in the hub -> the word; the statuses stand in the order of the chain.

The dialect "plain" is spoken where a dialect has no words of its own; the field "side" holds statuses off the chain,
and "more ..." words that only orders have which the hotline is told to hold.
"""


def chain(dialect: str) -> list[str]:
    return list(WORDS.get((dialect, "status"), ()))


def pick(chance: Random, dialect: str, field: str) -> str | None:
    names = list(WORDS.get((dialect, field), ()))
    return chance.choice(names) if names else None


def order(seed: int, index: int) -> Order:
    """The order of this index: the same for the same seed, however many there are."""
    chance = Random(f"{seed}:{index}")
    dialect = chance.choices(DIALECTS, SHARES)[0]
    submitted = BEGIN - timedelta(days=4, seconds=chance.randrange(90 * 86400))
    updated = BATCH if index % 4 == 0 else min(BEGIN, submitted + timedelta(seconds=chance.randrange(5 * 86400)))
    several = dialect in ("orderlist", "fangshan") and chance.random() < 0.06
    topics = tuple(chance.sample(TOPICS, chance.choice((2, 3)) if several else 1))
    community = chance.choice(COMMUNITIES)
    estate = chance.choice(ESTATES)
    name, phone = chance.choice(SURNAMES) + chance.choice(GIVEN), f"199{chance.randrange(10**8):08d}"
    title = f"{estate}{topics[0].title}"
    status = pick(chance, dialect, "status")
    return Order(
        index=index,
        number=f"{submitted:%y%m%d}{index:012d}",
        dialect=dialect,
        updated=updated,
        submitted=submitted,
        due_days=chance.choice((1, 3, 5, 13)),
        topics=topics,
        title=title,
        content=content(chance, dialect, f"{title}。", topics, name, phone),
        kind=pick(chance, dialect, "kind"),
        status=status,
        urgency=pick(chance, dialect, "urgency") or "NORMAL",
        placed=chance.choices(PLACED, PLACED_SHARES)[0],
        street=DIVISIONS[community.parent],
        community=community,
        estate=estate,
        longitude=round(109.95 + chance.random() / 10, 6),
        latitude=round(39.79 + chance.random() / 10, 6),
        caller_name=name,
        caller_phone=phone,
        confidential=chance.random() < 0.6,
        solved=pick(chance, dialect, "solved") or "",
        satisfaction=pick(chance, dialect, "satisfaction") or "",
    )


def content(chance: Random, dialect: str, opening: str, topics: tuple[Topic, ...], name: str, phone: str) -> str:
    """What was said; sometimes very long, sometimes with the caller's name and number in the middle of it."""
    said = opening + "".join(f"{topic.detail}。" for topic in topics)
    if dialect == "orderlist" and chance.random() < 0.3:
        spaced = f"{phone[:3]}-{phone[3:7]}-{phone[7:]}" if chance.random() < 0.5 else phone
        said += f"来电人{name}（电话{spaced}）要求回复。"
    return said * 120 if chance.random() < 0.01 else said


def next_status(order: Order) -> str | None:
    """What comes after the order's status in its dialect's chain, if anything does."""
    steps = chain(order.dialect)
    if order.status not in steps[:-1]:
        return None
    return steps[steps.index(order.status) + 1]


def moved(order: Order, status: str | None, updated: datetime) -> Order:
    """The order in a later version."""
    return replace(order, status=status, updated=updated)


def before(order: Order) -> Order:
    """The order in an earlier version, for a duplicate that is out of date."""
    steps = chain(order.dialect)
    status = steps[max(0, steps.index(order.status) - 1)] if order.status is not None else None
    return replace(order, status=status, updated=order.updated - timedelta(hours=7))
