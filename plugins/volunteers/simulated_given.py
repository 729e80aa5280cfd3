"""What the simulated registry is told to hold: records of the hub, as the rows of its tables.

Only what a record says is taken; the rest is made up. Nobody of them is anybody: their ID numbers begin with 99.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hub.plugin import Record
from plugins.volunteers.dialect import WORDS
from plugins.volunteers.identity import check_digit
from plugins.volunteers.records import KINDS
from plugins.volunteers.simulated import BEGIN, IN_DISGUISE, Person, Row, stamp
from plugins.volunteers.simulated_registry import Registry

__all__ = ["hold"]

Fields = Mapping[str, Any]

STREAMS = {kind: stream for stream, kind in KINDS.items()}


def hold(registry: Registry, records: Iterable[Record]) -> None:
    """Take these records in. Raises ValueError for a kind that no registry has."""
    registry.sizes = {"teams": 1, "projects": 1}
    for number, record in enumerate(records):
        stream = STREAMS.get(record.kind)
        if stream is None:
            raise ValueError(f"record {number + 1}: a registry holds no {record.kind}, only {', '.join(STREAMS)}")
        at = BEGIN - timedelta(days=300) + timedelta(seconds=number)
        row = {**TELL[stream](record.fields, record.key), "updated_at": stamp(at)}
        if stream == "volunteers":
            who = person(registry.seed, len(registry.people), record.fields, record.key, at)
            registry.people[who.index] = who
            row["id_number"] = who.id_number
        registry.tables[stream].put(record.key, row)


def person(seed: int, number: int, said: Fields, key: str, at: datetime) -> Person:
    """Somebody of that name and number, who consents."""
    born = datetime(1950, 1, 1) + timedelta(days=Random(f"{seed}:given:{number}").randrange(50 * 365))
    first = f"99{number // 1000:04d}{born:%Y%m%d}{number % 1000:03d}"
    id_number = first + check_digit(first)
    return Person(
        index=number * IN_DISGUISE,  # so that the number is never in the wrong column
        name=str(said.get("name", key)),
        id_number=id_number,
        said=id_number,
        number=key,
        area=str(said.get("grid") or ""),
        minor=False,
        guardian="",
        consent=True,
        wrong=False,
        updated=at,
    )


def team(said: Fields, key: str) -> Row:
    return {
        "team_no": key,
        "name": said.get("name", key),
        "parent_team_no": said.get("parent"),
        "area": said.get("grid", ""),
        "description": said.get("description"),
        "status": "正常",
    }


def volunteer(said: Fields, key: str) -> Row:
    return {
        "volunteer_no": key,
        "name": said.get("name", key),
        "area": said.get("grid", ""),
        "consent": "是",
        "guardian_consent": "",
        "status": "正常",
    }


def membership(said: Fields, key: str) -> Row:
    return {
        "membership_no": key,
        "team_no": said.get("organization"),
        "volunteer_no": said.get("person"),
        "id_number": None,
        "position": said.get("title", "队员"),
        "joined_on": said.get("since", f"{BEGIN - timedelta(days=400):%Y-%m-%d}"),
        "left_on": said.get("until"),
        "area": said.get("grid", ""),
        "status": "在册",
    }


def project(said: Fields, key: str) -> Row:
    return {
        "project_no": key,
        "title": said.get("title", key),
        "service_type": said.get("category"),
        "team_no": said.get("organizer"),
        "area": said.get("grid", ""),
        "starts_at": said.get("starts_at", stamp(BEGIN)),
        "ends_at": said.get("ends_at"),
        "participants": said.get("attendance"),
        "status": "已结束",
    }


def shift(said: Fields, key: str) -> Row:
    return {
        "shift_no": key,
        "project_no": said.get("activity"),
        "volunteer_no": said.get("person"),
        "id_number": None,
        "starts_at": said.get("starts_at"),
        "ends_at": said.get("ends_at"),
        "attended": "" if said.get("held") is None else "是" if said["held"] else "否",
        "status": "已加入",
    }


def hours(said: Fields, key: str) -> Row:
    return {
        "record_no": key,
        "volunteer_no": said.get("person"),
        "id_number": None,
        "team_no": said.get("team"),
        "project_no": said.get("activity"),
        "content": said.get("title", key),
        "started_at": said.get("started_at", stamp(BEGIN)),
        "hours": said.get("hours", 1),
        "record_method": WORDS["method"][said.get("method", "TEAM")][0],
        "recorder_no": said.get("recorder"),
        "status": WORDS["status"][said.get("status", "CONFIRMED")][0],
        "notice_from": said.get("notice_from"),
        "notice_until": said.get("notice_until"),
        "dispute": said.get("dispute"),
        "disputed_at": said.get("disputed_at"),
        "resolution": said.get("resolution"),
        "resolved_at": said.get("resolved_at"),
        "reference": None,
    }


TELL: Mapping[str, Callable[[Fields, str], Row]] = {
    "teams": team,
    "volunteers": volunteer,
    "memberships": membership,
    "projects": project,
    "shifts": shift,
    "hours": hours,
}
