"""Parties: organizations and persons, their posts, and where they reported in."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_, select

from hub.auth import Viewer
from hub.models import Organization, Party, Person, Post, ReportIn


def _seen(viewer: Viewer, table: type[Party] | type[Post], own: Any) -> ColumnElement[bool]:
    inside = viewer.covers(table.grid_path) if viewer.can("parties:read") else false()
    return or_(table.public, inside, own == viewer.party_id if viewer.party_id else false())


def visible(viewer: Viewer) -> Select[Party]:
    """Public parties; the others for those who may read persons on their grid; everyone sees themselves."""
    return select(Party).where(_seen(viewer, Party, Party.id))


def organizations(viewer: Viewer) -> Select[Organization]:
    """The organizations among the visible parties."""
    return select(Organization).where(_seen(viewer, Organization, Organization.id))


def persons(viewer: Viewer) -> Select[Person]:
    """The persons among the visible parties."""
    return select(Person).where(_seen(viewer, Person, Person.id))


def posts(viewer: Viewer) -> Select[Post]:
    """Posts that are posted in public; the others for those who may read persons on their grid."""
    return select(Post).where(_seen(viewer, Post, Post.person_id))


def report_ins(viewer: Viewer) -> Select[ReportIn]:
    """Those of visible parties."""
    return select(ReportIn).where(and_(ReportIn.party_id.in_(visible(viewer).with_only_columns(Party.id))))
