"""Which resources fit which needs, why, and what people decided about that (资源与需求匹配)."""

from typing import Any

import strawberry

from hub import models
from hub.services import matching
from hub.services import resources as see_resources
from schema.edges import one
from schema.node import Identified, computed, node
from schema.verbs import verb

SHOWN = "score same_category same_sort place metres on_time room"
NEEDED = ("category", "same_category", "same_sort", "place", "metres", "on_time", "room")
WORDS = {
    "need_id": "The need (需求).",
    "resource_id": "The resource (资源).",
    "title": "The project's title; unless said, made of both (项目名称).",
    "owner_id": "Who does it (责任方).",
    "starts_on": "The first day (开始日期).",
    "reason": "Why it does not fit, in words (理由).",
}
IDS = {"need_id": "Need", "resource_id": "Resource", "owner_id": "Party"}


def _reasons(model: Any) -> Any:
    needs = [getattr(model, name) for name in NEEDED]
    return computed(needs, matching.reasons, type=list[str], description="What speaks for it, in words (推荐理由).")


def _need(model: Any) -> Any:
    return one("Need", see_resources.needs, models.Need.id, key=model.need_id, description="The need (需求).")


def _resource(model: Any) -> Any:
    return one(
        "Resource", see_resources.visible, models.Resource.id, key=model.resource_id, description="The resource (资源)."
    )


@node(models.SuggestedResource, matching.suggested_resources, SHOWN)
class SuggestedResource:
    reasons = _reasons(models.SuggestedResource)
    need = _need(models.SuggestedResource)
    resource = _resource(models.SuggestedResource)


@node(models.SuggestedNeed, matching.suggested_needs, SHOWN)
class SuggestedNeed:
    reasons = _reasons(models.SuggestedNeed)
    need = _need(models.SuggestedNeed)
    resource = _resource(models.SuggestedNeed)


@node(models.MatchDecline, matching.declines, "reason created_at")
class MatchDecline(Identified):
    need = _need(models.MatchDecline)
    resource = _resource(models.MatchDecline)


@strawberry.type
class Mutation:
    confirm_match = verb(matching.confirm, WORDS, returns="Project", ids=IDS)
    decline_match = verb(matching.decline, WORDS, returns="MatchDecline", ids=IDS)
