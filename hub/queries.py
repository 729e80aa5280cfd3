"""Whether a query can be asked of the graph. Whoever builds the graph says how that is found out."""

from collections.abc import Callable, Sequence

Fault = tuple[int, str]
"""The line within the query, from 1, and what is wrong there, in words."""

_checks: list[Callable[[str], Sequence[Fault]]] = []


def check_with(check: Callable[[str], Sequence[Fault]]) -> None:
    """From now on queries are checked so."""
    _checks[:] = [check]


def query_faults(query: str) -> Sequence[Fault]:
    """What is wrong with this query; nothing where it can be asked, or where there is no graph in this process."""
    return [fault for check in _checks for fault in check(query)]
