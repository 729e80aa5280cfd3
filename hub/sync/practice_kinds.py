"""The kinds of record that a practice consists of: lists, workflows, figures, indicators."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.models import (
    Escalation,
    Feature,
    Figure,
    Grid,
    Indicator,
    Practice,
    Scheme,
    SchemeItem,
    Workflow,
    WorkflowStep,
)
from hub.services import figures, indicators
from hub.services import workflow_faults as _workflow_faults  # noqa: F401  asked by who reads workflows, as a whole
from hub.sync.kind import Found, Kind, Reference, Values


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def _of(column: str, target: type[Any]) -> Reference:
    """What it belongs to must be known first."""
    return Reference(column, target, needed=lambda values: True)


def _figure(values: Values, row: Mapping[str, Any] | None, found: Mapping[str, Found], at: datetime) -> str | None:
    """A figure's query can be asked, and says where its number stands."""
    stands = {**(row or {}), **values}
    return figures.wrong(stands["query"], stands["at"])


def _indicator(values: Values, row: Mapping[str, Any] | None, found: Mapping[str, Found], at: datetime) -> str | None:
    """What an indicator counts can be counted."""
    stands = {"denominator": {}, "exclusions": {}, "period": None, **(row or {}), **values}
    return indicators.wrong(*(stands[name] for name in ("numerator", "denominator", "exclusions", "period")))


PRACTICE_KINDS = (
    Kind(
        "practice",
        Practice,
        _same("code", "name", "title", "description", "demo"),
        {"grid": Reference("grid_id", Grid, path="grid_path")},
        defaults={"demo": {}},
        required=("code", "name", "title"),
    ),
    Kind(
        "scheme",
        Scheme,
        _same("code", "practice", "scheme_kind", "name", "description", "expected", "complete"),
        defaults={"complete": False},
        required=("code", "practice", "scheme_kind", "name"),
    ),
    Kind(
        "scheme_item",
        SchemeItem,
        _same("code", "position", "name", "description", "year"),
        {"scheme": _of("scheme_id", Scheme)},
        required=("code", "scheme", "position", "name"),
    ),
    Kind(
        "workflow",
        Workflow,
        _same("code", "practice", "name", "subject", "description"),
        required=("code", "practice", "name", "subject"),
    ),
    Kind(
        "workflow_step",
        WorkflowStep,
        _same("code", "position", "name", "phase", "actions", "taken_by", "days", "leads_to"),
        {"workflow": _of("workflow_id", Workflow)},
        defaults={"actions": [], "taken_by": [], "leads_to": []},
        required=("code", "workflow", "position", "name", "phase"),
    ),
    Kind(
        "escalation",
        Escalation,
        _same("code", "days", "rung"),
        {"workflow": _of("workflow_id", Workflow)},
        required=("code", "workflow", "days", "rung"),
    ),
    Kind(
        "feature",
        Feature,
        _same("code", "row", "practice", "title", "scenario"),
        defaults={"scenario": {}},
        required=("code", "row", "practice", "title"),
    ),
    Kind(
        "figure",
        Figure,
        _same("code", "practice", "name", "value", "unit", "qualifier", "scope", "said", "query", "at"),
        {"feature": _of("feature_id", Feature)},
        required=("code", "feature", "practice", "name", "value", "qualifier", "said", "query", "at"),
        derive=_figure,
    ),
    Kind(
        "indicator",
        Indicator,
        _same("code", "practice", "name", "description", "numerator", "denominator", "exclusions", "period"),
        defaults={"denominator": {}, "exclusions": {}},
        required=("code", "practice", "name", "numerator"),
        derive=_indicator,
    ),
)
