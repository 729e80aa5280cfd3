"""What holds for every type, field, argument and value of the graph."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
)

import schema
from hub import models
from schema.node import NODES
from schema.schema import sdl
from tests.schema.api import schema as built

SDL = Path(schema.__file__).parent / "schema.graphql"


def parts() -> Iterator[tuple[str, Any]]:
    """Everything that has a description."""
    for name, kind in built()._schema.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        yield name, kind
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{value}", one) for value, one in kind.values.items())
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field, one in kind.fields.items():
                yield f"{name}.{field}", one
                yield from ((f"{name}.{field}({argument})", it) for argument, it in getattr(one, "args", {}).items())


def test_the_file_is_what_the_code_prints() -> None:
    assert SDL.read_text(encoding="utf-8") == sdl(), "Run: hub sdl > schema/schema.graphql"


def test_everything_has_a_description() -> None:
    assert [name for name, part in parts() if not part.description] == []


def test_nothing_secret_and_no_bare_key_is_shown() -> None:
    for node in NODES.values():
        for column in node.columns.values():
            stored = column.property.columns[0]
            assert "secret" not in stored.info, column
            assert not stored.foreign_keys, column
            assert not stored.primary_key or node.name in ("AltCode", "Provenance"), column


def test_every_table_that_people_meet_is_in_the_graph() -> None:
    hidden = {models.ApiKey, models.Landing, models.Link}
    tables = {mapper.class_ for mapper in models.Base.registry.mappers if mapper.class_ not in hidden}
    assert tables == {node.model for node in NODES.values()}


def test_an_edge_to_one_row_is_nullable() -> None:
    types = built()._schema.type_map
    for node in NODES.values():
        for field in built().get_type_by_name(node.name).fields:  # type: ignore[union-attr]
            edge = field.metadata.get("edge")
            if edge is not None and edge.shape.name == "ONE":
                kind = types[node.name].fields[built().config.name_converter.get_graphql_name(field)].type  # type: ignore[attr-defined]
                assert not str(kind).endswith("!"), (node.name, field.python_name)
