"""The tree of the demo: a province and a city that do not exist, down to each building."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from random import Random
from typing import NamedTuple, Optional
from uuid import UUID

from hub.demo import names
from hub.demo.chance import MILLISECOND, Sheet, key, shares, stream, when
from hub.demo.times import FOUNDED
from hub.services.grids import path

ROOT = "99"
"""No division of China begins so: the codes of provinces end with 82."""

CENTRE = (113.62, 31.74)
REACH = {"DISTRICT": 0.25, "STREET": 0.06, "TOWN": 0.06, "COMMUNITY": 0.015, "VILLAGE": 0.015, "ESTATE": 0.004}
COLUMNS = (
    *("id", "created_at", "updated_at", "revision", "code", "name", "level", "parent_id", "path", "longitude"),
    *("latitude", "valid_from"),
)


class Place(NamedTuple):
    """A grid of the demo."""

    id: UUID
    moment: int
    code: str
    name: str
    level: str
    parent: Optional["Place"]
    path: str
    longitude: float
    latitude: float

    def above(self, *levels: str) -> "Place":
        """Itself or the nearest grid above it that has one of these levels."""
        place = self
        while place.level not in levels:
            assert place.parent is not None
            place = place.parent
        return place


Naming = Callable[[Place, int, Random], tuple[str, str]]
"""The level and the name of the so-manieth grid below a parent."""


def grow(seed: int, count: int) -> list[Place]:
    """The whole tree, what is above before what is below."""
    chance = stream(seed, "grids")
    level = [Place(key(FOUNDED, chance), FOUNDED, ROOT, names.PROVINCE, "PROVINCE", None, path(None, ROOT), *CENTRE)]
    made = list(level)
    for total, named in (
        (1, _city),
        (max(2, count // 6500), _district),
        (max(4, count // 540), _street),
        (max(6, count // 60), _community),
        (max(8, count // 10), _estate),
        (0, _building),
    ):
        level = list(_below(level, total or count - len(made), named, chance, len(made)))
        made += level
    return made


def _below(parents: list[Place], total: int, named: Naming, chance: Random, before: int) -> Iterator[Place]:
    """So many grids below these, each with at least one."""
    moment = FOUNDED + before * MILLISECOND
    for parent, part in zip(parents, shares(total, len(parents), chance, least=1), strict=True):
        for number in range(1, part + 1):
            level, name = named(parent, number, chance)
            code = f"{parent.code}{number:0{2 if level in ('CITY', 'DISTRICT') else 3}}"
            reach = REACH.get(level, 0.0008)
            longitude = round(parent.longitude + (chance.random() - 0.5) * reach, 6)
            latitude = round(parent.latitude + (chance.random() - 0.5) * reach, 6)
            id = key(moment, chance)
            yield Place(id, moment, code, name, level, parent, path(parent.path, code), longitude, latitude)
            moment += MILLISECOND


def _city(_parent: Place, _number: int, _chance: Random) -> tuple[str, str]:
    return "CITY", names.CITY


def _district(_parent: Place, number: int, _chance: Random) -> tuple[str, str]:
    return "DISTRICT", names.DISTRICTS[(number - 1) % len(names.DISTRICTS)]


def _street(_parent: Place, number: int, chance: Random) -> tuple[str, str]:
    return ("TOWN", f"{_two(chance)}镇") if number % 7 == 0 else ("STREET", f"{_two(chance)}街道")


def _community(parent: Place, number: int, chance: Random) -> tuple[str, str]:
    if parent.level == "TOWN" and number % 3:
        return "VILLAGE", f"{_two(chance)}村"
    return "COMMUNITY", f"{_two(chance)}社区"


def _estate(_parent: Place, _number: int, chance: Random) -> tuple[str, str]:
    return "ESTATE", chance.choice(names.ESTATE_FIRST) + chance.choice(names.ESTATE_SECOND)


def _building(parent: Place, number: int, _chance: Random) -> tuple[str, str]:
    return "BUILDING", f"{parent.name}{number}号楼"


def _two(chance: Random) -> str:
    return chance.choice(names.PLACE_FIRST) + chance.choice(names.PLACE_SECOND)


def sheet(places: list[Place], start: int, count: int) -> Sheet:
    """Some rows of the table."""
    rows = [
        (
            *(place.id, when(place.moment), when(place.moment), 1, place.code, place.name, place.level),
            *(place.parent and place.parent.id, place.path, place.longitude, place.latitude, date(2023, 1, 1)),
        )
        for place in islice(places, start, start + count)
    ]
    return Sheet("grids", COLUMNS, rows)
