"""Targets made on the spot: plugins that are told things, what they hold, and a clock that stands still."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from hub.auth import system
from hub.db import Database
from hub.models import Attempt, Delivery, Organization, OrganizationKind, Source, Target, now, uuid7
from hub.plugin import BadRecord, Change, Plugin
from hub.services import targets
from hub.sync import outbox, sending
from hub.sync.registry import Registry
from hub.sync.sending import Sending
from tests.sync.sources import Nothing, installed

HUB = system("test")


@dataclass
class Listener:
    """What is at the other end: every message in order, and an effect for each token. `fails` is raised or given."""

    messages: list[Change] = field(default_factory=list)
    effects: dict[str, Change] = field(default_factory=dict)
    fails: Callable[[Change], object] = lambda change: None

    async def push(self, change: Change) -> Any:
        self.messages.append(change)
        answer = self.fails(change)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, BadRecord):
            return answer
        self.effects.setdefault(change.token, change)
        return answer or change.key or f"T-{change.fields['code']}"

    def said(self) -> list[str]:
        return [str(change.fields.get("name") or change.fields.get("title")) for change in self.messages]


def listening(listener: Listener, name: str = "ear") -> Registry:
    """A plugin that tells this listener."""

    async def push(self: Any, change: Change) -> Any:
        return await listener.push(change)

    parts = {"name": name, "title": name, "Config": Nothing, "push": push}
    return installed(type(name.title(), (Plugin,), parts))


@dataclass
class Post:
    """A target, the listener behind it, and the hub's clock, which only moves when it is told."""

    database: Database
    registry: Registry
    listener: Listener
    target: Target
    at: datetime = field(default_factory=now)
    chance: float = 1.0

    def sending(self, **more: Any) -> Sending:
        return Sending(self.database, self.registry, lambda: self.at, lambda: self.chance, **more)

    async def send(self, seconds: float = 0, **more: Any) -> int:
        """Some seconds later: feed all of the log, and send what is due."""
        self.at += timedelta(seconds=seconds)
        while await outbox.feed(self.database):
            pass
        return await sending.send(self.sending(**more), self.target.id)

    async def deliveries(self) -> list[Delivery]:
        mine = targets.deliveries(HUB).where(Delivery.target_id == self.target.id)
        async with self.database.read() as session:
            return list(await session.scalars(mine.order_by(Delivery.position, Delivery.change_id)))

    async def states(self) -> list[str]:
        return [delivery.status.name for delivery in await self.deliveries()]

    async def stands(self) -> Target:
        async with self.database.read() as session:
            return await session.get_one(Target, self.target.id)

    async def attempts(self) -> list[Attempt]:
        async with self.database.read() as session:
            mine = select(Attempt).join(Delivery, Delivery.id == Attempt.delivery_id)
            return list(await session.scalars(mine.where(Delivery.target_id == self.target.id).order_by(Attempt.id)))

    async def do(self, verb: Any, *arguments: Any, **more: Any) -> Any:
        """One decision of a person."""
        async with self.database.write(HUB) as session:
            return await verb(session, HUB, *arguments, **more)


async def opened(
    database: Database,
    listener: Listener,
    *,
    name: str = "ear",
    kinds: tuple[str, ...] = ("organization", "request"),
    known_only: bool = False,
) -> Post:
    """A target that listens, from here on."""
    source = Source(id=uuid7(), name=name, plugin=name, title=name, settings={})
    async with database.write(HUB) as session:
        session.add(source)
        await session.flush()
        target = await targets.add(session, HUB, source.id, kinds=kinds, known_only=known_only)
    return Post(database, listening(listener, name), listener, target)


async def founded(database: Database, *codes: str) -> list[Organization]:
    """New organizations, one after the other, each called as its code."""
    kind = OrganizationKind.OTHER
    made = [Organization(id=uuid7(), code=code, name=code, organization_kind=kind, public=True) for code in codes]
    for one in made:
        async with database.write(HUB) as session:
            session.add(one)
    return made


async def renamed(database: Database, one: Organization, *names: str, actor: str = "test") -> None:
    for name in names:
        async with database.write(system(actor)) as session:
            (await session.get_one(Organization, one.id)).name = name


async def frozen_out(post: Post) -> None:
    """The turn is somebody else's from here on, as after half a minute without a sign of life."""
    async with post.database.write(HUB) as session:
        await session.execute(update(Target).where(Target.id == post.target.id).values(fence=Target.fence + 1))
