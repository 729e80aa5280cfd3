"""What an operation may cost: tokens, depth, aliases and fields as it is written, rows by its arguments, and seconds.

Figures are those of the worst case: a page of 50 counts 50 rows, whether there are so many or not, and each row of a
level counts once more for every row that it leads to. They are known before anything is planned or read.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from hub.errors import Refused, Unavailable

MOST_TOKENS = 2000
LARGEST_DEPTH = 15
MOST_ALIASES = 30
MOST_FIELDS = 500  # with every spread written out
MOST_ROWS = 25_000
MOST_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What is asked, or what is allowed."""

    rows: int = 0
    depth: int = 0
    aliases: int = 0
    fields: int = 0
    tokens: int = 0

    def told(self) -> dict[str, int]:
        """The figures by name."""
        return {
            "rows": self.rows,
            "depth": self.depth,
            "aliases": self.aliases,
            "fields": self.fields,
            "tokens": self.tokens,
        }

    def beyond(self, allowed: "Figures") -> list[str]:
        """The names of the figures that are too large."""
        return [name for name, asked in self.told().items() if asked > getattr(allowed, name)]

    def within(self) -> "Figures":
        """The same, if they are allowed. Raises CostLimit."""
        if self.beyond(ALLOWED):
            raise CostLimit(self)
        return self


ALLOWED = Figures(MOST_ROWS, LARGEST_DEPTH, MOST_ALIASES, MOST_FIELDS, MOST_TOKENS)
SHOWN = ALLOWED.told()
LARGEST_SHOWN = 10**9  # figures may have thousands of digits


class CostLimit(Refused):
    """The operation asks for more than one operation may."""

    code = "COST_LIMIT"

    def __init__(self, asked: Figures) -> None:
        large = asked.beyond(ALLOWED)
        words = ", ".join(
            f"{_shown(getattr(asked, name))} {name} (allowed: {getattr(ALLOWED, name)})" for name in large
        )
        super().__init__(f"This operation asks for too much: {words}. Ask for smaller pages, or in several operations.")
        self.asked = asked

    def extensions(self) -> dict[str, object]:
        return super().extensions() | {"cost": cost(self.asked)}


class TooLong(Unavailable):
    """The operation took more time than one may."""

    code = "TIME_LIMIT"

    def __init__(self) -> None:
        super().__init__(f"The operation was stopped after {MOST_SECONDS:g} s. Ask for less at once.")


class InTime:
    """The time that an operation may take, around what it does. Raises TooLong. A class: generators are slower."""

    __slots__ = ("_timeout",)

    async def __aenter__(self) -> None:
        self._timeout = asyncio.timeout(MOST_SECONDS)
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as late:
            raise TooLong from late


def _shown(figure: int) -> str:
    return str(figure) if figure <= LARGEST_SHOWN else f"over {LARGEST_SHOWN}"


def cost(asked: Figures) -> dict[str, object]:
    """Asked and allowed, as `extensions.cost` shows them."""
    return {"asked": {name: min(value, LARGEST_SHOWN) for name, value in asked.told().items()}, "allowed": SHOWN}


def figures(
    operation: OperationDefinitionNode, fragments: Iterable[FragmentDefinitionNode], tokens: int = 0
) -> Figures:
    """All but the rows. Introspection is not counted as depth."""
    written = _Measure({one.name.value: one for one in fragments}).of(operation.selection_set)
    return Figures(depth=written[0], aliases=written[1], fields=written[2], tokens=tokens)


class _Measure:
    """Depth, aliases and fields of selections; each fragment is measured once, however often it is spread."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, tuple[int, int, int]] = {}

    def of(self, selections: SelectionSetNode | None) -> tuple[int, int, int]:
        depth = aliases = fields = 0
        for one in selections.selections if selections else ():
            if isinstance(one, FragmentSpreadNode):
                below, named, inside = self._fragment(one.name.value)
            else:
                assert isinstance(one, FieldNode | InlineFragmentNode)
                below, named, inside = self.of(one.selection_set)
            if isinstance(one, FieldNode):
                named, inside = named + (one.alias is not None), inside + 1
                below = 0 if one.name.value.startswith("__") or one.selection_set is None else below + 1
            depth, aliases, fields = max(depth, below), aliases + named, fields + inside
        return depth, aliases, fields

    def _fragment(self, name: str) -> tuple[int, int, int]:
        if name not in self._known:
            self._known[name] = (0, 0, 0)  # a circle is refused by validation
            if name in self._fragments:
                self._known[name] = self.of(self._fragments[name].selection_set)
        return self._known[name]
