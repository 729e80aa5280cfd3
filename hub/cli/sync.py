"""hub sync: bring the hub in step with a source, and see how it went."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql import distinct_on

from hub import report
from hub.auth import system
from hub.cli import ids
from hub.cli.answers import AsJSON, Exit, answer_json, say
from hub.cli.opened import with_database
from hub.cli.progress import shown
from hub.config import settings
from hub.db import Database
from hub.errors import Misconfigured, NotFound
from hub.models import Rejected, Run, RunMode, RunStatus, Source
from hub.services import sources
from hub.sync import jobs, registry
from hub.sync.period import Days
from hub.sync.registry import Registry
from hub.sync.run import run_source

SHOWN = 10

sync = typer.Typer(no_args_is_help=True, help="Bring the hub in step with a source, and see how it went.")


Name = Annotated[str, typer.Argument(help="The source, or a ready-made one: `hub sync status` lists both.")]
Path_ = Annotated[list[Path] | None, typer.Option(help="A file or folder to read instead; may be repeated.")]
Another = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Another setting for this run only.")
]


AllowGone = Annotated[
    str | None,
    typer.Option(metavar="WHY", help="Let it mark more as gone than the source's limit, and say why."),
]
AllowRefused = Annotated[
    str | None,
    typer.Option(metavar="WHY", help="Let it refuse more records than the source's limit, and say why."),
]
First = Annotated[str | None, typer.Option("--from", help="Only what is of a range of days: the first, 2026-01-01.")]
Full = Annotated[
    bool, typer.Option("--full", help="Read everything from the beginning: what was missed, what is gone.")
]
Last = Annotated[str | None, typer.Option("--to", help="The last day of the range, which belongs to it.")]


def days_of(first: str | None, last: str | None) -> Days | None:
    """The range of days that was asked for. Raises Misconfigured."""
    if first is None and last is None:
        return None
    try:
        return Days(date.fromisoformat(first or ""), date.fromisoformat(last or ""))
    except ValueError as error:
        raise Misconfigured("A range of days has both ends: --from 2026-01-01 --to 2026-01-31, say.") from error


@sync.command("run")
def run_command(
    name: Name,
    path: Path_ = None,
    set_: Another = None,
    first: First = None,
    last: Last = None,
    queue: Annotated[bool, typer.Option("--queue", help="Leave it to a worker, and return at once.")] = False,
    full: Full = False,
    allow_gone: AllowGone = None,
    allow_refused: AllowRefused = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 5 if records were rejected.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Pull from a source, now and in this process.

    A second run of an unchanged source changes nothing. One bad record never stops a page: it is kept, with the reason.
    """
    chosen = settings()
    asked, days = overrides(path or [], set_ or []), days_of(first, last)
    if queue:
        begin, end = (str(days.first), str(days.last)) if days else (None, None)
        job = jobs.Job(name, "hub sync run", asked, first=begin, last=end, trusted=True, full=full)
        job = replace(job, reason=allow_gone, allow_refused=allow_refused)
        _enqueue(job, as_json=as_json)
        return
    known = registry.load(chosen.plugins)

    async def pull(db: Database) -> tuple[Run, list[Rejected]]:
        with shown(name) as progress:
            run = await run_source(
                db,
                known,
                name,
                started_by="hub sync run",
                overrides=asked,
                days=days,
                full=full,
                reason=allow_gone,
                allow_refused=allow_refused,
                progress=progress,
            )
        return run, await _rejected(db, run) if run.rejected else []

    run, rejected = with_database(chosen, pull)
    if as_json:
        answer_json(report.numbers(run, name) | ids.gid("Run", run.id))
    else:
        typer.echo(report.words(run, name))
    _tell_rejected(run, rejected, name)
    if run.status is not RunStatus.DONE:
        raise typer.Exit(Exit.FAILED)
    if run.rejected and strict:
        raise typer.Exit(Exit.PARTLY)


def _tell_rejected(run: Run, rejected: list[Rejected], name: str) -> None:
    for one in rejected:
        say(f"  {one.reason}" if one.reason.startswith(one.where) else f"  {one.where}: {one.reason}")
    if run.rejected > len(rejected) > 0:
        say(f"  ... and {run.rejected - len(rejected):,} more.")
    if rejected:
        say(f"  What to do with them: hub sync rejected {name}")


def _enqueue(job: jobs.Job, *, as_json: bool) -> None:
    """Ask for a run; whichever worker is free takes it."""
    chosen, name = settings(), job.source
    known = registry.load(chosen.plugins)

    async def ask(db: Database) -> bool:
        stored = await _status(db, known, name)
        if not stored:
            raise NotFound("source", name, "`hub sync status` lists those that there are.")
        async with db.write(system("hub sync run")) as session:
            return await jobs.enqueue(session, job)

    fresh = with_database(chosen, ask)
    if as_json:
        answer_json({"source": name, "queued": fresh})
    else:
        waits = "waits for a worker" if fresh else "waits or works already: nothing was added"
        typer.echo(f"{name} {waits}. `hub sync status {name}` tells how it went.")


def overrides(paths: list[Path], given: list[str]) -> dict[str, Any]:
    """The settings of this run: values are read as JSON where they are JSON, as text otherwise."""
    found: dict[str, Any] = {}
    for pair in given:
        name, sign, value = pair.partition("=")
        if not sign:
            raise Misconfigured(f"--set {pair}: write NAME=VALUE. `hub plugins --json` shows the names.")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    absolute = [str(path.absolute()) for path in paths]
    if len(absolute) == 1:
        found["path"] = absolute[0]
    elif absolute:
        found["paths"] = absolute
    return found


async def _rejected(db: Database, run: Run) -> list[Rejected]:
    statement = sources.rejected(system("hub sync run")).where(Rejected.run_id == run.id)
    async with db.read() as session:
        return list(await session.scalars(statement.order_by(Rejected.id).limit(SHOWN)))


@sync.command()
def status(
    name: Annotated[str | None, typer.Argument(help="One source; all without it.")] = None, as_json: AsJSON = False
) -> None:
    """The sources, with the last run of each; ready-made ones that never ran too."""
    chosen = settings()
    known = registry.load(chosen.plugins)
    found = with_database(chosen, lambda db: _status(db, known, name))
    if name and not found:
        raise NotFound("source", name, "`hub sync status` lists those that there are.")
    if as_json:
        answer_json(found)
        return
    for one in found:
        last = one["last"]
        paused = "" if one["enabled"] else "[paused] "
        typer.echo(f"{one['source']:24} {one['plugin']:14} {paused}{_told(last) if last else 'never ran'}")


@sync.command()
def history(
    name: Annotated[str | None, typer.Argument(help="One source; all without it.")] = None,
    page: Annotated[int, typer.Option(min=1, help="Which page of the list.")] = 1,
    size: Annotated[int, typer.Option(min=1, max=1000, help="How many runs a page has.")] = 20,
    as_json: AsJSON = False,
) -> None:
    """The runs, the latest first: when, by whom, what came of it, how long it took."""
    viewer = system("hub sync history")

    async def read(db: Database) -> list[tuple[Run, str]]:
        wanted: Select[Any] = sources.runs(viewer).join(Source, Source.id == Run.source_id).add_columns(Source.name)
        async with db.read() as session:
            if name is not None:
                wanted = wanted.where(Source.id == (await sources.named(session, viewer, name)).id)
            latest = wanted.order_by(Run.id.desc()).offset((page - 1) * size).limit(size)
            return [(run, source) for run, source in await session.execute(latest)]

    found = with_database(settings(), read)
    if as_json:
        answer_json(
            [
                report.numbers(run, source)
                | ids.gid("Run", run.id)
                | {"mode": run.mode.name, "at": run.started_at, "started_by": run.started_by, "plan": run.plan_id}
                for run, source in found
            ]
        )
        return
    for run, source in found:
        typer.echo(f"{run.id}  {run.started_at:%Y-%m-%d %H:%M} UTC  {run.mode.name.lower():6}  by {run.started_by}")
        typer.echo(f"  {report.words(run, source)}")


def _last(run: Run, source: Source) -> dict[str, Any]:
    return report.numbers(run, source.name) | ids.gid("Run", run.id) | {"at": run.started_at}


def _told(last: dict[str, Any]) -> str:
    counts = [f"{last[part]:,} {part}" for part in ("create", "update", "close", "reject") if last[part]]
    told = f"{last['status'].lower()} {last['at']:%Y-%m-%d %H:%M} UTC, {last['records']:,} records"
    return " · ".join([told, ", ".join(counts) or "nothing changed", *([last["error"]] if last["error"] else [])])


async def _status(db: Database, known: Registry, name: str | None) -> list[dict[str, Any]]:
    viewer = system("hub sync status")
    ran = sources.runs(viewer).where(Run.mode != RunMode.PLAN)
    latest = ran.ext(distinct_on(Run.source_id)).order_by(Run.source_id, Run.id.desc())
    async with db.read() as session:
        stored = list(await session.scalars(sources.visible(viewer).order_by(Source.name)))
        runs = {run.source_id: run for run in await session.scalars(latest)}
    found = [
        {
            "source": source.name,
            "plugin": source.plugin,
            "enabled": source.enabled,
            "last": _last(run, source) if (run := runs.get(source.id)) else None,
        }
        for source in stored
    ]
    names = {source.name for source in stored}
    found += [
        {"source": preset.name, "plugin": preset.plugin, "enabled": True, "last": None}
        for preset in known.presets()
        if preset.name not in names
    ]
    return [one for one in found if name in (None, one["source"])]
