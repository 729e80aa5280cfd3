"""The settings of an Open311 source."""

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

__all__ = ["ENDED", "Channel", "Config", "Kind", "Service", "Status", "plain"]

# fmt: off
Kind = Literal[
    "CONSULTATION", "HELP", "COMPLAINT", "REPORT", "SUGGESTION", "PRAISE", "APPEAL", "WISH", "EVENT", "OTHER",
]
Channel = Literal[
    "HOTLINE_12345", "HOTLINE_12319", "PHONE", "MINI_APP", "MINI_APP_REPORT", "MINI_APP_DISCUSS", "MINI_APP_SERVICE",
    "QR_CODE", "VISIT", "GRID_WORKER", "STATION", "SENSOR", "WEB", "OTHER",
]
Status = Literal[
    "DRAFT", "RECEIVED", "NEEDS_INFO", "REJECTED_SCOPE", "TRIAGED", "DISPATCHED", "SIGNED", "RETURN_REQUESTED",
    "RETURNED", "IN_PROGRESS", "EXTENSION_REQUESTED", "HANDLED", "VERIFIED", "CALLBACK", "REWORK", "MERGED",
    "CLOSED", "ARCHIVED",
]
# fmt: on
ENDED = frozenset({"REJECTED_SCOPE", "MERGED", "CLOSED", "ARCHIVED"})


class Service(BaseModel):
    """What a service code means in the hub."""

    model_config = ConfigDict(extra="forbid")

    category: str | None = Field(None, title="分类", description="由大到小，以 / 分隔；空：用 service_name")
    kind: Kind | None = Field(None, title="诉求类型")


class Config(BaseModel):
    """Open311 GeoReport v2 接口的设置。"""

    model_config = ConfigDict(extra="forbid")

    base_url: AnyHttpUrl = Field(
        AnyHttpUrl("http://127.0.0.1:8914"), title="接口地址", description="/requests.json 之前的部分"
    )
    jurisdiction_id: str = Field("", title="辖区标识", description="一个接口服务多个辖区时才需要")
    api_key: SecretStr = Field(SecretStr("demo-key"), title="接口密钥", description="只在推送时发送")
    format: Literal["auto", "json", "xml"] = Field("auto", title="格式", description="auto：先试 JSON，不行再用 XML")
    start: datetime = Field(
        datetime(2025, 1, 1), title="起始时间", description="从这一刻起读取；未写时区则按下面的时区"
    )
    end: datetime | None = Field(None, title="结束时间", description="读到这一刻为止；空：读到现在")
    by: Literal["requested", "updated"] = Field(
        "requested",
        title="筛选依据",
        description="接口按提交时间 (requested，标准如此) 还是更新时间 (updated) 筛选 start_date 与 end_date",
    )
    lookback_days: int = Field(
        90, ge=0, le=3650, title="回看天数", description="按提交时间筛选时，每次重读这些天，以得知办理进展"
    )
    overlap_minutes: int = Field(
        120, ge=0, le=10080, title="重叠分钟数", description="按更新时间筛选时，每次往回多读，以免漏掉迟到的记录"
    )
    window_days: int = Field(90, ge=1, le=90, title="时间窗天数", description="一次询问的跨度；标准最多 90 天")
    cap: int = Field(
        1000, ge=2, title="返回上限", description="接口一次最多返回的条数；达到时把时间窗减半再问，直到一分钟"
    )
    page_size: int = Field(
        0, ge=0, le=1000, title="每页条数", description="接口支持 page 与 page_size 时填写；0：不分页，改用时间窗减半"
    )
    timezone: str = Field("Asia/Shanghai", title="时区", description="未写时区的时间所用的时区")
    prefix: str = Field("", max_length=40, title="编号前缀", description="加在 service_request_id 前面，成为工单编号")
    channel: Channel = Field("WEB", title="来源渠道", description="读来的诉求都算从这里来")
    services: dict[str, Service] = Field(
        {},
        title="服务代码",
        description='代码及其含义：{"001": {"category": "市政/道路", "kind": "REPORT"}}；推送时反查',
    )
    default_service: str = Field(
        "", title="默认服务代码", description="推送时，分类没有对应代码的用它；空：退回给人处理"
    )
    statuses: dict[str, Status] = Field(
        {}, title="状态", description='open 与 closed 之外的状态词及其含义：{"on hold": "IN_PROGRESS"}'
    )
    under: str | None = Field(
        None, pattern=r"^\d{6}(\d{3}){0,2}$", title="所属区划", description="所有诉求都在其内的区划代码"
    )
    updates: bool = Field(
        False, title="推送进展", description="接口支持 servicerequestupdates 扩展 (FixMyStreet) 时打开"
    )
    number_hours: int = Field(
        48, ge=1, le=2160, title="等待编号小时数", description="成批处理的接口受理后多久仍查不到编号，就请人处理"
    )
    mark: str = Field(
        "hub",
        pattern=r"^[A-Za-z0-9_.-]{1,20}$",
        title="标记",
        description="写在推送的描述末尾：[hub:编号]，据此认出自己推送的",
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name!r} is no time zone. Write one like Asia/Shanghai") from None
        return name

    @model_validator(mode="after")
    def _with_zone(self) -> "Config":
        zone = ZoneInfo(self.timezone)
        self.start = self.start if self.start.tzinfo else self.start.replace(tzinfo=zone)
        self.end = self.end.replace(tzinfo=zone) if self.end and not self.end.tzinfo else self.end
        return self

    @field_validator("statuses")
    @classmethod
    def _plain_words(cls, statuses: dict[str, Status]) -> dict[str, Status]:
        return {plain(word): status for word, status in statuses.items()}


def plain(word: str) -> str:
    """A status word as it is compared: 'In Progress' and 'in_progress' are one."""
    return "_".join(word.lower().replace("-", " ").replace("_", " ").split())
