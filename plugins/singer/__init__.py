"""Any Singer tap (singer.io), in a virtual environment of its own.

The tap runs as a process that gets its settings in files that only their owner can read, never on the command line.
Its STATE is our cursor: a page carries the last STATE that stood in it, and a STATE speaks of the records before it, so
a run that breaks off goes on there, and repeats a little rather than lose anything.
"""

import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from hub.plugin import Page, Plugin, SourceBroken, SourceError, SourceRefused
from plugins.singer import environments
from plugins.singer.catalog import selected
from plugins.singer.messages import HINTS, Messages, Stream
from plugins.singer.processes import Tap, finished, keep, masks, started

__all__ = ["Singer"]


class Config(BaseModel):
    """Singer tap 的设置。"""

    model_config = ConfigDict(extra="forbid")

    tap: str = Field(
        "",
        title="Tap",
        description="pip 安装要求, 如 tap-jsonl==0.3.1; 或可执行文件的绝对路径 (A requirement, or a path)",
        json_schema_extra={"guarded": True},
    )
    also: list[str] = Field(
        [],
        title="另需的包",
        description="More requirements that it needs beside.",
        json_schema_extra={"guarded": True},
    )
    command: str = Field(
        "",
        title="命令",
        description="The tap's command, where it is not called like its package.",
        json_schema_extra={"guarded": True},
    )
    config: SecretStr = Field(
        SecretStr("{}"), title="Tap 的配置", description="JSON 对象, 整体保密 (secret as a whole)"
    )
    streams: list[Stream] = Field([], title="数据流", description="读取哪些流, 以及它们的字段对应")
    discover: bool = Field(
        True, title="先问目录", description="Off for a tap that has no --discover: all it has is read."
    )
    timezone: str = Field("Asia/Shanghai", title="时区", description="不带时区的时间属于哪个时区")
    environments: Path | None = Field(
        None,
        title="环境目录",
        description="Where virtual environments are made. Empty: below HUB_HOME, else the cache.",
    )
    wheels: Path | None = Field(None, title="离线安装包目录", description="A folder of wheels: then no index is asked.")
    page_size: int = Field(1000, ge=1, le=10_000, title="每页条数", description="每一步写入多少条")
    install_seconds: float = Field(600, gt=0, title="安装时限", description="Seconds that pip may take.")
    silence_seconds: float = Field(
        600, gt=0, title="静默时限", description="A tap that says nothing for so long is stopped."
    )

    @field_validator("config", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value

    @field_validator("config")
    @classmethod
    def _is_an_object(cls, value: SecretStr) -> SecretStr:
        try:
            found = json.loads(value.get_secret_value())
        except ValueError:
            raise ValueError('it is no JSON: write {"name": "value"}') from None
        if not isinstance(found, dict):
            raise ValueError('it must be an object: {"name": "value"}')
        return value

    @field_validator("tap")
    @classmethod
    def _is_no_option(cls, value: str) -> str:
        return environments.requirement(value) if value else value

    @field_validator("also")
    @classmethod
    def _are_no_options(cls, value: list[str]) -> list[str]:
        return [environments.requirement(one) for one in value]

    @field_validator("streams")
    @classmethod
    def _each_once(cls, value: list[Stream]) -> list[Stream]:
        names = [stream.stream for stream in value]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)} stands there twice: name each stream once")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            return ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{value!r} is no known time zone: set a name like Asia/Shanghai") from None


class Singer(Plugin[Config]):
    """Runs the tap and reads what it says."""

    name = "singer"
    title = "Singer tap (任意 Singer 数据源)"
    Config = Config
    whole = frozenset(HINTS)
    hub = ">=0.1,<1"

    async def pull(self, cursor: str | None) -> AsyncIterator[Page]:
        """All that the tap says since its state `cursor`."""
        config = self.config
        if not config.tap or not config.streams:
            raise SourceRefused("Set tap (what to install or run) and streams (what to read, and what it means).")
        if cursor is not None:
            _check_state(cursor)
        executable = await environments.executable(
            config.tap,
            config.also,
            config.command,
            environments.room(config.environments),
            wheels=config.wheels,
            seconds=config.install_seconds,
        )
        with tempfile.TemporaryDirectory(prefix="lianshu-tap-") as made:
            command = await self._command(executable, Path(made), cursor)
            async with started(command, Path(made), self._secrets()) as tap:
                async for page in self._pages(tap, whole=cursor is None):
                    yield page

    async def _command(self, executable: Path, folder: Path, cursor: str | None) -> list[str]:
        """The tap with its settings, the catalog of what is wanted and the state, each in a file."""
        config = self.config
        command = [str(executable), "--config", keep(folder / "config.json", config.config.get_secret_value())]
        if config.discover:
            found = await finished([*command, "--discover"], folder, config.silence_seconds, self._secrets())
            catalog = selected(found, config.streams)
            command += ["--catalog", keep(folder / "catalog.json", json.dumps(catalog))]
        return command if cursor is None else [*command, "--state", keep(folder / "state.json", cursor)]

    async def _pages(self, tap: Tap, *, whole: bool) -> AsyncIterator[Page]:
        """What it says, page by page. How it ends is told after what it has said till then."""
        messages = Messages(self.config.streams, ZoneInfo(self.config.timezone), self._secrets())
        failure: SourceError | None = None
        try:
            async for line in tap.lines(self.config.silence_seconds):
                messages.take(line)
                if len(messages.items) >= self.config.page_size:
                    yield messages.page()
            await tap.ended(self.config.silence_seconds)
        except SourceError as error:
            failure = error
        if failure is None and tap.rest:
            messages.take(tap.rest)
        if failure is None or messages.items:
            yield messages.page(whole=whole and failure is None)
        if failure is not None:
            raise failure

    def _secrets(self) -> list[str]:
        return masks(json.loads(self.config.config.get_secret_value()))


def _check_state(cursor: str) -> None:
    try:
        json.loads(cursor)
    except ValueError:
        raise SourceBroken("The saved cursor is no state of a tap. Reset it and run again.") from None
