"""Who called, kept apart: the caller's name and number are taken out of everything else that the row says."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hub.plugin import Caller
from plugins.hotline12345.cells import Row, first, word
from plugins.hotline12345.dialects import NAMELESS, Dialect

__all__ = ["caller", "discreet"]

HIDDEN_NAME, HIDDEN_PHONE = "〔来电人〕", "〔电话〕"
OPEN_TO_ALL = ("title", "content", "place", "result", "category", "assignee")
LEAST_DIGITS = 5


def caller(row: Row, dialect: Dialect) -> Caller | None:
    """Name and number as far as the row has them; confidential unless it says otherwise."""
    (_, name), (_, phone) = first(row, dialect, "caller_name"), first(row, dialect, "caller_phone")
    if name is None and phone is None:
        return None
    column, secret = first(row, dialect, "caller_confidential")
    told = column is not None and secret is not None
    open_ = told and word(dialect, "caller_confidential", str(column), str(secret)) == "NO"
    nameless = name is None or name in NAMELESS
    return Caller(None if nameless else name, digits(phone), confidential=nameless or not open_)


def digits(phone: str | None) -> str | None:
    """A number without its separators and without China's +86."""
    plain = re.sub(r"\D", "", unicodedata.normalize("NFKC", phone or ""))
    if len(plain) == 13 and plain.startswith("86"):
        plain = plain[2:]
    return plain if len(plain) >= LEAST_DIGITS else None


def discreet(fields: Mapping[str, Any], who: Caller) -> dict[str, Any]:
    """The fields, and the issues among them, without the caller's name and number."""
    found: dict[str, Any] = {name: hide(fields[name], who) for name in OPEN_TO_ALL if fields.get(name)}
    if fields.get("issues"):
        found["issues"] = tuple(
            replace(issue, title=hide(issue.title, who), category=issue.category and hide(issue.category, who))
            for issue in fields["issues"]
        )
    return {**fields, **found}


def hide(written: str, who: Caller) -> str:
    """The text without the caller's name and number, however the number is spaced."""
    if who.name is not None and len(who.name) > 1:
        written = written.replace(who.name, HIDDEN_NAME)
    if who.phone is not None and who.phone[-2:] in written:
        spaced = r"[-\s]?".join(who.phone)
        written = re.sub(rf"(?:\+?86[-\s]?)?{spaced}", HIDDEN_PHONE, written)
    return written
