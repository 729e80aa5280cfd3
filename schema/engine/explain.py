"""What the engine does with an operation, for people: its plan, the SQL, the generated functions, rows and times."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from graphql import OperationType

from hub.errors import Invalid
from schema.context import Context
from schema.engine import run as running
from schema.engine.engine import Engine
from schema.engine.plan import Level, Unplannable
from schema.engine.run import Run


@dataclass(frozen=True, slots=True)
class Explained:
    """One level of a plan, with what it cost if it was run: its rows and their time, apart the time of its count.

    `depth` 0 is a root field.
    """

    field: str
    depth: int
    sql: str | None
    count_sql: str | None
    parameters: list[str]
    function: str
    rows: int | None
    milliseconds: float | None
    count_milliseconds: float | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The plan of an operation. `executor` ordinary: the engine declines it, for the `reason`."""

    executor: str
    reason: str | None
    kind: str
    cost: Mapping[str, Any]
    statements: int
    levels: list[Explained]

    def told(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """The same for a terminal."""
        if self.executor == "ordinary":
            yield f"The ordinary executor answers this {self.kind}: {self.reason}"
            return
        asked, allowed = self.cost["asked"], self.cost["allowed"]
        yield f"A {self.kind} in {self.statements} statements. It may touch:"
        yield "  " + ", ".join(f"{value:,} of {allowed[name]:,} {name}" for name, value in asked.items())
        for level in self.levels:
            yield ""
            yield from _lines(level)


def _lines(level: Explained) -> Iterator[str]:
    indent = "  " * level.depth
    ran = "" if level.rows is None else f"    {level.rows:,} rows, {level.milliseconds:.1f} ms"
    ran += "" if level.count_milliseconds is None else f", counted in {level.count_milliseconds:.1f} ms"
    yield f"{indent}{level.field}{ran}"
    for sql in (level.sql, level.count_sql):
        yield from (f"{indent}    {line}" for line in (sql or "").splitlines())
    for parameter in level.parameters:
        yield f"{indent}    {parameter}"
    yield from (f"{indent}    | {line}" for line in level.function.splitlines())


async def explain(
    engine: Engine, context: Context, text: str, variables: Mapping[str, Any] | None, name: str | None
) -> Explanation:
    """Plan an operation, and run it if it is a query: a mutation writes nothing here. Raises Invalid, CostLimit."""
    operation = engine.operation(text, name)
    if operation is None:
        raise Invalid("The document is not valid, or does not say which operation is meant. The graph's IDE shows why.")
    kind = operation.node.operation.value
    if (values := operation.variables(variables)) is None:
        raise Invalid("The variables are not of the types that the operation declares. Correct --variables.")
    cost = operation.asked(values)
    try:
        plan, run = engine.planned(context, operation, values)
    except Unplannable as reason:
        return Explanation("ordinary", str(reason), kind, cost, 0, [])
    run.steps = []
    if operation.node.operation is OperationType.QUERY:
        await running.read(plan, run)
    levels = [_sought(by, statement.text) for by, statement in plan.seeks.items()]
    levels += [one for root in plan.roots if root.level for one in _levels(root.level, 0, run)]
    return Explanation("engine", None, kind, cost, plan.statements, levels)


def _sought(by: str, sql: str) -> Explained:
    """The look-up of the grids that arguments name."""
    return Explained(f"grids by {by}", 0, sql, None, [], "", None, None, None)


def _levels(level: Level, depth: int, run: Run) -> Iterator[Explained]:
    steps = [step for step in run.steps or () if step.level is level and step.statement is level.statement]
    counts = [step for step in run.steps or () if step.level is level and step.statement is level.count]
    yield Explained(
        level.what,
        depth,
        level.statement.text if level.statement else None,
        level.count.text if level.count else None,
        _parameters(level, steps),
        level.text,
        sum(step.rows for step in steps) if steps else None,
        sum(step.milliseconds for step in steps) if steps else None,
        sum(step.milliseconds for step in counts) if counts else None,
    )
    for below in level.below:
        if below.level is not None:
            yield from _levels(below.level, depth + 1, run)


def _parameters(level: Level, steps: list[running.Step]) -> list[str]:
    """The values that the statement was run with."""
    found = next((step.values for step in steps if level.statement), ())
    return [f"${at} = {_short(value)}" for at, value in enumerate(found, 1)]


def _short(value: Any) -> str:
    words = [str(one) for one in value] if isinstance(value, list) else [str(value)]
    more = f", ... {len(words) - 3} more" if len(words) > 3 else ""
    return ", ".join(words[:3]) + more
