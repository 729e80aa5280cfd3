"""The truth behind the simulated Open311 endpoint: its service requests, and what happens to them."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

__all__ = ["BEGIN", "CHINA", "LATENESS", "SERVICES", "STEP", "City", "Report", "Service", "report"]

CHINA = timezone(timedelta(hours=8))
BEGIN = datetime(2026, 3, 2, 8, tzinfo=CHINA)
BATCH = BEGIN - timedelta(days=3)
"""Every sixth request came in this very second: a bulk import."""
STEP, LATENESS = timedelta(minutes=5), timedelta(minutes=8)
OLDEST_DAYS = 200
STREETS = ("民族街", "天骄路", "伊金霍洛街", "鄂尔多斯大街", "吉劳庆路", "宝日陶亥街", "龘苑路")
NOTES = ("已派人现场处理完毕。", "经核实，已修复。", "已责令整改，并将继续巡查。")
BAD = ("no number", "unknown word", "no place on earth")


@dataclass(frozen=True, slots=True)
class Service:
    """What people can ask for. `type` "batch": numbers are given later, a token at once."""

    service_code: str
    service_name: str
    group: str
    type: str
    agency: str
    detail: str


with Path(__file__).with_name("simulator_services.csv").open(encoding="utf-8", newline="") as rows:
    SERVICES = {row["service_code"]: Service(**row) for row in csv.DictReader(rows)}


@dataclass(frozen=True, slots=True)
class Report:
    """One service request in one version. With a `token` and no `number` it waits for one; a `bad` one is none."""

    index: int
    number: str
    service: Service
    description: str
    requested: datetime
    updated: datetime
    closed: bool
    notes: str
    address: str
    latitude: float | None
    longitude: float | None
    token: str = ""
    bad: str = ""

    def told(self) -> dict[str, Any]:
        """The row. Numbers come as text or as numbers, times in one zone, another, or none, empty fields as null."""
        spell = str if self.index % 2 else lambda number: number
        row: dict[str, Any] = {
            "service_request_id": self.number,
            "status": "closed" if self.closed else "open",
            "status_notes": self.notes or None,
            "service_name": self.service.service_name,
            "service_code": self.service.service_code,
            "description": self.description,
            "agency_responsible": self.service.agency,
            "service_notice": None,
            "requested_datetime": spelled(self.requested, self.index),
            "updated_datetime": spelled(self.updated, self.index),
            "expected_datetime": spelled(self.requested + timedelta(days=5), self.index),
            "address": self.address or None,
            "address_id": None,
            "zipcode": "017000",
            "lat": None if self.latitude is None else spell(self.latitude),
            "long": None if self.longitude is None else spell(self.longitude),
            "media_url": f"https://media.example.org/{self.number}.jpg" if self.index % 5 == 0 else None,
        }
        wrong: dict[str, dict[str, Any]] = {
            "no number": {"service_request_id": None},
            "unknown word": {"status": "lost in the post"},
            "no place on earth": {"lat": 390.8, "long": "109.99"},
        }
        return row | wrong.get(self.bad, {})


@dataclass
class City:
    """What the endpoint holds: requests by index, its list with duplicates and all, what was posted, and its clock."""

    seed: int
    reports: dict[int, Report] = field(default_factory=dict)
    rows: dict[str, Report] = field(default_factory=dict)
    updates: list[dict[str, str]] = field(default_factory=list)
    effects: list[dict[str, Any]] = field(default_factory=list)
    clock: datetime = BEGIN
    steps: int = 0

    def add(self, new: Report) -> None:
        """Take a request in; some stand in the list twice, some of these in a version out of date."""
        self.reports[new.index] = new
        name = f"{new.index:08d}"
        self.rows[name] = new
        if new.index % 25 == 3:
            self.rows[f"{name}-again"] = new
        if new.index % 25 == 7 and new.closed and f"{name}-earlier" not in self.rows:
            self.rows[f"{name}-earlier"] = replace(new, closed=False, notes="", updated=new.requested)

    def add_bad(self, count: int) -> None:
        """Rows that are no requests, one in a hundred."""
        for at in range(max(len(BAD), count // 100)):
            found = report(self.seed, 10**6 + at)
            self.rows[f"bad {at:04d}"] = replace(found, bad=BAD[at % len(BAD)])

    def take(self, form: Mapping[str, str]) -> Report:
        """A request that was posted."""
        index, service = len(self.reports), SERVICES[form["service_code"]]
        batch = service.type == "batch"
        new = Report(
            index=index,
            number="" if batch else number(self.clock, index),
            service=service,
            description=form.get("description", ""),
            requested=self.clock,
            updated=self.clock,
            closed=False,
            notes="",
            address=form.get("address_string", ""),
            latitude=float(form["lat"]) if form.get("lat") else None,
            longitude=float(form["long"]) if form.get("long") else None,
            token=f"t{self.seed}-{index}" if batch else "",
        )
        if batch:
            self.reports[index] = new
        else:
            self.add(new)
        self.effects.append({"what": "request", "index": index, "form": dict(form)})
        return new

    def take_update(self, form: Mapping[str, str]) -> str:
        """An update that was posted: its number."""
        known = next(one for one in self.reports.values() if one.number == form["service_request_id"])
        id = f"u{self.seed}-{len(self.updates)}"
        said = ("service_request_id", "status", "updated_datetime", "description")
        self.updates.append({"update_id": id, **{name: form[name] for name in said}})
        self.add(replace(known, closed=form["status"] == "CLOSED", notes=form["description"], updated=self.clock))
        self.effects.append({"what": "update", "index": known.index, "form": dict(form)})
        return id

    def advance(self) -> None:
        """Five minutes later: tokens have numbers, some requests are closed, two are new, one of these comes late."""
        self.steps += 1
        self.clock += STEP
        chance = Random(f"{self.seed}:step {self.steps}")
        for known in [one for one in self.reports.values() if not one.number]:
            self.add(replace(known, number=number(known.requested, known.index), updated=self.clock))
        open_ = [index for index, known in self.reports.items() if not known.closed]
        for index in chance.sample(open_, min(len(open_), max(1, len(self.reports) // 100))):
            when = self.clock - timedelta(seconds=chance.randrange(240))
            self.add(replace(self.reports[index], closed=True, notes=chance.choice(NOTES), updated=when))
        for when in (self.clock, self.clock - LATENESS):
            new = report(self.seed, len(self.reports))
            self.add(replace(new, requested=when, updated=when, closed=False, notes=""))

    def late(self, count: int) -> list[Report]:
        """New requests that turn up hours after they were made."""
        return [self.arrive(self.clock - timedelta(hours=at + 1)) for at in range(count)]

    def ties(self, count: int) -> list[Report]:
        """New requests in one and the same second."""
        self.clock += STEP
        return [self.arrive(self.clock) for _ in range(count)]

    def duplicates(self, count: int) -> list[Report]:
        """The latest requests are closed, and stand in the list twice more: as they are, and as they were."""
        self.clock += STEP
        open_ = [one for one in self.reports.values() if not one.closed and one.number]
        known = sorted(open_, key=lambda one: one.requested, reverse=True)[:count]
        for old in known:
            new = replace(old, closed=True, notes=NOTES[0], updated=self.clock)
            self.add(new)
            self.rows |= {f"{new.index:08d}-again": new, f"{new.index:08d}-earlier": old}
        return known

    def days(self, count: int) -> list[Report]:
        """So many days later, when one more comes in."""
        self.clock += timedelta(days=count)
        return [self.arrive(self.clock)]

    def arrive(self, when: datetime) -> Report:
        """A new request, made at that moment."""
        index = len(self.reports)
        new = replace(report(self.seed, index), number=number(when, index), requested=when, updated=when)
        new = replace(new, closed=False, notes="")
        self.add(new)
        return new

    def truth(self) -> dict[str, Any]:
        """What a hub must hold once it has read everything."""
        return {
            "request": {
                one.number: {
                    "status": "CLOSED" if one.closed else "RECEIVED",
                    "content": one.description,
                    "submitted_at": one.requested.isoformat(timespec="seconds"),
                }
                for one in self.reports.values()
                if one.number
            }
        }

    def stats(self) -> dict[str, Any]:
        """What it holds, and in how many rows."""
        known = [one for one in self.reports.values() if one.number]
        bad = sum(1 for one in self.rows.values() if one.bad)
        return {
            "requests": {one.number: "closed" if one.closed else "open" for one in known},
            "rows": len(self.rows),
            "bad_rows": bad,
            "duplicates": len(self.rows) - len(known) - bad,
            "waiting": len(self.reports) - len(known),
            "clock": self.clock.isoformat(),
        }


def report(seed: int, index: int) -> Report:
    """The request of this index: the same for the same seed, however many there are."""
    chance = Random(f"{seed}:{index}")
    requested = BEGIN - timedelta(days=4, seconds=chance.randrange((OLDEST_DAYS - 4) * 86400))
    requested = BATCH if index % 6 == 0 else requested
    closed = chance.random() < 0.6
    service = chance.choice(list(SERVICES.values()))
    address = f"{chance.choice(STREETS)}{chance.randrange(1, 200)}号"
    placed = chance.random() < 0.9
    return Report(
        index=index,
        number=number(requested, index),
        service=service,
        description=f"{address}附近{service.service_name}，{service.detail}。",
        requested=requested,
        updated=min(BEGIN, requested + timedelta(seconds=chance.randrange(20 * 86400))) if closed else requested,
        closed=closed,
        notes=chance.choice(NOTES) if closed else "",
        address=address,
        latitude=round(39.79 + chance.random() / 10, 6) if placed else None,
        longitude=round(109.95 + chance.random() / 10, 6) if placed else None,
    )


def number(requested: datetime, index: int) -> str:
    return f"{requested:%y}-{index:08d}"


def spelled(time: datetime, index: int) -> str:
    """The time in the zone of the city, in UTC, or in the city's without saying so."""
    there = time.astimezone(CHINA).replace(microsecond=0)
    if index % 3 == 1:
        return f"{there.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return there.replace(tzinfo=None).isoformat() if index % 3 == 2 else there.isoformat()
