"""What a call brings: arguments, windows and grids, each as a Later where variables decide."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from graphql import GraphQLObjectType
from graphql.execution.values import VariableValues

from hub.later import Later
from schema import filters
from schema.edge import Edge
from schema.engine.arguments import postponed
from schema.engine.documents import Brought, Operation
from schema.engine.fields import Details
from schema.filters import Ref
from schema.node import NODES
from schema.paging import Window
from schema.paging import window as window_of

Now = Callable[[Any], Mapping[str, Any]]
Find = Callable[[Any], Window]
CUTS = ("first", "after", "last", "before")


class Given:
    """The arguments of one operation while it is planned, and what a run must find out before it reads.

    paths  the grids that arguments name: by code or by id
    once   what each run finds out first, in this order
    """

    def __init__(self, operation: Operation, given: Brought, variables: VariableValues) -> None:
        self._operation, self.given, self._variables = operation, given, variables
        self._sites = {id(site.node): at for at, site in enumerate(operation.sites)}
        self.paths: list[tuple[str, Later]] = []
        self.once: list[Callable[[Any], Any]] = []

    def arguments(self, kind: GraphQLObjectType, details: Details) -> tuple[dict[str, Any], Now | None]:
        """A field's arguments, later where variables bring them; and how a run, or this planner, finds its own."""
        asked = details[0].node
        at = self._sites.get(id(asked))
        if at is None:
            return self._operation.arguments(asked, kind.fields[asked.name.value], self._variables), None
        site, values = self._operation.sites[at], self.given.values
        laid = site.planned(values) if site.filled(values) else postponed(self.given[at], lambda run: run.given[at])
        return laid, lambda run: run.given[at]

    def concrete(self, kind: GraphQLObjectType, details: Details) -> Mapping[str, Any]:
        """The arguments of this very call: only for what the field's `shape` tells."""
        _, now = found = self.arguments(kind, details)
        return found[0] if now is None else now(self)

    def first(self, find: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Let each run find this out first, once; how it is found again."""
        at = len(self.once)
        self.once.append(find)
        return lambda run: run.found[at]

    def path(self, ref: Ref) -> Later:
        """The path of a grid that an argument names: looked up before anything else is read."""
        by, value = ref
        find = value if isinstance(value, Later) else Later(lambda run: value)
        at = len(self.paths)
        self.paths.append((by, find))
        return Later(lambda run: run.paths[at])

    def window(self, edge: Edge, details: Details, given: Mapping[str, Any], now: Now | None) -> tuple[Window, Find]:
        """The window as SQL is built with it, and how a run finds its own, checked."""
        order = tuple(way.value for way in given.get("order_by") or ()) or edge.order
        shown = NODES[edge.target]

        def made(arguments: Mapping[str, Any]) -> Window:
            if arguments.get("filter"):
                filters.checked(arguments["filter"])
            return window_of(shown, order, **{name: arguments.get(name) for name in CUTS})

        if now is None or self._settled(details, given):
            fixed = made(given if now is None else now(self))
            return fixed, lambda run: fixed
        find = self.first(lambda run: made(now(run)))
        sample = made(now(self))
        after, before = (
            None if cut is None else tuple(_cut(find, name, place) for place in range(len(cut)))
            for name, cut in (("after", sample.after), ("before", sample.before))
        )
        limit: Any = Later(lambda run: find(run).limit)
        return replace(sample, limit=limit, after=after, before=before), find

    def _settled(self, details: Details, given: Mapping[str, Any]) -> bool:
        """Whether every run has the same window, and a filter of the same size."""
        site = self._operation.sites[self._sites[id(details[0].node)]]
        return site.filled(self.given.values) and not any(isinstance(given.get(name), Later) for name in CUTS)


def _cut(find: Callable[[Any], Window], name: str, place: int) -> Later:
    return Later(lambda run: getattr(find(run), name)[place])
