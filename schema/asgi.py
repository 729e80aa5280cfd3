"""The door of the graph: POST for operations, WebSocket and server-sent events for streams, GET for its page."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from cross_web import HTTPException
from starlette.requests import HTTPConnection
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.types import ExecutionResult

from hub.auth import ANONYMOUS, Viewer
from hub.db import Database
from hub.errors import HubError, Invalid, Unauthenticated, Unavailable
from schema import ide
from schema.bus import Bus
from schema.context import Context
from schema.errors import told
from schema.limits import InTime, TooLong
from schema.operations import Schema, refused

Authenticate = Callable[[HTTPConnection], Awaitable[Viewer]]
LARGEST_BODY = 1_048_576
MOST_SUBSCRIPTIONS = 20
EXECUTORS = ("engine", "ordinary")
CODES = {400: "BAD_REQUEST", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "TOO_LARGE"}
TOO_MANY = f"A connection carries at most {MOST_SUBSCRIPTIONS} operations at once: end one, or open another connection."
NO_QUERY = 'The body has no `query`. Send {"query": "{ viewer { name } }"}.'


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request asks for."""

    query: str
    variables: Mapping[str, Any] | None
    name: str | None
    extensions: Mapping[str, Any] | None


class Encoded(Response):
    """An answer in bytes: JSON, 200, nothing to be computed."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", str(len(self.body)).encode()), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class SocketHandler(BaseGraphQLTransportWSHandler[Context, None]):
    """The WebSocket protocol, with a code on what it refuses by itself."""

    async def send_message(self, message: Any) -> None:
        if message["type"] == "error":
            message = {**message, "payload": [coded(error) for error in message["payload"]]}
        await super().send_message(message)


def coded(error: Mapping[str, Any]) -> Mapping[str, Any]:
    """An error with its code. The only ones without are of operations that come on top of the allowed number."""
    if "code" in error.get("extensions", {}):
        return error
    return {**error, "message": TOO_MANY, "extensions": {"code": "TOO_MANY"}}


class GraphQLApp(GraphQL[Context, None]):
    """One schema over one database."""

    graphql_transport_ws_handler_class = SocketHandler

    def __init__(
        self, schema: Schema, db: Database, authenticate: Authenticate, bus: Bus, *, development: bool
    ) -> None:
        super().__init__(
            schema,
            allow_queries_via_get=False,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL],
            max_subscriptions_per_connection=MOST_SUBSCRIPTIONS,
        )
        self._engine = schema.engine
        self._development = development
        self._db = db
        self._authenticate = authenticate
        self._bus = bus

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        try:
            response = await self._answer(HTTPRequest(scope, bounded(receive)))
        except HTTPException as error:
            response = refusal(error.status_code, error.reason, {"code": CODES.get(error.status_code, "REFUSED")})
        except HubError as error:
            response = refusal(status_of(error), str(error), error.extensions())
        await response(scope, receive, send)

    async def _answer(self, request: HTTPRequest) -> Response:
        headers = dict(request.scope["headers"])
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > LARGEST_BODY:
            raise too_large()
        if request.method != "POST" or not plain(headers):
            if request.method == "GET" and "query" in request.query_params:
                raise HTTPException(405, "Operations are sent by POST. A link to the page carries them as ?q=.")
            return await self.run(request)
        context = await self.get_context(request, None)
        asked = operation(await request.body())
        if asked is not None:
            result = await self._judge(context, asked)
            if result is not None:
                return Encoded(encoded(result))
        return await self.run(request, context=context)

    async def get_context(self, request: HTTPConnection, response: object) -> Context:
        renew = partial(self._authenticate, request)
        later = isinstance(request, WebSocket)  # a WebSocket says who it is in its first message
        return Context(ANONYMOUS if later else await renew(), self._db, self._bus, renew)

    async def on_ws_connect(self, context: Context) -> dict[str, object]:
        given = context.connection_params.get("Authorization") or context.connection_params.get("authorization")
        if isinstance(given, str) and isinstance(context.renew, partial):
            (connection,) = context.renew.args
            context.renew = partial(self._authenticate, with_header(connection, given))
        try:
            context.viewer = await context.renew()
        except Unauthenticated as error:
            raise ConnectionRejectionError from error
        return {}

    async def render_graphql_ide(self, request: HTTPRequest) -> Response:
        return ide.page(self.schema.as_str())

    async def execute_single(
        self,
        request: HTTPRequest,
        request_adapter: Any,
        sub_response: Any,
        context: Context,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        """By the engine; what it declines by the ordinary executor."""
        asked = Sent(
            request_data.query or "", request_data.variables, request_data.operation_name, request_data.extensions
        )
        if context.declined is None and (result := await self._judge(context, asked)) is not None:
            return result
        try:
            async with InTime():
                result = await super().execute_single(
                    request, request_adapter, sub_response, context, root_value, request_data
                )
        except TooLong as error:
            return refused(error)
        result.extensions = {**(result.extensions or {}), **(context.declined or {})}
        return result

    async def _judge(self, context: Context, asked: Sent) -> ExecutionResult | None:
        """The engine's answer; None where it declines: then the context knows why."""
        try:
            ordinary = self._chosen(context, asked.extensions) == "ordinary"
            answer = await self._engine.answer(context, asked.query, asked.variables, asked.name, ordinary=ordinary)
        except HubError as error:
            return refused(error)
        if answer.declined is None:
            return ExecutionResult(answer.data, answer.errors, answer.extensions)
        context.declined = {**answer.extensions, "executor": "ordinary", "reason": answer.declined}
        return None

    def _chosen(self, context: Context, extensions: Mapping[str, Any] | None) -> str:
        """The executor that is asked for, if the viewer may ask. Raises Invalid, Forbidden."""
        asked: str = (extensions or {}).get("executor", "engine")
        if asked not in EXECUTORS:
            raise Invalid(f"There is no such executor. There are: {', '.join(EXECUTORS)}.", field="extensions.executor")
        if asked != "engine" and not self._development:
            context.viewer.must("sync:run")
        return asked

    async def process_result(self, request: HTTPRequest, result: ExecutionResult) -> GraphQLHTTPResponse:
        """Also what was raised outside of the operation's own hooks is told in the house's words."""
        found = result.errors or ()
        result.errors = [
            error if "code" in (error.extensions or {}) else told(error, executing=True) for error in found
        ]
        return await super().process_result(request, result)

    async def parse_http_body(self, request: Any) -> Any:
        parsed = await super().parse_http_body(request)
        if not isinstance(parsed, list) and not parsed.query:
            raise HTTPException(400, NO_QUERY)
        return parsed

    def parse_json(self, data: str | bytes) -> Any:
        parsed = super().parse_json(data)
        if not isinstance(parsed, dict | list):
            raise HTTPException(400, NO_QUERY)
        return parsed

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)

    def encode_json(self, data: object) -> str:
        return orjson.dumps(data).decode()


def plain(headers: Mapping[bytes, bytes]) -> bool:
    """Whether JSON comes and one JSON answer is wanted: no upload, no stream."""
    accept = headers.get(b"accept", b"")
    return (
        headers.get(b"content-type", b"").startswith(b"application/json")
        and b"text/event-stream" not in accept
        and b"multipart/" not in accept
    )


def operation(body: bytes) -> Sent | None:
    """The operation in a body; None where it is not written as it should be, which others put into words."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict) or not isinstance(query := found.get("query"), str) or not query:
        return None
    variables, name, extensions = found.get("variables"), found.get("operationName"), found.get("extensions")
    if not isinstance(variables, dict | None) or not isinstance(name, str | None):
        return None
    return Sent(query, variables, name, extensions) if isinstance(extensions, dict | None) else None


def encoded(result: ExecutionResult) -> bytes:
    """The answer as bytes, built once."""
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        answer["extensions"] = result.extensions
    return orjson.dumps(answer)


def graphql_app(
    schema: Schema, db: Database, authenticate: Authenticate, bus: Bus, *, development: bool = False
) -> GraphQLApp:
    """The ASGI application, for HTTP and WebSocket alike. `authenticate` raises Unauthenticated for a bad token.

    `development`: everybody may choose the executor, not only admins.
    """
    return GraphQLApp(schema, db, authenticate, bus, development=development)


def refusal(status: int, message: str, extensions: dict[str, object]) -> Response:
    """An answer without an operation, in the shape that GraphQL clients read."""
    body = orjson.dumps({"errors": [{"message": message, "extensions": extensions}]})
    return Response(body, status, media_type="application/json")


def status_of(error: HubError) -> int:
    """The HTTP status of what is refused before any operation runs."""
    return 401 if isinstance(error, Unauthenticated) else 503 if isinstance(error, Unavailable) else 400


def too_large() -> HTTPException:
    return HTTPException(413, f"The body is larger than {LARGEST_BODY} bytes. Ask for less at once.")


def bounded(receive: Receive) -> Receive:
    """The same body, refused as soon as it is too large."""
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            raise too_large()
        return message

    return counted


def with_header(connection: HTTPConnection, authorization: str) -> HTTPConnection:
    """The connection as if it had come with this header."""
    others = [(name, value) for name, value in connection.scope["headers"] if name != b"authorization"]
    header = (b"authorization", authorization.encode("latin-1", "replace"))
    return HTTPConnection({**connection.scope, "headers": [*others, header]})
