"""What stands in a row, whether it came as JSON or as XML: text, a number, a time."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ["Row", "Unreadable", "cell", "decimal", "moment"]

Row = Mapping[str, Any]


class Unreadable(ValueError):
    """A value that cannot be understood. The message names the field and the next step."""


def cell(value: object) -> Any:
    """A value as text, None for nothing, with all that is in it: JSON then says the same as XML."""
    if isinstance(value, dict):
        return {name: cell(part) for name, part in value.items()}
    if isinstance(value, list):
        return [cell(part) for part in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value).strip() or None


def decimal(name: str, value: str) -> float:
    """A number."""
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Unreadable(f"{name}: '{value[:40]}' is not a number. Correct it at the source.")
    return number


def moment(name: str, value: str, zone: ZoneInfo) -> datetime:
    """A time as the W3C writes it; in `zone` where it names none."""
    try:
        time = datetime.fromisoformat(value)
        return time if time.tzinfo else time.replace(tzinfo=zone)
    except ValueError:
        raise Unreadable(f"{name}: '{value[:40]}' is not a time. It must be like 2026-01-31T08:00:00+08:00.") from None
