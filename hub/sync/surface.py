"""Whether a plugin's class says of itself what hub/plugin.py asks for, in the types that it asks for."""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import BaseModel

from hub import __version__
from hub.errors import Invalid
from hub.models.ownership import Rule
from hub.plugin import GraphField, Plugin
from hub.sync.kinds import KINDS, must_have

NEEDED = ("name", "title", "Config")
HOST = re.compile(r"[a-z0-9.-]+|\[?[0-9a-f:]+\]?", re.IGNORECASE)


def fault(found: object) -> str | None:
    """Why this is no plugin, or none for this hub; None where nothing is wrong."""
    if not (inspect.isclass(found) and issubclass(found, Plugin)):
        return f"{found!r} is no subclass of hub.plugin.Plugin."
    name = found.__name__
    if missing := [part for part in NEEDED if not hasattr(found, part)]:
        return f"{name} lacks {', '.join(missing)}: see hub/plugin.py."
    if not (inspect.isclass(found.Config) and issubclass(found.Config, BaseModel)):
        return f"Config of {name} is no pydantic model: see hub/plugin.py."
    if not isinstance(found.presets, Mapping):
        return f"presets of {name} are no mapping: see hub/plugin.py."
    if (wrong := next(_wrong(found), None)) is not None:
        part, words = wrong
        return f"{part} of {name} {words}: see hub/plugin.py."
    if not SpecifierSet(found.hub).contains(__version__, prereleases=True):
        return f"{name} works with the hub {found.hub}, and this is {__version__}. Install another version of either."
    return None


def _wrong(found: type[Plugin[Any]]) -> Iterator[tuple[str, str]]:
    """What a part of it is not, part by part."""
    settings = found.Config.model_fields.keys()
    for part in ("name", "title"):
        if not (isinstance(text := getattr(found, part), str) and text):
            yield part, f"is {text!r} and no text"
    try:
        SpecifierSet(found.hub)
    except (InvalidSpecifier, AttributeError, TypeError):
        yield "hub", f"is {found.hub!r} and no range of versions like '>=0.1,<1'"
    for part in ("examples", "hosts", "fixed_hosts"):
        if not texts(getattr(found, part)):
            yield part, f"is {getattr(found, part)!r} and no list of texts"
    for part, named in (("examples", found.presets), ("hosts", settings)):
        if unknown := [name for name in getattr(found, part) if name not in named]:
            yield part, f"names {', '.join(unknown)}, and there is none"
    if wrong := [host for host in found.fixed_hosts if not HOST.fullmatch(host)]:
        yield "fixed_hosts", f"names {', '.join(wrong)}: name hosts alone, without https:// and path"
    if found.period is not None and not (
        isinstance(found.period, tuple)
        and len(found.period) == 2
        and all(one in list(settings) for one in found.period)
    ):
        yield "period", f"is {found.period!r} and no pair of its settings"
    if not (isinstance(found.pushes, frozenset) and found.pushes <= KINDS.keys()):
        yield "pushes", f"is {found.pushes!r} and no frozenset of kinds, which are {', '.join(KINDS)}"
    elif found.pushes and not hasattr(found, "push"):
        yield "pushes", "names kinds, and there is no push()"
    if not (isinstance(found.whole, frozenset) and found.whole <= KINDS.keys()):
        yield "whole", f"is {found.whole!r} and no frozenset of kinds, which are {', '.join(KINDS)}"
    if (misruled := next(_misruled(found.rules), None)) is not None:
        yield "rules", misruled
    if not (isinstance(found.graph, Sequence) and all(isinstance(one, GraphField) for one in found.graph)):
        yield "graph", "is no list of GraphFields"
    if not (isinstance(found.patience, int | float) and found.patience > 0):
        yield "patience", f"is {found.patience!r} and no number of seconds"


def texts(value: object) -> bool:
    """Whether it is a list of texts, and not itself one."""
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(one, str) for one in value)


def _misruled(rules: object) -> Iterator[str]:
    """What is no rule of ownership among them: (kind, field) to its name."""
    if not isinstance(rules, Mapping):
        yield f"is {rules!r} and no mapping like {{('request', 'status'): 'SOURCE'}}"
        return
    for which, rule in rules.items():
        if not (isinstance(which, tuple) and len(which) == 2 and all(isinstance(part, str) for part in which)):
            yield f"names {which!r} and no pair like ('request', 'status')"
            continue
        try:
            must_have(*which)
        except Invalid as error:
            yield f"names {which!r}. {str(error).removesuffix('.')}"
        if rule not in list(Rule.__members__):
            yield f"says {rule!r} of {which!r} and not one of {', '.join(Rule.__members__)}"
