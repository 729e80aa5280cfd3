"""Connections: for each noun the Relay types of its lists. What is not selected is not read."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import strawberry

from schema.edge import Edge
from schema.filters import Filter
from schema.loaders import Loaders, Page
from schema.node import Node, named, registered
from schema.paging import Window
from schema.terms import chinese


@dataclass(frozen=True, slots=True)
class Connection:
    """A list that was asked for and not yet read: its page and its count cost a statement each, when selected."""

    edge: Edge
    key: Any
    filter: Filter | None
    window: Window
    asked: Hashable
    loaders: Loaders

    async def page(self) -> Page:
        if self.empty:
            return Page([], self.window, more=False)
        return await self.loaders.page(self.edge, self.key, self.filter, self.window, self.asked)

    async def count(self) -> int:
        return 0 if self.empty else await self.loaders.count(self.edge, self.key, self.filter, self.asked)

    @property
    def empty(self) -> bool:
        """Whether the row has no key to be met: nothing needs to be asked."""
        return self.edge.key is not None and self.key is None


@registered
@strawberry.type(description="Where a page lies in its list (分页信息).")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether rows follow after the page (有下一页).")
    has_previous_page: bool = strawberry.field(description="Whether rows come before the page (有上一页).")
    start_cursor: str | None = strawberry.field(description="The cursor of the first row, for `before` (首游标).")
    end_cursor: str | None = strawberry.field(description="The cursor of the last row, for `after` (末游标).")


async def _page_info(root: strawberry.Parent[Any]) -> PageInfo:
    page = await root.page()
    ends = [page.cursor(page.rows[0]), page.cursor(page.rows[-1])] if page.rows else [None, None]
    return PageInfo(
        has_next_page=page.has_next, has_previous_page=page.has_previous, start_cursor=ends[0], end_cursor=ends[1]
    )


async def _nodes(root: strawberry.Parent[Any]) -> Any:
    return (await root.page()).rows


async def _edges(root: strawberry.Parent[Any]) -> Any:
    page = await root.page()
    return [(page.cursor(row), row) for row in page.rows]


async def _total(root: strawberry.Parent[Any]) -> int:
    total: int = await root.count()
    return total


def _cursor(root: strawberry.Parent[Any]) -> str:
    cursor: str = root[0]
    return cursor


def _node(root: strawberry.Parent[Any]) -> Any:
    return root[1]


def connection_types(node: Node) -> None:
    """Make `<Noun>Connection` and `<Noun>Edge` known."""
    term = chinese(node.description)
    fields: dict[str, Any] = {
        "cursor": strawberry.field(resolver=_cursor, description="The row's place in the order (游标)."),
        "node": strawberry.field(resolver=_node, graphql_type=named(node.name), description=f"The row ({term})."),
    }
    edge = type(f"{node.name}Edge", (), fields)
    registered(strawberry.type(edge, description=f"One {node.name} in a list, with its cursor ({term}边)."))
    fields = {
        "edges": strawberry.field(
            resolver=_edges,
            graphql_type=named(f"list[{node.name}Edge]"),
            description="The rows with cursors (边).",
            metadata={"connection": "page"},
        ),
        "nodes": strawberry.field(
            resolver=_nodes,
            graphql_type=named(f"list[{node.name}]"),
            description=f"The rows ({term}).",
            metadata={"connection": "page"},
        ),
        "page_info": strawberry.field(
            resolver=_page_info,
            description="Where the page lies in the list (分页信息).",
            metadata={"connection": "page"},
        ),
        "total_count": strawberry.field(
            resolver=_total,
            description="How many rows there are on all pages; counted when selected (总数).",
            metadata={"connection": "count"},
        ),
    }
    connection = type(f"{node.name}Connection", (), fields)
    registered(strawberry.type(connection, description=f"A page of a list of {node.name} ({term}分页列表)."))
