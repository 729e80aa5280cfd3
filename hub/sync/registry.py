"""Which plugins there are: installed ones by entry point, an operator's own by folder. A broken one is shown only."""

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import httpx2
from pydantic import ValidationError
from starlette.types import ASGIApp

from hub.errors import Misconfigured
from hub.plugin import Plugin
from hub.sync import exchange, folders, raw, surface
from hub.sync.http import bounded
from hub.sync.patience import called

PLUGINS, SIMULATORS = "lianshu.plugins", "lianshu.simulators"
LOADING, MAKING = 30.0, 10.0
"""Seconds that a plugin may take to be imported, and to be made."""


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
        """Take it in, if it is a plugin and its name is free; else note why not."""
        if (wrong := surface.fault(found)) is not None:
            self.broken.append((name, wrong))
            return
        plugin = cast(type[Plugin[Any]], found)
        if plugin.name in self.plugins:
            self.broken.append((name, f"The name {plugin.name} is taken by {self.plugins[plugin.name].__module__}."))
            return
        try:
            if hasattr(plugin, "read"):
                raw.code(plugin)
        except OSError as error:
            self.broken.append((name, f"Its files cannot be read: {error}."))
        else:
            self.plugins[plugin.name] = plugin

    def _missing(self, name: str) -> str:
        """Why a plugin is not there, and what to do."""
        if (why := dict(self.broken).get(name)) is not None:
            return f"The plugin {name} is broken: {why}"
        return (
            f"No plugin {name} is installed. `hub plugins` lists those that are, and the broken ones. One that was "
            "added since the hub was started is there once it is started anew."
        )

    def presets(self) -> list[Preset]:
        """Every ready-made source, in the order in which the plugins name them."""
        return [
            Preset(name, plugin.name, settings)
            for plugin in self.plugins.values()
            for name, settings in plugin.presets.items()
        ]

    def make(self, name: str, settings: Mapping[str, Any], http: httpx2.AsyncClient) -> Plugin[Any]:
        """The plugin `name` with its settings checked; `http` takes it to the hosts that it declares and no further.

        Raises Misconfigured with the field that is wrong, or why it does not start.
        """
        if name not in self.plugins:
            raise Misconfigured(self._missing(name))
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
            return called(lambda: plugin(config, bounded(http, plugin, config)), MAKING)
        except Exception as error:
            words = exchange.masked(f"{type(error).__name__}: {error}", exchange.secrets(config))
            raise Misconfigured(f"The plugin {name} does not start: {words}") from error


def load(paths: str = "") -> Registry:
    """All plugins: installed ones first, then those in the folders `paths`, joined by ':'."""
    registry = Registry()
    for entry in entry_points(group=PLUGINS):
        _load(registry, entry.name, entry.load)
    for entry in entry_points(group=SIMULATORS):
        _load_simulator(registry, entry)
    for folder in filter(None, paths.split(":")):
        known = len(registry.plugins) + len(registry.broken)
        for name, module in _modules(registry, Path(folder)):
            for found in dict.fromkeys(filter(inspect.isclass, vars(module).values())):
                if issubclass(found, Plugin) and _is_of(found, module):
                    registry.add(name, found)
        if known == len(registry.plugins) + len(registry.broken):
            registry.broken.append((folder, "None of its files holds a subclass of hub.plugin.Plugin."))
    return registry


def _load(registry: Registry, name: str, import_it: Callable[[], object]) -> None:
    try:
        registry.add(name, called(import_it, LOADING))
    except (Exception, SystemExit) as error:  # noqa: BLE001 (a stranger's module may raise anything; the hub must start)
        registry.broken.append((name, f"{type(error).__name__}: {error}"))


def _load_simulator(registry: Registry, entry: EntryPoint) -> None:
    try:
        registry.simulators[entry.name] = called(entry.load, LOADING)
    except (Exception, SystemExit) as error:  # noqa: BLE001 (as above)
        registry.broken.append((f"simulator {entry.name}", f"{type(error).__name__}: {error}"))


def _is_of(found: type, module: ModuleType) -> bool:
    """Whether a class is the module's own, or of a file of its package."""
    return f"{found.__module__}.".startswith(f"{module.__name__}.")


def _modules(registry: Registry, folder: Path) -> Iterable[tuple[str, ModuleType]]:
    found, faults = folders.files(folder)
    registry.broken += [(str(path), reason) for path, reason in faults]
    for file in found:
        name = file.parent.name if file.name == "__init__.py" else file.stem
        spec = importlib.util.spec_from_file_location(f"hub_plugins.{name}", file)
        if spec is None or spec.loader is None:
            continue
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        try:
            called(partial(spec.loader.exec_module, module), LOADING)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (as above)
            sys.modules.pop(spec.name, None)
            registry.broken.append((name, f"{type(error).__name__}: {error}"))
        else:
            yield name, module
