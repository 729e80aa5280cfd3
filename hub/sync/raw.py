"""Records that come in their source's own words: the plugin reads only those that are new.

    as it came, with all that its meaning depends on -> hash -> as it was when it was applied last: nothing new
                                                             -> else the plugin reads it: a record, or a bad one

Where most of a page is new, it is read as soon as it is there; else once it is known which of it is.
"""

import hashlib
import inspect
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hub import __version__
from hub.plugin import BadRecord, Plugin, Reads, Record, SourceBroken

Items = Sequence[Record | BadRecord]
Reader = Callable[[Sequence[Record]], Awaitable[Items]]
"""What raw records mean, one for each."""


def salt(plugin: Plugin[Any]) -> bytes:
    """16 bytes of all that the meaning of its raw records depends on, beside what they say."""
    return digest(__version__.encode(), code(type(plugin)), plugin.meaning().encode())


def digest(*parts: bytes) -> bytes:
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).digest()


def code(plugin: type[Plugin[Any]]) -> bytes:
    """16 bytes of the files that the plugin is made of, as they stood when this was asked first: when it was loaded."""
    return _code(Path(inspect.getfile(plugin)))


@cache
def _code(file: Path) -> bytes:
    files = file.parent.rglob("*") if (file.parent / "__init__.py").exists() else [file]
    found = (path for path in sorted(files) if path.is_file() and "__pycache__" not in path.parts)
    return digest(*(part for path in found for part in (path.name.encode(), path.read_bytes())))


def read_all(plugin: Plugin[Any], records: Sequence[Record]) -> Items:
    """What its raw records mean. Raises SourceBroken where read() gives something else than was asked for."""
    if not isinstance(plugin, Reads):
        raise SourceBroken(f"The plugin {plugin.name} gives raw records, and has no read().")
    read = list(map(plugin.read, records))
    for record, found in zip(records, read, strict=True):
        if isinstance(found, BadRecord):
            continue
        if not isinstance(found, Record) or found.raw or (found.kind, found.key) != (record.kind, record.key):
            asked = f"{record.kind} {record.key}"
            raise SourceBroken(f"read() of the plugin {plugin.name} was asked for {asked} and gave {_told(found)}.")
    return read


def _told(found: object) -> str:
    if not isinstance(found, Record):
        return f"a {type(found).__name__}"
    return "a raw record" if found.raw else f"{found.kind} {found.key}"
