"""What is wrong with an operation that somebody has written down: the query of a figure, a step of a scenario."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    parse,
    type_from_ast,
    validate,
)

from hub.checks import Fault
from schema.limits import MOST_TOKENS

ASKED = "Write what the graph knows: `hub sdl` prints it."
NUMBERS = frozenset({"Int", "Float"})
ANYTHING = frozenset({"JSON"})
Inside = list[tuple[Any, SelectionSetNode | None]]
"""A type, and what of it is asked for: several times where a field is asked for several times."""


@dataclass(frozen=True, slots=True)
class Written:
    """A document: its one operation, or what is wrong with it."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode | None
    fragments: Mapping[str, FragmentDefinitionNode] = field(default_factory=dict)
    faults: Sequence[str] = ()

    def required(self) -> list[str]:
        """The variables without which it cannot be run."""
        declared = self.operation.variable_definitions or () if self.operation else ()
        return [
            one.variable.name.value
            for one in declared
            if isinstance(one.type, NonNullTypeNode) and one.default_value is None
        ]


def read(schema: GraphQLSchema, text: str, called: str) -> Written:
    """The operation that a text is. `called`: what a text of this sort is called in a message."""
    try:
        document = parse(text, max_tokens=MOST_TOKENS)
        found = validate(schema, document, max_errors=5)
    except GraphQLSyntaxError as error:
        return Written(schema, None, faults=[_told(error, called)])
    except RecursionError:
        return Written(schema, None, faults=["it is nested too deep to be read. Write it flatter."])
    if found:
        return Written(schema, None, faults=[_told(one, called) for one in found])
    operations = [part for part in document.definitions if isinstance(part, OperationDefinitionNode)]
    fragments = {part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)}
    if len(operations) == 1 and operations[0].operation is not OperationType.SUBSCRIPTION:
        return Written(schema, operations[0], fragments)
    what = f"it holds {len(operations)} operations" if len(operations) > 1 else "it is a subscription"
    return Written(schema, None, faults=[f"{what}. Write one query{'' if called == 'query' else ' or mutation'}."])


def _told(error: GraphQLError, called: str) -> str:
    line = error.locations[0].line if error.locations else 1
    return f"line {line} of the {called}: {error.message} {ASKED}"


def of_figure(written: Written, at: str) -> Iterator[Fault]:
    """It only reads, is asked without variables, and has a number in that place, or a list: as many as it holds."""
    yield from (((("query",)), words) for words in written.faults)
    if written.operation is None:
        return
    if written.operation.operation is not OperationType.QUERY:
        yield ("query",), "it is a mutation, and a figure only reads. Write a query."
        return
    if needed := written.required():
        yield ("query",), f"it needs ${needed[0]}, and is asked without variables. Write the value into it."
    kind = _at(written, at, every="*")
    if isinstance(kind, str):
        yield ("at",), kind
    elif not is_list_type(kind) and not (is_leaf_type(kind) and get_named_type(kind).name in NUMBERS):
        yield ("at",), f"{at} is {kind}, and no number. Write where the number stands, as organizations.totalCount."


def of_operation(written: Written, given: frozenset[str], places: Sequence[str]) -> Iterator[Fault]:
    """It is given what it needs, and nothing that it does not know; what is looked at is asked for."""
    yield from (((("do",)), words) for words in written.faults)
    if written.operation is None:
        return
    declared = {one.variable.name.value for one in written.operation.variable_definitions or ()}
    for name in written.required():
        if name not in given:
            yield ("do",), f"it needs ${name}. Write it in `with`."
    for name in sorted(given - declared):
        yield ("with", name), f"the operation has no ${name}. Declare it there, or leave it out."
    for place in places:
        kind = _at(written, place)
        if isinstance(kind, str):
            yield (place,), kind


def _at(written: Written, at: str, every: str = "") -> Any:
    """The type of what stands in that place of the answer; or, in words, why nothing can. `every`: stands for each of
    a list."""
    assert written.operation is not None
    root = written.schema.get_root_type(written.operation.operation)
    here: Inside = [(root, written.operation.selection_set)]
    for number, part in enumerate(parts := at.split(".")):
        kind, before = get_nullable_type(here[0][0]), ".".join(parts[:number])
        if is_list_type(kind):
            if not (part.isascii() and part.isdigit()) and not (part and part == every):
                return f"{at}: {before} is a list. Write which one of it, from 0: {before}.0."
            here = [(getattr(get_nullable_type(one), "of_type", None), asked) for one, asked in here]
            continue
        if is_leaf_type(kind):
            if get_named_type(kind).name in ANYTHING:
                return kind
            return f"{at}: {before} is {kind}, with nothing in it. Write {before}."
        keys = dict(_keys(written, here))
        if part not in keys:
            within = f"under {before}" if before else "by it"
            return f"{at}: no {part or 'empty name'} is asked for {within}. Write one of: {', '.join(keys)}."
        here = [inside for name, inside in _keys(written, here) if name == part]
    return get_nullable_type(here[0][0])


def _keys(written: Written, here: Inside) -> Iterator[tuple[str, tuple[Any, SelectionSetNode | None]]]:
    """What is asked for there, by the names that it has in the answer."""
    for kind, asked in here:
        parent: Any = get_nullable_type(kind)
        for part in asked.selections if asked else ():
            if isinstance(part, FieldNode):
                name = part.name.value
                found = written.schema.get_field(parent, name)
                assert found is not None  # the document is valid
                yield (part.alias or part.name).value, (found.type, part.selection_set)
            elif isinstance(part, InlineFragmentNode):
                within = type_from_ast(written.schema, part.type_condition) if part.type_condition else parent
                yield from _keys(written, [(within, part.selection_set)])
            elif isinstance(part, FragmentSpreadNode):
                fragment = written.fragments[part.name.value]
                within = type_from_ast(written.schema, fragment.type_condition)
                yield from _keys(written, [(within, fragment.selection_set)])
