"""What plugins add to the graph: fields on its types, called `<plugin>_<name>` and made for a whole level at once.

    GraphField ── sound, and its name nobody else's ──> a batched field, always nullable
               └─ else ──> left out, with the reason: `hub plugins` says why

Its value is what the plugin says it is, or null with an error PLUGIN_FAILED: a plugin that raises, gives too few values
or values of another type, or takes longer than two seconds, takes nothing else of the answer with it.
"""

import asyncio
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import strawberry
import structlog
from sqlalchemy import JSON, LargeBinary

from hub.auth import Viewer
from hub.plugin import GraphField, Plugin
from schema.errors import PluginFailed
from schema.node import NODES, REGISTRY, Column, Node, batched, graphql_name

MOST_SECONDS = 2.0
REST_SECONDS = 10.0  # so long a field is not asked again that took longer
MOST_AT_ONCE = 5  # calls of one field: each holds a connection to the database
LONGEST_LIST = 100
LARGEST_INT = 2**31
SCALARS = (str, int, float, bool, datetime)
NAME = re.compile(r"[a-z][a-z0-9_]*")

log = structlog.get_logger("schema.extensions")


@dataclass(frozen=True, slots=True)
class Extensions:
    """The fields by the type that shows them, and those that are left out, each with its name and the reason."""

    shown: dict[str, list[Any]] = field(default_factory=dict)
    broken: list[tuple[str, str]] = field(default_factory=list)


def extensions(plugins: Iterable[type[Plugin[Any]]], taken: Callable[[], Iterable[str]]) -> Extensions:
    """What these plugins add. `taken` tells the names of the types that there are without them."""
    found, owners = Extensions(), _Owners(taken)
    for plugin in plugins:
        for declared in plugin.graph if isinstance(plugin.graph, Sequence) else [plugin.graph]:
            name = f"{plugin.name}: {getattr(declared, 'on', '?')}.{getattr(declared, 'name', '?')}"
            try:
                made = _field(plugin.name, declared, owners)
            except (Exception, SystemExit) as error:  # noqa: BLE001  a stranger's declaration; the graph must stand
                reason = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
                found.broken.append((name, reason))
            else:
                found.shown.setdefault(declared.on, []).append(made)
    return found


@dataclass(slots=True)
class _Owners:
    """Whose the names are: of the fields by type and name, of the types by name; and the types that are made."""

    taken: Callable[[], Iterable[str]]
    fields: dict[tuple[str, str], str] = field(default_factory=dict)
    types: dict[str, type] = field(default_factory=dict)
    made: dict[type, type] = field(default_factory=dict)


def _field(plugin: str, declared: Any, owners: _Owners) -> Any:
    """The field of the graph. Raises ValueError with the reason why it cannot be."""
    if not isinstance(declared, GraphField):
        raise ValueError(f"A {type(declared).__name__} is no GraphField: see hub/plugin.py.")
    if not NAME.fullmatch(plugin) or not NAME.fullmatch(declared.name):
        raise ValueError(f"{plugin}_{declared.name} is no name for a field: a to z, 0 to 9 and _ only.")
    if not isinstance(declared.doc, str) or not declared.doc.strip():
        raise ValueError("doc is empty: say in a line what the field shows.")
    if not callable(declared.resolve):
        raise ValueError("resolve is no function.")
    node = _node(declared.on)
    python_name = f"{plugin}_{declared.name}"
    shown, me = graphql_name(python_name), f"{declared.name} of the plugin {plugin}"
    if (owner := _owner(declared.on, shown, owners)) is not None:
        raise ValueError(f"{declared.on}.{shown} is there already: {me} clashes with {owner}.")
    needs = {name: _needed(node, name) for name in declared.needs}
    asked = _Asked(plugin, declared, shown, tuple(needs))
    kind = _type(plugin, declared.type, declared.doc, owners)
    made = batched(needs.values(), asked, type=kind | None, description=declared.doc.strip())
    made.python_name = made.name = python_name
    made.metadata = {**made.metadata, "rows": 1}
    owners.fields[declared.on, shown] = me
    return made


def _node(on: str) -> Node:
    definition = getattr(REGISTRY.get(on), "__strawberry_definition__", None)
    if on not in NODES or definition is None:
        raise ValueError(f"There is no type {on}. There are: {', '.join(sorted(NODES))}.")
    if definition.is_interface:
        kinds = [name for name in NODES if name != on and issubclass(REGISTRY[name], REGISTRY[on])]
        raise ValueError(f"{on} is of several types: name one of {', '.join(kinds)}.")
    return NODES[on]


def _owner(on: str, shown: str, owners: _Owners) -> str | None:
    own = {one.graphql_name or graphql_name(one.python_name) for one in REGISTRY[on].__strawberry_definition__.fields}
    return f"the hub's own {on}.{shown}" if shown in own else owners.fields.get((on, shown))


def _needed(node: Node, name: str) -> Column:
    """A column that the type shows anyway, or its id."""
    if name == "id" and len(node.key) == 1:
        return node.key[0]
    column = node.columns.get(name)
    if column is None or "secret" in column.property.columns[0].info:
        there = ", ".join(sorted(["id", *node.columns]))
        raise ValueError(f"needs: a {node.name} shows no {name}. It shows: {there}.")
    if isinstance(column.type, JSON | LargeBinary):
        raise ValueError(f"needs: {name} holds several values, so rows cannot be told apart by it.")
    return column


# --- types


def _type(plugin: str, kind: Any, doc: str, owners: _Owners) -> Any:
    """The annotation that Strawberry needs."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType) and len(parts) == 2 and NoneType in parts:
        (inner,) = (part for part in parts if part is not NoneType)
        return _type(plugin, inner, doc, owners) | None
    if origin is list:
        return list[_type(plugin, parts[0], doc, owners)]  # type: ignore[misc]  # it is known only when it runs
    if kind in SCALARS:
        return kind
    if isinstance(kind, type) and is_dataclass(kind) and kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return owners.made.get(kind) or _object(plugin, kind, doc, owners)
    raise ValueError(f"type: {kind} is none of str, int, float, bool, datetime, a frozen dataclass, lists of these.")


def _object(plugin: str, kind: type, doc: str, owners: _Owners) -> type:
    """The type <Plugin><Dataclass>. A field of it is described by `metadata={"doc": ...}`, or as the whole is."""
    called = graphql_name(plugin)
    shown = called[0].upper() + called[1:] + kind.__name__
    me = f"{kind.__qualname__} of the plugin {plugin}"
    if shown in owners.types:
        other = owners.types[shown]
        raise ValueError(
            f"The type {shown} is there already: {me} clashes with {other.__module__}.{other.__qualname__}."
        )
    if shown in owners.taken():
        raise ValueError(f"The type {shown} is there already: {me} clashes with the hub's own {shown}.")
    hints = get_type_hints(kind)
    said = {one.name: str(one.metadata.get("doc") or doc).strip() for one in fields(kind)}
    annotations = {name: _type(plugin, hints[name], doc, owners) for name in said}
    body: dict[str, Any] = {name: strawberry.field(description=words) for name, words in said.items()}
    docstring = kind.__doc__ or ""
    described = doc if docstring.startswith(f"{kind.__name__}(") else docstring
    made = strawberry.type(type(shown, (), body | {"__annotations__": annotations}), description=described.strip())
    owners.made[kind], owners.types[shown] = made, kind
    return made


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def fits(kind: Any, value: Any) -> bool:
    """Whether a value is of the declared type, to the last part, and can be written."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(value is None if part is NoneType else fits(part, value) for part in parts)
    if origin is list:
        return (
            isinstance(value, list | tuple) and len(value) <= LONGEST_LIST and all(fits(parts[0], one) for one in value)
        )
    if kind is int:
        return type(value) is int and -LARGEST_INT <= value < LARGEST_INT
    if kind is float:
        return type(value) in (int, float) and math.isfinite(value)
    if kind is str:
        return isinstance(value, str) and value.encode(errors="ignore").decode() == value  # no half a character
    if kind in SCALARS:
        return isinstance(value, kind)
    return isinstance(value, kind) and all(fits(part, getattr(value, name)) for name, part in _hints(kind).items())


# --- values


class _Asked:
    """Asks a plugin for the values of a level. What it does wrong stands in the place of the values."""

    def __init__(self, plugin: str, declared: GraphField, shown: str, needs: tuple[str, ...]) -> None:
        self._plugin, self._declared, self._shown, self._needs = plugin, declared, shown, needs
        self._at_work: set[asyncio.Task[Any]] = set()
        self._rests_until = 0.0

    async def __call__(self, _viewer: Viewer, rows: Sequence[tuple[Any, ...]]) -> Sequence[Any]:
        asked = [dict(zip(self._needs, map(_plain, row), strict=True)) for row in rows]
        found = await self._values(asked)
        if isinstance(found, PluginFailed):
            return [found] * len(rows)
        return list(self._checked(found))

    async def _values(self, asked: Sequence[Mapping[str, Any]]) -> Sequence[Any] | PluginFailed:
        if time.monotonic() < self._rests_until or len(self._at_work) >= MOST_AT_ONCE:
            return self._failed(f"it was slow within the last {REST_SECONDS:g} s, or is asked too often")
        task = asyncio.create_task(self._resolved(asked), name=f"{self._plugin} for {self._shown}")
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        try:
            done, _ = await asyncio.wait((task,), timeout=MOST_SECONDS)
        finally:
            task.cancel()
        if not done:
            self._rests_until = time.monotonic() + REST_SECONDS
            return self._failed(f"it took longer than {MOST_SECONDS:g} s")
        found = task.result()
        if isinstance(found, BaseException):
            return self._failed(f"{type(found).__name__}: {found}")
        if not isinstance(found, Sequence) or isinstance(found, str) or len(found) != len(asked):
            told = f"{len(found)} values" if isinstance(found, Sequence) else f"a {type(found).__name__}"
            return self._failed(f"it gave {told} for {len(asked)} rows")
        return found

    async def _resolved(self, asked: Sequence[Mapping[str, Any]]) -> Any:
        """What it says, or what it raised: nothing may leave this task but by its result."""
        try:
            return await self._declared.resolve(asked)
        except asyncio.CancelledError as error:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            return error
        except (Exception, SystemExit) as error:  # noqa: BLE001  a stranger's function may raise anything
            return error

    def _checked(self, found: Sequence[Any]) -> Iterator[Any]:
        failed: PluginFailed | None = None
        for value in found:
            if value is None or fits(self._declared.type, value):
                yield value
            else:
                failed = failed or self._failed(f"a value is no {self._declared.type}: {value!r:.100}")
                yield failed

    def _failed(self, reason: str) -> PluginFailed:
        log.warning("plugin failed", plugin=self._plugin, field=f"{self._declared.on}.{self._shown}", reason=reason)
        return PluginFailed(self._plugin, self._shown)


def _plain(value: Any) -> Any:
    """A column's value as a plugin knows it: terms by name, ids as text."""
    if isinstance(value, Enum):
        return value.name
    return str(value) if isinstance(value, UUID) else value
