"""前置库: tables in a partner's database, read by a watermark; what becomes of a request goes into a result table.

What is read is data: see Mapping in records.py and README.md. A run reads a table in the order of (watermark, key),
from the mark of the last run less the overlap, up to the greatest watermark that there was when it began: what comes
late while it is under way is read by the next one.
"""

from collections.abc import AsyncIterator
from functools import partial
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from hub.plugin import BadRecord, Change, Page, Plugin, SourceRefused
from plugins.exchange_db import results, tables
from plugins.exchange_db.positions import Cursor, Stand, before, not_ahead, remembered
from plugins.exchange_db.reaching import Run, Unfit, opened
from plugins.exchange_db.records import Mapping, read
from plugins.exchange_db.results import Results

__all__ = ["ExchangeDB"]


class Config(BaseModel):
    """前置库的设置。"""

    model_config = ConfigDict(extra="forbid")

    url: SecretStr = Field(
        title="数据库地址",
        description="SQLAlchemy URL, 如 postgresql://用户:口令@主机/库, mysql+pymysql://..., sqlite:////路径",
    )
    tables: list[Mapping] = Field([], title="读取的表", description="每张表: 种类, 主键列, 水位列, 列与字段的对应")
    results: Results | None = Field(None, title="结果表", description="办理结果写回哪张表; 空: 不写回")
    page_size: int = Field(1000, ge=1, le=10_000, title="每页行数", description="一次读取的行数")
    overlap_minutes: int = Field(
        10, ge=0, le=10_080, title="重叠分钟数", description="水位为时间时每次往回多读, 以免漏掉迟交的行"
    )
    overlap_numbers: int = Field(1000, ge=0, title="重叠号数", description="水位为数字时每次往回多读")
    timezone: str = Field("Asia/Shanghai", title="时区", description="不带时区的时间属于哪个时区")
    patience_seconds: float = Field(60, gt=0, title="等待秒数", description="一次查询最多等多久")

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, value: SecretStr) -> SecretStr:
        try:
            make_url(value.get_secret_value())
        except (ArgumentError, ValueError):
            raise ValueError("it is no SQLAlchemy URL: write dialect+driver://user:password@host:port/name") from None
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            return ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{value!r} is no known time zone: set a name like Asia/Shanghai") from None

    @field_validator("tables")
    @classmethod
    def _each_once(cls, value: list[Mapping]) -> list[Mapping]:
        names = [mapping.name for mapping in value]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(
                f"{', '.join(twice)} stands there twice: a table has one position. Read a view of it instead"
            )
        return value


class ExchangeDB(Plugin[Config]):
    """Reads the tables one after the other, and writes results back."""

    name = "exchange_db"
    title = "前置库 (exchange database)"
    Config = Config
    hub = ">=0.1,<1"
    hosts = ("url",)
    pushes: ClassVar[frozenset[str]] = frozenset({"request"})

    async def pull(self, cursor: str | None) -> AsyncIterator[Page]:
        """Every row since the marks of the tables, less the overlap."""
        if not self.config.tables:
            raise SourceRefused("No table is named. Set tables: which ones to read, and what their columns mean.")
        reached = remembered(cursor)
        async with opened(self.config.url.get_secret_value(), self.config.patience_seconds) as run:
            for mapping in self.config.tables:
                await run(partial(tables.check, mapping))
            for mapping in self.config.tables:
                async for page in self._table(run, mapping, reached):
                    yield page

    async def _table(self, run: Run, mapping: Mapping, reached: Cursor) -> AsyncIterator[Page]:
        """The pages of one table; `reached` moves on with each."""
        config, stand, zone = self.config, reached.tables.get(mapping.name, Stand()), ZoneInfo(self.config.timezone)
        bad: list[BadRecord] = []
        if stand.top is None:
            top, unplaced = await run(partial(tables.begin, mapping, config.page_size))
            stand = Stand(mark=stand.mark, top=top)
            reason = "its watermark or its key is empty, so nobody can tell when it changed. Fill them"
            bad = [BadRecord(f"{mapping.name}: {reason}.", mapping.shown(row), mapping.kind) for row in unplaced]
        while stand.top is not None or bad:
            since = None if stand.mark is None else before(stand.mark, config.overlap_minutes, config.overlap_numbers)
            found = await run(partial(tables.page, mapping, stand, since, config.page_size))
            if found.last is not None:
                stand = Stand(mark=stand.mark, top=stand.top, at=found.last)
            else:
                stand = Stand(mark=not_ahead(stand.top, zone) or stand.mark)
            reached.tables[mapping.name] = stand
            items = [*bad, *(read(mapping, row, zone) for row in found.rows)]
            yield Page(items, cursor=reached.model_dump_json(exclude_none=True), columns=mapping.titles)
            bad = []

    async def push(self, change: Change) -> str | BadRecord:
        """One row for each change, told apart by its token: a second try finds the first one's row."""
        told, zone = self.config.results, ZoneInfo(self.config.timezone)
        if told is None:
            raise SourceRefused("No result table is named. Set results: the table, and which of its columns hold what.")
        url, seconds = self.config.url.get_secret_value(), self.config.patience_seconds
        async with opened(url, seconds, write=True) as run:
            try:
                await run(partial(results.write, told, change, zone))
            except Unfit as refusal:
                if not await run(partial(results.is_there, told, change.token)):
                    return BadRecord(str(refusal), {"id": change.id, "key": change.key}, change.kind, change.key)
        return change.key or change.id
