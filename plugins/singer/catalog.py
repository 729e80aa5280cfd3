"""What a tap has, and what of it is wanted: only the streams that are named, of these only what is read."""

import json
from collections.abc import Sequence
from typing import Any

from hub.plugin import SourceBroken
from plugins.singer.messages import Stream

__all__ = ["selected"]


def selected(discovered: bytes, streams: Sequence[Stream]) -> dict[str, Any]:
    """The tap's catalog with its marks set. Raises SourceBroken for what is not there, with what there is."""
    try:
        catalog = json.loads(discovered)
        entries = {str(entry.get("stream") or entry["tap_stream_id"]): entry for entry in catalog["streams"]}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceBroken("The tap's --discover gave no catalog. If it has none, switch discover off.") from error
    wanted = {stream.stream: stream for stream in streams}
    if missing := sorted(wanted.keys() - entries.keys()):
        raise SourceBroken(
            f"The tap has no stream {', '.join(missing)}. It has: {', '.join(sorted(entries)) or 'none'}."
        )
    for name, entry in entries.items():
        _mark(entry, wanted.get(name))
    return {"streams": list(entries.values())}


def _mark(entry: dict[str, Any], stream: Stream | None) -> None:
    schema = entry.get("schema") or {}
    known, names = schema.get("properties") or {}, stream.properties if stream else set()
    if stream and known and (missing := sorted(names - known.keys())):
        raise SourceBroken(
            f"The stream {stream.stream} has no property {', '.join(missing)}. It has: {', '.join(sorted(known))}."
        )
    entry["selected"] = schema["selected"] = stream is not None
    metadata = entry.setdefault("metadata", [])
    if not any(one.get("breadcrumb") == [] for one in metadata):
        metadata.append({"breadcrumb": [], "metadata": {}})
    for one in metadata:
        path = one.get("breadcrumb") or []
        one.setdefault("metadata", {})["selected"] = path[1] in names if len(path) > 1 else stream is not None
