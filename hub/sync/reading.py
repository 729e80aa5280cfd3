"""Records whose scalars were understood. Needs no database, so a page is read while the last one is being written."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from hub.plugin import Record
from hub.sync import values as reading
from hub.sync.kinds import KINDS, Kind, Values

LONGEST = 200
GONE = bytes(16)


@dataclass(slots=True)
class Reading:
    """A record, what its fields become, and what is known of it: its link, its natural key.

    values  column -> value, for scalars
    named   field -> the code or the place that names another row
    nested  field -> what becomes rows of its own
    """

    record: Record
    values: Values
    named: Values
    nested: Values
    hash: bytes
    link: tuple[UUID, bytes | None, datetime | None] | None = None
    natural: tuple[Any, ...] = ()

    def says_nothing_new(self) -> bool:
        """Whether the same was applied last, or something newer."""
        if self.link is None:
            return False
        _, hash, at = self.link
        return hash == self.hash or _older(self.record.at, at)


@dataclass(slots=True)
class Readings:
    """The records of a page, kind after kind, and those that make no sense, with the reason."""

    understood: dict[str, list[Reading]] = field(default_factory=dict)
    refused: list[tuple[Record, str]] = field(default_factory=list)


def read(records: Sequence[Record]) -> Readings:
    """Understand these records. Of two with the same key the newer one counts, or the later one of two alike."""
    latest: dict[tuple[str, str], Record] = {}
    for record in records:
        other = latest.get((record.kind, record.key))
        if other is None or not _older(record.at, other.at):
            latest[record.kind, record.key] = record
    readings = Readings()
    for record in latest.values():
        if record.kind not in KINDS:
            readings.refused.append((record, f"No kind {record.kind!r}. There are: {', '.join(KINDS)}."))
    for kind in KINDS.values():
        if chosen := [record for record in latest.values() if record.kind == kind.name]:
            readings.understood[kind.name] = list(_read(kind, chosen, readings.refused))
    return readings


def _older(one: datetime | None, other: datetime | None) -> bool:
    """Whether both times are known, zones and all, and the first one is before the other."""
    return one is not None and other is not None and bool(one.tzinfo and other.tzinfo) and one < other


def _read(kind: Kind, records: Iterable[Record], refused: list[tuple[Record, str]]) -> Iterable[Reading]:
    readers = kind.readers()
    natural = {name for name, column in kind.fields.items() if column in kind.natural}
    for record in records:
        values: Values = {}
        named: Values = {}
        nested: Values = {}
        name = "key"
        try:
            key(record.key)
            if not isinstance(record.fields, Mapping):
                raise ValueError(f"its fields are a {type(record.fields).__name__}, no mapping")
            for name, value in record.fields.items():
                if name in readers:
                    column, understand = readers[name]
                    found = None if value is None or value == "" else understand(value)
                    values[column] = None if found == "" else found
                    if name in natural and found:
                        key(found)
                elif name in kind.references:
                    named[name] = None if value is None or value == "" else reading.named(value) or None
                elif name in kind.nested:
                    nested[name] = None if value is None else kind.nested[name](value)
                else:
                    known = sorted({*readers, *kind.references, *kind.nested})
                    raise ValueError(f"a {kind.name} has no such field. It has: {', '.join(known)}")
            name = "at"
            record = record if record.at is None else replace(record, at=reading.moment(record.at))
            name = "fields"
            yield Reading(record, values, named, nested, fingerprint(record))
        except (ValueError, TypeError) as error:
            refused.append((record, f"{name}: {error}."))


def key(found: str) -> None:
    """See that it can be a key: indexes take only short ones."""
    if not found or "\x00" in found or not found.isascii():
        found = reading.text(found)
    if not found or len(found) > LONGEST:
        raise ValueError(f"it has {len(found)} characters; 1 to {LONGEST} are possible")


def fingerprint(record: Record) -> bytes:
    """The same for the same content, however its fields are ordered: 16 bytes. All that is gone is alike."""
    if record.deleted:
        return GONE
    content = orjson.dumps((record.deleted, record.fields), option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.blake2b(content, digest_size=16).digest()
