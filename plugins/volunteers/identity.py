"""ID numbers (公民身份号码, GB 11643): read, checked, turned into keyed hashes, and struck out of everything else.

A number comes in by a cell and never goes further than here. The hash is HMAC-SHA-256 over the 18 signs, in base 32:
its digits are 2 to 7, so that no part of it can look like a telephone or an ID number.
"""

import hmac
import re
import unicodedata
from base64 import b32encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

__all__ = ["Identities", "birthday", "check_digit", "normalised"]

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"
GAPS = r"[\s\-_.·\u200b-\u200f\u2010-\u2015\u2060\ufeff－]{0,2}"
GAP = re.compile(r"[\s\-_.·\u200b-\u200f\u2010-\u2015\u2060\ufeff－]+")
RUN = re.compile(rf"\d(?:{GAPS}\d){{13,}}(?:{GAPS}[XxＸｘ])?")
MOBILE = re.compile(r"(?<!\d)1[3-9]\d(?:[ -]?\d){8}(?!\d)")
HIDDEN, HIDDEN_PHONE = "〔证件号码〕", "〔电话〕"


def check_digit(first: str) -> str:
    """The last sign of an ID number, from its first 17 digits (ISO 7064, MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first, WEIGHTS, strict=True))
    return CHECK_DIGITS[total % 11]


def normalised(written: str) -> str | None:
    """The 18 signs of an ID number, however it is spaced; one of 15 digits is converted. None: it is none."""
    plain = GAP.sub("", unicodedata.normalize("NFKC", written)).upper()
    if re.fullmatch(r"[1-9][0-9]{14}", plain):
        first = f"{plain[:6]}19{plain[6:]}"
        plain = first + check_digit(first)
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", plain) or plain[-1] != check_digit(plain[:17]):
        return None
    return plain if _born(plain[6:14]) else None


def birthday(number: str) -> date:
    """The day of birth in a number that was normalised."""
    found = _born(number[6:14])
    assert found is not None
    return found


def _born(written: str) -> date | None:
    try:
        found = date(int(written[:4]), int(written[4:6]), int(written[6:]))
    except ValueError:
        return None
    return found if found.year >= 1800 else None


@dataclass(frozen=True, slots=True)
class Identities:
    """Keyed hashes of ID numbers. The same key gives the same hash; who lacks the key cannot guess numbers by it."""

    key: bytes

    def hashed(self, number: str) -> str:
        """The hash of a number that was normalised: 52 signs, lower case."""
        digest = hmac.new(self.key, number.encode(), sha256).digest()
        return b32encode(digest).decode().rstrip("=").lower()

    def code(self, written: str) -> str:
        """What somebody or something is called; an ID number in it is replaced by its hash."""
        whole = normalised(written)
        return self.hashed(whole) if whole else _without(written, lambda found: self.hashed(normalised(found) or found))

    def clean(self, written: str) -> str:
        """Words that others may read: ID and mobile numbers are struck out."""
        return MOBILE.sub(HIDDEN_PHONE, _without(written, lambda found: HIDDEN))


def _without(written: str, instead: Callable[[str], str]) -> str:
    """The words with every ID number replaced, spaced or not, also where its check digit is wrong."""
    if len(written) < 15:
        return written
    parts, at = [], 0
    for start, end in _found(written):
        parts += [written[at:start], instead(written[start:end])]
        at = end
    return "".join([*parts, written[at:]])


def _found(written: str) -> Iterator[tuple[int, int]]:
    """From where to where ID numbers stand. Of a run of more digits, those that are one by their check digit."""
    for run in RUN.finditer(written):
        signs = [at for at in range(*run.span()) if not GAP.fullmatch(written[at])]
        at = 0
        while at + 15 <= len(signs):
            length = next((length for length in (18, 15) if _is_one(written, signs, at, length)), None)
            if length is not None:
                yield signs[at], signs[at + length - 1] + 1
            at += length or 1


def _is_one(written: str, signs: list[int], at: int, length: int) -> bool:
    if at + length > len(signs):
        return False
    said = unicodedata.normalize("NFKC", "".join(written[sign] for sign in signs[at : at + length])).upper()
    alone = _ends(written, signs, at - 1, at) and _ends(written, signs, at + length - 1, at + length)
    if length == 15:
        return alone and normalised(said) is not None
    dated = said[0] != "0" and said[:17].isdigit() and _born(said[6:14]) is not None
    return dated and (alone or normalised(said) is not None)


def _ends(written: str, signs: list[int], before: int, after: int) -> bool:
    """Whether a run ends between these two signs: at its border, or at a gap."""
    return before < 0 or after >= len(signs) or signs[after] - signs[before] > 1
