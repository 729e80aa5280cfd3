"""Sources and what their runs brought, for those who may see sync."""

from typing import Any

from sqlalchemy import Select, false, select

from hub.auth import Viewer
from hub.models import PlanRow, Provenance, Rejected, Run, Source


def _for_admins(viewer: Viewer, table: type[Any]) -> Select[Any]:
    return select(table) if viewer.can("sync:read") else select(table).where(false())


def visible(viewer: Viewer) -> Select[Source]:
    """The sources."""
    return _for_admins(viewer, Source)


def runs(viewer: Viewer) -> Select[Run]:
    """The runs."""
    return _for_admins(viewer, Run)


def plan_rows(viewer: Viewer) -> Select[PlanRow]:
    """The rows of stored plans."""
    return _for_admins(viewer, PlanRow)


def rejected(viewer: Viewer) -> Select[Rejected]:
    """The rejected records: as received, so they may hold anything."""
    return _for_admins(viewer, Rejected)


def provenances(viewer: Viewer) -> Select[Provenance]:
    """Who wrote which field last."""
    return _for_admins(viewer, Provenance)
