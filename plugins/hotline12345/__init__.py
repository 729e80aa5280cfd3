"""A government hotline (12345, or one like it: 12319): its work orders, in whichever dialect its centre speaks.

Pulled and received rows become requests in records.py; steps in the hub are told to the hotline by pushes.py; what its
answers mean is in wire.py. How its fields are called and what its words mean is in dialects/, one file for each.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import httpx2
from pydantic import (
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from hub.plugin import BadRecord, Change, Page, Plugin, Record, SourceBroken, SourceDown
from plugins.hotline12345.dialects import WORDS, Dialect, load
from plugins.hotline12345.pushes import FACTS, body
from plugins.hotline12345.readings import recognise
from plugins.hotline12345.records import Centre, raw, read
from plugins.hotline12345.wire import OK, THERE, Envelope, Moment, PageInfo, message, opened, page

__all__ = ["Hotline12345"]

ANSWERS = frozenset({"YES", "NO", ""})
REFUSALS = frozenset({400, 404, 422})
"""The first three digits of a code that refuses one submission: 42201 and the like."""


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
    """政务热线（12345、12319 等）工单接口的设置。"""

    model_config = ConfigDict(extra="forbid")

    base_url: AnyHttpUrl = Field(
        AnyHttpUrl("http://127.0.0.1:8912"), title="接口地址", description="/api/workorders 之前的部分"
    )
    api_key: SecretStr = Field(SecretStr("demo-key"), title="接口密钥", description="由热线管理单位发放")
    title: str = Field("12345 政务服务便民热线", title="热线名称", description="写在提示与说明里")
    channel: Literal["HOTLINE_12345", "HOTLINE_12319"] = Field(
        "HOTLINE_12345", title="来源渠道", description="工单自己没有说明渠道时使用"
    )
    prefix: str = Field(
        "", pattern=r"^[\w-]{0,20}$", title="编号前缀", description="两条热线编号可能相同时加以区分；启用后请勿更改"
    )
    practice: str = Field("", title="实践", description="工单所属实践的代码；空：不属于任何实践")
    workflow: str = Field("", title="办理流程", description="工单所走流程的代码，如 baohe.BH6；空：不走实践的流程")
    page_size: int = Field(200, ge=1, le=1000, title="每页条数", description="一次请求的工单数")
    district: str = Field("150602", pattern=r"^\d{6}$", title="区划代码", description="所有工单都在其内的区县")
    overlap_minutes: int = Field(10, ge=0, le=10080, title="重叠分钟数", description="每次往回多读，以免漏掉迟到的工单")
    since: Moment | None = Field(None, title="起始时间", description="只读此后更新的工单；用于补录一段时间")
    until: Moment | None = Field(None, title="截止时间", description="只读此前更新的工单；用于补录一段时间")
    dialects: Path | None = Field(
        None, title="字段写法文件夹", description="自备的 *.toml，先于内置写法；见 plugins/hotline12345/README.md"
    )
    dialect: str = Field("", title="字段写法", description="热线只用一种写法时填其名称；空：逐条按字段辨认")
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

    @model_validator(mode="after")
    def _possible(self) -> "Config":
        if self.since and self.until and self.since > self.until:
            raise ValueError(f"since {self.since.isoformat()} is later than until {self.until.isoformat()}")
        self.spoken()
        return self

    def spoken(self) -> tuple[Dialect, ...]:
        """The dialects that the hotline may speak, with the operator's words. Raises ValueError in words."""
        known = load(self.dialects)
        if self.dialect and self.dialect not in {one.name for one in known}:
            raise ValueError(
                f"there is no dialect {self.dialect!r}. Set one of: {', '.join(one.name for one in known)}"
            )
        words = {field: {word: name or None for word, name in said.items()} for field, said in self.words.items()}
        chosen = tuple(one for one in known if self.dialect in ("", one.name))
        return tuple(one.understanding(words) for one in chosen) if words else chosen


class Hotline12345(Plugin[Config]):
    """Pulls and receives work orders, and tells the hotline what becomes of them."""

    name = "hotline12345"
    title = "12345 政务服务便民热线"
    Config = Config
    presets = {
        "hotline12345": {},
        "hotline12319": {
            "base_url": "http://127.0.0.1:8913",
            "title": "12319 城市管理服务热线",
            "channel": "HOTLINE_12319",
            "prefix": "12319-",
        },
    }
    hub = ">=0.1,<1"
    hosts = ("base_url",)
    period = ("since", "until")
    pushes = frozenset({"request"})
    rules = {
        **{("request", field): "SOURCE" for field in ("number", "content", "submitted_at", "due_at")},
        **{("request", field): "HUB" for field in ("grid", "assignee")},
    }

    @cached_property
    def centre(self) -> Centre:
        """The hotline as its settings describe it."""
        return Centre(
            self.config.district,
            self.config.channel,
            self.config.prefix,
            self.config.spoken(),
            self.config.practice,
            self.config.workflow,
        )

    async def pull(self, cursor: str | None) -> AsyncIterator[Page]:
        """Every order that was updated since the mark, less the overlap."""
        position, restarted = remembered(cursor), False
        for number in count(1):
            response = await self.list_from(position)
            if response.status_code == 410 and position.page is not None and not restarted:
                position, restarted = Position(mark=position.mark), True
                response = await self.list_from(position)
            info, rows = page(response)
            here, position = position, position.after(info)
            if info.has_more and position.page in (None, here.page):
                raise SourceBroken(f"The hotline says that there is more after page {here.page}, but not where.")
            items = [raw(row, self.centre, f"page {number}, row {at}") for at, row in enumerate(rows, 1)]
            yield Page(items, position.model_dump_json(exclude_none=True), response.content, info.total)
            if not info.has_more:
                return

    def read(self, record: Record) -> Record | BadRecord:
        """What a row means."""
        return read(record.fields, self.centre, record.where, key=record.key)

    def meaning(self) -> str:
        """The settings that rows are read by, and the operator's dialects."""
        by = {"district", "channel", "prefix", "practice", "workflow", "dialect", "words"}
        own = sorted(self.config.dialects.glob("*.toml")) if self.config.dialects else ()
        return "\n".join([self.config.model_dump_json(include=by), *(file.read_text("utf-8-sig") for file in own)])

    async def receive(self, body: bytes) -> Page:
        """Orders, and parts of orders with what changed, that the hotline sends by itself."""
        rows, sent = message(body)
        items = [read(row, self.centre, f"row {at}", at=sent, part=True) for at, row in enumerate(rows, 1)]
        return Page(items, received=body)

    async def push(self, change: Change) -> str | BadRecord:
        """Tell the hotline of a step in the life of one of its orders; it is not interested in anything else."""
        if change.kind != "request" or change.key is None:
            reason = f"{self.config.title} takes no new orders, only steps of its own ones."
            return BadRecord(reason, {"id": change.id}, change.kind, change.key)
        event = change.event
        if event is None or event.action not in FACTS or change.deleted:
            return change.key
        order = f"/{quote(self.centre.number(change.key), safe='')}"
        dialect = await self.spoken_of(order, change)
        if isinstance(dialect, BadRecord):
            return dialect
        if not (path := dialect.push.paths[event.action]):
            return change.key
        if change.again:
            asked = await self.ask("GET", f"{order}/submissions", params={"token": change.token})
            if opened(asked, pushed=True).result_data:
                return change.key
        told, headers = body(change, event, dialect, self.centre.number), {"Idempotency-Key": change.token}
        answer = opened(await self.ask("POST", f"{order}/{path}", json=told, headers=headers), pushed=True)
        return change.key if answer.code in (OK, THERE) else self.refused(change, answer, told)

    async def spoken_of(self, order: str, change: Change) -> Dialect | BadRecord:
        """The dialect in which the hotline shows this order; it is asked only where it may speak several."""
        if len(self.centre.dialects) == 1:
            return self.centre.dialects[0]
        shown = opened(await self.ask("GET", order), pushed=True)
        if shown.code != OK:
            return self.refused(change, shown)
        columns = {column for row in shown.result_data or () if isinstance(row, dict) for column in row}
        if dialect := recognise(frozenset(columns), self.centre.dialects):
            return dialect
        reason = f"{self.config.title} shows the order in no dialect that is known. Name one in the setting dialect."
        return BadRecord(reason, {"id": change.id}, "request", change.key)

    def refused(self, change: Change, answer: Envelope, told: dict[str, Any] | None = None) -> BadRecord:
        """The hotline will not have it, in its own words."""
        if answer.code // 100 not in REFUSALS:
            raise SourceBroken(f"{self.config.title} answered with an unknown code: {answer.code} {answer.message}.")
        reason = f"{self.config.title}: {answer.code} {answer.message}"
        return BadRecord(reason, told or {"id": change.id}, "request", change.key)

    async def list_from(self, position: Position) -> httpx2.Response:
        """One page."""
        asked: dict[str, str | int] = {"limit": self.config.page_size}
        begin: datetime | None = self.config.since
        if position.mark is not None:
            begin = position.mark - timedelta(minutes=self.config.overlap_minutes)
        if begin is not None:
            asked["since"] = begin.isoformat()
        if self.config.until is not None:
            asked["until"] = self.config.until.isoformat()
        if position.page is not None:
            asked["cursor"] = position.page
        return await self.ask("GET", "", params=asked)

    async def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx2.Response:
        """What the hotline answers, whatever it is."""
        url = f"{str(self.config.base_url).rstrip('/')}/api/workorders{path}"
        key = self.config.api_key.get_secret_value().encode()
        sent = {b"X-API-Key": key, **{name.encode(): value.encode() for name, value in (headers or {}).items()}}
        try:
            return await self.http.request(method, url, headers=sent, **more)
        except httpx2.RequestError as error:
            raise SourceDown(f"{url} does not answer: {str(error) or type(error).__name__}.") from error


def remembered(cursor: str | None) -> Position:
    """The position that the hub kept for us."""
    try:
        return Position() if cursor is None else Position.model_validate_json(cursor)
    except ValidationError:
        raise SourceBroken("The saved cursor is not one of this plugin. Reset it and run again.") from None
