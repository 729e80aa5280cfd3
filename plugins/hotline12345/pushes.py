"""What the hotline is told of a step in the hub: which facts belong to it, in the names and words of the dialect."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from hub.plugin import Change, Event
from plugins.hotline12345.cells import CHINA
from plugins.hotline12345.dialects import Dialect

__all__ = ["FACTS", "body"]

ALWAYS = ("outer_id", "step", "at", "party")
RESULT = ("result", "handled_at", "solved", "note")
FACTS: Mapping[str, tuple[str, ...]] = {
    "SIGN": (),
    "ACCEPT": ("note",),
    "HANDLE": RESULT,
    "FEED_BACK": (*RESULT, "contacted", "contacted_at"),
    "CLOSE": (*RESULT, "closed_at"),
    "ASK_RETURN": ("reason",),
    "ASK_EXTENSION": ("reason", "until", "working_days"),
    "EVALUATE": ("satisfaction", "solved", "note"),
    "MERGE": ("merged_into", "note"),
    "UNMERGE": ("merged_into", "note"),
    "ANSWER": RESULT,
}
"""A step in the hub, by its name among RequestAction -> what the hotline is told of it, besides ALWAYS."""
TIMES = frozenset({"at", "handled_at", "closed_at", "contacted_at", "until"})


def body(change: Change, event: Event, dialect: Dialect, number: Callable[[str], str] = str) -> dict[str, Any]:
    """What is sent: the facts of this step that are known, under its own names; `number`: what it calls an order."""
    known = facts(change, event)
    if known["merged_into"] is not None:
        known["merged_into"] = number(known["merged_into"])
    columns = dialect.push.columns
    return {
        columns[name]: told(dialect, name, known[name])
        for name in (*ALWAYS, *FACTS[event.action])
        if columns[name] and known[name] is not None
    }


def facts(change: Change, event: Event) -> dict[str, Any]:
    """Everything that may be told. What the step itself says comes before how the request stands now."""
    said = {name: value for name, value in event.details.items() if value is not None}
    stands = {name: said.get(name, change.fields.get(name)) for name in (*RESULT, "closed_at", "satisfaction")}
    return {
        **stands,
        "outer_id": change.id,
        "step": event.action,
        "at": event.at,
        "party": event.party,
        "note": event.note,
        "reason": said.get("reason", event.note),
        "until": said.get("until", said.get("due_at")),
        "working_days": said.get("days"),
        "merged_into": said.get("into_number", said.get("out_of_number")),
        "contacted": True,
        "contacted_at": event.at,
    }


def told(dialect: Dialect, name: str, value: Any) -> Any:
    """A fact as the hotline writes it."""
    if name in TIMES:
        time = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return time.astimezone(CHINA).strftime(dialect.push.time)
    if isinstance(value, bool):
        return dialect.word(name, "YES" if value else "NO")
    return dialect.word(name, value) if name in ("step", "satisfaction") else value
