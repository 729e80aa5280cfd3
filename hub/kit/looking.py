"""What an imported plugin says of itself. Run in a process of its own: `python -m hub.kit.looking ROOT MODULE`."""

import importlib
import inspect
import json
import sys
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import AnyUrl, BaseModel, SecretStr, ValidationError

from hub.plugin import Plugin
from hub.sync.http import hosts
from hub.sync.surface import fault

VERBS = ("pull", "push", "receive")


def looked_at(module: str) -> dict[str, Any]:
    """The plugin that this module brings, as JSON has it; `error` where it brings none."""
    try:
        importlib.import_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 (a stranger's module may raise anything; it is told)
        return {"error": f"{type(error).__name__}: {error}"}
    found = next(iter(sorted(_plugins(module), key=lambda one: one.__module__)), None)
    if found is None:
        return {"error": f"{module} holds no subclass of hub.plugin.Plugin."}
    if (wrong := fault(found)) is not None:
        return {"fault": wrong}
    verbs = {verb: getattr(found, verb) for verb in VERBS if hasattr(found, verb)}
    return {
        "class": found.__name__,
        "name": found.name,
        "hub": found.hub,
        "hosts": list(found.hosts),
        "fixed_hosts": list(found.fixed_hosts),
        "verbs": {verb: inspect.getdoc(function) or "" for verb, function in verbs.items()},
        "doc": vars(found).get("__doc__") or "",
        "extra": found.Config.model_config.get("extra"),
        "settings": [_setting(name, field) for name, field in found.Config.model_fields.items()],
        "preset_hosts": sorted(
            {host for preset in found.presets.values() for name in found.hosts for host in hosts(preset.get(name))}
        ),
        "presets": {name: _refusal(found.Config, settings) for name, settings in found.presets.items()},
    }


def _plugins(module: str) -> Iterator[type[Plugin[Any]]]:
    for name, loaded in list(sys.modules.items()):
        if name == module or name.startswith(f"{module}."):
            for one in vars(loaded).values():
                if inspect.isclass(one) and issubclass(one, Plugin) and one.__module__ == name:
                    yield one


def _setting(name: str, field: Any) -> dict[str, Any]:
    types = set(_parts(field.annotation))
    default = field.get_default(call_default_factory=True, validated_data={})
    address = name == "url" or name.endswith("_url") or any(issubclass(one, AnyUrl) for one in types)
    return {
        "name": name,
        "title": field.title,
        "description": field.description,
        "secret": SecretStr in types,
        "address": address,
        "hosts": sorted(hosts(default)) if address and not field.is_required() else [],
    }


def _parts(annotation: Any) -> Iterator[type]:
    """The classes that an annotation is made of."""
    if isinstance(annotation, type):
        yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _refusal(config: type[BaseModel], settings: Any) -> str | None:
    try:
        config.model_validate(settings)
    except ValidationError as error:
        return str(error.errors()[0]["msg"])
    return None


if __name__ == "__main__":
    root, name = sys.argv[1:]
    sys.path.insert(0, root)
    answer, sys.stdout = sys.stdout, sys.stderr
    json.dump(looked_at(name), answer)
