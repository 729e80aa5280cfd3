"""From a topic to what comes of it, in order; and series of meetings: due, held, missed."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, HubError, Invalid, NotFound
from hub.models import (
    Change,
    Forum,
    Meeting,
    ProposalKind,
    Resolution,
    Series,
    SeriesKind,
    Topic,
    TopicChannel,
    TopicGrade,
    TopicStatus,
    now,
)
from hub.services import deliberation, occurrences, rotas
from hub.services.working_days import CHINA, local_day
from tests.services.town import HUB, Town, founded

LATER = local_day(now()) + timedelta(days=30)
S = TopicStatus


async def proposed(town: Town, **more: Any) -> Topic:
    words = {"title": "加装电梯", "channel": TopicChannel.VISIT, "grid_id": town.community.id}
    topic: Topic = await town.do(deliberation.propose_topic, **(words | more))
    return topic


async def met(town: Town, **more: Any) -> Meeting:
    words = {"title": "七月议事", "forum": Forum.ESTATE_BAR, "grid_id": town.community.id}
    words |= {"held_at": now() - timedelta(hours=1), "venue": "三方联动议事厅"}
    meeting: Meeting = await town.do(deliberation.create_meeting, **(words | more))
    return meeting


def steps(town: Town, meeting: Meeting) -> dict[str, tuple[Any, dict[str, Any]]]:
    return {
        "screen": (deliberation.screen_topic, {"kept": True, "grade": TopicGrade.HARD}),
        "drop": (deliberation.screen_topic, {"kept": False, "note": "不属于议事范围"}),
        "deliberate": (deliberation.deliberate_topic, {"meeting_id": meeting.id}),
        "resolve": (
            deliberation.resolve_topic,
            {"text": "先做两栋", "owner_id": town.property_company, "due_on": LATER},
        ),
        "review": (deliberation.review_topic, {"done": True, "review": "满意"}),
        "again": (deliberation.review_topic, {"done": False, "review": "只做了一栋"}),
        "escalate": (deliberation.escalate_topic, {"proposal_kind": ProposalKind.CPPCC_PROPOSAL}),
    }


ALLOWED = {
    (): {"screen", "drop"},
    ("screen",): {"deliberate"},
    ("drop",): set[str](),
    ("screen", "deliberate"): {"resolve", "escalate"},
    ("screen", "deliberate", "resolve"): {"review", "again", "escalate"},
    ("screen", "deliberate", "resolve", "again"): {"resolve", "escalate"},
    ("screen", "deliberate", "resolve", "escalate"): set[str](),
}


@pytest.mark.parametrize("done", ALLOWED)
async def test_each_step_has_its_place_in_the_order(database: Database, done: tuple[str, ...]) -> None:
    town = await founded(database)
    topic, meeting = await proposed(town), await met(town)
    verbs = steps(town, meeting)
    for step in done:
        verb, given = verbs[step]
        topic = await town.do(verb, topic.id, **given)
    before = await rows(town, topic)
    for step in verbs.keys() - ALLOWED[done]:
        verb, given = verbs[step]
        with pytest.raises(Conflict, match=f"The topic 加装电梯 is {topic.status.name}: this is possible while it is "):
            await town.do(verb, topic.id, **given)
    assert await rows(town, topic) == before


async def rows(town: Town, topic: Topic) -> tuple[Any, ...]:
    async with town.database.read() as session:
        now_ = await session.get_one(Topic, topic.id)
        found = await session.scalars(deliberation.resolutions(HUB).where(Resolution.topic_id == topic.id))
        return (now_.status, now_.revision, [(one.text, one.done_on, one.closed_on) for one in found])


async def test_a_topic_becomes_a_resolution_with_owner_and_deadline_and_is_reviewed(database: Database) -> None:
    town = await founded(database)
    topic, meeting = await proposed(town, grade=TopicGrade.BIG, practice="hudai"), await met(town)
    for step in ("screen", "deliberate", "resolve", "review"):
        verb, given = steps(town, meeting)[step]
        topic = await town.do(verb, topic.id, **given)
    assert (topic.status, topic.grade, topic.review, topic.meeting_id) == (
        S.RESOLVED,
        TopicGrade.HARD,
        "满意",
        meeting.id,
    )
    async with database.read() as session:
        (made,) = (await session.scalars(deliberation.resolutions(HUB))).all()
    assert (made.owner_id, made.due_on, made.done_on) == (town.property_company, LATER, local_day(now()))
    assert (made.topic_id, made.meeting_id, made.practice) == (topic.id, meeting.id, "hudai")


async def test_a_topic_goes_higher_up_and_is_answered(database: Database) -> None:
    town = await founded(database)
    topic, meeting = await proposed(town), await met(town)
    for step in ("screen", "deliberate", "escalate"):
        verb, given = steps(town, meeting)[step]
        topic = await town.do(verb, topic.id, **given)
    async with database.read() as session:
        (proposal,) = (await session.scalars(deliberation.proposals(HUB))).all()
    assert (topic.status, proposal.title, proposal.grid_path) == (S.ESCALATED, "加装电梯", town.community.path)
    answered = await town.do(deliberation.update_proposal, proposal.id, reply="已列入计划")
    assert (answered.reply, answered.replied_on) == ("已列入计划", local_day(now()))


@pytest.mark.parametrize("step", ["review", "again", "escalate"])
async def test_what_is_done_is_neither_reviewed_nor_taken_higher_again(database: Database, step: str) -> None:
    town = await founded(database)
    topic, verbs = await proposed(town), steps(town, await met(town))
    for before in ("screen", "deliberate", "resolve", "again", "resolve", "review"):
        verb, given = verbs[before]
        topic = await town.do(verb, topic.id, **given)
    stands = await rows(town, topic)
    verb, given = verbs[step]
    with pytest.raises(Conflict, match=f"is done, as was said on {local_day(now())}: propose a new topic"):
        await town.do(verb, topic.id, **given)
    assert await rows(town, topic) == stands
    assert [done is None for _, done, _ in stands[2]] == [True, False]


async def test_who_raised_a_topic_reviews_it_and_no_other_resident_does(database: Database) -> None:
    town = await founded(database)
    topic, verbs = await proposed(town, raised_by_id=town.police), steps(town, await met(town))
    for before in ("screen", "deliberate", "resolve"):
        verb, given = verbs[before]
        topic = await town.do(verb, topic.id, **given)
    resident = ROLES["resident"]
    for other in (Viewer("other", resident, (), town.water_works), Viewer("nobody", resident, ())):
        with pytest.raises(Forbidden):
            await town.do(deliberation.review_topic, topic.id, viewer=other, done=True)
    raiser = Viewer("raiser", resident, (), town.police)
    reviewed = await town.do(deliberation.review_topic, topic.id, viewer=raiser, done=False, review="只做了一栋")
    assert (reviewed.status, reviewed.review) == (S.DELIBERATED, "只做了一栋")


async def test_a_topic_is_talked_about_at_a_meeting_of_ones_own(database: Database) -> None:
    town = await founded(database)
    topic, above = await proposed(town), await met(town, grid_id=town.street.id)
    await town.do(deliberation.screen_topic, topic.id, kept=True)
    with pytest.raises(Forbidden):
        await town.do(deliberation.deliberate_topic, topic.id, viewer=town.clerk(), meeting_id=above.id)
    assert (await rows(town, topic))[:1] == (S.SCREENED,)


async def test_what_happens_to_a_topic_happens_on_its_own_grid(database: Database) -> None:
    town = await founded(database)
    topic = await proposed(town, request_id=(await town.submit()).id)
    await town.do(deliberation.screen_topic, topic.id, kept=True)
    async with database.read() as session:
        paths = await session.scalars(select(Change.grid_path).where(Change.entity_id == topic.id))
        assert set(paths) == {town.community.path}


async def test_a_resident_proposes_and_does_no_more(database: Database) -> None:
    town = await founded(database)
    resident = Viewer("r", ROLES["resident"], (), town.water_works)
    topic = await proposed(town, viewer=resident)
    assert (topic.raised_by_id, topic.status) == (town.water_works, S.PROPOSED)
    for step, (verb, given) in steps(town, await met(town)).items():
        refusal = (Conflict, "is PROPOSED") if verb is deliberation.review_topic else (Forbidden, "resources:write")
        with pytest.raises(refusal[0], match=refusal[1]):
            await town.do(verb, topic.id, viewer=resident, **given)
        assert (await rows(town, topic))[0] is S.PROPOSED, step
    with pytest.raises(Forbidden):  # in another's name
        await proposed(town, viewer=resident, raised_by_id=town.police)
    other = Viewer("c", ROLES["clerk"], ("1/",))
    with pytest.raises(Forbidden):
        await town.do(deliberation.screen_topic, topic.id, kept=True, viewer=other)


@pytest.mark.parametrize(
    ("step", "given", "kind", "message"),
    [
        ("screen", {"kept": False, "note": " "}, Invalid, "note is missing: say why it is dropped."),
        ("deliberate", {"meeting_id": "to come"}, Conflict, "is yet to come: say so when it was held"),
        ("deliberate", {"meeting_id": "called off"}, Conflict, "was called off: name one that was held"),
        ("resolve", {"due_on": date(2020, 1, 1)}, Invalid, "due_on is 2020-01-01, which has passed"),
        ("resolve", {"text": " "}, Invalid, "text is empty: write at least a word"),
        ("review", {"done": False, "review": None}, Invalid, "review is missing: say what was not done"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    database: Database, step: str, given: dict[str, Any], kind: type[HubError], message: str
) -> None:
    town = await founded(database)
    topic, meeting = await proposed(town), await met(town)
    others = {
        "to come": await met(town, held_at=now() + timedelta(days=1)),
        "called off": await met(town, closed_on=local_day(now())),
    }
    for name in ("screen", "deliberate", "resolve"):
        if name == step:
            break
        verb, words = steps(town, meeting)[name]
        await town.do(verb, topic.id, **words)
    verb, words = steps(town, meeting)[step]
    asked = {name: others[value].id if name == "meeting_id" else value for name, value in given.items()}
    before = await rows(town, topic)
    with pytest.raises(kind, match=message):
        await town.do(verb, topic.id, **(words | asked))
    assert await rows(town, topic) == before


async def test_nobody_who_is_not_signed_in_reads_topics(database: Database) -> None:
    town = await founded(database)
    topic = await proposed(town)
    async with database.read() as session:
        assert (await session.scalars(deliberation.topics(Viewer()))).all() == []
    with pytest.raises(NotFound):
        await town.do(
            deliberation.update_topic,
            topic.id,
            title="x",
            viewer=Viewer("s", ROLES["clerk"], ("",)).__class__(None, ROLES["clerk"], ("",)),
        )


async def council(town: Town, **more: Any) -> Series:
    words = {"title": "小诸葛议事会", "series_kind": SeriesKind.MEETING, "rule": "FREQ=MONTHLY;BYMONTHDAY=15"}
    words |= {"starts_on": date(2026, 1, 1), "at": "15:00", "grid_id": town.community.id}
    series: Series = await town.do(rotas.create_series, **(words | more))
    return series


async def test_a_meeting_counts_for_the_time_nearest_to_it(database: Database) -> None:
    town = await founded(database)
    series = await council(town)
    january, march = datetime(2026, 1, 20, 15, tzinfo=CHINA), datetime(2026, 3, 9, 15, tzinfo=CHINA)
    for moment in (january, march):
        meeting = await met(town, series_id=series.id, held_at=moment, grid_id=None)
        assert meeting.grid_id == town.community.id  # of its series
    await met(town, series_id=series.id, held_at=datetime(2026, 2, 15, tzinfo=CHINA), closed_on=date(2026, 2, 1))
    days = {"since": date(2026, 1, 1), "until": date(2026, 4, 30)}
    async with database.read() as session:
        (found,) = await occurrences.of_series(session, HUB, [series], **days)
        (complied,) = await occurrences.series_comply(session, HUB, [series], **days)
    assert isinstance(found, list)
    assert [[one.held_at for one in time.meetings] for time in found] == [[january], [], [march], []]
    assert isinstance(complied, occurrences.Compliance)
    assert (complied.due, complied.held, complied.rate) == (4, 2, 0.5)


async def test_a_quarterly_meeting_and_a_yearly_plan(database: Database) -> None:
    town = await founded(database)
    joint = await council(town, title="联席会议", rule="FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=20")
    plan = await council(town, title="年度计划", rule="FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=10", at=None)
    await met(town, series_id=joint.id, held_at=datetime(2026, 4, 22, 15, tzinfo=CHINA))
    async with database.read() as session:
        days = {"since": date(2026, 1, 1), "until": date(2026, 12, 31)}
        one, other = await occurrences.of_series(session, HUB, [joint, plan], **days)
    assert isinstance(one, list)
    assert isinstance(other, list)
    assert [(len(time.meetings), time.starts_at.month) for time in one] == [(0, 1), (1, 4), (0, 7), (0, 10)]
    assert [(time.ends_at - time.starts_at).days for time in other] == [1]
