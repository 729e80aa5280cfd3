"""hub sync plan, show, apply, undo: what a run would do, looked at before, done exactly so, and taken back."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy import Select, func, select

from hub import report
from hub.auth import system
from hub.cli import ids
from hub.cli.answers import AsJSON, Exit, answer_json, say
from hub.cli.opened import with_database
from hub.cli.progress import shown
from hub.cli.sync import AllowGone, AllowRefused, Another, First, Full, Last, Name, Path_, days_of, overrides
from hub.config import settings
from hub.db import Database
from hub.errors import Misconfigured, NotFound
from hub.models import PlanAction, PlanRow, PlanState, Run, RunMode, RunStatus, Source, Term
from hub.services import sources
from hub.sync import registry
from hub.sync.kinds import KINDS
from hub.sync.run import run_source
from hub.sync.stored_plan import apply_plan
from hub.sync.undo import undo

LISTED, LARGEST_PAGE = 10, 10_000
VIEWER = system("hub sync")
AnyRun = Annotated[
    UUID,
    typer.Argument(parser=ids.of("Run"), metavar="RUN", help="The run that stored the plan, as `hub sync plan` said."),
]


def _names(terms: type[Term]) -> str:
    return ", ".join(term.name.lower() for term in terms)


def _named(terms: type[Term], word: str) -> Term:
    if word.upper() not in terms.__members__:
        raise Misconfigured(f"There is no {word}. There are: {_names(terms)}.")
    return terms[word.upper()]


def plan_command(
    name: Name,
    path: Path_ = None,
    set_: Another = None,
    first: First = None,
    last: Last = None,
    full: Full = False,
    allow_refused: AllowRefused = None,
    as_json: AsJSON = False,
) -> None:
    """Store what a run would do, and do nothing.

    Everything is checked as in a run; of a source that is read whole, what it lacks is in the plan, too. `hub sync
    show` shows the plan row by row, `hub sync apply` does exactly it.
    """
    chosen = settings()
    known = registry.load(chosen.plugins)
    pull = partial(run_source, mode=RunMode.PLAN, full=full, allow_refused=allow_refused)
    asked, days = overrides(path or [], set_ or []), days_of(first, last)

    async def work(db: Database) -> Run:
        with shown(name) as progress:
            return await pull(
                db, known, name, started_by="hub sync plan", overrides=asked, days=days, progress=progress
            )

    run = with_database(chosen, work)
    if as_json:
        answer_json(report.numbers(run, name) | ids.gid("Run", run.id))
    else:
        typer.echo(report.words(run, name))
        if run.status is RunStatus.PLANNED:
            _warn(run)
            say(f"  Look at it:  hub sync show {run.id}\n  Do it:       hub sync apply {run.id}")
    if run.status is not RunStatus.PLANNED:
        raise typer.Exit(Exit.FAILED)


def _warn(run: Run) -> None:
    if run.guarded and run.status is RunStatus.PLANNED:
        say(f"  It would be stopped: {run.guarded}")


def show_command(
    run: AnyRun,
    action: Annotated[str | None, typer.Option(help=f"Only one sort: {_names(PlanAction)}.")] = None,
    state: Annotated[str | None, typer.Option(help=f"Only those in this state: {_names(PlanState)}.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind of record.")] = None,
    page: Annotated[int, typer.Option(min=1, help="Which page of the plan.")] = 1,
    size: Annotated[int, typer.Option(min=1, max=LARGEST_PAGE, help="How many parts a page has.")] = 50,
    as_json: AsJSON = False,
) -> None:
    """Show a plan row by row: what is to be done, old and new values, and the rule that decided.

    Of a run that applied a plan: that plan, with what became of each row.
    """
    wanted = [
        *([PlanRow.action == _named(PlanAction, action)] if action else []),
        *([PlanRow.state == _named(PlanState, state)] if state else []),
        *([PlanRow.kind == kind] if kind else []),
    ]

    async def read(db: Database) -> tuple[Run, str, int, list[PlanRow]]:
        async with db.read() as session:
            found = await session.scalar(sources.runs(VIEWER).where(Run.id == run))
            if found is None:
                raise NotFound("run", run, "`hub sync history` lists them.")
            source = await session.get_one(Source, found.source_id)
            mine = found.plan_id if found.plan_id and found.mode is RunMode.APPLY else run
            rows: Select[PlanRow] = sources.plan_rows(VIEWER).where(PlanRow.run_id == mine, *wanted)
            total = await session.scalar(select(func.count()).select_from(rows.subquery())) or 0
            rows = rows.order_by(PlanRow.number).offset((page - 1) * size).limit(size)
            return found, source.name, total, list(await session.scalars(rows))

    found, source, total, rows = with_database(settings(), read)
    pages = -(-total // size)
    if as_json:
        told = report.numbers(found, source) | ids.gid("Run", found.id) | {"total": total, "page": page, "pages": pages}
        answer_json(told | {"rows": [_plain(row) for row in rows]})
        return
    typer.echo(report.words(found, source))
    _warn(found)
    for row in rows:
        typer.echo("\n".join(_lines(row)))
    if pages > 1:
        say(f"Page {page} of {pages:,} ({total:,} rows). Others: --page N, --size N.")


def apply_command(run: AnyRun, allow_gone: AllowGone = None, as_json: AsJSON = False) -> None:
    """Apply a stored plan: exactly it. Rows whose target has moved since are left alone and listed (exit code 5)."""

    async def work(db: Database) -> tuple[Run, str, list[PlanRow]]:
        with shown(str(run)) as progress:
            done = await apply_plan(db, run, started_by="hub sync apply", reason=allow_gone, progress=progress)
        return done, *await _left(db, done, run)

    _finish(*with_database(settings(), work), run, as_json=as_json)


async def _left(db: Database, done: Run, plan: UUID) -> tuple[str, list[PlanRow]]:
    """The source's name, and the first rows of a plan that were left alone."""
    async with db.read() as session:
        source = await session.get_one(Source, done.source_id)
        left = sources.plan_rows(VIEWER).where(PlanRow.run_id == plan, PlanRow.state == PlanState.REFUSED)
        return source.name, list(await session.scalars(left.order_by(PlanRow.number).limit(LISTED)))


def _finish(done: Run, source: str, left: list[PlanRow], of: UUID, *, as_json: bool) -> None:
    """Answer for a run that works on another one."""
    if as_json:
        told = report.numbers(done, source) | ids.gid("Run", done.id)
        answer_json(told | {"plan": str(of), "refused": [_plain(row) for row in left]})
    else:
        typer.echo(report.words(done, source))
    for row in left:
        say(f"  {row.action.name} {row.kind} {row.key}: {row.reason}")
    if done.moved > len(left):
        say(f"  ... and {done.moved - len(left):,} more: hub sync show {done.id} --state refused")
    if done.status is not RunStatus.DONE:
        raise typer.Exit(Exit.FAILED)
    if done.moved:
        raise typer.Exit(Exit.PARTLY)


def _plain(row: PlanRow) -> dict[str, Any]:
    names = ("number", "kind", "key", "old", "new", "kept", "rule", "reason")
    made_of = KINDS.get(row.kind)
    return {
        "action": row.action.name,
        "state": row.state.name,
        "row": row.entity_id,
        **(ids.gid(made_of.model.__name__, row.entity_id) if made_of and row.entity_id else {"gid": None}),
        **{name: getattr(row, name) for name in names},
    }


def _lines(row: PlanRow) -> Iterator[str]:
    state = "" if row.state is PlanState.WAITING else f" [{row.state.name.lower()}]"
    yield f"{row.number:>7} {row.action.name:6} {row.kind} {row.key}{state}: {row.reason or row.rule}"
    for name in row.new:
        before = f"{row.old[name]} → " if name in row.old else ""
        yield f"{'':15}{name}: {before}{row.new[name]}"
    for name, kept in row.kept.items():
        yield f"{'':15}{name} stays, though the source says {kept['said']}: {kept['rule']}"


def undo_command(
    run: Annotated[
        UUID,
        typer.Argument(
            parser=ids.of("Run"), metavar="RUN", help="The run to take back: `hub sync history` lists them."
        ),
    ],
    as_json: AsJSON = False,
) -> None:
    """Take a run back: the old values, where nobody else has written since. What it made is marked as gone.

    What others have changed since is left alone and listed (exit code 5). The source's place is not moved: correct the
    source, or the next run brings the same again.
    """

    async def work(db: Database) -> tuple[Run, str, list[PlanRow]]:
        with shown(str(run)) as progress:
            done = await undo(db, run, started_by="hub sync undo", progress=progress)
        return done, *await _left(db, done, done.id)

    _finish(*with_database(settings(), work), run, as_json=as_json)
