"""The organizations and persons of the demo: committees and departments first, then what a community is full of."""

from collections.abc import Callable, Iterator
from itertools import islice
from random import Random
from typing import NamedTuple
from uuid import UUID

from hub.demo import names
from hub.demo.chance import DAY, MILLISECOND, Sheet, deck, key, shares, stream, when
from hub.demo.grids import Place
from hub.demo.times import FOUNDED

SETTLED = FOUNDED + DAY
INHABITED = FOUNDED + 10 * DAY

COLUMNS = (
    *("id", "created_at", "updated_at", "revision", "type", "code", "name", "grid_id", "grid_path", "public"),
    *("organization_kind", "parent_id", "description"),
)

KINDS = deck(
    {
        "MERCHANT": 26,
        "BRANCH": 14,
        "PROPERTY_COMPANY": 12,
        "OWNERS_COMMITTEE": 12,
        "ENTERPRISE": 10,
        "BUILDING_GROUP": 8,
        "VOLUNTEER_TEAM": 6,
        "UNIT": 5,
        "SOCIAL_ORGANIZATION": 3,
        "GENERAL_BRANCH": 2,
        "SERVICE_CORPS": 1,
        "OTHER": 1,
    }
)
LED = frozenset({"BRANCH", "BUILDING_GROUP", "VOLUNTEER_TEAM", "GENERAL_BRANCH", "SERVICE_CORPS"})
"""What stands below the community's Party committee."""

NAMES: dict[str, Callable[[Place, Place, Random], str]] = {
    "MERCHANT": lambda _home, _estate, chance: chance.choice(names.BRANDS) + chance.choice(names.SHOPS),
    "BRANCH": lambda _home, estate, _chance: f"{estate.name}党支部",
    "PROPERTY_COMPANY": lambda _home, estate, chance: f"{chance.choice(names.BRANDS)}物业{estate.name}项目部",
    "OWNERS_COMMITTEE": lambda _home, estate, _chance: f"{estate.name}业主委员会",
    "ENTERPRISE": lambda _home, _estate, chance: (
        f"{names.CITY}{chance.choice(names.BRANDS)}{chance.choice(names.TRADES)}有限公司"
    ),
    "BUILDING_GROUP": lambda _home, estate, chance: f"{estate.name}{chance.randint(1, 9)}号楼党小组",
    "VOLUNTEER_TEAM": lambda home, _estate, chance: f"{home.name}{chance.choice(names.CIRCLES)}",
    "UNIT": lambda home, _estate, chance: f"{home.above('DISTRICT').name}{chance.choice(names.UNITS)}",
    "SOCIAL_ORGANIZATION": lambda home, _estate, chance: f"{home.name}{chance.choice(names.SOCIETIES)}",
    "GENERAL_BRANCH": lambda home, _estate, _chance: f"{home.name}党总支",
    "SERVICE_CORPS": lambda home, _estate, chance: f"{home.name}{chance.choice(names.CORPS)}",
    "OTHER": lambda home, _estate, _chance: f"{home.name}议事会",
}


class Office(NamedTuple):
    """An organization of the demo."""

    id: UUID
    moment: int
    kind: str
    name: str
    place: Place
    parent_id: UUID | None


def settle(seed: int, count: int, places: list[Place]) -> list[Office]:
    """All organizations: parents before what they lead, those of one community beside one another."""
    chance, made = stream(seed, "organizations"), list[Office]()
    led: dict[str, UUID] = {}

    def add(kind: str, name: str, place: Place, parent_id: UUID | None = None) -> UUID:
        moment = SETTLED + len(made) * 10 * MILLISECOND
        made.append(Office(key(moment, chance), moment, kind, name, place, parent_id))
        return made[-1].id

    for place in places:
        above, working = led.get(place.parent.path) if place.parent else None, "工" * (place.level == "STREET")
        if place.level == "DISTRICT":
            led[place.path] = add("PARTY_COMMITTEE", f"中共{place.name}委员会", place)
            for name in names.DEPARTMENTS:
                add("DEPARTMENT", f"{place.name}{name}", place)
        elif place.level in ("STREET", "TOWN"):
            led[place.path] = add("PARTY_COMMITTEE", f"{place.name}党{working}委", place, above)
        elif place.level in ("COMMUNITY", "VILLAGE"):
            led[place.path] = add("PARTY_COMMITTEE", f"{place.name}党委", place, above)
            add("RESIDENTS_COMMITTEE", f"{place.name}居民委员会".replace("村居民", "村村民"), place)
    for home, kind, name, place in _others(count - len(made), places, chance):
        add(kind, name, place, led[home.path] if kind in LED else None)
    return made


def _others(count: int, places: list[Place], chance: Random) -> Iterator[tuple[Place, str, str, Place]]:
    """What a community is full of: (community, kind, name, grid)."""
    estates: dict[str, list[Place]] = {}
    for place in places:
        if place.level == "ESTATE" and place.parent:
            estates.setdefault(place.parent.path, []).append(place)
    homes = [place for place in places if place.level in ("COMMUNITY", "VILLAGE")]
    for home, part in zip(homes, shares(count, len(homes), chance), strict=True):
        for _ in range(part):
            kind = KINDS[int(chance.random() * len(KINDS))]
            estate = chance.choice(estates[home.path])
            name = NAMES[kind](home, estate, chance)
            yield home, kind, name, estate if estate.name in name or kind == "MERCHANT" else home


def organization_sheet(offices: list[Office], start: int, count: int) -> Sheet:
    """Some organizations as rows."""
    rows = [
        (
            *(office.id, when(office.moment), when(office.moment), 1, "ORGANIZATION", f"DEMO-ORG-{number:06}"),
            *(office.name, office.place.id, office.place.path, True, office.kind, office.parent_id),
            f"{office.place.name}辖区内的示例单位。",
        )
        for number, office in enumerate(islice(offices, start, start + count), start + 1)
    ]
    return Sheet("parties", COLUMNS, rows)


def inhabit(seed: int, count: int) -> list[UUID]:
    """The keys of all persons."""
    chance = stream(seed, "persons")
    return [key(_born(number), chance) for number in range(count)]


def _born(number: int) -> int:
    return INHABITED + number * 10 * MILLISECOND


def person_sheet(seed: int, keys: list[UUID], homes: list[Place], start: int, count: int) -> Sheet:
    """Some persons as rows: one in twenty is known to everybody, as grid workers are."""
    chance, rows = stream(seed, "persons", start), []
    for number in range(start, min(start + count, len(keys))):
        home, at = homes[int(chance.random() * len(homes))], when(_born(number))
        public = chance.random() < 0.05
        rows.append(
            (
                *(keys[number], at, at, 1, "PERSON", f"DEMO-PER-{number + 1:06}", _name(chance), home.id, home.path),
                *(public, None, None, None),
            )
        )
    return Sheet("parties", COLUMNS, rows)


def _name(chance: Random) -> str:
    """A surname, the frequent ones more often, and one or two characters."""
    return (
        names.SURNAMES[int(len(names.SURNAMES) * chance.random() * chance.random())]
        + chance.choice(names.GIVEN_FIRST)
        + chance.choice(names.GIVEN_SECOND)
    )
