"""Records that are kept: as an admin may see them, and as they can be read again."""

import re
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

import orjson

from hub.plugin import BadRecord, Caller, Issue, Place, Record

MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)[ -]?\d{4}[ -]?(\d{4})(?!\d)")
NESTED: dict[str, type[Any]] = {kind.__name__: kind for kind in (Caller, Issue, Place)}


def keep(record: Record) -> dict[str, Any]:
    """The whole record as JSON, such that `again` gives it back. For the hub's own eyes."""
    return {
        "kind": record.kind,
        "key": clean(record.key),
        "fields": {name: _plain(value) for name, value in record.fields.items()},
        "deleted": record.deleted,
        "where": record.where,
    }


def again(kept: Mapping[str, Any]) -> Record:
    """The record that `keep` kept."""
    fields = {name: _rich(value) for name, value in kept["fields"].items()}
    return Record(kept["kind"], kept["key"], fields, kept["deleted"], kept["where"])


def shown(refused: Record | BadRecord) -> dict[str, Any]:
    """What an admin sees of a refused record: everything but the caller, telephone numbers masked."""
    if isinstance(refused, BadRecord):
        raw = refused.raw if isinstance(refused.raw, str) else dict(refused.raw)
    else:
        raw = {name: _plain(value) for name, value in refused.fields.items() if name != "caller"}
    text = clean(orjson.dumps(raw, default=str).decode(errors="replace") if not isinstance(raw, str) else raw)
    masked = MOBILE.sub(r"\1****\2", text)
    return {"text": masked} if isinstance(raw, str) else orjson.loads(masked)


def clean(text: str) -> str:
    """Text that PostgreSQL can keep: a NUL is shown as ␀, half a character as �."""
    return text.replace("\x00", "␀").replace("\\u0000", "␀").encode(errors="replace").decode()


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {"$": type(value).__name__, **{name: _plain(part) for name, part in asdict(value).items()}}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, str):
        return clean(value)
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _rich(value: Any) -> Any:
    if isinstance(value, dict):
        parts = {name: _rich(part) for name, part in value.items() if name != "$"}
        return NESTED[value["$"]](**parts) if "$" in value else parts
    if isinstance(value, list):
        return tuple(_rich(part) for part in value)
    return value
