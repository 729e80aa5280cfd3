"""The 12345 government hotline: its work orders, in whichever dialect its centre speaks, as requests.

What the source says is translated in records.py; how its fields are called and what its words mean is in dialects.py.

Which error says what: 401, 403 and a web page instead of an answer (a login page) are SourceRefused; 408, 425, 429,
5xx, no answer and an answer that was cut off are SourceDown; one that is whole, but not the envelope, is SourceBroken.
"""

import json
from codecs import getincrementaldecoder
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Annotated, Any

import httpx2
from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic.alias_generators import to_camel

from hub.plugin import Page, Plugin, SourceBroken, SourceDown, SourceRefused
from plugins.hotline12345.cells import CHINA
from plugins.hotline12345.dialects import WORDS
from plugins.hotline12345.records import read

__all__ = ["Hotline12345"]

OK = 10000
KEY_REFUSED = frozenset({40100, 40300})
TRY_LATER = frozenset({42900, 50000, 50300})
ANSWERS = frozenset({"YES", "NO", ""})
LATER_STATUS = frozenset({408, 425, 429})

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
    page_info: PageInfo | None = None
    result_data: list[Any] | None = None


class Position(BaseModel):
    """Two positions in one cursor: the page inside a run, and the mark up to which earlier runs have read.

    A run reads from the mark minus the overlap. Its own mark is the last update that it saw, but not later than the
    source's clock at its start: what came late while a long run was under way is below that, and is read by the next.
    """

    mark: Moment | None = None
    page: str | None = None
    started: Moment | None = None
    seen: Moment | None = None

    def after(self, info: PageInfo) -> "Position":
        """Where to go on after this page."""
        started = self.started or info.server_time
        seen = max((time for time in (self.seen, info.last_update_time) if time), default=None)
        if info.has_more:
            return Position(mark=self.mark, page=info.next_cursor, started=started, seen=seen)
        reached = (self.mark, min(seen, started) if seen else None)
        return Position(mark=max((time for time in reached if time), default=None))


class Config(BaseModel):
    """12345 热线工单接口的设置。"""

    model_config = ConfigDict(extra="forbid")

    base_url: AnyHttpUrl = Field(
        AnyHttpUrl("http://127.0.0.1:8912"), title="接口地址", description="/api/workorders 之前的部分"
    )
    api_key: SecretStr = Field(SecretStr("demo-key"), title="接口密钥", description="由热线管理单位发放")
    page_size: int = Field(200, ge=1, le=1000, title="每页条数", description="一次请求的工单数")
    district: str = Field("150602", pattern=r"^\d{6}$", title="区划代码", description="所有工单都在其内的区县")
    overlap_minutes: int = Field(10, ge=0, le=10080, title="重叠分钟数", description="每次往回多读，以免漏掉迟到的工单")
    words: dict[str, dict[str, str]] = Field(
        {}, title="用语", description='字段、词语及其含义，先于内置用语：{"status": {"已转交": "DISPATCHED"}}；空表示无'
    )

    @field_validator("words")
    @classmethod
    def _known_words(cls, words: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for field, meanings in words.items():
            if field not in WORDS:
                raise ValueError(f"there are no words for {field!r}, only for {', '.join(WORDS)}")
            names = {name or "" for name in WORDS[field].values()}
            for word, name in meanings.items():
                if name not in names and (not name or names <= ANSWERS):
                    raise ValueError(f"{field}: {word!r} cannot mean {name!r}. Set one of: {', '.join(sorted(names))}")
        return words


class Hotline12345(Plugin[Config]):
    """Pulls work orders: page by page in the order of their last update."""

    name = "hotline12345"
    title = "12345 政务服务便民热线"
    Config = Config
    presets = {"hotline12345": {}}
    hub = ">=0.1,<1"
    hosts = ("base_url",)

    async def pull(self, cursor: str | None) -> AsyncIterator[Page]:
        """Every order that was updated since the mark, less the overlap."""
        position, restarted = remembered(cursor), False
        words = {
            field: {word: name or None for word, name in meanings.items()}
            for field, meanings in self.config.words.items()
        }
        for page in count(1):
            response = await self.ask(position)
            if response.status_code == 410 and position.page is not None and not restarted:
                position, restarted = Position(mark=position.mark), True
                response = await self.ask(position)
            info, rows = opened(response)
            here, position = position, position.after(info)
            if info.has_more and position.page in (None, here.page):
                raise SourceBroken(f"The hotline says that there is more after page {here.page}, but not where.")
            district = self.config.district
            items = [read(row, district, f"page {page}, row {at}", words) for at, row in enumerate(rows, 1)]
            yield Page(items, position.model_dump_json(exclude_none=True), response.content, info.total)
            if not info.has_more:
                return

    async def ask(self, position: Position) -> httpx2.Response:
        """One page."""
        asked: dict[str, str | int] = {"limit": self.config.page_size}
        if position.mark is not None:
            asked["since"] = (position.mark - timedelta(minutes=self.config.overlap_minutes)).isoformat()
        if position.page is not None:
            asked["cursor"] = position.page
        url = f"{str(self.config.base_url).rstrip('/')}/api/workorders"
        key = self.config.api_key.get_secret_value().encode()
        try:
            return await self.http.get(url, params=asked, headers={b"X-API-Key": key})
        except httpx2.RequestError as error:
            raise SourceDown(f"{url} does not answer: {error or type(error).__name__}.") from error


def remembered(cursor: str | None) -> Position:
    """The position that the hub kept for us."""
    try:
        return Position() if cursor is None else Position.model_validate_json(cursor)
    except ValidationError:
        raise SourceBroken("The saved cursor is not one of this plugin. Reset it and run again.") from None


def opened(response: httpx2.Response) -> tuple[PageInfo, list[Any]]:
    """What is in the envelope; every other answer as the error that says what happens next."""
    url, status = response.url.copy_with(query=None), response.status_code
    if status in LATER_STATUS or status >= 500:
        raise SourceDown(f"{url} answered {status}.", retry_after=wait(response))
    if status != 200:
        raise SourceRefused(f"{url} answered {status}. Check the address and the key of the source.")
    written = decoded(response)
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
        wrong = ", ".join(".".join(map(str, problem["loc"])) or "the answer" for problem in error.errors())
        raise SourceBroken(f"{url} answered without the usual envelope: {wrong}.") from None
    if envelope.code in KEY_REFUSED:
        raise SourceRefused(f"{url} refused the key: {envelope.code} {envelope.message}.")
    if envelope.code in TRY_LATER:
        raise SourceDown(f"{url} cannot answer now: {envelope.code} {envelope.message}.", retry_after=wait(response))
    if not envelope.success or envelope.code != OK or envelope.page_info is None or envelope.result_data is None:
        raise SourceBroken(f"{url} answered, but with no work orders: {envelope.code} {envelope.message}.")
    return envelope.page_info, envelope.result_data


def decoded(response: httpx2.Response) -> str:
    """The text. GB18030 is hardly ever valid UTF-8, so the bytes are surer than the header, which is often wrong.

    An answer that was cut off in the middle of a character is read up to there.
    """
    for charset in ("utf-8-sig", "gb18030"):
        try:
            return getincrementaldecoder(charset)().decode(response.content)
        except UnicodeDecodeError:
            continue
    raise SourceBroken(f"{response.url.copy_with(query=None)} answered in neither UTF-8 nor GB18030.")


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
