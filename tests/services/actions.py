"""Every action of the table as a call, with words that are in order."""

from typing import Any
from uuid import UUID

from hub.models import RequestAction, Satisfaction
from hub.services import attachments, closing, handling, intake, merging, publicity, supervision, triage
from tests.services.town import Town, Verb

A = RequestAction
NOTE = {"note": "说明"}
REASON = {"reason": "理由"}

VERBS: dict[RequestAction, tuple[Verb, dict[str, Any]]] = {
    A.SUBMIT: (intake.send, {}),
    A.ASK_INFO: (triage.ask_info, NOTE),
    A.ADD_INFO: (triage.add_info, NOTE),
    A.REJECT_SCOPE: (triage.reject_scope, {"reason": triage.ScopeReason.SECRECY}),
    A.TRIAGE: (triage.triage, {}),
    A.DISPATCH: (triage.dispatch, {"party_id": "police"}),
    A.ESCALATE: (triage.escalate, REASON),
    A.MERGE: (merging.merge, {"into_id": "other"}),
    A.UNMERGE: (merging.unmerge, {}),
    A.SIGN: (handling.sign, {}),
    A.ACCEPT: (handling.accept, {}),
    A.JOIN: (handling.join, {"party_id": "police"}),
    A.RESPOND: (handling.respond, {"party_id": "water_works", "reply": "已修"}),
    A.EVALUATE_RESPONSE: (handling.evaluate_response, {"party_id": "water_works", "ok": True}),
    A.HANDLE: (handling.handle, {"result": "已修"}),
    A.ASK_RETURN: (handling.ask_return, REASON),
    A.GRANT_RETURN: (triage.decide_return, {"granted": True}),
    A.REFUSE_RETURN: (triage.decide_return, {"granted": False} | REASON),
    A.ASK_EXTENSION: (handling.ask_extension, {"working_days": 2} | REASON),
    A.GRANT_EXTENSION: (triage.decide_extension, {"granted": True, "working_days": 2}),
    A.REFUSE_EXTENSION: (triage.decide_extension, {"granted": False} | REASON),
    A.VERIFY: (closing.verify, {"ok": True}),
    A.REWORK: (closing.verify, {"ok": False} | NOTE),
    A.FEED_BACK: (closing.feed_back, NOTE),
    A.EVALUATE: (closing.evaluate, {"satisfaction": Satisfaction.SATISFIED}),
    A.CLOSE: (closing.close, {"result": "已修"}),
    A.REOPEN: (closing.reopen, REASON),
    A.ARCHIVE: (closing.archive, {}),
    A.PUBLISH: (publicity.publish, {}),
    A.UNPUBLISH: (publicity.unpublish, {}),
    A.ATTACH: (attachments.attach, {"name": "a.txt", "content": "图".encode()}),
    A.SUPERVISE: (supervision.supervise, {}),
    A.RELEASE: (supervision.release, {}),
    A.URGE: (supervision.urge, {}),
}


async def take(town: Town, action: RequestAction, id: UUID, other: UUID) -> None:
    """Take an action with a request; `other` is the one it may be merged into."""
    verb, keywords = VERBS[action]
    names = {"police": town.police, "water_works": town.water_works, "other": other}
    given = {key: names.get(value, value) if isinstance(value, str) else value for key, value in keywords.items()}
    await town.do(verb, id, **given)
