"""A hub that works by the shipped practices, and the people in it: each with a token of their own, through its door."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import func, literal, select, union_all

from hub import app
from hub.auth import system
from hub.db import Database
from hub.models import Base, Entity, RunStatus
from hub.services import accounts, ladder, working_days
from hub.sync import registry
from hub.sync.run import run_source
from hub.upgrade import upgrade
from schema.bus import Bus
from schema.schema import extended

PEPPER = b"pepper"
TERMINAL = system("hub token")
ESTATES = """\
code,name,level,parentCode
340111004007001,万达公馆,ESTATE,340111004007
320211101203001,张舍家园,ESTATE,320211101203
"""
LIFE = """query ($id: ID!) { node(id: $id) { ... on Request { events(orderBy: [AT_ASC], first: 50) { nodes {
  action status actor { code } party { code } step { name phase } } } } } }"""


async def practise(database: Database, folder: Path) -> None:
    """Bring divisions, two estates and the five practices, each by its source."""
    await upgrade(database)
    estates = folder / "estates.csv"
    estates.write_text(ESTATES, encoding="utf-8")
    sources: dict[str, dict[str, str]] = {
        "divisions": {},
        "example-jurisdictions": {},
        "example-estates": {"path": str(estates)},
        "practices": {},
    }
    for name, settings in sources.items():
        run = await run_source(database, registry.load(), name, started_by="test", overrides=settings)
        assert (run.status, run.rejected) == (RunStatus.DONE, 0), (name, run.error)


class Story:
    """Who does what, named as in the practice files: "clerk@340111004007", "handler:BH-STEWARD", "anonymous"."""

    def __init__(self, database: Database, client: AsyncClient) -> None:
        self._database, self._client = database, client
        self._tokens: dict[str, str] = {}
        self.heard = ""

    async def see(self, who: str, query: str, **variables: object) -> Any:
        """The data of an operation that has no error."""
        answer = await self._answer(who, query, variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def do(self, who: str, act: str, **ids: str) -> Any:
        """What a mutation of one field gives back, without its `id`."""
        (done,) = (await self.see(who, mutation(act, ids), **ids)).values()
        return {name: value for name, value in done.items() if name != "id"}

    async def make(self, who: str, act: str, **ids: str) -> str:
        """The id of what a mutation makes."""
        (made,) = (await self.see(who, mutation(f"{act} {{ id }}", ids), **ids)).values()
        return str(made["id"])

    async def refused(self, who: str, act: str, **ids: str) -> str:
        """The code with which a mutation is refused, having changed nothing in any table."""
        await self.see(who, "{ __typename }")  # so that their token is there already
        before = await self._state()
        answer = await self._answer(who, mutation(f"{act} {{ id }}", ids), ids)
        assert await self._state() == before
        (error,) = answer["errors"]
        return str(error["extensions"]["code"])

    async def ids(self, query: str) -> dict[str, str]:
        """Of everything that anybody may ask for, its id."""
        return {name: str(row["id"]) for name, row in (await self.see("anonymous", query)).items()}

    async def person(self, office: str, code: str, grid: str, *, public: bool = True) -> str:
        """Somebody whom an office enters on a grid."""
        words = f'code: "{code}", name: "示例{code}", public: {str(public).lower()}'
        return await self.make(office, f"createPerson({words}, gridId: $grid)", grid=grid)

    async def organization(self, office: str, code: str, kind: str, grid: str) -> str:
        """A public organization that an office enters on a grid."""
        words = f'code: "{code}", name: "示例{code}", organizationKind: {kind}, public: true'
        return await self.make(office, f"createOrganization({words}, gridId: $grid)", grid=grid)

    async def life(self, who: str, id: str) -> list[tuple[Any, ...]]:
        """A request's events as `who` is told them: action, status, actor, party, the practice's step, its phase."""
        events = (await self.see(who, LIFE, id=id))["node"]["events"]["nodes"]
        return [
            (event["action"], event["status"], *(one and one["code"] for one in (event["actor"], event["party"])))
            + ((event["step"]["name"], event["step"]["phase"]) if event["step"] else (None, None))
            for event in events
        ]

    async def climb(self, at: datetime) -> int:
        """What the worker does about the overdue, at that moment; how many rungs were taken."""
        async with self._database.write(ladder.VIEWER) as session:
            return await ladder.climb(session, await ladder.known(session), at)

    async def _answer(self, who: str, query: str, variables: Mapping[str, object]) -> Any:
        if who != "anonymous" and who not in self._tokens:
            self._tokens[who] = await self._token(who)
        headers = {"authorization": f"Bearer {self._tokens[who]}"} if who in self._tokens else {}
        answer = await self._client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        self.heard += answer.text
        return answer.json()

    async def _token(self, who: str) -> str:
        """A token as `hub token` gives it."""
        role, _, party = who.partition(":")
        role, _, grid = role.partition("@")
        async with self._database.write(TERMINAL) as session:
            return await accounts.give_token(
                session, TERMINAL, PEPPER, role=role, name=who, grid_code=grid or None, party_code=party or None
            )

    async def _state(self) -> dict[str, tuple[int, int]]:
        """Of every table how many rows it has, and the sum of their revisions."""
        async with self._database.read() as session:
            return {name: (rows, revisions) for name, rows, revisions in await session.execute(STATE)}


def _counted(model: type[Base]) -> Any:
    revisions = func.coalesce(func.sum(model.revision), 0) if issubclass(model, Entity) else literal(0)
    return select(literal(model.__name__), func.count(), revisions).select_from(model)


STATE = union_all(*(_counted(mapper.class_) for mapper in Base.registry.mappers))


def mutation(act: str, ids: Mapping[str, str]) -> str:
    """The operation: one field, and the ids that it names."""
    named = ", ".join(f"${name}: ID!" for name in ids)
    return f"mutation ({named}) {{ {act} }}" if named else f"mutation {{ {act} }}"


def due(since: str, days: int) -> str:
    """The end of the last of so many working days after a moment, as the graph tells it."""
    return working_days.add(datetime.fromisoformat(since), days).isoformat()


@asynccontextmanager
async def told(database: Database) -> AsyncIterator[Story]:
    """The application as `hub serve` mounts it, over this database."""
    async with Bus(database.url) as bus:
        added = extended(registry.load().plugins.values())
        built = app.build(database, PEPPER, bus, more=added.shown)
        transport = ASGITransport(built, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://hub") as client:
            yield Story(database, client)
