"""Documents: parsed and validated once. What an operation asks is known here, and what of it waits for variables."""

from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    NamedTypeNode,
    Node,
    NonNullTypeNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    TypeNode,
    VariableNode,
    Visitor,
    is_leaf_type,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from strawberry import Schema
from strawberry.types.arguments import convert_arguments

from hub.errors import HubError
from schema.engine.arguments import Arguments, Hole, Site, own, shape
from schema.engine.cost import Cost
from schema.limits import MOST_TOKENS, CostLimit, Figures, cost, figures

NOTHING = VariableValues({}, {})
TOO_MANY = f"Document contains more than {MOST_TOKENS} tokens"  # so graphql-core says it


PLAIN = {"ID": str, "String": str, "Boolean": bool, "Int": int}  # what JSON brings for them, as it stands
SMALLEST, LARGEST = -(2**31), 2**31 - 1


class Variable:
    """A variable of an operation, and how a plain value is taken without asking its type."""

    __slots__ = ("kind", "name", "plain")

    def __init__(self, schema: GraphQLSchema, name: str, kind: TypeNode) -> None:
        self.name = name
        inner = kind.type if isinstance(kind, NonNullTypeNode) else kind
        found = schema.type_map[inner.name.value] if isinstance(inner, NamedTypeNode) else None
        self.kind = found if is_leaf_type(found) else None
        self.plain = PLAIN.get(found.name) if found is not None else None

    def taken(self, value: Any) -> Any:
        """The value of a leaf type; None where it is not plain: then the type decides."""
        if type(value) is self.plain:
            return None if type(value) is int and not SMALLEST <= value <= LARGEST else value
        if isinstance(self.kind, GraphQLEnumType) and type(value) is str and value in self.kind.values:
            return self.kind.coerce_input_value(value)
        return None


class Brought:
    """The arguments of every site in one call, converted when they are wanted. `values` are the variables'."""

    __slots__ = ("_known", "_operation", "_variables", "values")

    def __init__(self, operation: "Operation", variables: VariableValues) -> None:
        self._operation, self._variables = operation, variables
        self._known: dict[int, Arguments] = {}
        self.values: Mapping[str, Any] = variables.coerced

    def __getitem__(self, at: int) -> Arguments:
        if at not in self._known:
            site = self._operation.sites[at]
            self._known[at] = (
                site.brought(self.values)
                if site.filled(self.values)
                else self._operation.arguments(site.node, site.field, self._variables)
            )
        return self._known[at]

    def key(self) -> tuple[Hashable, ...]:
        """What a plan depends on: switches, terms and shapes of the arguments, and what is skipped."""
        return (
            *(self._of(at, site) for at, site in enumerate(self._operation.sites)),
            *(self.values.get(name) for name in self._operation.switches),
        )

    def _of(self, at: int, site: Site) -> Hashable:
        if site.shape is not None:
            return site.shape(self[at])
        return site.key(self.values) if site.filled(self.values) else shape(self[at])


class Operation:
    """One operation of a valid document."""

    def __init__(self, schema: Schema, document: DocumentNode, node: OperationDefinitionNode, *, kept: bool) -> None:
        self.kept = kept  # so are its plans
        self.size = node.loc.end - node.loc.start if node.loc else 1
        self.schema = schema
        self.core: GraphQLSchema = schema._schema
        self.node = node
        self.parts = list(_reachable(document, node))
        fragments = [part for part in self.parts if isinstance(part, FragmentDefinitionNode)]
        self.fragments = {part.name.value: FragmentDetails(part, None) for part in fragments}
        found = _Sites(self.core)
        for part in self.parts:
            visit(part, TypeInfoVisitor(found.types, found))
        declared = node.variable_definitions or ()
        self._variables = [Variable(self.core, one.variable.name.value, one.type) for one in declared]
        self.sites, self.switches = found.sites, sorted(found.switches)
        for site in self.sites:
            self._read(site)
        self._written = figures(node, fragments, document.token_count)
        kind = self.core.get_root_type(node.operation)
        self._cost = Cost(self.core, kind, node.selection_set, {part.name.value: part for part in fragments})
        self._varies = bool(self.switches) or found.pages
        self._asked: dict[str, object] | None = None

    def variables(self, given: Mapping[str, Any] | None) -> VariableValues | None:
        """The variables as their types want them; None where they do not fit."""
        if not self.node.variable_definitions:
            return NOTHING
        taken = {one.name: one.taken((given or {}).get(one.name)) for one in self._variables}
        if None not in taken.values():
            return VariableValues({}, taken)
        values = get_variable_values(self.core, self.node.variable_definitions, dict(given or {}), max_errors=1)
        return values if isinstance(values, VariableValues) else None

    def asked(self, variables: VariableValues) -> dict[str, object]:
        """What is asked and allowed, as `extensions.cost` shows it. Raises CostLimit."""
        if self._asked is not None:
            return self._asked
        asked = cost(replace(self._written, rows=self._cost.rows(variables.coerced)).within())
        if not self._varies:
            self._asked = asked
        return asked

    def arguments(self, node: FieldNode, field: GraphQLField, variables: VariableValues) -> dict[str, Any]:
        """The arguments of a field under their Python names, as its resolver gets them."""
        return convert_arguments(
            get_argument_values(field, node, variables),
            own(field).arguments,
            scalar_registry=self.schema.schema_converter.scalar_registry,
            config=self.schema.config,
        )

    def _read(self, site: Site) -> None:
        """Read the arguments of a site once, with a hole for each variable of a leaf type."""
        kinds = {one.name: one.kind for one in self._variables if one.kind is not None}
        holes = {name: Hole(name, kinds[name]) for name in site.variables if name in kinds}
        if len(holes) == len(site.variables):
            with suppress(GraphQLError, HubError):  # each call converts them, and says what is wrong
                site.read(self.arguments(site.node, site.field, VariableValues({}, holes)))


class _Sites(Visitor):
    """Finds the fields whose arguments hold variables, and the variables that skip something."""

    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__()
        self.types = TypeInfo(schema)
        self.sites: list[Site] = []
        self.switches: set[str] = set()
        self.pages = False

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        self.pages |= node.name.value in ("first", "last") and isinstance(node.value, VariableNode)

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        field = self.types.get_field_def()
        names = dict.fromkeys(name for argument in node.arguments or () for name in _variables(argument))
        if names and field is not None and "strawberry-definition" in field.extensions:  # so has none of introspection
            self.sites.append(Site(node, field, list(names)))

    def enter_directive(self, node: Node, *_: Any) -> None:
        self.switches |= set(_variables(node))


def _variables(node: Node) -> list[str]:
    names: list[str] = []

    class Found(Visitor):
        def enter_variable(self, variable: VariableNode, *_: Any) -> None:
            names.append(variable.name.value)

    visit(node, Found())
    return names


def _reachable(document: DocumentNode, node: OperationDefinitionNode) -> Iterator[Any]:
    """The operation and the fragments that it spreads, and they in turn."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    waiting, seen = [node], set[str]()
    while waiting:
        yield (part := waiting.pop())
        names: list[str] = []

        class Found(Visitor):
            def enter_fragment_spread(self, spread: FragmentSpreadNode, *_: Any) -> None:
                names.append(spread.name.value)  # noqa: B023  visited before the next round

        visit(part, Found())
        for name in names:
            if name not in seen and name in fragments:
                seen.add(name)
                waiting.append(fragments[name])  # type: ignore[arg-type]  # both are definitions


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document, and its operations by name."""

    parsed: DocumentNode
    operations: Mapping[str | None, Operation]

    def operation(self, name: str | None) -> Operation | None:
        """The one that is meant; None where that is not clear."""
        if name is not None:
            return self.operations.get(name)
        return next(iter(self.operations.values())) if len(self.operations) == 1 else None


def document(schema: Schema, text: str, *, kept: bool) -> Document | CostLimit | None:
    """The document, or why it costs too much; None if it has errors, which the ordinary executor words."""
    try:
        parsed = parse(text, max_tokens=MOST_TOKENS)
    except RecursionError:
        return None
    except GraphQLError as error:
        return CostLimit(Figures(tokens=MOST_TOKENS + 1)) if TOO_MANY in error.message else None
    fragments = [part for part in parsed.definitions if isinstance(part, FragmentDefinitionNode)]
    nodes = [part for part in parsed.definitions if isinstance(part, OperationDefinitionNode)]
    try:
        for node in nodes:
            figures(node, fragments, parsed.token_count).within()
        if validate(schema._schema, parsed, specified_rules):
            return None
    except CostLimit as refused:
        return refused
    except RecursionError:
        return None
    return Document(
        parsed, {node.name.value if node.name else None: Operation(schema, parsed, node, kept=kept) for node in nodes}
    )
