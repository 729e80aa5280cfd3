"""What records name and the hub did not know when they were applied; kept beside the link, as it may come some day."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import orjson

from hub.plugin import Place


class Sought(NamedTuple):
    """A field, what it names, and the code of what was taken instead: of a grid the one above, else nothing."""

    field: str
    named: str | Place
    instead: str


def written(sought: Iterable[Sought]) -> str | None:
    """As the link keeps it: [["assignee", "城管局", ""], ["grid", ["150602", "新园"], "150602"]]."""
    told = [(one.field, _told(one.named), one.instead) for one in sought]
    return orjson.dumps(told).decode() if told else None


def _told(named: str | Place) -> str | list[str]:
    return [named.under, *named.names] if isinstance(named, Place) else named


@lru_cache(4096)
def read(kept: str) -> tuple[Sought, ...]:
    """The same from there. What an older hub has left there does not say what it was: none of it is known."""
    try:
        return tuple(Sought(field, _named(told), instead) for field, told, instead in orjson.loads(kept))
    except orjson.JSONDecodeError:
        return ()


def _named(told: str | list[str]) -> str | Place:
    return told if isinstance(told, str) else Place(told[0], tuple(told[1:]))
