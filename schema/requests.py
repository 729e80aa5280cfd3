"""What is asked for: requests, and the rows that belong to them."""

from datetime import datetime
from typing import Any

import strawberry

from hub import models
from hub.services import clock, handling
from hub.services import grids as see_grids
from hub.services import parties as see_parties
from hub.services import practices as see_practices
from hub.services import requests as see_requests
from hub.services import resources as see_resources
from schema import catalogue
from schema.changes import history
from schema.duplicates import cluster, suggestions
from schema.edges import connection, found, many, one
from schema.node import Column, Identified, computed, looked_up, node, term
from schema.ownership import extras, provenance, withheld

REQUEST = models.Request.id
term(models.RequestAction)


@strawberry.type(description="How the clock of a request stands (办理时钟).")
class Clock:
    runs: bool = strawberry.field(description="Whether it runs (是否计时).")
    paused_since: datetime | None = strawberry.field(
        description="Since when it stands still: more was asked for, a return, or it is merged (暂停时间)."
    )
    paused_days: int = strawberry.field(
        description="How many working days it has stood still since the deadline was set (暂停工作日)."
    )
    due_at: datetime = strawberry.field(
        description="The deadline; while it stands still: what it would be if it ran on now (办理期限)."
    )
    overdue_days: int | None = strawberry.field(
        description="How many working days late, 0 for less than one; null: in time (超期工作日)."
    )
    started_by: models.RequestAction = strawberry.field(
        description="Which step set the deadline; SYNC: a source did (起算环节)."
    )


PARTY = models.Party.id


def _step(column: Column) -> Any:
    return one(
        "WorkflowStep",
        see_practices.workflow_steps,
        models.WorkflowStep.id,
        key=column,
        description="The practice's step, by its own name and by its phase (环节).",
    )


@node(
    models.Request,
    see_requests.visible,
    """number title content kind channel category status level urgency place longitude latitude practice submitted_at
    dispatched_at signed_at handled_at closed_at due_at result solved satisfaction supervised urged returns public
    created_at updated_at""",
    natural="number",
)
class Request(Identified):
    open = computed(
        [models.Request.closed_at],
        lambda closed_at: closed_at is None,
        type=bool,
        where=models.Request.closed_at.is_(None),
        description="Whether it is not yet closed (未办结).",
    )
    grid = one("Grid", see_grids.visible, models.Grid.id, key=models.Request.grid_id, description="Where (网格).")
    assignee = one(
        "Party", see_parties.visible, PARTY, key=models.Request.assignee_id, description="Who handles it (承办方)."
    )
    suggested_assignees = catalogue.suggested()
    clock = looked_up(
        [
            *(models.Request.id, models.Request.status, models.Request.due_at),
            *(models.Request.handled_at, models.Request.closed_at),
        ],
        clock.clocks,
        type=Clock | None,
        description="The clock of the handling, in working days (办理时钟); null: there is no deadline.",
    )
    submitter = one(
        "Party", see_parties.visible, PARTY, key=models.Request.submitter_id, description="Who submitted it (提交者)."
    )
    caller = one(
        "Caller",
        see_requests.callers,
        models.Identity.id,
        key=models.Request.caller_id,
        description="Who called, masked (来电人).",
    )
    merged_into = one(
        "Request",
        see_requests.visible,
        REQUEST,
        key=models.Request.merged_into_id,
        description="Under which request it is handled (并入的诉求).",
    )
    duplicates = many(
        "Request",
        see_requests.visible,
        models.Request.merged_into_id,
        key=REQUEST,
        order="-submitted_at",
        description="The requests that are handled under it (重复诉求).",
    )
    cluster = cluster()
    duplicate_suggestions = suggestions()
    events = many(
        "RequestEvent",
        see_requests.events,
        models.RequestEvent.request_id,
        key=REQUEST,
        order="-at",
        description="The steps of its life, newest first (流转记录).",
    )
    issues = many(
        "RequestIssue",
        see_requests.issues,
        models.RequestIssue.request_id,
        key=REQUEST,
        order="key",
        description="The several matters in it (诉求事项).",
    )
    co_handlers = many(
        "CoHandler",
        see_requests.co_handlers,
        models.CoHandler.request_id,
        key=REQUEST,
        order="asked_at",
        description="Who was called in beside the assignee (协办).",
    )
    responses = many(
        "CoHandler",
        see_requests.responses,
        models.CoHandler.request_id,
        key=REQUEST,
        order="responded_at",
        description="What the parties called in have answered (响应).",
    )
    evaluations = many(
        "Evaluation",
        see_requests.evaluations,
        models.Evaluation.request_id,
        key=REQUEST,
        order="-at",
        description="What was said of the handling (评价).",
    )
    attachments = many(
        "Attachment",
        see_requests.attachments,
        models.Attachment.request_id,
        key=REQUEST,
        order="at",
        description="Its files (附件).",
    )
    claims = many(
        "Claim",
        see_resources.claims,
        models.Claim.request_id,
        key=REQUEST,
        order="-claimed_at",
        description="Who took it on (认领).",
    )
    workflow = one(
        "Workflow",
        see_practices.workflows,
        models.Workflow.id,
        key=models.Request.workflow_id,
        description="The practice's workflow that it goes through (流程).",
    )
    step = _step(models.Request.step_id)
    history = history(REQUEST)
    provenance = provenance(REQUEST)
    withheld = withheld(REQUEST)
    extras = extras(REQUEST)


def _of(column: Column) -> Any:
    return one("Request", see_requests.visible, REQUEST, key=column, description="Of which request (诉求).")


@node(models.RequestEvent, see_requests.events, "at action status note details")
class RequestEvent(Identified):
    request = _of(models.RequestEvent.request_id)
    actor = one(
        "Party", see_parties.visible, PARTY, key=models.RequestEvent.actor_id, description="Who did it (操作者)."
    )
    party = one("Party", see_parties.visible, PARTY, key=models.RequestEvent.party_id, description="To whom (对象).")
    step = _step(models.RequestEvent.step_id)


@node(models.RequestIssue, see_requests.issues, "key title category solved")
class RequestIssue(Identified):
    request = _of(models.RequestIssue.request_id)


@node(models.CoHandler, see_requests.co_handlers, "asked_at due_at responded_at reply ok evaluated_at evaluation")
class CoHandler(Identified):
    in_time = computed(
        [models.CoHandler.due_at, models.CoHandler.responded_at],
        handling.in_time,
        type=bool | None,
        description="Whether it answered before its deadline (是否按时响应); null: not yet answered, or no deadline.",
    )
    overdue = computed(
        [models.CoHandler.due_at, models.CoHandler.responded_at],
        handling.overdue,
        type=bool,
        where=handling.OVERDUE,
        description="Whether its deadline has passed without an answer (响应超期).",
    )
    request = _of(models.CoHandler.request_id)
    party = one(
        "Party", see_parties.visible, PARTY, key=models.CoHandler.party_id, description="Who was called in (协办方)."
    )


@node(models.Evaluation, see_requests.evaluations, "at solved satisfaction note")
class Evaluation(Identified):
    request = _of(models.Evaluation.request_id)
    by = one("Party", see_parties.visible, PARTY, key=models.Evaluation.by_id, description="Who gave it (评价人).")


@node(models.Attachment, see_requests.attachments, "name media_type size sha256 at")
class Attachment(Identified):
    request = _of(models.Attachment.request_id)
    by = one("Party", see_parties.visible, PARTY, key=models.Attachment.by_id, description="Who attached it (上传者).")


@strawberry.type
class Query:
    request = found("Request", see_requests.visible, models.Request.number, description="One request (诉求).")
    requests = connection(
        "Request", see_requests.visible, order="-submitted_at", description="The requests, newest first (诉求)."
    )
