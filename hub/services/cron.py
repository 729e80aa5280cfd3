"""Cron lines: when next, by the clock on the wall of a time zone.

Each time on that clock comes once. One that it shows twice, when it is set back, is taken the first time; one that it
skips, when it is set forward, is taken at the moment of the jump.
"""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

from hub.errors import Invalid

FIELD = re.compile(r"(?:[0-9*/,\-#?]|(?<![A-Za-z])(?:[A-Za-z]{3}|[Ll])(?![A-Za-z]))+")
FORM = 'minute, hour, day, month, weekday, as in "0 */2 * * *", every two hours'


def next_moment(line: str, timezone: str, after: datetime) -> datetime:
    """The first moment behind `after` that the line means. Raises Invalid for the field `cron` or `timezone`."""
    zone = _zone(timezone)
    if len(fields := line.split()) != 5 or not all(FIELD.fullmatch(field) for field in fields):
        raise Invalid(f"{line!r} is no cron line. It has five fields: {FORM}.", field="cron")
    try:
        walls = croniter(line, after.astimezone(zone).replace(tzinfo=None), ret_type=datetime)
        while (found := _moment(walls.get_next(), zone)) <= after:
            pass
    except CroniterError as error:
        raise Invalid(f"{line!r} is no cron line that ever comes: {error}. It has {FORM}.", field="cron") from error
    return found


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        words = f"{name!r} is no time zone. Write one by its name, as Asia/Shanghai."
        raise Invalid(words, field="timezone") from error


def _moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """When the clock first shows this time, or jumps over it."""
    late, early = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if late <= early:
        return late
    before, jumped = int(early.timestamp()), int(late.timestamp())
    offset = early.astimezone(zone).utcoffset()
    while jumped - before > 1:
        middle = (before + jumped) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            before = middle
        else:
            jumped = middle
    return datetime.fromtimestamp(jumped, UTC)
