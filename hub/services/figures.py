"""Published figures: whether one can be asked for, and whether what the hub holds bears it out."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hub.checks import figure_faults
from hub.models import Qualifier

TOLERANCE = 0.05
"""How far below a number something may be that is "nearly" that."""


def wrong(query: str, at: str) -> str | None:
    """What is wrong with a figure's query or with the place of its number, in words."""
    for where, words in figure_faults(query, at):
        return f"{where[0]}: {words}"
    return None


def found(answer: Mapping[str, Any] | None, at: str) -> float | None:
    """The number at that place of an answer; None where there is none. A list is as many as it holds; `*` is every one
    of a list, of which the least counts."""
    return _number(answer, at.split("."))


def _number(value: Any, parts: Sequence[str]) -> float | None:
    for place, part in enumerate(parts):
        if part == "*":
            each = [_number(one, parts[place + 1 :]) for one in value] if isinstance(value, list) else []
            return None if None in each else min((one for one in each if one is not None), default=None)
        if isinstance(value, list):
            value = value[int(part)] if part.isascii() and part.isdigit() and int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, list):
        return float(len(value))
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def holds(got: float | None, value: float, qualifier: Qualifier) -> bool:
    """Whether a number that was counted is what was published."""
    if got is None:
        return False
    match qualifier:
        case Qualifier.AT_LEAST | Qualifier.OVER:
            return got >= value
        case Qualifier.NEARLY:
            return value * (1 - TOLERANCE) <= got <= value
        case Qualifier.PERCENT:
            return math.isclose(got * 100, value, abs_tol=0.05)
        case _:
            return math.isclose(got, value, rel_tol=1e-9)
