"""What holds for every type, field, argument and value of the graph."""

import re
from collections.abc import Iterator
from enum import EnumType
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
from hub.models import RequestStatus, Term
from schema.node import NODES, REGISTRY
from schema.schema import sdl
from schema.terms import chinese
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


def test_every_description_holds_a_chinese_term() -> None:
    assert [name for name, part in parts() if not re.search("[\u4e00-\u9fff]", part.description)] == []


def test_every_value_of_a_vocabulary_has_a_short_label() -> None:
    values = [
        value for kind in REGISTRY.values() if isinstance(kind, EnumType) and issubclass(kind, Term) for value in kind
    ]
    assert RequestStatus.RECEIVED in values
    assert [value for value in values if not 1 <= len(chinese(value.value) or "") <= 10] == []
    assert [chinese(value.value) for value in (RequestStatus.RECEIVED, RequestStatus.TRIAGED)] == ["受理", "预审"]


def test_what_is_generated_takes_the_terms_of_what_it_is_made_from() -> None:
    said = dict(parts())
    assert said["Request.createdAt"].description == "When the hub first knew of it (创建时间)."
    assert said["RequestOrder.CREATED_AT_DESC"].description == "By `createdAt`, largest first (创建时间, 降序)."
    assert said["RequestFilter.assignee"].description == "Where `assignee` leads to one of these (承办方)."
    assert said["RequestConnection"].description == "A page of a list of Request (诉求分页列表)."
    assert said["Query.request(number)"].description == "Its number, as people use it (工单编号)."
    assert said["ChangeKind"].description == "What happened to the row (变更类型)."


def test_nothing_secret_and_no_bare_key_is_shown() -> None:
    for node in NODES.values():
        for column in node.columns.values():
            stored = column.property.columns[0]
            assert "secret" not in stored.info, column
            assert not stored.foreign_keys, column
            assert not stored.primary_key or node.name in ("AltCode", "Provenance", "Withheld"), column


def test_every_table_that_people_meet_is_in_the_graph() -> None:
    hidden = {models.ApiKey, models.Landing, models.Link, models.Tally, models.TallyDelta}
    hidden |= {models.CareLabel, models.DuplicateSearch, models.Sighting}
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
