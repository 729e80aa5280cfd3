"""What a field of a record may hold beside plain values. A plugin imports these from hub.plugin."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is, in the source's words, for sources that know no division codes.

    `names` go from the larger to the smaller ("兴胜街道办事处", "滨河社区"); `under` is the code of a division that
    surely contains it. The hub takes the smallest grid that the names decide without doubt.
    """

    under: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asked. Kept apart from the request, in the identity vault."""

    name: str | None = None
    phone: str | None = None
    confidential: bool = True


@dataclass(frozen=True, slots=True)
class Issue:
    """One of several matters in one work order. `key` is unique within the order."""

    key: str
    title: str
    category: str | None = None
