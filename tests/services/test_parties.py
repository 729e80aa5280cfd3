from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import Organization, OrganizationKind, Party, Post, PostRole, ReportIn
from hub.services import parties, report_ins
from tests.services.town import Town, founded

BRANCH = {"name": "第一支部", "organization_kind": OrganizationKind.BRANCH}


def district(town: Town) -> Viewer:
    return Viewer("district", ROLES["district"], (town.community.path,), name="district")


async def how_many(town: Town, table: type[Party] | type[Post] | type[ReportIn]) -> int:
    async with town.database.read() as session:
        return (await session.scalars(select(func.count()).select_from(table))).one()


async def test_an_organization_is_entered_and_changed_where_given_only(database: Database) -> None:
    town = await founded(database)
    made = await town.do(
        parties.create_organization,
        viewer=district(town),
        grid_id=town.community.id,
        description=" 二十名党员 ",
        **BRANCH,
    )
    assert (made.grid_path, made.description, made.public) == (town.community.path, "二十名党员", False)
    changed = await town.do(parties.update_organization, made.id, viewer=district(town), public=True, description=None)
    assert (changed.name, changed.description, changed.public, changed.revision) == ("第一支部", None, True, 2)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "无类"}, "organization_kind is missing: give it."),
        (BRANCH | {"name": "  "}, "name is empty: write at least a word."),
        (BRANCH | {"name": "王 13800001111"}, "The name holds a mobile number, and everybody may come to read it"),
        (BRANCH | {"code": "420606199001011234"}, "The code holds an ID number, and everybody may come to read it"),
    ],
)
async def test_what_makes_no_sense_is_not_entered(database: Database, fields: dict[str, Any], message: str) -> None:
    town = await founded(database)
    before = await how_many(town, Party)
    with pytest.raises(Invalid) as refused:
        await town.do(parties.create_organization, **fields)
    assert str(refused.value).startswith(message)
    assert await how_many(town, Party) == before


@pytest.mark.parametrize("grid", ["street", None])
async def test_one_writes_on_ones_own_grid_only(database: Database, grid: str | None) -> None:
    town = await founded(database)
    grid_id = getattr(town, grid).id if grid else None
    where = "The grid 420606001" if grid else "What belongs to no grid"
    with pytest.raises(Forbidden) as refused:
        await town.do(parties.create_organization, viewer=district(town), grid_id=grid_id, **BRANCH)
    assert str(refused.value) == f"{where} is not yours to write: name a grid of yours, or ask those above it."


async def test_what_is_not_ones_own_is_not_pulled_onto_ones_grid(database: Database) -> None:
    town = await founded(database)
    with pytest.raises(Forbidden):
        await town.do(parties.update_organization, town.police, viewer=district(town), grid_id=town.community.id)
    async with database.read() as session:
        assert (await session.get_one(Organization, town.police)).grid_id is None


async def test_an_organization_never_stands_below_itself(database: Database) -> None:
    town = await founded(database)
    await town.do(parties.update_organization, town.police, parent_id=town.water_works)
    for above in (town.police, town.water_works):
        with pytest.raises(Invalid, match=r"^That organization stands below this one: it cannot become its parent\.$"):
            await town.do(parties.update_organization, town.water_works, parent_id=above)


async def test_a_person_holds_posts(database: Database) -> None:
    town = await founded(database)
    person = await town.do(parties.create_person, name="王小明", grid_id=town.community.id)
    post = await town.do(
        parties.create_post, person_id=person.id, role=PostRole.STEWARD, grid_id=town.community.id, title="红色小管家"
    )
    ended = await town.do(parties.update_post, post.id, title="楼长")
    assert (ended.person_id, ended.role, ended.title) == (person.id, PostRole.STEWARD, "楼长")
    assert ended.grid_path == town.community.path
    with pytest.raises(NotFound):
        await town.do(parties.create_post, person_id=town.police, role=PostRole.STAFF)


async def test_a_post_ends_after_it_begins_and_is_held_once_at_a_time(database: Database) -> None:
    town = await founded(database)
    person = await town.do(parties.create_person, name="王小明", grid_id=town.community.id)
    same = {"person_id": person.id, "role": PostRole.STEWARD, "grid_id": town.community.id}
    first = {"since": date(2024, 1, 1), "until": date(2025, 1, 1)}
    post = await town.do(parties.create_post, **same, **first)
    before = await how_many(town, Post)
    backwards = {"since": date(2025, 1, 1), "until": date(2024, 12, 31)}
    for verb, given in ((parties.create_post, same), (parties.update_post, {"id": post.id})):
        with pytest.raises(Invalid) as refused:
            await town.do(verb, **given, **backwards)
        assert str(refused.value) == "until is 2024-12-31, and that lies before 2025-01-01: give a later day."
    for time in (first, {}, {"until": date(2024, 6, 1)}, {"since": date(2024, 12, 31)}):
        with pytest.raises(Conflict, match="王小明 holds that post already: change it, or end it first"):
            await town.do(parties.create_post, **same, **time)
    assert await how_many(town, Post) == before
    await town.do(parties.create_post, **same, since=date(2025, 1, 1))
    await town.do(parties.create_post, **{**same, "role": PostRole.MEMBER})
    assert await how_many(town, Post) == before + 2


async def test_nobody_is_put_into_a_foreign_organization_nor_below_it(database: Database) -> None:
    town = await founded(database)
    mine = await town.do(
        parties.create_organization, viewer=district(town), grid_id=town.community.id, minimum_size=1, **BRANCH
    )
    above = await town.do(parties.create_organization, grid_id=town.street.id, public=True, **BRANCH)
    person = await town.do(parties.create_person, viewer=district(town), name="王小明", grid_id=town.community.id)
    given = {"role": PostRole.VOLUNTEER, "grid_id": town.community.id}
    post = await town.do(
        parties.create_post, viewer=district(town), person_id=person.id, organization_id=mine.id, **given
    )
    before = await how_many(town, Post), await how_many(town, Party)
    for foreign in (town.police, above.id):
        tries: list[tuple[Any, dict[str, Any]]] = [
            (parties.create_post, {"person_id": person.id, "organization_id": foreign, "public": True, **given}),
            (parties.update_post, {"id": post.id, "organization_id": foreign}),
            (parties.create_organization, {"parent_id": foreign, "grid_id": town.community.id, **BRANCH}),
            (parties.update_organization, {"id": mine.id, "parent_id": foreign}),
        ]
        for verb, fields in tries:
            with pytest.raises(Forbidden, match=r" is not yours to write: name a grid of yours, or ask those above it"):
                await town.do(verb, viewer=district(town), **fields)
    assert (await how_many(town, Post), await how_many(town, Party)) == before
    async with database.read() as session:
        assert (await session.get_one(Post, post.id)).organization_id == mine.id
        assert (await session.get_one(Organization, mine.id)).parent_id is None
    await town.do(parties.update_organization, mine.id, parent_id=above.id)  # by who stands over both
    kept = await town.do(parties.update_organization, mine.id, viewer=district(town), parent_id=above.id, colour="红")
    assert (kept.parent_id, kept.colour) == (above.id, "红")  # what stands there already may be said again


async def test_a_post_does_not_become_another_one_that_is_held(database: Database) -> None:
    town = await founded(database)
    person = await town.do(parties.create_person, name="王小明", grid_id=town.community.id)
    same = {"person_id": person.id, "grid_id": town.community.id}
    await town.do(parties.create_post, role=PostRole.STEWARD, **same)
    other = await town.do(parties.create_post, role=PostRole.VOLUNTEER, **same)
    with pytest.raises(Conflict, match="王小明 holds that post already: change it, or end it first"):
        await town.do(parties.update_post, other.id, role=PostRole.STEWARD)
    async with database.read() as session:
        assert (await session.get_one(Post, other.id)).role is PostRole.VOLUNTEER
    changed = await town.do(parties.update_post, other.id, role=PostRole.VOLUNTEER, title="楼长")
    assert changed.title == "楼长"


async def test_a_party_reports_in_once_a_grid(database: Database) -> None:
    town = await founded(database)
    place = {"party_id": town.police, "grid_id": town.community.id}
    taken = await town.do(report_ins.report_in, host_id=town.water_works, offer="普法", **place)
    assert (taken.grid_path, taken.host_id, taken.offer) == (town.community.path, town.water_works, "普法")
    with pytest.raises(Conflict, match=r"^派出所 has reported in there already\.$"):
        await town.do(report_ins.report_in, **place)
    assert await how_many(town, ReportIn) == 1


async def test_without_the_ability_nothing_is_written(database: Database) -> None:
    town = await founded(database)
    before = await how_many(town, Party)
    with pytest.raises(Forbidden):
        await town.do(parties.create_organization, viewer=town.clerk(), grid_id=town.community.id, **BRANCH)
    assert await how_many(town, Party) == before
