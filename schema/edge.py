"""What an edge is, as data. Executors read it; nothing here runs."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from schema.node import Column, Visible


class Shape(Enum):
    """How many rows an edge gives, and how."""

    ONE = auto()
    LIST = auto()
    PAGE = auto()


class Match(Enum):
    """What ties the target's `column` to the source's `key`."""

    ALL = auto()
    EQUAL = auto()
    UNDER = auto()
    BELOW = auto()
    ABOVE = auto()


@dataclass(frozen=True, eq=False, slots=True)
class Edge:
    """From a row to rows of `target`: which are visible, which column meets which key, in which order.

    EQUAL: the same value. Along the tree, where both are paths: UNDER (at or below the key), BELOW (strictly), ABOVE.
    """

    target: str
    visible: Visible
    shape: Shape
    match: Match = Match.ALL
    column: Column | None = None
    key: Column | None = None
    order: tuple[str, ...] = ()

    def key_of(self, row: Any) -> Any:
        """What the source row brings along."""
        return None if self.key is None else getattr(row, self.key.key)
