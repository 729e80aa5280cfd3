"""hub hooks: what sources push by themselves, and the keys that they sign it with."""

import sys
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy import Select, func, select
from sqlalchemy.orm import defer

from hub import report
from hub.auth import system
from hub.cli import ids
from hub.cli.answers import AsJSON, Exit, answer_json, say
from hub.cli.opened import with_database
from hub.config import settings
from hub.db import Database
from hub.errors import NotFound
from hub.models import Arrival, ArrivalStatus, HookAlgorithm, Run, RunStatus, Source
from hub.plugin import Receives
from hub.services import arrivals, sources
from hub.services.arrivals import HookKey
from hub.sync import receiving, registry
from hub.sync.sources import stored_source

LARGEST_PAGE = 10_000
VIEWER = system("hub hooks")

hooks = typer.Typer(
    no_args_is_help=True, help="What sources push to /hooks/SOURCE, and the keys that they sign it with."
)

Name = Annotated[str, typer.Argument(metavar="SOURCE", help="The source: `hub sync status` lists them.")]
Item = Annotated[
    UUID, typer.Argument(parser=ids.of("Arrival"), metavar="ID", help="The message, as `hub hooks list` names it.")
]


SIGNING = """  POST /hooks/{name} with the headers
    X-Hub-Timestamp: seconds since 1970    X-Hub-Nonce: another for each message
    X-Hub-Signature: {scheme}=HEX          HMAC with the key, taken as text, over timestamp, nonce and body,
                                           joined by newlines"""


@hooks.command("key")
def key_command(
    name: Name,
    sm3: Annotated[bool, typer.Option("--sm3", help="Sign with HMAC-SM3 instead of HMAC-SHA-256.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Make a key for a source, and show it this once. Two may be in use, so that one can follow the other."""
    chosen = settings()
    known = registry.load(chosen.plugins)

    async def work(db: Database) -> tuple[HookKey, bool]:
        source = await stored_source(db, known, name)
        algorithm = HookAlgorithm.SM3 if sm3 else HookAlgorithm.SHA256
        async with db.write(VIEWER) as session:
            made = await arrivals.add_key(session, VIEWER, source.id, algorithm=algorithm)
        return made, source.plugin in known.plugins and issubclass(known.plugins[source.plugin], Receives)

    made, reads = with_database(chosen, work)
    if as_json:
        answer_json({"source": name, "key": made.secret, **_key(made)})
    else:
        typer.echo(made.secret)
        say(f"The key {made.name} ({made.algorithm.name}) of {name}. It is not shown again.")
        say(SIGNING.format(name=name, scheme=made.algorithm.name.lower()))
    if not reads:
        say("  Its plugin has no receive(): messages are kept, and refused when they are read.")


@hooks.command("keys")
def keys_command(name: Name, as_json: AsJSON = False) -> None:
    """The keys of a source, without what they are."""
    source = with_database(settings(), lambda db: _stored(db, name))
    found = arrivals.keys(source.keys)
    if as_json:
        answer_json([_key(one) for one in found])
        return
    for one in found:
        typer.echo(f"{one.name}  {one.algorithm.name:6}  since {one.created_at:%Y-%m-%d %H:%M} UTC")
    if not found:
        typer.echo(f"None: {name} can push nothing. `hub hooks key {name}` makes one.")


@hooks.command("drop")
def drop_command(
    name: Name,
    key: Annotated[str, typer.Argument(help="The key, as `hub hooks keys` names it.")],
    as_json: AsJSON = False,
) -> None:
    """Drop a key: what is signed with it is refused from now on."""

    async def work(db: Database) -> Source:
        source = await _stored(db, name)
        async with db.write(VIEWER) as session:
            return await arrivals.drop_key(session, VIEWER, source.id, name=key)

    left = [one.name for one in arrivals.keys(with_database(settings(), work).keys)]
    if as_json:
        answer_json({"source": name, "dropped": key, "left": left})
    else:
        typer.echo(f"{name}: {key} is dropped; {', '.join(left) or 'none'} left.")


@hooks.command("list")
def list_command(
    name: Name,
    every: Annotated[bool, typer.Option("--all", help="Those that were taken, too.")] = False,
    page: Annotated[int, typer.Option(min=1, help="Which page of the list.")] = 1,
    size: Annotated[int, typer.Option(min=1, max=LARGEST_PAGE, help="How many a page has.")] = 50,
    as_json: AsJSON = False,
) -> None:
    """What a source has pushed and is not taken yet, in order of arrival: what it waits for, or what is wrong."""

    async def read(db: Database) -> tuple[int, list[Arrival]]:
        source = await _stored(db, name)
        wanted: Select[Any] = arrivals.visible(VIEWER).where(Arrival.source_id == source.id)
        if not every:
            wanted = wanted.where(Arrival.status != ArrivalStatus.TAKEN)
        async with db.read() as session:
            total = await session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
            rows = wanted.options(defer(Arrival.body)).order_by(Arrival.id).offset((page - 1) * size).limit(size)
            return total, list(await session.scalars(rows))

    total, found = with_database(settings(), read)
    pages = -(-total // size)
    if as_json:
        answer_json({"total": total, "page": page, "pages": pages, "messages": [_plain(one) for one in found]})
        return
    for one in found:
        typer.echo(f"{one.id}  {one.created_at:%Y-%m-%d %H:%M} UTC  {one.status.name.lower()}")
        if one.reason:
            typer.echo(f"  {one.reason}")
    if not found:
        typer.echo("Nothing waits.")
    elif pages > 1:
        say(f"Page {page} of {pages:,} ({total:,} messages). Others: --page N, --size N.")


@hooks.command("show")
def show_command(
    id: Item,
    body: Annotated[
        bool, typer.Option("--body", help="Only what it says, as it came: may hold personal data.")
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """One message: when it came, what became of it, and why."""

    async def read(db: Database) -> Arrival:
        async with db.read() as session:
            found = arrivals.visible(VIEWER).where(Arrival.id == id)
            one = await session.scalar(found if body else found.options(defer(Arrival.body)))
        if one is None:
            raise NotFound("message", id, "`hub hooks list` shows those of a source.")
        return one

    one = with_database(settings(), read)
    if body:
        sys.stdout.write(one.body.decode(errors="replace") + "\n")
    elif as_json:
        answer_json(_plain(one))
    else:
        for name, value in _plain(one).items():
            typer.echo(f"{name:10} {'' if value is None else value}".rstrip())


@hooks.command("retry")
def retry_command(id: Item, as_json: AsJSON = False) -> None:
    """Read a message again that was refused, or that is parked: now, and whatever else of its source waits."""
    chosen = settings()
    known = registry.load(chosen.plugins)

    async def work(db: Database) -> tuple[Run | None, str, Arrival]:
        async with db.write(VIEWER) as session:
            one = await arrivals.retry(session, VIEWER, id)
            source = await session.get_one(Source, one.source_id)
        run = await receiving.receive(db, known, source.name, started_by="hub hooks retry")
        async with db.read() as session:
            return run, source.name, await session.get_one(Arrival, id, options=[defer(Arrival.body)])

    run, source, one = with_database(chosen, work)
    if as_json:
        answer_json(_plain(one))
    elif run is not None:
        typer.echo(report.words(run, source))
    if one.status is not ArrivalStatus.TAKEN:
        say(f"  {one.status.name.lower()}: {one.reason or 'not read yet'}")
        raise typer.Exit(Exit.PARTLY)
    if run is not None and run.status is not RunStatus.DONE:
        raise typer.Exit(Exit.FAILED)


async def _stored(db: Database, name: str) -> Source:
    async with db.read() as session:
        return await sources.named(session, VIEWER, name)


def _key(one: HookKey) -> dict[str, Any]:
    return {"name": one.name, "algorithm": one.algorithm.name, "created_at": one.created_at}


def _plain(one: Arrival) -> dict[str, Any]:
    names = ("reason", "nonce", "sha256", "signed_at", "created_at", "updated_at", "again_at", "tries", "run_id")
    told = {name: getattr(one, name) for name in names}
    return {"id": one.id, "status": one.status.name, **told, **ids.gid("Arrival", one.id)}
