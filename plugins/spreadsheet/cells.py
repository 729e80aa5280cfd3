"""What a cell says: text to values. A ValueError says in words what is wrong; the caller adds file, row and column."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from types import UnionType
from typing import Any, get_args, get_type_hints
from zoneinfo import ZoneInfo

from hub.plugin import FIELDS, Place

LEVELS = {2: "PROVINCE", 4: "CITY", 6: "DISTRICT", 9: "STREET", 12: "COMMUNITY", 15: "ESTATE", 18: "BUILDING"}
RURAL = {9: "TOWN", 12: "VILLAGE"}
SHORTER = {2: 0, 4: 2, 6: 4, 9: 6, 12: 9, 15: 12, 18: 15}
OWN_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,39}")
SERIAL = re.compile(r"\d{1,7}(\.\d+)?")
DAY = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?")
TRUE = frozenset(("true", "1", "yes", "y", "是", "公开", "已解决", "解决", "保密"))
FALSE = frozenset(("false", "0", "no", "n", "否", "不公开", "未解决", "不保密"))

LISTED = re.compile(r"[、;；\n]")
HELD = (Place, datetime, date, bool, int, float, Sequence[str], Mapping[str, Any], str)
"""What a cell can hold; of several that a field may be, the first."""

Convert = Callable[[str], object]


@cache
def held(kind: str) -> Mapping[str, object]:
    """What the cells of a kind's fields hold, for all that a cell can hold."""
    found: dict[str, object] = {}
    for name, hint in get_type_hints(FIELDS[kind]).items():
        may_be = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        if fits := next((one for one in HELD if one in may_be), None):
            found[name] = fits
    return found


def division(cell: str) -> str:
    """A code of the division tree; '150602.0', as some programs write whole numbers, is mended."""
    if cell.isdecimal() and cell.isascii() and len(cell) in LEVELS:
        return cell
    if cell.endswith(".0"):
        return division(cell[:-2])
    if OWN_CODE.fullmatch(cell):
        return cell
    raise ValueError(
        f"{cell!r} is not a division code (2, 4, 6, 9 or 12 digits; 15 for an estate, 18 for a building; "
        "a code of your own begins with a letter)"
    )


def level(code: str) -> str:
    """The level that a statistical code tells: by its length, and below a district by the digits 7 to 9.

    GB/T 10114: 001 to 099 are street offices, from 100 on towns, townships and zones that count as one.
    """
    digits = code.removesuffix(".0")
    if not digits.isdecimal():
        raise ValueError(f"{code!r} is a code of your own and tells no level. Fill a column level (DISTRICT, ...)")
    return LEVELS[len(digits)] if len(digits) not in RURAL or digits[6] == "0" else RURAL[len(digits)]


def parent(code: str) -> str | None:
    """The code that a statistical code begins with: of a province and of a code of your own, none."""
    digits = code.removesuffix(".0")
    return digits[: SHORTER[len(digits)]] or None if digits.isdecimal() else None


def grid_under(under: str | None) -> Convert:
    """A grid by its code, or by names below the division `under`: '兴胜街道/滨河社区'."""

    def convert(cell: str) -> object:
        if under is None or cell.isascii():
            return division(cell)
        return Place(under, tuple(part.strip() for part in cell.split("/")))

    return convert


def number(least: float, most: float) -> Convert:
    """A number within bounds."""

    def convert(cell: str) -> float:
        try:
            value = float(cell)
        except ValueError:
            raise ValueError(f"{cell!r} is not a number") from None
        if not least <= value <= most:
            raise ValueError(f"{cell!r} is not between {least:g} and {most:g}")
        return value

    return convert


def whole(cell: str) -> int:
    """A whole number that is not negative."""
    digits = cell.removesuffix(".0").replace(",", "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
        raise ValueError(f"{cell!r} is not a whole number")
    return int(digits)


def listed(cell: str) -> tuple[str, ...]:
    """Several words, parted by 、 or ;"""
    return tuple(part for part in map(str.strip, LISTED.split(cell)) if part)


def document(cell: str) -> object:
    """An object of JSON."""
    try:
        found = json.loads(cell)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"{cell!r} is no object of JSON")
    return found


def truth(cell: str) -> bool:
    """Yes or no."""
    word = cell.lower()
    if word not in TRUE and word not in FALSE:
        raise ValueError(f"{cell!r} is neither yes nor no (是, 否, true, false, 1, 0)")
    return word in TRUE


def day(epoch: date) -> Convert:
    """A date: 2026-03-01, 2026/3/1, 2026年3月1日, 20260301, or a workbook's number of days."""

    def convert(cell: str) -> date:
        return _moment(cell, epoch).date()

    return convert


def moment(epoch: date, zone: ZoneInfo) -> Convert:
    """A time with its zone; one that names none is in the zone of the settings."""

    def convert(cell: str) -> datetime:
        value = _moment(cell, epoch)
        return value if value.tzinfo else value.replace(tzinfo=zone)

    return convert


def _moment(cell: str, epoch: date) -> datetime:
    if SERIAL.fullmatch(cell):
        return _from_serial(float(cell), cell, epoch)
    match = DAY.match(cell)
    if match:
        clock = cell[match.end() :].strip().removeprefix("T").replace("时", ":").replace("分", ":").rstrip(":秒")
        year, month, day_ = (int(part) for part in match.groups())
        try:
            date_ = date(year, month, day_)
            hour, colon, rest = clock.partition(":")
            moment_ = time.fromisoformat(hour.zfill(2) + colon + rest) if clock else time()
            return datetime.combine(date_, moment_)
        except ValueError:
            pass
    raise ValueError(f"{cell!r} is not a date or time (2026-03-01 or 2026-03-01 09:30)")


def _from_serial(days: float, cell: str, epoch: date) -> datetime:
    try:
        exact = datetime.combine(epoch, time()) + timedelta(days=days)
    except OverflowError:
        raise ValueError(f"{cell!r} is not a date or time (2026-03-01 or 2026-03-01 09:30)") from None
    return (exact + timedelta(milliseconds=500)).replace(microsecond=0)
