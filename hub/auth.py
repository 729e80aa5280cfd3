"""Who asks, which part of the grid tree they stand in, and what they may do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy.orm import InstrumentedAttribute

from hub.errors import Forbidden, Unauthenticated

EVERYWHERE = ("",)

ABILITIES: dict[str, str] = {
    "requests:read": "See requests of one's grids that are not public.",
    "requests:submit": "Submit requests.",
    "requests:triage": "Accept or refuse scope, dispatch, decide on returns and extensions, escalate, merge; keep the "
    "catalogue of duties.",
    "requests:handle": "Sign, accept, handle, ask for return or extension, attach files.",
    "requests:verify": "Verify, record feedback and evaluation, publish, close, reopen.",
    "requests:supervise": "Supervise and urge.",
    "callers:read": "See the masked contact data of callers.",
    "parties:read": "See persons that are not public.",
    "parties:write": "Create and change organizations, persons, posts and alliances.",
    "resources:write": "Create and change resources, needs, projects and stations.",
    "care:read": "Look at care labels, each time with a purpose and a reason that are kept.",
    "care:write": "Keep care labels, by an impact assessment.",
    "changes:read": "Read the change log.",
    "sync:read": "See sources, runs and rejected records.",
    "sync:run": "Run and configure sync.",
}

CARE = frozenset({"care:read", "care:write"})
"""What no role brings along but the one that is given for it, and the hub itself has not: the data are sensitive.

An admin gives that role to others, and to nobody by being an admin."""

ROLES: dict[str, frozenset[str]] = {
    "admin": frozenset(ABILITIES) - CARE,
    "district": frozenset(ABILITIES) - {"sync:run"} - CARE,
    "carer": CARE | {"parties:read"},
    "clerk": frozenset(
        {"requests:read", "requests:submit", "requests:triage", "requests:verify", "callers:read", "parties:read"}
        | {"requests:handle", "changes:read", "resources:write"}
    ),
    "handler": frozenset({"requests:submit", "requests:handle"}),
    "partner": frozenset({"requests:read", "requests:submit"}),
    "resident": frozenset({"requests:submit"}),
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks. `paths` are the roots of the subtrees they stand in: () is nowhere, ("",) is everywhere."""

    subject: str | None = None
    abilities: frozenset[str] = frozenset()
    paths: tuple[str, ...] = ()
    party_id: UUID | None = None
    name: str = field(default="anonymous", compare=False)

    def can(self, ability: str) -> bool:
        return ability in self.abilities

    def must(self, ability: str) -> None:
        """Raise Unauthenticated or Forbidden unless the viewer has the ability."""
        if ability in self.abilities:
            return
        if self.subject is None:
            raise Unauthenticated(f"This needs the ability {ability}. Send a token: Authorization: Bearer ...")
        raise Forbidden(f"{self.name} lacks the ability {ability}. Ask an admin for a role that has it.")

    def covers(self, column: InstrumentedAttribute[Any] | ColumnElement[Any]) -> ColumnElement[bool]:
        """The rows whose grid path lies in one of the viewer's subtrees: one index range each."""
        if "" in self.paths:
            return true()
        return or_(false(), *(under(column, path) for path in self.paths))

    def covers_path(self, path: str | None) -> bool:
        """The same question for one path in hand."""
        return "" in self.paths or (path is not None and path.startswith(self.paths))


def under(column: InstrumentedAttribute[Any] | ColumnElement[Any], path: str) -> ColumnElement[bool]:
    """Rows at or below `path` (which ends with "/"): one index range under COLLATE "C"."""
    return and_(column >= path, column < path[:-1] + chr(ord("/") + 1))


def system(subject: str, name: str | None = None) -> Viewer:
    """The hub itself, at work for `subject` (a run, a command): every ability but CARE, everywhere."""
    return Viewer(subject, frozenset(ABILITIES) - CARE, EVERYWHERE, name=name or subject)


def abilities_of(roles: Iterable[str]) -> frozenset[str]:
    """The abilities of some roles together."""
    return frozenset().union(*(ROLES[role] for role in roles))


ANONYMOUS = Viewer()
