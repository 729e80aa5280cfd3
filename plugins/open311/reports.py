"""A change of the hub as the form that an Open311 source is sent."""

from hub.plugin import Change
from plugins.open311.endpoint import NotTaken
from plugins.open311.settings import ENDED, Config
from plugins.open311.windows import stamp

__all__ = ["creation", "mark", "update"]

LONGEST = 4000


def mark(config: Config, id: str) -> str:
    """What stands at the end of a description that we sent: by it we find it again."""
    return f"[{config.mark}:{id}]"


def creation(change: Change, config: Config) -> dict[str, str]:
    """A new request. Raises NotTaken where it lacks what the standard asks for."""
    if change.deleted:
        raise NotTaken("It is gone in the hub and was never told to the source: nothing to send.")
    said = change.fields
    where = {"address_string": str(said["place"])} if said.get("place") else {}
    if said.get("latitude") is not None and said.get("longitude") is not None:
        where |= {"lat": f"{said['latitude']:.6f}", "long": f"{said['longitude']:.6f}"}
    if not where:
        raise NotTaken("It has neither coordinates nor a place, and Open311 needs one of them. Add one to the request.")
    title, content = str(said.get("title") or ""), str(said.get("content") or "")
    told = content if content.startswith(title) else "\n".join(filter(None, (title, content)))
    return {
        "service_code": service_code(said.get("category"), config),
        "description": marked(told, mark(config, change.id)),
        **where,
    }


def service_code(category: str | None, config: Config) -> str:
    """The code of the service that takes this category."""
    found = next((code for code, service in config.services.items() if category and service.category == category), "")
    if code := found or config.default_service:
        return code
    raise NotTaken(
        f"No service takes the category {category!r}. Add it to the setting services, or set default_service."
    )


def update(change: Change, config: Config) -> dict[str, str] | None:
    """What became of a request that the source knows; None where nothing of it concerns the source."""
    if not (change.deleted or change.event or change.changed & {"status", "result"}):
        return None
    said = change.fields
    status, note = said.get("status"), change.event.note if change.event else None
    ended = change.deleted or status in ENDED
    return {
        "service_request_id": str(change.key),
        "update_id": change.token,
        "status": "CLOSED" if ended else "OPEN",
        "updated_datetime": stamp(change.at),
        "description": marked(note or said.get("result") or str(status or ""), mark(config, change.token)),
    }


def marked(told: str, end: str) -> str:
    """The text, cut to what the source takes, with the mark at its end."""
    return f"{told[: LONGEST - len(end) - 1]}\n{end}"
