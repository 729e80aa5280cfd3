"""What an operation may cost: tokens, depth and aliases as it is written, rows as it is planned, seconds as it runs.

Figures are those of the worst case: a page of 50 counts 50 rows, whether there are so many or not, and each row of a
level counts once more for every row that it leads to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)

from hub.errors import Refused

MOST_TOKENS = 2000
LARGEST_DEPTH = 15
MOST_ALIASES = 30
MOST_ROWS = 25_000
MOST_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What is asked, or what is allowed."""

    rows: int = 0
    depth: int = 0
    aliases: int = 0
    tokens: int = 0

    def beyond(self, allowed: "Figures") -> list[str]:
        """The names of the figures that are too large."""
        return [name for name, asked in self.told().items() if asked > getattr(allowed, name)]

    def told(self) -> dict[str, int]:
        """The figures by name."""
        return {"rows": self.rows, "depth": self.depth, "aliases": self.aliases, "tokens": self.tokens}


ALLOWED = Figures(MOST_ROWS, LARGEST_DEPTH, MOST_ALIASES, MOST_TOKENS)
SHOWN = ALLOWED.told()


class CostLimit(Refused):
    """The operation asks for more than one operation may."""

    code = "COST_LIMIT"

    def __init__(self, asked: Figures) -> None:
        words = ", ".join(
            f"{getattr(asked, name)} {name} (allowed: {getattr(ALLOWED, name)})" for name in asked.beyond(ALLOWED)
        )
        super().__init__(f"This operation asks for too much: {words}. Ask for smaller pages, or in several operations.")
        self.asked = asked

    def extensions(self) -> dict[str, object]:
        return super().extensions() | {"cost": cost(self.asked)}


def cost(asked: Figures) -> dict[str, object]:
    """Asked and allowed, as `extensions.cost` shows them."""
    return {"asked": asked.told(), "allowed": SHOWN}


def figures(
    operation: OperationDefinitionNode, fragments: Iterable[FragmentDefinitionNode], tokens: int = 0
) -> Figures:
    """Depth, aliases and tokens of an operation. Introspection is not counted as depth."""
    depth, aliases = _Measure({one.name.value: one for one in fragments}).of(operation.selection_set)
    return Figures(depth=depth, aliases=aliases, tokens=tokens)


class _Measure:
    """Depth and aliases of selections; each fragment is measured once, however often it is spread."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, tuple[int, int]] = {}

    def of(self, selections: SelectionSetNode | None) -> tuple[int, int]:
        depth = aliases = 0
        for one in selections.selections if selections else ():
            if isinstance(one, FragmentSpreadNode):
                below, more = self._fragment(one.name.value)
            else:
                below, more = self.of(one.selection_set)  # type: ignore[attr-defined]  # fields and inline fragments
            if isinstance(one, FieldNode):
                more += one.alias is not None
                below = 0 if one.name.value.startswith("__") or one.selection_set is None else below + 1
            depth, aliases = max(depth, below), aliases + more
        return depth, aliases

    def _fragment(self, name: str) -> tuple[int, int]:
        if name not in self._known:
            self._known[name] = (0, 0)  # a circle is refused by another rule
            if name in self._fragments:
                self._known[name] = self.of(self._fragments[name].selection_set)
        return self._known[name]


class Limits(ValidationRule):
    """Depth and aliases, as a rule of validation. Tokens are limited by the parser."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        definitions = context.document.definitions
        fragments = [part for part in definitions if isinstance(part, FragmentDefinitionNode)]
        for part in definitions:
            if isinstance(part, OperationDefinitionNode):
                asked = figures(part, fragments, context.document.token_count)
                if asked.beyond(ALLOWED):
                    refused = CostLimit(asked)
                    context.report_error(GraphQLError(str(refused), [part], extensions=refused.extensions()))


def with_rows(asked: Figures, rows: int) -> Figures:
    """The figures of an operation that is planned. Raises CostLimit."""
    asked = Figures(rows, asked.depth, asked.aliases, asked.tokens)
    if rows > ALLOWED.rows:
        raise CostLimit(asked)
    return asked
