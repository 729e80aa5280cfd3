"""Documents: parsed and validated once. What an operation asks is known here, and what of it waits for variables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLScalarType,
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
    get_nullable_type,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from strawberry import Schema
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from hub.later import shape
from schema.engine.cost import Cost
from schema.limits import MOST_TOKENS, CostLimit, Figures, figures

NOTHING = VariableValues({}, {})
TOO_MANY = f"Document contains more than {MOST_TOKENS} tokens"  # so graphql-core says it


def own(field: GraphQLField) -> StrawberryField:
    """The declaration behind a field of the schema."""
    found: StrawberryField = field.extensions["strawberry-definition"]
    return found


def simple(kind: str, value: object) -> bool:
    """Whether a variable's value is plainly one of a built-in scalar, as it stands."""
    match kind:
        case "ID" | "String":
            return type(value) is str
        case "Boolean":
            return type(value) is bool
        case "Int":
            return type(value) is int and -(2**31) <= value < 2**31
    return False


class Site:
    """A field whose arguments come from variables.

    direct  Python name of an argument -> its variable, where each argument is one as a whole, of a built-in scalar
    """

    __slots__ = ("direct", "field", "node")

    def __init__(self, node: FieldNode, field: GraphQLField) -> None:
        self.node, self.field = node, field
        values = {argument.name.value: argument.value for argument in node.arguments or ()}
        variables = {name: value.name.value for name, value in values.items() if isinstance(value, VariableNode)}
        plain = all(isinstance(get_nullable_type(field.args[name].type), GraphQLScalarType) for name in values)
        known = {to_camel_case(one.python_name): one.python_name for one in own(field).arguments}
        whole = plain and variables.keys() == values.keys() and values.keys() <= known.keys()
        self.direct = {known[name]: variable for name, variable in variables.items()} if whole else None


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
        self._declared = [(one.variable.name.value, _plain(one.type)) for one in node.variable_definitions or ()]
        self.sites, self.switches = found.sites, sorted(found.switches)
        self._written = figures(node, fragments, document.token_count)
        kind = self.core.get_root_type(node.operation)
        self._cost = Cost(self.core, kind, node.selection_set, {part.name.value: part for part in fragments})
        self._rows = None if self.switches or found.pages else self._cost.rows({})

    def variables(self, given: Mapping[str, Any] | None) -> VariableValues | None:
        """The variables as their types want them; None where they do not fit."""
        if not self.node.variable_definitions:
            return NOTHING
        if given is not None and all(simple(kind, given.get(name)) for name, kind in self._declared):
            return VariableValues({}, {name: given[name] for name, _ in self._declared})
        values = get_variable_values(self.core, self.node.variable_definitions, dict(given or {}), max_errors=1)
        return values if isinstance(values, VariableValues) else None

    def figures(self, variables: VariableValues) -> Figures:
        """What is asked. Raises CostLimit."""
        rows = self._cost.rows(variables.coerced) if self._rows is None else self._rows
        return replace(self._written, rows=rows).within()

    def arguments(self, node: FieldNode, field: GraphQLField, variables: VariableValues) -> dict[str, Any]:
        """The arguments of a field under their Python names, as its resolver gets them."""
        return convert_arguments(
            get_argument_values(field, node, variables),
            own(field).arguments,
            scalar_registry=self.schema.schema_converter.scalar_registry,
            config=self.schema.config,
        )

    def given(self, variables: VariableValues) -> list[dict[str, Any]]:
        """The arguments of every site."""
        coerced = variables.coerced
        return [
            self.arguments(site.node, site.field, variables)
            if site.direct is None or any(coerced.get(name) is None for name in site.direct.values())
            else {name: coerced[variable] for name, variable in site.direct.items()}
            for site in self.sites
        ]

    def asked(self, given: list[dict[str, Any]], variables: VariableValues) -> tuple[Any, ...]:
        """What a plan of this operation depends on: the shapes of the arguments, and what is skipped."""
        shapes = (
            own(site.field).metadata.get("shape", shape)(one) for site, one in zip(self.sites, given, strict=True)
        )
        return (*shapes, *(variables.coerced.get(name) for name in self.switches))


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
        if field is not None and any(_variables(argument) for argument in node.arguments or ()):
            self.sites.append(Site(node, field))

    def enter_directive(self, node: Node, *_: Any) -> None:
        self.switches |= set(_variables(node))


def _variables(node: Node) -> list[str]:
    names: list[str] = []

    class Found(Visitor):
        def enter_variable(self, variable: VariableNode, *_: Any) -> None:
            names.append(variable.name.value)

    visit(node, Found())
    return names


def _plain(kind: TypeNode) -> str:
    """The type that a variable is declared with, null or not; of a list nothing."""
    inner = kind.type if isinstance(kind, NonNullTypeNode) else kind
    return inner.name.value if isinstance(inner, NamedTypeNode) else ""


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
    """A valid document's operations, by name."""

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
        {node.name.value if node.name else None: Operation(schema, parsed, node, kept=kept) for node in nodes}
    )
