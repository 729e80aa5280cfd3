"""What is to be done with one record of a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.models import PlanAction, PlanRow
from hub.plugin import Caller, Issue, Record
from hub.sync.kind import Found, Values
from hub.sync.kinds import KINDS
from hub.sync.sought import Sought


@dataclass(frozen=True, slots=True)
class Kept:
    """What a source says of a field and what does not stand, with the rule that decided, in words."""

    said: Any
    rule: str


Brought = dict[tuple[str, str], tuple[str, Found]]
"""Table and code of a row that is yet to be written -> the kind of record that brings it, and what it will be."""


@dataclass(slots=True)
class Planned:
    """What is to be done with one record. `action` None: nothing, it says nothing new.

    row              the row that it means, as it stands; None: there is none, or nobody needed to look
    linked           its key is known already
    unknown          what it names and the hub does not know: field -> code or name; "key": it says too little of a
                     thing that is not there
    waits            it was refused for now, what it lacks may come later
    partial          it says some fields only
    caller, identity whoever is to be put into the vault, and what is there
    issues           the matters that are new
    kept             field -> what the record says of it, and why that does not stand
    agreed           field -> what the record says, and somebody else said before
    settled          fields of which something was withheld before, and is no longer
    later            what the link is to remember of single fields
    extra            what is to be kept beside the row
    lacked           a whole read did not bring it: nobody said that it is gone
    noted            only to be noted: that it was lacked, or that it is there again
    still            it says nothing new, and what of it does not stand was decided before
    """

    record: Record
    kind: str
    action: PlanAction | None
    entity_id: UUID | None = None
    row: Mapping[str, Any] | None = None
    new: Values = field(default_factory=dict)
    hash: bytes | None = None
    linked: bool = False
    rule: str = ""
    unknown: dict[str, str] = field(default_factory=dict)
    sought: list[Sought] = field(default_factory=list)
    waits: bool = False
    partial: bool = False
    caller: Caller | None = None
    identity: Mapping[str, Any] | None = None
    issues: Sequence[Issue] = ()
    kept: dict[str, Kept] = field(default_factory=dict)
    agreed: dict[str, Any] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    link_at: datetime | None = None
    later: dict[str, str] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    lacked: bool = False
    noted: bool = False
    still: bool = False

    @property
    def old(self) -> Values:
        return {column: self.row[column] for column in self.new} if self.row else {}

    @property
    def shown_as(self) -> PlanAction | None:
        """What a plan says of it: also where nothing changes but what is remembered. None: nothing at all."""
        if self.action is not None:
            return self.action
        if self.noted:
            return PlanAction.NOTE
        if self.kept:
            return PlanAction.KEEP
        return PlanAction.LINK if not self.linked and self.row is not None else None

    def becomes(self) -> Found | None:
        """The row as it will be, for those that name it."""
        if self.action is PlanAction.REJECT or self.entity_id is None:
            return None
        new, row = self.new, self.row or {}
        return Found(self.entity_id, new.get("path", row.get("path")), new.get("level", row.get("level")))

    def bring(self, brought: Brought) -> None:
        """Let records of other kinds find the row before it is written."""
        kind, found = KINDS[self.kind], self.becomes()
        code = self.new.get(kind.natural[0]) or (self.row and self.row[kind.natural[0]])
        if found is not None and isinstance(code, str):
            brought[kind.table.name, code] = (self.kind, found)


Identity = tuple[str, str]


def identity(row: PlanRow) -> Identity:
    """What a stored row's record is known by: its names in the row itself may be cut short."""
    kept = row.private.get("record")
    return (kept["kind"], kept["key"]) if kept else ("", str(row.number))
