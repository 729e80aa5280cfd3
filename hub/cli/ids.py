"""Ids on the command line: bare, as it shows them, or those of the graph. Here alone they are read."""

from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import typer

from schema import ids
from schema.errors import BadId


def read(text: str, *types: str) -> UUID:
    """The key that an id means; `types`: of what it may be, as the graph calls it, else of anything.

    Raises BadParameter.
    """
    with suppress(ValueError):
        return UUID(text)
    try:
        name, key = ids.decode(text)
    except BadId:
        raise typer.BadParameter(f"{text!r} is no id: give a UUID, or an `id` of the graph.") from None
    if len(key) != 1 or (types and name not in types):
        due = f"one of a {' or '.join(types)} is due" if types else "it names no row of its own"
        raise typer.BadParameter(f"{text!r} is the id of a {name}, and {due}.")
    return key[0]


def of(*types: str) -> Callable[[str], UUID]:
    """How an argument reads an id of such a thing."""

    def parse(text: str | UUID) -> UUID:
        return text if isinstance(text, UUID) else read(text, *types)

    return parse


def gid(type: str, id: UUID) -> dict[str, str]:
    """What a JSON answer says beside the bare id: the id in the graph."""
    return {"gid": ids.encode(type, (id,))}
