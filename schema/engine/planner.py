"""From a valid operation to its plan.

root field ──> Draft (which columns, which joins) ── sql.py ──> Statement
                 └── fields.py: one expression for a row ── code.py ──> make(records)
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from graphql import GraphQLObjectType, get_named_type
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import VariableValues
from sqlalchemy import ARRAY, Select, any_, literal

from hub.auth import Viewer
from hub.later import Later, later
from hub.models import Grid
from hub.prepared import Statement, compiled
from hub.services import grids
from schema import filters, node, statements
from schema.edge import Edge, Match, Shape
from schema.engine import code
from schema.engine.arguments import own
from schema.engine.documents import Brought, Operation
from schema.engine.fields import Details, Fields
from schema.engine.given import Given
from schema.engine.plan import Below, Draft, Level, Plan, Root, Unplannable, Verb
from schema.engine.sql import Layout, Source
from schema.node import NODES
from schema.paging import Window, ways

MOST_JOINED = 8
KEYS = Later(lambda run: run.keys)


class Planner:
    """Plans one operation for one shape of viewer and arguments."""

    def __init__(self, operation: Operation, viewer: Viewer, given: Brought, variables: VariableValues) -> None:
        self.operation, self.viewer, self.variables = operation, viewer, variables
        self.given = Given(operation, given, variables)
        self.code = code.Code()
        self.fields = Fields(operation, variables, self.code, self._follow, self._reckon)

    def plan(self) -> Plan:
        """The plan. Raises Unplannable, and what bad arguments raise."""
        core, node = self.operation.core, self.operation.node
        kind = core.get_root_type(node.operation)
        assert kind is not None
        fields = collect_fields(core, self.operation.fragments, self.variables, kind, node)
        roots = tuple(self._root(kind, name, details) for name, details in fields.grouped_field_set.items())
        seeks = {by: self._seek(by) for by, _ in self.given.paths}
        return Plan(roots, tuple(self.given.paths), seeks, tuple(self.given.once))

    # --- root fields

    def _root(self, kind: GraphQLObjectType, name: str, details: Details) -> Root:
        called = details[0].node.name.value
        if called == "__typename":
            return Root(name, value=kind.name)
        if called.startswith("__"):
            raise Unplannable("Introspection is for the ordinary executor.")
        declared = own(kind.fields[called])
        edge: Edge | None = declared.metadata.get("edge")
        if edge is not None and edge.shape is Shape.PAGE:
            return Root(name, self._page(edge, kind, details, code.PAGE))
        if edge is not None:
            return Root(name, self._found(edge, kind, details))
        if (begin := declared.metadata.get("plan")) is not None:
            level: Level = begin(self, kind, details)
            return Root(name, level)
        if (begin := declared.metadata.get("stream")) is not None:
            level, stream = begin(self, kind, details)
            return Root(name, level, stream=stream)
        if (verb := declared.metadata.get("verb")) is not None:
            return self._verb(verb, kind, name, details)
        raise Unplannable(f"{kind.name}.{called} has a resolver of its own.")

    def _verb(self, declared: Any, kind: GraphQLObjectType, name: str, details: Details) -> Root:
        """A mutation: what it writes is in hand, only what hangs on that is read."""
        given, now = self.given.arguments(kind, details)
        draft = replace(self.draft(declared.returns, NODES[declared.returns].visible(self.viewer)), in_hand=True)
        row = self.fields.row(draft, draft.source, self.fields.type(declared.returns), details)
        level = self.level(declared.returns, draft, code.FIRST, None, row=row)

        async def write(run: Any) -> Any:
            return await declared.do(run.context, given if now is None else now(run))

        columns = tuple(column for _, column in draft.layout.picked)
        return Root(name, level, verb=Verb(write, columns, tuple(one.node for one in details)))

    def _found(self, edge: Edge, kind: GraphQLObjectType, details: Details) -> Level:
        """One row by its id, or by the key that people use."""
        given = {name: value for name, value in self.given.arguments(kind, details)[0].items() if value is not None}
        if len(given) != 1:
            raise Unplannable("Not one key is given, but none or several.")
        (name, value), shown = given.popitem(), NODES[edge.target]
        if name == "id":
            return self.row(edge.target, details, later(value, lambda id: node.key_for(shown.name, id)))
        assert edge.column is not None
        draft = self.draft(edge.target, edge.visible(self.viewer))
        row = self.fields.row(draft, draft.source, self.fields.type(edge.target), details)
        return self.level(edge.target, draft, code.FIRST, draft.layout.only([(edge.column.key, value)]), row=row)

    def row(self, target: str, details: Details, key: Any) -> Level:
        """One row by its primary key, a tuple."""
        shown = NODES[target]
        draft = self.draft(target, shown.visible(self.viewer))
        row = self.fields.row(draft, draft.source, self.fields.type(target), details)
        only = draft.layout.only([(column.key, key[at]) for at, column in enumerate(shown.key)])
        return self.level(target, draft, code.FIRST, only, row=row)

    # --- levels

    def draft(self, target: str, chosen: Select[Any]) -> Draft:
        return Draft(Layout([Source(NODES[target], chosen)]))

    def level(
        self,
        what: str,
        draft: Draft,
        template: str,
        statement: Select[Any] | None,
        *,
        count: Select[Any, int] | None = None,
        window: Callable[[Any], Window] | None = None,
        hand: Callable[[Any], Sequence[Any]] | None = None,
        **parts: object,
    ) -> Level:
        """The level that a draft becomes; `parts` go into the template of its function."""
        make, text = self.code.function(template, below=len(draft.below), **parts)
        return Level(
            what,
            None if statement is None else compiled(statement),
            None if count is None else compiled(count),
            make,
            text,
            tuple(draft.below),
            window,
            hand,
        )

    def keyed(self, edge: Edge, details: Details, keys: Later) -> Level:
        """The rows that any parent may want of an edge that gives one row or a short list."""
        assert edge.column is not None
        draft = self.draft(edge.target, edge.visible(self.viewer))
        row = self.fields.row(draft, draft.source, self.fields.type(edge.target), details)
        key = draft.layout.position(draft.source, edge.column.key)
        statement = draft.layout.keyed(edge.column.key, keys)
        many = edge.shape is Shape.LIST and edge.match is Match.EQUAL
        return self.level(edge.target, draft, code.GROUPED if many else code.KEYED, statement, row=row, key=key)

    def _page(self, edge: Edge, kind: GraphQLObjectType, details: Details, template: str) -> Level:
        """A connection: its page and its count, each only if it is selected."""
        given, now = self.given.arguments(kind, details)
        chosen = edge.visible(self.viewer)
        if given.get("filter"):
            asked = filters.Asked(self.viewer, self.given.path)
            chosen = chosen.where(filters.where(NODES[edge.target], given["filter"], asked))
        window, find = self.given.window(edge, details, given, now)
        draft = self.draft(edge.target, chosen)
        number = draft.layout.position(None, "n") if template is code.PAGES else None
        connection = get_named_type(kind.fields[details[0].node.name.value].type)
        parts, asks_rows, asks_count = self._connection(draft, window, connection, details)
        return self.level(
            f"{kind.name}.{details[0].node.name.value}",
            draft,
            template,
            draft.layout.page(edge, window, KEYS) if asks_rows else None,
            count=statements.count(edge, chosen, KEYS) if asks_count else None,
            window=find,
            page=code.mapping(parts),
            back="[::-1]" if window.backward else "",
            number=number,
        )

    def _connection(
        self, draft: Draft, window: Window, kind: GraphQLObjectType, details: Details
    ) -> tuple[dict[str, str], bool, bool]:
        """The expressions of a page, and whether they need its rows and its count."""
        parts: dict[str, str] = {}
        asked = set[str]()
        for name, sub in self.fields.collect(kind, details).items():
            called = sub[0].node.name.value
            asked.add(called)
            match called:
                case "__typename":
                    parts[name] = repr(kind.name)
                case "nodes":
                    row = self.fields.row(draft, draft.source, self.fields.type(draft.source.node.name), sub)
                    parts[name] = f"[{row} for r in rows]"
                case "edges":
                    parts[name] = f"[{self._edge(draft, window, kind, sub)} for r in rows]"
                case "pageInfo":
                    parts[name] = self._page_info(draft, window, kind, sub)
                case "totalCount":
                    parts[name] = "total"
        return parts, bool(asked & {"nodes", "edges", "pageInfo"}), "totalCount" in asked

    def _edge(self, draft: Draft, window: Window, kind: GraphQLObjectType, details: Details) -> str:
        parts: dict[str, str] = {}
        edge = get_named_type(kind.fields["edges"].type)
        for name, sub in self.fields.collect(edge, details).items():
            match sub[0].node.name.value:
                case "__typename":
                    parts[name] = repr(edge.name)
                case "cursor":
                    parts[name] = self._cursor(draft, window, "r")
                case "node":
                    parts[name] = self.fields.row(draft, draft.source, self.fields.type(draft.source.node.name), sub)
        return code.mapping(parts)

    def _cursor(self, draft: Draft, window: Window, row: str) -> str:
        places = [draft.layout.position(draft.source, sort.column.key) for sort in window.order]
        return f"{self.code.constant(ways(window.order))}({', '.join(f'{row}[{at}]' for at in places)})"

    def _page_info(self, draft: Draft, window: Window, kind: GraphQLObjectType, details: Details) -> str:
        info = get_named_type(kind.fields["pageInfo"].type)
        said = {
            "__typename": repr(info.name),
            "hasNextPage": repr(window.before is not None) if window.backward else "more",
            "hasPreviousPage": "more" if window.backward else repr(window.after is not None),
        }
        parts: dict[str, str] = {}
        for name, sub in self.fields.collect(info, details).items():
            called = sub[0].node.name.value
            if called in said:
                parts[name] = said[called]
            else:
                row = "rows[0]" if called == "startCursor" else "rows[-1]"
                parts[name] = f"({self._cursor(draft, window, row)} if rows else None)"
        return code.mapping(parts)

    # --- edges

    def _follow(self, draft: Draft, source: Source, edge: Edge, kind: GraphQLObjectType, details: Details) -> str:
        """An edge from a row: joined, or a level of its own."""
        assert edge.key is not None
        asked = (id(source), id(edge), *(id(one.node) for one in details))
        room = draft.layout.has(source, edge) or len(draft.layout.sources) <= MOST_JOINED
        if edge.shape is Shape.ONE and not draft.in_hand and room:
            assert edge.column is not None
            joined = draft.layout.joined(source, edge, NODES[edge.target], edge.visible(self.viewer))
            row = self.fields.row(draft, joined, self.fields.type(edge.target), details)
            return f"(None if r[{draft.layout.witness(joined)}] is None else {row})"
        at = draft.layout.position(source, edge.key.key)
        if edge.shape is Shape.PAGE:
            below = draft.hang(asked, lambda: Below((at,), self._page(edge, kind, details, code.PAGES)))
            return f"b{below}[r[{at}]]"
        if edge.shape is Shape.ONE or edge.match is Match.EQUAL:
            below = draft.hang(asked, lambda: Below((at,), self.keyed(edge, details, KEYS)))
            return f"b{below}.get(r[{at}])"
        below = draft.hang(asked, lambda: Below((at,), self.keyed(edge, details, ABOVE)))
        return f"[b{below}[p] for p in {self.code.constant(grids.ancestors)}(r[{at}]) if p in b{below}]"

    def _reckon(self, told: node.Reckoning) -> Level:
        """What the database reckons for the rows of a level: one statement."""
        statement = compiled(statements.reckoning(told, self.viewer, KEYS))
        make, text = self.code.function(code.RECKONED, below=0)
        return Level("reckoning", statement, None, make, text, (), None, None)

    def _seek(self, by: str) -> Statement:
        column = Grid.code if by == "code" else Grid.id
        chosen = grids.visible(self.viewer).with_only_columns(column, Grid.path)
        return compiled(chosen.where(column == any_(literal(KEYS, ARRAY(column.type)))))


ABOVE = Later(lambda run: sorted({path for key in run.keys for path in grids.ancestors(key)}))
