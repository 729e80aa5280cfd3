"""Records that are kept: as an admin may see them, and as they can be read again."""

import math
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import fields
from datetime import datetime
from typing import Any

from hub.plugin import BadRecord, Caller, Issue, Place, Record
from hub.services import words

HIDDEN = "***"
LONGEST_NAME = 200
DEEPEST = 20
SECRETS: ContextVar[Sequence[str]] = ContextVar("what the run at work here must not tell", default=())
NESTED: dict[str, type[Any]] = {kind.__name__: kind for kind in (Caller, Issue, Place)}


def keep(record: Record) -> dict[str, Any]:
    """The whole record as JSON, such that `again` gives it back. For the hub's own eyes.

    Of a raw one, which said nothing new, only which it is: in its source's words it would be read wrongly.
    """
    return {
        "kind": clean(record.kind),
        "key": clean(record.key),
        "fields": {} if record.raw else _plain(record.fields),
        "deleted": record.deleted,
        "where": clean(record.where),
        "at": record.at and record.at.isoformat(),
        **({"extra": _plain(record.extra)} if record.extra else {}),
    }


def again(kept: Mapping[str, Any]) -> Record:
    """The record that `keep` kept."""
    said = {name: _rich(value) for name, value in kept["fields"].items()}
    at = datetime.fromisoformat(kept["at"]) if kept["at"] else None
    extra = {name: _rich(value) for name, value in kept.get("extra", {}).items()}
    return Record(kept["kind"], kept["key"], said, kept["deleted"], kept["where"], at, extra)


def keep_bad(bad: BadRecord) -> dict[str, Any]:
    """The whole of what is no record, such that `again_bad` gives it back. For the hub's own eyes."""
    raw = _plain(bad.raw)
    key = None if bad.key is None else clean(bad.key)
    return {"reason": clean(bad.reason), "raw": raw, "kind": clean(bad.kind), "key": key, "where": clean(bad.where)}


def again_bad(kept: Mapping[str, Any]) -> BadRecord:
    """What `keep_bad` kept."""
    return BadRecord(kept["reason"], kept["raw"], kept["kind"], kept["key"], kept["where"])


def shown(refused: Record | BadRecord) -> dict[str, Any]:
    """What an admin sees of a refused record: everything but the caller, personal numbers and secrets masked."""
    raw = refused.raw if isinstance(refused, BadRecord) else refused.fields
    if isinstance(refused, Record) and isinstance(raw, Mapping):
        raw = {name: value for name, value in raw.items() if name != "caller"}
    shown = _masked(_plain(raw))
    return shown if isinstance(shown, dict) else {"text": str(shown)}


def shown_extra(extra: Mapping[str, Any]) -> dict[str, Any]:
    """What a source says beyond what is known, as JSON, personal numbers and secrets masked."""
    return {str(said): value for said, value in _masked(_plain(extra)).items()}


def name(text: object) -> str:
    """Text for a column with an index, which takes only short ones."""
    return clean(str(text))[:LONGEST_NAME]


def told(text: object) -> str:
    """Words for an admin: telephone and ID numbers masked, and the secrets of the run at work here."""
    return str(_masked(clean(str(text))))


def clean(text: object) -> str:
    """Text that PostgreSQL can keep: a NUL is shown as ␀, half a character as �."""
    return str(text).replace("\x00", "␀").encode(errors="replace").decode()


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {_masked(name): _masked(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_masked(part) for part in value]
    if isinstance(value, str):
        for secret in SECRETS.get():
            value = value.replace(secret, HIDDEN)
        return words.masked(value)
    if type(value) in (int, float) and (told := words.masked(str(value))) != str(value):
        return told
    return value


def _plain(value: Any, depth: int = 0) -> Any:
    """The value as JSON that PostgreSQL takes: whatever is not of JSON, or too much for it, as text."""
    if depth > DEEPEST:
        return "…"
    if type(value) in NESTED.values():
        parts = {part.name: _plain(getattr(value, part.name), depth + 1) for part in fields(value)}
        return {"$": type(value).__name__, **parts}
    if isinstance(value, Mapping):
        return {clean(name): _plain(part, depth + 1) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part, depth + 1) for part in value]
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**53):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    return clean(value)


def _rich(value: Any) -> Any:
    if isinstance(value, dict):
        parts = {name: _rich(part) for name, part in value.items() if name != "$"}
        return NESTED[value["$"]](**parts) if "$" in value else parts
    if isinstance(value, list):
        return tuple(_rich(part) for part in value)
    return value
