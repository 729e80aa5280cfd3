"""From names of places to grids, for sources that know no division codes. Names occur twice: doubt ends the descent."""

import re
from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import under
from hub.models import Grid, GridLevel
from hub.models.grid import peers
from hub.plugin import Place
from hub.sync.kinds import Found

ENDINGS = re.compile(
    r"(街道办事处|街道办|街道|地区办事处|社区居民委员会|社区居委会|居民委员会|居委会|社区|村民委员会|村委会|村|镇人民政府|镇)$"
)


NAMED = peers(GridLevel.STREET) + peers(GridLevel.COMMUNITY)


def stem(name: str) -> str:
    """A place's name without what it is: 兴胜街道办事处 -> 兴胜."""
    bare = name.strip()
    return ENDINGS.sub("", bare) or bare


class Places:
    """What a run has learnt of the names below some divisions: street and community names, their stems."""

    def __init__(self) -> None:
        self._roots: dict[str, Found | None] = {}
        self._named: dict[str, dict[str, list[Found]]] = {}

    async def learn(self, session: AsyncSession, code: str) -> None:
        """Read the grids below `code`, once in a run."""
        if code in self._roots:
            return
        root = (await session.execute(select(Grid.id, Grid.path, Grid.level).where(Grid.code == code))).one_or_none()
        self._roots[code] = root and Found(*root)
        self._named[code] = defaultdict(list)
        if root is not None:
            columns = select(Grid.id, Grid.path, Grid.level, Grid.name)
            below = columns.where(under(Grid.path, root.path), Grid.level.in_(NAMED))
            for id, path, level, name in await session.execute(below):
                self._named[code][stem(name)].append(Found(id, path, level))

    def find(self, place: Place) -> Found | None:
        """The smallest grid that the names decide without doubt; at least the division that surely contains it."""
        here = self._roots.get(place.under)
        for name in filter(None, place.names):
            if here is None:
                break
            path = here.path or ""
            inside = [found for found in self._named[place.under][stem(name)] if (found.path or "").startswith(path)]
            if len(inside) == 1:
                here = inside[0]
        return here
