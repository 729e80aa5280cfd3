"""What every write of a request appends for the tally, in the same transaction: so many more, or less, of this sort.

Nothing here locks or changes a row that another writer could want: two writers never wait for one another.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Insert,
    Integer,
    Text,
    case,
    cast,
    column,
    event,
    func,
    insert,
    inspect,
    literal,
    select,
    true,
    values,
)
from sqlalchemy.orm import Session, UOWTransaction
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.sql.dml import Update

from hub.models import Request, TallyDelta, uuid7

SORT = tuple(column.name for column in TallyDelta.__table__.c if column.name not in ("id", "count"))
"""The columns of a request that make its sort: what it is counted by, and what decides who sees it."""

Sort = tuple[Any, ...]


def moved(move: Update, old: str, new: str) -> Insert:
    """Carry out a bulk update that moves requests from below `old` to below `new`, and append what it means."""
    table = Request.__table__
    rows = move.returning(*(table.c[name] for name in SORT)).cte("moved")
    sign = values(column("sign", Integer), name="signs").data([(-1,), (1,)]).c.sign
    before: ColumnElement[str] = func.concat(cast(literal(old), Text), func.substr(rows.c.grid_path, len(new) + 1))
    sort = {name: rows.c[name] for name in SORT} | {"grid_path": case((sign < 0, before), else_=rows.c.grid_path)}
    sides = select(sign, *(part.label(name) for name, part in sort.items())).join_from(rows, sign.table, true())
    side = sides.subquery("side")
    appended = select(func.gen_random_uuid(), func.sum(side.c.sign), *(side.c[name] for name in SORT))
    grouped = appended.group_by(side.c.sign, *(side.c[name] for name in SORT))
    return insert(TallyDelta).from_select(["id", "count", *SORT], grouped)


@event.listens_for(Session, "before_flush")
def _see(session: Session, _context: UOWTransaction, _instances: object) -> None:
    """Read what was not loaded of a request whose sort is about to change, so that it is known what it was."""
    for row in _requests((*session.dirty, *session.deleted)):
        state = inspect(row)
        histories = {name: state.attrs[name].history for name in SORT}
        unseen = [name for name, was in histories.items() if not (was.unchanged or was.deleted)]
        if unseen and (row in session.deleted or any(was.added for was in histories.values())):
            chosen = select(Request.__table__).where(Request.id == row.id).with_for_update()
            found = session.connection().execute(chosen).mappings().one()
            for name in unseen:
                set_committed_value(row, name, found[name])
                for value in histories[name].added or ():
                    setattr(row, name, value)


@event.listens_for(Session, "after_flush")
def _append(session: Session, _context: UOWTransaction) -> None:
    rows = [{"id": uuid7(), "count": count, **dict(zip(SORT, sort, strict=True))} for sort, count in _counted(session)]
    if rows:
        session.connection().execute(insert(TallyDelta), rows)


def _counted(session: Session) -> list[tuple[Sort, int]]:
    """How many more of each sort there are by this flush."""
    counts: Counter[Sort] = Counter()
    for row in _requests((*session.dirty, *session.deleted)):
        counts[_before(row)] -= 1
    for row in _requests((*session.new, *session.dirty)):
        counts[_after(row)] += 1
    return [(sort, count) for sort, count in counts.items() if count]


def _requests(rows: Iterable[object]) -> list[Request]:
    return [row for row in rows if isinstance(row, Request)]


def _after(row: Request) -> Sort:
    """The sort that it is of now; what was never set is empty."""
    return tuple(map(inspect(row).dict.get, SORT))


def _before(row: Request) -> Sort:
    """The sort that it was of before this flush."""
    histories = [inspect(row).attrs[name].history for name in SORT]
    return tuple(was.deleted[0] if was.deleted else now for was, now in zip(histories, _after(row), strict=True))
