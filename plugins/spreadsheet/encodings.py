"""In which encoding a text file is, where the settings do not say."""

import codecs
import unicodedata
from collections import Counter

from hub.plugin import SourceBroken

__all__ = ["guess"]

BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
OTHERS = {"big5": "Big5", "shift_jis": "Shift-JIS"}
STRANGE, STRANGERS, RARE = 0.05, 3, 0.7
"""Measured on 661,925 real names in GB18030: 0.00001 strange, 0.0009 rare, and 0.67 rare in the rarest single name. In
Chinese text with the traditional characters: 0 strange, 0.35 rare. Big5 taken for it: 0.49 and 0.71; Shift-JIS: 0.97
rare."""


def guess(name: str, sample: bytes, *, cut: bool) -> str:
    """The encoding that most lines of the sample speak for: one bad line must not decide."""
    for bom, encoding in BOMS:
        if sample.startswith(bom):
            return encoding
    lines = sample.split(b"\n")
    lines = [line for line in (lines[:-1] if cut else lines) if not line.isascii()]
    if _most(lines, "utf-8"):
        return "utf-8"
    if not _most(lines, "gb18030"):
        raise SourceBroken(
            f"{name} is neither UTF-8 nor GB18030 text. Set the setting encoding, or save it as UTF-8 "
            "(CSV UTF-8 in Excel)."
        )
    if not _plausible("".join(_decoded(line, "gb18030") or "" for line in lines)):
        other = next((other for other in OTHERS if _most(lines, other)), "big5")
        raise SourceBroken(
            f"{name} is no UTF-8 text, and as GB18030 its names make no sense: it is probably {OTHERS[other]}. "
            f"Run again with --set encoding={other} (or gb18030, if that is what it is), or save it as UTF-8."
        )
    return "gb18030"


def _most(lines: list[bytes], encoding: str) -> bool:
    return 2 * sum(_decoded(line, encoding) is not None for line in lines) >= len(lines)


def _decoded(line: bytes, encoding: str) -> str | None:
    try:
        return None if b"\0" in line else line.decode(encoding)
    except UnicodeDecodeError:
        return None


def _plausible(text: str) -> bool:
    """Whether text read as GB18030 is Chinese, and not what another encoding's bytes happen to mean in it."""
    found: Counter[str] = Counter()
    for letter, times in Counter(text).items():
        if not letter.isascii():
            found[_sort(letter)] += times
    if found["strange"] >= STRANGERS and found["strange"] > STRANGE * found.total():
        return False
    return found["strange"] + found["rare"] <= RARE * found.total()


def _sort(letter: str) -> str:
    """ "strange": private, no character, or of another script; "rare": none of GB 2312; else "usual".

    Of four bytes every second one is a digit, which no other encoding has there: 㐀 and 𠮷 are no accident.
    """
    if unicodedata.category(letter) in ("Co", "Cn", "Cc"):
        return "strange"
    code = letter.encode("gb18030")
    if len(code) == 4 or letter == "〇":
        return "usual"
    if 0xA4 <= code[0] <= 0xA9:  # kana, Greek, Cyrillic, bopomofo, lines
        return "strange"
    return "usual" if code[0] >= 0xA1 and code[1] >= 0xA1 else "rare"
