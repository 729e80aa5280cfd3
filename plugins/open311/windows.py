"""Reading requests window by window: a span of time at most, fewer rows than the source gives at once."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ValidationError

from hub.plugin import SourceBroken
from plugins.open311.cells import Unreadable, moment
from plugins.open311.endpoint import Answer
from plugins.open311.settings import Config

__all__ = ["Position", "Step", "remembered", "walk"]

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)

Ask = Callable[[str, Mapping[str, str]], Awaitable[Answer]]


class Position(BaseModel):
    """Two positions in one cursor: the window inside a run, and the mark up to which earlier runs have read.

    mark     the last time that earlier runs saw; the next run begins below it
    at       where the next window begins, None between runs; `span` is its length in seconds
    page     the page of that window, for sources that page
    started  the source's clock at the beginning of the run
    seen     the last time that this run saw

    A run's own mark is the last time that it saw, but not later than `started`: what comes late while a long run is
    under way is below that, and is read by the next.
    """

    mark: AwareDatetime | None = None
    at: AwareDatetime | None = None
    span: float = 0
    page: int = 1
    started: AwareDatetime | None = None
    seen: AwareDatetime | None = None

    def begun(self, config: Config) -> "Position":
        """The same, or the first window of a run."""
        if self.at is not None:
            return self
        back = (
            timedelta(days=config.lookback_days)
            if config.by == "requested"
            else timedelta(minutes=config.overlap_minutes)
        )
        first = config.start if self.mark is None else max(config.start, self.mark - back)
        return Position(mark=self.mark, at=first, span=config.window_days * 86400)

    def ended(self) -> "Position":
        """After the last window."""
        reached = (self.mark, min(self.seen, self.started) if self.seen and self.started else None)
        return Position(mark=max((time for time in reached if time), default=None))

    def dump(self) -> str:
        return self.model_dump_json(exclude_defaults=True)


@dataclass(frozen=True, slots=True)
class Step:
    """An answer, where it stands in the whole, where to go on, and whether the source may have left out rows."""

    answer: Answer
    where: str
    position: Position
    crowded: bool


def remembered(cursor: str | None) -> Position:
    """The position that the hub kept for us."""
    try:
        return Position() if cursor is None else Position.model_validate_json(cursor)
    except ValidationError:
        raise SourceBroken("The saved cursor is not one of this plugin. Reset it and run again.") from None


async def walk(
    ask: Ask, config: Config, position: Position, path: str = "requests", **filters: str
) -> AsyncIterator[Step]:
    """The answers from a position to the source's present, or to the end that is set."""
    here, before = position.begun(config), None
    while here.at is not None and (config.end is None or here.at < config.end):
        close = here.at + timedelta(seconds=here.span)
        end = close if config.end is None else min(close, config.end)
        question = filters | asked(here, end, config)
        answer = await ask(path, question)
        here = here.model_copy(update={"started": here.started or answer.clock})
        full = not config.page_size and len(answer.rows) >= config.cap
        if full and here.span >= 2 * MINUTE.total_seconds():
            here = here.model_copy(update={"span": here.span / 2})
            continue
        ids = [row.get("service_request_id") for row in answer.rows if isinstance(row, dict)]
        if here.page > 1 and ids and ids == before:
            raise SourceBroken(
                f"Pages {here.page - 1} and {here.page} are the same: it does not page. Set page_size=0."
            )
        parts = await split(ask, question) if full and path == "requests" and not filters else {}
        where, going_on, here, before = place(here, end, config), here, after(here, answer, end, config), ids
        yield Step(answer, where, going_on if parts else here, full and not parts)
        for at, (code, part) in enumerate(parts.items(), 1):
            on = here if at == len(parts) else going_on
            yield Step(part, f"{where}, {code}", on, len(part.rows) >= config.cap)


async def split(ask: Ask, question: Mapping[str, str]) -> dict[str, Answer]:
    """The answers for each service alone, of a window that holds too much and cannot be made smaller."""
    services = (row.get("service_code") for row in (await ask("services", {})).rows if isinstance(row, dict))
    return {code: await ask("requests", {**question, "service_code": code}) for code in services if code}


def asked(here: Position, end: datetime, config: Config) -> dict[str, str]:
    """The window, and the page of it, as the source is asked for them."""
    paging = {"page": str(here.page), "page_size": str(config.page_size)} if config.page_size else {}
    return {"start_date": stamp(here.at or end), "end_date": stamp(end), **paging}


def place(here: Position, end: datetime, config: Config) -> str:
    page = f", page {here.page}" if config.page_size else ""
    return f"{stamp(here.at or end)} to {stamp(end)}{page}"


def after(here: Position, answer: Answer, end: datetime, config: Config) -> Position:
    """Where to go on: the next page, the next window, or nowhere.

    Windows overlap by a second: for some sources both ends belong to a window, for others neither does. After one that
    is far from full the next is twice as long, up to the length that is set.
    """
    times = [*([here.seen] if here.seen else []), *seen(answer.rows, config)]
    here = here.model_copy(update={"seen": max(times, default=None)})
    if config.page_size and answer.rows:
        return here.model_copy(update={"page": here.page + 1})
    if end >= (here.started or end) or end == config.end:
        return here.ended()
    longest = config.window_days * 86400
    span = min(2 * here.span, longest) if 2 * len(answer.rows) < config.cap else here.span
    return here.model_copy(update={"at": end - SECOND, "span": span, "page": 1})


def seen(found: list[Any], config: Config) -> list[datetime]:
    """The times by which the source chooses, of the rows that say theirs."""
    names = ("requested_datetime",) if config.by == "requested" else ("updated_datetime", "requested_datetime")
    zone, times = ZoneInfo(config.timezone), []
    for row in found:
        said = next((row[name] for name in names if row.get(name)), None) if isinstance(row, dict) else None
        try:
            times += [moment("", said, zone)] if isinstance(said, str) else []
        except Unreadable:
            continue
    return times


def stamp(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
