"""What a hub must hold that has read the simulated registry with the settings of the preset: kind -> key -> fields.

Whether those whom a row names are taken is the hub's affair: what is told of somebody who did not consent waits there.
"""

from collections.abc import Callable
from typing import Any

from plugins.volunteers.dialect import WORDS
from plugins.volunteers.identity import Identities, normalised
from plugins.volunteers.simulated import Person, Row
from plugins.volunteers.simulated_registry import Registry

__all__ = ["keys", "truth"]

HASHES = Identities(b"demo-key-for-hashes")
STATUSES = {word: name for name, said in WORDS["status"].items() for word in said}
METHODS = frozenset(word for said in WORDS["method"].values() for word in said)


def truth(registry: Registry) -> dict[str, dict[str, Row]]:
    """All that can be read and is not gone, in the hub's words."""
    people = (who for who in registry.people.values() if who.taken)
    return {
        "organization": _latest(registry, "teams", "team_no", lambda row: {"name": row["name"]}),
        "person": {_key(who): {"code": _code(who)} for who in people},
        "post": _latest(registry, "memberships", "membership_no", lambda row: {"organization": row["team_no"]}),
        "activity": _latest(registry, "projects", "project_no", lambda row: {"title": row["title"]}),
        "shift": _latest(registry, "shifts", "shift_no", lambda row: {"activity": row["project_no"]}),
        "service_record": _latest(
            registry, "hours", "record_no", lambda row: {"hours": row["hours"], "status": STATUSES[row["status"]]}
        ),
    }


def keys(people: list[Person]) -> dict[str, list[str]]:
    """What a hub calls these people, those that it may hold, and their places in a team."""
    taken = [who for who in people if who.taken]
    return {"person": [_key(who) for who in taken], "post": [f"M{who.index:08d}" for who in taken]}


def _latest(registry: Registry, stream: str, key: str, told: Callable[[Row], Row]) -> dict[str, Row]:
    """The last version of every row of a table."""
    feed = registry.tables[stream]
    rows = [feed.rows[name] for _, name in feed.order]
    latest = {row[key]: row for row in rows if _readable(row, key)}
    return {name: told(row) for name, row in latest.items() if row.get("status") not in ("已取消", "已拒绝")}


def _readable(row: Row, key: str) -> bool:
    known = "volunteer_no" not in row or row["volunteer_no"] or normalised(row["id_number"] or "")
    return bool(row[key] and known and row.get("record_method", "个人申报") in METHODS)


def _key(who: Person) -> str:
    return HASHES.hashed(who.id_number)


def _code(who: Person) -> Any:
    return _key(who) if who.in_disguise or who.number is None else who.number
