"""Open311 GeoReport v2: the service requests of a city, read window by window, and requests of ours sent to it.

How its answers are read is in answers.py, what its rows mean in records.py, what it is sent in reports.py. README.md
says what maps to what.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from hub.plugin import BadRecord, Change, Page, Plugin, SourceDown, SourceError
from plugins.open311.cells import Row
from plugins.open311.endpoint import Endpoint, NotTaken
from plugins.open311.records import COLUMNS, read
from plugins.open311.reports import creation, mark, update
from plugins.open311.settings import Config
from plugins.open311.windows import Position, Step, remembered, walk

__all__ = ["Open311"]

SLOW = frozenset({"batch", "blackbox"})
UPDATES = "servicerequestupdates"
ASK_AGAIN = 900.0
EARLIER = timedelta(days=1)


class Open311(Plugin[Config]):
    """Pulls service requests, pushes requests and, where the source takes them, updates."""

    name = "open311"
    title = "Open311 GeoReport v2 市政服务接口"
    Config = Config
    presets = {"open311": {}}
    hub = ">=0.1,<1"
    hosts = ("base_url",)
    period = ("start", "end")
    pushes = frozenset({"request"})

    @cached_property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.config, self.http)

    async def pull(self, cursor: str | None) -> AsyncIterator[Page]:
        """Every request of the time since the mark, less what is read again."""
        async for step in walk(self.endpoint.get, self.config, remembered(cursor)):
            rows = enumerate(step.answer.rows, 1)
            items = [read(row, self.config, f"{step.where}, row {at}") for at, row in rows]
            missing = [left_out(step)] if step.crowded else []
            yield Page([*items, *missing], step.position.dump(), step.answer.content, columns=COLUMNS)

    async def push(self, change: Change) -> str | BadRecord:
        """Create the request there, or tell what became of it."""
        try:
            if change.key is None:
                return await self._create(change)
            if self.config.updates:
                await self._update(change)
            return change.key
        except NotTaken as refusal:
            return BadRecord(str(refusal), change.fields, change.kind, change.key)

    async def _create(self, change: Change) -> str:
        """Send it, and say how the source calls it. What an earlier try may have sent is looked for first."""
        form = creation(change, self.config)
        if change.again and (known := await self._sent(change, form["service_code"])):
            return known
        answer = await self.endpoint.post("requests", form)
        if key := first(answer.rows, "service_request_id"):
            return key
        token = first(answer.rows, "token")
        try:
            later = await self.endpoint.get(f"tokens/{token}", {}) if token else None
        except SourceError:
            later = None
        if later and (key := first(later.rows, "service_request_id")):
            return key
        raise SourceDown(f"It was taken (token {token or 'none'}), but has no number yet.", retry_after=ASK_AGAIN)

    async def _sent(self, change: Change, code: str) -> str | None:
        """The number of what an earlier try sent; None where it can be sent now.

        A source that numbers in batches may have it without showing it: then it is asked again later, and a person when
        that takes too long, but it is never sent twice.
        """
        sought = mark(self.config, change.id)
        found = await self._marked("requests", change, sought, service_code=code)
        if found and found.get("service_request_id"):
            return str(found["service_request_id"])
        services = await self.endpoint.get("services", {})
        slow = (row for row in services.rows if isinstance(row, dict) and row.get("type") in SLOW)
        if found is None and all(row.get("service_code") != code for row in slow):
            return None
        hours = self.config.number_hours
        if services.clock - change.at > timedelta(hours=hours):
            raise NotTaken(
                f"It may have been sent, but has no number after {hours} hours. Ask the source for {sought}."
            )
        raise SourceDown("It may have been sent before, but has no number yet.", retry_after=ASK_AGAIN)

    async def _update(self, change: Change) -> None:
        form = update(change, self.config)
        if form is None or (change.again and await self._marked(UPDATES, change, mark(self.config, change.token))):
            return
        await self.endpoint.post(UPDATES, form)

    async def _marked(self, path: str, change: Change, sought: str, **filters: str) -> Row | None:
        """What bears this mark among all that the source has of the time since the change."""
        config = self.config.model_copy(update={"end": None} if path == "requests" else {"end": None, "page_size": 0})
        begin = Position(at=change.at - EARLIER, span=config.window_days * 86400)
        async for step in walk(self.endpoint.get, config, begin, path, **filters):
            for row in step.answer.rows:
                if isinstance(row, dict) and sought in str(row.get("description")):
                    return row
            if step.crowded:
                raise NotTaken(f"It may have been sent: the source shows too much at once. Look there for {sought}.")
        return None


def first(rows: Sequence[Any], name: str) -> str | None:
    """What the first row says."""
    return next((row.get(name) for row in rows if isinstance(row, dict)), None)


def left_out(step: Step) -> BadRecord:
    """Words for an admin where a window cannot be made smaller."""
    reason = (
        f"The source gave {len(step.answer.rows)} requests for {step.where}, which is all it gives at once (cap). "
        "There may be more. Ask the source for paging and set page_size, or have the rest sent as a table."
    )
    return BadRecord(reason, "", "request", where=step.where)
