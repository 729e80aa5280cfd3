from sqlalchemy import select

from hub.auth import Viewer
from hub.db import Database
from hub.models import Change, ChangeKind, Grid, GridLevel, Identity
from hub.services import changes


async def the_log(database: Database, viewer: Viewer) -> list[Change]:
    async with database.read() as session:
        return list(await session.scalars(changes.settled(changes.visible(viewer))))


async def test_every_write_appends_its_patch_and_the_way_back(database: Database, hub: Viewer) -> None:
    grid = Grid(code="150602", name="东胜", level=GridLevel.DISTRICT, path="150602/")
    async with database.write(hub) as session:
        session.add(grid)
    async with database.write(hub) as session:
        (await session.scalars(select(Grid))).one().name = "东胜区"
    created, updated = await the_log(database, hub)
    assert (created.kind, created.entity, created.entity_id) == (ChangeKind.CREATED, "Grid", grid.id)
    assert created.patch["code"] == "150602"
    assert (updated.kind, updated.actor, updated.grid_path) == (ChangeKind.UPDATED, "test", "150602/")
    assert {name: (updated.reverse[name], updated.patch[name]) for name in ("name", "revision")} == {
        "name": ("东胜", "东胜区"),
        "revision": (1, 2),
    }


async def test_a_write_that_fails_leaves_no_change(database: Database, hub: Viewer) -> None:
    try:
        async with database.write(hub) as session:
            session.add(Grid(code="1", name="一", level=GridLevel.CITY, path="1/"))
            await session.flush()
            raise LookupError
    except LookupError:
        pass
    assert await the_log(database, hub) == []


async def test_a_change_is_read_only_when_no_older_write_can_still_come(database: Database, hub: Viewer) -> None:
    async with database.write(hub) as early:
        early.add(Grid(code="1", name="一", level=GridLevel.CITY, path="1/"))
        await early.flush()
        async with database.write(hub) as late:
            late.add(Grid(code="2", name="二", level=GridLevel.CITY, path="2/"))
        assert await the_log(database, hub) == []
    assert [change.patch["code"] for change in await the_log(database, hub)] == ["1", "2"]


async def test_secrets_never_reach_the_log(database: Database, hub: Viewer) -> None:
    async with database.write(hub) as session:
        session.add(identity := Identity(name="王小明", phone="13800001111"))
    assert await the_log(database, hub) == []  # the change of its request tells that it is there
    async with database.write(hub) as session:
        (await session.get_one(Identity, identity.id)).phone = "13900002222"
    (change,) = await the_log(database, hub)
    assert (change.patch["phone"], change.reverse["phone"]) == ("***", "***")
    async with database.write(hub) as session:
        await session.delete(await session.get_one(Identity, identity.id))
    _, gone = await the_log(database, hub)
    assert (gone.kind, gone.reverse["name"], gone.reverse["phone"]) == (ChangeKind.DELETED, "***", "***")
