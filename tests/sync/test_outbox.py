"""The log becomes deliveries: of what concerns a target, each change once, and none that commits late is missed."""

import pytest
from sqlalchemy import update

from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid
from hub.models import Organization, OrganizationKind, Target, uuid7
from hub.services import targets, triage
from hub.sync import outbox, sending
from tests.services import town as towns
from tests.sync.sources import organization, run, sizes, told
from tests.sync.targets import HUB, Listener, Post, founded, opened, renamed


async def fed(post: Post) -> list[tuple[str, str]]:
    while await outbox.feed(post.database):
        pass
    return [(one.kind, one.action) for one in await post.deliveries()]


async def test_a_target_begins_at_the_present_end_of_the_log(database: Database) -> None:
    (before,) = await founded(database, "A")
    post = await opened(database, Listener())
    assert await fed(post) == []
    await renamed(database, before, "b")
    assert await fed(post) == [("organization", "UPDATED")]


async def test_feeding_the_same_stretch_twice_adds_nothing(database: Database) -> None:
    post = await opened(database, Listener())
    place = {"position": post.target.position, "change_id": post.target.change_id}
    await founded(database, "A", "B")
    first = await fed(post)
    async with database.write(HUB) as session:
        await session.execute(update(Target).values(place))
    assert await fed(post) == first == [("organization", "CREATED")] * 2


async def test_only_kinds_and_steps_that_it_is_told_of(database: Database) -> None:
    town = await towns.founded(database)
    post = await opened(database, Listener(), kinds=("request",))
    async with database.write(HUB) as session:
        (await session.get_one(Target, post.target.id)).events = ["DISPATCH"]
    request = await town.submit()
    await town.do(triage.triage, request.id)
    await town.do(triage.dispatch, request.id, party_id=town.police)
    await founded(database, "A")
    found = await fed(post)
    assert [action for _, action in found if action not in ("CREATED", "UPDATED")] == ["DISPATCH"]
    assert {kind for kind, _ in found} == {"request"}
    assert {one.entity_id for one in await post.deliveries()} == {request.id}


async def test_a_late_commit_is_never_skipped(database: Database) -> None:
    post = await opened(database, Listener())
    async with database.write(HUB) as early:
        early.add(Organization(id=uuid7(), code="E", name="E", organization_kind=OrganizationKind.OTHER))
        await early.flush()
        await founded(database, "L")
        assert await post.send() == 0
        assert await post.states() == []
    await founded(database, "M")
    await post.send()
    assert post.listener.said() == ["E", "L", "M"]


async def test_the_word_of_one_source_goes_to_the_other_targets_only(database: Database) -> None:
    one = await opened(database, Listener(), name="told")
    other = await opened(database, Listener(), name="other")
    await run(database, told([organization("A")]))
    assert (await fed(one), await fed(other)) == ([], [("organization", "CREATED")])


async def test_success_is_for_each_target(database: Database) -> None:
    deaf = Listener(fails=lambda change: ConnectionError("no"))
    one, other = await opened(database, deaf, name="deaf"), await opened(database, Listener(), name="well")
    await founded(database, "A")
    assert (await one.send(), await other.send()) == (1, 1)
    assert (await one.states(), await other.states()) == (["RETRY"], ["SENT"])
    assert await sending.due(database, other.at) == []


async def test_what_the_hub_notes_down_is_no_change(database: Database) -> None:
    post = await opened(database, Listener())
    await founded(database, "A")
    before = (await sizes(database))["changes"]
    await post.send()
    after = await sizes(database)
    assert (after["changes"], after["deliveries"], after["attempts"]) == (before, 1, 1)
    assert (await post.stands()).revision == post.target.revision


async def test_a_target_that_makes_no_sense_is_refused_and_nothing_is_made(database: Database) -> None:
    post = await opened(database, Listener())
    before = await sizes(database)
    with pytest.raises(Conflict, match="ear is a target already"):
        await post.do(targets.add, post.target.source_id, kinds=["grid"])
    with pytest.raises(Invalid, match="kinds: there is no planet"):
        await post.do(targets.add, post.target.source_id, kinds=["planet"])
    with pytest.raises(Invalid, match="at least one kind"):
        await post.do(targets.add, post.target.source_id, kinds=[])
    with pytest.raises(Forbidden):
        async with database.write(HUB) as session:
            await targets.pause(session, towns.Viewer("x", frozenset({"sync:read"}), ("",)), post.target.id)
    assert await sizes(database) == before


def test_the_kinds_are_those_of_sync() -> None:
    assert tuple(outbox.KINDS) == targets.KINDS
