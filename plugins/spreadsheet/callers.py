"""Who called stays out of what an admin is shown of a refused row: the caller's cells, and what repeats them."""

import re
from collections.abc import Iterable, Mapping, Sequence

from hub.plugin import Caller, Place
from plugins.spreadsheet.profiles import Rule, plain

CALLER = ("caller_name", "caller_phone", "caller_confidential")
MASK = "***"
SHORTEST = 2
SPEAKS_OF_A_CALLER = re.compile(
    r"来电(人|号|电话)|诉求人|反映人|投诉人|联系(人|电话|方式)|电话|手机|caller|phone|mobile"
)
"""Headers, made plain, whose cells are masked whether or not the profile reads them."""


def caller_columns(header: Sequence[str], rules: Sequence[Rule]) -> frozenset[int]:
    """Where the columns are that tell who called."""
    named = {plain(title) for rule in rules if rule.field in CALLER for title in rule.headers}
    titles = [plain(title) for title in header]
    return frozenset(at for at, title in enumerate(titles) if title in named or SPEAKS_OF_A_CALLER.search(title))


def masked(row: Sequence[str], columns: frozenset[int], width: int) -> tuple[list[str], list[str]]:
    """The row without the caller, and what was masked.

    Where cells are left over or missing they may have slipped by as many columns, so these are masked too.
    """
    slipped = len(row) - width
    if columns and slipped:
        columns = frozenset(range(min(columns) + min(slipped, 0), max(columns) + max(slipped, 0) + 1))
    secrets = [cell.strip() for at, cell in enumerate(row) if at in columns and cell.strip()]
    shown = [MASK if at in columns and cell.strip() else hide(cell, secrets) for at, cell in enumerate(row)]
    return shown, secrets


def hide(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret in it masked, quoted or not."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(repr(secret), repr(MASK))
        if len(secret) >= SHORTEST:
            text = text.replace(secret, MASK)
    return text


def told(fields: Mapping[str, object]) -> dict[str, str | None]:
    """The fields of a record as people read them, without the caller."""
    who = fields.get("caller")
    secrets = [secret for secret in (who.name, who.phone) if secret] if isinstance(who, Caller) else []
    return {name: None if value is None else hide(_readable(value), secrets) for name, value in fields.items()}


def _readable(value: object) -> str:
    if isinstance(value, Caller):
        return MASK
    return "/".join(value.names) if isinstance(value, Place) else str(value)
