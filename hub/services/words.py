"""Words that people send in: trimmed, within bounds, and free of personal data where everybody may read them."""

import re
import unicodedata

from hub.errors import Invalid

LINE, PARAGRAPH = 200, 10_000

MOBILE = re.compile(r"(?<!\d)((?:(?:\+|00)?86[ -]?)?1[3-9]\d)(?:[ -]?\d){4}[ -]?(\d(?:[ -]?\d){3})(?!\d)")
LANDLINE = re.compile(r"(?<!\d)(\(?0\d{2,3}[) -]{1,2})\d{3,4}(\d{4})(?!\d)")  # with an area code
DIGIT = re.compile(r"\d")
IDENTITY = re.compile(
    r"(?<!\d)[1-9]\d{5}[ -]?(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[ -]?\d{3}[\dXx](?!\d)"
)


def said(value: str, *, field: str, most: int = PARAGRAPH) -> str:
    """The words without blanks around them. Raises Invalid if there are none, or too many."""
    value = value.strip()
    if not value:
        raise Invalid(f"{field} is empty: write at least a word.", field=field)
    if len(value) > most:
        raise Invalid(f"{field} has {len(value)} characters: at most {most} are kept.", field=field)
    return value


def maybe(value: str | None, *, field: str, most: int = PARAGRAPH) -> str | None:
    """The same for words that may be left out: nothing but blanks is nothing."""
    return said(value, field=field, most=most) if value and value.strip() else None


def personal(value: str | None) -> str | None:
    """What personal number stands in the words: a mobile number of 11 digits, an ID number of 18; None: neither."""
    plain = _plain(value or "")
    if IDENTITY.search(plain):
        return "an ID number"
    return "a mobile number" if MOBILE.search(plain) else None


def masked(text: str) -> str:
    """The words with telephone numbers masked and ID numbers struck out.

    Words that hide a number in other signs, as full-width digits, come back in plain ones.
    """
    if DIGIT.search(text) is None:
        return text
    struck = _struck(text)
    return struck if personal(struck) is None else _struck(_plain(struck))


def _plain(value: str) -> str:
    plain = value
    if not value.isascii():
        plain = "".join(sign for sign in unicodedata.normalize("NFKC", value) if unicodedata.category(sign) != "Cf")
    return re.sub(r"[\u2010-\u2015\s]", lambda gap: " " if gap[0].isspace() else "-", plain)


def _struck(text: str) -> str:
    text = IDENTITY.sub("***", text)
    return LANDLINE.sub(r"\1****\2", MOBILE.sub(r"\1****\2", text))
