"""A small district to ask about: streets, communities, parties and requests; and the viewers who look at it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.auth import EVERYWHERE, ROLES, Viewer, system
from hub.db import Database
from hub.models import (
    Grid,
    GridLevel,
    Identity,
    Organization,
    OrganizationKind,
    Person,
    Request,
    RequestAction,
    RequestEvent,
    RequestLevel,
    RequestStatus,
)
from schema import ids

NAMES = {
    "15": ("内蒙古", GridLevel.PROVINCE, None),
    "150602": ("东胜区", GridLevel.DISTRICT, "15"),
    "150602001": ("交通街道", GridLevel.STREET, "150602"),
    "150602002": ("公园街道", GridLevel.STREET, "150602"),
    "150602001001": ("林荫社区", GridLevel.COMMUNITY, "150602001"),
    "150602001002": ("吉劳庆社区", GridLevel.COMMUNITY, "150602001"),
    "150602002001": ("团结社区", GridLevel.COMMUNITY, "150602002"),
}
NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)  # noon in China


@dataclass(frozen=True)
class City:
    """What stands in the database, by the keys that people use."""

    database: Database
    grids: dict[str, Grid]
    organization: Organization
    person: Person
    requests: dict[str, Request]

    def clerk(self, code: str) -> Viewer:
        """A clerk who stands in one grid."""
        return Viewer(f"clerk:{code}", ROLES["clerk"], (self.grids[code].path,), name=f"clerk {code}")

    def handler(self) -> Viewer:
        """Somebody who works for the organization."""
        return Viewer("handler", ROLES["handler"], (), self.organization.id, name="handler")


ADMIN = Viewer("admin", ROLES["admin"], EVERYWHERE, name="admin")


async def founded(database: Database) -> City:
    """A grid tree, one public organization, one person who is not, and four requests, the last one public."""
    grids = {}
    for code, (name, level, parent) in NAMES.items():
        above = grids.get(parent or "")
        path = f"{above.path if above else ''}{code}/"
        grids[code] = Grid(code=code, name=name, level=level, path=path)
    here = grids["150602001001"]
    organization = Organization(
        code="wy",
        name="安居物业",
        organization_kind=OrganizationKind.PROPERTY_COMPANY,
        public=True,
        grid_path=here.path,
    )
    person = Person(code="p1", name="李雷", grid_path=here.path)
    city = City(database, grids, organization, person, {})
    await add(database, *grids.values())
    async with database.write(system("test")) as session:
        for grid in grids.values():
            session.add(grid)
            above = grids.get(NAMES[grid.code][2] or "")
            grid.parent_id = above.id if above else None
        organization.grid_id = person.grid_id = here.id
        session.add_all([organization, person])
    await ask(city, "R1", "150602001001", assignee=organization)
    await ask(city, "R2", "150602001001", assignee=person, status=RequestStatus.CLOSED)
    await ask(city, "R3", "150602001002", caller=Identity(name="王小明", phone="13800001234"))
    await ask(city, "R4", "150602002001", public=True)
    return city


async def add(database: Database, *rows: Any) -> None:
    """Rows as they are."""
    async with database.write(system("test")) as session:
        session.add_all(rows)


async def ask(
    city: City,
    number: str,
    code: str,
    *,
    assignee: Organization | Person | None = None,
    status: RequestStatus = RequestStatus.RECEIVED,
    caller: Identity | None = None,
    public: bool = False,
    **more: Any,
) -> Request:
    """One request on a grid, an hour after the one before it, with one event."""
    at = NOON + timedelta(hours=len(city.requests))
    grid = city.grids[code]
    if caller is not None:
        await add(city.database, caller)
    words: dict[str, Any] = {
        "title": f"诉求{number}",
        "level": RequestLevel.COMMUNITY,
        "submitted_at": at,
        "closed_at": at if status is RequestStatus.CLOSED else None,
        "assignee_id": assignee and assignee.id,
        "caller_id": caller and caller.id,
    }
    request = Request(number=number, grid_id=grid.id, grid_path=grid.path, status=status, public=public, **words | more)
    city.requests[number] = request
    await add(city.database, request)
    event = RequestEvent(request_id=request.id, at=at, action=RequestAction.SUBMIT, status=RequestStatus.RECEIVED)
    await add(city.database, event)
    return request


def gid(row: Any) -> str:
    """The id that the graph gives a row."""
    return ids.encode(type(row).__name__, (row.id,))
