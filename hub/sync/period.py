"""A range of days becomes the two settings by which a plugin bounds a pull in time."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, get_args
from zoneinfo import ZoneInfo

from hub.errors import Misconfigured
from hub.services.schedules import CHINA
from hub.sync.registry import Registry


@dataclass(frozen=True, slots=True)
class Days:
    """From the first day to the last one, both of them whole, in the hub's own time zone."""

    first: date
    last: date


def bounds(registry: Registry, plugin: str, days: Days) -> dict[str, str]:
    """The settings that stand for these days. Raises Misconfigured where the plugin knows no such range."""
    kind = registry.plugins.get(plugin)
    if kind is None or kind.period is None:
        raise Misconfigured(f"{plugin} cannot be asked for a range of days: it declares no `period`. Leave out --from.")
    if days.last < days.first:
        raise Misconfigured(f"The range ends ({days.last}) before it begins ({days.first}). Turn the days around.")
    zone = ZoneInfo(CHINA)
    moments = (datetime.combine(days.first, time.min, zone), datetime.combine(days.last, time.max, zone))
    fields = kind.Config.model_fields
    return {
        name: (moment.date() if _is_day(fields[name].annotation) else moment).isoformat()
        for name, moment in zip(kind.period, moments, strict=True)
    }


def _is_day(annotation: Any) -> bool:
    """Whether a setting takes days, not moments."""
    return date in (annotation, *get_args(annotation))
