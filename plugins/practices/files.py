"""YAML files whose every value knows its line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

LARGEST_BYTES, DEEPEST, MOST_PARTS, MOST_DIGITS = 2_000_000, 50, 200_000, 15
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
    text, no key stands twice, nothing is nested without end, and nothing is made but plain values."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """A part with all that stands in it."""
        if self._depth > DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # PyYAML has no types
            raise Unreadable(f"line {mark.line + 1}: {TOO_DEEP}")
        self._depth += 1
        found: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return found


NO_CHARACTER = "it names a character by a number that none has. Write the character."
TOO_DEEP = f"it is nested more than {DEEPEST} deep. Write it flatter."
PLAIN = {
    "bool": ("^(true|false)$", "tf"),
    "int": ("^-?(0|[1-9][0-9]*)$", "-0123456789"),
    "float": (r"^-?(0|[1-9][0-9]*)\.[0-9]+$", "-0123456789"),
}
LEFT_OUT = ("bool", "int", "float", "timestamp", "value")
Lines.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0].rsplit(":", 1)[-1] not in LEFT_OUT]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, (_pattern, _first) in PLAIN.items():
    Lines.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))

MERGE = "tag:yaml.org,2002:merge"
TAGS: Mapping[type[yaml.Node], frozenset[str]] = {
    yaml.ScalarNode: frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "null", *PLAIN)),
    yaml.MappingNode: frozenset({"tag:yaml.org,2002:map"}),
    yaml.SequenceNode: frozenset({"tag:yaml.org,2002:seq"}),
}
"""What the values of a file may be."""


def read(path: Path) -> Written:
    """The file as plain values. Raises Unreadable."""
    loader = Lines(_text(path))
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_broken(error)) from None
    except (ValueError, OverflowError) as error:  # a character by a number that is none: "\\UFFFFFFFF"
        words = error if isinstance(error, Unreadable) else f"line {loader.line + 1}: {NO_CHARACTER}"
        raise Unreadable(str(words)) from None
    if root is None:
        raise Unreadable("line 1: it is empty.")
    if not isinstance(root, yaml.MappingNode):
        what = "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
        raise Unreadable(f"line {_line(root)}: it is {what}. Begin with `practice:`, as docs/practices.md shows.")
    walk = _Walk()
    walk.through(root, (), _line(root), frozenset())
    return Written(path, loader.construct_document(root), walk.lines)


def _text(path: Path) -> str:
    """The file as text that YAML may be read from. Raises Unreadable."""
    try:
        if not path.is_file():
            raise Unreadable("line 1: it is no file. Write one there, or take it away.")
        if path.stat().st_size > LARGEST_BYTES:
            raise Unreadable(f"line 1: it has more than {LARGEST_BYTES:,} bytes. Take out what is no practice.")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("line 1: it is no UTF-8. Save it as UTF-8.") from None
    except OSError as error:
        raise Unreadable(f"line 1: it cannot be read: {error.strerror}. Let the hub read it.") from None
    if (odd := Lines.NON_PRINTABLE.search(text)) is not None:
        line = text.count("\n", 0, odd.start()) + 1
        raise Unreadable(f"line {line}: it holds the character U+{ord(odd[0]):04X}. Take it out.")
    return text


def _broken(error: yaml.MarkedYAMLError) -> str:
    """Where a file is no YAML: the beginning of what was not understood, which is where to look."""
    if error.problem == "but found another document" and error.problem_mark:
        return f"line {error.problem_mark.line + 1}: a second document begins. Write it in a file of its own."
    mark = error.context_mark or error.problem_mark
    context = f" {error.context}" if error.context else ""
    return f"line {mark.line + 1 if mark else 1}: it is no YAML:{context}: {error.problem}. Mend it from here on."


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


class _Walk:
    """Through all parts of a file as they are written out, each alias as often as it stands: what is none of ours is
    refused, of the rest the lines are noted."""

    def __init__(self) -> None:
        self.lines: dict[Where, int] = {}
        self.parts = 0

    def through(self, node: yaml.Node, where: Where, line: int, above: frozenset[int]) -> None:
        """Raises Unreadable. What aliases repeat stands elsewhere: of too many the line of the whole part is told."""
        self.parts += 1
        self.lines[where] = line
        if self.parts > MOST_PARTS:
            words = f"written out, it has more than {MOST_PARTS:,} parts. Use fewer aliases (*)."
            raise Unreadable(f"line {self.lines[where[:1]]}: {words}")
        if id(node) in above:
            raise Unreadable(f"line {line}: it holds itself.")
        if len(where) > DEEPEST:
            raise Unreadable(f"line {self.lines[where[:1]]}: {TOO_DEEP}")
        if node.tag not in TAGS[type(node)]:
            raise Unreadable(f"line {line}: {_called(node.tag)} is no tag that is known here. Leave it out.")
        if isinstance(node, yaml.ScalarNode):
            _must_be_a_value(node)
        elif isinstance(node, yaml.MappingNode):
            self._through_keys(node, where, above | {id(node)})
        else:
            for number, part in enumerate(node.value):
                self.through(part, (*where, number), _line(part), above | {id(node)})

    def _through_keys(self, node: yaml.MappingNode, where: Where, above: frozenset[int]) -> None:
        seen: set[str] = set()
        for key, value in node.value:
            line = _line(key)
            if key.tag == MERGE:
                _must_be_merged(value, line)
            elif not (isinstance(key, yaml.ScalarNode) and key.tag == "tag:yaml.org,2002:str"):
                said = f"the key {key.value}" if isinstance(key, yaml.ScalarNode) else "a key"
                raise Unreadable(f"line {line}: {said} is no text. Write it in quotes.")
            if key.value in seen:
                raise Unreadable(f"line {line}: {key.value} stands twice. Keep one of them.")
            seen.add(key.value)
            self.through(value, (*where, key.value), line, above)


def _called(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!", 1)


def _must_be_merged(node: yaml.Node, line: int) -> None:
    """Raise Unreadable unless it is the parts of something else, or a list of such."""
    parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if not all(isinstance(part, yaml.MappingNode) for part in parts):
        raise Unreadable(f"line {line}: << takes over the parts of something else. Write << : *name.")


def _must_be_a_value(node: yaml.ScalarNode) -> None:
    """Raise Unreadable where a value is not what its tag says, or cannot be stored."""
    tag, line = node.tag.rpartition(":")[2], _line(node)
    if tag in PLAIN and not re.fullmatch(PLAIN[tag][0], node.value):
        raise Unreadable(f"line {line}: {node.value} is no {tag}. Leave the tag out.")
    if tag in ("int", "float") and len(node.value.partition(".")[0]) > MOST_DIGITS:
        raise Unreadable(f"line {line}: the number has more than {MOST_DIGITS} digits. Write a smaller one.")
    if odd := next((one for one in node.value if one == "\0" or "\ud800" <= one <= "\udfff"), None):
        raise Unreadable(f"line {line}: it holds the character U+{ord(odd):04X}. Take it out.")
