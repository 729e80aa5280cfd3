"""What the simulated hotline holds, and how time passes there."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from plugins.hotline12345.simulated_orders import BEGIN, Order, before, moved, next_status, order
from plugins.hotline12345.simulated_rows import tell
from plugins.hotline12345.simulated_submissions import Effect, Waiting, decided

__all__ = ["LATENESS", "Fault", "Hotline", "Position", "stamp"]

STEP = timedelta(minutes=5)
LATENESS = timedelta(minutes=8)
BAD_BEGINS = 10**9
SPELLINGS = ("{}", "12345{}", "SH{}", "12345-{}", " {} ")

Position = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the list: an order in one version and one spelling of its number, or (`bad`) a row that is none."""

    order: Order
    spelling: str = "{}"
    bad: str = ""

    def told(self) -> dict[str, Any]:
        number = self.spelling.format(self.order.number)
        if self.bad == "no number":
            return tell(self.order, "" if self.order.index % 2 else None)
        if self.bad == "rounded number":
            return tell(self.order, f"{float(self.order.number):.5E}")
        told = tell(self.order, number)
        return told | {"工单状态": "已转交火星"} if self.bad == "unknown word" else told


@dataclass
class Fault:
    """A misbehaviour that the next `times` answers show."""

    kind: str
    times: int = 1
    retry_after: float | str | None = None


@dataclass
class Hotline:
    """What the hotline holds: the orders, the list in the order of (updated, row), and its clock."""

    seed: int
    orders: dict[int, Order] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    feed: list[Position] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    clock: datetime = BEGIN
    steps: int = 0
    effects: dict[str, Effect] = field(default_factory=dict)
    waiting: list[Waiting] = field(default_factory=list)
    messages: int = 0
    code: str = "12345"
    prefix: str = ""
    numbers: dict[str, int] = field(default_factory=dict)

    def known(self, number: str) -> Order | None:
        """The order of this number: of those that it was told to hold, or of its own, which hold their index."""
        own = int(number[6:]) if number.isdecimal() and len(number) == 18 else -1
        found = self.orders.get(self.numbers.get(number, own))
        return found if found is not None and found.number == number else None

    def put(self, name: str, row: Row) -> None:
        """Show this row under this name, instead of what stood there."""
        old = self.rows.get(name)
        if old is not None:
            del self.feed[bisect_left(self.feed, (stamp(old.order.updated), name))]
        self.rows[name] = row
        insort(self.feed, (stamp(row.order.updated), name))

    def add(self, new: Order) -> None:
        """Take an order in, with the duplicates that come with some."""
        self.orders[new.index] = new
        name = f"{new.index:010d}"
        spelling = SPELLINGS[new.index % 7] if new.index % 7 < len(SPELLINGS) else "{}"
        self.put(name, Row(new, spelling.replace("12345", self.code)))
        if new.index % 25 == 3:
            self.put(f"{name}-again", Row(new, SPELLINGS[new.index % 3].replace("12345", self.code)))
        if new.index % 25 == 7 and new.updated < BEGIN:
            self.put(f"{name}-earlier", Row(before(new), "SH{}"))

    def add_bad(self, count: int) -> None:
        """Rows that are no orders: one in a hundred without a number, some with other faults."""
        bad = ["no number"] * max(1, count // 100) + ["rounded number"] * max(1, count // 200)
        for at, fault in enumerate(bad + ["unknown word"] * max(1, count // 250)):
            index = BAD_BEGINS + at * 1000
            while (found := order(self.seed, index)).dialect != "fangshan" and fault == "unknown word":
                index += 1
            self.put(f"{index:010d}", Row(found, bad=fault))

    def advance(self) -> None:
        """Five minutes later: some orders moved on, two are new, and one of these comes late."""
        self.steps += 1
        self.clock += STEP
        for one in self.waiting:
            self.add(decided(self.seed, one, self.orders[one.index], self.clock))
        settled = {one.index for one in self.waiting}
        self.waiting.clear()
        chance = Random(f"{self.seed}:step {self.steps}")
        open_ = [index for index, known in self.orders.items() if next_status(known) and index not in settled]
        for index in chance.sample(open_, min(len(open_), max(1, len(self.orders) // 100))):
            known = self.orders[index]
            self.add(moved(known, next_status(known), self.clock - timedelta(seconds=chance.randrange(240))))
        first = len(self.orders)
        for index, updated in ((first, self.clock), (first + 1, self.clock - LATENESS)):
            new = order(self.seed, index)
            self.add(moved(new, new.status, updated))

    def take(self, effect: Effect, told: Order, waiting: Waiting | None) -> None:
        """Keep what was submitted, and the order as it stands since."""
        self.effects[effect.token] = effect
        self.add(moved(told, told.status, self.clock))
        if waiting is not None:
            self.waiting.append(waiting)

    def key(self, known: Order) -> str:
        """What a hub calls the order, by the settings that are made for this hotline."""
        return f"{self.prefix}{known.number}"

    def truth(self) -> dict[str, Any]:
        """What a hub must hold once it has read everything. What no row says is left out."""
        held = {}
        for known in self.orders.values():
            said = {"title": known.title, "status": known.status, "kind": known.kind}
            held[self.key(known)] = {name: value for name, value in said.items() if value is not None}
        return {"request": held}

    def standing(self) -> dict[str, Any]:
        """Every order as it stands, in the hub's words, and what waits for a decision."""
        held = {
            known.number: {
                "dialect": known.dialect,
                "status": known.status,
                "result": known.result,
                "solved": known.solved if known.done else "",
                "satisfaction": known.satisfaction if known.done else "",
                "due": stamp(known.submitted + timedelta(days=known.due_days)),
                "urged": known.urged,
                "supervised": known.supervised,
                "updated": stamp(known.updated),
            }
            for known in self.orders.values()
        }
        return {"orders": held, "waiting": [one.what for one in self.waiting], "clock": stamp(self.clock)}

    def late(self, count: int) -> list[Order]:
        """New orders that turn up minutes after their last update."""
        return [self.arrive(self.clock - LATENESS - timedelta(seconds=at)) for at in range(count)]

    def ties(self, count: int) -> list[Order]:
        """New orders in one and the same second."""
        self.clock += STEP
        return [self.arrive(self.clock) for _ in range(count)]

    def duplicates(self, count: int) -> list[Order]:
        """Orders that move on and stand in the list twice more: as they are, and as they were."""
        self.clock += STEP
        moving = [known for known in self.orders.values() if next_status(known)][:count]
        for known in (moved(known, next_status(known), self.clock) for known in moving):
            self.add(known)
            self.put(f"{known.index:010d}-again", Row(known, "12345-{}"))
            self.put(f"{known.index:010d}-earlier", Row(before(known), "SH{}"))
        return moving

    def days(self, count: int) -> list[Order]:
        """So many days later, when one more comes in."""
        self.clock += timedelta(days=count)
        return [self.arrive(self.clock)]

    def arrive(self, updated: datetime) -> Order:
        new = order(self.seed, len(self.orders))
        self.add(moved(new, new.status, updated))
        return new

    def take_fault(self) -> Fault | None:
        if not self.faults:
            return None
        fault = self.faults[0]
        fault.times -= 1
        if fault.times <= 0:
            self.faults.pop(0)
        return fault

    def stats(self) -> dict[str, Any]:
        """The truth: what a hub must hold once it has read everything. "none": the rows do not say."""
        bad = Counter(row.bad for row in self.rows.values() if row.bad)
        known = self.orders.values()
        return {
            "orders": len(known),
            "rows": len(self.feed),
            "duplicates": len(self.feed) - len(known) - bad.total(),
            "bad_rows": bad.total(),
            "bad": dict(sorted(bad.items())),
            "by_status": counted(told.status or "none" for told in known),
            "by_kind": counted(told.kind or "none" for told in known),
            "by_street": counted(street(told) for told in known),
            "by_dialect": counted(told.dialect for told in known),
            "clock": stamp(self.clock),
        }


def counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def street(order: Order) -> str:
    """The code of the street that the order's row names, or "none"."""
    return "none" if order.placed == "nonsense" or order.dialect == "shunde" else order.street.code


def stamp(time: datetime) -> str:
    return time.isoformat(timespec="seconds")
