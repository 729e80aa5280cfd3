"""The resources of the demo: most owners have a few, some have many."""

from hub.demo import names
from hub.demo.chance import DAY, Sheet, deck, key, stream, when
from hub.demo.city import City
from hub.demo.times import FOUNDED, UNTIL

OFFERED = FOUNDED + 30 * DAY
COLUMNS = (
    *("id", "created_at", "updated_at", "revision", "code", "title", "resource_kind", "owner_id", "grid_id"),
    *("grid_path", "capacity", "description"),
)
KINDS = deck(
    {
        "SERVICE": 32,
        "VENUE": 22,
        "EQUIPMENT": 16,
        "PERSONNEL": 14,
        "INFORMATION": 8,
        "FUNDS": 5,
        "OTHER": 3,
    }
)
FULL = {"VENUE": (10, 300), "SERVICE": (1, 60), "PERSONNEL": (1, 20), "INFORMATION": (20, 200)}


def sheet(city: City, start: int, count: int) -> Sheet:
    """Some resources as rows."""
    chance, rows = stream(city.seed, "resources", start), []
    for number in range(start, min(start + count, city.size.resources)):
        owner = city.offices[int(len(city.offices) * chance.random() ** 1.6)]
        kind = KINDS[int(chance.random() * len(KINDS))]
        moment = OFFERED + int((number + chance.random()) * (UNTIL - OFFERED) / city.size.resources)
        what, terms = chance.choice(names.RESOURCES[kind]), chance.choice(names.RESOURCE_TERMS)
        capacity = chance.randint(*FULL[kind]) if kind in FULL else None
        rows.append(
            (
                *(key(moment, chance), when(moment), when(moment), 1, f"DEMO-RES-{number + 1:06}"),
                *(f"{owner.name}{what}", kind, owner.id, owner.place.id, owner.place.path, capacity, terms),
            )
        )
    return Sheet("resources", COLUMNS, rows)
