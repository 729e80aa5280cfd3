"""The alliances of the demo and their members: neighbours of the organization that leads."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from random import Random
from typing import Any
from uuid import UUID

from hub.demo import names
from hub.demo.chance import DAY, HOUR, SECOND, Sheet, deck, key, shares, stream, when
from hub.demo.city import City
from hub.demo.times import FOUNDED, UNTIL

BEGUN = FOUNDED + 20 * DAY
NEIGHBOURS = 3  # members come from so many times as many organizations as they are

COLUMNS = (
    *("id", "created_at", "updated_at", "revision", "code", "name", "alliance_kind", "lead_id", "grid_id", "grid_path"),
    *("pillars", "match_basis", "description"),
)
MEMBER_COLUMNS = (
    *("id", "created_at", "updated_at", "revision", "alliance_id", "party_id", "role", "joined_on", "left_on"),
)
KINDS = deck(
    {
        "BIG_PARTY_COMMITTEE": 30,
        "RED_PROPERTY": 22,
        "MERCHANTS": 16,
        "RED_BUSINESS": 12,
        "JOINT_BUILDING": 14,
        "DISTRICT": 2,
        "OTHER": 4,
    }
)


def sheets(city: City, start: int, count: int) -> list[Sheet]:
    """Some alliances, and all of their members."""
    sizes = shares(city.size.members, city.size.alliances, stream(city.seed, "members"))
    rows, members = [], list[tuple[Any, ...]]()
    for number in range(start, min(start + count, city.size.alliances)):
        chance = stream(city.seed, "alliances", number)
        first = number * len(city.offices) // city.size.alliances
        lead = city.offices[first]
        kind = KINDS[int(chance.random() * len(KINDS))]
        begun = BEGUN + int((number + chance.random()) * (UNTIL - BEGUN - 400 * DAY) / city.size.alliances)
        id, at = key(begun, chance), when(begun)
        pillars = "[" + ", ".join(f'"{pillar}"' for pillar in names.PILLARS[: chance.randint(2, 5)]) + "]"
        name = f"{lead.place.name}{names.ALLIANCES[kind]}"
        rows.append(
            (
                *(id, at, at, 1, f"DEMO-ALL-{number + 1:05}", name, kind, lead.id, lead.place.id, lead.place.path),
                *(pillars, "[]", f"由{lead.name}牵头，{sizes[number]}家成员单位共商共建。"),
            )
        )
        for place, party in enumerate(_parties(city, first, sizes[number], chance)):
            joined = begun + place * HOUR + int(chance.random() * (300 * DAY if place else HOUR))
            left = when(joined).date() + timedelta(days=chance.randint(30, 90)) if chance.random() < 0.03 else None
            moment = joined + place * SECOND
            role = "成员单位" if place else "牵头单位"
            stamps = (when(moment), when(moment), 1)
            members.append((key(moment, chance), *stamps, id, party, role, when(joined).date(), left))
    return [Sheet("alliances", COLUMNS, rows), Sheet("members", MEMBER_COLUMNS, members)]


def _parties(city: City, first: int, count: int, chance: Random) -> Iterator[UUID]:
    """The one that leads, and others near it."""
    window = min(len(city.offices), max(count, NEIGHBOURS * count))
    near = [(first + step) % len(city.offices) for step in range(1, window)]
    return (city.offices[one].id for one in chain([first], chance.sample(near, count - 1)))
