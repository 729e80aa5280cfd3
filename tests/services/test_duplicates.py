import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from hub.models import (
    Change,
    DuplicateDecision,
    DuplicateSuggestion,
    Grid,
    GridLevel,
    Request,
    RequestStatus,
    now,
    uuid7,
)
from hub.services import duplicates, intake, likeness, merging
from hub.services.likeness import ReasonKind, Said
from tests.services.town import HUB, Town, founded

S = RequestStatus
DRAIN = {"title": "三号楼下水道堵塞", "content": "污水倒灌到一楼, 请尽快疏通", "category": "市政/排水"}
SAME = {"title": "下水道堵了污水倒灌", "content": "三号楼一楼污水倒灌, 没有人管", "category": "市政/排水/下水道"}
OTHER = {"title": "路灯不亮", "content": "晚上看不见路", "category": "市政/照明"}


async def search(town: Town) -> bool:
    async with town.database.write(duplicates.VIEWER) as session:
        return await duplicates.search(session)


async def suggested(town: Town, viewer: Viewer = HUB) -> list[tuple[UUID, UUID]]:
    async with town.database.read() as session:
        rows = await session.scalars(duplicates.visible(viewer).order_by(DuplicateSuggestion.at))
        return [(row.request_id, row.other_id) for row in rows]


async def like(town: Town, viewer: Viewer = HUB, **words: Any) -> list[duplicates.Similar]:
    said = Said(**{"at": now(), "grid_id": town.community.id} | words)
    async with town.database.read() as session:
        return await duplicates.similar(session, viewer, said)


async def test_the_same_drain_is_found_and_explained(database: Database) -> None:
    town = await founded(database)
    drain, _light = await town.submit(**DRAIN), await town.submit(**OTHER)
    (found,) = await like(town, **SAME)
    reasons = {reason.kind: (reason.words, reason.score) for reason in found.reasons}
    assert found.request.id == drain.id
    assert reasons[ReasonKind.PLACE] == ("同一网格：社区", 0.6)
    assert reasons[ReasonKind.CATEGORY] == ("分类同属 市政/排水", 0.667)
    assert reasons[ReasonKind.TIME] == ("相隔不到一天", 1.0)
    words, score = reasons[ReasonKind.TEXT]
    assert words.startswith("文字相近 ")
    assert found.score == pytest.approx(0.35 * 0.6 + 0.15 * 0.667 + 0.1 + 0.4 * score, abs=0.001)


async def test_pg_trgm_is_there_and_takes_chinese_for_letters(database: Database) -> None:
    async with database.read() as session:
        assert await duplicates.knows_chinese(session)
        assert await session.scalar(text("SELECT cardinality(show_trgm('小区下水道堵塞'))")) == 8


async def test_without_pg_trgm_pairs_of_characters_do_and_the_explanation_says_so(database: Database) -> None:
    town = await founded(database)
    drain = await town.submit(**DRAIN)
    async with database.write(HUB) as session:
        await session.execute(text("DROP EXTENSION pg_trgm"))
    (found,) = await like(town, **SAME)
    (said,) = [reason.words for reason in found.reasons if reason.kind is ReasonKind.TEXT]
    assert (found.request.id, said.endswith("（二字组；数据库没有可用的 pg_trgm）")) == (drain.id, True)


async def test_metres_count_across_grids(database: Database) -> None:
    town = await founded(database)
    near = await town.submit(**DRAIN, longitude=109.99, latitude=39.82)
    await town.submit(**DRAIN, longitude=109.99, latitude=39.83)  # a kilometre away
    (found,) = await like(town, **SAME, grid_id=town.street.id, longitude=109.99, latitude=39.821)
    assert (found.request.id, found.reasons[0].words) == (near.id, "相距 111 米")
    assert found.reasons[0].score == pytest.approx(1 - 111.2 / 600, abs=0.01)


async def test_what_is_closed_old_or_hidden_is_not_suggested(database: Database) -> None:
    town = await founded(database)
    await town.put(S.CLOSED, **DRAIN, closed_at=now())
    await town.put(S.RECEIVED, **DRAIN, submitted_at=now() - timedelta(days=31))
    await town.put(S.RECEIVED, **DRAIN)
    assert len(await like(town, **SAME)) == 1
    assert await like(town, Viewer("resident", ROLES["resident"]), **SAME) == []
    with pytest.raises(Unauthenticated, match="needs the ability requests:submit"):
        await like(town, Viewer(), **SAME)
    ours, theirs = await like(town, **SAME), await like(town, town.clerk(), **SAME)
    assert [one.request.id for one in theirs] == [one.request.id for one in ours]


async def test_new_requests_are_compared_once_as_the_log_is_read(database: Database) -> None:
    town = await founded(database)
    await town.submit(**DRAIN)
    assert not await search(town)  # the first look only remembers where the log ends
    assert await suggested(town) == []
    earlier, light = await town.submit(**DRAIN), await town.submit(**OTHER)
    assert not await search(town)
    first = await suggested(town)
    assert [request for request, _ in first] == [earlier.id]
    assert not await search(town)
    later = await town.submit(**SAME)
    await search(town)
    found = set(await suggested(town)) - set(first)
    assert {request for request, _ in found} == {later.id}
    assert (earlier.id in {other for _, other in found}, light.id in {other for _, other in found}) == (True, False)
    async with database.read() as session:
        logged = await session.scalars(select(Change.subject_id).where(Change.entity == "DuplicateSuggestion"))
        assert set(logged) == {earlier.id, later.id}


async def test_what_is_dismissed_stays_so(database: Database) -> None:
    town = await founded(database)
    await search(town)
    one = await town.submit(**DRAIN)
    other = await town.submit(**SAME)
    await search(town)
    ((request, suggestion),) = await suggested(town)
    assert {request, suggestion} == {one.id, other.id}
    done = await town.do(duplicates.dismiss, request_id=request, other_id=suggestion, viewer=town.clerk())
    assert (done.decided, done.decided_by) == (DuplicateDecision.DISMISSED, "clerk")
    async with database.write(duplicates.VIEWER) as session:
        assert await duplicates.suggest(session, suggestion) == []  # nor the other way round
        assert await duplicates.suggest(session, request) == []
    with pytest.raises(Conflict, match="decided already: DISMISSED"):
        await town.do(duplicates.dismiss, request_id=request, other_id=suggestion)
    assert await suggested(town) == [(request, suggestion)]


async def test_who_does_not_triage_there_dismisses_nothing(database: Database) -> None:
    town = await founded(database)
    await search(town)
    await town.submit(**DRAIN)
    await town.submit(**SAME)
    await search(town)
    ((request, other),) = await suggested(town)
    elsewhere = Viewer("c", town.clerk().abilities, ("9/",))
    counts = await town.counts()
    for viewer, kind in ((town.handler(town.police), Forbidden), (elsewhere, NotFound)):
        with pytest.raises(kind):
            await town.do(duplicates.dismiss, request_id=request, other_id=other, viewer=viewer)
    with pytest.raises(NotFound):
        await town.do(duplicates.dismiss, request_id=other, other_id=request)
    assert (await town.counts(), await suggested(town, elsewhere)) == (counts, [])


async def test_a_merge_is_noted_and_taken_back(database: Database) -> None:
    town = await founded(database)
    await search(town)
    one, other = await town.submit(**DRAIN), await town.submit(**SAME)
    await search(town)

    async def decided() -> list[DuplicateDecision | None]:
        async with database.read() as session:
            return list(await session.scalars(select(DuplicateSuggestion.decided)))

    await town.do(merging.merge, one.id, into_id=other.id)
    assert await decided() == [DuplicateDecision.MERGED]
    await town.do(merging.unmerge, one.id)
    assert await decided() == [None]


async def test_two_workers_compare_a_request_once(database: Database) -> None:
    town = await founded(database)
    await search(town)
    await town.submit(**DRAIN)
    await town.submit(**SAME)
    await asyncio.gather(*(search(town) for _ in range(3)))
    await search(town)
    assert len(await suggested(town)) == 1


@pytest.mark.parametrize("half", [{"longitude": 117.3}, {"latitude": 31.7}])
async def test_half_a_place_is_refused_before_it_is_searched_for(database: Database, half: dict[str, float]) -> None:
    town = await founded(database)
    counts, (name,) = await town.counts(), half
    lacking = "latitude" if name == "longitude" else "longitude"
    for verb, words in ((duplicates.before, {}), (intake.submit, {"grid_id": town.community.id})):
        with pytest.raises(Invalid) as refused:
            await town.do(verb, title="只有一半", **half, **words)
        said = f"There is a {name} and no {lacking}: give both of them, or neither."
        assert (str(refused.value), refused.value.field) == (said, lacking)
    assert await town.counts() == counts


async def test_what_is_nowhere_is_like_nothing(database: Database) -> None:
    town = await founded(database)
    await town.submit(**DRAIN)
    assert await like(town, **SAME, grid_id=None, longitude=117.3) == []
    assert await like(town, **SAME, grid_id=None) == []


@pytest.mark.parametrize("first", [-5, 21])
async def test_a_number_that_is_not_possible_is_refused(database: Database, first: int) -> None:
    town = await founded(database)
    with pytest.raises(Invalid, match=f"first is {first}: it must lie between 0 and 20"):
        await town.do(duplicates.before, title="路灯", grid_id=town.community.id, first=first)


async def test_one_that_cannot_be_compared_does_not_stop_those_after_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = await founded(database)
    await search(town)
    odd, one, other = [await town.submit(**words) for words in (OTHER, DRAIN, SAME)]
    whole = duplicates.said_in

    def said_in(request: Request) -> Said:
        if request.id == odd.id:
            raise IndexError("pop from an empty list")
        return whole(request)

    monkeypatch.setattr(duplicates, "said_in", said_in)
    await search(town)
    assert await suggested(town) == [(one.id, other.id)]
    await search(town)
    assert await suggested(town) == [(one.id, other.id)]


async def test_among_fifty_thousand_indexes_bound_what_is_compared(database: Database) -> None:
    town = await founded(database)
    grids = [
        Grid(id=uuid7(), code=f"g{n}", name=f"小区{n}", level=GridLevel.ESTATE, path=f"{town.community.path}g{n}/")
        for n in range(40)
    ]
    at = now()
    async with database.write(HUB) as session:
        for one in grids:
            one.parent_id = town.community.id
        session.add_all(grids)
        await session.execute(text("SET LOCAL statement_timeout = 0"))
        names = [column.name for column in Request.__table__.c]
        await _seed(session, grids[0], at)
        ids = ", ".join(f"'{one.id}'::uuid" for one in grids)
        values = {
            "id": "gen_random_uuid()",
            "number": "'B' || n",
            "grid_id": f"(ARRAY[{ids}])[1 + n % 40]",
            "submitted_at": f"'{at.isoformat()}'::timestamptz - n * interval '10 seconds'",
            "longitude": "109.9 + (n % 1000) * 0.001",
            "latitude": "39.8 + (n % 777) * 0.001",
        }
        picked = ", ".join(values.get(name, name) for name in names)
        await session.execute(
            text(
                f"INSERT INTO requests ({', '.join(names)}) SELECT {picked} FROM requests, generate_series(1, 50000) n"
            )
        )
    async with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("ANALYZE requests"))
    said = Said(**SAME, at=at, grid_id=grids[3].id, longitude=109.95, latitude=39.85)
    await _bounded(database, said, [one.id for one in grids])


async def _seed(session: Any, grid: Grid, at: datetime) -> None:
    seed = Request(id=uuid7(), number="B0", **DRAIN, grid_id=grid.id, grid_path=grid.path, submitted_at=at)
    session.add(seed)
    await session.flush()


async def _bounded(database: Database, said: Said, around: list[UUID]) -> None:
    """Each part stops at its bound, and no part reads the whole table."""
    for viewer in (HUB, Viewer("c", HUB.abilities, ("420606001/",))):
        wanted = duplicates.candidates(viewer, said, around, None)
        async with database.engine.connect() as connection:
            found = (await connection.execute(wanted)).all()
            sql = wanted.compile(connection.sync_connection, compile_kwargs={"literal_binds": True})
            plan = [str(line) for (line,) in await connection.execute(text(f"EXPLAIN {sql}".replace(":", "\\:")))]
        assert len(found) <= duplicates.MOST
        assert [line for line in plan if "Seq Scan on requests" in line] == []


def test_texts_of_few_characters_share_pairs_where_they_share_no_trigram() -> None:
    assert likeness.pairs_alike("路灯不亮", "小区路灯坏了") == pytest.approx(0.25)
    assert likeness.pairs_alike("路灯不亮", "噪音扰民") == 0
    assert likeness.pairs("3号楼") == {"3号", "号楼"}


def test_metres_are_right() -> None:
    here, there = Said("a", now(), longitude=110.0, latitude=39.8), Said("b", now(), longitude=110.0, latitude=39.801)
    assert likeness.distance(here, there) == pytest.approx(111.2, abs=0.2)
    assert likeness.distance(here, Said("c", now())) is None
