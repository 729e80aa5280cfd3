"""What the hotline answers and sends: the envelope around its rows, and every other answer as what happens next.

401, 403 and a web page instead of an answer (a login page) are SourceRefused; 408, 425, 429, 5xx, no answer and an
answer that was cut off are SourceDown; one that is whole, but not the envelope, is SourceBroken.
"""

import json
from codecs import getincrementaldecoder
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any

import httpx2
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from hub.plugin import SourceBroken, SourceDown, SourceRefused
from plugins.hotline12345.cells import CHINA

__all__ = ["OK", "THERE", "Envelope", "Moment", "PageInfo", "message", "opened", "page"]

OK, THERE = 10000, 40900
KEY_REFUSED = frozenset({40100, 40300})
TRY_LATER = frozenset({42900, 50000, 50300})
LATER_STATUS = frozenset({408, 425, 429})
SPEAKING = frozenset({200, 201, 202, 400, 404, 409, 422})
"""An answer to a push with one of these may say in its envelope what it is about."""

Moment = Annotated[datetime, AfterValidator(lambda time: time if time.tzinfo else time.replace(tzinfo=CHINA))]


class PageInfo(BaseModel):
    """Where the answer stands in the whole. `server_time` is the source's clock, the only one that counts here."""

    model_config = ConfigDict(alias_generator=to_camel)

    has_more: bool
    next_cursor: str | None = None
    total: int | None = None
    last_update_time: Moment | None = None
    server_time: Moment


class Envelope(BaseModel):
    """What every answer of the hotline is wrapped in."""

    model_config = ConfigDict(alias_generator=to_camel)

    success: bool
    code: int
    message: str = ""
    page_info: dict[str, Any] | None = None
    result_data: list[Any] | None = None


class SentInfo(BaseModel):
    """When the hotline sent what it sends by itself."""

    model_config = ConfigDict(alias_generator=to_camel)

    server_time: Moment | None = None


class Sent(BaseModel):
    """What the hotline wraps rows in that it sends by itself: the envelope, of which only the rows must be there."""

    model_config = ConfigDict(alias_generator=to_camel)

    success: bool = True
    code: int = OK
    message: str = ""
    page_info: SentInfo | None = None
    result_data: list[Any]


def opened(response: httpx2.Response, *, pushed: bool = False) -> Envelope:
    """The envelope; every answer without one as the error that says what happens next. `pushed`: the answer is to
    something that we sent, and may be a refusal of that alone."""
    url, status = response.url.copy_with(query=None), response.status_code
    if status in LATER_STATUS or status >= 500:
        raise SourceDown(f"{url} answered {status}.", retry_after=wait(response))
    if status != 200 and not (pushed and status in SPEAKING):
        raise SourceRefused(f"{url} answered {status}. Check the address and the key of the source.")
    written = decoded(response.content, f"{url} answered")
    if status != 200 and written.lstrip()[:1] != "{":
        raise SourceRefused(f"{url} answered {status} without the usual envelope. Check the address of the source.")
    if written.lstrip()[:1] == "<":
        raise SourceRefused(f"{url} answered with a web page, probably a login page. Check the address and the key.")
    try:
        envelope = Envelope.model_validate(json.loads(written))
    except json.JSONDecodeError as error:
        whole = written.rstrip()
        if whole[:1] in ("", "{") and (whole[-1:] != "}" or error.pos >= len(whole)):
            raise SourceDown(f"The answer of {url} was cut off after {len(response.content)} bytes.") from None
        raise SourceBroken(f"{url} did not answer with JSON. Ask the hotline whether its interface changed.") from None
    except ValidationError as error:
        if status != 200:
            raise SourceRefused(f"{url} answered {status} without the usual envelope. Check its address.") from None
        raise SourceBroken(f"{url} answered without the usual envelope: {wrong(error)}.") from None
    if envelope.code in KEY_REFUSED:
        raise SourceRefused(f"{url} refused the key: {envelope.code} {envelope.message}.")
    if envelope.code in TRY_LATER:
        raise SourceDown(f"{url} cannot answer now: {envelope.code} {envelope.message}.", retry_after=wait(response))
    return envelope


def page(response: httpx2.Response) -> tuple[PageInfo, list[Any]]:
    """One page of the list: where it stands, and its rows."""
    envelope, url = opened(response), response.url.copy_with(query=None)
    if not envelope.success or envelope.code != OK or envelope.page_info is None or envelope.result_data is None:
        raise SourceBroken(f"{url} answered, but with no work orders: {envelope.code} {envelope.message}.")
    try:
        return PageInfo.model_validate(envelope.page_info), envelope.result_data
    except ValidationError as error:
        raise SourceBroken(f"{url} answered without the usual envelope: pageInfo.{wrong(error)}.") from None


def message(body: bytes) -> tuple[list[Any], datetime | None]:
    """The rows of a message that the hotline sent, and when it sent them: an envelope, or one row by itself."""
    try:
        said = json.loads(decoded(body, "The hotline's message is"))
    except (json.JSONDecodeError, RecursionError):
        raise SourceBroken("The hotline's message is no JSON. Ask the hotline what it sends.") from None
    if not isinstance(said, dict):
        raise SourceBroken("The hotline's message is neither an envelope nor a work order. Ask the hotline for either.")
    if "resultData" not in said:
        return [said], None
    try:
        sent = Sent.model_validate(said)
    except ValidationError as error:
        raise SourceBroken(f"The hotline's message is not in the usual envelope: {wrong(error)}.") from None
    if not sent.success or sent.code != OK:
        raise SourceBroken(f"The hotline's message is about a failure of its own: {sent.code} {sent.message}.")
    return sent.result_data, sent.page_info.server_time if sent.page_info else None


def wrong(error: ValidationError) -> str:
    """The keys that are wrong."""
    return ", ".join(".".join(map(str, problem["loc"])) or "the answer" for problem in error.errors())


def decoded(body: bytes, whose: str) -> str:
    """The text. GB18030 is hardly ever valid UTF-8, so the bytes are surer than the header, which is often wrong.

    An answer that was cut off in the middle of a character is read up to there.
    """
    for charset in ("utf-8-sig", "gb18030"):
        try:
            return getincrementaldecoder(charset)().decode(body)
        except UnicodeDecodeError:
            continue
    raise SourceBroken(f"{whose} in neither UTF-8 nor GB18030.")


def wait(response: httpx2.Response) -> float | None:
    """Retry-After in seconds, whether it is a number or a date."""
    asked = response.headers.get("retry-after", "")
    try:
        if asked.isdigit():
            return float(asked)
        until, sent = parsedate_to_datetime(asked), parsedate_to_datetime(response.headers["date"])
        return max(0.0, (until - sent).total_seconds())
    except (ValueError, KeyError):
        return None
