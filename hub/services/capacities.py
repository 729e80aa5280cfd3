"""Room (名额, 容量): who has a place in what has room for so many, counted in one way wherever a place is given.

Claims take places in projects and services, each party one; projects take places in resources, each need one. What has
the room is locked first, by whoever gives a place in it and by whoever makes it smaller.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import Conflict
from hub.models import Base, Claim, Project, Request, Resource, ServiceItem, now
from hub.services.working_days import local_day


@dataclass(frozen=True, eq=False, slots=True)
class Places:
    """A sort of row that takes places, each row one.

    things  column -> what the place is in
    by      column: whose place it is; nobody has two in the same thing
    ended   column: where it holds something, the place is free again
    last    column, if any: a day from which it is free again
    twice   the words of a refusal, with {title} and {called}
    full    the same, with {title} and {capacity}
    """

    model: type[Base]
    things: Mapping[str, type[Base]]
    by: str
    ended: str
    last: str | None
    twice: str
    full: str

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether a row has its place still."""
        day = row.get(self.last) if self.last else None
        return row.get(self.ended) is None and (day is None or day > local_day(now()))

    @property
    def held(self) -> ColumnElement[bool]:
        """The same as SQL."""
        still = getattr(self.model, self.ended).is_(None)
        if self.last is None:
            return and_(still)
        day = getattr(self.model, self.last)
        return and_(still, or_(day.is_(None), day > local_day(now())))

    def taken(self, column: str, things: Iterable[UUID], but: Collection[UUID] = ()) -> Select[UUID, UUID | None]:
        """Which of these things has a place taken, and by whom: a row for each place, those `but` aside."""
        model: Any = self.model
        wanted = select(getattr(model, column), getattr(model, self.by)).where(self.held)
        wanted = wanted.where(getattr(model, column).in_(list(things)))
        return wanted.where(model.id.not_in(list(but))) if but else wanted

    def refusal(
        self, thing: Mapping[str, Any], holders: Collection[UUID | None], who: UUID | None, called: str
    ) -> str | None:
        """Why somebody gets no place in a thing, if so."""
        title, capacity = thing.get("title"), thing.get("capacity")
        if who is not None and who in holders:
            return self.twice.format(title=title, called=called)
        if capacity is not None and len(holders) >= capacity:
            return self.full.format(title=title, capacity=capacity)
        return None


CLAIMS = Places(
    Claim,
    {"request_id": Request, "project_id": Project, "service_item_id": ServiceItem},
    by="party_id",
    ended="withdrawn_at",
    last=None,
    twice="{called} has claimed it already.",
    full="{title} has room for {capacity}, and all of it is taken: claim another one, or wait until somebody gives it "
    "back.",
)
PROJECTS = Places(
    Project,
    {"resource_id": Resource},
    by="need_id",
    ended="done_on",
    last="closed_on",
    twice="There is a project of this need and {title} already.",
    full="{title} serves {capacity} at a time, and all of it is in use.",
)
OF: Mapping[type[Base], Places] = {places.model: places for places in (CLAIMS, PROJECTS)}
IN: Mapping[type[Base], tuple[Places, str]] = {
    thing: (places, column) for places in OF.values() for column, thing in places.things.items()
}


async def must_be_free(
    session: AsyncSession, row: Any, thing: Project | Request | Resource | ServiceItem, called: str = ""
) -> None:
    """Raise Conflict unless a thing, which is locked, has a place for the row, which stands beside what is there."""
    places, column = IN[type(thing)]
    holders = [by for _, by in await session.execute(places.taken(column, [thing.id], [row.id]))]
    stands = {"title": thing.title, "capacity": getattr(thing, "capacity", None)}
    if problem := places.refusal(stands, holders, getattr(row, places.by), called):
        raise Conflict(problem)


async def must_suffice(
    session: AsyncSession, thing: Project | Resource | ServiceItem, given: Mapping[str, object]
) -> None:
    """Raise Conflict if a thing, which is locked, would have less room than is taken of it."""
    capacity = given.get("capacity")
    if not isinstance(capacity, int) or (thing.capacity is not None and capacity >= thing.capacity):
        return
    places, column = IN[type(thing)]
    count = len((await session.execute(places.taken(column, [thing.id]))).all())
    if problem := too_small(thing.title, capacity, count):
        raise Conflict(problem)


def too_small(title: str, capacity: int | None, taken: int) -> str | None:
    """Why a thing cannot have less room, if so."""
    if capacity is None or taken <= capacity:
        return None
    return (
        f"{taken} have a place in {title}: give a capacity of {taken} or more, or wait until somebody gives one back."
    )
