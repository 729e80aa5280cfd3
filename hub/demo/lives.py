"""The lives that a request of the demo can have had: for each status, the events that lead there.

All of them follow the table of the workflow. Where a life is told in fewer events than it had, a source told it (SYNC).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from hub.demo.topics import NOTES
from hub.models import RequestAction, RequestStatus
from hub.services.workflow import ENDED, TABLE

MOST = 9
BY_CALLER = frozenset({"SUBMIT", "ATTACH"})
BY_ASSIGNEE = frozenset({"SIGN", "ACCEPT", "HANDLE", "ASK_RETURN", "ASK_EXTENSION"})
DROPPED_FIRST = ("ACCEPT", "SIGN", "FEED_BACK", "VERIFY", "HANDLE", "DISPATCH")

_SENT = "SUBMIT DISPATCH"
_WORKED = f"{_SENT} SIGN ACCEPT"
_HANDLED = f"{_WORKED} HANDLE"
WAYS = {
    "DRAFT": "ATTACH",
    "RECEIVED": "SUBMIT",
    "NEEDS_INFO": "SUBMIT ASK_INFO",
    "REJECTED_SCOPE": "SUBMIT REJECT_SCOPE",
    "TRIAGED": "SUBMIT TRIAGE",
    "DISPATCHED": _SENT,
    "SIGNED": f"{_SENT} SIGN",
    "RETURN_REQUESTED": f"{_SENT} ASK_RETURN",
    "RETURNED": f"{_SENT} ASK_RETURN GRANT_RETURN",
    "IN_PROGRESS": _WORKED,
    "EXTENSION_REQUESTED": f"{_WORKED} ASK_EXTENSION",
    "HANDLED": _HANDLED,
    "VERIFIED": f"{_HANDLED} VERIFY",
    "CALLBACK": f"{_HANDLED} FEED_BACK",
    "REWORK": f"{_HANDLED} REWORK",
    "MERGED": "SUBMIT MERGE",
    "CLOSED": f"{_HANDLED} CLOSE",
    "ARCHIVED": f"{_HANDLED} CLOSE ARCHIVE",
}


class Event(NamedTuple):
    """A row of request_events to be. `at` is the part of the request's life that has gone by."""

    action: str
    status: str
    at: float
    details: str
    by: str
    to_assignee: bool
    notes: tuple[str | None, ...]


class Life(NamedTuple):
    """What happened to a request up to its status, and when, as parts of its whole life; None: it did not happen."""

    events: tuple[Event, ...]
    dispatched: float | None
    signed: float | None
    handled: float | None
    closed: float | None


Pair = tuple[str, str]


def _pairs(status: str) -> list[Pair]:
    """All actions on the way to the status, and where each of them led."""
    pairs: list[Pair] = []
    for action in WAYS[status].split():
        to = TABLE[RequestAction[action]].to
        pairs.append((action, to.name if to else status))
    return pairs


def _told(pairs: list[Pair], length: int) -> list[Pair]:
    """The same way in exactly so many events."""
    pairs = list(pairs)
    for action in DROPPED_FIRST:
        if len(pairs) > length:
            pairs = [pair for pair in pairs[:-1] if pair[0] != action] + pairs[-1:]
    pairs = pairs[-1:] if length == 1 else pairs[:1] + pairs[max(1, len(pairs) - length + 1) :]
    while len(pairs) < length:
        end = next((place for place, (_, to) in enumerate(pairs) if RequestStatus[to] in ENDED), len(pairs))
        status = pairs[end - 1][1] if end else "RECEIVED"
        pairs.insert(end, ("ATTACH" if status == "DRAFT" else "URGE", status))
    before = "DRAFT"
    for place, (action, to) in enumerate(pairs):
        if RequestStatus[before] not in TABLE[RequestAction[action]].frm:
            pairs[place] = ("SYNC", to)
        before = to
    return pairs


def _life(status: str, length: int) -> Life:
    pairs = _told(_pairs(status), length)
    firsts: dict[str, float] = {}
    events, before = [], None
    for place, (action, to) in enumerate(pairs):
        at = (place / max(1, len(pairs) - 1)) ** 1.5
        firsts.setdefault(to, at)
        details = f'{{"from": "{before}"}}' if before not in (None, to) else "{}"
        by = "caller" if action in BY_CALLER else "assignee" if action in BY_ASSIGNEE else "host"
        events.append(Event(action, to, at, details, by, action == "DISPATCH", NOTES[action]))
        before = to
    closed = min((at for to, at in firsts.items() if RequestStatus[to] in ENDED), default=None)
    return Life(tuple(events), firsts.get("DISPATCHED"), firsts.get("SIGNED"), firsts.get("HANDLED"), closed)


LENGTHS: Mapping[str, int] = MappingProxyType({status: len(way.split()) for status, way in WAYS.items()})
"""How many events the whole way to a status has."""

LIVES: Mapping[str, tuple[Life, ...]] = MappingProxyType(
    {status: tuple(_life(status, max(1, length)) for length in range(MOST + 1)) for status in WAYS}
)
"""By status, then by the number of events."""
