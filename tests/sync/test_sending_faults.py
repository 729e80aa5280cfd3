"""Whatever falls over while it is sent: nothing is lost, nothing has two effects, and each row's order is kept."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hub.db import Database
from hub.errors import Conflict
from hub.models import Alert, AlertKind, DeliveryStatus, TargetStatus
from hub.plugin import BadRecord, Change, SourceBroken, SourceDown, SourceRefused
from hub.services import targets
from hub.sync import outbound, outbox, sending, telling
from tests.sync.sources import at_home, column, rows, told
from tests.sync.targets import Listener, Post, founded, frozen_out, opened, renamed


def failing(*answers: object) -> Any:
    """Gives these answers, one after the other, and then all is well."""
    left = list(answers)
    return lambda change: left.pop(0) if left else None


async def test_a_source_that_is_down_is_asked_later_and_later_by_chance(database: Database) -> None:
    post = await opened(database, Listener(fails=failing(*[SourceDown("away")] * 4)))
    await founded(database, "A")
    waits = []
    for _ in range(4):
        await post.send(3600)
        (one,) = await post.deliveries()
        assert one.next_at is not None
        waits.append((one.next_at - post.at).total_seconds())
        assert await post.send(waits[-1] - 0.001) == 0
        post.at -= timedelta(seconds=waits[-1])
    assert waits == [2, 4, 8, 16]
    assert await post.send(3600) == 1
    assert [change.again for change in post.listener.messages] == [False, True, True, True, True]
    assert len(post.listener.effects) == 1
    assert [one.outcome for one in await post.attempts()] == ["away"] * 4 + ["sent"]


@pytest.mark.parametrize(("asked", "waits"), [(7.0, 7), (86_400.0, 3600), (float("inf"), 3600), (0.0, 0)])
async def test_retry_after_is_kept_by_all_of_the_target_up_to_an_hour(
    database: Database, asked: float, waits: int
) -> None:
    post = await opened(database, Listener(fails=failing(SourceDown("slow down", retry_after=asked))))
    await founded(database, "A", "B")
    attempts = await post.send()
    assert attempts == (1 if waits else 3)
    if waits:
        assert await post.send(waits - 0.001) == 0
        assert await post.send(0.001) == 2
    assert await post.states() == ["SENT", "SENT"]


@pytest.mark.parametrize("nonsense", [-1.0, float("nan")])
async def test_a_retry_after_that_makes_no_sense_is_none(database: Database, nonsense: float) -> None:
    post = await opened(database, Listener(fails=failing(SourceDown("later", retry_after=nonsense))))
    await founded(database, "A")
    await post.send()
    (one,) = await post.deliveries()
    assert (one.next_at, (await post.stands()).next_at) == (post.at + timedelta(seconds=2), None)


async def test_after_five_failures_one_probe_each_half_minute_until_it_is_back(database: Database) -> None:
    down = [True]
    post = await opened(database, Listener(fails=lambda change: SourceDown("away") if down[0] else None))
    await founded(database, *"ABCDEFG")
    assert await post.send() == 5
    assert [await post.send(seconds) for seconds in (29, 1, 29, 1)] == [0, 1, 0, 1]
    target = await post.stands()
    assert (target.status, target.failures, target.reason) == (TargetStatus.ACTIVE, 7, "away")
    standing = select(Alert.kind).where(Alert.cleared_at.is_(None))
    assert await column(database, standing) == [AlertKind.FAILING]
    down[0] = False
    assert await post.send(30) == 7
    assert await post.states() == ["SENT"] * 7
    assert ((await post.stands()).failures, await column(database, standing)) == (0, [])


@pytest.mark.parametrize("error", [SourceRefused("The key is wrong."), SourceBroken("A login page.")])
async def test_a_target_that_refuses_us_is_parked_with_all_that_is_for_it(database: Database, error: Exception) -> None:
    post = await opened(database, Listener(fails=failing(error)))
    await founded(database, "A", "B")
    assert await post.send() == 1
    target = await post.stands()
    assert (target.status, target.reason) == (TargetStatus.PARKED, str(error))
    assert await post.states() == ["RETRY", "READY"]
    assert await post.send(86_400) == 0
    words = f"ear is not told anything any more: {error} When it is mended: hub targets resume ear."
    assert await rows(database, select(Alert.words, Alert.cleared_at)) == [(words, None)]
    await post.do(targets.resume, target.id)
    assert await post.send() == 2
    assert await column(database, select(Alert.id).where(Alert.cleared_at.is_(None))) == []


@pytest.mark.parametrize(
    ("kinds", "made", "reason"),
    [
        (["organization"], told(name="ear"), "ear cannot be told anything: it has no push()."),
        (["organization"], "request", "ear takes no organization. It takes: request."),
    ],
)
async def test_a_target_that_cannot_be_told_this_is_parked_at_the_first_attempt(
    database: Database, kinds: list[str], made: Any, reason: str
) -> None:
    post = await opened(database, Listener(), kinds=tuple(kinds))
    if isinstance(made, str):
        post.registry.plugins["ear"].pushes = frozenset({made})
    else:
        post.registry = made
    await founded(database, "A")
    assert await post.send() == 0
    target = await post.stands()
    assert (target.status, target.reason, await post.states()) == (TargetStatus.PARKED, reason, ["READY"])
    assert await sending.due(database, post.at + timedelta(days=1)) == []
    assert await rows(database, select(Alert.kind, Alert.words)) == [
        (
            AlertKind.PARKED,
            f"ear is not told anything any more: {reason} When it is mended: hub targets resume ear.",
        )
    ]


async def test_a_fault_of_the_plugin_is_told_and_tried_again(database: Database) -> None:
    post = await opened(database, Listener(fails=failing(ZeroDivisionError("13800001111"))))
    await founded(database, "A")
    await post.send()
    (attempt,) = await post.attempts()
    assert attempt.outcome == "A fault of the plugin (ZeroDivisionError); the log of the hub says more."
    assert await post.send(2) == 1
    assert [change.again for change in post.listener.messages] == [False, True]


async def test_a_plugin_that_gives_no_key_is_stopped(database: Database) -> None:
    post = await opened(database, Listener(fails=lambda change: 7))
    await founded(database, "A")
    await post.send()
    target = await post.stands()
    assert (target.status, await post.states()) == (TargetStatus.PARKED, ["RETRY"])
    assert str(target.reason).startswith("push() gave 7 instead of a key")


async def test_one_that_never_arrives_while_others_do_is_parked_after_twenty_tries(database: Database) -> None:
    post = await opened(
        database, Listener(fails=lambda change: SourceDown("no") if change.fields["code"] == "X" else None)
    )
    _, good = await founded(database, "X", "Y")
    for turn in range(20):
        await post.send(3600)
        await renamed(database, good, f"{turn}")
    first = (await post.deliveries())[0]
    assert (first.status, first.tries) == (DeliveryStatus.PARKED, 20)
    assert first.reason == "Tried 20 times. The last time: no"


async def slow(post: Post, seconds: float) -> None:
    """The listener takes it, and answers too late."""
    heard = post.listener.push

    async def push(change: Change) -> Any:
        answer = await heard(change)
        if not change.again:
            await asyncio.sleep(seconds)
        return answer

    post.listener.push = push  # type: ignore[method-assign]  # the far end becomes slow


async def test_an_answer_after_our_time_limit_has_one_effect(database: Database) -> None:
    post = await opened(database, Listener())
    await slow(post, 30)
    await founded(database, "A")
    await post.send(limit=0.05)
    assert await post.states() == ["RETRY"]
    assert (await post.attempts())[0].outcome == "It did not answer within 0.05 s: it may have it, or not."
    await post.send(2)
    assert [change.again for change in post.listener.messages] == [False, True]
    assert (len(post.listener.effects), await post.states()) == (1, ["SENT"])


async def test_a_plugin_that_cannot_be_stopped_holds_nobody_up(database: Database) -> None:
    post = await opened(database, Listener())

    async def push(change: Change) -> str:
        for _ in range(4):
            try:
                await asyncio.sleep(0.5)
            except asyncio.CancelledError:
                continue
        return "late"

    post.listener.push = push  # type: ignore[method-assign]  # as above
    await founded(database, "A")
    await asyncio.wait_for(post.send(limit=0.05), 5)
    assert await post.states() == ["RETRY"]


async def test_a_target_without_tokens_is_looked_at_before_it_is_written_again(database: Database) -> None:
    written: list[str] = []

    def look_first(change: Change) -> object:
        if not (change.again and change.id in written):
            written.append(change.id)
            return SourceDown("The line broke after it was written.")
        return f"T-{change.id}"

    post = await opened(database, Listener(fails=look_first))
    (one,) = await founded(database, "A")
    await post.send()
    await post.send(60)
    assert (written, await post.states()) == ([str(one.id)], ["SENT"])


async def test_whoever_lost_the_turn_writes_nothing(database: Database) -> None:
    post = await opened(database, Listener())
    await founded(database, "A", "B")
    heard, freeze = post.listener.push, at_home(frozen_out)

    async def push(change: Change) -> Any:
        answer = await heard(change)
        if len(post.listener.messages) == 1:
            await freeze(post)
        return answer

    post.listener.push = push  # type: ignore[method-assign]  # as above
    with pytest.raises(Conflict, match="Another worker has taken over the deliveries to ear"):
        await post.send()
    assert (await post.states(), await post.attempts()) == (["SENDING", "READY"], [])
    assert await post.send(29) == 0
    assert await post.send(1) == 2
    assert [(one.fields["code"], one.again) for one in post.listener.messages] == [
        *(("A", False), ("A", True), ("B", False))
    ]
    assert len(post.listener.effects) == 2


async def test_a_worker_that_slept_over_its_turn_does_not_even_send(database: Database) -> None:
    post = await opened(database, Listener())
    await founded(database, "A")
    times = iter([post.at, post.at, *[post.at + timedelta(seconds=31)] * 9])
    from_sleep = sending.Sending(database, post.registry, lambda: next(times))
    while await outbox.feed(database):
        pass
    with pytest.raises(Conflict, match="slept over its turn"):
        await sending.send(from_sleep, post.target.id)
    assert (post.listener.messages, await post.states()) == ([], ["SENDING"])
    assert await post.send(31) == 1
    assert post.listener.messages[0].again


async def test_many_senders_at_once_send_each_once(database: Database) -> None:
    post = await opened(database, Listener())
    await founded(database, *"ABCDEF")
    sent = await asyncio.gather(*(post.send() for _ in range(4)))
    assert sum(sent) == 6
    assert sorted(post.listener.said()) == [*"ABCDEF"]
    assert not any(change.again for change in post.listener.messages)


async def test_a_worker_that_is_told_to_stop_leaves_no_turn_behind(database: Database) -> None:
    post = await opened(database, Listener())
    begun, home = asyncio.Event(), asyncio.get_running_loop()

    async def push(change: Change) -> str:
        home.call_soon_threadsafe(begun.set)
        await asyncio.sleep(60)
        return "late"

    post.listener.push = push  # type: ignore[method-assign]  # as above
    await founded(database, "A")
    stop = asyncio.Event()
    working = asyncio.create_task(outbound.work(database, post.registry, stop))
    await asyncio.wait_for(begun.wait(), 10)
    stop.set()
    await asyncio.wait_for(working, 10)
    assert ((await post.stands()).alive_at, await post.states()) == (None, ["SENDING"])


@dataclass
class Books:
    """A target that goes wrong by chance, and what it has taken: names in order, for each row; a token counts once."""

    chance: random.Random
    faults: tuple[str, ...] = ("", "", "", "down", "lost", "crash", "refused")
    tokens: set[str] = field(default_factory=set)
    effects: dict[str, list[str]] = field(default_factory=dict)

    def answer(self, change: Change) -> object:
        fault = self.chance.choice(self.faults)
        if fault == "down":
            return SourceDown("away", retry_after=self.chance.choice([None, 5.0]))
        if fault == "refused":
            return BadRecord("no", {})
        if change.token not in self.tokens:
            self.tokens.add(change.token)
            self.effects.setdefault(change.id, []).append(str(change.fields["name"]))
        if fault == "lost":
            return SourceDown("lost after it was taken")
        return RuntimeError("crash after it was taken") if fault == "crash" else None


async def unparked(post: Post, chance: float, books: Books) -> None:
    """A person looks at what waits for one."""
    for one in await post.deliveries():
        if one.status is DeliveryStatus.PARKED and books.chance.random() < chance:
            await post.do(targets.retry, one.id)


@pytest.mark.parametrize("seed", range(4))
async def test_at_random_every_change_has_one_effect_and_rows_keep_their_order(database: Database, seed: int) -> None:
    books = Books(chance := random.Random(seed))
    post = await opened(database, Listener(fails=books.answer))
    made = await founded(database, *"ABC")
    for step in range(25):
        await renamed(database, chance.choice(made), f"{step:02}")
        if chance.random() < 0.5:
            await post.send(chance.choice([1, 40, 4000]))
        await unparked(post, 0.5, books)
    books.faults = ("",)
    for _ in range(4):
        await unparked(post, 1, books)
        await post.send(4000)
    found = await post.deliveries()
    assert {one.status.name for one in found} == {"SENT", "SKIPPED"}
    sent = {telling.token(one) for one in found if one.status is DeliveryStatus.SENT}
    assert sent == books.tokens
    assert len(sent) == sum(map(len, books.effects.values()))
    for one in made:
        said = books.effects[str(one.id)]
        assert said[1:] == sorted(said[1:])
        assert await column(database, select(type(one).name).where(type(one).id == one.id)) == said[-1:]
