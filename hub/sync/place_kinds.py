"""The kinds of record of time and place: stations, services, rotas, meetings, agreements, budgets, notices."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from hub.errors import Invalid
from hub.models import (
    Activity,
    Agreement,
    AgreementKind,
    Alliance,
    Budget,
    BudgetProject,
    EntryAction,
    Funding,
    Grid,
    Meeting,
    Offer,
    Outcome,
    Party,
    Proposal,
    PublicNotice,
    QrPoint,
    Resolution,
    Rota,
    Series,
    ServiceItem,
    ServiceMode,
    Shift,
    Station,
    StationTier,
    Term,
    Topic,
    TopicStatus,
)
from hub.services import coordinates, recurrence, words
from hub.services.working_days import local_day
from hub.sync.kind import BY_KEY, Found, Kind, Reference, Values

Row = Mapping[str, Any] | None
TERMS: Mapping[str, type[Term]] = {"actions": EntryAction, "modes": ServiceMode}


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def _must(column: str, target: type[Any]) -> Reference:
    """What it belongs to must be known first."""
    return Reference(column, target, needed=lambda values: True)


def unknown(values: Values, terms: Mapping[str, type[Term]]) -> str | None:
    """The words of a refusal where a list holds what is no name of its vocabulary."""
    for name, vocabulary in terms.items():
        for one in values.get(name) or ():
            if one not in vocabulary.__members__:
                return f"{name}: {one!r} is none of {', '.join(vocabulary.__members__)}."
    return None


def misplaced(values: Values, row: Row) -> str | None:
    """The words of a refusal where a place is said, and is half a place or none on this earth."""
    if values.keys().isdisjoint(coordinates.MOST):
        return None
    found = coordinates.wrong(values if row is None else {**row, **values})
    return found and f"{found[0]}: {found[1]}"


def _station(values: Values, row: Row, found: Mapping[str, Found], at: datetime) -> str | None:
    return misplaced(values, row)


def _terms(values: Values, row: Row, found: Mapping[str, Found], at: datetime) -> str | None:
    """How people are served is said in the hub's names."""
    return unknown(values, TERMS)


def _comes_again(values: Values, row: Row, found: Mapping[str, Found], at: datetime) -> str | None:
    """A rule makes sense with what stands beside it, and is kept as it is read."""
    stands = {**dict.fromkeys(("rule", "starts_on", "ends_on", "at", "minutes")), **(row or {}), **values}
    try:
        made = recurrence.times(
            stands["rule"],
            stands["starts_on"],
            ends_on=stands["ends_on"],
            at=stands["at"],
            minutes=stands["minutes"],
        )
    except Invalid as error:
        return f"{error.field}: {error}"
    if "rule" in values:
        values["rule"] = made.rule.text
    if values.get("at"):
        values["at"] = made.at and f"{made.at:%H:%M}"
    return unknown(values, TERMS)


def _shift(values: Values, row: Row, found: Mapping[str, Found], at: datetime) -> str | None:
    """A turn is one of a rota or at an activity, and ends after it begins."""
    stands = {"rota_id": None, "activity_id": None, **(row or {}), **values}
    if stands["rota_id"] is None and stands["activity_id"] is None:
        return "rota: of which rota, or at which activity? Say one of them."
    if stands["ends_at"] < stands["starts_at"]:
        return f"ends_at: {stands['ends_at']} lies before it begins. Say a later time."
    return None


def _notice(values: Values, row: Row, found: Mapping[str, Found], at: datetime) -> str | None:
    """What is posted for everybody holds no personal number, and has an end."""
    for name in ("title", "text", "basis"):
        if what := words.personal(values.get(name)):
            return f"{name}: it holds {what}, and everybody comes to read it. Leave it out."
    return in_order(values, row, "since", "until")


def _offer(values: Values, row: Row, found: Mapping[str, Found], at: datetime) -> str | None:
    return in_order(values, row, "valid_from", "valid_to")


def _agreement(values: Values, row: Row, found: Mapping[str, Found], at: datetime) -> str | None:
    return in_order(values, row, "signed_on", "expires_on")


def in_order(values: Values, row: Row, first: str, last: str) -> str | None:
    """The words of a refusal where an end lies before its beginning."""
    stands = {first: None, last: None, **(row or {}), **values}
    begin, end = stands[first], stands[last]
    if isinstance(begin, date) and isinstance(end, date) and end < begin:
        return f"{last}: {end} lies before {begin}. Say a later day."
    return None


def _outcome(values: Values, row: Row, found: Mapping[str, Found], at: datetime) -> str | None:
    """It came of something."""
    stands = {"agreement_id": None, "alliance_id": None, **(row or {}), **values}
    if stands["agreement_id"] is None and stands["alliance_id"] is None:
        return "agreement: of what did it come? Say an agreement or an alliance."
    return None


GRID = Reference("grid_id", Grid, path="grid_path")
STATION = Reference("station_id", Station)
PARTY = Reference("party_id", Party)
ALLIANCE = Reference("alliance_id", Alliance)
SERIES = Reference("series_id", Series)
ENDS: dict[str, Any] = {"closing": lambda at: {"ends_on": local_day(at)}, "reopening": {"ends_on": None}}

PLACE_KINDS = (
    Kind(
        "station",
        Station,
        _same(
            *("code", "name", "tier", "practice", "address", "longitude", "latitude", "area", "opening_hours"),
            *("functions", "facilities", "zones", "build_mode", "premises", "demonstration", "agency", "opened_on"),
        ),
        {
            "grid": GRID,
            "operator": Reference("operator_id", Party),
            "partner": Reference("partner_id", Party),
            "centre": Reference("centre_id", Station),
        },
        defaults={"tier": StationTier.COMMUNITY, "demonstration": False, "agency": False},
        required=("code", "name"),
        derive=_station,
    ),
    Kind(
        "service_item",
        ServiceItem,
        _same(
            *("code", "title", "practice", "category", "modes", "sunk", "extended", "contactless", "capacity"),
            "because",
        ),
        {
            "grid": GRID,
            "station": STATION,
            "provider": Reference("provider_id", Party),
            "replaces": Reference("replaces_id", ServiceItem),
        },
        defaults={"sunk": False, "extended": False, "contactless": False},
        required=("code", "title"),
        derive=_terms,
    ),
    Kind(
        "qr_point",
        QrPoint,
        _same("code", "title", "practice"),
        {"grid": Reference("grid_id", Grid, path="grid_path", needed=lambda values: True), "station": STATION},
        required=("code", "grid"),
    ),
    Kind(
        "offer",
        Offer,
        _same("code", "title", "practice", "beneficiaries", "valid_from", "valid_to"),
        {"grid": GRID, "station": STATION, "provider": Reference("provider_id", Party)},
        required=("code", "title"),
        derive=_offer,
    ),
    Kind(
        "notice",
        PublicNotice,
        _same("code", "title", "notice_kind", "practice", "text", "basis", "since", "until"),
        {"grid": GRID, "station": STATION, "party": PARTY},
        required=("code", "title", "notice_kind", "since", "until"),
        derive=_notice,
    ),
    Kind(
        "rota",
        Rota,
        _same(
            *("code", "title", "practice", "rule", "at", "minutes", "starts_on", "ends_on", "actions", "modes"),
        ),
        {"grid": GRID, "station": STATION},
        required=("code", "title", "rule", "starts_on"),
        derive=_comes_again,
        **ENDS,
    ),
    Kind(
        "series",
        Series,
        _same("code", "title", "practice", "series_kind", "rule", "at", "minutes", "starts_on", "ends_on"),
        {
            "grid": GRID,
            "station": STATION,
            "organizer": Reference("organizer_id", Party),
            "alliance": ALLIANCE,
        },
        required=("code", "title", "series_kind", "rule", "starts_on"),
        derive=_comes_again,
        **ENDS,
    ),
    Kind(
        "activity",
        Activity,
        _same("code", "title", "practice", "category", "starts_at", "ends_at", "attendance"),
        {"grid": GRID, "station": STATION, "organizer": Reference("organizer_id", Party), "series": SERIES},
        required=("code", "title", "starts_at"),
    ),
    Kind(
        "shift",
        Shift,
        _same("starts_at", "ends_at", "held", "practice"),
        {
            "person": _must("person_id", Party),
            "rota": _must("rota_id", Rota),
            "activity": _must("activity_id", Activity),
        },
        natural=BY_KEY,
        required=("person", "starts_at", "ends_at"),
        closing=lambda at: {"withdrawn_at": at},
        reopening={"withdrawn_at": None},
        derive=_shift,
    ),
    Kind(
        "agreement",
        Agreement,
        _same("code", "title", "agreement_kind", "practice", "services", "signed_on", "expires_on"),
        {
            "grid": GRID,
            "party": _must("party_id", Party),
            "partner": Reference("partner_id", Party),
            "alliance": ALLIANCE,
        },
        defaults={"agreement_kind": AgreementKind.OTHER},
        required=("code", "title", "party"),
        derive=_agreement,
    ),
    Kind(
        "outcome",
        Outcome,
        _same("code", "metric", "value", "unit", "qualifier", "practice"),
        {"agreement": _must("agreement_id", Agreement), "alliance": _must("alliance_id", Alliance)},
        required=("code", "metric", "value"),
        derive=_outcome,
    ),
    Kind(
        "meeting",
        Meeting,
        _same("code", "title", "practice", "forum", "held_at", "place", "venue", "minutes"),
        {"grid": GRID, "alliance": ALLIANCE, "series": SERIES},
        required=("code", "title", "held_at"),
    ),
    Kind(
        "topic",
        Topic,
        _same(
            *("code", "title", "practice", "channel", "grade", "status", "raised_at", "note", "review", "reviewed_at"),
        ),
        {"grid": GRID, "meeting": Reference("meeting_id", Meeting), "raised_by": Reference("raised_by_id", Party)},
        defaults={"status": TopicStatus.PROPOSED},
        required=("code", "title"),
        living=frozenset({"status", "meeting", "review", "reviewed_at"}),
        closing=lambda at: {"status": TopicStatus.DROPPED},
        reopening={"status": TopicStatus.PROPOSED},
    ),
    Kind(
        "resolution",
        Resolution,
        _same("code", "text", "practice", "due_on", "done_on"),
        {
            "meeting": _must("meeting_id", Meeting),
            "topic": Reference("topic_id", Topic),
            "owner": Reference("owner_id", Party),
        },
        required=("code", "text", "meeting"),
        living=frozenset({"done_on"}),
    ),
    Kind(
        "proposal",
        Proposal,
        _same("code", "title", "proposal_kind", "practice", "text", "submitted_on", "reply", "replied_on"),
        {"grid": GRID, "topic": Reference("topic_id", Topic)},
        required=("code", "title", "proposal_kind", "submitted_on"),
        living=frozenset({"reply", "replied_on"}),
    ),
    Kind(
        "budget",
        Budget,
        _same("code", "title", "practice", "year", "raised"),
        {"grid": GRID},
        required=("code", "title"),
    ),
    Kind(
        "budget_project",
        BudgetProject,
        _same("code", "title", "practice", "amount", "votes", "done_on"),
        {"budget": _must("budget_id", Budget)},
        required=("code", "title", "budget"),
        living=frozenset({"votes", "done_on"}),
    ),
    Kind(
        "funding",
        Funding,
        _same("code", "title", "practice", "amount", "qualifier", "source", "year"),
        {"grid": GRID},
        required=("code", "title"),
    ),
)
