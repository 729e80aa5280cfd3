"""Records that come in their source's own words: the plugin reads only those that are new.

    as it came, with all that its meaning depends on -> hash -> as it was when it was applied last: nothing new
                                                             -> else the plugin reads it: a record, or a bad one

Which are new is asked before the page's transaction, and once more in it: another may have come in between.
"""

import hashlib
import inspect
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from hub import __version__
from hub.plugin import BadRecord, Plugin, Reads, Record, SourceBroken

Reader = Callable[[Sequence[Record]], Awaitable[Sequence[Record | BadRecord]]]
"""What raw records mean, one for each."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """How raw records are known and read: the salt of their hashes, who reads them; `anew`: even those that are as they
    were."""

    salt: bytes
    reader: Reader
    anew: bool = False


def salt(plugin: Plugin[Any], rules: str) -> bytes:
    """16 bytes of all that the meaning of its raw records depends on, beside what they say; `rules` of the hub too."""
    parts = (__version__.encode(), code(type(plugin)), plugin.meaning().encode(), rules.encode())
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).digest()


def code(plugin: type[Plugin[Any]]) -> bytes:
    """16 bytes of the files that the plugin is made of, as they stood when this was asked first: when it was loaded.

    Raises OSError where one cannot be read.
    """
    return _code(Path(inspect.getfile(plugin)))


@cache
def _code(file: Path) -> bytes:
    """A file by itself, or all of the package that it is in; what begins with a dot is no part of that."""
    folder, found = file.parent, hashlib.blake2b(digest_size=16)
    while (folder.parent / "__init__.py").exists():
        folder = folder.parent
    files = sorted(folder.rglob("*")) if (folder / "__init__.py").exists() else [file]
    for path in files:
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in name.parts):
            found.update(os.fsencode(name) + b"\0" + path.read_bytes() + b"\0")
    return found.digest()


def read_all(plugin: Plugin[Any], records: Sequence[Record]) -> Sequence[Record | BadRecord]:
    """What its raw records mean. Raises SourceBroken where read() gives something else than was asked for."""
    if not isinstance(plugin, Reads):
        raise SourceBroken(f"The plugin {plugin.name} gives raw records, and has no read().")
    read = list(map(plugin.read, records))
    for at, (record, found) in enumerate(zip(records, read, strict=True)):
        if isinstance(found, BadRecord):
            read[at] = replace(found, kind=record.kind, key=record.key, where=found.where or record.where)
        elif not _is_of(found, record):
            asked = f"{record.kind} {record.key}"
            raise SourceBroken(f"read() of the plugin {plugin.name} was asked for {asked} and gave {_told(found)}.")
    return read


def _is_of(found: object, record: Record) -> bool:
    if not isinstance(found, Record) or found.raw or not (found.at is None or isinstance(found.at, datetime)):
        return False
    return (found.kind, found.key) == (record.kind, record.key)


def _told(found: object) -> str:
    if not isinstance(found, Record):
        return f"a {type(found).__name__}"
    return "a raw record" if found.raw else f"{found.kind} {found.key}, at {found.at!r}"
