"""The form of a practice file: docs/practices.md shows it by example. Every part says what it is in its own words."""

from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.plugin import Demo

CODE = r"^[a-z][a-z0-9_]{1,29}$"
NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,39}$"
ROW = r"^[A-Z][A-Za-z0-9]{0,19}-[0-9]{1,9}$"
CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
WHO = r"^[a-z]+([@:][^@:\s]+)*$"
FORMS = {
    CODE: "a small letter, then 1 to 29 more, digits and _, as linhe",
    NAME: "a letter, then at most 39 more, digits, _ and -, as STEP_1",
    ROW: "letters, a - and a number, as L1-01",
    CLOCK: "a time of day, as 19:30",
    WHO: "a role, with a place or a party where it needs one: resident, clerk@420602001008, handler:LH-LIGHTS",
}
"""What is to be written where a text has a form."""

Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]

Phase = Literal[
    "INTAKE", "TRIAGE", "DISPATCH", "ACCEPT", "HANDLE", "SUPERVISE", "FEEDBACK", "EVALUATE", "PUBLISH", "ASSESS"
]


class Part(BaseModel):
    """A part of a file: what it does not know is refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_min_length=1)


class Practice(Part):
    """Whose practice it is, and what it is called."""

    code: str = Field(pattern=CODE, description="lower case: xiangyang")
    name: str = Field(description="the district or town")
    title: str = Field(description="what the practice is called")
    grid: str | None = Field(None, description="the statistical code of its division, in quotes")
    description: str | None = None
    ended: bool = Field(
        default=False, strict=True, description="true: the practice, and all that belongs to it, is no more"
    )


class Item(Part):
    """One thing on a list, or its name alone. Where the source does not explain it, nor does the file."""

    name: str
    description: str | None = None
    year: Whole | None = Field(None, ge=1, le=9999)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, said: Any) -> Any:
        return {"name": said} if isinstance(said, str) else said


class Scheme(Part):
    """A list that the practice goes by. `expected`: how many there are, where the source names fewer."""

    code: str = Field(pattern=NAME)
    kind: str = Field(description="a name of SchemeKind: STANDARD, CAMPAIGN, DOCUMENTS, ...")
    name: str
    description: str | None = None
    expected: Whole | None = Field(None, ge=0, le=100_000)
    items: list[Item] = []


class Step(Part):
    """One step. `next`: the keys of those that may follow, if not the one below; [] ends the workflow."""

    key: str = Field(pattern=NAME)
    name: str
    phase: Phase
    actions: list[str] | None = None
    by: list[str] | None = None
    days: Whole | None = Field(None, ge=0, le=365)
    next: list[str] | None = None


class Overdue(Part):
    """A rung of the ladder: what happens so many working days after the deadline."""

    days: Whole = Field(ge=0, le=365)
    do: Literal["URGE", "SUPERVISE", "ESCALATE"]


class Workflow(Part):
    """Steps in the practice's own words, each with the phase that it is."""

    code: str = Field(pattern=NAME)
    name: str
    subject: Literal["REQUEST", "PERSON", "SERVICE", "TOPIC", "OTHER"] = "REQUEST"
    description: str | None = None
    steps: list[Step] = Field(min_length=1)
    overdue: list[Overdue] = []


class Figure(Part):
    """A number that was published: EXACT, AT_LEAST (不少于), OVER (余、多), NEARLY (近) or PERCENT."""

    name: str = Field(pattern=NAME)
    title: str = Field(description="what is counted")
    value: Number
    unit: str | None = None
    qualifier: Literal["EXACT", "AT_LEAST", "OVER", "NEARLY", "PERCENT"] = "EXACT"
    scope: str | None = None
    said: str = Field(description="what was published, in a few words")
    query: str = Field(description="a GraphQL query")
    at: str = Field(description="where in the answer the number stands: reportIns.totalCount")


class Act(Part):
    """One step of a scenario: who asks what, and what must come of it.

    as      a role, where: clerk@420606070001 (a grid), handler:XY-001 (a party); anonymous; admin unless said
    do      one GraphQL operation
    with    its variables; "$name" stands for what an earlier step kept, "$today+30" for a day
    keep    name -> place in the answer, for later steps
    expect  place in the answer -> what must stand there
    refused the code of the error that must come instead
    """

    who: str = Field("admin", alias="as", pattern=WHO)
    do: str
    variables: dict[str, Any] = Field({}, alias="with")
    keep: dict[str, str] = {}
    expect: dict[str, Any] = {}
    refused: str | None = None


class Feature(Part):
    """One thing that the practice has published, with its numbers, or with the scenario that shows it."""

    row: str = Field(pattern=ROW, description="F2-15")
    title: str
    figures: list[Figure] = []
    scenario: list[Act] = []


class Indicator(Part):
    """A share, or a count, that is worked out the same way everywhere."""

    code: str = Field(pattern=NAME)
    name: str
    description: str | None = None
    numerator: dict[str, Any]
    denominator: dict[str, Any] = {}
    exclusions: dict[str, Any] = {}
    period: str | None = None


class Times(Part):
    """When something comes again: an RRULE, its first day, and the time of day and length where there is one."""

    code: str = Field(pattern=NAME)
    title: str
    rule: str = Field(description="FREQ=MONTHLY;BYMONTHDAY=5,15,25")
    starts_on: date
    ends_on: date | None = None
    at: str | None = Field(None, pattern=CLOCK, description="19:30")
    minutes: Whole | None = Field(None, ge=1, le=1440)
    grid: str | None = Field(None, description="the code of a grid, in quotes")
    station: str | None = Field(None, description="the code of a station")


class Series(Times):
    """Meetings or activities that come again."""

    kind: Literal["MEETING", "ACTIVITY"]
    organizer: str | None = Field(None, description="the code of a party")
    alliance: str | None = Field(None, description="the code of an alliance")


class Rota(Times):
    """Who is on duty when: what is done then, and how people are served."""

    actions: list[Literal["LEAFLET", "HOME_VISIT", "CONSULT_DESK"]] = []
    modes: list[Literal["ONLINE", "ON_SITE_ACCEPTANCE", "ASSISTED_AGENCY"]] = []


class Duty(Part):
    """A line of the catalogue of duties: for such requests on such a grid this party is responsible."""

    code: str = Field(pattern=NAME)
    party: str = Field(description="the code of who is responsible")
    category: str | None = Field(None, description="from the larger to the smaller: 物业/管道; every one unless said")
    grid: str | None = Field(None, description="the code of a grid, in quotes; everywhere unless said")
    basis: str | None = Field(None, description="the paper that says so")


class PracticeFile(Part):
    """The whole file."""

    practice: Practice
    schemes: list[Scheme] = []
    workflows: list[Workflow] = []
    indicators: list[Indicator] = []
    series: list[Series] = []
    rotas: list[Rota] = []
    catalogue: list[Duty] = []
    features: list[Feature] = []
    demo: Demo | None = None


def part_at(where: tuple[str | int, ...]) -> type[BaseModel] | None:
    """Which part of a file stands there."""
    part: type[BaseModel] = PracticeFile
    for name in where:
        if isinstance(name, int):
            continue
        field = next((one for key, one in part.model_fields.items() if (one.alias or key) == name), None)
        within = (field.annotation, *get_args(field.annotation)) if field is not None else ()
        parts = [one for one in within if isinstance(one, type) and issubclass(one, BaseModel)]
        if not parts:
            return None
        part = parts[0]
    return part


def keys_of(part: type[BaseModel]) -> list[str]:
    """What may be written in it."""
    return [field.alias or name for name, field in part.model_fields.items()]
