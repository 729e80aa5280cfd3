"""YAML files whose every value knows its line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

LARGEST_BYTES = 2_000_000
Where = tuple[str | int, ...]


class Unreadable(ValueError):
    """The file cannot be read at all; the words name the line."""


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in a file, and on which line each part of it begins."""

    path: Path
    content: Any
    lines: Mapping[Where, int]

    def line(self, where: Where) -> int:
        """The line of that part, or of what holds it where it is missing."""
        while where not in self.lines and where:
            where = where[:-1]
        return self.lines.get(where, 1)


class Lines(yaml.SafeLoader):
    """YAML as a person means it: on, off, yes and no are words, days, times of day and codes that begin with 0 stay
    text, and no key stands twice."""


PLAIN = {
    "bool": ("^(true|false)$", "tf"),
    "int": ("^-?(0|[1-9][0-9]*)$", "-0123456789"),
    "float": (r"^-?(0|[1-9][0-9]*)\.[0-9]+$", "-0123456789"),
}
Lines.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0].rsplit(":", 1)[-1] not in ("bool", "int", "float", "timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, (_pattern, _first) in PLAIN.items():
    Lines.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def read(path: Path) -> Written:
    """The file as plain values. Raises Unreadable."""
    if path.stat().st_size > LARGEST_BYTES:
        raise Unreadable(f"line 1: it has more than {LARGEST_BYTES:,} bytes.")
    try:
        loader = Lines(path.read_text(encoding="utf-8-sig"))
        root = loader.get_single_node()
    except UnicodeDecodeError:
        raise Unreadable("line 1: it is no UTF-8. Save it as UTF-8.") from None
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_broken(error)) from None
    except yaml.YAMLError as error:
        raise Unreadable(f"line 1: {error}.") from None
    if root is None:
        raise Unreadable("line 1: it is empty.")
    lines: dict[Where, int] = {}
    _walk(root, (), lines, frozenset())
    return Written(path, loader.construct_document(root), lines)


def _broken(error: yaml.MarkedYAMLError) -> str:
    """Where a file is no YAML: the beginning of what was not understood, which is where to look."""
    mark = error.context_mark or error.problem_mark
    context = f" {error.context}" if error.context else ""
    return f"line {mark.line + 1 if mark else 1}: it is no YAML:{context}: {error.problem}. Mend it from here on."


def _walk(node: yaml.Node, where: Where, lines: dict[Where, int], above: frozenset[int]) -> None:
    lines[where] = node.start_mark.line + 1
    if id(node) in above:
        raise Unreadable(f"line {node.start_mark.line + 1}: it holds itself.")
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise Unreadable(f"line {key.start_mark.line + 1}: {key.value} stands twice. Keep one of them.")
            seen.add(key.value)
            _walk(value, (*where, key.value), lines, above | {id(node)})
            lines[(*where, key.value)] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for number, part in enumerate(node.value):
            _walk(part, (*where, number), lines, above | {id(node)})
