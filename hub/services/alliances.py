"""Alliances: what is public about them, and what only insiders see."""

from sqlalchemy import Select, false, select

from hub.auth import Viewer
from hub.models import Agreement, Alliance, Meeting, Member, Resolution


def visible(viewer: Viewer) -> Select[Alliance]:
    """Everybody may see every alliance."""
    return select(Alliance)


def members(viewer: Viewer) -> Select[Member]:
    """Everybody may see that there is a member; who it is, obeys parties.visible."""
    return select(Member)


def agreements(viewer: Viewer) -> Select[Agreement]:
    """Everybody may see what was signed."""
    return select(Agreement)


def meetings(viewer: Viewer) -> Select[Meeting]:
    """Minutes are for those who are signed in."""
    return select(Meeting) if viewer.subject else select(Meeting).where(false())


def resolutions(viewer: Viewer) -> Select[Resolution]:
    """Decisions are for those who are signed in."""
    return select(Resolution) if viewer.subject else select(Resolution).where(false())
