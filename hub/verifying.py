"""Whether what practices have published can be asked of this hub: figures by queries, scenarios by their steps.

Both go over the graph's own HTTP door, in this process. A figure is asked as somebody who may see everything. A
scenario writes: it is refused where the rows of its practice are not marked as made up.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from httpx2 import ASGITransport, AsyncClient
from starlette.requests import HTTPConnection

from hub.auth import ANONYMOUS, ROLES, Viewer, system
from hub.db import Database
from hub.errors import Conflict, HubError, Misconfigured, NotFound
from hub.models import Feature, Figure, Practice, now
from hub.services import accounts, figures, practices
from hub.services.working_days import local_day
from schema.asgi import graphql_app
from schema.bus import Bus
from schema.schema import plain

TODAY = re.compile(r"\$today([+-]\d{1,4})?")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d:\d\d")
VIEWER = system("hub practices verify")


@dataclass(frozen=True, slots=True)
class Verified:
    """One figure, or one scenario: what was published, what the hub gives, and whether that is so."""

    practice: str
    row: str
    figure: str
    qualifier: str
    value: float | None
    got: float | None
    ok: bool
    why: str = ""


class Asking:
    """The graph over one database, asked as whoever it shall be."""

    def __init__(self, db: Database, client: AsyncClient, viewers: dict[str, Viewer]) -> None:
        self._db, self._client, self._viewers = db, client, viewers

    async def ask(self, who: str, query: str, variables: Mapping[str, Any]) -> tuple[Any, list[dict[str, Any]]]:
        """The data and the errors of one operation. `who`: "admin", "clerk@420606070001", "handler:XY-1"."""
        if who not in self._viewers:
            self._viewers[who] = await self._viewer(who)
        headers = {"authorization": f"Bearer {who}"}
        answer = await self._client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        said = answer.json()
        return said.get("data"), said.get("errors", [])

    async def _viewer(self, who: str) -> Viewer:
        role, _, party = who.partition(":")
        role, _, grid = role.partition("@")
        if role == "anonymous":
            return ANONYMOUS
        if role not in ROLES:
            raise Misconfigured(f"as: {who}: there is no role {role}. Write one of: anonymous, {', '.join(ROLES)}.")
        async with self._db.read() as session:
            return await accounts.as_role(session, VIEWER, role, grid or None, party or None)


@asynccontextmanager
async def asking(db: Database) -> AsyncIterator[Asking]:
    """The graph over this database."""
    viewers: dict[str, Viewer] = {"everything": VIEWER}

    async def known(connection: HTTPConnection) -> Viewer:
        return viewers[connection.headers["authorization"].removeprefix("Bearer ")]

    app = graphql_app(plain(), db, known, Bus(db.url))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://hub", timeout=60) as client:
        yield Asking(db, client, viewers)


async def verify(
    db: Database, practice: str | None = None, *, scenarios: bool = True, sure: bool = False
) -> AsyncIterator[Verified]:
    """Every feature of the practices, or of one: its figures, and its scenario.

    Without `practice`, where some have made-up rows: of these. Raises NotFound, and Conflict where a scenario would
    write among rows that are not made up, unless `sure`.
    """
    async with db.read() as session:
        known = sorted(await session.scalars(practices.visible(VIEWER).with_only_columns(Practice.code)))
        if practice is not None and practice not in known:
            instead = "`hub sync run practices` reads the shipped ones."
            raise NotFound("practice", practice, f"Write one of: {', '.join(known)}." if known else instead)
        wanted = practices.features(VIEWER).order_by(Feature.practice, Feature.row)
        features = [row for row in await session.scalars(wanted) if practice in (None, row.practice)]
        numbers: dict[Any, list[Figure]] = {}
        for figure in await session.scalars(practices.figures(VIEWER).order_by(Figure.code)):
            numbers.setdefault(figure.feature_id, []).append(figure)
        synthetic = await session.scalars(practices.visible(VIEWER).where(Practice.synthetic))
        made_up = {row.code for row in synthetic}
    if practice is None and scenarios and not sure and made_up:
        features = [one for one in features if one.practice in made_up]
    elif scenarios and not sure:
        _must_be_made_up({feature.practice for feature in features if feature.scenario} - made_up)
    async with asking(db) as asked:
        for feature in sorted(features, key=lambda one: (one.practice, _natural(one.row))):
            for figure in numbers.get(feature.id, ()):
                yield await _figure(asked, feature, figure)
            if feature.scenario and scenarios:
                yield await _scenario(asked, feature)


def _must_be_made_up(real: Set[str]) -> None:
    """Raise Conflict for practices whose rows in this hub somebody lives with."""
    if real:
        names = ", ".join(sorted(real))
        raise Conflict(
            f"The rows of {names} in this hub are not marked as made up, and scenarios write requests, notices and "
            "more among them. Ask for the numbers alone with --figures, build a made-up district in another hub (hub "
            "demo --practice), or insist with --yes."
        )


def _natural(row: str) -> tuple[str, int]:
    head, _, number = row.rpartition("-")
    return head, int(number) if number.isdigit() else 0


async def _figure(asked: Asking, feature: Feature, figure: Figure) -> Verified:
    name, qualifier = figure.code.removeprefix(f"{feature.code}."), figure.qualifier.name
    told = partial(Verified, figure.practice, feature.row, name, qualifier, figure.value)
    if (wrong := figures.wrong(figure.query, figure.at)) is not None:
        return told(None, ok=False, why=wrong)
    data, errors = await asked.ask("everything", figure.query, {})
    got = figures.found(data, figure.at)
    ok = not errors and figures.holds(got, figure.value, figure.qualifier)
    why = errors[0]["message"] if errors else "" if got is not None else f"{figure.at} holds no number."
    return told(got, ok=ok, why=why)


async def _scenario(asked: Asking, feature: Feature) -> Verified:
    acts: Sequence[Mapping[str, Any]] = feature.scenario["steps"]
    kept: dict[str, Any] = {}
    for done, act in enumerate(acts):
        try:
            why = await _act(asked, act, kept)
        except HubError as error:
            why = str(error)
        if why is not None:
            words = f"step {done + 1}: {why}"
            return Verified(feature.practice, feature.row, "scenario", "SCENARIO", len(acts), done, ok=False, why=words)
    return Verified(feature.practice, feature.row, "scenario", "SCENARIO", len(acts), len(acts), ok=True)


async def _act(asked: Asking, act: Mapping[str, Any], kept: dict[str, Any]) -> str | None:
    """Do one step; why it did not go as it should, if so."""
    variables = {name: _filled(value, kept) for name, value in act.get("with", {}).items()}
    data, errors = await asked.ask(act.get("as", "admin"), act["do"], variables)
    if refused := act.get("refused"):
        codes = [error.get("extensions", {}).get("code") for error in errors]
        return None if refused in codes else f"{refused} was to be refused, and there was {codes or 'no error'}."
    if errors:
        return str(errors[0]["message"])
    for name, place in act.get("keep", {}).items():
        kept[name] = _at(data, place)
    for place, wanted in act.get("expect", {}).items():
        if not _same(got := _at(data, place), _filled(wanted, kept)):
            return f"{place} is {got!r}, and not {wanted!r}."
    return None


def _same(got: Any, wanted: Any) -> bool:
    """Whether it is what was expected; of two times, whether they are the same moment in whatever zone."""
    if got == wanted or not (isinstance(got, str) and isinstance(wanted, str) and MOMENT.fullmatch(wanted)):
        return bool(got == wanted)
    return bool(MOMENT.fullmatch(got)) and datetime.fromisoformat(got) == datetime.fromisoformat(wanted)


def _filled(value: Any, kept: Mapping[str, Any]) -> Any:
    """The value with what was kept in place of "$name", and with the day in place of "$today" and "$today+30"."""
    if isinstance(value, str) and value.startswith("$") and value[1:] in kept:
        return kept[value[1:]]
    if isinstance(value, str) and (day := TODAY.fullmatch(value)) is not None:
        return (local_day(now()) + timedelta(days=int(day[1] or 0))).isoformat()
    if isinstance(value, Mapping):
        return {name: _filled(part, kept) for name, part in value.items()}
    return [_filled(part, kept) for part in value] if isinstance(value, list) else value


def _at(data: Any, place: str) -> Any:
    for part in place.split("."):
        if isinstance(data, list):
            data = data[int(part)] if part.isascii() and part.isdigit() and int(part) < len(data) else None
        else:
            data = data.get(part) if isinstance(data, Mapping) else None
    return data
