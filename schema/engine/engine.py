"""The engine: known documents, their plans, and which executor answers."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import structlog
from graphql import DocumentNode, GraphQLError, OperationType
from graphql.execution.values import VariableValues
from strawberry import Schema

from hub.errors import HubError
from hub.later import Undecided
from hub.logs import place
from hub.prepared import form, template
from schema.context import Context
from schema.engine import run as running
from schema.engine.documents import Brought, Document, Operation, document
from schema.engine.plan import Plan, Unplannable
from schema.engine.planner import Planner
from schema.engine.run import Run
from schema.limits import CostLimit, InTime

MOST_DOCUMENTS, MOST_PLANS = 500, 2000
LARGEST_KEPT = 20_000  # characters of a document that is worth a place in the cache
DONE = {"executor": "engine"}
HEAVIEST = 400_000  # characters of all documents, or of those behind all plans: a character takes about 90 bytes

log = structlog.get_logger("schema.engine")
Kept = TypeVar("Kept")


class Recent(Generic[Kept]):
    """A cache bounded in number and in weight: what was used last is kept."""

    def __init__(self, most: int, heaviest: int) -> None:
        self._most, self._heaviest, self._weight = most, heaviest, 0
        self._kept: OrderedDict[Hashable, tuple[Kept, int]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Kept], weight: int) -> Kept:
        """What is kept under the key, made where it is not."""
        try:
            self._kept.move_to_end(key)
            return self._kept[key][0]
        except KeyError:
            made = make()
            self._kept[key] = made, weight
            self._weight += weight
            while len(self._kept) > self._most or self._weight > self._heaviest:
                _, (_, less) = self._kept.popitem(last=False)
                self._weight -= less
            return made

    def __len__(self) -> int:
        return len(self._kept)


@dataclass(slots=True)
class Answer:
    """What the engine says. `data` None: the ordinary executor must do it, for the `reason`."""

    data: dict[str, Any] | None = None
    errors: list[GraphQLError] = field(default_factory=list)
    extensions: dict[str, Any] = field(default_factory=dict)
    declined: str | None = None


class Engine:
    """Answers operations over one schema; what it cannot plan it declines."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._documents: Recent[Document | CostLimit | None] = Recent(MOST_DOCUMENTS, HEAVIEST)
        self._plans: Recent[Plan | str] = Recent(MOST_PLANS, HEAVIEST)

    def operation(self, text: str, name: str | None) -> Operation | None:
        """The operation that is meant, if the document is valid. Raises CostLimit."""
        found = self._document(text)
        if isinstance(found, CostLimit):
            raise CostLimit(found.asked)
        return None if found is None else found.operation(name)

    def known(self, text: str) -> DocumentNode | None:
        """The document, if it is valid and may be run."""
        found = self._document(text)
        return found.parsed if isinstance(found, Document) else None

    def _document(self, text: str) -> Document | CostLimit | None:
        if len(text) > LARGEST_KEPT:
            return document(self._schema, text, kept=False)
        return self._documents.get(text, lambda: document(self._schema, text, kept=True), len(text))

    async def answer(
        self,
        context: Context,
        text: str,
        given: Mapping[str, Any] | None,
        name: str | None,
        *,
        ordinary: bool = False,
    ) -> Answer:
        """The answer of a query or a mutation; `ordinary`: only its cost.

        Raises CostLimit before anything else, TooLong, and for a mutation what is wrong with the arguments of its
        answer, before anything is written.
        """
        operation = self.operation(text, name)
        if operation is None or operation.node.operation is OperationType.SUBSCRIPTION:
            return Answer(declined="The document is for the ordinary executor.")
        if (variables := operation.variables(given)) is None:
            return Answer(declined="The variables do not fit.")
        cost = {"cost": operation.asked(variables)}
        if ordinary:
            return Answer(declined="It was asked for.", extensions=cost)
        async with InTime():
            if operation.node.operation is OperationType.MUTATION:
                return await self._written(context, operation, variables, cost)
            return await self._read(context, operation, variables, cost)

    async def _read(
        self, context: Context, operation: Operation, variables: VariableValues, cost: dict[str, Any]
    ) -> Answer:
        try:
            plan, run = self.planned(context, operation, variables)
            data = await running.read(plan, run)
            if run.failed:
                return Answer(declined=str(run.failed[0]), extensions=cost)  # the ordinary executor says where
            return Answer(data, extensions=cost | DONE)
        except Exception as error:  # noqa: BLE001  the ordinary executor says what it is
            return Answer(declined=_reason(error), extensions=cost)

    async def _written(
        self, context: Context, operation: Operation, variables: VariableValues, cost: dict[str, Any]
    ) -> Answer:
        try:
            plan, run = self.planned(context, operation, variables)
            await running.check(plan, run)
        except HubError:
            raise  # of the answer's arguments: nothing is written yet
        except Exception as error:  # noqa: BLE001  the ordinary executor says what it is
            return Answer(declined=_reason(error), extensions=cost)
        return Answer(*await running.write(plan, run), extensions=cost | DONE)  # nothing is done a second time

    def stream(
        self, context: Context, text: str, given: Mapping[str, Any] | None, name: str | None
    ) -> AsyncGenerator[tuple[dict[str, Any] | None, list[GraphQLError]], None] | None:
        """The answers of a subscription; None where the ordinary executor must do it. Raises CostLimit."""
        operation = self.operation(text, name)
        if operation is None or (variables := operation.variables(given)) is None:
            return None
        operation.asked(variables)
        try:
            plan, run = self.planned(context, operation, variables)
        except (Unplannable, HubError, GraphQLError):
            return None
        return running.follow(plan, run, lambda: self.planned(context, operation, variables))

    def planned(self, context: Context, operation: Operation, variables: VariableValues) -> tuple[Plan, Run]:
        """The plan and its run, arguments checked. Raises Unplannable, Invalid."""
        given = Brought(operation, variables)
        viewer = context.viewer

        def make() -> Plan | str:
            try:
                return Planner(operation, template(viewer), given, variables).plan()
            except (Unplannable, Undecided) as reason:
                return str(reason)

        key = (operation, form(viewer), given.key())
        plan = self._plans.get(key, make, operation.size) if operation.kept else make()
        if isinstance(plan, str):
            raise Unplannable(plan)
        run = Run(context, given)
        run.open(plan)
        return plan, run


def _reason(error: Exception) -> str:
    """Why the ordinary executor must answer, in words."""
    if isinstance(error, Unplannable):
        return str(error)
    if isinstance(error, HubError | GraphQLError):
        return f"It has an error: {type(error).__name__}."
    log.warning("the engine failed, the ordinary executor goes on", error=place(error))
    return f"The engine failed: {type(error).__name__}."
