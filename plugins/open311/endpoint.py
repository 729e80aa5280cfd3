"""The endpoint of a city: what is asked of it, and which error its answer is.

401, 403 and every other refusal of a read are SourceRefused, with the source's own words; 408, 425, 429, 5xx, no answer
and one that was cut off are SourceDown. A single request that it does not take is NotTaken.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from hub.plugin import SourceBroken, SourceDown, SourceRefused
from plugins.open311.answers import complaint, rows
from plugins.open311.settings import Config

__all__ = ["Answer", "Endpoint", "NotTaken"]

LARGEST = 64 * 1024 * 1024
LATER = frozenset({408, 425, 429})
NO_SUCH_FORMAT = frozenset({404, 406, 415})
NOT_TAKEN = frozenset({400, 409, 413, 422})


class NotTaken(ValueError):
    """This one thing cannot be told, in words: the others can."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the source answered. `clock` is its own time, the only one that counts here."""

    rows: list[Any]
    content: bytes
    clock: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came, before it is read."""

    url: str
    status: int
    headers: httpx2.Headers
    content: bytes


class Endpoint:
    """One endpoint, in the format that it turned out to speak."""

    def __init__(self, config: Config, http: httpx2.AsyncClient) -> None:
        self.config, self.http = config, http
        self.formats: tuple[str, ...] = ("json", "xml") if config.format == "auto" else (config.format,)

    async def get(self, path: str, asked: Mapping[str, str]) -> Answer:
        """Rows that it has."""
        reply = await self._ask("GET", path, {"params": {**self._jurisdiction(), **asked}})
        found, words = opened(reply)
        if words is not None:
            raise SourceRefused(f"{reply.url} answered {words}. Check the settings of the source.")
        return Answer(found, reply.content, clock(reply))

    async def post(self, path: str, form: Mapping[str, str]) -> Answer:
        """What it says to something new. Raises NotTaken where it refuses this one thing."""
        key = {"api_key": self.config.api_key.get_secret_value()}
        reply = await self._ask("POST", path, {"data": {**self._jurisdiction(), **key, **form}})
        found, words = opened(reply)
        if words is not None and (reply.status in NOT_TAKEN or reply.status < 300 or "service_code" in words):
            raise NotTaken(f"{reply.url} answered {words}.")
        if words is not None:
            raise SourceRefused(f"{reply.url} answered {words}. Check the address and the key of the source.")
        return Answer(found, reply.content, clock(reply))

    def _jurisdiction(self) -> dict[str, str]:
        return {"jurisdiction_id": self.config.jurisdiction_id} if self.config.jurisdiction_id else {}

    async def _ask(self, method: str, path: str, asked: Mapping[str, Any]) -> Reply:
        """The reply in the first format that is served."""
        for format in self.formats:
            url = f"{str(self.config.base_url).rstrip('/')}/{path}.{format}"
            reply = await self._send(method, url, asked)
            if reply.status not in NO_SUCH_FORMAT:
                break
        if reply.status < 300:
            self.formats = (format,)
        return reply

    async def _send(self, method: str, url: str, asked: Mapping[str, Any]) -> Reply:
        content = bytearray()
        try:
            async with self.http.stream(method, url, **asked) as response:
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > LARGEST:
                        raise SourceBroken(f"{url} answered with more than {LARGEST:,} bytes. Set a smaller window.")
        except (httpx2.RequestError, httpx2.StreamError) as error:
            raise SourceDown(f"{url} does not answer: {error or type(error).__name__}.") from error
        return Reply(url, response.status_code, response.headers, bytes(content))


def opened(reply: Reply) -> tuple[list[Any], str | None]:
    """The rows, or what the source complains of; every other answer as the error that says what happens next."""
    if reply.status in LATER or reply.status >= 500:
        raise SourceDown(f"{reply.url} answered {reply.status}.", retry_after=wait(reply))
    if reply.status >= 300:
        return [], words(reply) or str(reply.status)
    found = rows(reply.content, reply.url)
    return found, complaint(found)


def words(reply: Reply) -> str | None:
    """The source's own words in a refusal, where they can be read."""
    try:
        return complaint(rows(reply.content, reply.url))
    except (SourceBroken, SourceDown, SourceRefused):
        return None


def clock(reply: Reply) -> datetime:
    """The time at the source: its last Date, since what stands before it may set one too."""
    try:
        return parsedate_to_datetime(reply.headers.get_list("date")[-1]).astimezone(UTC)
    except (ValueError, IndexError):
        return datetime.now(UTC).replace(microsecond=0)


def wait(reply: Reply) -> float | None:
    """Retry-After in seconds, whether it is a number or a date."""
    asked = reply.headers.get("retry-after", "")
    try:
        if asked.isascii() and asked.isdigit():
            return float(asked)
        return max(0.0, (parsedate_to_datetime(asked).astimezone(UTC) - clock(reply)).total_seconds())
    except ValueError:
        return None
