"""Running a plan: breadth first, one statement a level, all on one snapshot; then the answer is made from below.

    keys ──> rows of a level ──> keys of the levels below ──> their rows ...
                   └──────────────── make(records, what is below) ──> dicts

Whatever goes wrong while reading, the operation is done again by the ordinary executor, which words the errors: so both
give the same answer, and this file has no error to place. Only what was written is not done twice.
"""

import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError

from hub.auth import Viewer
from hub.db import Snapshot
from hub.errors import Invalid, NotFound
from hub.prepared import Statement, form
from schema.context import Context
from schema.engine.code import Record
from schema.engine.documents import Brought
from schema.engine.plan import Below, Level, Plan, Root, Stream, record
from schema.errors import PluginFailed, told
from schema.limits import InTime

NONE: Mapping[Any, int] = {}


@dataclass(slots=True)
class Step:
    """A statement that was run: for those who want to know."""

    level: Level
    statement: Statement
    values: Sequence[Any]
    rows: int
    milliseconds: float


@dataclass(slots=True)
class Run:
    """One run of a plan: the values that the plan left open. `failed`: what stands in the place of a field's values."""

    context: Context
    given: Brought
    found: list[Any] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: Sequence[Any] = ()
    steps: list[Step] | None = None
    failed: list[PluginFailed] = field(default_factory=list)

    @property
    def viewer(self) -> Viewer:
        return self.context.viewer

    def open(self, plan: Plan) -> None:
        """Check the arguments and find the windows. Raises Invalid, BadCursor, BadId."""
        for find in plan.once:
            self.found.append(find(self))


async def read(plan: Plan, run: Run) -> dict[str, Any]:
    """The answer of a query."""
    async with run.context.db.snapshot(statements=plan.statements) as found:
        await seek(found, run, plan)
        return {root.name: await _root(found, run, root.level, root.value) for root in plan.roots}


async def check(plan: Plan, run: Run) -> None:
    """See that a payload can be read, before anything is written. Raises NotFound, BadId, Invalid."""
    if plan.paths:
        async with run.context.db.snapshot(statements=len(plan.seeks)) as found:
            await seek(found, run, plan)
    statements = [one for level in plan.levels() for one in (level.statement, level.count) if one is not None]
    values = [value for statement in statements for value in statement.values(run)]
    texts = [text for value in values for text in (value if isinstance(value, list) else [value])]
    if any("\0" in text for text in texts if isinstance(text, str)):
        raise Invalid("A text in the arguments of the answer has a NUL in it. Remove it.")


async def write(plan: Plan, run: Run) -> tuple[dict[str, Any], list[GraphQLError]]:
    """The answer of a mutation: one verb after the other. One that fails leaves its field empty, its error beside."""
    data: dict[str, Any] = {}
    errors: list[GraphQLError] = []
    for root in plan.roots:
        data[root.name] = root.value
        if root.verb is None or root.level is None:
            continue
        try:
            row = await root.verb.write(run)
            data[root.name] = await payload(plan, run, root.level, record(row, root.verb.columns))
            errors += _failures(run, root)
        except Exception as error:  # noqa: BLE001  one GraphQL operation: what went wrong is told in its answer
            data[root.name] = None
            found_at = GraphQLError(str(error), list(root.verb.nodes), path=[root.name], original_error=error)
            errors.append(told(found_at, executing=True))
    return data, errors


async def follow(
    plan: Plan, run: Run, again: Callable[[], tuple[Plan, Run]]
) -> AsyncGenerator[tuple[dict[str, Any] | None, list[GraphQLError]], None]:
    """The answers of a subscription, one for each event; the last one may be an error.

    `again` plans anew: a viewer may lose an ability, or a part of the tree, while the stream goes on.
    """
    made_for, events = form(run.viewer), _stream(plan).events(run)
    try:
        async for row, more in events:
            if form(run.viewer) != made_for:
                made_for, (plan, run) = form(run.viewer), again()
            (root,) = plan.roots
            assert root.level is not None
            hand = (*record(row, _stream(plan).columns), *more)
            async with InTime():
                answer = await payload(plan, run, root.level, hand)
            yield {root.name: answer}, _failures(run, root)
    except Exception as error:  # noqa: BLE001  one GraphQL operation: what went wrong is told in its last answer
        yield None, [told(GraphQLError(str(error), original_error=error), executing=True)]


def _failures(run: Run, root: Root) -> list[GraphQLError]:
    """What plugins failed at below that field; it is told once."""
    failed, run.failed = run.failed, []
    return [told(GraphQLError(str(one), path=[root.name], original_error=one), executing=True) for one in failed]


def _stream(plan: Plan) -> Stream:
    (root,) = plan.roots
    assert root.stream is not None
    return root.stream


async def payload(plan: Plan, run: Run, level: Level, hand: Record) -> Any:
    """What is made of a record in hand: only what hangs on it is read."""
    if not level.below:
        return level.make([None], [hand], NONE, None, ())
    async with run.context.db.snapshot(statements=plan.statements) as found:
        await seek(found, run, plan)
        return await made(found, run, level, [None], [hand])


async def seek(found: Snapshot, run: Run, plan: Plan) -> None:
    """Look up the grids that arguments name. Raises NotFound."""
    if not plan.paths:
        return
    wanted = [(by, find.now(run)) for by, find in plan.paths]
    known: dict[tuple[str, Any], str] = {}
    for by, statement in plan.seeks.items():
        run.keys = list({value for name, value in wanted if name == by})
        for value, path in await found.rows(statement.text, *statement.values(run)):
            known[by, value] = path
    if missing := [value for by, value in wanted if (by, value) not in known]:
        raise NotFound("grid", missing[0])
    run.paths = [known[one] for one in wanted]


async def _root(found: Snapshot, run: Run, level: Level | None, value: Any) -> Any:
    return value if level is None else await rows(found, run, level, [None])


async def rows(found: Snapshot, run: Run, level: Level, keys: Sequence[Any]) -> Any:
    """What a level gives for these parents."""
    records = level.hand(run) if level.hand is not None else await _read(found, run, level, level.statement, keys)
    totals = NONE
    if level.count is not None:
        totals = dict(await _read(found, run, level, level.count, keys))
    return await made(found, run, level, keys, records, totals)


async def made(
    found: Snapshot,
    run: Run,
    level: Level,
    keys: Sequence[Any],
    records: Sequence[Any],
    totals: Mapping[Any, int] = NONE,
) -> Any:
    """The same, of records in hand."""
    below = [await _below(found, run, one, records) for one in level.below]
    window = None if level.window is None else level.window(run)
    return level.make(keys, records, totals, window, below)


async def _below(found: Snapshot, run: Run, below: Below, records: Sequence[Any]) -> Any:
    if below.level is not None:
        (at,) = below.positions
        keys = dict.fromkeys(one[at] for one in records)
        keys.pop(None, None)
        return await rows(found, run, below.level, list(keys))
    assert below.batch is not None
    wanted = list(dict.fromkeys(tuple(one[at] for at in below.positions) for one in records))
    values = dict(zip(wanted, await _batch(run, below, wanted) if wanted else (), strict=True))
    for key, value in values.items():
        if isinstance(value, PluginFailed):
            run.failed += [value] if value not in run.failed else []
            values[key] = None
    return values


async def _batch(run: Run, below: Below, wanted: Sequence[tuple[Any, ...]]) -> Sequence[Any]:
    """The values of a batched field. One that reads does so through a session of its own, a moment later."""
    assert below.batch is not None
    found: Sequence[Any]
    if not below.reads:
        found = await below.batch(run.viewer, wanted)
        return found
    async with run.context.db.read() as session:
        found = await below.batch(session, run.viewer, wanted)
    return found


async def _read(
    found: Snapshot, run: Run, level: Level, statement: Statement | None, keys: Sequence[Any]
) -> Sequence[Any]:
    if statement is None or not keys:
        return ()
    run.keys = keys
    if run.steps is None:
        records: Sequence[Any] = await found.rows(statement.text, *statement.values(run))
        return records
    began, values = time.perf_counter(), statement.values(run)
    records = await found.rows(statement.text, *values)
    run.steps.append(Step(level, statement, values, len(records), (time.perf_counter() - began) * 1000))
    return records
