"""How cities work: practices, their lists and workflows, the figures that they have published, and indicators."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from hub import models
from hub.services import grids as see_grids
from hub.services import indicators
from hub.services import parties as see_parties
from hub.services import practices as see_practices
from hub.services import requests as see_requests
from schema.changes import history
from schema.context import Context, Info
from schema.edges import connection, found, many, one
from schema.filters import reference
from schema.inputs import Slot, arguments
from schema.node import Identified, NamedField, named, node, registered, term
from schema.verbs import verb

GRID, PARTY = models.Grid.id, models.Party.id
CODE = models.Practice.code
WORKFLOW, STEP = models.Workflow.id, models.WorkflowStep.id


def _practice(column: Any) -> Any:
    return one("Practice", see_practices.visible, CODE, key=column, description="Whose it is (实践).")


def _steps(column: Any, key: Any, description: str) -> Any:
    return many(
        "WorkflowStep", see_practices.workflow_steps, column, key=key, order="position", description=description
    )


@node(
    models.Practice,
    see_practices.visible,
    "code name title description synthetic created_at updated_at",
    natural="code",
)
class Practice(Identified):
    grid = one("Grid", see_grids.visible, GRID, key=models.Practice.grid_id, description="Where it is at home (网格).")
    schemes = many(
        "Scheme",
        see_practices.schemes,
        models.Scheme.practice,
        key=CODE,
        order="code",
        description="The lists that it goes by (名目).",
    )
    workflows = many(
        "Workflow",
        see_practices.workflows,
        models.Workflow.practice,
        key=CODE,
        order="code",
        description="How it works (流程).",
    )
    features = many(
        "Feature",
        see_practices.features,
        models.Feature.practice,
        key=CODE,
        order="code",
        description="What it has published about itself (特色做法).",
    )
    figures = many(
        "Figure",
        see_practices.figures,
        models.Figure.practice,
        key=CODE,
        order="code",
        description="The numbers that it has published (公布数据).",
    )
    indicators = many(
        "Indicator",
        see_practices.indicators,
        models.Indicator.practice,
        key=CODE,
        order="code",
        description="What is worked out for it (指标).",
    )
    history = history(models.Practice.id)


@node(
    models.Scheme,
    see_practices.schemes,
    "code scheme_kind name description expected complete created_at updated_at",
    natural="code",
)
class Scheme(Identified):
    practice = _practice(models.Scheme.practice)
    items = many(
        "SchemeItem",
        see_practices.scheme_items,
        models.SchemeItem.scheme_id,
        key=models.Scheme.id,
        order="position",
        description="What stands on it (内容).",
    )


@node(models.SchemeItem, see_practices.scheme_items, "code position name description year", natural="code")
class SchemeItem(Identified):
    scheme = one(
        "Scheme",
        see_practices.schemes,
        models.Scheme.id,
        key=models.SchemeItem.scheme_id,
        description="On which list (名目).",
    )


@node(models.Workflow, see_practices.workflows, "code name subject description created_at updated_at", natural="code")
class Workflow(Identified):
    practice = _practice(models.Workflow.practice)
    steps = _steps(models.WorkflowStep.workflow_id, WORKFLOW, "Its steps, in order (环节).")
    escalations = many(
        "Escalation",
        see_practices.escalations,
        models.Escalation.workflow_id,
        key=WORKFLOW,
        order="days",
        description="What happens to what is overdue (督办规则).",
    )
    requests = many(
        "Request",
        see_requests.visible,
        models.Request.workflow_id,
        key=WORKFLOW,
        order="-submitted_at",
        description="The requests that go through it (诉求).",
    )
    procedures = many(
        "Procedure",
        see_practices.procedures,
        models.Procedure.workflow_id,
        key=WORKFLOW,
        order="-created_at",
        description="What else goes through it (办理过程).",
    )


@node(
    models.WorkflowStep,
    see_practices.workflow_steps,
    "code position name phase actions taken_by days leads_to closed_on",
    natural="code",
)
class WorkflowStep(Identified):
    workflow = one(
        "Workflow",
        see_practices.workflows,
        WORKFLOW,
        key=models.WorkflowStep.workflow_id,
        description="Of which workflow (流程).",
    )


@node(models.Escalation, see_practices.escalations, "code days rung")
class Escalation(Identified):
    workflow = one(
        "Workflow",
        see_practices.workflows,
        WORKFLOW,
        key=models.Escalation.workflow_id,
        description="Under which workflow (流程).",
    )


@node(models.Procedure, see_practices.procedures, "title due_at ended_at created_at updated_at")
class Procedure(Identified):
    workflow = one(
        "Workflow",
        see_practices.workflows,
        WORKFLOW,
        key=models.Procedure.workflow_id,
        description="Through which workflow it goes (流程).",
    )
    step = one(
        "WorkflowStep",
        see_practices.workflow_steps,
        STEP,
        key=models.Procedure.step_id,
        description="Where it stands, in the practice's words and by its phase (当前环节).",
    )
    party = one(
        "Party", see_parties.visible, PARTY, key=models.Procedure.party_id, description="Whom it is about (对象)."
    )
    grid = one("Grid", see_grids.visible, GRID, key=models.Procedure.grid_id, description="Where (网格).")
    taken = many(
        "ProcedureStep",
        see_practices.procedure_steps,
        models.ProcedureStep.procedure_id,
        key=models.Procedure.id,
        order="at",
        description="The steps that were taken (办理记录).",
    )
    history = history(models.Procedure.id)


@node(models.ProcedureStep, see_practices.procedure_steps, "at note")
class ProcedureStep(Identified):
    procedure = one(
        "Procedure",
        see_practices.procedures,
        models.Procedure.id,
        key=models.ProcedureStep.procedure_id,
        description="Of what (办理过程).",
    )
    step = one(
        "WorkflowStep",
        see_practices.workflow_steps,
        STEP,
        key=models.ProcedureStep.step_id,
        description="Which step (环节).",
    )
    actor = one(
        "Party", see_parties.visible, PARTY, key=models.ProcedureStep.actor_id, description="Who took it (操作者)."
    )


@node(models.Feature, see_practices.features, "code row title scenario", natural="code")
class Feature(Identified):
    practice = _practice(models.Feature.practice)
    figures = many(
        "Figure",
        see_practices.figures,
        models.Figure.feature_id,
        key=models.Feature.id,
        order="code",
        description="Its numbers (数据).",
    )


@node(models.Figure, see_practices.figures, "code name value unit qualifier scope said query at", natural="code")
class Figure(Identified):
    practice = _practice(models.Figure.practice)
    feature = one(
        "Feature",
        see_practices.features,
        models.Feature.id,
        key=models.Figure.feature_id,
        description="Of which feature (特色做法).",
    )


@node(
    models.Indicator,
    see_practices.indicators,
    "code name description numerator denominator exclusions period",
    natural="code",
)
class Indicator(Identified):
    practice = _practice(models.Indicator.practice)


term(models.GridLevel)


@registered
@strawberry.type(description="What an indicator comes to, in one place and time (指标值).")
class IndicatorValue:
    grid_code: str | None = strawberry.field(description="The code of the grid, where it is worked out by grid (网格).")
    grid_name: str | None = strawberry.field(description="The name of the grid (网格名称).")
    numerator: float | None = strawberry.field(description="What was counted (分子).")
    denominator: float | None = strawberry.field(description="Of how many; null where it is no share (分母).")
    excluded: float | None = strawberry.field(description="How many were left out (剔除).")
    value: float | None = strawberry.field(description="The share, or the number (数值).")
    suppressed: bool = strawberry.field(description="Whether they are too few to be told: fewer than five (已隐去).")
    since: datetime | None = strawberry.field(description="From when (起始).")
    until: datetime | None = strawberry.field(description="Up to when (截止).")


SLOTS = [
    Slot("code", "str", "The code of the indicator (指标代码)."),
    Slot("under", "GridRef | None", "Only at or below this grid (网格范围)."),
    Slot("during", "TimeRange | None", "Only what happened then; unless said, at any time (时间范围)."),
    Slot("at", "datetime | None", "Instead: the assessment period that this moment lies in (考核周期)."),
    Slot("level", "GridLevel | None", "For each grid of this level (汇总层级)."),
]


class IndicatorField(NamedField):
    """An indicator, worked out."""

    is_basic_field = False

    def get_result(self, source: Any, info: Info | None, args: list[Any], kwargs: Any) -> Any:
        assert info is not None
        return worked_out(info.context, **kwargs)


async def worked_out(
    context: Context,
    code: str,
    under: Mapping[str, Any] | None = None,
    during: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    level: models.GridLevel | None = None,
) -> list[IndicatorValue]:
    """The values of an indicator, all of one moment."""
    path = None if under is None else await context.loaders.path(reference(under, field="under"))
    async with context.db.read() as session:
        indicator = await see_practices.indicator(session, context.viewer, code)
        span = indicators.span(indicator, path, during or {}, at)
        found = await indicators.shares(session, context.viewer, indicator, span, level)
    return [_value(place, share, span) for place, share in found]


def _value(place: models.Grid | None, share: indicators.Share, span: indicators.Span) -> IndicatorValue:
    return IndicatorValue(
        grid_code=place.code if place else None,
        grid_name=place.name if place else None,
        numerator=share.numerator,
        denominator=share.denominator,
        excluded=share.excluded,
        value=share.value,
        suppressed=share.suppressed,
        since=span.since,
        until=span.until,
    )


def _indicator_values() -> Any:
    made = IndicatorField(
        type_annotation=named("list[IndicatorValue]"),
        description="An indicator worked out over what the viewer may see, by grid where a level is given (指标值).",
        metadata={"rows": indicators.MOST_PLACES},
    )
    made.arguments = arguments(SLOTS)
    return made


WORDS = {
    "id": "Its id (标识).",
    "workflow_id": "The workflow (流程).",
    "step_id": "The step that is taken (环节).",
    "title": "What it is about (事由).",
    "grid_id": "Where (网格).",
    "party_id": "Whom it is about (对象).",
    "note": "What is said about it (说明).",
}
IDS = {"id": "Procedure", "workflow_id": "Workflow", "step_id": "WorkflowStep", "grid_id": "Grid", "party_id": "Party"}


@strawberry.type
class Query:
    practice = found("Practice", see_practices.visible, CODE, description="One practice (实践).")
    practices = connection("Practice", see_practices.visible, order="code", description="How cities work (实践).")
    scheme = found("Scheme", see_practices.schemes, models.Scheme.code, description="One list of a practice (名目).")
    schemes = connection("Scheme", see_practices.schemes, order="code", description="The lists of practices (名目).")
    workflow = found("Workflow", see_practices.workflows, models.Workflow.code, description="One workflow (流程).")
    workflows = connection("Workflow", see_practices.workflows, order="code", description="The workflows (流程).")
    procedures = connection(
        "Procedure",
        see_practices.procedures,
        order="-created_at",
        description="What goes through a workflow without being a request (办理过程).",
    )
    features = connection(
        "Feature", see_practices.features, order="code", description="What practices have published (特色做法)."
    )
    figures = connection(
        "Figure", see_practices.figures, order="code", description="The numbers that they have published (公布数据)."
    )
    indicator_values = _indicator_values()
    indicators = connection(
        "Indicator", see_practices.indicators, order="code", description="What is worked out (指标)."
    )


@strawberry.type
class Mutation:
    start_procedure = verb(see_practices.start_procedure, WORDS, returns="Procedure", ids=IDS)
    take_step = verb(see_practices.take_step, WORDS, returns="Procedure", ids=IDS)
