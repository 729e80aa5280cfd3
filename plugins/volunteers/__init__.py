"""Registries of volunteers: people, teams, projects, shifts and hours, pulled over HTTP or from exported files.

The national registry has no open interface, so the address is a setting, and files stand beside it. Hours that were
recorded in the hub are told to the registry.

What a row says is translated in records.py, how columns and words are called is in headers.csv and words.csv. ID
numbers end in identity.py: no bytes are handed on as received, for they are full of them.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from pydantic import (
    AnyHttpUrl,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from hub.plugin import BadRecord, Change, Page, Plugin, SourceBroken, SourceRefused
from plugins.volunteers import dialect, files, registry, sending
from plugins.volunteers.cells import CHINA
from plugins.volunteers.identity import Identities
from plugins.volunteers.records import KINDS, Reading
from plugins.volunteers.registry import Places, Position, Refusal, Told

__all__ = ["Config", "Volunteers"]


class Config(BaseModel):
    """志愿服务信息系统的设置：接口地址或导出文件，二者取一。"""

    model_config = ConfigDict(extra="forbid")

    base_url: AnyHttpUrl | None = Field(None, title="接口地址", description="/v1/hours 之前的部分；无接口时留空")
    api_key: SecretStr = Field(SecretStr(""), title="接口密钥", description="由志愿服务信息系统管理单位发放")
    path: Path | None = Field(None, title="文件", description="导出的 CSV 或 XLSX 文件，或存放它们的文件夹")
    hash_key: SecretStr = Field(
        min_length=16,
        title="散列密钥",
        description="证件号码加密散列所用，至少 16 个字符；启用后不可更换，否则人员会重复",
    )
    division: str = Field("150602", pattern=r"^\d{2,12}$", title="区划代码", description="未写明区划的都归入其内")
    practice: str = Field("", title="实践", description="志愿者和队伍所属实践的代码；空：不属于任何实践")
    page_size: int = Field(500, ge=1, le=1000, title="每页条数", description="一次请求的行数")
    overlap_minutes: int = Field(10, ge=0, le=10080, title="重叠分钟数", description="每次往回多读，以免漏掉迟到的记录")
    updated_from: AwareDatetime | None = Field(None, title="补采起点", description="只读此时及以后更新的")
    updated_until: AwareDatetime | None = Field(None, title="补采终点", description="只读此时及以前更新的")
    columns: dict[str, list[str]] = Field(
        {}, title="表头", description='表和字段对应的更多表头：{"hours.number": ["流水号"]}'
    )
    words: dict[str, dict[str, str]] = Field(
        {}, title="用语", description='字段、词语及其含义：{"status": {"公示结束": "CONFIRMED"}}'
    )

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, columns: dict[str, list[str]]) -> dict[str, list[str]]:
        known = {f"{stream}.{field}" for stream in dialect.STREAMS for field in dialect.fields_of(stream)}
        if unknown := sorted(columns.keys() - known):
            raise ValueError(f"there is no {unknown[0]!r}: set a table and a field, like 'hours.number'")
        return columns

    @field_validator("words")
    @classmethod
    def _known_words(cls, words: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for field, meanings in words.items():
            names = dialect.WORDS.get(field)
            if names is None:
                raise ValueError(f"there are no words for {field!r}, only for {', '.join(dialect.WORDS)}")
            if unknown := sorted(set(meanings.values()) - names.keys()):
                raise ValueError(f"{field}: no word can mean {unknown[0]!r}. Set one of: {', '.join(names)}")
        return words

    @model_validator(mode="after")
    def _one_of_two(self) -> "Config":
        if (self.base_url is None) == (self.path is None):
            raise ValueError("set base_url or path: the registry is asked, or its files are read")
        if self.base_url is not None and not self.api_key.get_secret_value():
            raise ValueError("api_key is empty: the registry at base_url asks for one")
        return self


class Volunteers(Plugin[Config]):
    """Pulls the registry's tables in the order in which they name one another; tells it hours."""

    name = "volunteers"
    title = "志愿服务信息系统"
    Config = Config
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "volunteers": {
            "base_url": "http://127.0.0.1:8915/api",
            "api_key": "demo-key",
            "hash_key": "demo-key-for-hashes",
        }
    }
    hub = ">=0.1,<1"
    hosts = ("base_url",)
    period = ("updated_from", "updated_until")
    pushes = frozenset({"service_record"})
    whole = frozenset(KINDS.values())
    rules: ClassVar[Mapping[tuple[str, str], str]] = {
        ("service_record", field): "SOURCE" for field in ("code", "person", "started_at", "hours", "method", "recorder")
    }

    async def pull(self, cursor: str | None) -> AsyncIterator[Page]:
        """Everything since the marks, less the overlap; of files everything, always."""
        pages = self._asked(cursor) if self.config.path is None else self._read(self.config.path)
        async for page in pages:
            yield page

    async def push(self, change: Change) -> str | BadRecord:
        """Tell the registry hours; the number that it gives them."""
        if self.config.base_url is None:
            raise SourceRefused("Files take no hours. Set base_url, or stop telling this source.")
        told = sending.told(change)
        if isinstance(told, BadRecord):
            return told
        try:
            key = change.key or (await self._known(change.id) if change.again else None)
            if key is None and change.deleted:
                return sending.refused(
                    change, "The registry was never told of these hours: nothing is to be withdrawn."
                )
            method, path = ("POST", "hours") if key is None else ("PUT", f"hours/{key}")
            answer = await self._ask(method, path, json=told, headers={"Idempotency-Key": change.token})
        except Refusal as refusal:
            words = self._identities().clean(str(refusal))
            return sending.refused(change, f"The registry refuses it: {words}")
        number = answer.get("record_no") if isinstance(answer, dict) else None
        if not isinstance(number, str) or not number:
            raise SourceBroken("The registry took the hours, but did not say their number. Ask it what changed.")
        return number

    async def _known(self, reference: str) -> str | None:
        """The number of hours that the registry has by our reference."""
        told = _page(await self._ask("GET", "hours", params={"reference": reference}))
        return next((str(row["record_no"]) for row in told.rows if row.get("reference") == reference), None)

    async def _asked(self, cursor: str | None) -> AsyncIterator[Page]:
        """The tables, one after the other; the cursor holds the positions in all of them."""
        places = registry.remembered(cursor)
        whole = cursor is None and self.config.updated_from is None and self.config.updated_until is None
        totals: dict[str, int] = {}
        for stream in dialect.STREAMS:
            number = 0
            async for told, position in self._pages(stream, places.tables.get(stream, Position())):
                number += 1
                places = Places(tables={**places.tables, stream: position})
                totals[stream] = told.total or 0
                reading, where = self._reading(told.server_time), f"{stream} page {number}"
                items = [
                    item
                    for at, row in enumerate(told.rows, 1)
                    for item in reading.read(stream, row, f"{where}, row {at}")
                ]
                complete = frozenset({KINDS[stream]}) if whole and told.next is None else frozenset[str]()
                saved, total = places.model_dump_json(exclude_none=True), sum(totals.values())
                yield Page(items, saved, None, total, complete=complete)

    async def _pages(self, stream: str, position: Position) -> AsyncIterator[tuple[Told, Position]]:
        """The pages of one table from this position on, and the position after each. An expired one begins anew."""
        while True:
            told = await self._page(stream, position)
            if told is None:
                position = Position(mark=position.mark)
                continue
            if told.next is not None and told.next == position.page:
                raise SourceBroken(f"The registry says that a page of {stream} comes after itself. Ask it why.")
            position = position.after(told)
            yield told, position
            if told.next is None:
                return

    async def _page(self, stream: str, position: Position) -> Told | None:
        """One page; None where the place inside the list has expired: its beginning never does."""
        asked: dict[str, str | int] = {"page_size": self.config.page_size}
        since = position.mark and position.mark - timedelta(minutes=self.config.overlap_minutes)
        if (begin := self.config.updated_from or since) is not None:
            asked["updated_since"] = begin.isoformat()
        if self.config.updated_until is not None:
            asked["updated_until"] = self.config.updated_until.isoformat()
        if position.page is not None:
            asked["cursor"] = position.page
        response = await self._send("GET", stream, params=asked)
        if response.status_code == 410 and position.page is not None:
            return None
        try:
            return _page(registry.opened(response))
        except Refusal as refusal:
            words = self._identities().clean(str(refusal))
            raise SourceRefused(f"The registry does not give {stream}: {words}. Check the address.") from None

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        return registry.opened(await self._send(method, path, **more))

    async def _send(self, method: str, path: str, **more: Any) -> Any:
        url = f"{str(self.config.base_url).rstrip('/')}/v1/{path}"
        headers = {"X-API-Key": self.config.api_key.get_secret_value().encode(), **more.pop("headers", {})}
        return await registry.asked(self.http, method, url, headers=headers, **more)

    async def _read(self, path: Path) -> AsyncIterator[Page]:
        reading = self._reading(datetime.now(CHINA))
        for table in await asyncio.to_thread(files.tables, path, reading.headers):
            pages = files.pages(table)
            while page := await asyncio.to_thread(next, pages, None):
                yield Page(
                    [
                        item
                        for number, row in page
                        for item in reading.read(table.stream, row, f"{table.name}, row {number}")
                    ]
                )

    def _identities(self) -> Identities:
        return Identities(self.config.hash_key.get_secret_value().encode())

    def _reading(self, at: datetime) -> Reading:
        headers = {stream: dialect.headers(stream, self.config.columns) for stream in dialect.STREAMS}
        words = dialect.words(self.config.words)
        today, config = at.astimezone(CHINA).date(), self.config
        return Reading(self._identities(), headers, words, config.division, today, config.practice)


def _page(answer: Any) -> Told:
    try:
        return Told.model_validate(answer)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors())
        raise SourceBroken(f"The registry's page is not as agreed: {wrong}. Ask it what changed.") from None
