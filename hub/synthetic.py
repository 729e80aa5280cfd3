"""The form of a made-up district, as a practice's file says it: its rows, who serves them, and requests to go through.

All of it says that it is made up: every name and title begins with 示例. docs/practices.md shows it by example.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any, get_type_hints

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from hub.checks import times_faults
from hub.records import FIELDS

__all__ = ["Demo", "On", "Recurring", "Requests", "Rows", "Scalar", "Span", "Split", "Value", "placeholders"]

SAID = "示例"
CHINA = timezone(timedelta(hours=8))
NAMES = ("n", "i", "grid", "grid_code", "practice")
PLACEHOLDER = re.compile(r"\{(\w+)(?:([%/])([1-9]\d*))?(?::0?(\d))?\}")
NAMED = ("name", "title")


def placeholders(template: str) -> Iterator[re.Match[str]]:
    """Where a template is to be filled in: name, operator, number, width."""
    return PLACEHOLDER.finditer(template)


def _template(text: str) -> str:
    for found in placeholders(text):
        if found[1] not in NAMES:
            raise ValueError(f"there is no {{{found[1]}}}: write one of {', '.join(f'{{{name}}}' for name in NAMES)}")
    if "{" in PLACEHOLDER.sub("", text):
        raise ValueError(
            f"{text!r} has a brace that stands for nothing: write {{n}}, {{n:04}}, {{n%21:03}} or {{n/10}}"
        )
    return text


def _when(value: object) -> object:
    """A day or a moment, where the text is one; a moment without a zone is in China's."""
    if not isinstance(value, str):
        return value
    try:
        if len(value) == len("2024-01-01"):
            return date.fromisoformat(value)
        found = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is no day and no time: write 2024-01-01 or 2024-01-01T09:00") from None
    return found if found.tzinfo else found.replace(tzinfo=CHINA)


class Part(BaseModel):
    """A part of it: what it does not know is refused."""

    model_config = ConfigDict(extra="forbid", str_min_length=1, frozen=True, arbitrary_types_allowed=True)


Text = Annotated[str, AfterValidator(_template)]
Scalar = bool | int | float | Text
Moment = Annotated[int | float | datetime | date, BeforeValidator(_when)]
"""A number, a day or a moment; days and moments are written 2024-01-01 and 2024-01-01T09:00."""


class Span(Part):
    """Spread evenly over the rows, from the first to the last."""

    begin: Moment = Field(alias="from")
    until: Moment


class Recurring(Part):
    """The n-th time of a rule (RRULE): 逢5进圈 is FREQ=MONTHLY;BYMONTHDAY=5,15,25."""

    rule: str
    begin: Moment = Field(alias="from")

    @model_validator(mode="after")
    def _possible(self) -> "Recurring":
        if not isinstance(self.begin, date):
            raise ValueError(f"from: {self.begin} is no day: write 2024-01-01 or 2024-01-01T09:00")
        day = self.begin.date() if isinstance(self.begin, datetime) else self.begin
        for _, words in times_faults({"rule": self.rule, "starts_on": day}):
            raise ValueError(words)
        return self


class Split(Part):
    """Each word for as many of the rows as its share says, exactly, mixed evenly."""

    split: dict[str, int]

    @model_validator(mode="after")
    def _possible(self) -> "Split":
        _must_be_shares(self.split)
        return self


def _which(value: object) -> str:
    if isinstance(value, Mapping):
        return "split" if "split" in value else "rule" if "rule" in value else "span"
    if isinstance(value, BaseModel):
        return "split" if isinstance(value, Split) else "rule" if isinstance(value, Recurring) else "span"
    return "list" if isinstance(value, list) else "scalar"


Value = Annotated[
    Annotated[Span, Tag("span")]
    | Annotated[Recurring, Tag("rule")]
    | Annotated[Split, Tag("split")]
    | Annotated[list[Scalar], Field(min_length=1), Tag("list")]
    | Annotated[Scalar, Tag("scalar")],
    Discriminator(_which),
]
"""What a field holds: a text with {n} and the like in it, a list to go round, a Span, a rule, or shares."""


class On(Part):
    """On which grids: those of a level below the practice's own (or `under` another), or each level's share of them,
    or the grids that an earlier table made by this code."""

    level: str | None = None
    under: str | None = None
    split: dict[str, int] | None = None
    code: Text | None = None

    @model_validator(mode="after")
    def _one(self) -> "On":
        if sum(one is not None for one in (self.level, self.split, self.code)) != 1:
            raise ValueError("write one of level, split and code, or a list of codes of grids")
        if self.split is not None:
            _must_be_shares(self.split)
        return self


class Rows(Part):
    """So many things of a kind.

    source  the ready-made source whose simulator serves them; without it they become a table
    code    their codes, numbers or keys; `key` is understood of kinds that have none
    on      on which grids, in turn; the practice's own unless said
    sum     field -> a total that is shared out over the rows, exactly
    """

    kind: str
    count: int = Field(ge=1, le=1_000_000)
    source: str | None = Field(None, alias="from")
    code: Text | None = None
    on: On | list[str] | None = None
    fields: dict[str, Value] = {}
    sum: dict[str, int] = {}

    @model_validator(mode="after")
    def _known(self) -> "Rows":
        if self.kind not in FIELDS:
            raise ValueError(f"there is no kind {self.kind!r}: write one of {', '.join(FIELDS)}")
        known = get_type_hints(FIELDS[self.kind])
        if unknown := next((name for name in (*self.fields, *self.sum) if name not in known), None):
            raise ValueError(f"a {self.kind} has no field {unknown!r}, only {', '.join(known)}")
        for name in NAMED:
            _must_say(name, self.fields.get(name))
        return self


class Requests(Part):
    """So many requests, submitted and handled by the services, along a workflow of the practice.

    assignee  the code of the party that each is sent to; without it each is answered at once
    until     the status at which they are left
    """

    count: int = Field(ge=1, le=100_000)
    title: Text
    content: Text | None = None
    kind: str = "APPEAL"
    channel: str = "OTHER"
    workflow: str | None = None
    on: On | list[str] | None = None
    assignee: Text | None = None
    until: str = "CLOSED"

    @model_validator(mode="after")
    def _said(self) -> "Requests":
        _must_say("title", self.title)
        return self


class Demo(Part):
    """A made-up district of the size that a practice has published.

    tables   the plugin that reads the tables, by its settings kind and path
    sources  what differs in the settings of a ready-made source that serves rows
    rows     in the order in which they are brought in
    requests after all rows
    """

    tables: str
    sources: dict[str, dict[str, Any]] = {}
    rows: list[Rows] = []
    requests: list[Requests] = []

    @model_validator(mode="after")
    def _distinct(self) -> "Demo":
        seen = set[tuple[str, str | None]]()
        for one in self.rows:
            if (one.kind, one.code) in seen:
                raise ValueError(
                    f"two tables of the kind {one.kind} have the code {one.code}: give one of them another"
                )
            seen.add((one.kind, one.code))
        return self


def _must_be_shares(split: Mapping[str, int]) -> None:
    if not split or min(split.values()) < 0 or not any(split.values()):
        raise ValueError("write shares that are no less than 0, and one of them more: {A: 70, B: 30}")


def _must_say(field: str, value: object) -> None:
    """Names and titles of what is made up say so."""
    told = value if isinstance(value, list) else [value]
    if lacking := next((one for one in told if isinstance(one, str) and not one.startswith(SAID)), None):
        raise ValueError(f"the {field} {lacking!r} does not say that it is made up: begin it with {SAID}")
