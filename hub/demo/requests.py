"""The requests of the demo and their events: a sheet of each for some thousands of requests."""

from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from hub.demo import times
from hub.demo.chance import DAY, HOUR, Sheet, deck, key, stream, when
from hub.demo.city import City, Spot
from hub.demo.lives import LENGTHS, LIVES, MOST, Life
from hub.demo.size import EVENTS_EACH
from hub.demo.topics import CONTENTS, RESULTS, TITLES, TOPICS
from hub.models import RequestKind
from hub.services.deadlines import ALLOWANCE, SAME_DAY

COLUMNS = (
    *("id", "created_at", "updated_at", "revision", "number", "title", "content", "kind", "channel", "category"),
    *("status", "level", "urgency", "grid_id", "grid_path", "place", "longitude", "latitude", "assignee_id"),
    *("submitter_id", "merged_into_id", "submitted_at", "dispatched_at", "signed_at", "handled_at", "closed_at"),
    *("due_at", "result", "solved", "satisfaction", "supervised", "urged", "returns", "public"),
)
EVENT_COLUMNS = ("request_id", "id", "at", "action", "status", "actor_id", "party_id", "note", "details")

OPEN = deck(
    {
        "RECEIVED": 14,
        "TRIAGED": 8,
        "DISPATCHED": 16,
        "SIGNED": 10,
        "IN_PROGRESS": 30,
        "HANDLED": 6,
        "VERIFIED": 3,
        "CALLBACK": 4,
        "REWORK": 3,
        "NEEDS_INFO": 2,
        "RETURN_REQUESTED": 1.5,
        "RETURNED": 1.5,
        "EXTENSION_REQUESTED": 2,
        "DRAFT": 1,
    }
)
ENDED = deck({"CLOSED": 68, "ARCHIVED": 24, "REJECTED_SCOPE": 4, "MERGED": 4})
DONE = frozenset({"CLOSED", "ARCHIVED"})
LENGTH_OF_DONE = deck({2: 40, 3: 35, 4: 15, 5: 6, 6: 4})
UNSENT = frozenset({"DRAFT", "RECEIVED", "NEEDS_INFO", "REJECTED_SCOPE", "TRIAGED", "MERGED"})
HIDDEN = frozenset({"DRAFT", "REJECTED_SCOPE", "MERGED"})

KINDS = deck(
    {
        "COMPLAINT": 30,
        "HELP": 18,
        "CONSULTATION": 14,
        "EVENT": 11,
        "APPEAL": 10,
        "SUGGESTION": 7,
        "REPORT": 4,
        "WISH": 3,
        "PRAISE": 2,
        "OTHER": 1,
    }
)
CHANNELS = deck(
    {
        "HOTLINE_12345": 42,
        "MINI_APP": 17,
        "GRID_WORKER": 13,
        "QR_CODE": 8,
        "HOTLINE_12319": 7,
        "VISIT": 5,
        "STATION": 3,
        "WEB": 3,
        "SENSOR": 1,
        "OTHER": 1,
    }
)
LEVELS = deck({"BUILDING": 45, "ESTATE": 30, "COMMUNITY": 25})
MOODS = deck({"SATISFIED": 45, "VERY_SATISFIED": 28, "UNDERSTANDING": 18, "DISSATISFIED": 9})
DAYS = {kind.name: ALLOWANCE[kind] for kind in RequestKind}


class Draft(NamedTuple):
    """What is settled of a request before its row is made."""

    id: UUID
    submitted: int
    status: str
    life: Life
    span: int


def sheets(city: City, start: int, count: int) -> list[Sheet]:
    """Some requests in the order of their submission, and their events: three for each of them on the average."""
    chance = stream(city.seed, "requests", start)
    count = min(count, city.size.requests - start)
    statuses = [_status((start + place) / city.size.requests, chance, place) for place in range(count)]
    lengths = _lengths(statuses, chance)
    requests, events, mergeable = [], list[tuple[Any, ...]](), list[UUID]()
    for number, status, length in zip(range(start, start + count), statuses, lengths, strict=True):
        submitted = times.submitted(number, city.size.requests, chance.random())
        left = (times.UNTIL - submitted) * (0.3 + 0.69 * chance.random())
        span = int(min(length * chance.expovariate(1 / DAY) + HOUR, left))
        draft = Draft(key(submitted, chance), submitted, status, LIVES[status][length], span)
        pool = city.spots[LEVELS[int(chance.random() * len(LEVELS))]]
        spot = pool[int(len(pool) * chance.random() ** 1.3)]
        topic = TOPICS[int(len(TOPICS) * chance.random() ** 1.3)]
        assignee = _assignee(spot, topic.department, status, chance)
        into = mergeable[int(chance.random() * len(mergeable))] if status == "MERGED" else None
        if status != "MERGED":
            mergeable.append(draft.id)
        submitter = city.persons[int(chance.random() * len(city.persons))] if chance.random() < 0.06 else None
        parties = (assignee, submitter, into)
        requests.append(_request(number, draft, spot, topic.category, chance.choice(topic.matters), parties, chance))
        caller = submitter or city.persons[int(chance.random() * len(city.persons))]
        actors = {"caller": caller, "assignee": assignee or spot.host, "host": spot.host}
        events.extend(_events(draft, actors, chance))
    return [Sheet("requests", COLUMNS, requests), Sheet("request_events", EVENT_COLUMNS, events)]


def _status(age: float, chance: Random, place: int) -> str:
    """Of three in ten something is still awaited, of the latest more. The first has nothing to merge into."""
    if chance.random() < 0.2 + 0.8 * age**7:
        return OPEN[int(chance.random() * len(OPEN))]
    ended = ENDED[int(chance.random() * len(ENDED))]
    return "CLOSED" if ended == "MERGED" and place == 0 else ended


def _lengths(statuses: list[str], chance: Random) -> list[int]:
    """How many events each has: as its status wants, but three times as many as requests together."""
    lengths = [
        LENGTH_OF_DONE[int(chance.random() * len(LENGTH_OF_DONE))] if status in DONE else LENGTHS[status]
        for status in statuses
    ]
    surplus = sum(lengths) - EVENTS_EACH * len(lengths)
    places = [place for place, status in enumerate(statuses) if status in DONE]
    if len(places) < len(lengths) / 3:  # too few to make up for the others: the latest requests are mostly open
        places = list(range(len(lengths)))
    while surplus:
        place, step = places[int(chance.random() * len(places))], -1 if surplus > 0 else 1
        if 1 <= lengths[place] + step <= MOST:
            lengths[place] += step
            surplus += step
    return lengths


def _assignee(spot: Spot, department: int, status: str, chance: Random) -> UUID | None:
    """Whom it was sent to: a department, somebody in the community, or the residents' committee itself."""
    if status in UNSENT:
        return None
    luck = chance.random()
    if luck < 0.35:
        return spot.departments[department]
    return spot.host if luck < 0.5 else chance.choice(spot.near)


def _request(
    number: int,
    draft: Draft,
    spot: Spot,
    category: str,
    matter: str,
    parties: tuple[UUID | None, UUID | None, UUID | None],
    chance: Random,
) -> tuple[Any, ...]:
    place, status, life = spot.place, draft.status, draft.life
    at, day = when(draft.submitted), times.local(draft.submitted)
    sent_at = draft.submitted + int((life.dispatched or 0) * draft.span)
    kind = KINDS[int(chance.random() * len(KINDS))]
    urgent = chance.random() < 0.07
    sent, done, hidden = status not in UNSENT, status in DONE, status in HIDDEN
    mood = (
        MOODS[int(chance.random() * len(MOODS))] if status == "CALLBACK" or (done and chance.random() < 0.8) else None
    )
    return (
        *(draft.id, at, _moment(draft, life.events[-1].at), len(life.events), f"DM{times.stamp(day)}-{number + 1:07}"),
        *(TITLES[kind].format(place.name, matter), chance.choice(CONTENTS).format(place.name, matter)),
        *(kind, CHANNELS[int(chance.random() * len(CHANNELS))], category, status, spot.level),
        *("URGENT" if urgent else "NORMAL", place.id, place.path, place.name, place.longitude, place.latitude),
        *parties,
        *(at, _moment(draft, life.dispatched), _moment(draft, life.signed), _moment(draft, life.handled)),
        _moment(draft, life.closed),
        times.due(times.local(sent_at), SAME_DAY if urgent else DAYS[kind]) if sent else None,
        chance.choice(RESULTS) if done or life.handled is not None else None,
        *(None if mood is None else mood != "DISSATISFIED", mood),
        *(sent and chance.random() < 0.01, sum(event.action == "URGE" for event in life.events)),
        *(int(status == "RETURNED"), not hidden and chance.random() < 0.64),
    )


def _moment(draft: Draft, part: float | None) -> datetime | None:
    return None if part is None else when(draft.submitted + int(part * draft.span))


def _events(draft: Draft, actors: dict[str, UUID], chance: Random) -> Iterator[tuple[Any, ...]]:
    for event in draft.life.events:
        moment = draft.submitted + int(event.at * draft.span)
        note = event.notes[int(chance.random() * len(event.notes))]
        party = actors["assignee"] if event.to_assignee else None
        yield (
            *(draft.id, key(moment, chance), when(moment), event.action, event.status, actors[event.by], party, note),
            event.details,
        )
