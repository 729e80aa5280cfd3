"""Random operations over the schema: as wild as they come, but with ids, codes and cursors of rows that are there."""

from random import Random
from typing import Any
from uuid import UUID

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLNamedType,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    parse,
    print_ast,
    visit,
)

from hub.services.tallies import TallyKey
from schema import ids, paging
from schema.edge import Edge
from schema.engine.arguments import own
from schema.node import NODES, identified
from tests.schema.large_city import DAY, MOMENT, TERMS, TEXTS

DEEPEST, MOST_ALIASES = 6, 24
UNKNOWN = UUID(int=7)
NONSENSE = ("nonsense", "", "é", ids.encode("Grid", (UNKNOWN,)), ids.encode("No", (UNKNOWN,)), "\0")
TALLIED = {  # by what most tallies are counted
    "REQUESTS": [*TallyKey.__members__],
    "GRIDS": ["LEVEL", "GRID"],
    "PERSONS": ["PRACTICE", "GRID"],
}


class Author:
    """Writes one operation. What is drawn decides everything: the same chance, the same operation."""

    def __init__(self, core: GraphQLSchema, rows: dict[str, list[Any]], chance: Random) -> None:
        self.core, self.rows, self.chance = core, rows, chance
        self.variables: dict[str, Any] = {}
        self.declared: list[str] = []
        self.fragments: list[str] = []
        self.aliases = self.fields = 0

    def operation(self) -> str:
        """A whole document; its `variables` are those of this author."""
        kind = self.core.query_type
        names = self.chance.choices([*kind.fields], k=self.chance.choice([1, 1, 1, 2, 3]))
        used: set[str] = set()
        body = " ".join(self.field(name, kind.fields[name], DEEPEST, used) for name in names)
        if self.often(0.02):
            body += " __schema { queryType { name } }"
        return self.document(body)

    def document(self, body: str) -> str:
        """The operation of these selections, with what they declared on the way."""
        head = f"query Asked({', '.join(self.declared)}) " if self.declared else ""
        return "\n".join([f"{head}{{ {body} }}", *self.fragments])

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    # --- selections

    def selection(self, kind: Any, depth: int, used: set[str] | None = None) -> str:
        """What stands between the braces of a field of this type."""
        used = set() if used is None else used
        if is_abstract_type(kind):
            return self.abstract(kind, depth, used)
        names = [name for name, field in kind.fields.items() if depth > 0 or is_leaf_type(get_named_type(field.type))]
        names = names or ["__typename"]
        if kind.name.endswith("Connection"):
            weights = [{"nodes": 5, "edges": 2, "pageInfo": 2, "totalCount": 2}.get(name, 1) for name in names]
            picked = list(dict.fromkeys(self.chance.choices(names, weights, k=3)))
        else:
            picked = self.chance.sample(names, min(len(names), self.chance.choice([1, 2, 3, 4, 6])))
        parts = [self.field(name, kind.fields[name], depth, used) for name in picked if name in kind.fields]
        if self.often(0.1) or not parts:
            parts.append("__typename")
        if self.often(0.08):
            parts.append(self.spread(kind, parts.pop()))
        return " ".join(parts)

    def abstract(self, kind: Any, depth: int, used: set[str]) -> str:
        """Of the interface itself, and of some of its types."""
        possible = [one.name for one in self.core.get_possible_types(kind)]
        parts = ["__typename"] if self.often(0.3) else []
        own_names = [*kind.fields]
        for name in self.chance.sample(own_names, self.chance.randrange(min(4, len(own_names)) + 1)):
            if depth > 0 or is_leaf_type(get_named_type(kind.fields[name].type)):
                parts.append(self.field(name, kind.fields[name], depth, used))
        for name in self.chance.sample(possible, self.chance.randrange(min(3, len(possible)) + 1)):
            parts.append(f"... on {name}{self.switch()} {{ {self.selection(self.core.type_map[name], depth, used)} }}")
        return " ".join(parts or ["__typename"])

    def spread(self, kind: GraphQLNamedType, part: str) -> str:
        """The same, in a fragment."""
        name = f"F{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {kind.name} {{ {part} }}")
        return f"...{name}{self.switch()}"

    def switch(self) -> str:
        """Now and then a directive."""
        if not self.often(0.08):
            return ""
        value = self.variable("Boolean!", self.often(0.6)) if self.often(0.7) else "true"
        return f" @{self.chance.choice(['include', 'skip'])}(if: {value})"

    def field(self, name: str, field: GraphQLField, depth: int, used: set[str]) -> str:
        """One field with arguments and selection."""
        self.fields += 1
        alias = ""
        if name in used or (self.often(0.05) and self.aliases < MOST_ALIASES):
            self.aliases += 1
            alias = f"a{self.aliases}: "
        used.add(name)
        kind = get_named_type(field.type)
        given = self.arguments(name, field, depth)
        text = f"{alias}{name}{given}{self.switch()}"
        if is_leaf_type(kind):
            return text
        deep = depth - 1 if self.fields < 60 else 0
        if kind.name == "Node":
            return f"{text} {{ id {self.abstract(kind, min(deep, 3), {'id'})} }}"
        return f"{text} {{ {self.selection(kind, deep)} }}"

    # --- arguments

    def arguments(self, name: str, field: GraphQLField, depth: int) -> str:
        """All arguments of a field, as text."""
        edge: Edge | None = own(field).metadata.get("edge")
        if not field.args:
            return ""
        if name in ("node", "nodes"):
            values = self.identity(name)
        elif name == "tally":
            values = self.tally(field)
        elif "first" in field.args and edge is not None:
            values = self.page(field, edge, depth)
        elif edge is not None:
            values = self.key(field, edge)
        else:
            asked = {arg: one.type for arg, one in field.args.items() if is_non_null_type(one.type) or self.often(0.4)}
            values = {arg: self.value(kind, arg, 1, "Grid") for arg, kind in asked.items()}
        parts = [f"{arg}: {self.written(field.args[arg].type, value)}" for arg, value in values.items()]
        return f"({', '.join(parts)})" if parts else ""

    def identity(self, name: str) -> dict[str, Any]:
        if name == "node":
            return {"id": self.id()}
        return {"ids": [self.id() for _ in range(self.chance.choice([0, 1, 2, 3, 5]))]}

    def id(self, name: str | None = None) -> str:
        """An id, of a noun if it is said."""
        if self.often(0.02):
            return self.chance.choice(NONSENSE)
        name = name or self.chance.choice([*identified()])
        if not self.rows[name]:
            return ids.encode(name, (UNKNOWN,))
        row = self.chance.choice(self.rows[name])
        shown = type(row).__name__ if name == "Party" else name
        key = tuple(getattr(row, column.key) for column in NODES[name].key)
        return ids.encode(shown, key if self.often(0.95) else (*key[:-1], UNKNOWN))

    def key(self, field: GraphQLField, edge: Edge) -> dict[str, Any]:
        other = next((name for name in field.args if name != "id"), None)
        if self.often(0.03):
            return {} if other is None or self.often(0.5) else {"id": self.id(edge.target), other: "x"}
        if other is None or self.often(0.5):
            return {"id": self.id(edge.target)} | ({other: None} if other and self.often(0.2) else {})
        assert edge.column is not None
        rows = self.rows[edge.target]
        value = getattr(self.chance.choice(rows), edge.column.key) if rows else None
        return {other: value if value is not None and self.often(0.95) else self.text()}

    def page(self, field: GraphQLField, edge: Edge, depth: int) -> dict[str, Any]:
        """Filter, order and bounds of a connection."""
        given: dict[str, Any] = {}
        order = edge.order
        if self.often(0.4):
            kind: Any = get_named_type(field.args["orderBy"].type)
            names = self.chance.sample([*kind.values], self.chance.choice([0, 1, 1, 2]))
            given["orderBy"] = names
            order = tuple(kind.values[name].value for name in names) or edge.order
        if self.often(0.4):
            given["filter"] = self.filter(get_named_type(field.args["filter"].type), 2)
        if self.often(0.9):
            size = "first" if self.often(0.7) else "last"
            given[size] = self.chance.choice([0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 5, 20])
            if self.often(0.02):
                given["first"] = self.chance.choice([-1, 200, 201, 500])
        for cut in ("after", "before"):
            if self.often(0.15):
                given[cut] = self.cursor(edge, order)
        for name in field.args:
            if name not in given and self.often(0.05):
                given[name] = None
        return given

    def cursor(self, edge: Edge, order: tuple[str, ...]) -> str | None:
        rows = self.rows[edge.target]
        if self.often(0.03) or not rows:
            return self.chance.choice(["", "nonsense", "W10", None])
        node = NODES[edge.target]
        return paging.cursor(paging.parse(node, order), self.chance.choice(rows))

    def tally(self, field: GraphQLField) -> dict[str, Any]:
        of = self.chance.choice(["REQUESTS", "REQUESTS", "REQUESTS", *field.args["of"].type.of_type.values])
        keys = TALLIED.get(of, ["KIND", "PRACTICE", "GRID"])
        given: dict[str, Any] = {"of": of, "by": self.chance.sample(keys, self.chance.randrange(min(3, len(keys)) + 1))}
        for name in ("under", "gridLevel", "during", "filter"):
            if self.often(0.35) and (name in ("under", "gridLevel") or of == "REQUESTS" or self.often(0.05)):
                given[name] = self.value(field.args[name].type, name, 2)
        return given

    # --- values

    def text(self) -> str:
        return self.chance.choice([*TEXTS, *TERMS, "R", "150602", "%", "_", "\\", "unknown"])

    def value(self, kind: GraphQLInputType, name: str, depth: int, noun: str = "") -> Any:
        """A value for an argument or a field of an input."""
        if is_non_null_type(kind):
            return self.value(kind.of_type, name, depth, noun)
        if is_list_type(kind):
            inner: Any = kind.of_type
            made = [self.value(inner, name, depth, noun) for _ in range(self.chance.choice([0, 1, 1, 2, 3]))]
            return [*made, None] if not is_non_null_type(inner) and self.often(0.2) else made
        if isinstance(kind, GraphQLInputObjectType):
            return self.filter(kind, depth) if kind.name.endswith("Filter") else self.ranged(kind)
        if isinstance(kind, GraphQLEnumType):
            return self.chance.choice([*kind.values])
        simple: dict[str, Any] = {
            "Boolean": self.often(0.5),
            "Int": self.chance.choice([-1, 0, 1, 3, 2**31 - 1]),
            "Float": self.chance.choice([0.0, -1.25, 110.000001, 2, 1e300]),
            "Date": str(DAY.replace(day=20 + self.chance.randrange(6))),
            "DateTime": MOMENT.replace(day=20 + self.chance.randrange(8)).isoformat(),
            "ID": self.id(noun) if kind.name == "ID" else "",
        }
        return simple.get(kind.name, self.natural(name, noun))

    def natural(self, name: str, noun: str) -> str:
        """A text; where a noun has a column of that name, mostly one of its values."""
        rows = self.rows.get(noun) or ()
        found = getattr(self.chance.choice(rows), name, None) if rows and self.often(0.7) else None
        return found if isinstance(found, str) else self.text()

    def ranged(self, kind: GraphQLInputObjectType) -> dict[str, Any]:
        """A range, or a grid that is named."""
        if kind.name == "GridRef":
            grid = self.chance.choice(self.rows["Grid"])
            code = grid.code if self.often(0.97) else "999"
            return {"code": code} if self.often(0.6) else {"id": self.id("Grid")}
        names = self.chance.sample([*kind.fields], self.chance.choice([0, 1, 1, 2]))
        return {name: self.value(kind.fields[name].type, name, 0) for name in names}

    def filter(self, kind: Any, depth: int, *, inside: bool = False) -> dict[str, Any]:
        """A filter of one or two tests, sometimes nested."""
        noun = kind.name.removesuffix("Filter")
        if noun == "String":
            names = self.chance.sample([*kind.fields], self.chance.choice([0, 1, 1, 2]))
            return {name: self.value(kind.fields[name].type, name, 0) for name in names}
        names = [name for name in kind.fields if name != "null" or inside or self.often(0.01)]
        found: dict[str, Any] = {}
        for name in self.chance.sample(names, self.chance.choice([0, 1, 1, 1, 2, 3])):
            inner: Any = get_named_type(kind.fields[name].type)
            if name in ("and", "or"):
                found[name] = [self.filter(kind, depth - 1, inside=False) for _ in range(depth and self.often(0.9) + 1)]
            elif inner.name.endswith("Filter") and inner.name != "StringFilter":
                if depth:
                    found[name] = self.filter(inner, depth - 1, inside=name != "not")
            else:
                found[name] = self.value(kind.fields[name].type, name, depth, noun)
            if self.often(0.03):
                found[name] = None
        return found

    # --- text

    def written(self, kind: GraphQLInputType, value: Any, *, one_of: bool = False, top: bool = True) -> str:
        """A value as it stands in the document; here and there a variable that holds it."""
        if self.often(0.25 if top else 0.1):
            given = f"{kind}!" if one_of or (value is not None and self.often(0.2)) else str(kind)
            return self.variable(given.replace("!!", "!"), value)
        if is_non_null_type(kind):
            return self.written(kind.of_type, value, one_of=True, top=False)
        if value is None or (isinstance(kind, GraphQLEnumType) and isinstance(value, str)):
            return value or "null"
        if is_list_type(kind):
            return f"[{', '.join(self.written(kind.of_type, one, top=False) for one in value)}]"
        if isinstance(kind, GraphQLInputObjectType):
            alone = kind.name == "GridRef"
            parts = (
                f"{name}: {self.written(kind.fields[name].type, one, one_of=alone, top=False)}"
                for name, one in value.items()
            )
            return f"{{{', '.join(parts)}}}"
        return orjson.dumps(value).decode()

    def variable(self, kind: str, value: Any) -> str:
        """A variable with this value; one without may be left out, or stand for a default."""
        name = f"v{len(self.declared)}"
        self.declared.append(f"${name}: {kind}")
        if value is not None or kind.endswith("!") or self.often(0.5):
            self.variables[name] = value
        return f"${name}"


class Rewriter(Visitor):
    """Gives the fields of somebody else's operation the arguments of an author, and most pages some rows."""

    def __init__(self, author: Author) -> None:
        super().__init__()
        self.author, self.types = author, TypeInfo(author.core)

    def operation(self, document: DocumentNode) -> str:
        """The same operation, about what is there."""
        found = visit(document, TypeInfoVisitor(self.types, self))
        return self.author.document(print_ast(found.definitions[0].selection_set)[1:-1])

    def leave_field(self, node: FieldNode, *_: Any) -> FieldNode:
        field = self.types.get_field_def()
        if field is None or not field.args:
            return node
        text = f"{node.name.value}{self.author.arguments(node.name.value, field, 0)}"
        if get_named_type(field.type).name.endswith("Connection") and self.author.often(0.7):
            text += f" {{ {self.author.selection(get_named_type(field.type), 2)} }}"
        made = parse(f"{{ {text} }}").definitions[0].selection_set.selections[0]
        selections = made.selection_set or node.selection_set
        return FieldNode(name=node.name, alias=node.alias, arguments=made.arguments, selection_set=selections)
