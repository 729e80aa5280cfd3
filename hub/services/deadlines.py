"""How long a party has for a request: one table, in working days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from hub.errors import Invalid
from hub.models import Request, RequestKind, Urgency, now
from hub.services import working_days

SAME_DAY, SOON, LONG, MOST = 0, 3, 13, 365

ALLOWANCE: Mapping[RequestKind, int] = MappingProxyType(
    {
        RequestKind.CONSULTATION: SOON,
        RequestKind.HELP: SOON,
        RequestKind.EVENT: SOON,
        RequestKind.COMPLAINT: LONG,
        RequestKind.REPORT: LONG,
        RequestKind.SUGGESTION: LONG,
        RequestKind.PRAISE: LONG,
        RequestKind.APPEAL: LONG,
        RequestKind.WISH: LONG,
        RequestKind.OTHER: LONG,
    }
)
"""Working days by kind, counted from the next day. What is urgent ends with the same day."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline, the working days it was counted from, and whether the calendar up to it is known."""

    days: int
    due_at: datetime
    known: bool

    def details(self) -> dict[str, object]:
        """As an event tells it."""
        return {"days": self.days, "due_at": self.due_at.isoformat(), "calendar_known": self.known}


def allowance(request: Request) -> int:
    """The working days that its kind and urgency give."""
    return SAME_DAY if request.urgency is Urgency.URGENT else ALLOWANCE[request.kind]


def counted(days: int, *, field: str = "working_days", least: int = 0) -> int:
    """The number of working days, if it is possible. Raises Invalid."""
    if not least <= days <= MOST:
        raise Invalid(f"{field} is {days}: give {least} to {MOST} working days.", field=field)
    return days


def after(start: datetime, days: int) -> Deadline:
    """The deadline so many working days after a moment."""
    due_at = working_days.add(start, days)
    return Deadline(days, due_at, working_days.known(working_days.local_day(due_at)))


def resume(request: Request, since: datetime | None) -> dict[str, object]:
    """Let a clock that stood still run on: the deadline moves by the working days in between. Returns the details."""
    if request.due_at is None or since is None:
        return {}
    paused = working_days.between(since, now())
    if paused:
        request.due_at = working_days.add(request.due_at, paused)
    return {"paused_days": paused, "due_at": request.due_at.isoformat()}
