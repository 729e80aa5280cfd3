"""Hours that were recorded in the hub, as the registry takes them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from hub.plugin import BadRecord, Change
from plugins.volunteers.dialect import word_for

__all__ = ["refused", "told"]

HASHED = 52
"""How long a keyed hash is: the registry knows numbers only."""

NAMES = {
    "person": "volunteer_no",
    "team": "team_no",
    "activity": "project_no",
    "recorder": "recorder_no",
    "title": "content",
    "started_at": "started_at",
    "hours": "hours",
    "notice_from": "notice_from",
    "notice_until": "notice_until",
    "dispute": "dispute",
    "disputed_at": "disputed_at",
    "resolution": "resolution",
    "resolved_at": "resolved_at",
}
NEEDED = ("person", "title", "started_at", "hours")


def told(change: Change) -> dict[str, Any] | BadRecord:
    """What the registry is sent; a BadRecord where it could not know the person, or something is missing."""
    fields = change.fields
    if missing := [name for name in NEEDED if fields.get(name) is None]:
        return refused(change, f"{', '.join(missing)}: hours without it are not sent. Enter it in the hub.")
    if len(str(fields["person"])) == HASHED:
        return refused(change, "person: the registry gave no unified number yet. It is sent once there is one.")
    sent = {name: _plain(fields[field]) for field, name in NAMES.items() if field in fields}
    if fields.get("method") is not None:
        sent["record_method"] = word_for("method", fields["method"])
    return {**sent, "reference": change.id, "status": word_for("status", _status(change))}


def refused(change: Change, reason: str) -> BadRecord:
    return BadRecord(reason, {"id": change.id}, change.kind, change.key)


def _status(change: Change) -> str:
    """Where they stand; what is disputed is never sent as confirmed, whatever its status says."""
    fields, status = change.fields, str(change.fields.get("status") or "DRAFT")
    if change.deleted:
        return "WITHDRAWN"
    return "DISPUTED" if status == "CONFIRMED" and _open_dispute(fields) else status


def _open_dispute(fields: Mapping[str, Any]) -> bool:
    disputed, resolved = fields.get("disputed_at"), fields.get("resolved_at")
    return disputed is not None and (resolved is None or _plain(resolved) < _plain(disputed))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
