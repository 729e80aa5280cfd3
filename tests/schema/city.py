"""A small district to ask about: two streets, three communities, and the viewers who look at it."""

from hub.auth import EVERYWHERE, ROLES, Viewer, system
from hub.db import Database
from hub.models import Grid, GridLevel

NAMES = {
    "15": ("内蒙古", GridLevel.PROVINCE, None),
    "150602": ("东胜区", GridLevel.DISTRICT, "15"),
    "150602001": ("交通街道", GridLevel.STREET, "150602"),
    "150602002": ("公园街道", GridLevel.STREET, "150602"),
    "150602001001": ("林荫社区", GridLevel.COMMUNITY, "150602001"),
    "150602001002": ("吉劳庆社区", GridLevel.COMMUNITY, "150602001"),
    "150602002001": ("团结社区", GridLevel.COMMUNITY, "150602002"),
}


async def build(database: Database) -> dict[str, Grid]:
    """The tree, by code."""
    grids: dict[str, Grid] = {}
    async with database.write(system("test")) as session:
        for code, (name, level, parent) in NAMES.items():
            above = grids[parent] if parent else None
            path = f"{above.path if above else ''}{code}/"
            grids[code] = Grid(code=code, name=name, level=level, parent_id=above and above.id, path=path)
            session.add(grids[code])
            await session.flush()
    return grids


def clerk(grid: Grid) -> Viewer:
    """A clerk who stands in one grid."""
    return Viewer(f"clerk:{grid.code}", ROLES["clerk"], (grid.path,), name=f"clerk {grid.code}")


ADMIN = Viewer("admin", ROLES["admin"], EVERYWHERE, name="admin")
