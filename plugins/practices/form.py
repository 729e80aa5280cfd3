"""The form of a practice file: docs/practices.md shows it by example. Every part says what it is in its own words."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.plugin import Demo

NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,39}$"

Phase = Literal[
    "INTAKE", "TRIAGE", "DISPATCH", "ACCEPT", "HANDLE", "SUPERVISE", "FEEDBACK", "EVALUATE", "PUBLISH", "ASSESS"
]


class Part(BaseModel):
    """A part of a file: what it does not know is refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_min_length=1)


class Practice(Part):
    """Whose practice it is, and what it is called."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{1,29}$", description="lower case: xiangyang")
    name: str = Field(description="the district or town")
    title: str = Field(description="what the practice is called")
    grid: str | None = Field(None, description="the statistical code of its division, in quotes")
    description: str | None = None


class Item(Part):
    """One thing on a list. Where the source does not explain it, nor does the file."""

    name: str
    description: str | None = None
    year: int | None = None


class Scheme(Part):
    """A list that the practice goes by. `expected`: how many there are, where the source names fewer."""

    code: str = Field(pattern=NAME)
    kind: str = Field(description="a name of SchemeKind: STANDARD, CAMPAIGN, DOCUMENTS, ...")
    name: str
    description: str | None = None
    expected: int | None = Field(None, ge=0)
    items: list[str | Item] = []


class Step(Part):
    """One step. `next`: the keys of those that may follow, if not the one below; [] ends the workflow."""

    key: str = Field(pattern=NAME)
    name: str
    phase: Phase
    actions: list[str] | None = None
    by: list[str] | None = None
    days: int | None = Field(None, ge=0, le=365)
    next: list[str] | None = None


class Overdue(Part):
    """A rung of the ladder: what happens so many working days after the deadline."""

    days: int = Field(ge=0, le=365)
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
    value: float
    unit: str | None = None
    qualifier: Literal["EXACT", "AT_LEAST", "OVER", "NEARLY", "PERCENT"] = "EXACT"
    scope: str | None = None
    said: str = Field(description="the words of the source")
    query: str = Field(description="a GraphQL query")
    at: str = Field(description="where in the answer the number stands: reportIns.totalCount")


class Act(Part):
    """One step of a scenario: who asks what, and what must come of it.

    as      a role, where: clerk@420606070001 (a grid), handler:XY-001 (a party); anonymous; admin unless said
    do      one GraphQL operation
    with    its variables; "$name" stands for what an earlier step kept
    keep    name -> place in the answer, for later steps
    expect  place in the answer -> what must stand there
    refused the code of the error that must come instead
    """

    who: str = Field("admin", alias="as", pattern=r"^[a-z]+([@:][^@:\s]+)*$")
    do: str
    variables: dict[str, Any] = Field({}, alias="with")
    keep: dict[str, str] = {}
    expect: dict[str, Any] = {}
    refused: str | None = None


class Feature(Part):
    """One thing that the practice has published, with its numbers, or with the scenario that shows it."""

    row: str = Field(pattern=r"^[A-Z][A-Za-z0-9]*-[0-9]+$", description="F2-15")
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


class PracticeFile(Part):
    """The whole file."""

    practice: Practice
    schemes: list[Scheme] = []
    workflows: list[Workflow] = []
    indicators: list[Indicator] = []
    features: list[Feature] = []
    demo: Demo | None = None
