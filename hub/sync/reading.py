"""Records whose scalars were understood. Needs no database.

Most records of most runs say nothing new: so a page may be left unread, but for its hashes, until it is known which do.
"""

import functools
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from hub.models import Drift
from hub.plugin import BadRecord, Record
from hub.sync import values as reading
from hub.sync.drift import Policies
from hub.sync.kind import Kind, Values
from hub.sync.kinds import KINDS
from hub.sync.raw import Interpreter

LONGEST = 200
GONE = bytes(16)
NUL = b"\\u0000"
"""As JSON has it."""
SCALAR, NAMED, NESTED = range(3)
UNKNOWN = "a field that its plugin does not know"


class Known(NamedTuple):
    """What the hub remembers of a key: the row, the last whole record's hash and time, the times of fields since, and
    what it named and was not known then."""

    id: UUID
    hash: bytes | None = None
    at: datetime | None = None
    later: Mapping[str, str] | None = None
    unknown: str | None = None


@dataclass(slots=True)
class Reading:
    """A record, what its fields become, and what is known of it: its link, its natural key.

    values  column -> value, for scalars
    named   field -> the code or the place that names another row
    nested  field -> what becomes rows of its own
    extra   what is to be kept beside the row
    partial it says some fields only, whatever else there is
    unread  only its hash was taken so far: `values`, `named` and `nested` are empty; the record may still be raw
    clean   its text can be kept: it holds no NUL, and no half characters
    anew    it is read even where it is as it was
    """

    record: Record
    values: Values = field(default_factory=dict)
    named: Values = field(default_factory=dict)
    nested: Values = field(default_factory=dict)
    hash: bytes = b""
    extra: Mapping[str, Any] = field(default_factory=dict)
    partial: bool = False
    unread: bool = False
    clean: bool = False
    anew: bool = False
    link: Known | None = None
    natural: tuple[Any, ...] = ()

    def says_nothing_new(self) -> bool:
        """Whether the same was applied last, or something newer."""
        if self.link is None:
            return False
        same = self.hash == self.link.hash and not self.partial and not self.anew
        return same or older(self.record.at, self.link.at)

    def take(self, record: Record) -> None:
        """What the raw record means, as the plugin says. The hash stays that of the source's own words, if any."""
        self.record = record
        with suppress(TypeError, ValueError, AttributeError):
            self.hash = GONE if record.deleted else self.hash or fingerprint(record)
            _see_time(record)
            texts = "".join([value for value in record.fields.values() if type(value) is str])
            self.clean = not (record.deleted or record.extra) and b"\0" not in texts.encode()

    def may_be_news(self) -> bool:
        """Whether it must be read: it is not what was applied last, or something newer is known of single fields."""
        return self.link is None or self.link.hash != self.hash or bool(self.link.later) or self.anew

    def forget(self) -> None:
        """Leave out the fields of which something newer is known."""
        at, kind = self.record.at, KINDS[self.record.kind]
        for name, since in ((self.link and self.link.later) or {}).items():
            if at is not None and at < datetime.fromisoformat(since):
                self.values.pop(kind.fields.get(name, name), None)
                self.named.pop(name, None)
                self.nested.pop(name, None)

    def remembered(self) -> tuple[bytes | None, datetime | None, dict[str, str] | None]:
        """What the link is to say once the record is applied: hash, time of the whole, times of single fields."""
        at, known = self.record.at, self.link
        later = dict(known.later) if known and known.later else {}
        if not self.partial:
            since = later and {name: time for name, time in later.items() if at and at < datetime.fromisoformat(time)}
            return self.hash, at, since or None
        if at is not None:
            told = at.astimezone(UTC).isoformat()
            later |= dict.fromkeys((name for name in self.record.fields if later.get(name, "") < told), told)
        return None, known.at if known else None, later or None


ORDINARY = Policies()


@dataclass(slots=True)
class Readings:
    """The records of a page, kind after kind, and those that make no sense, with the reason.

    interpreter  how raw records are known and read
    bad          raw records that turned out to be none
    """

    policies: Policies = ORDINARY
    interpreter: Interpreter | None = None
    understood: dict[str, list[Reading]] = field(default_factory=dict)
    refused: list[tuple[Record, str]] = field(default_factory=list)
    drifted: dict[tuple[str, str], str] = field(default_factory=dict)
    bad: dict[tuple[str, str], BadRecord] = field(default_factory=dict)

    def raw(self, name: str) -> list[Reading]:
        """What nobody has read yet, not even the plugin."""
        return [one for one in self.understood.get(name, ()) if one.record.raw]

    async def translate(self, name: str, raw: Sequence[Reading]) -> None:
        """Have the plugin read these. Raises SourceError."""
        if not raw or self.interpreter is None:
            return
        for one, found in zip(raw, await self.interpreter.reader([one.record for one in raw]), strict=True):
            if isinstance(found, BadRecord):
                self.bad[name, one.record.key] = found
            else:
                one.take(found)
        if self.bad:
            self.understood[name] = [one for one in self.understood[name] if (name, one.record.key) not in self.bad]

    def understand(self, name: str, wanted: Collection[str] = ()) -> None:
        """Read what was left unread: those with these keys, and whatever says something new. Raises SourceBroken."""
        found: list[Reading] = []
        for one in self.understood[name]:
            if one.unread and (one.may_be_news() or one.record.key in wanted):
                if not _understood(KINDS[name], one, self):
                    continue
                one.forget()
            found.append(one)
        self.understood[name] = found


def read(
    records: Sequence[Record],
    policies: Policies = ORDINARY,
    *,
    partial: bool = False,
    lazily: bool = False,
    interpreter: Interpreter | None = None,
    meant: Mapping[tuple[str, str], Record] = MappingProxyType({}),
) -> Readings:
    """Understand these records. Of two with the same key the newer one counts, or the later one of two alike.

    `partial`: each says some fields only. `lazily`: leave unread what may turn out to say nothing new, until
    `understand` is called. Raw ones have keys of their own; the `interpreter` knows and reads them, `meant` what
    some of them mean. Raises SourceBroken where a policy stops the run.
    """
    latest: dict[tuple[str, str], Record] = {}
    for record in records:
        other = latest.get((record.kind, record.key))
        if other is None or not older(record.at, other.at):
            latest[record.kind, record.key] = record
    by_kind: dict[str, list[Reading]] = {}
    for record in latest.values():
        by_kind.setdefault(record.kind, []).append(Reading(record, partial=partial))
    readings = Readings(policies, interpreter)
    for one in chain.from_iterable(found for name, found in by_kind.items() if name not in KINDS):
        shown = replace(one.record, fields={}, raw=False) if one.record.raw else one.record
        readings.refused.append((shown, f"No kind {shown.kind!r}. There are: {', '.join(KINDS)}."))
    postponed = functools.partial(_postponed, interpreter=interpreter, meant=meant, lazily=lazily)
    for name in filter(by_kind.__contains__, KINDS):
        kind, found = KINDS[name], by_kind[name]
        readings.understood[name] = [one for one in found if postponed(one) or _understood(kind, one, readings)]
    return readings


def older(one: datetime | None, other: datetime | None) -> bool:
    """Whether both times are known, zones and all, and the first one is before the other."""
    return one is not None and other is not None and bool(one.tzinfo and other.tzinfo) and one < other


def _postponed(
    one: Reading, interpreter: Interpreter | None, meant: Mapping[tuple[str, str], Record], *, lazily: bool
) -> bool:
    """Whether it is left at that for now: a raw one always is. What has no hash is not taken for known later."""
    if not (record := one.record).raw or interpreter is None:
        return lazily and _glanced(one)
    if not (record.deleted or record.extra):
        with suppress(TypeError):
            one.hash = hashlib.blake2b(orjson.dumps(record.fields), digest_size=16, salt=interpreter.salt).digest()
    one.unread, one.anew = True, interpreter.anew
    if (found := meant.get((record.kind, record.key))) is not None:
        one.take(found)
    return True


def _glanced(one: Reading) -> bool:
    """Whether the record can be left unread for now; else it must be read to know what is to be said of it."""
    record = one.record
    try:
        key(record.key)
        if record.extra or record.deleted or not isinstance(record.fields, Mapping):
            return False
        content = _content(record)
        _see_time(record)
        one.hash, one.unread, one.clean = _digest(content), True, NUL not in content
        return True
    except (ValueError, TypeError):
        return False


def _see_time(record: Record) -> None:
    """See that its time can be kept. Raises ValueError."""
    if record.at is not None:
        reading.moment(record.at)


def _understood(kind: Kind, one: Reading, readings: Readings) -> bool:
    """Read what a record means. If it makes no sense, that is noted with the reason."""
    if one.clean and _quickly(kind, one):
        return True
    ways = _ways(kind.name)
    while True:
        record, into = one.record, (one.values, one.named, one.nested)
        name = "key"
        try:
            key(record.key)
            if not isinstance(record.fields, Mapping):
                raise ValueError(f"its fields are a {type(record.fields).__name__}, no mapping")
            for name, value in record.fields.items():
                if name not in ways:
                    raise ValueError(f"a {kind.name} has no such field. It has: {', '.join(sorted(ways))}")
                place, column, understand = ways[name]
                if value is None or (value == "" and place != NESTED):
                    into[place][column] = None
                else:
                    found = understand(value)
                    into[place][column] = None if found == "" else found
            name = "at"
            _see_time(record)
            name = "fields"
            one.hash = one.hash or fingerprint(record)
            if record.extra:
                name = "extra"
                one.extra = dict(_beside(kind, record.extra, readings))
            one.unread = False
            return True
        except (ValueError, TypeError) as error:
            said = record.fields if isinstance(record.fields, Mapping) else {}
            if name not in said or not _left_out(kind, name, str(error), readings):
                readings.refused.append((record, f"{name}: {error}."))
                return False
            one.record = replace(record, fields={other: value for other, value in said.items() if other != name})
            one.hash = b""


def _quickly(kind: Kind, one: Reading) -> bool:
    """Read a record of which it is known that its text is text. False, and nothing done, where that does not go as with
    nearly all records: then it is read with care, for the words."""
    fields, values, into = one.record.fields, one.values, (one.values, one.named, one.nested)
    try:
        texts, others = _quick_ways(kind.name, tuple(fields))
        for name, column in texts:
            value = fields[name]
            if type(value) is str:
                values[column] = value.strip() or None
            elif value is None:
                values[column] = None
            else:
                return _undone(into)
        for name, place, column, understand in others:
            value = fields[name]
            if value is None or (value == "" and place != NESTED):
                into[place][column] = None
            else:
                found = understand(value)
                into[place][column] = None if found == "" else found
    except (ValueError, TypeError, KeyError, AttributeError):
        return _undone(into)
    one.unread = False
    return True


def _undone(into: Iterable[Values]) -> bool:
    for part in into:
        part.clear()
    return False


@lru_cache(1024)
def _quick_ways(
    name: str, fields: tuple[str, ...]
) -> tuple[list[tuple[str, str]], list[tuple[str, int, str, reading.Reader]]]:
    """The ways of these fields: of those that are columns of text, from which only blanks are to be taken, and of the
    others."""
    ways = [(one, *_ways(name)[one]) for one in fields]
    texts = [(one, column) for one, _, column, understand in ways if understand is reading.text]
    return texts, [way for way in ways if way[3] is not reading.text]


@cache
def _ways(name: str) -> dict[str, tuple[int, str, reading.Reader]]:
    """field -> where it goes to, under which name, and how its values are read."""
    kind = KINDS[name]
    scalars = {name: (SCALAR, column, understand) for name, (column, understand) in kind.readers().items()}
    for field_name, (place, column, understand) in scalars.items():
        if column in kind.natural:
            scalars[field_name] = place, column, _known_by(understand)
    named = {name: (NAMED, name, reading.named) for name in kind.references}
    return scalars | named | {name: (NESTED, name, understand) for name, understand in kind.nested.items()}


def _known_by(understand: reading.Reader) -> reading.Reader:
    """The same for what a row is known by: it must be a possible key."""

    def read(value: object) -> Any:
        if found := understand(value):
            key(found)
        return found

    return read


def _left_out(kind: Kind, name: str, why: str, readings: Readings) -> bool:
    """Whether a field that makes no sense is to be left out. Raises SourceBroken where it is to stop the run."""
    if readings.policies.judge(kind.name, name, Drift.QUARANTINE, why) is not Drift.DISCARD:
        return False
    readings.drifted.setdefault((kind.name, name), f"{why}; the field is left out")
    return True


def _beside(kind: Kind, extra: Mapping[str, Any], readings: Readings) -> Iterable[tuple[str, Any]]:
    """What the source says beyond what its plugin knows, as far as it is to be kept. Raises ValueError."""
    for name, value in extra.items():
        match readings.policies.judge(kind.name, name, Drift.EVOLVE, UNKNOWN):
            case Drift.QUARANTINE:
                raise ValueError(f"{name} is {UNKNOWN}, and the rule for it is QUARANTINE")
            case Drift.EVOLVE:
                readings.drifted.setdefault(
                    (kind.name, name), "a field that its plugin does not know; it is kept beside"
                )
                yield name, value
            case _:
                readings.drifted.setdefault((kind.name, name), "a field that its plugin does not know; it is left out")


def key(found: str) -> None:
    """See that it can be a key: indexes take only short ones."""
    if not found or "\x00" in found or not found.isascii():
        found = reading.text(found)
    if not found or len(found) > LONGEST:
        raise ValueError(f"it has {len(found)} characters; 1 to {LONGEST} are possible")


def possible(found: str | None) -> bool:
    """Whether something may be linked by such a key at all."""
    try:
        key(found or "")
    except ValueError:
        return False
    return True


def fingerprint(record: Record) -> bytes:
    """The same for the same content, however its fields are ordered: 16 bytes. All that is gone is alike."""
    if record.deleted:
        return GONE
    return _digest(_content(record))


def _content(record: Record) -> bytes:
    """All that it says, as JSON. Raises TypeError where some of its text is no text."""
    said = (record.deleted, record.fields, record.extra) if record.extra else (record.deleted, record.fields)
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
