"""Where something is, in degrees: both of them, or neither."""

from collections.abc import Mapping
from typing import Any

from hub.errors import Invalid

MOST: Mapping[str, int] = {"longitude": 180, "latitude": 90}


def wrong(place: Mapping[str, Any]) -> tuple[str, str] | None:
    """What is wrong with the coordinates of `place`: the field, and the words for it."""
    given = {name: place.get(name) for name in MOST}
    for name, value in given.items():
        if value is not None and not -MOST[name] <= value <= MOST[name]:
            return name, f"{name} is {value:g}: give degrees from -{MOST[name]} to {MOST[name]}."
    lacking = [name for name, value in given.items() if value is None]
    if len(lacking) == 1:
        other = next(name for name in MOST if name not in lacking)
        return lacking[0], f"There is a {other} and no {lacking[0]}: give both of them, or neither."
    return None


def must_be_whole(place: Mapping[str, Any]) -> None:
    """Raise Invalid for half a place, and for degrees that there are not."""
    if (found := wrong(place)) is not None:
        field, words = found
        raise Invalid(words, field=field)
