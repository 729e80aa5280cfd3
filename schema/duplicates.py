"""Requests that may say the same: what is suggested, for one that is there and for one that is yet to be submitted."""

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from hub import models
from hub.auth import Viewer
from hub.services import duplicates, merging
from hub.services import requests as see_requests
from hub.services.likeness import ReasonKind
from schema.context import Info
from schema.edges import many, one
from schema.node import Identified, NamedField, computed, looked_up, named, node, registered, term, uuid_for
from schema.verbs import verb

REQUEST = models.Request.id
MOST_OF_CLUSTER = 100
term(ReasonKind)


@registered
@strawberry.type(description="One way in which two requests are alike (相似理由).")
class SimilarityReason:
    kind: ReasonKind = strawberry.field(description="In which way (方面).")
    words: str = strawberry.field(description="In words (说明).")
    score: float = strawberry.field(description="How much, from 0 to 1 (分值).")


def _reasons(stored: Sequence[dict[str, Any]]) -> list[SimilarityReason]:
    return [SimilarityReason(kind=ReasonKind[one["kind"]], words=one["words"], score=one["score"]) for one in stored]


@node(models.DuplicateSuggestion, duplicates.visible, "at score decided decided_by decided_at")
class DuplicateSuggestion(Identified):
    request = one(
        "Request",
        see_requests.visible,
        REQUEST,
        key=models.DuplicateSuggestion.request_id,
        description="Of which request (诉求).",
    )
    other = one(
        "Request",
        see_requests.visible,
        REQUEST,
        key=models.DuplicateSuggestion.other_id,
        description="Which request may say the same (疑似重复的诉求).",
    )
    reasons = computed(
        [models.DuplicateSuggestion.reasons],
        _reasons,
        type=list[SimilarityReason],
        description="Why (理由).",
    )


@registered
@strawberry.type(description="An open request that may say the same (相似诉求).")
class SimilarRequest:
    request = NamedField(type_annotation=named("Request"), description="Which (诉求).")
    score: float = strawberry.field(description="How alike they are, from 0 to 1 (相似度).")
    reasons: list[SimilarityReason] = strawberry.field(description="Why (理由).")


async def _together(
    session: AsyncSession, viewer: Viewer, heads: Sequence[tuple[Any, ...]]
) -> list[list[models.Request]]:
    found = await merging.together(session, viewer, [head for (head,) in heads], most=MOST_OF_CLUSTER)
    return [found[head] for (head,) in heads]


async def _requests(root: strawberry.Parent[merging.Cluster], info: Info) -> Any:
    return await info.context.loaders.look_up(_together, (root.head_id,))


@registered
@strawberry.type(description="Requests that are handled as one (并案组).")
class Cluster:
    size: int = strawberry.field(description="How many requests (诉求数).")
    callers: int = strawberry.field(description="How many people they came from, as far as that is known (诉求人数).")
    requests = NamedField(
        type_annotation=named("list[Request]"),
        description=f"Those that the viewer may see, the one that is handled first; at most {MOST_OF_CLUSTER} (诉求).",
        metadata={"rows": MOST_OF_CLUSTER},
    )(_requests)


def cluster() -> Any:
    """The field of a request."""
    return looked_up(
        [models.Request.id, models.Request.merged_into_id],
        merging.clusters,
        type=Cluster,
        description="The requests that are handled together with it (并案组): many callers, one handling.",
    )


def suggestions() -> Any:
    """The edge of a request."""
    return many(
        "DuplicateSuggestion",
        duplicates.visible,
        models.DuplicateSuggestion.request_id,
        key=REQUEST,
        order="-score",
        description="Which requests may say the same, the likeliest first (疑似重复).",
    )


def _text(words: str) -> Any:
    return strawberry.argument(description=words)


async def _similar(
    info: Info,
    title: Annotated[str, _text("What it is about (标题).")],
    content: Annotated[str | None, _text("What was said (内容).")] = None,
    grid_id: Annotated[strawberry.ID | None, _text("On which grid (网格).")] = None,
    category: Annotated[str | None, _text("The category (分类).")] = None,
    place: Annotated[str | None, _text("Where, in words (地点).")] = None,
    longitude: Annotated[float | None, _text("In degrees, WGS 84 (经度).")] = None,
    latitude: Annotated[float | None, _text("In degrees, WGS 84 (纬度).")] = None,
    first: Annotated[int, _text(f"How many, at most {duplicates.MOST_SUGGESTED} (前几条).")] = duplicates.STORED,
) -> Any:
    grid = None if grid_id is None else uuid_for("Grid", grid_id, field="grid_id")
    where = {"grid_id": grid, "place": place, "longitude": longitude, "latitude": latitude}
    said: dict[str, Any] = {"title": title, "content": content, "category": category, "first": first} | where
    async with info.context.db.read() as session:
        return await duplicates.before(session, info.context.viewer, **said)


WORDS = {"request_id": "The request (诉求).", "other_id": "The one that it was likened to (疑似重复的诉求)."}


@strawberry.type
class Query:
    similar_requests = strawberry.field(
        resolver=_similar,
        graphql_type=list[SimilarRequest],
        description="Before it is submitted: open requests of the last weeks that may say the same, near the place "
        "that is given, the likeliest first, and why (查重). Without a grid or coordinates nothing is found.",
        metadata={"rows": duplicates.MOST},
    )


@strawberry.type
class Mutation:
    dismiss_duplicate = verb(
        duplicates.dismiss,
        WORDS,
        returns="DuplicateSuggestion",
        ids={"request_id": "Request", "other_id": "Request"},
    )
