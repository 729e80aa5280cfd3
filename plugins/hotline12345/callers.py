"""Who called, kept apart: the caller's name and number are taken out of everything else that the row says."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hub.plugin import Caller
from plugins.hotline12345.cells import Cells, Row, text
from plugins.hotline12345.dialects import NAMELESS, is_caller
from plugins.hotline12345.readings import Reading

__all__ = ["beyond", "caller", "discreet", "masked", "masked_unknown"]

HIDDEN_NAME, HIDDEN_PHONE = "〔来电人〕", "〔电话〕"
OPEN_TO_ALL = ("title", "content", "place", "result", "category", "assignee")
LEAST_DIGITS = 5
MASK = "***"
NO_DIGIT = re.compile(r"\D")
SEPARATORS = re.compile(r"[-\s]")
NUMBER = re.compile(rf"[+\d](?:[-\s]?\d){{{LEAST_DIGITS - 1},}}")
PHONE = re.compile(r"(\d[-\s()]*){7,13}")


def caller(cells: Cells, reading: Reading) -> Caller | None:
    """Name and number as far as the row has them; confidential unless it says otherwise."""
    (_, name), (_, phone) = reading.first(cells, "caller_name"), reading.first(cells, "caller_phone")
    if name is None and phone is None:
        return None
    column, secret = reading.first(cells, "caller_confidential")
    open_ = column is not None and secret is not None and reading.secrecy(column, secret) == "NO"
    nameless = name is None or name in NAMELESS
    return Caller(None if nameless else name, digits(phone), confidential=nameless or not open_)


def digits(phone: str | None) -> str | None:
    """A number without its separators and without China's +86."""
    plain = phone or ""
    if not (plain.isascii() and plain.isdecimal()):
        plain = NO_DIGIT.sub("", unicodedata.normalize("NFKC", plain))
    if len(plain) == 13 and plain.startswith("86"):
        plain = plain[2:]
    return plain if len(plain) >= LEAST_DIGITS else None


def discreet(fields: Mapping[str, Any], who: Caller) -> dict[str, Any]:
    """Those fields, and issues among them, that name the caller or the number, without them."""
    written = {name: said for name in OPEN_TO_ALL if (said := fields.get(name))}
    issues = fields.get("issues", ())
    if not mentioned(who, "\n".join([*written.values(), *[f"{one.title}\n{one.category}" for one in issues]])):
        return {}
    found: dict[str, Any] = {name: hide(said, who) for name, said in written.items()}
    if issues:
        found["issues"] = tuple(
            replace(issue, title=hide(issue.title, who), category=issue.category and hide(issue.category, who))
            for issue in issues
        )
    return found


def mentioned(who: Caller, written: str) -> bool:
    """Whether the text may hold the caller's name or number: for sure not, where a digit of that is missing."""
    if who.name is not None and who.name in written:
        return True
    return who.phone is not None and all(digit in written for digit in who.phone)


def hide(written: str, who: Caller) -> str:
    """The text without the caller's name and number, however the number is spaced."""
    if who.name is not None and len(who.name) > 1:
        written = written.replace(who.name, HIDDEN_NAME)
    phone = who.phone
    if phone is not None and phone[0] in written and phone[-1] in written:
        written = NUMBER.sub(lambda number: without(number[0], phone), written)
    return written


def without(number: str, phone: str) -> str:
    """A run of digits without those of the phone. A pattern is made only where there are others beside them."""
    bare = SEPARATORS.sub("", number)
    if bare == phone:
        return HIDDEN_PHONE
    if phone not in bare:
        return number
    spaced = r"[-\s]?".join(phone)
    return re.sub(rf"(?:\+?86[-\s]?)?{spaced}", HIDDEN_PHONE, number)


def told_of(row: Row, columns: Iterable[str]) -> list[Caller]:
    """Everybody whom these columns of the row name as the caller."""
    told = [text(row[column]) for column in columns]
    return [Caller(value if named(value) else None, digits(value)) for value in told if value]


def masked(row: Row, reason: str, columns: Sequence[str]) -> tuple[dict[str, Any], str]:
    """A row of a known dialect and words about it, as an admin may see them: without the caller of these columns."""
    callers = told_of(row, columns)
    shown = {name: MASK if name in columns and text(value) else whole(value, callers) for name, value in row.items()}
    return shown, str(whole(reason, callers))


def beyond(row: Row, others: Sequence[str], columns: Sequence[str]) -> dict[str, Any]:
    """What the row says in other columns than its dialect's, without the caller of these columns."""
    found: dict[str, Any] = whole({name: row[name] for name in others}, told_of(row, columns)) if others else {}
    return found


def masked_unknown(value: Any, columns: frozenset[str]) -> Any:
    """What is of no known dialect: nobody knows where the caller stands in it, so only plain ASCII is shown."""
    if isinstance(value, dict):
        return {
            name: MASK if is_caller(name, columns) and text(part) else masked_unknown(part, columns)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [masked_unknown(part, columns) for part in value]
    written = str(value)
    return value if written.isascii() and not PHONE.fullmatch(written.strip().lstrip("+")) else MASK


def named(cell: str) -> bool:
    """Whether a caller's cell holds a name, and not a number or a word for nobody."""
    return cell not in NAMELESS and any(letter.isalpha() for letter in cell)


def whole(value: Any, callers: Sequence[Caller]) -> Any:
    """The value, with all that is in it, without these callers."""
    if isinstance(value, dict):
        return {name: whole(part, callers) for name, part in value.items()}
    if isinstance(value, list):
        return [whole(part, callers) for part in value]
    if isinstance(value, str):
        for who in callers:
            value = hide(value, who)
    return value
