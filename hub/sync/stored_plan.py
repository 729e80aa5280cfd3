"""A stored plan is applied: each of its rows exactly as it was planned, or not at all.

    plan rows -> the records that they keep -> planned anew, by the same code and for the same moment
              -> the same as planned: applied | something has moved since: refused, with the reason

A refused row is not lost: it becomes a rejected record, which the next run of the source takes up; unless a newer run
has read the same source since, which knows better.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.db import Database, Origin
from hub.errors import Conflict
from hub.models import AlertKind, PlanAction, PlanRow, PlanState, Run, RunMode, RunStatus, Source
from hub.plugin import BadRecord
from hub.services.alerts import clear_alert
from hub.services.changes import plain
from hub.sync import apply as applying
from hub.sync import archive, foreseen, journal, rejected
from hub.sync.drift import Policies, policies
from hub.sync.gone import guard
from hub.sync.plan import Moment, plan
from hub.sync.planned import Identity, Planned, identity
from hub.sync.reading import Readings, read
from hub.sync.work import Progress, Work, at_work, begin, fenced, found, insist, not_paused, note, take, totals

AT_ONCE = 2_000


async def apply_plan(
    database: Database, id: UUID, *, started_by: str, reason: str | None = None, progress: Progress | None = None
) -> Run:
    """Apply the plan that the run `id` stored, or what is left of it. Returns the run that does so, done or failed.

    `reason`: why it may mark more as gone than the source's limit.
    Raises NotFound, or Conflict where it is no plan that waits, the source is paused or being run, or too much
    would be gone.
    """
    planned, source, expected = await _plan(database, id)
    not_paused(source)
    if reason is None:
        async with database.read() as session:
            await guard(session, source, planned.closed, command=f"hub sync apply {id}")
    run = await begin(database, source, started_by, RunMode.APPLY, planned.settings, planned.id, reason)
    run.expected = expected
    work = Work(database, source, run)
    async with at_work(work, RunStatus.DONE):
        outdated = await _outdated(database, planned)
        while rows := await _waiting(database, planned):
            await insist(partial(_carry_out, work, planned, rows, outdated=outdated))
            if progress is not None:
                progress(run)
        await insist(partial(_finish, work, planned))
    return run


def must_wait(planned: Run) -> None:
    """Raise Conflict unless the run has stored a plan that waits."""
    if planned.status is not RunStatus.PLANNED:
        what = "was applied already" if planned.status is RunStatus.APPLIED else "is no plan that waits"
        raise Conflict(f"The run {planned.id} {what}. `hub sync plan` makes a new plan.")


async def _plan(database: Database, id: UUID) -> tuple[Run, Source, int]:
    async with database.read() as session:
        planned, source = await found(session, id)
        must_wait(planned)
        mine = (PlanRow.run_id == id, PlanRow.state == PlanState.WAITING)
        expected = await session.scalar(select(func.count()).select_from(PlanRow).where(*mine))
        return planned, source, expected or 0


async def _outdated(database: Database, planned: Run) -> bool:
    """Whether the same source was read again since: then what the plan says of it may be no longer so."""
    newer = select(Run.id).where(
        Run.source_id == planned.source_id,
        Run.settings == planned.settings,
        Run.mode == RunMode.APPLY,
        Run.plan_id.is_(None),
        Run.status == RunStatus.DONE,
        Run.started_at > planned.started_at,
    )
    async with database.read() as session:
        return await session.scalar(newer.limit(1)) is not None


async def _waiting(database: Database, planned: Run) -> list[PlanRow]:
    """The next rows, as far as no record stands among them twice."""
    mine = (PlanRow.run_id == planned.id, PlanRow.state == PlanState.WAITING)
    async with database.read() as session:
        rows = list(await session.scalars(select(PlanRow).where(*mine).order_by(PlanRow.number).limit(AT_ONCE)))
    seen = set[Identity]()
    for at, row in enumerate(rows):
        if (name := identity(row)) in seen:
            return rows[:at]
        seen.add(name)
    return rows


async def _carry_out(work: Work, planned: Run, rows: Sequence[PlanRow], *, outdated: bool) -> None:
    """Some rows of the plan, one transaction: what they change, what is refused, and what became of each of them."""
    run, meant = work.run, {identity(row): row for row in rows if _is_decided(row)}
    ids = {name: row.entity_id for name, row in meant.items() if row.action is PlanAction.CREATE}
    promised = {name: id for name, id in ids.items() if id is not None}
    async with fenced(work) as session:
        readings = _read_again(meant, await policies(session, work.source.id))
        now = await plan(session, work.source.id, readings, None, Moment(planned.started_at, promised))
        reasons = {(one.kind, one.record.key): _moved(meant[one.kind, one.record.key], one) for one in now}
        reasons |= await foreseen.carry_out(session, planned, rows, outdated=outdated)
        _refuse_what_hangs_on_it(now, reasons)
        done = [one for one in now if reasons[one.kind, one.record.key] is None]
        await applying.apply(session, work.source.id, Origin(work.viewer.subject, run.id), done)
        here = [one for one in now if not foreseen.lacked(meant[one.kind, one.record.key])]
        left = [] if outdated else [_kept_back(one, reasons) for one in here if _is_left(one, reasons)]
        refused = [*_refused(rows), *left]
        await rejected.reject(session, run, refused)
        await rejected.heal(session, run, done)
        await _tell(session, rows, reasons)
        counts = applying.counted(done)
        counts.rejected += sum(row.action is PlanAction.REJECT for row in rows)
        counts.unchanged += sum(_says_nothing(row) and reasons.get(identity(row)) is None for row in rows)
        total = totals(run)
        total.add(counts)
        moved = run.moved + sum(reason is not None for reason in reasons.values())
        values = asdict(total) | {"pages": run.pages + 1, "records": run.records + len(rows), "moved": moved}
        await note(session, run, values | {"expected": run.expected})
    take(run, values)
    journal.of_page(run)


def _says_nothing(row: PlanRow) -> bool:
    """Whether it is shown, but nothing is to be decided about it: only noted, or decided before."""
    return row.action is PlanAction.NOTE or bool(row.private.get("still"))


def _is_decided(row: PlanRow) -> bool:
    return row.action is not PlanAction.REJECT and not _says_nothing(row)


def _read_again(meant: Mapping[Identity, PlanRow], rules: Policies) -> Readings:
    """What the rows' records mean, with the hashes that they had when they were planned."""
    readings = read([archive.again(row.private["record"]) for row in meant.values()], rules)
    for understood in readings.understood.values():
        for reading in understood:
            hash = meant[reading.record.kind, reading.record.key].private["hash"]
            reading.hash = bytes.fromhex(hash) if hash else reading.hash
    return readings


def _moved(row: PlanRow, one: Planned) -> str | None:
    """Why a row cannot be done as it was planned."""
    action = one.shown_as
    if action is None:
        return "It says nothing new any more: another run has brought it."
    if action is PlanAction.REJECT:
        return one.rule
    if action is not row.action:
        return f"Planned as {row.action.name}, by now it would be {action.name}."
    if row.entity_id != (one.entity_id or (one.row and one.row["id"])):
        return "Its key means another row by now."
    for said, now in ((row.old, one.old), (row.new, one.new)):
        shown = {name: plain(value) for name, value in now.items()}
        if names := sorted(name for name in said.keys() | shown.keys() if said.get(name) != shown.get(name)):
            return f"{', '.join(names)}: changed since the plan was made."
    return None


def _refuse_what_hangs_on_it(planned: Sequence[Planned], reasons: dict[Identity, str | None]) -> None:
    """What names a row that is not made after all is not done either."""
    missing = {one.entity_id for one in planned if reasons[one.kind, one.record.key] is not None and one.row is None}
    more = True
    while more:
        more = False
        for one in planned:
            names = [name for name, value in one.new.items() if isinstance(value, UUID) and value in missing]
            if names and reasons[one.kind, one.record.key] is None:
                reasons[one.kind, one.record.key] = f"{names[0].removesuffix('_id')}: what it names was not made."
                missing |= {one.entity_id} if one.row is None else set()
                more = True


def _refused(rows: Sequence[PlanRow]) -> list[Planned | BadRecord]:
    """What the plan itself refuses, as it was received."""
    refused: list[Planned | BadRecord] = []
    for row in rows:
        if row.action is PlanAction.REJECT and (bad := row.private.get("bad")) is not None:
            refused.append(archive.again_bad(bad))
        elif row.action is PlanAction.REJECT:
            record = archive.again(row.private["record"])
            waits = bool(row.private["waits"])
            refused.append(Planned(record, record.kind, PlanAction.REJECT, rule=row.rule, waits=waits))
    return refused


def _is_left(one: Planned, reasons: Mapping[Identity, str | None]) -> bool:
    """Whether the record was not applied, and still says something that the hub does not have."""
    return reasons[one.kind, one.record.key] is not None and one.shown_as is not None


def _kept_back(one: Planned, reasons: Mapping[Identity, str | None]) -> Planned:
    reason = f"Not applied with its plan: {reasons[one.kind, one.record.key]}"
    return Planned(one.record, one.kind, PlanAction.REJECT, rule=reason, waits=True)


async def _tell(session: AsyncSession, rows: Sequence[PlanRow], reasons: Mapping[Identity, str | None]) -> None:
    """Note at each row of the plan what became of it."""
    told: list[dict[str, Any]] = []
    for row in rows:
        reason = reasons.get(identity(row))
        told.append({"of": row.id, "to": PlanState.REFUSED if reason else PlanState.APPLIED, "why": reason})
    mine = (PlanRow.run_id == rows[0].run_id, PlanRow.id == bindparam("of"))
    statement = update(PlanRow).where(*mine).values(state=bindparam("to"), reason=bindparam("why"))
    await (await session.connection()).execute(statement, told)


async def _finish(work: Work, planned: Run) -> None:
    """The plan is done; the source goes on from where it ended, unless another run has moved that place."""
    async with fenced(work) as session:
        await session.execute(update(Run).where(Run.id == planned.id).values(status=RunStatus.APPLIED))
        await clear_alert(session, AlertKind.GUARDED, work.source.id, "")
        if planned.cursor is not None:
            same = (Source.id == work.source.id, Source.cursor.is_not_distinct_from(planned.began))
            await session.execute(update(Source).where(*same).values(cursor=planned.cursor))
