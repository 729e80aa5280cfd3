"""Global ids: what the API calls a row, opaque to clients. One id names one row of one type."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from schema.errors import BadId

Key = tuple[UUID, ...]


def encode(name: str, key: Key) -> str:
    """The id of the row of type `name` with this primary key."""
    text = f"{name}:{'.'.join(part.hex for part in key)}"
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(id: str, *, field: str = "id") -> tuple[str, Key]:
    """The type and the primary key that an id names. Raises BadId for the argument `field`."""
    try:
        text = urlsafe_b64decode(id + "=" * (-len(id) % 4)).decode("ascii")
        name, _, rest = text.partition(":")
        key = tuple(UUID(hex=part) for part in rest.split("."))
    except ValueError as error:
        raise BadId(id, field=field) from error
    if encode(name, key) != id:
        raise BadId(id, field=field)
    return name, key
