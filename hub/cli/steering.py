"""hub sync schedule, pause, resume, cancel, log, and hub alerts: what admins steer and watch."""

from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy import Select

from hub.auth import system
from hub.cli import ids
from hub.cli.answers import AsJSON, answer_json, say
from hub.cli.opened import with_database
from hub.cli.sync import Name
from hub.config import settings
from hub.db import Database
from hub.errors import NotFound
from hub.models import Alert, Run, RunNote, RunStatus, Schedule, Source
from hub.services import alerts, schedules, sources
from hub.sync import registry, steering
from hub.sync.sources import stored_source

VIEWER = system("hub sync")
Lines = tuple[Run, str, list[RunNote]]


def schedule_command(
    name: Annotated[str | None, typer.Argument(help="The source; without it all schedules are listed.")] = None,
    cron: Annotated[
        str | None, typer.Argument(help='Minute, hour, day, month, weekday: "0 */2 * * *" is every two hours.')
    ] = None,
    timezone: Annotated[str, typer.Option(help="Whose clock it follows.")] = schedules.CHINA,
    jitter: Annotated[int, typer.Option(help="Up to so many seconds later, by chance.")] = 0,
    clear: Annotated[bool, typer.Option("--clear", help="Let it run only when it is asked to.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Run a source by itself, from its next turn on; or list the schedules. A worker at work hears of it at once.

    A time that the clock shows twice is taken once; one that it skips, at the moment of the jump.
    """
    plugins = registry.load(settings().plugins)

    async def work(db: Database) -> list[tuple[Source, Schedule]]:
        if name is not None and (clear or cron is not None):
            await stored_source(db, plugins, name)
            async with db.write(VIEWER) as session:
                if clear or cron is None:
                    await schedules.clear_schedule(session, VIEWER, name)
                else:
                    await schedules.set_schedule(session, VIEWER, name, cron=cron, timezone=timezone, jitter=jitter)
        return await _schedules(db, name)

    found = with_database(settings(), work)
    if as_json:
        answer_json([_schedule(source, schedule) for source, schedule in found])
        return
    for source, schedule in found:
        following = f"next {schedule.next_at:%Y-%m-%d %H:%M:%S} UTC" if schedule.next_at else "paused"
        typer.echo(f"{source.name:24} {schedule.cron:16} {schedule.timezone}, {following}")
    if not found:
        typer.echo("Nothing runs by itself." if name is None else f"{name} runs only when it is asked to.")


async def _schedules(db: Database, name: str | None) -> list[tuple[Source, Schedule]]:
    wanted = schedules.visible(VIEWER).join(Source, Source.id == Schedule.source_id).with_only_columns(Source, Schedule)
    async with db.read() as session:
        if name is not None:
            source = await sources.named(session, VIEWER, name)
            wanted = wanted.where(Source.id == source.id)
        return [(source, schedule) for source, schedule in await session.execute(wanted.order_by(Source.name))]


def _schedule(source: Source, schedule: Schedule) -> dict[str, Any]:
    names = ("cron", "timezone", "jitter", "next_at", "last_at", "set_by")
    return {"source": source.name, "paused": not source.enabled, **{name: getattr(schedule, name) for name in names}}


def pause_command(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, for those who wonder.")],
    as_json: AsJSON = False,
) -> None:
    """Let a source run no more, neither by its schedule nor by hand. A run at work goes on; undo and replay work."""
    plugins = registry.load(settings().plugins)

    async def work(db: Database) -> Source:
        await stored_source(db, plugins, name)
        async with db.write(VIEWER) as session:
            return await schedules.pause(session, VIEWER, name, reason=reason)

    _tell(with_database(settings(), work), f"{name} is paused. To go on: hub sync resume {name}", as_json=as_json)


def resume_command(name: Name, as_json: AsJSON = False) -> None:
    """Let a paused source run again, by its schedule from the next turn on."""

    async def work(db: Database) -> Source:
        async with db.write(VIEWER) as session:
            return await schedules.resume(session, VIEWER, name)

    _tell(with_database(settings(), work), f"{name} may run again.", as_json=as_json)


def _tell(source: Source, words: str, *, as_json: bool) -> None:
    if as_json:
        names = ("enabled", "paused_by", "paused_because")
        answer_json({"source": source.name, **{name: getattr(source, name) for name in names}})
    else:
        typer.echo(words)


def cancel_command(
    of: Annotated[str, typer.Argument(metavar="RUN|NAME", help="A run, or a source, whatever it does.")],
    as_json: AsJSON = False,
) -> None:
    """Stop a run within a second, wherever it works: the page at work is given up, what was applied stays.

    Of a source, a job that waits in the queue is taken out of it, too.
    """

    async def work(db: Database) -> None:
        async with db.write(VIEWER) as session:
            if (run := _run_id(of)) is not None:
                await steering.cancel_run(session, VIEWER, run)
            else:
                await steering.cancel_source(session, VIEWER, of)

    with_database(settings(), work)
    if as_json:
        answer_json({"cancelled": of})
    else:
        typer.echo(f"{of} is told to stop. How it ended: hub sync history")


def _run_id(text: str) -> UUID | None:
    try:
        return ids.read(text, "Run")
    except typer.BadParameter:
        return None


def log_command(
    run: Annotated[
        UUID, typer.Argument(parser=ids.of("Run"), metavar="RUN", help="The run: `hub sync history` lists them.")
    ],
    as_json: AsJSON = False,
) -> None:
    """Show the log of a run: how it began, pages, what was tried again, what was refused, how it ended."""

    async def read(db: Database) -> Lines:
        async with db.read() as session:
            found = await session.scalar(sources.runs(VIEWER).where(Run.id == run))
            if found is None:
                raise NotFound("run", run, "`hub sync history` lists the runs.")
            source = await session.get_one(Source, found.source_id)
            lines = sources.run_notes(VIEWER).where(RunNote.run_id == run).order_by(RunNote.id)
            return found, source.name, list(await session.scalars(lines))

    found, source, lines = with_database(settings(), read)
    if as_json:
        notes = [{"at": line.at, "words": line.words} for line in lines]
        answer_json({"run": run, **ids.gid("Run", run), "source": source, "status": found.status.name, "log": notes})
        return
    for line in lines:
        typer.echo(f"{line.at:%Y-%m-%d %H:%M:%S} UTC  {line.words}")
    if found.status is RunStatus.RUNNING:
        say(f"It is at work. To stop it: hub sync cancel {run}")


def alerts_command(
    every: Annotated[bool, typer.Option("--all", help="Those that are cleared, too.")] = False, as_json: AsJSON = False
) -> None:
    """List what a person should know: sources that fail or are quiet, and whatever else waits for somebody."""

    async def read(db: Database) -> list[tuple[Alert, str | None]]:
        wanted: Select[Any] = alerts.visible(VIEWER).outerjoin(Source, Source.id == Alert.source_id)
        if not every:
            wanted = wanted.where(Alert.cleared_at.is_(None))
        async with db.read() as session:
            found = await session.execute(wanted.add_columns(Source.name).order_by(Alert.last_at.desc()))
            return [(alert, source) for alert, source in found]

    found = with_database(settings(), read)
    if as_json:
        names = ("id", "subject", "words", "times", "created_at", "last_at", "cleared_at")
        shown = [(alert, source, {name: getattr(alert, name) for name in names}) for alert, source in found]
        answer_json(
            [
                {"kind": alert.kind.name, "source": source, **rest, **ids.gid("Alert", alert.id)}
                for alert, source, rest in shown
            ]
        )
        return
    for alert, source in found:
        cleared = f", cleared {alert.cleared_at:%Y-%m-%d %H:%M} UTC" if alert.cleared_at else ""
        of = " ".join(filter(None, (source, alert.subject)))
        typer.echo(
            f"{alert.kind.name:8} {of} since {alert.created_at:%Y-%m-%d %H:%M} UTC, seen {alert.times}×{cleared}"
        )
        typer.echo(f"  {alert.words}")
    if not found:
        typer.echo("Nothing to report.")
