"""The graph as a caller meets it: over HTTP, as any viewer."""

from functools import cache
from typing import Any
from uuid import uuid4

import strawberry
from httpx2 import ASGITransport, AsyncClient, Response
from starlette.requests import HTTPConnection

from hub.auth import ANONYMOUS, Viewer
from hub.db import Database
from hub.errors import Unauthenticated
from schema.asgi import graphql_app
from schema.bus import Bus
from schema.schema import build_schema


@cache
def schema() -> strawberry.Schema:
    return build_schema()


class Api:
    """The graph over one database."""

    def __init__(self, database: Database) -> None:
        self.viewers: dict[str, Viewer] = {}
        self.bus = Bus(database.url)
        self.app = graphql_app(schema(), database, self.viewer_of, self.bus)
        self.client = AsyncClient(transport=ASGITransport(self.app), base_url="http://hub")

    async def viewer_of(self, connection: HTTPConnection) -> Viewer:
        token = connection.headers.get("authorization")
        if token is not None and token not in self.viewers:
            raise Unauthenticated("The token is not known here.")
        return self.viewers[token] if token else ANONYMOUS

    def token(self, viewer: Viewer) -> str:
        """A header that stands for this viewer."""
        token = f"Bearer {uuid4().hex}"
        self.viewers[token] = viewer
        return token

    async def post(
        self, query: str, viewer: Viewer | None = None, *, executor: str = "engine", **variables: object
    ) -> Response:
        headers = {"authorization": self.token(viewer)} if viewer else {}
        body = {"query": query, "variables": variables, "extensions": {"executor": executor}}
        return await self.client.post("/graphql", json=body, headers=headers)

    async def __call__(self, query: str, viewer: Viewer | None = None, **variables: object) -> Any:
        """The data of an operation that has no error."""
        answer = (await self.post(query, viewer, **variables)).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def refused(self, query: str, viewer: Viewer | None = None, **variables: object) -> tuple[str, str]:
        """Code and message of the first error."""
        error = (await self.post(query, viewer, **variables)).json()["errors"][0]
        return error["extensions"]["code"], error["message"]
