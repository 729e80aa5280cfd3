"""From names of places to grids, for sources that know no division codes. Names occur twice: doubt ends the descent."""

import re
from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import under
from hub.models import Grid, GridLevel
from hub.models.grid import peers
from hub.plugin import Place
from hub.prepared import given
from hub.services.shapes import shape
from hub.sync import bulk
from hub.sync.kind import Found

STREETS, COMMUNITIES = peers(GridLevel.STREET), peers(GridLevel.COMMUNITY)
ENDINGS = re.compile(
    r"(?P<street>街道办事处|街道办|街道|地区办事处|镇人民政府|镇)$"
    r"|(社区居民委员会|社区居委会|居民委员会|居委会|社区|村民委员会|村委会|村)$"
)


def stem(name: str) -> str:
    """A place's name without what it is: 兴胜街道办事处 -> 兴胜."""
    bare = name.strip()
    return ENDINGS.sub("", bare) or bare


def levels(name: str) -> tuple[GridLevel, ...]:
    """What a place can be by the ending of its name."""
    ending = ENDINGS.search(name.strip())
    if ending is None or ending.start() == 0:
        return STREETS + COMMUNITIES
    return STREETS if ending["street"] else COMMUNITIES


_GRIDS = shape(Grid).table.c
_FOUND = _GRIDS.id, _GRIDS.path, _GRIDS.level
_ROOT = bulk.Query(select(*_FOUND).where(_GRIDS.code == given("code")))
_NAMED = _GRIDS.level.in_(STREETS + COMMUNITIES)
_BELOW = bulk.Query(select(*_FOUND, _GRIDS.name).where(under(_GRIDS.path, given("path")), _NAMED))


class Places:
    """What a page needs to know of the names below some divisions: street and community names, their stems."""

    def __init__(self) -> None:
        self._roots: dict[str, Found | None] = {}
        self._named: dict[str, dict[str, list[Found]]] = {}
        self._found: dict[Place, Found | None] = {}

    async def learn(self, session: AsyncSession, code: str) -> None:
        """Read the grids below `code`, once."""
        if code in self._roots:
            return
        root = await _ROOT.rows(session, code=code)
        self._roots[code] = here = Found(*root[0]) if root else None
        self._found.clear()
        self._named[code] = defaultdict(list)
        if here is not None:
            for id, path, level, name in await _BELOW.rows(session, path=here.path):
                self._named[code][stem(name)].append(Found(id, path, level))

    def find(self, place: Place) -> Found | None:
        """The smallest grid that the names decide without doubt; at least the division that surely contains it."""
        if place not in self._found:
            self._found[place] = self._descend(place)
        return self._found[place]

    def _descend(self, place: Place) -> Found | None:
        here = self._roots.get(place.under)
        for name in filter(None, place.names):
            if here is None:
                break
            inside = self._inside(_path(here), place.under, name)
            if inside and all(_path(one).startswith(_path(inside[0])) for one in inside):
                here = inside[0]  # the larger, where a street is called like a community in it
        return here

    def _inside(self, path: str, root: str, name: str) -> list[Found]:
        """The grids of this name below `path`, the largest first."""
        called = [found for found in self._named[root][stem(name)] if found.level in levels(name)]
        below = (found for found in called if _path(found) != path and _path(found).startswith(path))
        return sorted(below, key=lambda found: len(_path(found)))


def _path(found: Found) -> str:
    return found.path or ""
