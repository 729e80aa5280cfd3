"""Which plugins there are: installed ones by entry point, an operator's own by folder. A broken one is shown only."""

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
from pydantic import BaseModel, ValidationError
from starlette.types import ASGIApp

from hub.errors import Misconfigured
from hub.plugin import Plugin

PLUGINS, SIMULATORS = "lianshu.plugins", "lianshu.simulators"


@dataclass(frozen=True, slots=True)
class Preset:
    """A ready-made source that a plugin brings along."""

    name: str
    plugin: str
    settings: Mapping[str, Any]


@dataclass(slots=True)
class Registry:
    """The plugins by name, the simulators by name, and what could not be loaded, with the reason."""

    plugins: dict[str, type[Plugin[Any]]] = field(default_factory=dict)
    simulators: dict[str, Callable[..., ASGIApp]] = field(default_factory=dict)
    broken: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, found: object) -> None:
        if not (inspect.isclass(found) and issubclass(found, Plugin)):
            self.broken.append((name, f"{found!r} is no subclass of hub.plugin.Plugin."))
        elif missing := [part for part in ("name", "title", "Config") if not hasattr(found, part)]:
            self.broken.append((name, f"{found.__name__} lacks {', '.join(missing)}: see hub/plugin.py."))
        elif not (inspect.isclass(found.Config) and issubclass(found.Config, BaseModel)):
            self.broken.append((name, f"Config of {found.__name__} is no pydantic model: see hub/plugin.py."))
        elif not isinstance(found.presets, Mapping):
            self.broken.append((name, f"presets of {found.__name__} are no mapping: see hub/plugin.py."))
        elif found.period and (lacking := set(found.period) - found.Config.model_fields.keys()):
            self.broken.append((name, f"period of {found.__name__} names no settings: {', '.join(sorted(lacking))}."))
        elif found.name in self.plugins:
            self.broken.append((name, f"The name {found.name} is taken by {self.plugins[found.name].__module__}."))
        else:
            self.plugins[found.name] = found

    def presets(self) -> list[Preset]:
        """Every ready-made source, in the order in which the plugins name them."""
        return [
            Preset(name, plugin.name, settings)
            for plugin in self.plugins.values()
            for name, settings in plugin.presets.items()
        ]

    def make(self, name: str, settings: Mapping[str, Any], http: httpx2.AsyncClient) -> Plugin[Any]:
        """The plugin `name` with its settings checked. Raises Misconfigured with the field that is wrong."""
        if name not in self.plugins:
            raise Misconfigured(f"No plugin {name} is installed. `hub plugins` lists those that are.")
        plugin = self.plugins[name]
        known = plugin.Config.model_fields
        if plugin.Config.model_config.get("extra") != "allow" and (unknown := settings.keys() - known.keys()):
            raise Misconfigured(f"{name} has no setting {', '.join(sorted(unknown))}. It has: {', '.join(known)}.")
        try:
            config = plugin.Config.model_validate(dict(settings))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "settings"
            raise Misconfigured(f"{name}: {place}: {first['msg']}. `hub plugins --json` shows the form.") from error
        try:
            return plugin(config, http)
        except Exception as error:
            raise Misconfigured(f"The plugin {name} does not start: {type(error).__name__}: {error}") from error


def load(folders: str = "") -> Registry:
    """All plugins: installed ones first, then those in `folders` (paths joined by ':')."""
    registry = Registry()
    for entry in entry_points(group=PLUGINS):
        _load(registry, entry.name, entry.load)
    for entry in entry_points(group=SIMULATORS):
        _load_simulator(registry, entry)
    for folder in filter(None, folders.split(":")):
        for name, module in _modules(registry, Path(folder)):
            for found in vars(module).values():
                if inspect.isclass(found) and issubclass(found, Plugin) and found.__module__ == module.__name__:
                    registry.add(name, found)
    return registry


def _load(registry: Registry, name: str, import_it: Callable[[], object]) -> None:
    try:
        registry.add(name, import_it())
    except (Exception, SystemExit) as error:  # noqa: BLE001 (a stranger's module may raise anything; the hub must start)
        registry.broken.append((name, f"{type(error).__name__}: {error}"))


def _load_simulator(registry: Registry, entry: EntryPoint) -> None:
    try:
        registry.simulators[entry.name] = entry.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 (as above)
        registry.broken.append((f"simulator {entry.name}", f"{type(error).__name__}: {error}"))


def _modules(registry: Registry, folder: Path) -> Iterable[tuple[str, ModuleType]]:
    if not folder.is_dir():
        registry.broken.append((str(folder), "HUB_PLUGINS names it, but it is no folder."))
        return
    for file in sorted([*folder.glob("*.py"), *folder.glob("*/__init__.py")]):
        name = file.parent.name if file.name == "__init__.py" else file.stem
        spec = importlib.util.spec_from_file_location(f"hub_plugins.{name}", file)
        if spec is None or spec.loader is None:
            continue
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (as above)
            sys.modules.pop(spec.name, None)
            registry.broken.append((name, f"{type(error).__name__}: {error}"))
        else:
            yield name, module
