"""The bell: rung by a commit anywhere, and hung up again after its line was cut."""

from sqlalchemy import text

from hub.db import Database
from schema.bus import Bus, wait
from tests.schema.api import Api
from tests.schema.city import City, ask

LISTENERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"


async def listener(database: Database) -> int | None:
    async with database.read() as session:
        found: int | None = await session.scalar(text(LISTENERS))
    return found


async def hung_up(database: Database, bus: Bus, before: int | None = None) -> int:
    """The backend that listens, once there is another one than before."""
    while (found := await listener(database)) in (None, before):
        await wait(bus.bell(), 0.1)
    assert found is not None
    return found


async def test_a_commit_rings_and_a_cut_line_is_hung_up_again(api: Api, city: City) -> None:
    async with api.bus as bus:
        first = await hung_up(city.database, bus)
        bell = bus.bell()
        await ask(city, "R8", "150602001001")
        await wait(bell, 5)
        assert bell.is_set()
        async with city.database.engine.begin() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": first})
        await hung_up(city.database, bus, first)
        bell = bus.bell()
        await ask(city, "R9", "150602001001")
        await wait(bell, 5)
        assert bell.is_set()
    assert await listener(city.database) is None
