"""What can go wrong, as one tree. The class says what happens next; the message says what to do.

HubError
├── Refused               the caller asked for something that is not done: tell the caller
│   ├── Unauthenticated   no or no valid token
│   ├── Forbidden         known, but not allowed
│   ├── NotFound          missing, or not for this viewer's eyes: the same answer
│   ├── Invalid           the input makes no sense
│   └── Conflict          it made sense before something else happened
│       └── TransitionRefused   a request's status does not allow the action
├── Misconfigured         a person must change a setting or a command
└── Unavailable           something the hub stands on does not answer: try later
"""

from collections.abc import Iterable
from typing import ClassVar


class HubError(Exception):
    """The root. `code` is stable: clients may switch on it."""

    code: ClassVar[str] = "INTERNAL"

    def extensions(self) -> dict[str, object]:
        """What a GraphQL error carries beside its message."""
        return {"code": self.code}


class Refused(HubError):
    """The caller asked for something that is not done."""

    code = "REFUSED"


class Unauthenticated(Refused):
    """No token, or none that is valid."""

    code = "UNAUTHENTICATED"


class Forbidden(Refused):
    """The viewer is known, but lacks the ability."""

    code = "FORBIDDEN"


class NotFound(Refused):
    """It is missing, or not for this viewer's eyes: both get the same words."""

    code = "NOT_FOUND"

    def __init__(self, noun: str, key: object, instead: str = "Check the id, or ask for access to its grid.") -> None:
        super().__init__(f"No {noun} {key} is visible to you. {instead}")


class Invalid(Refused):
    """The input makes no sense; `field` names the part."""

    code = "INVALID"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field

    def extensions(self) -> dict[str, object]:
        return super().extensions() | ({"field": self.field} if self.field else {})


class Conflict(Refused):
    """It made sense before something else happened: read again, then decide."""

    code = "CONFLICT"


class TransitionRefused(Conflict):
    """The request's status does not allow the action; nothing was changed."""

    code = "TRANSITION_REFUSED"

    def __init__(self, number: str, action: str, status: str, allowed: Iterable[str]) -> None:
        self.status, self.allowed = status, sorted(allowed)
        instead = ", ".join(self.allowed) or "nothing more"
        super().__init__(f"Request {number} is {status}: {action} is not possible. Possible now: {instead}.")

    def extensions(self) -> dict[str, object]:
        return {"code": self.code, "status": self.status, "allowed": self.allowed}


class Misconfigured(HubError):
    """A setting or a command must be changed by a person first."""

    code = "MISCONFIGURED"


class Unavailable(HubError):
    """Something the hub stands on does not answer: try again later."""

    code = "UNAVAILABLE"
