"""What a page says of places (认领, 容量): a record is refused where there is no room for what it says, and waits.

    the page's rows that keep their place + those of others -> in the page's order each new one, as far as there is room

What has the room is locked first, as a person's claim locks it. What an earlier page of a mere plan brings is not there
yet: then the room is looked at when the plan is applied.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Base, PlanAction
from hub.services import capacities
from hub.services.capacities import Places
from hub.sync.kind import Kind
from hub.sync.planned import Planned
from hub.sync.references import locked

Thing = tuple[str, UUID]  # the column that names it, and its key
Rows = dict[UUID, Mapping[str, Any]]


async def keep(session: AsyncSession, kind: Kind, decided: Sequence[Planned], earlier: Sequence[Planned]) -> None:
    """Refuse what has no room. `earlier`: what the kinds before this one are planned to become."""
    if kind.model in capacities.IN:
        await _must_suffice(session, kind, decided)
    if kind.model in capacities.OF:
        await _give(session, capacities.OF[kind.model], decided, earlier)


async def _must_suffice(session: AsyncSession, kind: Kind, decided: Sequence[Planned]) -> None:
    """Refuse to make a thing smaller than what is taken of it."""
    smaller = {
        one.row["id"]: one
        for one in decided
        if one.row and _is_smaller(one.row.get("capacity"), one.new.get("capacity"))
    }
    if not smaller:
        return
    places, column = capacities.IN[kind.model]
    taken = Counter(thing for thing, _ in await session.execute(places.taken(column, smaller)))
    for id, one in smaller.items():
        stands = _becomes(one)
        if problem := capacities.too_small(stands["title"], stands["capacity"], taken[id]):
            _refuse(one, f"capacity: {problem}")


def _is_smaller(capacity: int | None, new: int | None) -> bool:
    return new is not None and (capacity is None or new < capacity)


async def _give(session: AsyncSession, places: Places, decided: Sequence[Planned], earlier: Sequence[Planned]) -> None:
    """Give each record that wants a place one, or refuse it."""
    rows = [one for one in decided if one.action is not PlanAction.REJECT and (one.row or one.new)]
    placed = [(one, thing) for one in rows if (thing := _thing(places, _becomes(one))) is not None]
    wants = [(one, thing) for one, thing in placed if _wants(places, one, thing)]
    if not wants:
        return
    asking = {id(one) for one, _ in wants}  # by identity: to compare each with each takes minutes of a large page
    wanted = {thing for _, thing in wants}
    things = await _things(session, places, wanted, earlier)
    holders = await _holders(session, places, wanted, [one.entity_id for one in rows if one.entity_id])
    for one, thing in placed:
        stands = _becomes(one)
        if thing in wanted and id(one) not in asking and places.holds(stands):
            holders[thing].append(stands.get(places.by))
    for one, thing in wants:
        called = str(one.record.fields.get(places.by.removesuffix("_id"), "It"))
        who = _becomes(one).get(places.by)
        if problem := places.refusal(things.get(thing[1], {}), holders[thing], who, called):
            _refuse(one, f"{thing[0].removesuffix('_id')}: {problem}")
        else:
            holders[thing].append(who)


def _wants(places: Places, one: Planned, thing: Thing) -> bool:
    """Whether it takes a place in that thing that its row does not have yet."""
    stands = _becomes(one)
    if not places.holds(stands):
        return False
    if one.row is None or not places.holds(one.row):
        return True
    return (_thing(places, one.row), one.row.get(places.by)) != (thing, stands.get(places.by))


def _thing(places: Places, row: Mapping[str, Any]) -> Thing | None:
    """What a row has its place in."""
    return next(((column, id) for column in places.things if (id := row.get(column)) is not None), None)


def _becomes(one: Planned) -> Mapping[str, Any]:
    return {**(one.row or {}), **one.new}


async def _things(session: AsyncSession, places: Places, wanted: set[Thing], earlier: Sequence[Planned]) -> Rows:
    """What has the room, locked, as this page leaves it."""
    things: Rows = {}
    for column, model in places.things.items():
        if ids := [id for name, id in wanted if name == column]:
            table = _table(model)
            for row in await locked(session, table, {"id": ids}):
                things[row["id"]] = row
    for one in earlier:
        if one.entity_id is not None and one.action is not PlanAction.REJECT:
            things[one.entity_id] = {**things.get(one.entity_id, {}), **one.new}
    return things


def _table(model: type[Base]) -> Any:
    return model.metadata.tables[model.__tablename__]


async def _holders(
    session: AsyncSession, places: Places, wanted: set[Thing], mine: Sequence[UUID]
) -> dict[Thing, list[UUID | None]]:
    """Who has places that this page says nothing of."""
    holders: dict[Thing, list[UUID | None]] = defaultdict(list)
    for column in places.things:
        if ids := [id for name, id in wanted if name == column]:
            for thing, who in await session.execute(places.taken(column, ids, mine)):
                holders[column, thing].append(who)
    return holders


def _refuse(one: Planned, reason: str) -> None:
    """It waits: somebody may give a place back."""
    one.action, one.rule, one.waits = PlanAction.REJECT, reason, True
