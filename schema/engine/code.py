"""Generated functions: from the records of a level to the dicts of the answer, one expression for one selection."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Record = Sequence[Any]
Make = Callable[[Sequence[Any], Sequence[Record], Mapping[Any, int], Any, Sequence[Any]], Any]

FIRST = """
def make(keys, records, totals, window, below):
    {below}
    for r in records:
        return {row}
    return None
"""
LIST = """
def make(keys, records, totals, window, below):
    {below}
    return [{row} for r in records]
"""
KEYED = """
def make(keys, records, totals, window, below):
    {below}
    return {{r[{key}]: {row} for r in records}}
"""
RECKONED = """
def make(keys, records, totals, window, below):
    {below}
    return {{r[0]: r[1] for r in records}}
"""
GROUPED = """
def make(keys, records, totals, window, below):
    {below}
    found = {{key: [] for key in keys}}
    for r in records:
        found[r[{key}]].append({row})
    return found
"""
PAGE = """
def make(keys, records, totals, window, below):
    {below}
    limit = window.limit
    def page(rows, total):
        more = len(rows) > limit
        rows = rows[:limit]{back}
        return {page}
    return page(records, totals.get(None, 0))
"""
PAGES = """
def make(keys, records, totals, window, below):
    {below}
    limit = window.limit
    def page(rows, total):
        more = len(rows) > limit
        rows = rows[:limit]{back}
        return {page}
    found = [[] for key in keys]
    for r in records:
        found[r[{number}] - 1].append(r)
    return Pages({{key: page(rows, totals.get(key, 0)) for key, rows in zip(keys, found)}}, page((), 0))
"""


class Pages(dict[Any, Any]):
    """By parent's key: its page. A parent without a key has an empty one."""

    def __init__(self, pages: Mapping[Any, Any], empty: Any) -> None:
        super().__init__(pages)
        self._empty = empty

    def __missing__(self, key: Any) -> Any:
        return self._empty


class Code:
    """What the generated functions of a plan are made of."""

    def __init__(self) -> None:
        self._names: dict[str, Any] = {"Pages": Pages}
        self.written: list[str] = []

    def constant(self, value: Any) -> str:
        """A name under which generated code finds the value."""
        for name, known in self._names.items():
            if known is value:
                return name
        name = f"k{len(self._names)}"
        self._names[name] = value
        return name

    def function(self, template: str, *, below: int, **parts: object) -> tuple[Make, str]:
        """The function that a template and its parts mean, and its text."""
        names = "".join(f"b{at}, " for at in range(below))
        text = template.format(below=f"{names}= below" if below else "pass", **parts).strip()
        found: dict[str, Any] = {}
        exec(compile(text, "<plan>", "exec"), self._names, found)
        make: Make = found["make"]
        return make, text


def mapping(parts: Mapping[str, str]) -> str:
    """The expression for a dict of expressions."""
    return "{" + ", ".join(f"{name!r}: {expression}" for name, expression in parts.items()) + "}"
