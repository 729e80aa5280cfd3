"""hub sync rejected, fix, replay, ignore: records that could not be applied are work items."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub import report
from hub.auth import system
from hub.cli import ids
from hub.cli.answers import AsJSON, Exit, answer_json, say
from hub.cli.opened import with_database
from hub.cli.progress import shown
from hub.config import settings
from hub.db import Database
from hub.errors import Misconfigured
from hub.models import Rejected, RejectedStatus, Run, RunStatus, Source
from hub.services import sources
from hub.services.sources import FieldValue
from hub.sync.replaying import replay

LARGEST_PAGE = 10_000
Alike = tuple[int, list[tuple[Rejected, str]]]
"""How many records are refused alike, and the first of them with the source."""
VIEWER = system("hub sync")
Item = Annotated[
    UUID,
    typer.Argument(
        parser=ids.of("Rejected"), metavar="ID", help="The rejected record, as `hub sync rejected` names it."
    ),
]


def list_command(
    name: Annotated[str | None, typer.Argument(help="One source; all without it.")] = None,
    run: Annotated[
        UUID | None, typer.Option(parser=ids.of("Run"), metavar="RUN", help="Only those that this run refused.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Those that are settled or ignored, too.")] = False,
    each: Annotated[bool, typer.Option("--each", help="Each record by itself, with what was received.")] = False,
    page: Annotated[int, typer.Option(min=1, help="Which page of the list.")] = 1,
    size: Annotated[int, typer.Option(min=1, max=LARGEST_PAGE, help="How many a page has.")] = 50,
    as_json: AsJSON = False,
) -> None:
    """List the records that wait for somebody, by what is wrong with them: how many, and the first ones of each.

    JSON has each record by itself, with what was received.
    """
    wanted: Select[Any] = sources.rejected(VIEWER).join(Source, Source.id == Rejected.source_id)
    if name is not None:
        wanted = wanted.where(Source.name == name)
    if run is not None:
        wanted = wanted.where(Rejected.run_id == run)
    if not every:
        wanted = wanted.where(Rejected.status == RejectedStatus.OPEN)

    async def read(db: Database) -> tuple[int, list[Alike]]:
        async with db.read() as session:
            if name is not None:
                await sources.named(session, VIEWER, name)
            return await (_each if each or as_json else _grouped)(session, wanted, (page - 1) * size, size)

    total, found = with_database(settings(), read)
    pages = -(-total // size)
    if as_json:
        rows = [_plain(one, source) for _, examples in found for one, source in examples]
        answer_json({"total": total, "page": page, "pages": pages, "rejected": rows})
        return
    for number, examples in found:
        typer.echo("\n".join(_group(number, examples) if number > 1 else _lines(*examples[0])))
    if not found:
        typer.echo("Nothing waits.")
    elif pages > 1:
        say(f"Page {page} of {pages:,} ({total:,} {'records' if each else 'reasons'}). Others: --page N, --size N.")


async def _each(session: AsyncSession, wanted: Select[Any], offset: int, size: int) -> tuple[int, list[Alike]]:
    total = await session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = wanted.add_columns(Source.name).order_by(Rejected.id).offset(offset).limit(size)
    return total, [(1, [(one, source)]) for one, source in await session.execute(rows)]


async def _grouped(session: AsyncSession, wanted: Select[Any], offset: int, size: int) -> tuple[int, list[Alike]]:
    """The largest groups first."""
    groups = sources.alike(wanted)
    total = await session.scalar(select(func.count()).select_from(groups.order_by(None).subquery())) or 0
    found = [(first, number) for first, number in await session.execute(groups.offset(offset).limit(size))]
    shown = wanted.add_columns(Source.name).where(Rejected.id.in_([id for first, _ in found for id in first]))
    rows = {one.id: (one, source) for one, source in await session.execute(shown)}
    return total, [(number, [rows[id] for id in first]) for first, number in found]


def _group(number: int, examples: Sequence[tuple[Rejected, str]]) -> Iterator[str]:
    """What is wrong, in the words of the first, and where."""
    first, source = examples[0]
    settled = "" if first.status is RejectedStatus.OPEN else f" [{first.status.name.lower()}]"
    words = first.reason.removeprefix(first.where).removeprefix(": ") if first.where else first.reason
    yield f"{number:,} × {source}: {first.kind}{settled}: {words}"
    yield from (f"  {one.id}  {one.where or one.key or ''}".rstrip() for one, _ in examples)
    if number > len(examples):
        yield f"  ... and {number - len(examples):,} more: hub sync rejected {source} --each"


def fix_command(
    id: Item,
    set_: Annotated[list[str], typer.Option("--set", metavar="FIELD=VALUE", help="What it says; empty: nothing.")],
    note: Annotated[str | None, typer.Option(help="Why, for those who look later.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Correct a rejected record, in the hub's words, and apply it. What was received is kept beside it."""
    fields = []
    for pair in set_:
        field, sign, value = pair.partition("=")
        if not sign:
            raise Misconfigured(f"--set {pair}: write FIELD=VALUE.")
        fields.append(FieldValue(field, value or None))

    async def work(db: Database) -> tuple[Run, str, Rejected]:
        async with db.write(VIEWER) as session:
            one = await sources.mend(session, VIEWER, id, fields=fields, note=note)
            source = await session.get_one(Source, one.source_id)
        run = await replay(db, source.name, [id], started_by="hub sync fix")
        async with db.read() as session:
            return run, source.name, await session.get_one(Rejected, id)

    run, source, one = with_database(settings(), work)
    _tell(run, source, as_json=as_json)
    if one.status is RejectedStatus.OPEN:
        say(f"  Still refused: {one.reason}")
        raise typer.Exit(Exit.PARTLY)


def replay_command(
    name: Annotated[str, typer.Argument(help="The source.")],
    chosen: Annotated[
        list[UUID] | None,
        typer.Argument(parser=ids.of("Rejected"), metavar="[ID]...", help="Only these; all without."),
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Try rejected records again: what they lacked may be there by now, or the hub may understand more."""

    async def work(db: Database) -> Run:
        with shown(name) as progress:
            return await replay(db, name, chosen or None, started_by="hub sync replay", progress=progress)

    run = with_database(settings(), work)
    _tell(run, name, as_json=as_json)
    if run.rejected:
        say(f"  The others, and why: hub sync rejected {name}")
        raise typer.Exit(Exit.PARTLY)


def ignore_command(
    id: Item, reason: Annotated[str, typer.Option(help="Why, for those who look later.")], as_json: AsJSON = False
) -> None:
    """Leave a rejected record alone. It is not asked about again while it is refused for the same reason."""

    async def work(db: Database) -> tuple[Rejected, str]:
        async with db.write(VIEWER) as session:
            one = await sources.ignore(session, VIEWER, id, reason=reason)
            return one, (await session.get_one(Source, one.source_id)).name

    one, source = with_database(settings(), work)
    if as_json:
        answer_json(_plain(one, source))
    else:
        typer.echo(f"{source}: {one.kind} {one.key or one.where} is left alone: {one.note}")


def _tell(run: Run, source: str, *, as_json: bool) -> None:
    if as_json:
        answer_json(report.numbers(run, source) | ids.gid("Run", run.id))
    else:
        typer.echo(report.words(run, source))
    if run.status is not RunStatus.DONE:
        raise typer.Exit(Exit.FAILED)


def _plain(one: Rejected, source: str) -> dict[str, Any]:
    names = ("id", "kind", "key", "where", "reason", "raw", "times", "note", "handled_by", "run_id", "created_at")
    told = {name: getattr(one, name) for name in names}
    return {"source": source, "status": one.status.name, **told, **ids.gid("Rejected", one.id)}


def _lines(one: Rejected, source: str) -> Iterator[str]:
    settled = "" if one.status is RejectedStatus.OPEN else f" [{one.status.name.lower()}: {one.note or 'settled'}]"
    yield f"{one.id}  {source}: {one.kind} {one.key or ''}{settled}".rstrip()
    yield f"  {one.where}: {one.reason}" if one.where and not one.reason.startswith(one.where) else f"  {one.reason}"
    yield from (f"    {name}: {value}" for name, value in one.raw.items())
