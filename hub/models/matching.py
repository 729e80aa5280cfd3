"""Which resources fit which needs: not stored, reckoned by the database whenever somebody asks.

    a need ── up to NEAREST resources each: of its sort in its street, near it, of its category anywhere
           ── those that are to be had, have room, are not used for it yet and were not declined
           ── points for category, place, time and room ── the best MOST

So the candidates are bounded, however many resources there are; and the same the other way round, for a resource.
"""

from uuid import UUID

from sqlalchemy import Boolean, Column, Enum, Float, Integer, Subquery, Text, Uuid, text
from sqlalchemy.orm import Mapped

from hub.models.base import Base, Term

NEAREST, MOST = 100, 20
TODAY = "CAST(timezone('Asia/Shanghai', now()) AS date)"


class MatchPlace(Term):
    """How near a resource is to a need (位置匹配)."""

    GRID = "On the very grid, or below it (同一网格)."
    COMMUNITY = "In the same community (同一社区)."
    STREET = "In the same street (同一街道)."


LIVING = f"(c.closed_on IS NULL OR c.closed_on > {TODAY})"
USED = f"projects.done_on IS NULL AND (projects.closed_on IS NULL OR projects.closed_on > {TODAY})"
ROOM = f"r.capacity - (SELECT count(*) FROM projects WHERE projects.resource_id = r.id AND {USED})"
PLACES = """LATERAL (
    SELECT max(g.path) FILTER (WHERE g.level IN ('COMMUNITY', 'VILLAGE')) AS community,
           max(g.path) FILTER (WHERE g.level IN ('STREET', 'TOWN')) AS street
    FROM generate_series(1, length({path}) - length(replace({path}, '/', ''))) AS depth
    JOIN grids AS g ON g.path = array_to_string((string_to_array({path}, '/'))[1:depth], '/') || '/'
) AS place"""
NEAR = "({table}.grid_path >= {place} AND {table}.grid_path < substr({place}, 1, length({place}) - 1) || '0')"
BELOW = NEAR.format(table="r", place="n.grid_path")
FITS = f"""
    SELECT pair.need_id, pair.resource_id, pair.category, pair.same_category, pair.same_sort, pair.place,
           pair.metres, pair.on_time, CAST(pair.room AS integer) AS room,
           CASE WHEN pair.same_category THEN 40 WHEN pair.same_sort THEN 25 ELSE 0 END
           + CASE pair.place WHEN 'GRID' THEN 30 WHEN 'COMMUNITY' THEN 25 WHEN 'STREET' THEN 15 ELSE 0 END
           + CASE WHEN pair.metres <= 1000 THEN 10 ELSE 0 END
           + CASE WHEN pair.on_time THEN 10 ELSE 0 END + CASE WHEN pair.room > 0 THEN 10 ELSE 0 END AS score
    FROM (
        SELECT n.id AS need_id, r.id AS resource_id, n.category,
               coalesce(n.category = r.category, false) AS same_category,
               coalesce(split_part(n.category, '/', 1) = split_part(r.category, '/', 1), false) AS same_sort,
               CASE WHEN {BELOW} THEN 'GRID'
                    WHEN {NEAR.format(table="{other}", place="place.community")} THEN 'COMMUNITY'
                    WHEN {NEAR.format(table="{other}", place="place.street")} THEN 'STREET' END AS place,
               111320 * sqrt(power(here.latitude - there.latitude, 2) + power(
                   cos(radians(here.latitude)) * (here.longitude - there.longitude), 2)) AS metres,
               n.wanted_on IS NOT NULL AND (r.available_from IS NOT NULL OR r.available_until IS NOT NULL) AS on_time,
               {ROOM} AS room
        FROM grids AS here LEFT JOIN grids AS there ON there.id = r.grid_id
        WHERE here.id = n.grid_id AND n.met_at IS NULL AND (n.closed_on IS NULL OR n.closed_on > {TODAY})
        AND (r.closed_on IS NULL OR r.closed_on > {TODAY})
        AND (n.wanted_on IS NULL OR r.available_from IS NULL OR r.available_from <= n.wanted_on)
        AND coalesce(n.wanted_on, {TODAY})
            <= coalesce(r.available_until, CAST('9999-12-31' AS date))
        AND NOT EXISTS (SELECT FROM projects AS p WHERE p.need_id = n.id AND p.resource_id = r.id)
        AND NOT EXISTS (SELECT FROM match_declines AS d WHERE d.need_id = n.id AND d.resource_id = r.id)
    ) AS pair
    WHERE (pair.same_sort OR pair.place IS NOT NULL) AND (pair.room IS NULL OR pair.room > 0)"""


DOCS = {
    "score": "How well they fit: the sum of what speaks for it, at most 100 (匹配分).",
    "same_category": "Whether the category is the very same (类别相同).",
    "same_sort": "Whether the first part of the category is the same (大类相同).",
    "category": "The need's category (分类).",
    "place": "How near they are (位置匹配); empty: not even in the same street.",
    "metres": "From the centre of the one grid to that of the other, in metres (距离); empty: not known.",
    "on_time": "Whether it is said to be to be had on the day for which it is wanted (时间匹配).",
    "room": "For how many more the resource has room (剩余容量); empty: no limit is known.",
}


def _suggested(own: str, table: str, other: str, others: str, open_: str) -> str:
    """For each row of `table` the best rows of `others`."""
    sort = "split_part({}.category, '/', 1)"
    sets = (
        f"{sort.format('c')} = {sort.format(own)} AND {NEAR.format(table='c', place='place.street')}",
        NEAR.format(table="c", place="place.community"),
        f"c.category = {own}.category",
    )
    near = " UNION ".join(
        f"(SELECT c.id FROM {others} AS c WHERE {where} AND {open_} LIMIT {NEAREST})" for where in sets
    )
    mine, theirs = ("need_id", "resource_id") if own == "n" else ("resource_id", "need_id")
    return f"""SELECT {own}.id AS {mine}, best.{theirs}, {", ".join(f"best.{name}" for name in DOCS)}
    FROM {table} AS {own}, {PLACES.format(path=f"{own}.grid_path")}, LATERAL (
        SELECT fits.* FROM ({near}) AS near JOIN {others} AS {other} ON {other}.id = near.id,
        LATERAL ({FITS.replace("{other}", other)}) AS fits
        ORDER BY fits.score DESC, fits.{theirs} LIMIT {MOST}
    ) AS best"""


def _table(statement: str, name: str) -> Subquery:
    made = (
        text(statement)
        .columns(
            Column("need_id", Uuid()),
            Column("resource_id", Uuid()),
            Column("score", Integer()),
            Column("same_category", Boolean()),
            Column("same_sort", Boolean()),
            Column("category", Text()),
            Column("place", Enum(MatchPlace, native_enum=False)),
            Column("metres", Float()),
            Column("on_time", Boolean()),
            Column("room", Integer()),
        )
        .subquery(name)
    )
    for one, words in DOCS.items():
        made.c[one].doc = words  # type: ignore[attr-defined]  # SQLAlchemy types it as any column expression
    return made


class SuggestedResource(Base):
    """A resource that may meet a need, and what speaks for it (推荐资源). A person decides."""

    __table__ = _table(_suggested("n", "needs", "r", "resources", LIVING), "suggested_resources")
    __mapper_args__ = {"primary_key": [__table__.c.need_id, __table__.c.resource_id]}

    need_id: Mapped[UUID]
    resource_id: Mapped[UUID]
    score: Mapped[int]
    same_category: Mapped[bool]
    same_sort: Mapped[bool]
    category: Mapped[str | None]
    place: Mapped[MatchPlace | None]
    metres: Mapped[float | None]
    on_time: Mapped[bool]
    room: Mapped[int | None]


class SuggestedNeed(Base):
    """A need that a resource may meet, and what speaks for it (推荐需求). A person decides."""

    __table__ = _table(_suggested("r", "resources", "n", "needs", f"c.met_at IS NULL AND {LIVING}"), "suggested_needs")
    __mapper_args__ = {"primary_key": [__table__.c.need_id, __table__.c.resource_id]}

    need_id: Mapped[UUID]
    resource_id: Mapped[UUID]
    score: Mapped[int]
    same_category: Mapped[bool]
    same_sort: Mapped[bool]
    category: Mapped[str | None]
    place: Mapped[MatchPlace | None]
    metres: Mapped[float | None]
    on_time: Mapped[bool]
    room: Mapped[int | None]
