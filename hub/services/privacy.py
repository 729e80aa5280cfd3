"""What everybody may read holds no personal number: one rule for people and for sources."""

from collections.abc import Iterable, Mapping
from typing import Any

from hub.errors import Conflict
from hub.models import Request
from hub.services import words

SHOWN = ("title", "content", "category", "place", "result")


def must_stay_clean(request: Request, *, note: str | None = None) -> None:
    """Raise Conflict if new words would put a personal number into a request that everybody reads."""
    if request.public:
        must_be_clean(request, (*((field, getattr(request, field)) for field in SHOWN), ("note", note)))


def must_be_clean(request: Request, texts: Iterable[tuple[str, str | None]]) -> None:
    """Raise Conflict, naming the text, if one of them holds a personal number."""
    for field, text in texts:
        if found := words.personal(text):
            raise Conflict(
                f"The {field} of request {request.number} holds {found}, and everybody can read a published request: "
                "take the number out first."
            )


def is_clean(values: Mapping[str, Any]) -> bool:
    """Whether the texts that the public sees are free of personal numbers."""
    return not any(words.personal(values.get(field)) for field in SHOWN)
