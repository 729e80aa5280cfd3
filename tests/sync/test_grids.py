"""The tree of divisions through the spreadsheet plugin, and trees that grow and move."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.db import Database
from hub.models import Grid, GridLevel, Organization, Rejected, Request
from hub.plugin import Record
from hub.sync import registry
from tests.sync.sources import (
    changes,
    column,
    counts,
    districts,
    grid,
    organization,
    paths,
    rows,
    run,
    sizes,
    told,
)

SHIPPED = registry.load()


def table(folder: Path, content: str) -> dict[str, str]:
    file = folder / "table.csv"
    file.write_text(content, encoding="utf-8")
    return {"path": str(file)}


async def count(database: Database, level: GridLevel, above: str) -> int:
    statement = select(func.count()).where(Grid.level == level, Grid.path.startswith(above), Grid.path != above)
    return int((await column(database, statement))[0])


async def test_the_sample_divisions(database: Database) -> None:
    done = await run(database, SHIPPED, "divisions")
    assert (counts(done), done.records, done.expected) == ({"created": 1346}, 1346, 1346)
    assert await count(database, GridLevel.COMMUNITY, "150602/") == 79
    assert await count(database, GridLevel.STREET, "150602/") == 12
    told_of = [(change.entity, change.kind.name) for change in await changes(database, done)]
    assert told_of == [("Grid", "CREATED")] * 1346


async def test_a_second_run_changes_nothing(database: Database) -> None:
    await run(database, SHIPPED, "divisions")
    before = await sizes(database)
    again = await run(database, SHIPPED, "divisions")
    assert counts(again) == {"unchanged": 1346}
    assert await changes(database, again) == []
    after = await sizes(database)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "runs": 1,
        "changes": 1,
    }


async def test_same_names_are_told_apart_by_their_codes(database: Database) -> None:
    await run(database, SHIPPED, "divisions")
    same = select(Grid.code, Grid.path).where(Grid.name == "虚拟社区").order_by(Grid.code)
    codes = ("420606570498", "420606571498", "420606572498")
    assert await rows(database, same) == [(code, f"420606/{code[:9]}/{code}/") for code in codes]


async def test_a_district_moves_below_its_city_with_all_that_stands_in_it(database: Database, tmp_path: Path) -> None:
    await run(database, SHIPPED, "divisions")
    await run(
        database,
        told(
            [
                organization("O", grid="150602001001"),
                Record("request", "R", {"number": "R", "grid": "150602001"}),
            ]
        ),
    )
    moved = "code,name,level,parentCode\n15,内蒙古,PROVINCE,\n1506,鄂尔多斯市,CITY,15\n150602,东胜区,DISTRICT,1506\n"
    done = await run(database, SHIPPED, "divisions", overrides=table(tmp_path, moved))
    assert counts(done) == {"created": 2, "updated": 1}
    assert await count(database, GridLevel.COMMUNITY, "15/1506/150602/") == 79
    assert await column(database, select(Grid.path).where(Grid.path.startswith("150602/"))) == []
    places = select(Organization.grid_path).union_all(select(Request.grid_path))
    assert await column(database, places) == ["15/1506/150602/150602001/150602001001/", "15/1506/150602/150602001/"]


async def test_jurisdiction_stands_apart_from_the_statistical_parent(database: Database) -> None:
    await run(database, SHIPPED, "divisions")
    done = await run(database, SHIPPED, "example-jurisdictions")
    assert counts(done) == {"created": 1, "updated": 5}
    zone = select(Grid.id).where(Grid.code == "XYGX").scalar_subquery()
    governed = await rows(
        database, select(Grid.code, Grid.path).where(Grid.jurisdiction_id == zone).order_by(Grid.code)
    )
    codes = ("420606070", "420606071", "420606072", "420606170", "420606171")
    assert governed == [(code, f"420606/{code}/") for code in codes]


async def test_two_sources_on_one_grid_leave_the_fields_that_they_do_not_say(database: Database) -> None:
    await run(database, told([grid("1", None, "DISTRICT", longitude=109.9)], name="first"), "first")
    say_less = [Record("grid", "other key", {"code": "1", "jurisdiction": "1", "latitude": 39.8})]
    done = await run(database, told(say_less, name="second"), "second")
    assert counts(done) == {"updated": 1}
    (change,) = await changes(database, done)
    assert (sorted(change.patch), change.reverse["latitude"]) == (["jurisdiction_id", "latitude"], None)
    place = select(Grid.name, Grid.level, Grid.longitude, Grid.latitude)
    assert await rows(database, place) == [("1", GridLevel.DISTRICT, 109.9, 39.8)]


async def test_a_grid_moves_with_its_parent_and_what_is_new_below_it_is_placed_right(database: Database) -> None:
    tree = [grid("A", None, "CITY"), grid("B", None, "CITY"), grid("D", "A", "DISTRICT"), grid("S", "D", "STREET")]
    await run(database, told([*tree, grid("C", "S")]))
    page = [
        organization("new", grid="C"),
        grid("N", "S"),
        grid("C", "S", longitude=1.0),
        grid("D", "B", "DISTRICT"),
        grid("E", "N", "ESTATE"),
    ]
    await run(database, told(page, name="later"), "later")
    assert await paths(database) == {
        "A": "A/",
        "B": "B/",
        "D": "B/D/",
        "S": "B/D/S/",
        "C": "B/D/S/C/",
        "N": "B/D/S/N/",
        "E": "B/D/S/N/E/",
    }
    assert await column(database, select(Organization.grid_path)) == ["B/D/S/C/"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
async def test_several_moves_in_one_page_end_alike(database: Database, order: tuple[int, ...]) -> None:
    tree = [grid("A", None, "CITY"), grid("B", "A", "DISTRICT"), grid("C", "B", "STREET"), grid("E", "C")]
    await run(database, told([*tree, organization("O", grid="E")]))
    page = [grid("A", "B", "CITY"), grid("B", None, "DISTRICT"), grid("C", "A", "STREET")]
    done = await run(database, told([page[at] for at in order], name="later"), "later")
    assert counts(done) == {"updated": 3}
    assert await paths(database) == {"A": "B/A/", "B": "B/", "C": "B/A/C/", "E": "B/A/C/E/"}
    assert await column(database, select(Organization.grid_path)) == ["B/A/C/E/"]


async def test_a_new_code_is_in_the_path_of_everything_below(database: Database) -> None:
    await run(
        database,
        told([grid("1", None, "DISTRICT"), Record("grid", "k", {**grid("S", "1", "STREET").fields}), grid("C", "S")]),
    )
    done = await run(database, told([Record("grid", "k", {"code": "S2"})], name="told"), overrides={"any": 1})
    assert counts(done) == {"updated": 1}
    assert await paths(database) == {"1": "1/", "S2": "1/S2/", "C": "1/S2/C/"}


NO_PLACE = [
    (grid("9a", "9", "STREET"), "parent: 9 is not known to the hub. Bring it in first, or in the same run."),
    (grid("9b", None, "STREET"), "parent: a STREET lies below something. Say its parent's code."),
    (grid("S/1", "1", "STREET"), "code: S/1 holds a '/', which parts codes in the hub. Write it without."),
    (grid("1", "2", "DISTRICT"), "parent: it lies below 1 itself; that would be a circle."),
    (grid("9c", "9c", "STREET"), "parent: a circle: 9c → 9c."),
    (grid("2", None, "STREET"), "parent: a STREET lies below something. Say its parent's code."),
]


async def test_grids_that_have_no_place_are_refused(database: Database) -> None:
    await run(database, told([grid("1", None, "DISTRICT"), grid("2", "1", "STREET")]))
    before = await paths(database)
    for at, (record, reason) in enumerate(NO_PLACE):
        done = await run(database, told([record, grid(f"3{at}", "2")], name=f"s{at}"), f"s{at}")
        assert counts(done) == {"created": 1, "rejected": 1}
        found = select(Rejected.key, Rejected.reason).where(Rejected.run_id == done.id)
        assert await rows(database, found) == [(record.key, reason)]
    assert await paths(database) == {**before, **{f"3{at}": f"1/2/3{at}/" for at in range(len(NO_PLACE))}}


async def test_a_circle_in_one_page_refuses_those_in_it(database: Database) -> None:
    await districts(database, "1")
    page = [grid("A", "B", "STREET"), grid("B", "A", "STREET"), grid("C", "1", "STREET")]
    done = await run(database, told(page))
    assert counts(done) == {"created": 1, "rejected": 2}
    assert await paths(database) == {"1": "1/", "C": "1/C/"}


async def test_a_closed_grid_keeps_its_earlier_last_day_and_comes_back(database: Database) -> None:
    await run(database, told([grid("1", None, "DISTRICT", valid_to="2020-01-01"), grid("2", None, "DISTRICT")]))
    leaving = [Record("grid", "1", {}, deleted=True), Record("grid", "2", {}, deleted=True)]
    done = await run(database, told([], leaving))
    assert counts(done) == {"closed": 1, "unchanged": 1}
    assert [day is None for day in await column(database, select(Grid.valid_to).order_by(Grid.code))] == [False, False]
    back = await run(database, told([], [], [grid("2", None, "DISTRICT")]))
    assert counts(back) == {"updated": 1}
    assert await rows(database, select(Grid.code).where(Grid.valid_to.is_(None))) == [("2",)]
