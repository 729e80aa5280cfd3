"""A small town to test requests in: a street, a community in it, three bodies, and those who look."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from hub.auth import ROLES, Viewer, system
from hub.db import Database
from hub.models import (
    Attachment,
    Change,
    CoHandler,
    Evaluation,
    Grid,
    GridLevel,
    Organization,
    OrganizationKind,
    Request,
    RequestAction,
    RequestEvent,
    RequestStatus,
    now,
    uuid7,
)
from hub.services import intake, working_days

Verb = Callable[..., Awaitable[Any]]
HUB = system("test")


@dataclass(frozen=True)
class Town:
    """The ids that tests need, and viewers by their part."""

    database: Database
    street: Grid
    community: Grid
    property_company: UUID
    police: UUID
    water_works: UUID

    def clerk(self) -> Viewer:
        return Viewer("clerk", ROLES["clerk"], (self.community.path,))

    def handler(self, party_id: UUID) -> Viewer:
        return Viewer("handler", ROLES["handler"], (), party_id)

    async def do(self, verb: Verb, *arguments: Any, viewer: Viewer = HUB, **keywords: Any) -> Any:
        """One operation, as a door does it."""
        async with self.database.write(viewer) as session:
            return await verb(session, viewer, *arguments, **keywords)

    async def submit(self, viewer: Viewer = HUB, **keywords: Any) -> Request:
        words = {"grid_id": self.community.id, "title": "路灯不亮"} | keywords
        request: Request = await self.do(intake.submit, viewer=viewer, **words)
        return request

    async def put(self, status: RequestStatus, *, answered: bool = False, **columns: Any) -> Request:
        """A request that stands in a status without the steps before it; the water works are called in."""
        defaults: dict[str, Any] = {
            "number": intake.new_number(),
            "title": "路灯不亮",
            "status": status,
            "grid_id": self.community.id,
            "grid_path": self.community.path,
            "assignee_id": self.property_company,
            "due_at": working_days.add(now(), 5),
        }
        request = Request(id=uuid7(), **(defaults | columns))
        async with self.database.write(HUB) as session:
            session.add(request)
            await session.flush()
            responded_at = now() if answered else None
            session.add(CoHandler(request_id=request.id, party_id=self.water_works, responded_at=responded_at))
        return request

    async def get(self, id: UUID) -> Request:
        async with self.database.read() as session:
            return (await session.scalars(select(Request).where(Request.id == id))).one()

    async def events(self, id: UUID) -> list[RequestEvent]:
        statement = select(RequestEvent).where(RequestEvent.request_id == id).order_by(RequestEvent.at, RequestEvent.id)
        async with self.database.read() as session:
            return list(await session.scalars(statement))

    async def steps(self, id: UUID) -> list[RequestAction]:
        return [event.action for event in await self.events(id)]

    async def counts(self) -> tuple[int, ...]:
        """How many rows there are of everything that a step could add."""
        tables = (Request, RequestEvent, CoHandler, Evaluation, Attachment, Change)
        async with self.database.read() as session:
            counts = [select(func.count()).select_from(table).scalar_subquery() for table in tables]
            return tuple((await session.execute(select(*counts))).one())


async def founded(database: Database) -> Town:
    """The town, in a fresh database."""
    street = Grid(id=uuid7(), code="420606001", name="街道", level=GridLevel.STREET, path="420606001/")
    community = Grid(
        id=uuid7(),
        code="420606001005",
        name="社区",
        level=GridLevel.COMMUNITY,
        path="420606001/420606001005/",
        parent_id=street.id,
    )
    kinds = (OrganizationKind.PROPERTY_COMPANY, OrganizationKind.DEPARTMENT, OrganizationKind.UNIT)
    names = ("物业公司", "派出所", "自来水公司")
    bodies = [
        Organization(id=uuid7(), name=name, organization_kind=kind, public=True)
        for name, kind in zip(names, kinds, strict=True)
    ]
    async with database.write(HUB) as session:
        session.add_all([street, *bodies])
        await session.flush()
        session.add(community)
    return Town(database, street, community, *(body.id for body in bodies))


def columns(request: Request) -> dict[str, Any]:
    """Everything that is stored of a request."""
    return {column.key: getattr(request, column.key) for column in Request.__table__.columns}
