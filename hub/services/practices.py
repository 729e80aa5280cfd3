"""Practices: how cities work, for everybody to see; and what goes through a workflow without being a request."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Invalid, NotFound
from hub.models import (
    Escalation,
    Feature,
    Figure,
    Indicator,
    Practice,
    Procedure,
    ProcedureStep,
    Scheme,
    SchemeItem,
    Workflow,
    WorkflowStep,
    WorkflowSubject,
    now,
    uuid7,
)
from hub.services import changes as _the_log  # noqa: F401  once it is imported, every write is logged
from hub.services import deadlines, grids, parties, steps, words, writing
from hub.services.step_deadlines import next_step

WRITE = "resources:write"


def _holding(table: type[Any]) -> Select[Any]:
    return select(table).where(table.closed_on.is_(None))


def visible(viewer: Viewer) -> Select[Practice]:
    """Everybody may see every practice."""
    return _holding(Practice)


def schemes(viewer: Viewer) -> Select[Scheme]:
    """Everybody may see what a practice goes by."""
    return _holding(Scheme)


def scheme_items(viewer: Viewer) -> Select[SchemeItem]:
    """Everybody may see what stands on its lists."""
    return _holding(SchemeItem)


def workflows(viewer: Viewer) -> Select[Workflow]:
    """Everybody may see how a practice works."""
    return _holding(Workflow)


def workflow_steps(viewer: Viewer) -> Select[WorkflowStep]:
    """Everybody may see the steps; those that are no more too: something may stand there."""
    return select(WorkflowStep)


def escalations(viewer: Viewer) -> Select[Escalation]:
    """Everybody may see what happens to what is overdue."""
    return _holding(Escalation)


def features(viewer: Viewer) -> Select[Feature]:
    """Everybody may see what a practice has published."""
    return _holding(Feature)


def figures(viewer: Viewer) -> Select[Figure]:
    """Everybody may see the numbers that it has published."""
    return _holding(Figure)


def indicators(viewer: Viewer) -> Select[Indicator]:
    """Everybody may see what is worked out, and how."""
    return _holding(Indicator)


async def indicator(session: AsyncSession, viewer: Viewer, code: str) -> Indicator:
    """The indicator with this code. Raises NotFound."""
    found: Indicator | None = await session.scalar(indicators(viewer).where(Indicator.code == code))
    if found is None:
        raise NotFound("indicator", code, "The query `indicators` lists them.")
    return found


def procedures(viewer: Viewer) -> Select[Procedure]:
    """Those on the viewer's grids, for those who may read requests there; and those of the viewer's own party."""
    mine = [Procedure.party_id == viewer.party_id] if viewer.party_id is not None else []
    inside = [viewer.covers(Procedure.grid_path)] if viewer.can("requests:read") else []
    return select(Procedure).where(or_(Procedure.id.is_(None), *mine, *inside))


def procedure_steps(viewer: Viewer) -> Select[ProcedureStep]:
    """The steps of visible procedures."""
    return select(ProcedureStep).where(
        ProcedureStep.procedure_id.in_(procedures(viewer).with_only_columns(Procedure.id))
    )


async def mark_synthetic(session: AsyncSession, viewer: Viewer, code: str) -> Practice:
    """Say that the practice's rows in this hub are made up (示例数据)."""
    viewer.must("sync:run")
    practice = await session.scalar(visible(viewer).where(Practice.code == code).with_for_update())
    if practice is None:
        raise NotFound("practice", code)
    if not practice.synthetic:
        practice.synthetic = True
    return practice


async def start_procedure(
    session: AsyncSession,
    viewer: Viewer,
    *,
    workflow_id: UUID,
    title: str,
    grid_id: UUID,
    party_id: UUID | None = None,
    note: str | None = None,
) -> Procedure:
    """Begin a workflow whose subject is no request (发起流程): it stands at its first step."""
    workflow = await session.scalar(workflows(viewer).where(Workflow.id == workflow_id))
    if workflow is None:
        raise NotFound("workflow", workflow_id)
    if workflow.subject is WorkflowSubject.REQUEST:
        raise Invalid(f"{workflow.name} is for requests: submit one with this workflow.", field="workflow_id")
    grid = await grids.by_id(session, viewer, grid_id)
    first = (await steps.of_workflow(session, workflow.id))[0]
    await steps.must_be_taken_by(session, viewer, first, grid.path, WRITE, party_id)
    if party_id is not None:
        await parties.living(session, viewer, party_id)
    procedure = Procedure(
        id=uuid7(),
        workflow_id=workflow.id,
        step_id=first.id,
        title=words.said(title, field="title", most=words.LINE),
        party_id=party_id,
        grid_id=grid.id,
        grid_path=grid.path,
    )
    session.add(procedure)
    return await _stand(session, viewer, procedure, first, note)


async def take_step(
    session: AsyncSession, viewer: Viewer, id: UUID, *, step_id: UUID, note: str | None = None
) -> Procedure:
    """Take one of the steps that may come next (推进流程)."""
    procedure = await writing.found(session, "procedure", id, procedures(viewer).where(Procedure.id == id))
    known = {step.id: step for step in await steps.of_workflow(session, procedure.workflow_id)}
    there = known.get(step_id)
    here = await session.get_one(WorkflowStep, procedure.step_id)  # also one that the practice has no more
    possible = [step for step in known.values() if step.code in here.leads_to]
    if here.leads_to and not possible:  # nor has it what came next
        possible = list(known.values())
    if there not in possible:
        names = "、".join(step.name for step in possible) or "nothing: it has ended"
        raise Conflict(f"{procedure.title} stands at {here.name}. Possible now: {names}.")
    await steps.must_be_taken_by(session, viewer, there, procedure.grid_path, WRITE, procedure.party_id)
    return await _stand(session, viewer, procedure, there, note)


async def _stand(
    session: AsyncSession, viewer: Viewer, procedure: Procedure, step: WorkflowStep, note: str | None
) -> Procedure:
    """It has the deadline of the step that is now to be taken."""
    at = now()
    awaited = next_step(await steps.of_workflow(session, procedure.workflow_id), step)
    procedure.step_id = step.id
    days = awaited.days if awaited is not None else None
    procedure.due_at = deadlines.after(at, days).due_at if days is not None else None
    procedure.ended_at = None if step.leads_to else at
    session.add(
        ProcedureStep(
            procedure_id=procedure.id,
            step_id=step.id,
            at=at,
            actor_id=viewer.party_id,
            note=words.maybe(note, field="note"),
        )
    )
    return procedure
