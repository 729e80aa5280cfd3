"""What is done with requests: one mutation for each verb of their life."""

from typing import Any

import strawberry

from hub.services import closing, handling, intake, merging, publicity, supervision, triage
from schema.verbs import verb

IDS = {
    "id": "Request",
    "into_id": "Request",
    "grid_id": "Grid",
    "party_id": "Party",
    "workflow_id": "Workflow",
    "evidence_ids": "Attachment",
}

WORDS = {
    "id": "The request (诉求).",
    "grid_id": "Where it is: the grid's id (网格).",
    "party_id": "The party's id (单位).",
    "into_id": "The request under which it is to be handled (并入的诉求).",
    "title": "What it is about, in a line (标题).",
    "content": "What was said (内容).",
    "kind": "What the caller wants (诉求类型).",
    "channel": "How it came in (来源渠道).",
    "category": "The category, from the larger to the smaller, joined by '/' (分类).",
    "urgency": "How pressing it is (紧急程度).",
    "place": "Where, in words (地点).",
    "longitude": "In degrees, WGS 84 (经度).",
    "latitude": "In degrees, WGS 84 (纬度).",
    "practice": "The code of the practice that it belongs to (实践).",
    "workflow_id": "The practice's workflow that it is to go through: it begins at its first step (流程).",
    "caller": "Who called; kept in the vault, shown only masked (来电人).",
    "caller.name": "The name given (姓名).",
    "caller.phone": "The number given (电话).",
    "caller.confidential": "Whether the caller asks for secrecy: yes unless said (保密).",
    "issues": "The several matters in it, where there are several (诉求事项).",
    "issues.title": "What the matter is about (标题).",
    "issues.category": "Its category (分类).",
    "note": "What is said about it (说明).",
    "reason": "Why (理由).",
    "evidence_ids": "The files of the request that show it (证据附件).",
    "working_days": "How many working days, by the Chinese calendar (工作日).",
    "granted": "Whether it is granted (是否同意).",
    "reply": "The answer (答复).",
    "result": "What was done, in words for the caller (办理结果).",
    "ok": "Whether it was found done (是否通过).",
    "solved": "Whether the caller says that it is solved (是否解决).",
    "satisfaction": "How the caller feels about it (满意度).",
}


def _verb(function: Any) -> Any:
    return verb(function, WORDS, returns="Request", ids=IDS)


@strawberry.type
class Mutation:
    submit_request = _verb(intake.submit)
    send_request = _verb(intake.send)
    ask_info = _verb(triage.ask_info)
    add_info = _verb(triage.add_info)
    reject_scope = _verb(triage.reject_scope)
    triage_request = _verb(triage.triage)
    dispatch_request = _verb(triage.dispatch)
    sign_request = _verb(handling.sign)
    accept_request = _verb(handling.accept)
    join_request = _verb(handling.join)
    respond_request = _verb(handling.respond)
    evaluate_response = _verb(handling.evaluate_response)
    ask_return = _verb(handling.ask_return)
    decide_return = _verb(triage.decide_return)
    ask_extension = _verb(handling.ask_extension)
    decide_extension = _verb(triage.decide_extension)
    handle_request = _verb(handling.handle)
    verify_request = _verb(closing.verify)
    feed_back = _verb(closing.feed_back)
    evaluate_request = _verb(closing.evaluate)
    publish_request = _verb(publicity.publish)
    unpublish_request = _verb(publicity.unpublish)
    close_request = _verb(closing.close)
    reopen_request = _verb(closing.reopen)
    archive_request = _verb(closing.archive)
    escalate_request = _verb(triage.escalate)
    merge_request = _verb(merging.merge)
    unmerge_request = _verb(merging.unmerge)
    supervise_request = _verb(supervision.supervise)
    release_request = _verb(supervision.release)
    urge_request = _verb(supervision.urge)
