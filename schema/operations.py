"""Which operation of a document is run, and how: one that is named, and a stream only to who can read one."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from functools import cached_property
from typing import Any

import strawberry
from graphql import DocumentNode, GraphQLError, OperationDefinitionNode
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType

from hub.errors import HubError
from schema.context import Context
from schema.engine.engine import Engine
from schema.errors import BadOperation
from schema.limits import InTime, TooLong

STREAM = (
    "A subscription is a stream: send it with the header `accept: text/event-stream` for server-sent events (SSE), "
    "or over a WebSocket with the protocol graphql-transport-ws."
)


class Schema(strawberry.Schema):
    """Strawberry's, with the engine. It does not log what callers did wrong: HouseErrors notes faults of ours."""

    @cached_property
    def engine(self) -> Engine:
        """The engine over this schema."""
        return Engine(self)

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        pass

    async def execute(self, *args: Any, **kwargs: Any) -> ExecutionResult:
        """Run an operation that has one answer. Raises BadOperation for a subscription."""
        once = {OperationType.QUERY, OperationType.MUTATION}
        try:
            return await super().execute(*args, **{**kwargs, "allowed_operation_types": once})
        except InvalidOperationTypeError as error:
            raise BadOperation(STREAM) from error

    async def stream(self, query: str | None, *args: Any, **kwargs: Any) -> Any:
        """The answers over a connection that carries several: by the engine, where it can."""
        context, allowed = kwargs.get("context_value"), kwargs.get("allowed_operation_types")
        if isinstance(context, Context):
            asked = (context.again(), query or "", kwargs.get("variable_values"), kwargs.get("operation_name"))
            try:
                operation = self.engine.operation(asked[1], asked[3])
                kind = None if operation is None else OperationType(operation.node.operation.value)
                if kind is not None and (allowed is None or kind in allowed):
                    answers = self._followed(*asked) if kind is OperationType.SUBSCRIPTION else await self._once(*asked)
                    if answers is not None:
                        return answers
                if kind is not OperationType.SUBSCRIPTION:
                    return _limited(await super().stream(query, *args, **kwargs))
            except HubError as error:
                return _only(refused(error))
        return await super().stream(query, *args, **kwargs)

    def _followed(self, *asked: Any) -> AsyncGenerator[ExecutionResult, None] | None:
        answers = self.engine.stream(*asked)
        return None if answers is None else _each(answers)

    async def _once(self, *asked: Any) -> AsyncGenerator[ExecutionResult, None] | None:
        answer = await self.engine.answer(*asked)
        if answer.declined is not None:
            return None
        return _only(ExecutionResult(answer.data, answer.errors or None, answer.extensions))


def refused(error: HubError) -> ExecutionResult:
    """The answer to an operation that is not run, with its figures if it costs too much."""
    extensions = error.extensions()
    shown = {"cost": extensions["cost"]} if "cost" in extensions else {}
    return ExecutionResult(None, [GraphQLError(str(error), extensions=extensions)], shown)


async def _limited(answers: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
    """An operation with one answer, stopped when it takes too long."""
    try:
        async with InTime(), aclosing(answers) as opened:
            async for result in opened:
                yield result
    except TooLong as error:
        yield refused(error)


async def _only(result: ExecutionResult) -> AsyncGenerator[ExecutionResult, None]:
    yield result


async def _each(
    answers: AsyncGenerator[tuple[dict[str, Any] | None, list[GraphQLError]], None],
) -> AsyncGenerator[ExecutionResult, None]:
    async with aclosing(answers) as opened:
        async for data, errors in opened:
            yield ExecutionResult(data, errors or None)


class OneOperation(SchemaExtension):
    """Of several operations one must be named, and what is named must be there: nothing is run by guess."""

    def on_parse(self) -> Iterator[None]:
        yield
        context = self.execution_context
        if context.graphql_document is None:
            return
        there = [part for part in context.graphql_document.definitions if isinstance(part, OperationDefinitionNode)]
        names = [part.name.value for part in there if part.name]
        meant: str | None = context._provided_operation_name
        known = ", ".join(names) or "none with a name"
        if meant is None and len(there) > 1:
            raise BadOperation(f"Name the operation to run in `operationName`. The document has: {known}.")
        if meant is not None and meant not in names:
            raise BadOperation(f"The document has no operation {meant[:100]!r} to run. It has: {known}.")


class KnownDocument(SchemaExtension):
    """A document that the engine has parsed and found valid is neither parsed nor validated again."""

    _known: DocumentNode | None = None

    def on_parse(self) -> Iterator[None]:
        context = self.execution_context
        if context.query and isinstance(context.schema, Schema):
            context.graphql_document = self._known = context.schema.engine.known(context.query)
        yield

    def on_validate(self) -> Iterator[None]:
        if self._known is not None:
            self.execution_context.pre_execution_errors = []
        yield
