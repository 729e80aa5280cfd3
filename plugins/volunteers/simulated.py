"""The truth behind the simulated registry: its people, teams, projects and hours, and how it tells them.

Every ID number is invented and shows it: it begins with 99, and there is no province 99. Its check digit is right by
GB 11643, so that it passes every check that real ones pass. Names and numbers follow from the seed alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

from plugins.volunteers.identity import check_digit

__all__ = [
    "BEGIN",
    "Person",
    "hours",
    "membership",
    "person",
    "project",
    "shift",
    "stamp",
    "team",
    "teams",
    "volunteer",
]

CHINA = timezone(timedelta(hours=8))
BEGIN = datetime(2026, 3, 2, 8, tzinfo=CHINA)
BATCH = BEGIN - timedelta(days=3)
"""Every fourth row was touched in this very second: a bulk import."""

SURNAMES = ("张", "王", "李", "赵", "乌", "白", "欧阳", "𠮷", "㐀", "龘")
GIVEN = ("文华", "秀英", "建国", "日娜", "雅诗", "㐂", "𠮷野", "龘龘", "苏雅拉", "布和")
AREAS = ("150602001001", "150602001002", "150602002001", "150602001", "")
CAUSES = ("敬老助残", "文明交通", "环境保护", "社区服务", "应急救援", "阳光助学")
METHODS = ("团体录入", "个人申报", "时长码", "手机计时", "自动计时")
STATUSES = ("公示中", "已确认", "已确认", "已确认", "有异议", "已撤销", "草稿")
SHOWN_NUMBERS, SPACED, OLD, IN_DISGUISE, UNNUMBERED, WRONG = 41, 13, 11, 29, 9, 97
MINORS, WITHOUT_CONSENT = 50, 60

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is. `number`: the unified one, where there is one yet; `said`: the ID number as it is written."""

    index: int
    name: str
    id_number: str
    said: str
    number: str | None
    area: str
    minor: bool
    guardian: str
    consent: bool
    wrong: bool
    updated: datetime

    @property
    def taken(self) -> bool:
        """Whether a hub may hold this person."""
        return self.consent and not self.wrong and not (self.minor and self.guardian != "是")

    @property
    def in_disguise(self) -> bool:
        """Whether the ID number stands where the unified number should."""
        return self.index % IN_DISGUISE == 5


def stamp(time: datetime) -> str:
    return time.isoformat(timespec="seconds")


def updated(index: int, chance: Random) -> datetime:
    return BATCH if index % 4 == 0 else BEGIN - timedelta(seconds=chance.randrange(90 * 86_400))


def teams(people: int) -> int:
    """How many teams so many people make."""
    return people // 60 + 2


def person(seed: int, index: int) -> Person:
    """The person of this index: the same for the same seed, however many there are."""
    chance = Random(f"{seed}:person:{index}")
    minor = index % MINORS == 7
    born = datetime(chance.randrange(2015, 2019) if minor else chance.randrange(1950, 2000), 1, 1)
    born += timedelta(days=chance.randrange(365))
    first = f"99{chance.randrange(10**4):04d}{born:%Y%m%d}{chance.randrange(1000):03d}"
    number = first + check_digit(first)
    return Person(
        index=index,
        name=chance.choice(SURNAMES) + chance.choice(GIVEN),
        id_number=number,
        said=written(number, index, minor=minor),
        number=None if index % UNNUMBERED == 2 else f"15060200{index:08d}",
        area=chance.choice(AREAS),
        minor=minor,
        guardian=("是" if index % (2 * MINORS) == 7 else chance.choice(("否", ""))) if minor else "",
        consent=index % WITHOUT_CONSENT != 11,
        wrong=index % WRONG == 8 and index % IN_DISGUISE != 5,
        updated=updated(index, chance),
    )


def written(number: str, index: int, *, minor: bool) -> str:
    """The ID number as people write it: spaced, in wide digits, in lower case, the old one of 15 digits, or wrong."""
    if index % WRONG == 8:
        return number[:17] + ("1" if number[17] != "1" else "2")
    if index % OLD == 3 and not minor:
        return number[:6] + number[8:17]
    if index % SPACED == 4:
        return f"{number[:6]} {number[6:14]}-{number[14:]}".lower()
    return number.translate({ord(str(digit)): 0xFF10 + digit for digit in range(10)}) if index % 17 == 6 else number


def called(who: Person) -> Row:
    """How other tables name somebody: by the unified number, or else by the ID number."""
    if who.in_disguise:
        return {"volunteer_no": who.id_number, "id_number": None}
    return {"volunteer_no": who.number, "id_number": None if who.number else who.said}


def volunteer(who: Person) -> Row:
    """The row of the volunteers' table, with much that nobody needs."""
    unasked = {"phone": f"199{who.index:08d}", "gender": "女" if int(who.id_number[16]) % 2 == 0 else "男"}
    return {
        "volunteer_no": who.id_number if who.in_disguise else who.number,
        "id_number": None if who.in_disguise else who.said,
        "name": f"{who.name}{who.id_number}" if who.index % 101 == 12 else who.name,
        "area": who.area,
        "consent": "是" if who.consent else "否",
        "guardian_consent": who.guardian,
        "status": "正常",
        **unasked,
        "updated_at": stamp(who.updated),
    }


def team(seed: int, index: int) -> Row:
    chance = Random(f"{seed}:team:{index}")
    return {
        "team_no": f"T{index:05d}",
        "name": f"{chance.choice(SURNAMES)}家巷{chance.choice(CAUSES)}志愿服务队{index}",
        "parent_team_no": f"T{index // 5:05d}" if index else None,
        "area": chance.choice(AREAS[:4]) if index % 3 else "交通街道/林荫社区",
        "description": "" if index % 2 else "平日轮值，周末集中服务。",
        "status": "正常",
        "updated_at": stamp(updated(index, chance)),
    }


def membership(seed: int, who: Person, among: int) -> Row:
    chance = Random(f"{seed}:membership:{who.index}")
    return {
        "membership_no": f"M{who.index:08d}",
        "team_no": f"T{who.index % among:05d}",
        **called(who),
        "volunteer_name": who.name,
        "position": "队长" if who.index < among else "队员",
        "joined_on": f"{BEGIN - timedelta(days=chance.randrange(30, 900)):%Y-%m-%d}",
        "left_on": None,
        "area": who.area,
        "status": "在册",
        "updated_at": stamp(updated(who.index, chance)),
    }


def project(seed: int, index: int, among: int) -> Row:
    chance = Random(f"{seed}:project:{index}")
    starts = BEGIN - timedelta(days=chance.randrange(-20, 80))
    cause = chance.choice(CAUSES)
    return {
        "project_no": f"P{index:06d}",
        "title": f"{cause}第{index}期",
        "service_type": cause,
        "team_no": f"T{index % among:05d}",
        "area": chance.choice(AREAS[:4]),
        "starts_at": stamp(starts),
        "ends_at": stamp(starts + timedelta(hours=3)),
        "participants": chance.randrange(5, 40),
        "status": "已取消" if index % 20 == 19 else "进行中",
        "updated_at": stamp(updated(index, chance)),
    }


def shift(seed: int, who: Person, projects: int) -> Row:
    chance = Random(f"{seed}:shift:{who.index}")
    starts = BEGIN + timedelta(days=chance.randrange(-30, 20))
    return {
        "shift_no": f"S{who.index:08d}",
        "project_no": f"P{who.index % projects // 20 * 20:06d}",  # never one that was called off
        **called(who),
        "volunteer_name": who.name,
        "starts_at": stamp(starts),
        "ends_at": stamp(starts + timedelta(hours=2)),
        "attended": "是" if starts < BEGIN else "",
        "status": "已拒绝" if who.index % 30 == 14 else "已加入",
        "updated_at": stamp(updated(who.index, chance)),
    }


def hours(seed: int, who: Person, at: int, sizes: Mapping[str, int]) -> Row:
    """The hours number `at` of somebody: on notice, disputed or confirmed, by one of the five ways."""
    chance = Random(f"{seed}:hours:{who.index}:{at}")
    started = BEGIN - timedelta(days=chance.randrange(1, 200), minutes=chance.randrange(600))
    status, cause = chance.choice(STATUSES), chance.choice(CAUSES)
    noticed, disputed = status not in ("草稿",), status == "有异议"
    shown = f"，本人证件{who.id_number}，电话199{who.index:08d}" if who.index % SHOWN_NUMBERS == 9 else ""
    return {
        "record_no": f"H{who.index:08d}{at:02d}",
        **called(who),
        "volunteer_name": who.name,
        "team_no": f"T{who.index % sizes['teams']:05d}",
        "project_no": f"P{who.index % sizes['projects'] // 20 * 20:06d}",
        "content": f"{cause}{shown}",
        "started_at": stamp(started),
        "hours": chance.choice((0.5, 1, 1.5, 2, 3, 4)),
        "record_method": METHODS[(who.index + at) % len(METHODS)],
        "recorder_no": None,
        "status": status,
        "notice_from": f"{started + timedelta(days=1):%Y-%m-%d}" if noticed else None,
        "notice_until": f"{started + timedelta(days=8):%Y-%m-%d}" if noticed else None,
        "dispute": f"当日未到场{shown}" if disputed else None,
        "disputed_at": stamp(started + timedelta(days=3)) if disputed else None,
        "resolution": None,
        "resolved_at": None,
        "reference": None,
        "updated_at": stamp(updated(who.index * 2 + at, chance)),
    }
