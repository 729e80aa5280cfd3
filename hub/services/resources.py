"""Resources, needs and projects: the three lists, open to everybody; claims belong to those who made them."""

from sqlalchemy import Select, select

from hub.auth import Viewer
from hub.models import Claim, Need, Offer, Party, Project, Resource
from hub.services import parties


def visible(viewer: Viewer) -> Select[Resource]:
    """Everybody may see every resource; who owns it, obeys parties.visible."""
    return select(Resource)


def needs(viewer: Viewer) -> Select[Need]:
    """Everybody may see every need; who raised it, obeys parties.visible."""
    return select(Need)


def projects(viewer: Viewer) -> Select[Project]:
    """Everybody may see every project."""
    return select(Project)


def offers(viewer: Viewer) -> Select[Offer]:
    """Everybody may see every offer."""
    return select(Offer)


def claims(viewer: Viewer) -> Select[Claim]:
    """Those of visible parties."""
    return select(Claim).where(Claim.party_id.in_(parties.visible(viewer).with_only_columns(Party.id)))
