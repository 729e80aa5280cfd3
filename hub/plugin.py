"""All that a plugin may see of the hub. Import nothing else of ours.

A plugin translates between one source and the hub's nouns. It has three verbs, each optional:

    async def pull(self, cursor: str | None) -> AsyncIterator[Page]     what is there since the cursor
    async def push(self, change: Change) -> str | BadRecord             what changed here; how the source calls it
    async def receive(self, body: bytes) -> Page                        what the source sends us by itself

A pull may give its records raw, and read() then says what they mean: only those are read that the hub does not know.

The hub owns the rest: identity, order, retries, rate limits, time-outs, state, the database. So a plugin never sleeps,
never retries and keeps nothing. A bad record is a value that stands in the page beside the good ones; an error class
says what the hub does next. The smallest plugin is in docs/plugins.md.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

import httpx2
from pydantic import BaseModel

from hub.checks import figure_faults, indicator_faults, operation_faults, times_faults, workflow_faults
from hub.fields import (
    ActivityFields,
    AllianceFields,
    CatalogueEntryFields,
    EscalationFields,
    FeatureFields,
    FigureFields,
    GridFields,
    IndicatorFields,
    MemberFields,
    OrganizationFields,
    PersonFields,
    PostFields,
    PracticeFields,
    RequestFields,
    ResourceFields,
    SchemeFields,
    SchemeItemFields,
    ServiceRecordFields,
    ShiftFields,
    WorkflowFields,
    WorkflowStepFields,
)
from hub.parts import Caller, Issue, Place
from hub.place_fields import (
    AgreementFields,
    BudgetFields,
    BudgetProjectFields,
    FundingFields,
    MeetingFields,
    NoticeFields,
    OfferFields,
    OutcomeFields,
    ProposalFields,
    QrPointFields,
    ResolutionFields,
    RotaFields,
    SeriesFields,
    ServiceItemFields,
    StationFields,
    TopicFields,
)
from hub.records import FIELDS
from hub.register_fields import AffiliationFields, ClaimFields, NeedFields, ProjectFields, ReportInFields
from hub.synthetic import Demo

__all__ = [
    "FIELDS",
    "ActivityFields",
    "AffiliationFields",
    "AgreementFields",
    "AllianceFields",
    "BadRecord",
    "BudgetFields",
    "BudgetProjectFields",
    "Caller",
    "CatalogueEntryFields",
    "Change",
    "ClaimFields",
    "Demo",
    "EscalationFields",
    "Event",
    "FeatureFields",
    "FigureFields",
    "FundingFields",
    "GraphField",
    "GridFields",
    "IndicatorFields",
    "Issue",
    "MeetingFields",
    "MemberFields",
    "NeedFields",
    "NoticeFields",
    "OfferFields",
    "OrganizationFields",
    "OutcomeFields",
    "Page",
    "PersonFields",
    "Place",
    "Plugin",
    "PostFields",
    "PracticeFields",
    "ProjectFields",
    "ProposalFields",
    "Pulls",
    "Pushes",
    "QrPointFields",
    "Reads",
    "Receives",
    "Record",
    "ReportInFields",
    "RequestFields",
    "ResolutionFields",
    "ResourceFields",
    "RotaFields",
    "SchemeFields",
    "SchemeItemFields",
    "SeriesFields",
    "ServiceItemFields",
    "ServiceRecordFields",
    "ShiftFields",
    "SourceBroken",
    "SourceDown",
    "SourceError",
    "SourceRefused",
    "StationFields",
    "TopicFields",
    "WorkflowFields",
    "WorkflowStepFields",
    "figure_faults",
    "indicator_faults",
    "operation_faults",
    "times_faults",
    "workflow_faults",
]


class SourceError(Exception):
    """The source did not give, or did not take, what it should. Raise one of the three below."""


class SourceDown(SourceError):
    """It does not answer, or says 'later': the hub tries again by itself. `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SourceRefused(SourceError):
    """It refuses us (credentials, permission, a wrong path): a person is asked, nothing is retried."""


class SourceBroken(SourceError):
    """What it says cannot be read at all (another format, a login page): the run stops, the cursor stays."""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing as the source says it is.

    kind     "grid", "organization", "person", "alliance", "member", "post", "activity", "shift", "service_record",
             "affiliation", "report_in", "resource", "need", "project", "claim", "catalogue_entry" or "request"; what a
             practice consists of: "practice", "scheme", "scheme_item", "workflow", "workflow_step", "escalation",
             "feature", "figure", "indicator"
    key      the source's own key for it: never changes, never reused
    fields   only what the source says (see hub/fields.py): a missing name means "says nothing", None "says: empty"
    deleted  the source says that it is gone
    where    for messages: file and row, page and position
    at       when the source last changed it, where it says so: an older record never overwrites a newer one
    extra    what the source says beyond what the plugin knows, in the source's own names: an admin's rule for changed
             structures decides whether it is kept beside the row, left out, waits for a person, or stops the run
    raw      `fields` are all that the source says, in its own words, as JSON: the plugin's read() is asked what they
             mean, and only where they are not what they were
    """

    kind: str
    key: str
    fields: Mapping[str, Any]
    deleted: bool = False
    where: str = ""
    at: datetime | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    raw: bool = False


@dataclass(frozen=True, slots=True)
class BadRecord:
    """Something in the page that is no record. It is kept and shown to an admin; the page goes on.

    reason  in words: what is wrong and where ("row 12, column code: '12x' is not a division code")
    raw     as received
    kind    what it would have been
    key     the source's key, where it could be read
    """

    reason: str
    raw: Mapping[str, Any] | str
    kind: str = ""
    key: str | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """A step in the life of a request, as the hub logged it.

    action   a name of RequestAction: ACCEPT, HANDLE, FEED_BACK, ASK_RETURN, ASK_EXTENSION, EVALUATE, ...
    at       when
    party    the name of the organization that took the step
    note     what was said
    details  what else belongs to it: due_at, reason, solved, satisfaction, ...
    """

    action: str
    at: datetime
    party: str | None = None
    note: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed in the hub, on its way to a source.

    kind     as in Record
    key      how the source calls it; None: it has not been told of it yet, so it is to be created there
    id       how the hub calls it: put it where the source keeps the caller's own reference
    fields   how it stands now, in the words of ...Fields; personal data of callers is never in it
    changed  the names of the fields that changed; empty where it is new
    deleted  it is gone in the hub
    event    the step that was taken, where the change is one in the life of a request
    token    the same at every try, another for every change: send it as the idempotency key where there is one
    again    an earlier try may have reached the source although it failed here: look before you write
    at       when it changed
    """

    kind: str
    key: str | None
    id: str
    fields: Mapping[str, Any]
    changed: frozenset[str]
    at: datetime
    token: str
    deleted: bool = False
    event: Event | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class GraphField:
    """A field that a plugin adds to a type of the graph, shown as `<plugin>_<name>` (in camel case).

    It may always be null: where `resolve` raises, takes longer than two seconds, or gives what was not declared, there
    is an error PLUGIN_FAILED in its place, and the rest of the answer stands.

    on       the type: "Request", "Grid", "Organization", ...
    name     in snake case
    type     str, int, float, bool, datetime, a frozen dataclass of these (it becomes the type <Plugin><Dataclass>),
             `X | None` or `list[X]` of these
    needs    the columns of the row that it is made of, of those that the type shows: ("id", "number"); terms come as
             their names
    resolve  called once for all rows of a level: gets them as mappings of `needs`, gives a value for each, in order
    doc      a line for people, Chinese where Chinese is read
    """

    on: str
    name: str
    type: Any
    needs: Sequence[str]
    resolve: Callable[[Sequence[Mapping[str, Any]]], Awaitable[Sequence[Any]]]
    doc: str


@dataclass(frozen=True, slots=True)
class Page:
    """What one step of a pull brought; applied in one transaction, together with its cursor.

    items     records and bad records, in the source's order
    cursor    where to go on from, after this page: opaque to the hub; None leaves the saved cursor as it is
    received  the bytes as they came, for the archive; None where the source can be read again at will (a file)
    total     how many records the whole pull will bring, where the source knows: for the progress bar
    columns   what the source calls the fields, where it calls them otherwise: for messages
    complete  the kinds (of the plugin's `whole`) of which this pull, read from the beginning, has now brought all that
              there is: what two such pulls did not bring is gone, and never if that would be too much
    within    where that is true of a part only, whatever the settings leave out: the first words of the keys, up to the
              first dot ("linhe" is said of linhe and of linhe.THREE); what begins otherwise is left alone
    """

    items: Sequence[Record | BadRecord]
    cursor: str | None = None
    received: bytes | None = field(default=None, repr=False)
    total: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    complete: frozenset[str] = frozenset()
    within: frozenset[str] = frozenset()


ConfigT = TypeVar("ConfigT", bound=BaseModel)


class Plugin(Generic[ConfigT]):
    """What every plugin is: a name, a form of settings, and the verbs that it defines.

    name     how it is called on the command line and in the graph: lower case
    title    one line for people, Chinese where Chinese is read
    Config   a pydantic model; its JSON Schema draws the form, its docs are the help, SecretStr fields are write-only
    presets  ready-made sources: name of the source -> settings; `hub sync run NAME` works at once
    examples the presets that an empty hub is filled with at its first start, in this order
    hub      the versions of the hub that it works with, as packaging has them: ">=0.1,<1"
    hosts    the names of the settings that hold an address: HTTP reaches the hosts named there and no other
    fixed_hosts  further hosts that it always reaches: "api.example.org"
    patience how many seconds one step of it may take (a page, a push, a message) before it is taken for stuck
    period   the two settings that bound a pull in time (first and last moment), for filling in a range of dates
    pushes   the kinds that push() takes
    whole    the kinds of which a pull from the beginning can say, by Page.complete, that it brought all there is
    rules    whose word stands, where not NEWEST: (kind, field or "*") -> "SOURCE", "HUB" or "NEWEST"; admins may differ
    graph    what it adds to the graph
    """

    name: ClassVar[str]
    title: ClassVar[str]
    Config: ClassVar[type[BaseModel]]
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    examples: ClassVar[Sequence[str]] = ()
    hub: ClassVar[str] = ""
    hosts: ClassVar[Sequence[str]] = ()
    fixed_hosts: ClassVar[Sequence[str]] = ()
    patience: ClassVar[float] = 600.0
    period: ClassVar[tuple[str, str] | None] = None
    pushes: ClassVar[frozenset[str]] = frozenset()
    whole: ClassVar[frozenset[str]] = frozenset()
    rules: ClassVar[Mapping[tuple[str, str], str]] = {}
    graph: ClassVar[Sequence[GraphField]] = ()

    def __init__(self, config: ConfigT, http: httpx2.AsyncClient) -> None:
        """`http` retries, waits and limits by itself; ask it plainly and translate what it says."""
        self.config = config
        self.http = http

    def meaning(self) -> str:
        """All that read() goes by beside the record and the plugin's own files: where it differs from what it was, the
        hub has everything read anew. All settings, if a plugin does not know better."""
        return self.config.model_dump_json()


@runtime_checkable
class Pulls(Protocol):
    """A plugin that can be read from."""

    def pull(self, cursor: str | None) -> AsyncIterator[Page]:
        """Everything since `cursor` (None: from the beginning), page by page. Reading twice must do no harm."""
        ...


@runtime_checkable
class Reads(Protocol):
    """A plugin whose pull() gives raw records, so that what the hub knows already is never read.

    Nightly, most of a whole list is what it was: such a pull takes half the time.
    """

    def read(self, record: Record) -> Record | BadRecord:
        """What a raw record means: one of the same kind and key, the same each time, without asking anybody."""
        ...


@runtime_checkable
class Pushes(Protocol):
    """A plugin that can be told what changes in the hub."""

    async def push(self, change: Change) -> str | BadRecord:
        """Tell the source. The answer is how the source calls the thing; "it is there already" is no error.

        A BadRecord says that the source refuses this one thing: a person is asked, and the others go on. SourceDown is
        tried again later (`retry_after`), SourceRefused and SourceBroken stop the telling until a person has looked.
        """
        ...


@runtime_checkable
class Receives(Protocol):
    """A plugin whose source sends by itself."""

    async def receive(self, body: bytes) -> Page:
        """What such a message says. It came signed, once and in time: the hub has seen to that.

        Messages are read in order of arrival. A record may say only what is new of a thing; one that speaks of a thing
        that the hub does not have yet is kept, and applied when that is there. Where the source may overtake itself,
        `at` says of when a record is. SourceBroken refuses the message, SourceDown lets it wait.
        """
        ...
