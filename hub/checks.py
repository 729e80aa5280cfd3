"""Whether what somebody has written down makes sense to the hub: a query, a rule of recurrence, a measure, a workflow.

A plugin asks so before it brings something, through hub.plugin; the answer is given where the rule stands. In a process
in which that is not there nothing is found wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, ParamSpec

P = ParamSpec("P")
Fault = tuple[tuple[str | int, ...], str]
"""Which part, by its names, and what is wrong there and what to write instead, in words."""


class Check(Generic[P]):
    """A question: what is wrong with this?"""

    def __init__(self) -> None:
        self._answer: Callable[P, Sequence[Fault]] | None = None

    def answered_by(self, answer: Callable[P, Sequence[Fault]]) -> Callable[P, Sequence[Fault]]:
        """From now on it is asked there."""
        self._answer = answer
        return answer

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Sequence[Fault]:
        return self._answer(*args, **kwargs) if self._answer is not None else ()


figure_faults: Check[[str, str]] = Check()
"""A query, and where in its answer a number stands."""

operation_faults: Check[[str, frozenset[str], tuple[str, ...]]] = Check()
"""An operation, the variables that it is given, and places in its answer."""

times_faults: Check[[Mapping[str, Any]]] = Check()
"""When something comes again: rule, starts_on, ends_on, at, minutes."""

indicator_faults: Check[[Mapping[str, Any]]] = Check()
"""What is counted: numerator, denominator, exclusions, period."""

workflow_faults: Check[[str, Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]] = Check()
"""A workflow: its subject; its steps (phase, actions, by, days); its rungs for what is overdue (days, do)."""
