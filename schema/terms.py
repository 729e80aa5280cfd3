"""The Chinese terms in the descriptions: English first, what people here call it in parentheses."""

import re

IN_PARENTHESES = re.compile(r"\(([^(),]*[\u4e00-\u9fff][^(),]*)")


def chinese(description: str) -> str | None:
    """The first Chinese term in a description: 受理 of "Taken in (受理)."."""
    found = IN_PARENTHESES.search(description)
    return found and found[1].strip()


def with_terms(description: str, *terms: str | None) -> str:
    """A sentence and, in parentheses, the terms that there are."""
    return f"{description} ({', '.join(term for term in terms if term)})."
