"""The rows that an operation may touch, by its pages: known before it is planned, and for both executors alike."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

from schema.edge import Edge, Shape
from schema.paging import DEFAULT_PAGE, LARGEST_PAGE

COUNTED = 100  # what a count is worth in rows: it looks at all of them, but in the index, and sends one figure
INTROSPECTED = {"__schema": 10_000, "__type": 200}
DEEP = 8  # rows that a short list, as `ancestors`, may give: as many as the tree has levels
Variables = Mapping[str, Any]
Size = Callable[[Variables], int]
Fragments = Mapping[str, FragmentDefinitionNode]


@dataclass(eq=False, slots=True)
class Part:
    """A selection: how many rows it leads to from each row above, and what is below it.

    page      it is a connection: `size` is that of its page, and its count is worth COUNTED rows besides
    counted   it is the count of a connection
    paged     it is one of a connection's fields that need its page
    """

    size: Size | None = None
    page: bool = False
    counted: bool = False
    paged: bool = False
    below: list["Part"] = field(default_factory=list)
    asked: Callable[[Variables], bool] | None = None

    def rows(self, variables: Variables, known: dict[int, int]) -> int:
        """The rows for each row above. Parts are shared, each is reckoned once."""
        if id(self) not in known:
            known[id(self)] = self._rows(variables, known)
        return known[id(self)]

    def _rows(self, variables: Variables, known: dict[int, int]) -> int:
        if self.asked is not None and not self.asked(variables):
            return 0
        below = sum(part.rows(variables, known) for part in self.below)
        if self.size is None:
            return below + COUNTED * self.counted
        if not self.page:
            return self.size(variables) * (1 + below)
        counts = COUNTED * any(part.counts(variables, known) for part in self.below)
        rest = sum(part.rows(variables, known) - part.counts(variables, known) for part in self.below)
        return counts + (self.size(variables) * (1 + rest) if any(map(_paged, self.below)) else rest)

    def counts(self, variables: Variables, known: dict[int, int]) -> int:
        """How many of these rows are those of the count of the connection that it is a part of."""
        if id(self.below) not in known:
            asked = self.asked is None or self.asked(variables)
            own = COUNTED * self.counted + sum(part.counts(variables, known) for part in self.below)
            known[id(self.below)] = own if asked and self.size is None else 0
        return known[id(self.below)]


class Cost:
    """Reckons the rows of one operation."""

    def __init__(
        self,
        schema: GraphQLSchema,
        kind: Any,
        selections: SelectionSetNode,
        fragments: Mapping[str, FragmentDefinitionNode],
    ) -> None:
        self._schema, self._fragments = schema, fragments
        self._known: dict[str, Part] = {}
        self._whole = Part(below=list(self._parts(kind, selections)))

    def rows(self, variables: Variables) -> int:
        """The rows that it may touch."""
        return self._whole.rows(variables, {})

    def _parts(self, kind: Any, selections: SelectionSetNode | None) -> Iterator[Part]:
        for one in selections.selections if selections else ():
            if isinstance(one, FragmentSpreadNode):
                part = self._fragment(one.name.value)
            elif isinstance(one, InlineFragmentNode):
                named = one.type_condition.name.value if one.type_condition else kind.name
                part = Part(below=list(self._parts(self._schema.type_map.get(named, kind), one.selection_set)))
            else:
                assert isinstance(one, FieldNode)
                part = self._field(kind, one)
            part = _conditional(part, one.directives or ())
            if part.below or part.size or part.counted or part.paged:
                yield part

    def _fragment(self, name: str) -> Part:
        if name not in self._known:
            part = self._known[name] = Part()
            definition = self._fragments[name]
            part.below += self._parts(
                self._schema.type_map[definition.type_condition.name.value], definition.selection_set
            )
        return self._known[name]

    def _field(self, kind: Any, node: FieldNode) -> Part:
        """A field: an edge leads to rows, a connection's own fields hand them on."""
        if (most := INTROSPECTED.get(node.name.value)) is not None:
            return Part(lambda _variables: most)
        found = getattr(kind, "fields", {}).get(node.name.value)
        if found is None:
            return Part()
        declared = found.extensions["strawberry-definition"]
        target = get_named_type(found.type)
        below = list(self._parts(target, node.selection_set)) if is_composite_type(target) else []
        edge: Edge | None = declared.metadata.get("edge")
        if edge is not None:
            return _edge(edge, node, below)
        if (rows := declared.metadata.get("rows")) is not None:
            return Part(lambda _variables: int(rows), below=below)
        connected = declared.metadata.get("connection")
        return Part(counted=connected == "count", paged=connected == "page", below=below)


def _edge(edge: Edge, node: FieldNode, below: list[Part]) -> Part:
    """A page's count is one row of the parent's, its rows are those of `nodes` and `edges`."""
    if edge.shape is not Shape.PAGE:
        rows = DEEP if edge.shape is Shape.LIST else 1
        return Part(lambda _variables: rows, below=below)
    return Part(_size(node), page=True, below=below)


def _paged(part: Part) -> bool:
    return part.paged or (part.size is None and any(map(_paged, part.below)))


def _size(node: FieldNode) -> Size:
    """How many rows a page may have."""
    given = {one.name.value: one.value for one in node.arguments or () if one.name.value in ("first", "last")}
    sizes = [_value(value) for value in given.values()]

    def size(variables: Variables) -> int:
        asked = [found for one in sizes if isinstance(found := one(variables), int)]
        return min(max(asked[0], 0), LARGEST_PAGE) if asked else DEFAULT_PAGE

    return size


def _value(node: ValueNode) -> Callable[[Variables], Any]:
    if isinstance(node, VariableNode):
        name = node.name.value
        return lambda variables: variables.get(name)
    if isinstance(node, IntValueNode):
        fixed = int(node.value)
        return lambda _variables: fixed
    return lambda _variables: None


def _conditional(part: Part, directives: Any) -> Part:
    """The same, counted only if @skip and @include let it."""
    tests = list(_tests(directives))
    return Part(below=[part], asked=lambda variables: all(test(variables) for test in tests)) if tests else part


def _tests(directives: tuple[DirectiveNode, ...]) -> Iterator[Callable[[Variables], bool]]:
    for directive in directives:
        wanted = {"skip": False, "include": True}.get(directive.name.value)
        for argument in directive.arguments or ():
            if wanted is not None and isinstance(argument.value, VariableNode):
                yield _is(argument.value.name.value, wanted)
            elif wanted is not None and getattr(argument.value, "value", wanted) is not wanted:
                yield lambda _variables: False


def _is(name: str, wanted: bool) -> Callable[[Variables], bool]:
    return lambda variables: variables.get(name) is wanted
