"""Who is asked and how: the hub, the hub with its ordinary executor, PostGraphile (twice for Q4), the floor."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import orjson

from tests.bench import load
from tests.bench.queries import QUERIES, Parameter, Query
from tests.bench.servers import Server

HUB, ORDINARY, POSTGRAPHILE, FUNCTION, FLOOR = "hub", "ordinary", "postgraphile", "postgraphile_function", "floor"
Asked = Mapping[str, list[dict[str, Any]]]

HUB_ALLIANCES = "query All($after: String) { alliances(first: 200, after: $after) { edges { cursor } } }"
PEER_ALLIANCES = "{ alliances: allAlliances(orderBy: [NAME_ASC, ROW_ID_ASC]) { edges { cursor } } }"


@dataclass(frozen=True)
class Face:
    """One way to ask one server."""

    name: str
    server: Server
    body: Callable[[Query, Parameter], dict[str, Any]]
    headers: tuple[str, ...] = ()

    def answers(self, query: Query) -> bool:
        """Whether this query is asked in this way."""
        return self.name != FUNCTION or bool(query.function)

    def request(self, query: Query, parameter: Parameter) -> bytes:
        """The bytes of a request."""
        return self.post(self.body(query, parameter))

    def post(self, body: Mapping[str, Any]) -> bytes:
        """The bytes of any request."""
        return load.post(self.server.port, orjson.dumps(body, default=str), self.headers)

    def requests(self, query: Query, parameters: list[dict[str, Any]]) -> Iterator[bytes]:
        """Requests without end. Those that write are made one by one: each brings a key of its own."""
        if query.name == "Q5":
            return (self.request(query, parameter) for parameter in cycle(parameters))
        return cycle([self.request(query, parameter) for parameter in parameters])

    def ask(self, *requests: bytes) -> list[Any]:
        """The data of the answers to these."""
        try:
            return [orjson.loads(body)["data"] for body in asyncio.run(load.ask(self.server.port, requests))]
        except load.BadAnswer as error:
            raise SystemExit(f"The {self.name} server refused: {error}") from error


def of_hub(name: str, server: Server, token: str) -> Face:
    """The hub under this name; `ordinary` asks for the ordinary executor."""
    extensions = {"extensions": {"executor": "ordinary"}} if name == ORDINARY else {}

    def body(query: Query, parameter: Parameter) -> dict[str, Any]:
        return {"query": query.hub, "variables": query.hub_variables(parameter), **extensions}

    return Face(name, server, body, (f"Authorization: Bearer {token}",))


def of_postgraphile(name: str, server: Server) -> Face:
    """PostGraphile by its own means, or by the function."""

    def body(query: Query, parameter: Parameter) -> dict[str, Any]:
        document = query.function if name == FUNCTION else query.postgraphile
        return {"query": document, "variables": query.postgraphile_variables(parameter)}

    return Face(name, server, body)


def of_floor(server: Server) -> Face:
    """The hand-written statements."""
    return Face(FLOOR, server, lambda query, parameter: {"query": query.name, "variables": parameter})


def find_cursors(faces: list[Face], asked: Asked) -> None:
    """Put into Q3's parameters behind which alliance each server is to begin, in the server's own words."""
    for face in faces:
        if face.name in (HUB, POSTGRAPHILE):
            cursors = hub_cursors(face) if face.name == HUB else peer_cursors(face)
            for parameter in asked["Q3"]:
                parameter[face.name] = cursors[parameter["place"]]


def hub_cursors(face: Face) -> list[str]:
    """Of all alliances by name."""
    found: list[str] = []
    while True:
        body = {"query": HUB_ALLIANCES, "variables": {"after": found[-1] if found else None}}
        (data,) = face.ask(face.post(body))
        if not data["alliances"]["edges"]:
            return found
        found += [edge["cursor"] for edge in data["alliances"]["edges"]]


def peer_cursors(face: Face) -> list[str]:
    """The same of PostGraphile."""
    (data,) = face.ask(face.post({"query": PEER_ALLIANCES}))
    return [edge["cursor"] for edge in data["alliances"]["edges"]]


def named(name: str) -> Query:
    """The query with this name."""
    return next(query for query in QUERIES if query.name == name)
