"""What the simulated registry holds: its tables in the order of their last update, its clock, and what it was told."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from plugins.volunteers import simulated
from plugins.volunteers.dialect import STREAMS
from plugins.volunteers.simulated import BEGIN, Person, Row, stamp

__all__ = ["Feed", "Registry", "Unacceptable"]

STEP, LATENESS = timedelta(minutes=5), timedelta(minutes=8)
EACH = 2
COPIES = ("-bad", "-again", "-earlier")


class Unacceptable(Exception):
    """What the registry says no to: a status and its words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass
class Feed:
    """One table: rows by name, and their names in the order of (updated, name)."""

    rows: dict[str, Row] = field(default_factory=dict)
    order: list[tuple[str, str]] = field(default_factory=list)

    def put(self, name: str, row: Row) -> None:
        """Show this row under this name, instead of what stood there."""
        if (old := self.rows.get(name)) is not None:
            del self.order[bisect_left(self.order, (old["updated_at"], name))]
        self.rows[name] = row
        insort(self.order, (row["updated_at"], name))

    def change(self, name: str, at: datetime, **new: Any) -> None:
        self.put(name, {**self.rows[name], **new, "updated_at": stamp(at)})


@dataclass
class Registry:
    """The people behind the tables, the tables, and every write that had an effect."""

    seed: int
    people: dict[int, Person] = field(default_factory=dict)
    tables: dict[str, Feed] = field(default_factory=lambda: {stream: Feed() for stream in STREAMS})
    sizes: dict[str, int] = field(default_factory=dict)
    clock: datetime = BEGIN
    steps: int = 0
    effects: list[dict[str, Any]] = field(default_factory=list)
    answered: dict[str, str] = field(default_factory=dict)

    def fill(self, people: int) -> None:
        self.sizes = {"teams": simulated.teams(people), "projects": people // 20 + 1}
        for index in range(self.sizes["teams"]):
            row = simulated.team(self.seed, index)
            self.tables["teams"].put(row["team_no"], row)
        for index in range(self.sizes["projects"]):
            row = simulated.project(self.seed, index, self.sizes["teams"])
            self.tables["projects"].put(row["project_no"], row)
        for index in range(people):
            self.add(simulated.person(self.seed, index))

    def add(self, who: Person) -> None:
        """Take somebody in, with a team, a turn, and hours; some rows stand there twice, the older one first.

        Rows of people who come later were touched when they came.
        """
        came = {"updated_at": stamp(who.updated)} if self.steps else {}
        self.people[who.index], name = who, f"{who.index:08d}"
        self.tables["volunteers"].put(name, simulated.volunteer(who))
        if who.index % 25 == 3:
            earlier = {**simulated.volunteer(who), "area": "", "updated_at": stamp(who.updated - timedelta(hours=7))}
            self.tables["volunteers"].put(f"{name}-earlier", earlier)
        self.tables["memberships"].put(name, simulated.membership(self.seed, who, self.sizes["teams"]) | came)
        if who.index % 2 == 0:
            self.tables["shifts"].put(name, simulated.shift(self.seed, who, self.sizes["projects"]) | came)
        for at in range(EACH):
            row = simulated.hours(self.seed, who, at, self.sizes) | came
            self.tables["hours"].put(f"{name}-{at}", row)
        if who.index % 50 == 1:
            self.tables["hours"].put(f"{name}-bad", {**row, "record_no": None})
        if who.index % 50 == 2:
            self.tables["hours"].put(
                f"{name}-bad", {**row, "record_no": f"{row['record_no']}X", "record_method": "手环"}
            )

    def advance(self) -> None:
        """Five minutes later: notices end, disputes are raised and resolved, somebody is new, somebody withdraws."""
        self.steps += 1
        self.clock += STEP
        chance = Random(f"{self.seed}:step {self.steps}")
        hours = self.tables["hours"]
        for name in chance.sample(sorted(hours.rows), min(len(hours.rows), 6)):
            hours.change(name, self.clock - timedelta(seconds=chance.randrange(240)), **self._next(hours.rows[name]))
        leaving = self.people[chance.randrange(len(self.people))]
        self._again(replace(leaving, consent=False, updated=self.clock))
        numbered = next((who for who in self.people.values() if who.number is None and not who.in_disguise), None)
        if numbered is not None:
            self._again(replace(numbered, number=f"15060200{numbered.index:08d}", updated=self.clock))
        self.add(replace(simulated.person(self.seed, len(self.people)), updated=self.clock - LATENESS))

    def _again(self, who: Person) -> None:
        """The same person in a later version: the tables that name them say so too."""
        self.people[who.index], name = who, f"{who.index:08d}"
        self.tables["volunteers"].put(name, simulated.volunteer(who))
        for stream in ("memberships", "shifts", "hours"):
            for row in (name, *(f"{name}-{at}" for at in range(EACH))):
                if row in self.tables[stream].rows:
                    self.tables[stream].change(row, who.updated, **simulated.called(who))

    def _next(self, row: Row) -> Row:
        """What becomes of hours next."""
        if row["status"] == "公示中":
            return {"status": "有异议", "dispute": "时长与签到不符", "disputed_at": stamp(self.clock)}
        if row["status"] == "有异议":
            return {"status": "已确认", "resolution": "经核实无误", "resolved_at": stamp(self.clock)}
        return {"status": "公示中", "notice_from": f"{self.clock:%Y-%m-%d}"} if row["status"] == "草稿" else {}

    def take(self, body: Row, key: str, number: str | None) -> str:
        """Hours that somebody tells the registry: a new record, or a later version of one. Raises Unacceptable."""
        if key in self.answered:
            return self.answered[key]
        if body.get("volunteer_no") not in {who.number for who in self.people.values() if who.number is not None}:
            raise Unacceptable(422, "没有该志愿者编号")
        if not isinstance(body.get("hours"), (int, float)) or not 0 < body["hours"] <= 24:
            raise Unacceptable(422, f"服务时长应大于 0 且不超过 24 小时（志愿者 {body['volunteer_no']}）")
        hours = self.tables["hours"]
        if number is not None and self._name(number) is None:
            raise Unacceptable(404, f"没有编号为 {number} 的记录")
        if number is None and any(row["reference"] == body["reference"] for row in hours.rows.values()):
            raise Unacceptable(409, f"外部编号 {body['reference']} 已登记")
        name = (number and self._name(number)) or f"~{len(self.effects):06d}"
        found = number or f"R{len(self.effects):06d}"
        old = hours.rows.get(name, {"volunteer_name": None, "id_number": None})
        hours.put(name, {**old, **body, "record_no": found, "updated_at": stamp(self.clock)})
        self.effects.append({"record_no": found, "new": number is None, "key": key, "body": body})
        self.answered[key] = found
        return found

    def _name(self, number: str) -> str | None:
        return next((name for name, row in self.tables["hours"].rows.items() if row["record_no"] == number), None)

    def numbers(self) -> Iterator[str]:
        """Every ID number, and every one as it is written somewhere."""
        for who in self.people.values():
            yield from {who.id_number, who.said}

    def late(self, count: int) -> list[Person]:
        """People who turn up minutes after their last update."""
        return [self.arrive(self.clock - LATENESS - timedelta(seconds=at)) for at in range(count)]

    def ties(self, count: int) -> list[Person]:
        """People who come in one and the same second."""
        self.clock += STEP
        return [self.arrive(self.clock) for _ in range(count)]

    def duplicates(self, count: int) -> list[str]:
        """Hours that are withdrawn and stand in the table twice more: as they are, and as they were."""
        self.clock += STEP
        hours = self.tables["hours"]
        known = [name for name, row in hours.rows.items() if row["record_no"] and not name.endswith("-bad")][:count]
        for name in known:
            old = hours.rows[name]
            hours.change(name, self.clock, status="已撤销")
            hours.put(f"{name}-again", hours.rows[name])
            hours.put(f"{name}-earlier", old)
        return [hours.rows[name]["record_no"] for name in known]

    def days(self, count: int) -> list[Person]:
        """So many days later, when somebody new comes."""
        self.clock += timedelta(days=count)
        return [self.arrive(self.clock)]

    def arrive(self, updated: datetime) -> Person:
        self.steps += 1
        who = replace(simulated.person(self.seed, len(self.people)), updated=updated)
        self.add(who)
        return who

    def stats(self) -> dict[str, Any]:
        """How much of what a hub must hold once it has read everything."""
        taken = {f"{who.index:08d}" for who in self.people.values() if who.taken}
        good = [row for name, row in self._hours() if name[:8] in taken or name[0] == "~"]
        projects = self.tables["projects"].rows.values()
        shifts = self.tables["shifts"].rows.items()
        return {
            "teams": len(self.tables["teams"].rows),
            "persons": len(taken),
            "without_consent": sum(not who.consent for who in self.people.values()),
            "minors_not_taken": sum(who.minor and who.guardian != "是" for who in self.people.values()),
            "wrong_numbers": sum(who.wrong for who in self.people.values()),
            "posts": sum(name in taken for name in self.tables["memberships"].rows),
            "activities": sum(row["status"] != "已取消" for row in projects),
            "shifts": sum(name in taken and row["status"] == "已加入" for name, row in shifts),
            "service_records": len(good),
            "by_method": dict(sorted(Counter(row["record_method"] for row in good).items())),
            "by_status": dict(sorted(Counter(row["status"] for row in good).items())),
            "rows": {stream: len(feed.rows) for stream, feed in self.tables.items()},
            "clock": stamp(self.clock),
        }

    def _hours(self) -> Iterator[tuple[str, Row]]:
        yield from ((name, row) for name, row in self.tables["hours"].rows.items() if not name.endswith(COPIES))
