"""One row of a registry as records of the hub, or as a BadRecord that says why not.

Nobody's ID number leaves this room: people are called by their unified number, or else by the keyed hash. Of a
volunteer's row nothing is taken but name, place and what they are called; what is refused shows no person.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hub.plugin import BadRecord, Place, Record
from plugins.volunteers.cells import Unreadable, day, decimal, moment, text, whole
from plugins.volunteers.dialect import Words, fields_of
from plugins.volunteers.identity import Identities, birthday, normalised

__all__ = ["Reading"]

Row = Mapping[str, Any]
Items = Sequence[Record | BadRecord]
KINDS = {
    "teams": "organization",
    "volunteers": "person",
    "memberships": "post",
    "projects": "activity",
    "shifts": "shift",
    "hours": "service_record",
}
OF_AGE = 18
HARMLESS = frozenset({"number", "consent", "guardian", "state", "updated"})
PERSONAL = frozenset({"id_number", "volunteer_name"})
PRIVATE = re.compile(
    "姓名|负责人|联系|电话|手机|证件|身份证|住址|地址|邮箱|name|phone|mobile|mail|address|card", re.IGNORECASE
)
MASK = "***"


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows are read.

    headers   table -> header -> field
    words     list -> word -> name
    division  the code of the division in which everything lies whose row does not say where
    today     the day by which people are of age
    practice  the code of the practice that volunteers and teams belong to, if any
    """

    identities: Identities
    headers: Mapping[str, Mapping[str, str]]
    words: Words
    division: str
    today: date
    practice: str = ""

    @property
    def common(self) -> dict[str, str]:
        """What holds for all volunteers and teams."""
        return {"practice": self.practice} if self.practice else {}

    def read(self, stream: str, row: object, where: str) -> Items:
        """What the row says."""
        kind = KINDS[stream]
        if not isinstance(row, Mapping):
            reason = f"A row of {stream} is an object, this is a {type(row).__name__}. Ask the registry."
            return [BadRecord(reason, "", kind, where=where)]
        known = self.headers[stream]
        cells = {known[name]: value for name, value in row.items() if name in known}
        try:
            if stream == "volunteers":
                return self._volunteer(_Cells(self, stream, cells), where)
            extra = {name: self._shown(value) for name, value in row.items() if self._is_extra(stream, name)}
            return [READERS[stream](_Cells(self, stream, cells), where, extra)]
        except Unreadable as error:
            return [BadRecord(f"{stream}, {error}", self._masked(stream, row), kind, None, where)]

    def _volunteer(self, cells: "_Cells", where: str) -> Items:
        """A person; gone where consent is withdrawn, and where a guardian's consent is lacking."""
        number, hashed = _person_number(cells), _hashed(cells)
        if (code := number or hashed) is None:
            raise Unreadable("neither number nor ID number is there: one of them is needed. Ask the registry.")
        key, at = hashed or code, cells.moment("updated")
        gone = Record("person", key, {}, deleted=True, where=where, at=at)
        if cells.word("state", "state") == "GONE" or cells.word("consent", "answer") == "NO":
            return [gone]
        if _is_minor(cells, self.today) and cells.word("guardian", "answer") != "YES":
            reason = "A volunteer under 18 is taken only with a guardian's consent. Record it at the registry."
            return [gone, BadRecord(reason, _harmless(cells), "person", key, where)]
        fields: dict[str, Any] = {"code": code, "name": cells.needed("name"), "grid": _place(cells)}
        return [Record("person", key, fields | self.common, where=where, at=at)]

    def _shown(self, value: object) -> Any:
        """A value as others may see it."""
        if isinstance(value, Mapping):
            return {str(name): self._shown(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._shown(part) for part in value]
        return value if value is None or isinstance(value, bool) else self.identities.clean(str(value))

    def _is_extra(self, stream: str, name: str) -> bool:
        """Whether a column is unknown, and by its header of no person."""
        return name not in self.headers[stream] and not PRIVATE.search(name)

    def _masked(self, stream: str, row: Row) -> dict[str, Any]:
        """A refused row as an admin may see it."""
        known, people = self.headers[stream], stream == "volunteers"
        hidden = {name for name in row if (PRIVATE.search(name) if name not in known else known[name] in PERSONAL)}
        hidden |= {name for name in row if people and known.get(name) not in HARMLESS}
        return {self.identities.clean(name): MASK if name in hidden else self._shown(row[name]) for name in row}


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of one row, by field."""

    reading: Reading
    stream: str
    cells: Row

    def said(self, field: str) -> bool:
        return field in self.cells

    def raw(self, field: str) -> str | None:
        found: str | None = self._read(field, text)
        return found

    def text(self, field: str) -> str | None:
        """Words, without numbers of persons."""
        found = self.raw(field)
        return None if found is None else self.reading.identities.clean(found)

    def needed(self, field: str) -> str:
        found = self.text(field)
        if found is None:
            raise Unreadable(f"{field}: it is empty. Correct it at the registry.")
        return found

    def code(self, field: str) -> str | None:
        found = self.raw(field)
        return None if found is None else self.reading.identities.code(found)

    def needed_code(self, field: str) -> str:
        found = self.code(field)
        if found is None:
            raise Unreadable(f"{field}: it is empty. Ask the registry for it.")
        return found

    def decimal(self, field: str) -> float | None:
        return None if self.raw(field) is None else self._read(field, decimal)

    def whole(self, field: str) -> int | None:
        return None if self.raw(field) is None else self._read(field, whole)

    def moment(self, field: str) -> datetime | None:
        return None if self.raw(field) is None else self._read(field, moment)

    def day(self, field: str) -> date | None:
        return None if self.raw(field) is None else self._read(field, day)

    def word(self, field: str, words: str) -> str | None:
        """What a word of a list means."""
        found = self.raw(field)
        if found is None:
            return None
        known = self.reading.words[words]
        if (name := known.get(found, known.get(found.lower()))) is None:
            shown = self.reading.identities.clean(found)[:40]
            raise Unreadable(f"{field}: the word '{shown}' is unknown. Add it to the setting words, under {words}.")
        return name

    def gone(self) -> bool:
        return self.word("state", "state") == "GONE"

    def fields(self, **read: Callable[[str], Any]) -> dict[str, Any]:
        """Fields of the record that are called as in the table, where the row speaks of them."""
        return {name: convert(name) for name, convert in read.items() if self.said(name)}

    def _read(self, field: str, convert: Callable[[Any], Any]) -> Any:
        try:
            return convert(self.cells.get(field))
        except Unreadable as error:
            raise Unreadable(f"{field}: {error}") from None


def _person_number(cells: _Cells) -> str | None:
    """The unified number, where it is no ID number in disguise."""
    found = cells.raw("number" if cells.stream == "volunteers" else "volunteer")
    return None if found is None or normalised(found) else cells.reading.identities.code(found)


def _id_number(cells: _Cells) -> str | None:
    """The ID number, checked, from its own column or from that of the unified number; masked ones are none."""
    own = cells.raw("id_number")
    if own is not None and "*" not in own:
        if (found := normalised(own)) is None:
            raise Unreadable("id_number: it is no valid ID number (18 signs with a check digit, or 15). Correct it.")
        return found
    other = cells.raw("number" if cells.stream == "volunteers" else "volunteer")
    return normalised(other) if other is not None else None


def _hashed(cells: _Cells) -> str | None:
    found = _id_number(cells)
    return cells.reading.identities.hashed(found) if found is not None else None


def _person(cells: _Cells) -> str:
    """Who it is, as the person's record is called."""
    found = _person_number(cells) or _hashed(cells)
    if found is None:
        raise Unreadable("volunteer: neither number nor ID number is there. Ask the registry for one of them.")
    return found


def _is_minor(cells: _Cells, today: date) -> bool:
    number = _id_number(cells)
    if number is None:
        return cells.word("guardian", "answer") == "NO"
    born = birthday(number)
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day)) < OF_AGE


def _place(cells: _Cells) -> str | Place:
    """Where it lies: a code, or names from the larger to the smaller."""
    found = cells.text("area")
    if found is None or found.isdigit():
        return found or cells.reading.division
    return Place(cells.reading.division, tuple(part.strip() for part in found.split("/") if part.strip()))


def _harmless(cells: _Cells) -> dict[str, Any]:
    known = {name: cells.code(name) for name in fields_of("volunteers") if name in HARMLESS and cells.said(name)}
    return {name: value for name, value in known.items() if value is not None}


def _team(cells: _Cells, where: str, extra: Row) -> Record:
    key, at = cells.needed_code("number"), cells.moment("updated")
    if cells.gone():
        return Record("organization", key, {}, deleted=True, where=where, at=at)
    fields: dict[str, Any] = {
        "code": key,
        "name": cells.needed("name"),
        "organization_kind": "VOLUNTEER_TEAM",
        "grid": _place(cells),
    }
    fields |= cells.fields(parent=cells.code)
    if cells.said("about"):
        fields["description"] = cells.text("about")
    return Record("organization", key, fields | cells.reading.common, where=where, at=at, extra=extra)


def _membership(cells: _Cells, where: str, extra: Row) -> Record:
    team, person, at = cells.needed_code("team"), _person(cells), cells.moment("updated")
    key = cells.code("number") or f"{team}/{person}"
    if cells.gone():
        return Record("post", key, {}, deleted=True, where=where, at=at)
    fields: dict[str, Any] = {"person": person, "organization": team, "role": "VOLUNTEER", "grid": _place(cells)}
    fields |= cells.fields(title=cells.text, since=cells.day, until=cells.day)
    return Record("post", key, fields, where=where, at=at, extra=extra)


def _project(cells: _Cells, where: str, extra: Row) -> Record:
    key, at = cells.needed_code("number"), cells.moment("updated")
    if cells.gone():
        return Record("activity", key, {}, deleted=True, where=where, at=at)
    fields: dict[str, Any] = {
        "code": key,
        "title": cells.needed("name"),
        "grid": _place(cells),
        "starts_at": cells.moment("starts"),
    }
    fields |= cells.fields(category=cells.text, attendance=cells.whole)
    if cells.said("ends"):
        fields["ends_at"] = cells.moment("ends")
    if cells.said("team"):
        fields["organizer"] = cells.code("team")
    return Record("activity", key, fields, where=where, at=at, extra=extra)


def _shift(cells: _Cells, where: str, extra: Row) -> Record:
    key, at = cells.needed_code("number"), cells.moment("updated")
    if cells.gone():
        return Record("shift", key, {}, deleted=True, where=where, at=at)
    held = {"YES": True, "NO": False, None: None}[cells.word("held", "answer")]
    fields: dict[str, Any] = {"person": _person(cells), "activity": cells.needed_code("project")}
    fields |= {"starts_at": cells.moment("starts"), "ends_at": cells.moment("ends")}
    fields |= {"held": held} if cells.said("held") else {}
    return Record("shift", key, fields, where=where, at=at, extra=extra)


def _hours(cells: _Cells, where: str, extra: Row) -> Record:
    key = cells.needed_code("number")
    fields: dict[str, Any] = {"code": key, "person": _person(cells), "title": cells.needed("title")}
    fields |= {"started_at": cells.moment("started"), "hours": cells.decimal("hours")}
    fields |= cells.fields(team=cells.code, recorder=cells.code, notice_from=cells.day, notice_until=cells.day)
    fields |= cells.fields(dispute=cells.text, resolution=cells.text)
    renamed = {"project": ("activity", cells.code), "disputed": ("disputed_at", cells.moment)}
    for name, (field, convert) in {**renamed, "resolved": ("resolved_at", cells.moment)}.items():
        if cells.said(name):
            fields[field] = convert(name)
    if cells.said("method"):
        fields["method"] = cells.word("method", "method")
    if (status := cells.word("status", "status")) is not None:
        fields["status"] = status
    return Record("service_record", key, fields, where=where, at=cells.moment("updated"), extra=extra)


READERS: Mapping[str, Callable[[_Cells, str, Row], Record]] = {
    "teams": _team,
    "memberships": _membership,
    "projects": _project,
    "shifts": _shift,
    "hours": _hours,
}
