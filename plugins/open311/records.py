"""One row of Open311 as a Record of the hub, or as a BadRecord that says why not."""

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from hub.plugin import BadRecord, Caller, Place, Record
from plugins.open311.cells import Row, Unreadable, decimal, moment
from plugins.open311.settings import ENDED, Config, Service, plain

__all__ = ["COLUMNS", "read"]

TEXTS = {
    "description": "content",
    "address": "place",
    "status_notes": "result",
    "agency_responsible": "assignee",
}
TIMES = {"requested_datetime": "submitted_at", "expected_datetime": "due_at"}
CLOSED_AT = ("closed_datetime", "closed_date", "updated_datetime")
KNOWN = frozenset(
    {"service_request_id", "service_code", "service_name", "title", "status", "lat", "long", *TEXTS, *TIMES, *CLOSED_AT}
)
PERSONAL = frozenset({"first_name", "last_name", "phone", "email", "device_id", "account_id"})
COLUMNS = {hub: source for source, hub in {**TEXTS, **TIMES}.items()} | {
    "number": "service_request_id",
    "category": "service_name",
    "title": "service_name",
    "status": "status",
    "latitude": "lat",
    "longitude": "long",
}
STATUSES = {
    "open": "RECEIVED",
    "closed": "CLOSED",
    "for_triage": "RECEIVED",
    "internal_referral": "DISPATCHED",
    "investigating": "IN_PROGRESS",
    "in_progress": "IN_PROGRESS",
    "processing": "IN_PROGRESS",
    "action_scheduled": "IN_PROGRESS",
    "reopen": "REWORK",
    "not_councils_responsibility": "REJECTED_SCOPE",
    "duplicate": "CLOSED",
    "fixed": "CLOSED",
    "no_further_action": "CLOSED",
}
"""The two words of the standard, and those of its extensions by FixMyStreet and in bulk data."""
OURS = frozenset({"result", "due_at", "status", "closed_at"})
TITLE_LENGTH = 80


def read(row: object, config: Config, where: str) -> Record | BadRecord:
    """What the row says. Who asked is kept apart from all else, in a BadRecord too."""
    if not isinstance(row, dict):
        return BadRecord(f"A request is an object, this is {type(row).__name__}.", str(row), "request", where=where)
    shown = {name: value for name, value in row.items() if name not in PERSONAL}
    key = row.get("service_request_id")
    if not isinstance(key, str):
        return BadRecord("service_request_id is empty: every request needs one.", shown, "request", where=where)
    zone = ZoneInfo(config.timezone)
    try:
        words(shown)
        found = fields(row, key, config, zone)
        updated = row.get("updated_datetime")
        at = moment("updated_datetime", updated, zone) if updated else None
    except Unreadable as error:
        return BadRecord(str(error), shown, "request", key, where)
    extra = {name: value for name, value in shown.items() if name not in KNOWN and value is not None}
    return Record("request", key, found, where=where, at=at, extra=extra)


def words(row: Row) -> None:
    """See to it that every field that we know holds one value and not several."""
    for name in KNOWN & row.keys():
        if not isinstance(row[name], str | None):
            raise Unreadable(f"{name}: one value was due, this is {row[name]!r:.60}. Correct it at the source.")


def fields(row: Row, key: str, config: Config, zone: ZoneInfo) -> dict[str, Any]:
    """The request's fields: only what the row speaks of. Of one that we pushed, only what the other side adds."""
    found: dict[str, Any] = {"number": f"{config.prefix}{key}", "channel": config.channel, **subject(row, config)}
    found |= {field: row[name] for name, field in TEXTS.items() if name in row}
    if marked(row.get("status_notes"), config):
        del found["result"]
    for name, field in TIMES.items():
        if row.get(name):
            found[field] = moment(name, row[name], zone)
        elif name in row and field != "submitted_at":
            found[field] = None
    found |= status(row, config, zone) | position(row)
    if config.under is not None:
        found["grid"] = Place(under=config.under)
    if who := caller(row):
        found["caller"] = who
    if not marked(row.get("description"), config):
        return found
    told = OURS if found.get("status") in ENDED else OURS - {"status", "closed_at"}
    return {name: value for name, value in found.items() if name in told}


def marked(written: str | None, config: Config) -> bool:
    """Whether this is what we wrote: it bears our mark."""
    return re.search(rf"\[{re.escape(config.mark)}:[^\]\s]+\]", written or "") is not None


def subject(row: Row, config: Config) -> dict[str, str]:
    """Title, category and kind. The title of a request that has none is the name of its service."""
    code, name = row.get("service_code"), row.get("service_name")
    service = config.services.get(code or "", Service())
    first = (row.get("description") or "").strip().partition("\n")[0][:TITLE_LENGTH]
    found = {
        "title": row.get("title") or name or first or code,
        "category": service.category or name or code,
        "kind": service.kind,
    }
    return {field: value for field, value in found.items() if value}


def status(row: Row, config: Config, zone: ZoneInfo) -> dict[str, Any]:
    """The status; for one that has ended the time of that too: the last change, where the source says no better."""
    word = row.get("status")
    if word is None:
        return {}
    known: Mapping[str, str] = {**STATUSES, **config.statuses}
    found = known.get(plain(word))
    if found is None:
        raise Unreadable(
            f"status: the word '{word[:40]}' is unknown. Add it to the setting statuses, with its meaning."
        )
    name = next((name for name in CLOSED_AT if row.get(name)), None)
    if found in ENDED and name is not None:
        return {"status": found, "closed_at": moment(name, row[name], zone)}
    return {"status": found}


def position(row: Row) -> dict[str, float | None]:
    """Longitude and latitude, WGS 84, where both are there; 0, 0 stands for nothing."""
    if "lat" not in row or "long" not in row:
        return {}
    north, east = row["lat"], row["long"]
    if north is None or east is None:
        return {"longitude": None, "latitude": None}
    latitude, longitude = decimal("lat", north), decimal("long", east)
    if latitude == longitude == 0:
        return {"longitude": None, "latitude": None}
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise Unreadable(f"lat, long: {north}, {east} is nowhere on earth. Correct the coordinates at the source.")
    return {"longitude": longitude, "latitude": latitude}


def caller(row: Row) -> Caller | None:
    """Who asked, where the source shows it although the standard does not."""
    first, last, phone = (row.get(name) for name in ("first_name", "last_name", "phone"))
    names = [part for part in (first, last) if isinstance(part, str)]
    name = " ".join(names) if all(part.isascii() for part in names) else "".join(reversed(names))
    number = phone if isinstance(phone, str) else None
    return Caller(name or None, number) if name or number else None
