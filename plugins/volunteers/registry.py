"""Asking a registry over HTTP: one table, one page; every other answer as the error that says what happens next."""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any

import httpx2
from pydantic import AfterValidator, BaseModel, ValidationError

from hub.plugin import SourceBroken, SourceDown, SourceRefused
from plugins.volunteers.cells import CHINA

__all__ = ["Places", "Position", "Refusal", "Told", "asked", "opened", "remembered"]

LATER = frozenset({408, 425, 429})
ABOUT_ONE_THING = frozenset({400, 404, 409, 422})

Moment = Annotated[datetime, AfterValidator(lambda time: time if time.tzinfo else time.replace(tzinfo=CHINA))]


class Told(BaseModel):
    """A page of a table. `server_time` is the registry's clock, the only one that counts here."""

    rows: list[Any]
    next: str | None = None
    total: int | None = None
    last_update: Moment | None = None
    server_time: Moment


class Position(BaseModel):
    """Two positions in one table: the page inside a run, and the mark up to which earlier runs have read.

    A run reads from the mark less the overlap. Its own mark is the last update that it saw, but not later than the
    registry's clock at its start, so that what came late while it ran is read by the next one.
    """

    mark: Moment | None = None
    page: str | None = None
    started: Moment | None = None
    seen: Moment | None = None

    def after(self, told: Told) -> "Position":
        """Where to go on after this page."""
        started = self.started or told.server_time
        seen = max((time for time in (self.seen, told.last_update) if time), default=None)
        if told.next is not None:
            return Position(mark=self.mark, page=told.next, started=started, seen=seen)
        return Position(mark=max((time for time in (self.mark, seen and min(seen, started)) if time), default=None))


class Places(BaseModel):
    """The positions in all tables: what the hub keeps as the cursor."""

    tables: dict[str, Position] = {}


class Refusal(Exception):
    """The registry does not take this one thing; the message is its own."""


def remembered(cursor: str | None) -> Places:
    """The positions that the hub kept for us."""
    try:
        return Places() if cursor is None else Places.model_validate_json(cursor)
    except ValidationError:
        raise SourceBroken("The saved cursor is not one of this plugin. Reset it and run again.") from None


async def asked(http: httpx2.AsyncClient, method: str, url: str, **more: Any) -> httpx2.Response:
    """The answer to one question."""
    try:
        return await http.request(method, url, **more)
    except httpx2.RequestError as error:
        raise SourceDown(f"{url} does not answer: {error or type(error).__name__}.") from error


def opened(response: httpx2.Response) -> Any:
    """What the answer holds under "data". Raises Refusal where the registry says no to one thing."""
    url, status = response.url.copy_with(query=None), response.status_code
    if status in LATER or status >= 500:
        raise SourceDown(f"{url} answered {status}.", retry_after=_wait(response))
    if status in ABOUT_ONE_THING and (words := _words(response)) is not None:
        raise Refusal(words)
    if status not in (200, 201):
        raise SourceRefused(f"{url} answered {status}. Check the address and the key of the source.")
    written = _decoded(response)
    if written.lstrip()[:1] == "<":
        raise SourceRefused(f"{url} answered with a web page, probably a login page. Check the address and the key.")
    try:
        answer = json.loads(written)
    except json.JSONDecodeError as error:
        whole = written.rstrip()
        if whole[:1] in ("", "{") and (whole[-1:] != "}" or error.pos >= len(whole)):
            raise SourceDown(f"The answer of {url} was cut off after {len(response.content)} bytes.") from None
        raise SourceBroken(f"{url} did not answer with JSON. Ask the registry whether its interface changed.") from None
    if not isinstance(answer, dict) or answer.get("code") != 0 or "data" not in answer:
        raise SourceBroken(f"{url} answered without the usual envelope. Ask the registry what changed.")
    return answer["data"]


def _words(response: httpx2.Response) -> str | None:
    """The registry's own words of a refusal; None: it was not the registry that spoke."""
    try:
        answer = json.loads(_decoded(response))
    except (json.JSONDecodeError, SourceBroken):
        return None
    return str(answer["message"]) if isinstance(answer, dict) and answer.get("message") else None


def _decoded(response: httpx2.Response) -> str:
    """The text: GB18030 is hardly ever valid UTF-8, so the bytes are surer than the header. Cut-off ends are let go."""
    try:
        return response.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(response.content) - error.start < 4 and error.reason == "unexpected end of data":
            return response.content[: error.start].decode("utf-8-sig")
    try:
        return response.content.decode("gb18030")
    except UnicodeDecodeError as error:
        if len(response.content) - error.start < 4:
            return response.content[: error.start].decode("gb18030")
    raise SourceBroken(f"{response.url.copy_with(query=None)} answered in neither UTF-8 nor GB18030.")


def _wait(response: httpx2.Response) -> float | None:
    """Retry-After in seconds, whether it is a number or a date."""
    said = response.headers.get("retry-after", "")
    if said.isascii() and said.isdigit():
        return float(said)
    try:
        sent = response.headers.get("date")
        now = parsedate_to_datetime(sent) if sent else datetime.now(UTC)
        return max(0.0, (parsedate_to_datetime(said) - now).total_seconds())
    except (ValueError, TypeError):
        return None
