"""What stands in a made-up row: templates filled in, lists gone round, spans spread, totals shared out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from hub.demo.chance import shares, stream
from hub.services import recurrence, rrule
from hub.services.working_days import CHINA
from hub.synthetic import Recurring, Span, Split, Value, placeholders

Cell = str | int | float | bool | date | datetime


class Place(NamedTuple):
    """A grid, as its code and name."""

    code: str
    name: str


class At(NamedTuple):
    """Which row it is, from 1; which one on its grid, from 1; on which grid; of which practice."""

    n: int
    i: int
    place: Place
    practice: str


Make = Callable[[At], Cell]


def written(template: str) -> Callable[[At], str]:
    """The text of a row: {n} is its number, {n:04} with zeros, {n%21} goes round to 21, {n/10} counts them in tens."""
    parts: list[str | Callable[[At], str]] = []
    end = 0
    for found in placeholders(template):
        parts += [template[end : found.start()], partial(_filled, found[1], found[2], found[3], int(found[4] or 0))]
        end = found.end()
    if not parts:
        return lambda at: template
    parts.append(template[end:])
    return lambda at: "".join(part if isinstance(part, str) else part(at) for part in parts)


def _filled(name: str, operator: str | None, by: str | None, width: int, at: At) -> str:
    if name in ("n", "i"):
        number = at.n if name == "n" else at.i
        if by is not None:
            number = (number - 1) % int(by) + 1 if operator == "%" else (number - 1) // int(by) + 1
        return f"{number:0{width}}"
    return {"grid": at.place.name, "grid_code": at.place.code}.get(name, at.practice)


def made(value: Value, count: int) -> Make:
    """What a field holds, row by row."""
    if isinstance(value, str):
        return written(value)
    if isinstance(value, list):
        each = [made(one, count) for one in value]
        return lambda at: each[(at.n - 1) % len(each)](at)
    if isinstance(value, Split):
        words = mixed(value.split, count)
        return lambda at: words[at.n - 1]
    if isinstance(value, Recurring):
        times = list(islice(_times(value), count))
        found = times if isinstance(value.begin, datetime) else [time.date() for time in times]
        return lambda at: found[(at.n - 1) % len(found)]
    if isinstance(value, Span):
        return _spread(value.begin, value.until, max(1, count - 1))
    return lambda at: value


def _times(value: Recurring) -> Iterator[datetime]:
    """When it comes, from its first day on, at that time of day unless the rule says another."""
    begin, rule = _as_time(value.begin), rrule.read_rule(value.rule)
    at = None if rule.hours or rule.minutes else f"{begin:%H:%M}"
    return recurrence.times(value.rule, begin.date(), at=at).all(date(recurrence.LAST_YEAR, 12, 31))


def _as_time(begin: object) -> datetime:
    if isinstance(begin, datetime):
        return begin.astimezone(CHINA)
    assert isinstance(begin, date)
    return datetime(begin.year, begin.month, begin.day)


def _spread(begin: Any, until: Any, steps: int) -> Make:
    whole = until - begin
    if isinstance(begin, int | float):
        return lambda at: begin + type(begin)(whole * (at.n - 1) / steps)
    if isinstance(begin, datetime):
        seconds = int(whole.total_seconds())
        return lambda at: begin + timedelta(seconds=seconds * (at.n - 1) // steps)
    return lambda at: begin + timedelta(days=whole.days * (at.n - 1) // steps)


def mixed(weights: Mapping[str, int], count: int) -> list[str]:
    """Each word as often as its weight says, the rest to the largest remainders; mixed as evenly as can be."""
    total = sum(weights.values())
    exact = {word: count * weight / total for word, weight in weights.items()}
    wanted = {word: int(share) for word, share in exact.items()}
    by_rest = sorted(exact, key=lambda word: wanted[word] - exact[word])
    for word in by_rest[: count - sum(wanted.values())]:
        wanted[word] += 1
    owed = dict.fromkeys(weights, 0)
    found = []
    for _ in range(count):
        for word in owed:
            owed[word] += wanted[word]
        word = max(owed, key=owed.__getitem__)
        owed[word] -= count
        found.append(word)
    return found


def summed(total: int, count: int, seed: int, *name: str) -> Sequence[int]:
    """A total in so many parts, none of which is much larger than the others."""
    return shares(total, count, stream(seed, *name))
