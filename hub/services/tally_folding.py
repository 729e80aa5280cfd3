"""The tally itself: deltas are folded into it, it is made anew from the requests, and compared with them.

Whoever changes `tallies` holds one lock, and moves counts from one table into the other in one transaction: whatever
a reader's snapshot is, each request is in it once.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Insert,
    Select,
    Text,
    cast,
    delete,
    exists,
    false,
    func,
    literal,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Request, Tally, TallyDelta

LOCK = 4_915_210_002  # any number, the same in all processes: one fold at a time
AT_ONCE = 5_000
SORT = ("total", "grid_path", "status", "level", "public")


async def fold(session: AsyncSession) -> int:
    """Fold the oldest deltas into the tally. How many; 0: there are none, or another worker is at it."""
    free = func.pg_try_advisory_xact_lock(LOCK)
    if not await session.scalar(select(exists(select(TallyDelta.id)) & free)):
        return 0
    oldest = select(TallyDelta.id).order_by(TallyDelta.id).limit(AT_ONCE)
    taken = delete(TallyDelta).where(TallyDelta.id.in_(oldest)).returning(*TallyDelta.__table__.c).cte("taken")
    folded = _into_the_tally(_placed(taken, taken.c.count)).returning(Tally.id, Tally.count).cte("folded")
    empty = select(func.array_agg(folded.c.id)).where(folded.c.count == 0).scalar_subquery()
    number = select(func.count()).select_from(taken).scalar_subquery()
    done, gone = (await session.execute(select(number, empty))).one()
    if gone:
        await session.execute(delete(Tally).where(Tally.id.in_(gone)))
    return int(done)


async def rebuild(session: AsyncSession) -> int:
    """Make the tally anew from the requests, while others write; how many rows it has then."""
    await session.execute(text("SET LOCAL statement_timeout = 0"))
    await session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    await session.execute(delete(Tally))
    counted = delete(TallyDelta).cte("counted")  # in one statement: the requests are those whose deltas are dropped
    made = _into_the_tally(_placed(Request.__table__, literal(1))).returning(Tally.id).cte("made")
    return int(await session.scalar(select(func.count()).select_from(made).add_cte(counted)) or 0)


async def drift(session: AsyncSession) -> int:
    """How many counts of the tally are not what the requests themselves say."""
    await session.execute(text("SET LOCAL statement_timeout = 0"))
    kept = select(*(Tally.__table__.c[name] for name in (*SORT, "count")))
    coming = _placed(TallyDelta.__table__, TallyDelta.__table__.c.count)
    there = _placed(Request.__table__, literal(-1))
    all_ = union_all(kept, coming, there).subquery()
    apart = select(all_.c.status).group_by(*(all_.c[name] for name in SORT)).having(func.sum(all_.c.count) != 0)
    return int(await session.scalar(select(func.count()).select_from(apart.subquery())) or 0)


def _placed(rows: FromClause, count: ColumnElement[int]) -> Select[Any]:
    """What some requests, or deltas, add to the tally: for their own grids, and to the total of every place above."""
    names = ("grid_path", "status", "level", "public")
    alike = select(*(rows.c[name] for name in names), func.sum(count).label("count"))
    sums = alike.group_by(*(rows.c[name] for name in names)).subquery("sums")
    path = sums.c.grid_path
    ends = func.generate_series(1, func.length(path)).table_valued("at", name="ends").render_derived()
    is_end = func.substr(path, ends.c.at, 1) == "/"
    above = select(true(), func.left(path, ends.c.at)).select_from(ends).where(is_end).correlate(sums)
    own = select(false().label("total"), path.label("grid_path")).correlate(sums)
    place = union_all(own, select(true(), cast(literal(""), Text)), above).lateral("place_of")
    sort = (place.c.total, place.c.grid_path, sums.c.status, sums.c.level, sums.c.public)
    total = func.sum(sums.c.count)
    found = select(*sort, cast(total, BigInteger).label("count")).select_from(sums).join(place, true())
    return found.group_by(*sort).having(total != 0)


def _into_the_tally(placed: Select[Any]) -> Insert:
    sums = placed.subquery("added")
    added = insert(Tally).from_select(["id", *SORT, "count"], select(func.gen_random_uuid(), *sums.c))
    return added.on_conflict_do_update(index_elements=SORT, set_={"count": Tally.count + added.excluded.count})
