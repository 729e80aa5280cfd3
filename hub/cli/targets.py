"""hub targets: who is told what changes here, what became of it, and what a person decides."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy import Select, func, select

from hub.auth import system
from hub.cli import ids
from hub.cli.answers import AsJSON, answer_json, say
from hub.cli.opened import with_database
from hub.cli.sync import overrides
from hub.config import settings
from hub.db import Database
from hub.errors import Misconfigured, NotFound
from hub.models import Attempt, Delivery, DeliveryStatus, Source, Target
from hub.services import targets as service
from hub.services.targets import DONE
from hub.sync import registry
from hub.sync.subscribing import subscribe

LARGEST_PAGE = 10_000
VIEWER = system("hub targets")
Name = Annotated[str, typer.Argument(help="The source that is told, as `hub targets list` names it.")]
Item = Annotated[
    UUID,
    typer.Argument(parser=ids.of("Delivery"), metavar="DELIVERY", help="As `hub targets deliveries` names it."),
]
Why = Annotated[str | None, typer.Option(help="Why, for those who look later.")]

targets = typer.Typer(no_args_is_help=True, help="Who is told what changes here, and what became of it.")


@targets.command("list")
def list_command(as_json: AsJSON = False) -> None:
    """The sources that are told what changes here: how they do, and how many deliveries wait."""

    async def read(db: Database) -> list[dict[str, Any]]:
        async with db.read() as session:
            found = await session.execute(
                service.visible(VIEWER)
                .join(Source, Source.id == Target.source_id)
                .add_columns(Source.name)
                .order_by(Source.name)
            )
            counted = service.deliveries(VIEWER).with_only_columns(Delivery.target_id, Delivery.status, func.count())
            counts: dict[UUID, dict[str, int]] = {}
            statuses = counted.where(Delivery.status.not_in(DONE)).group_by(Delivery.target_id, Delivery.status)
            for id, status, count in await session.execute(statuses):
                counts.setdefault(id, {})[status.name] = count
            return [_target(one, name) | {"waiting": counts.get(one.id, {})} for one, name in found]

    found = with_database(settings(), read)
    if as_json:
        answer_json(found)
        return
    for one in found:
        waiting = ", ".join(f"{count:,} {status.lower()}" for status, count in one["waiting"].items())
        typer.echo(f"{one['source']:24} {one['status'].lower():8} {waiting or 'nothing waits'}")
        typer.echo(f"  {', '.join(one['kinds'])}{'; only what it knows' if one['known_only'] else ''}")
        if one["reason"]:
            typer.echo(f"  {one['reason']}")
    if not found:
        say("Nobody is told anything. `hub targets add` begins with it.")


@targets.command("add")
def add_command(
    name: Annotated[str, typer.Argument(help="The source; with --plugin a new one of this name is made.")],
    kinds: Annotated[str, typer.Option(help="Only of these kinds: request,organization. Else all but person.")] = "",
    events: Annotated[str, typer.Option(help="Only of these steps of requests: DISPATCH,CLOSE. Else all.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Of things that it does not know yet, too.")] = False,
    plugin: Annotated[str | None, typer.Option(help="Make a new source of this plugin.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Its settings.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Tell a source what changes here, from now on.

    hub targets add shop --plugin webhook --set url=https://example.org/hook --set secret=... --all
    """
    chosen = settings()
    known = registry.load(chosen.plugins)
    if set_ and plugin is None:
        raise Misconfigured("--set is for a new source: say --plugin, too.")
    made_of = None if plugin is None else (plugin, overrides([], set_ or []))
    wanted: dict[str, Any] = {"kinds": _split(kinds), "events": _split(events), "known_only": not every}
    target = with_database(chosen, lambda db: subscribe(db, known, name, made_of=made_of, **wanted))
    if as_json:
        answer_json(_target(target, name))
    else:
        typer.echo(f"{name} is told of {', '.join(target.kinds)} from now on, by `hub serve` or `hub worker`.")


@targets.command("pause")
def pause_command(name: Name, reason: Why = None, as_json: AsJSON = False) -> None:
    """Tell it nothing for now. What changes is kept for it, in order."""
    _decide(name, service.pause, as_json=as_json, reason=reason)


@targets.command("resume")
def resume_command(name: Name, as_json: AsJSON = False) -> None:
    """Tell it again, all that was kept first; also when it had refused us."""
    _decide(name, service.resume, as_json=as_json)


@targets.command("deliveries")
def deliveries_command(
    name: Annotated[str | None, typer.Argument(help="One target; all without it.")] = None,
    status: Annotated[str | None, typer.Option(help="ready, sending, retry, sent, skipped or parked.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Those that are sent or skipped, too.")] = False,
    page: Annotated[int, typer.Option(min=1, help="Which page of the list.")] = 1,
    size: Annotated[int, typer.Option(min=1, max=LARGEST_PAGE, help="How many a page has.")] = 50,
    as_json: AsJSON = False,
) -> None:
    """List the deliveries that wait, the next one first: what they are about, and why they wait."""
    if status is not None and status.upper() not in DeliveryStatus.__members__:
        raise Misconfigured(f"There is no {status}. There are: {', '.join(DeliveryStatus.__members__).lower()}.")

    async def read(db: Database) -> tuple[int, list[tuple[Delivery, str]]]:
        wanted: Select[Any] = service.deliveries(VIEWER).join(Target, Target.id == Delivery.target_id)
        wanted = wanted.join(Source, Source.id == Target.source_id)
        if status is not None:
            wanted = wanted.where(Delivery.status == DeliveryStatus[status.upper()])
        elif not every:
            wanted = wanted.where(Delivery.status.not_in(DONE))
        async with db.read() as session:
            if name is not None:
                wanted = wanted.where(Target.id == (await _named(session, name)).id)
            total = await session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
            rows = wanted.add_columns(Source.name).order_by(Delivery.position, Delivery.change_id)
            return total, [(one, to) for one, to in await session.execute(rows.offset((page - 1) * size).limit(size))]

    total, found = with_database(settings(), read)
    if as_json:
        rows = [_delivery(one, to) for one, to in found]
        answer_json({"total": total, "page": page, "pages": -(-total // size), "deliveries": rows})
        return
    for one, to in found:
        typer.echo(_line(one, to))
    if not found:
        typer.echo("Nothing waits.")
    elif total > size:
        say(f"Page {page} of {-(-total // size):,} ({total:,} deliveries). Others: --page N, --size N.")


@targets.command("show")
def show_command(delivery: Item, as_json: AsJSON = False) -> None:
    """Show a delivery with every attempt at it: what was sent, what came back, how long it took."""

    async def read(db: Database) -> tuple[Delivery, str, list[Attempt]]:
        async with db.read() as session:
            one = await session.scalar(service.deliveries(VIEWER).where(Delivery.id == delivery))
            if one is None:
                raise NotFound("delivery", delivery, "`hub targets deliveries` lists them.")
            tries = service.attempts(VIEWER).where(Attempt.delivery_id == one.id).order_by(Attempt.at, Attempt.id)
            return one, await _source(session, one), list(await session.scalars(tries))

    one, to, tries = with_database(settings(), read)
    if as_json:
        answer_json(_delivery(one, to) | {"attempts": [_attempt(each) for each in tries]})
        return
    typer.echo(_line(one, to))
    for each in tries:
        typer.echo("\n".join(_tried(each)))


@targets.command("retry")
def retry_command(delivery: Item, as_json: AsJSON = False) -> None:
    """Send a delivery that waits, or was parked, now."""
    _handle(delivery, service.retry, "is sent again now", as_json=as_json)


@targets.command("replay")
def replay_command(delivery: Item, as_json: AsJSON = False) -> None:
    """Send a delivery again, whatever became of it: under the same token, as the row stands now."""
    _handle(delivery, service.replay, "is sent again now", as_json=as_json)


@targets.command("skip")
def skip_command(
    delivery: Item, reason: Annotated[str, typer.Option(help="Why, for those who look later.")], as_json: AsJSON = False
) -> None:
    """Do not send a delivery; what stands behind it goes on."""
    _handle(delivery, service.skip, f"is skipped: {reason}", as_json=as_json, reason=reason)


async def _named(session: Any, name: str) -> Target:
    wanted = service.visible(VIEWER).join(Source, Source.id == Target.source_id).where(Source.name == name)
    target: Target | None = await session.scalar(wanted)
    if target is None:
        raise NotFound("target", name, "`hub targets list` names them.")
    return target


async def _source(session: Any, delivery: Delivery) -> str:
    target = await session.get_one(Target, delivery.target_id)
    name: str = (await session.get_one(Source, target.source_id)).name
    return name


def _decide(name: str, verb: Any, *, as_json: bool, **more: Any) -> None:
    async def work(db: Database) -> Target:
        async with db.write(VIEWER) as session:
            target: Target = await verb(session, VIEWER, (await _named(session, name)).id, **more)
            return target

    target = with_database(settings(), work)
    if as_json:
        answer_json(_target(target, name))
    else:
        typer.echo(f"{name} is {target.status.name.lower()}.")


def _handle(id: UUID, verb: Any, words: str, *, as_json: bool, **more: Any) -> None:
    async def work(db: Database) -> tuple[Delivery, str]:
        async with db.write(VIEWER) as session:
            one = await verb(session, VIEWER, id, **more)
            return one, await _source(session, one)

    one, to = with_database(settings(), work)
    if as_json:
        answer_json(_delivery(one, to))
    else:
        typer.echo(f"{to}: {one.action.lower()} of {one.kind} {one.entity_id} {words}.")


def _target(one: Target, name: str) -> dict[str, Any]:
    names = ("id", "reason", "kinds", "events", "known_only", "failures", "next_at")
    told = {part: getattr(one, part) for part in names}
    return {"source": name, "status": one.status.name, **told, **ids.gid("Target", one.id)}


def _delivery(one: Delivery, to: str) -> dict[str, Any]:
    names = ("id", "kind", "entity_id", "action", "tries", "next_at", "sent_at", "key", "reason", "created_at")
    told = {name: getattr(one, name) for name in names}
    return {"target": to, "status": one.status.name, **told, **ids.gid("Delivery", one.id)}


def _attempt(one: Attempt) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("at", "milliseconds", "outcome", "by", "request", "response")}


def _line(one: Delivery, to: str) -> str:
    said = f"{one.id}  {to}: {one.action.lower()} of {one.kind} {one.entity_id} [{one.status.name.lower()}]"
    return f"{said}\n  {one.reason}" if one.reason else said


def _tried(one: Attempt) -> Iterator[str]:
    yield f"  {one.at:%Y-%m-%d %H:%M:%S} UTC, {one.milliseconds} ms{f', by {one.by}' if one.by else ''}: {one.outcome}"
    if one.request is not None:
        yield f"    {one.request['method']} {one.request['url']}"
        yield f"    {one.request['body']}"
    if one.response is not None:
        yield f"    {one.response['status']} {one.response['body']}"


def _split(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]
