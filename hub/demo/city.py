"""What is known of the whole demo while its rows are made: the tree, who is where, and who looks after which grid."""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from hub.demo import grids, parties
from hub.demo.grids import Place
from hub.demo.parties import Office
from hub.demo.size import Size
from hub.services.requests import LEVELS

LEVEL_OF = {grid.name: request.name for grid, request in LEVELS.items()}


class Spot(NamedTuple):
    """A grid on which things are asked for, with those who look after it."""

    place: Place
    level: str
    host: UUID
    departments: list[UUID]
    near: list[UUID]


@dataclass(frozen=True, slots=True)
class City:
    """Everything that later rows refer to."""

    seed: int
    size: Size
    places: list[Place]
    offices: list[Office]
    persons: list[UUID]
    homes: list[Place]
    spots: dict[str, list[Spot]]


def found(seed: int, size: Size) -> City:
    """The city, in memory: some tens of MB for a million requests."""
    places = grids.grow(seed, size.grids)
    offices = parties.settle(seed, size.organizations, places)
    persons = parties.inhabit(seed, size.persons)
    homes = [place for place in places if place.level in ("ESTATE", "COMMUNITY", "VILLAGE")]
    return City(seed, size, places, offices, persons, homes, _spots(places, offices))


def _spots(places: list[Place], offices: list[Office]) -> dict[str, list[Spot]]:
    """By the level of the request: all communities, estates and buildings."""
    hosts: dict[str, UUID] = {}
    departments: dict[str, list[UUID]] = {}
    near: dict[str, list[UUID]] = {}
    for office in offices:
        if office.kind == "DEPARTMENT":
            departments.setdefault(office.place.path, []).append(office.id)
        elif office.kind == "RESIDENTS_COMMITTEE":
            hosts[office.place.path] = office.id
        if office.place.level in ("COMMUNITY", "VILLAGE", "ESTATE"):
            near.setdefault(office.place.above("COMMUNITY", "VILLAGE").path, []).append(office.id)
    spots: dict[str, list[Spot]] = {"COMMUNITY": [], "ESTATE": [], "BUILDING": []}
    for place in places:
        if place.level in ("COMMUNITY", "VILLAGE", "ESTATE", "BUILDING"):
            home, district = place.above("COMMUNITY", "VILLAGE").path, place.above("DISTRICT").path
            spot = Spot(place, LEVEL_OF[place.level], hosts[home], departments[district], near[home])
            spots["COMMUNITY" if place.path == home else place.level].append(spot)
    return spots
