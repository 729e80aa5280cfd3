"""hub rules: whose word stands, what a change of structure does, how much may go."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import system
from hub.cli import ids
from hub.cli.answers import AsJSON, answer_json
from hub.cli.opened import with_database
from hub.config import settings
from hub.db import Database
from hub.errors import Misconfigured, NotFound
from hub.models import Drift, DriftRule, Entity, Ownership, Pin, Rule, Source, Term
from hub.services import sources
from hub.sync import rules

VIEWER = system("hub rules")

rules_group = typer.Typer(
    no_args_is_help=True, help="Whose word stands, what a change of structure does, how much may go."
)
Word = TypeVar("Word", bound=Term)

Kind = Annotated[str, typer.Argument(help="The kind of record: request, organization, grid, ...")]
Field = Annotated[str, typer.Argument(help="The field, as a plugin's record names it; '*': every field.")]
Of = Annotated[str | None, typer.Option("--source", help="For this source only; without it: for all.")]
Note = Annotated[str | None, typer.Option(help="Why, in words.")]


@rules_group.command("list")
def list_command(as_json: AsJSON = False) -> None:
    """The rules: whose word stands on which field, what changes of structure do, and the fields that people hold."""

    async def read(db: Database) -> list[dict[str, Any]]:
        async with db.read() as session:
            names: dict[UUID | None, str] = {
                source.id: source.name for source in await session.scalars(sources.visible(VIEWER))
            }
            owned = await session.scalars(sources.ownerships(VIEWER).order_by(Ownership.kind, Ownership.field))
            found = [
                _told("own", one.id, one.kind, one.field, one.rule.name, names.get(one.source_id)) for one in owned
            ]
            drift = await session.scalars(sources.drift_rules(VIEWER).order_by(DriftRule.kind, DriftRule.field))
            found += [
                _told("drift", one.id, one.kind, one.field, one.policy.name, names.get(one.source_id)) for one in drift
            ]
            pins = await session.scalars(sources.pins(VIEWER).order_by(Pin.created_at))
            return found + [_told("pin", pin.id, pin.entity, pin.field, str(pin.entity_id), None) for pin in pins]

    found = with_database(settings(), read)
    if as_json:
        answer_json(found)
        return
    for one in found:
        source = f" of {one['source']}" if one["source"] else ""
        typer.echo(f"{one['id']}  {one['what']:5} {one['kind']}.{one['field']}: {one['rule']}{source}")
    if not found:
        typer.echo(
            "No rules are set: what people wrote stays, but for a request's course, where the newest word counts."
        )


def _told(what: str, id: UUID, kind: str, field: str, rule: str, source: str | None) -> dict[str, Any]:
    graph = ids.gid({"own": "Ownership", "drift": "DriftRule", "pin": "Pin"}[what], id)
    return {"id": str(id), **graph, "what": what, "kind": kind, "field": field, "rule": rule, "source": source}


@rules_group.command("own")
def own_command(
    kind: Kind,
    field: Field,
    rule: Annotated[str, typer.Argument(help="source, hub or newest: whose word stands.")],
    source: Of = None,
    note: Note = None,
    as_json: AsJSON = False,
) -> None:
    """Decide whose word stands on a field: the source's, what people wrote in the hub, or the newest."""
    chosen = _named(Rule, rule)
    _write(
        lambda session: rules.set_ownership(
            session, VIEWER, kind=kind, field=field, rule=chosen, source=source, note=note
        ),
        f"{kind}.{field}: {chosen.name}",
        as_json=as_json,
    )


@rules_group.command("drift")
def drift_command(
    kind: Annotated[str, typer.Argument(help="The kind of record, or '*' for every kind.")],
    field: Annotated[str, typer.Argument(help="The field, as the source calls it; '*': every field.")],
    policy: Annotated[str, typer.Argument(help="evolve, freeze, discard or quarantine.")],
    source: Of = None,
    note: Note = None,
    as_json: AsJSON = False,
) -> None:
    """Decide what happens where a source says what its plugin does not expect.

    evolve: an unknown field is kept beside the row. freeze: the run stops. discard: the field is left out. quarantine:
    the record waits as rejected.
    """
    chosen = _named(Drift, policy)
    _write(
        lambda session: rules.set_drift(
            session, VIEWER, kind=kind, field=field, policy=chosen, source=source, note=note
        ),
        f"{kind}.{field}: {chosen.name}",
        as_json=as_json,
    )


@rules_group.command("pin")
def pin_command(
    id: Annotated[
        UUID,
        typer.Argument(parser=ids.of(), metavar="ROW", help="The row, as `hub sync show --json` names it."),
    ],
    field: Annotated[str, typer.Argument(help="The field, as a plugin's record names it.")],
    reason: Annotated[str | None, typer.Option(help="Why, in words.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Until when (UTC); without it: until it is let go.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Hold a field of one row as it is: no source writes it, whatever the rules say."""
    when = until and until.astimezone()
    _write(
        lambda session: rules.pin_field(session, VIEWER, id, field=field, reason=reason, until=when),
        f"{field} is held",
        as_json=as_json,
    )


@rules_group.command("forget")
def forget_command(
    id: Annotated[
        UUID,
        typer.Argument(
            parser=ids.of("Ownership", "DriftRule", "Pin"),
            metavar="RULE",
            help="A rule or a pin: `hub rules list` lists them.",
        ),
    ],
    as_json: AsJSON = False,
) -> None:
    """Take a rule away, or let a field go."""

    async def take_away(session: AsyncSession) -> Entity:
        for table, verb in (
            (Ownership, rules.clear_ownership),
            (DriftRule, rules.clear_drift),
            (Pin, rules.unpin_field),
        ):
            if await session.get(table, id) is not None:
                return await verb(session, VIEWER, id)
        raise NotFound("rule or pin", id, "`hub rules list` lists them.")

    _write(take_away, "taken away", as_json=as_json)


@rules_group.command("limit")
def limit_command(
    name: Annotated[str, typer.Argument(help="The source: `hub sync status` lists them.")],
    share: Annotated[float, typer.Argument(help="From 0 to 1: 0.05 is one in twenty.")],
    refused: Annotated[
        bool, typer.Option("--refused", help="Which share of what a run brings may be refused.")
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """Decide which share of what a source brought one run may mark as gone; with --refused, which may be refused."""
    set_share = rules.set_most_refused if refused else rules.set_most_gone

    async def write(session: AsyncSession) -> Entity:
        await set_share(session, VIEWER, source=name, share=share)
        return (await session.scalars(select(Source).where(Source.name == name))).one()

    _write(write, f"{name}: {share:.0%} {'refused' if refused else 'gone'}", as_json=as_json)


def _named(terms: type[Word], word: str) -> Word:
    if word.upper() not in terms.__members__:
        names = ", ".join(term.name.lower() for term in terms)
        raise Misconfigured(f"There is no {word}. There are: {names}.")
    return terms[word.upper()]


def _write(verb: Callable[[AsyncSession], Awaitable[Entity]], words: str, *, as_json: bool) -> None:
    async def write(db: Database) -> Entity:
        async with db.write(VIEWER) as session:
            written = await verb(session)
            await session.flush()
            return written

    one = with_database(settings(), write)
    if as_json:
        answer_json({"id": one.id, **ids.gid(type(one).__name__, one.id)})
    else:
        typer.echo(f"{one.id}  {words}")
