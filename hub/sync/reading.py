"""Records whose scalars were understood. Needs no database, so a page is read while the last one is being written."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from hub.plugin import Record
from hub.sync.kinds import KINDS, Kind, Values


@dataclass(slots=True)
class Reading:
    """A record, the columns that its scalars become, and what is known of it: its link, its natural key."""

    record: Record
    values: Values
    hash: bytes
    link: tuple[UUID, bytes | None] | None = None
    natural: tuple[Any, ...] = ()


@dataclass(slots=True)
class Readings:
    """The records of a page, kind after kind, and those that make no sense, with the reason."""

    understood: dict[str, list[Reading]] = field(default_factory=dict)
    refused: list[tuple[Record, str]] = field(default_factory=list)


def read(records: Sequence[Record]) -> Readings:
    """Understand these records. Of two with the same key the later one counts."""
    latest = {(record.kind, record.key): record for record in records}
    readings = Readings()
    for record in latest.values():
        if record.kind not in KINDS:
            readings.refused.append((record, f"No kind {record.kind!r}. There are: {', '.join(KINDS)}."))
    for kind in KINDS.values():
        if chosen := [record for record in latest.values() if record.kind == kind.name]:
            readings.understood[kind.name] = list(_read(kind, chosen, readings.refused))
    return readings


def _read(kind: Kind, records: Iterable[Record], refused: list[tuple[Record, str]]) -> Iterable[Reading]:
    readers = kind.readers()
    known = {*readers, *kind.references, *kind.nested}
    for record in records:
        values: Values = {}
        name = "key"
        try:
            if not record.key or "\x00" in record.key:
                raise ValueError("a record needs a key without NUL bytes")
            for name, value in record.fields.items():
                if name in readers:
                    column, understand = readers[name]
                    values[column] = None if value is None or value == "" else understand(value)
                elif name not in known:
                    raise ValueError(f"a {kind.name} has no such field. It has: {', '.join(sorted(known))}")
            yield Reading(record, values, fingerprint(record))
        except (ValueError, TypeError) as error:
            refused.append((record, f"{name}: {error}."))


def fingerprint(record: Record) -> bytes:
    """The same for the same content, however its fields are ordered: 16 bytes."""
    content = orjson.dumps((record.deleted, record.fields), option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.blake2b(content, digest_size=16).digest()
