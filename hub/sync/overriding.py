"""Which settings a caller of the graph may set for one run: none that leads to a file, a secret or another host.

A plugin guards further ones itself: Field(json_schema_extra={"guarded": True}).
"""

from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any, get_args

from pydantic import BaseModel, SecretBytes, SecretStr

from hub.errors import Invalid
from hub.plugin import Plugin

GUARDED = (PurePath, SecretStr, SecretBytes)


def must_be_open(plugin: type[Plugin[Any]], names: Iterable[str]) -> None:
    """Raise Invalid, naming the setting, unless whoever may run a source may set all of these for one run.

    With another address the stored secrets would go there; with another path any file of the hub's user is read.
    """
    for name in names:
        field = plugin.Config.model_fields.get(name)
        if name in plugin.hosts:
            why = "it says whom the stored secrets are sent to"
        elif field is None:
            if plugin.Config.model_config.get("extra") != "allow":
                continue  # it is refused with the names that there are
            why = f"{plugin.name} does not declare it"
        elif isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("guarded"):
            why = "it says what runs on the hub's machine"
        elif any(issubclass(one, GUARDED) for one in _types(field.annotation, set())):
            why = "it holds a path or a secret"
        else:
            continue
        raise Invalid(
            f"settings: {name} is not set over the graph, as {why}. On the hub's machine: hub sync run --set {name}=…",
            field="settings",
        )


def _types(annotation: Any, seen: set[type[BaseModel]]) -> Iterator[type]:
    """The classes that stand in an annotation, however deep."""
    for part in get_args(annotation):
        yield from _types(part, seen)
    if isinstance(annotation, type):
        yield annotation
        if issubclass(annotation, BaseModel) and annotation not in seen:
            seen.add(annotation)
            for field in annotation.model_fields.values():
                yield from _types(field.annotation, seen)
