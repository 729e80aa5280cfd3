"""Tables in files, of whatever office: CSV, TSV and XLSX; one row, one record.

Files are read a page of 10,000 rows at a time, so memory does not grow with the file.
"""

import asyncio
import codecs
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hub.plugin import Page, Plugin, SourceRefused
from plugins.spreadsheet import profiles
from plugins.spreadsheet.columns import Reading
from plugins.spreadsheet.reading import Pages, files
from plugins.spreadsheet.tables import MEGABYTE

SAMPLES = Path(__file__).parent / "samples"


class Config(BaseModel):
    """Where the tables are, and how they are read."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(
        "grid", title="种类", description="What a row is.", json_schema_extra={"enum": list(profiles.KINDS)}
    )
    path: Path | None = Field(
        None, title="路径", description="A file, or a folder of tables. Empty: the paths, or else the shipped sample."
    )
    paths: list[Path] = Field([], title="更多路径", description="More files and folders, read after it, in order.")
    sample: list[str] = Field([], title="示例", description="Names of shipped samples, read where no path is given.")
    profiles: Path | None = Field(
        None,
        title="表头方案文件",
        description="A file of your own like profiles.csv: its versions go before the shipped one.",
    )
    profile: str = Field(
        "", title="表头方案", description="The version that holds. Empty: the one that fits a table's headers best."
    )
    columns: dict[str, list[str]] = Field(
        {}, title="表头", description="Field to headers that mean it, before the accepted ones: {'code': ['网格号']}."
    )
    words: dict[str, dict[str, str]] = Field(
        {}, title="用语", description="Field to words and the hub's names for them: {'status': {'已办': 'HANDLED'}}."
    )
    encoding: str = Field(
        "auto",
        title="编码",
        description="Of text files: auto, utf-8, utf-16, gb18030, big5 ... Auto tells the first three apart.",
    )
    sheet: str | None = Field(
        None, title="工作表", description="A workbook's sheet. Empty: each visible one that has the needed headers."
    )
    timezone: str = Field("Asia/Shanghai", title="时区", description="The zone of times that name none.")
    under: str | None = Field(
        None, title="所属区划", description="Code of the division in which grids given by name ('街道/社区') lie."
    )
    unpacked_limit_mb: int = Field(
        4096, ge=1, title="解压上限", description="The size in MB up to which a packed file (gz, xlsx) is unpacked."
    )

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, value: str) -> str:
        if value not in profiles.KINDS:
            raise ValueError(f"there is no kind {value!r}: set one of {', '.join(profiles.KINDS)}")
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            name = "auto" if value == "auto" else codecs.lookup(value).name
        except LookupError:
            raise ValueError(f"{value!r} is no known encoding: set auto, utf-8, utf-16 or gb18030") from None
        return "gb18030" if name in ("gbk", "gb2312", "cp936") else name

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            return ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{value!r} is no known time zone: set a name like Asia/Shanghai") from None

    @model_validator(mode="after")
    def _known_fields(self) -> "Config":
        known = [rule.field for rule in profiles.rules(profiles.NEWEST, self.kind)]
        if self.profile and not self.profiles and not profiles.rules(self.profile, self.kind):
            raise ValueError(f"there is no profile {self.profile!r}: set {profiles.NEWEST!r}")
        for setting, given in (("columns", self.columns), ("words", self.words)):
            for field in given:
                if field not in known:
                    raise ValueError(f"{setting}: {self.kind} has no field {field!r}, only {', '.join(known)}")
        return self


def _sample(kind: str, *names: str) -> dict[str, Any]:
    return {"kind": kind, "sample": list(names)}


class Spreadsheet(Plugin[Config]):
    """Reads tables."""

    name = "spreadsheet"
    title = "表格 (CSV, TSV, XLSX)"
    Config = Config
    hub = ">=0.1,<1"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "divisions": _sample("grid", "divisions.csv"),
        "example-jurisdictions": _sample("grid", "zones.csv", "jurisdictions.csv"),
        "example-estates": _sample("grid", "estates.csv"),
        "example-organizations": _sample("organization", "organizations.csv"),
        "example-people": _sample("person", "people.csv"),
        "example-alliances": _sample("alliance", "alliances.csv"),
        "example-members": _sample("member", "members.csv"),
        "example-posts": _sample("post", "posts.csv"),
        "example-affiliations": _sample("affiliation", "affiliations.csv"),
        "example-report-ins": _sample("report_in", "report_ins.csv"),
        "example-resources": _sample("resource", "resources.csv"),
        "example-duties": _sample("catalogue_entry", "duties.csv"),
        "example-needs": _sample("need", "needs.csv"),
        "example-projects": _sample("project", "projects.csv"),
        "example-claims": _sample("claim", "claims.csv"),
        "example-requests": _sample("request", "requests.csv"),
    }
    examples: ClassVar[Sequence[str]] = tuple(presets)

    async def pull(self, cursor: str | None) -> AsyncIterator[Page]:
        """Every row of the files. They are always read whole, so the cursor stays None."""
        pages = (await asyncio.to_thread(self._pages)).read()
        lock = Lock()

        def step() -> Page | None:
            with lock:
                return next(pages, None)

        try:
            while page := await asyncio.to_thread(step):
                yield page
        finally:
            with lock:
                pages.close()

    def _pages(self) -> Pages:
        config = self.config
        paths = [*([config.path] if config.path else []), *config.paths] or [SAMPLES / name for name in config.sample]
        if not paths:
            raise SourceRefused("No file is named. Set path to a file or a folder.")
        words = {**profiles.words(config.kind), **config.words}
        for field, own in config.words.items():
            words[field] = {**profiles.words(config.kind).get(field, {}), **own}
        reading = Reading(
            config.kind,
            [[profiles.with_headers(profile, config.columns) for profile in tier] for tier in self._tiers()],
            words,
            ZoneInfo(config.timezone),
            config.under,
        )
        limit = config.unpacked_limit_mb * MEGABYTE
        return Pages(files(paths), reading, encoding=config.encoding, sheet=config.sheet, limit=limit)

    def _tiers(self) -> list[list[profiles.Profile]]:
        """The admin's profiles, then the shipped one; only the version of the settings, where they name one."""
        config = self.config
        own = profiles.own(config.profiles, config.kind) if config.profiles else []
        shipped = profiles.Profile(profiles.NEWEST, profiles.rules(profiles.NEWEST, config.kind))
        tiers = [[profile for profile in tier if config.profile in ("", profile.name)] for tier in (own, [shipped])]
        if not any(tiers):
            names = ", ".join(profile.name for profile in (*own, shipped))
            raise SourceRefused(
                f"There is no profile {config.profile} for a {config.kind}, only: {names}. Set one of these."
            )
        return tiers
