"""Errors as the API tells them: the house's own in their own words, everything else masked and logged."""

import re
from collections.abc import Iterator
from uuid import uuid4

import structlog
from graphql import ExecutionResult as CoreResult
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import StrawberryGraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types.execution import ExecutionResult
from strawberry.utils.str_converters import to_camel_case

from hub.errors import Conflict, HubError, Invalid
from hub.logs import place

log = structlog.get_logger("schema")


class BadId(Invalid):
    """An id that is not one of ours, or names another type of thing."""

    code = "BAD_ID"

    def __init__(self, id: str, *, expected: str | None = None, field: str = "id") -> None:
        shown = id if len(id) <= 100 else f"{id[:100]}..."
        what = f"no id of a {expected}" if expected else "no id of this hub"
        super().__init__(f"{shown!r} is {what}. Take ids from the field `id` of what you read.", field=field)


class BadCursor(Invalid):
    """A cursor that is not one of ours, or belongs to another order."""

    code = "BAD_CURSOR"

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} Take cursors from `pageInfo` or `edges` of the same list in the same order.")


class Gap(Conflict):
    """The log does not have the place that the caller wants to go on from: something in between may be missing."""

    code = "GAP"

    def __init__(self) -> None:
        super().__init__(
            "The log does not know this cursor: changes may be missing. Read afresh, then follow from now."
        )


class PluginFailed(HubError):
    """A field that a plugin adds has no value, as the plugin failed: only that field is empty."""

    code = "PLUGIN_FAILED"

    def __init__(self, plugin: str, field: str) -> None:
        self.plugin = plugin
        super().__init__(f"The plugin {plugin} failed at {field}. The log of the hub says why.")

    def extensions(self) -> dict[str, object]:
        return super().extensions() | {"plugin": self.plugin}


class BadOperation(CannotGetOperationTypeError):
    """The document does not say which operation is meant, or means one that is not run this way."""

    def __init__(self, message: str) -> None:
        super().__init__(None)
        self.message = message

    def as_http_error_reason(self) -> str:
        return self.message


def told(error: GraphQLError, *, executing: bool) -> GraphQLError:
    """The error as the caller may see it, with a stable code in its extensions."""
    cause = error.original_error
    if isinstance(cause, HubError):
        return _same(error, *_in_the_api(cause))
    if isinstance(cause, CannotGetOperationTypeError):
        return _same(error, cause.as_http_error_reason(), _code("BAD_REQUEST"))
    if isinstance(cause, RecursionError):
        code = "BAD_USER_INPUT" if executing else "GRAPHQL_PARSE_FAILED"
        return _same(error, "What you sent is nested too deeply. Write it flatter.", _code(code))
    if isinstance(error, GraphQLSyntaxError):
        return _same(error, error.message, _code("GRAPHQL_PARSE_FAILED"))
    if cause is None or isinstance(cause, (GraphQLError, StrawberryGraphQLError)):
        return _same(error, error.message, _code("BAD_USER_INPUT" if executing else "GRAPHQL_VALIDATION_FAILED"))
    reference = uuid4().hex
    log.error("operation failed", error_id=reference, path=error.path, error=place(cause))
    message = f"The hub failed here. The fault is noted as {reference}: please report that number."
    return _same(error, message, _code("INTERNAL") | {"errorId": reference})


def _in_the_api(cause: HubError) -> tuple[str, dict[str, object]]:
    """Message and extensions, with the argument called as the API calls it."""
    message, extensions = str(cause), cause.extensions()
    if isinstance(field := extensions.get("field"), str):
        extensions["field"] = shown = to_camel_case(field)
        message = re.sub(rf"\b{re.escape(field)}\b", shown, message)
    return message, extensions


def _code(code: str) -> dict[str, object]:
    return {"code": code}


def _same(error: GraphQLError, message: str, extensions: dict[str, object]) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=error.extensions or extensions,
    )


class HouseErrors(SchemaExtension):
    """Nothing leaves an operation but errors as `told`: no stack, no SQL, no address."""

    _executing = False
    _streamed = False

    def on_execute(self) -> Iterator[None]:
        self._executing = True
        yield

    def on_operation(self) -> Iterator[None]:
        yield
        if not self._streamed:
            self._tell(self.execution_context.result)

    def on_stream_result(self, result: object) -> Iterator[None]:
        self._streamed = True
        self._tell(result)
        yield

    def _tell(self, result: object) -> None:
        if isinstance(result, (CoreResult, ExecutionResult)) and result.errors:
            result.errors = [told(error, executing=self._executing) for error in result.errors]
