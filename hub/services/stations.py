"""Stations, what is had and done there, and who gives their time."""

from sqlalchemy import Select, or_, select

from hub.auth import Viewer
from hub.models import Activity, Person, Rota, ServiceItem, ServiceRecord, Shift, Station
from hub.services import parties


def visible(viewer: Viewer) -> Select[Station]:
    """Everybody may see every station."""
    return select(Station)


def service_items(viewer: Viewer) -> Select[ServiceItem]:
    """Everybody may see what is offered."""
    return select(ServiceItem)


def rotas(viewer: Viewer) -> Select[Rota]:
    """Everybody may see when somebody is on duty; who it is, stands in the shifts."""
    return select(Rota)


def shifts(viewer: Viewer) -> Select[Shift]:
    """Those of visible persons."""
    return select(Shift).where(Shift.person_id.in_(parties.persons(viewer).with_only_columns(Person.id)))


def activities(viewer: Viewer) -> Select[Activity]:
    """Everybody may see what goes on."""
    return select(Activity)


def service_records(viewer: Viewer) -> Select[ServiceRecord]:
    """Those of visible persons, and those of whole teams."""
    persons = parties.persons(viewer).with_only_columns(Person.id)
    return select(ServiceRecord).where(or_(ServiceRecord.person_id.is_(None), ServiceRecord.person_id.in_(persons)))
