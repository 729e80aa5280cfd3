"""The small district, filled: rows of every noun, odd texts, and a null in every column that may be empty."""

from datetime import UTC, date, datetime, timedelta
from enum import Enum
from itertools import count
from random import Random
from typing import Any, get_origin
from uuid import UUID

from sqlalchemy import inspect

from hub import models
from hub.auth import ANONYMOUS, ROLES, Viewer, system
from hub.db import Database
from hub.models import uuid7
from schema.node import optional, python_type
from tests.schema.city import ADMIN, City, founded

TEXTS = (
    "路灯不亮",
    '它说“好”, it\'s "so"',
    "100% _sure_ %",
    "C:\\temp\\%_",
    "😀👨‍👩‍👧 家",
    "𠮷𡈽㐀",
    "{r[0]} $1 :name -- ; /* */",
    "",
    " ",
    "Ünï\u2028cödé\ttab",
    "诉求",
    "ZZ",
    "aa",
    "长" * 300,
)
TERMS = ("fancheng", "baohe", "a_b", "A%")
DAY = date(2026, 2, 20)
MOMENT = datetime(2026, 2, 20, 3, 4, 5, 678901, tzinfo=UTC)
MORE_GRIDS = {
    "150602001001001": ("150602001001", models.GridLevel.ESTATE),
    "150602001001002": ("150602001001", models.GridLevel.ESTATE),
    "150602001001001001": ("150602001001001", models.GridLevel.BUILDING),
    "150602100": ("150602", models.GridLevel.TOWN),
    "150602100200": ("150602100", models.GridLevel.VILLAGE),
}
FILLED = (  # in an order that lets each name those before it
    *(models.Organization, models.Organization, models.Person, models.Post, models.ReportIn, models.AltCode),
    models.Affiliation,
    *(models.Alliance, models.Member, models.Agreement, models.Outcome),
    *(models.Resource, models.Need, models.MatchDecline, models.Project, models.Station, models.Station),
    *(models.ServiceItem, models.Document, models.CareReveal),
    *(models.Offer, models.Rota, models.Series, models.Activity, models.Shift, models.Shift, models.ServiceRecord),
    *(models.QrPoint, models.PublicNotice, models.Budget, models.BudgetProject, models.Funding, models.Identity),
    *(models.Request, models.Request, models.RequestEvent, models.RequestIssue, models.CoHandler),
    *(models.CatalogueEntry, models.CatalogueEntry, models.DuplicateSuggestion),
    *(models.Meeting, models.Topic, models.Resolution, models.Proposal),
    *(models.Evaluation, models.Attachment, models.Claim, models.Source, models.Run, models.PlanRow),
    *(models.Rejected, models.Ownership, models.Pin, models.Withheld, models.DriftRule, models.Extra),
    *(models.Schedule, models.RunNote, models.Alert),
    *(models.Target, models.Delivery, models.Attempt),
)
OBJECTS = {
    "reasons": [{"kind": "TEXT", "words": "文字相近 57%", "score": 0.57}],
    "hook_keys": [{"name": "k", "algorithm": "SHA256", "created_at": "2026-02-20T00:00:00+00:00", "secret": "s"}],
}
TARGETS = {
    "person_id": models.Person,
    "organization_id": models.Organization,
    "parent_id": models.Organization,
    "caller_id": models.Identity,
}
PAIRS = {  # two of their columns together must be unique
    models.Member: ("alliance_id", "party_id"),
    models.ReportIn: ("grid_id", "party_id"),
    models.MatchDecline: ("need_id", "resource_id"),
}
CLAIMED = ((models.Project, "project_id"), (models.Request, "request_id"), (models.ServiceItem, "service_item_id"))
RULES = (models.Ownership, models.Pin, models.DriftRule)
ALONE = {models.Target: "source_id"}  # a column that names each row once
EACH = {models.Request: 24, models.RequestEvent: 60}
LEFT_OUT = {(models.ServiceItem, "evaluation_id"), (models.ServiceItem, "evaluation_request_id")}
LEFT_OUT |= {(models.Rota, "at"), (models.Series, "at")}  # two columns that go together; a text that is a time
RULES_OF = ("FREQ=DAILY", "FREQ=MONTHLY;BYMONTHDAY=5,15,25", "FREQ=MINUTELY")  # the last one is none


class Filler:
    """Makes rows, always the same ones but for their keys and the times of their changes."""

    def __init__(self, city: City) -> None:
        self.chance = Random(7)
        self.numbers = count(1)
        self.rows: dict[type[Any], list[Any]] = {}
        self.note(*city.grids.values(), city.organization, city.person, *city.requests.values())

    def note(self, *rows: Any) -> None:
        """Rows that others may name from here on."""
        for row in rows:
            self.rows.setdefault(type(row), []).append(row)

    def all(self, model: type[Any]) -> list[Any]:
        return [row for kind, rows in self.rows.items() if issubclass(kind, model) for row in rows]

    def make(self, model: type[Any], at: int) -> Any:
        """The row number `at` of a model: every third value that may be missing is."""
        values: dict[str, Any] = {}
        for place, attribute in enumerate(inspect(model).column_attrs):
            name, column = attribute.key, attribute.columns[0]
            if name in ("id", "revision", "type", "grid_path", "created_at", "updated_at", "fence"):
                continue
            if (at + place) % 3 == 0 and optional(getattr(model, name)) and name != "organization_kind":
                values[name] = None
            elif (model, name) not in LEFT_OUT:
                values[name] = self.value(model, name, column, at)
        if "grid_path" in inspect(model).column_attrs:
            grids = {grid.id: grid.path for grid in self.all(models.Grid)}
            values["grid_path"] = grids.get(values["grid_id"]) if "grid_id" in values else [*grids.values()][at]
        if model is models.Claim:
            values |= dict.fromkeys(("request_id", "project_id", "service_item_id"))
            kind, name = CLAIMED[at % 3]
            values[name] = self.chance.choice(self.all(kind)).id
        if model is models.CatalogueEntry:  # once there are some, each third one is a former version
            former = self.all(model)[:1] if at % 3 == 1 else []
            code = None if former else f"D{next(self.numbers)}"
            values |= {"code": code, "current_id": former[0].id if former else None}
        return model(**values)

    def value(self, model: type[Any], name: str, column: Any, at: int) -> Any:
        """A value for a column: of what it names, or of its type."""
        if column.foreign_keys or name in ("run_id", "entity_id", "request_id"):
            return self.key(model, name, column, at)
        kind = python_type(getattr(model, name))
        if kind is str and name == "rule" and model in (models.Rota, models.Series):
            return RULES_OF[at % len(RULES_OF)]
        if kind is str:
            text = TERMS[at % len(TERMS)] if name == "practice" else self.chance.choice(TEXTS)
            unique = column.unique or model in (models.AltCode, models.Alert, *RULES)
            return f"{text}{next(self.numbers)}" if unique else text
        if name in OBJECTS:
            return OBJECTS[name]
        if get_origin(kind) is list:
            return self.chance.sample(TEXTS[:6], at % 3)
        if get_origin(kind) is dict:
            return {"文": self.chance.choice(TEXTS), "n": [at, 1.5, None, True], "deep": {"b": {}, "a": at}}
        if isinstance(kind, type) and issubclass(kind, Enum):
            return self.chance.choice(list(kind))
        simple = {
            bool: at % 2 == 0,
            int: self.chance.randrange(-3, 9),
            float: self.chance.choice([0.0, -1.25, 110.000001, 1e-9, 3.0]),
            bytes: b"x",
            date: DAY + timedelta(days=self.chance.randrange(6)),
            datetime: MOMENT + timedelta(hours=self.chance.randrange(200), microseconds=at % 2 * -678901),
        }
        return simple.get(kind) if kind is not UUID else uuid7()

    def key(self, model: type[Any], name: str, column: Any, at: int) -> Any:
        """The key of another row; sometimes of one that is not there, where nothing forbids it."""
        if name == "entity_id" and model is models.Extra:  # one for each row and source
            return self.all(models.Request)[at].id
        if name == "entity_id":
            return self.chance.choice([self.all(models.Request)[at % 5], self.all(models.Grid)[at % 3]]).id
        if name == "run_id" and not column.foreign_keys:
            return self.chance.choice(self.all(models.Run)).id
        if name == "request_id" and not column.foreign_keys:
            return None
        if model is models.DuplicateSuggestion:
            return self.all(models.Request)[at + (name == "other_id")].id
        (foreign,) = column.foreign_keys
        tables = {mapper.local_table.name: mapper.class_ for mapper in models.Base.registry.mappers}
        wanted = models.Party if foreign.column.table.name == "parties" else tables[foreign.column.table.name]
        if name in TARGETS and at % 7:  # now and then a person stands where an organization should
            wanted = TARGETS[name]
        if model is models.Schedule:
            return self.all(wanted)[at].id
        if name in PAIRS.get(model, ()):
            rows = self.all(wanted)
            return rows[(at // 4 if name == PAIRS[model][0] else at) % len(rows)].id
        if ALONE.get(model) == name:
            return self.all(wanted)[at].id
        return self.chance.choice(self.all(wanted)).id if self.all(wanted) else None


async def founded_large(database: Database) -> City:
    """The small district and some rows of every noun in it."""
    city = await founded(database)
    filler = Filler(city)
    async with database.write(system("filler")) as session:
        for code, (above, level) in MORE_GRIDS.items():
            parent = city.grids[above]
            grid = models.Grid(code=code, name=TEXTS[len(code) % 5], level=level, path=f"{parent.path}{code}/")
            grid.parent_id = parent.id
            city.grids[code] = grid
            session.add(grid)
            await session.flush()
            filler.note(grid)
        for model in FILLED:
            rows = [filler.make(model, at) for at in range(EACH.get(model, 12))]
            session.add_all(rows)
            await session.flush()
            filler.note(*rows)
        for at, grid in enumerate(city.grids.values()):
            session.add(grid)
            grid.leader_id = filler.chance.choice(filler.all(models.Party)).id if at % 3 else None
            grid.jurisdiction_id = city.grids["150602"].id if at % 4 == 1 else None
            grid.longitude, grid.latitude = (110.0 + at, 39.5) if at % 2 else (None, None)
            grid.valid_from, grid.valid_to = (DAY, None) if at % 2 else (None, DAY)
    async with database.write(system("filler"), run_id=filler.all(models.Run)[0].id) as session:
        session.add_all(_joined(city, filler))
    return city


def _joined(city: City, filler: Filler) -> list[Any]:
    """What the handlers see: requests of their own, and such as they were called in for."""
    requests, rows = filler.all(models.Request), []
    for party, start in ((city.organization, 4), (city.person, 9)):
        for request in requests[start : start + 8 : 3]:
            rows.append(models.CoHandler(request_id=request.id, party_id=party.id, reply=TEXTS[1]))
        requests[start + 1].assignee_id = party.id
        requests[start + 2].submitter_id = party.id
        rows += [requests[start + 1], requests[start + 2]]
    return rows


def viewers(city: City) -> dict[str, Viewer]:
    """People of every form: without a place, with one, two, or everywhere; with a party or without."""
    path = {code: grid.path for code, grid in city.grids.items()}
    street, other = path["150602001"], path["150602002"]
    return {
        "anonymous": ANONYMOUS,
        "clerk": city.clerk("150602001001"),
        "another clerk": city.clerk("150602002001"),
        "clerk of two": Viewer("two", ROLES["clerk"], (path["150602001002"], other), name="clerk of two"),
        "district": Viewer("district", ROLES["district"], (path["150602"],), name="district"),
        "partner": Viewer("partner", ROLES["partner"], (other,), name="partner"),
        "partner nowhere": Viewer("nowhere", ROLES["partner"], (), name="nowhere"),
        "handler": city.handler(),
        "another handler": Viewer("p1", ROLES["handler"], (), city.person.id, name="p1"),
        "clerk with a party": Viewer("both", ROLES["clerk"], (street,), city.person.id, name="both"),
        "resident": Viewer("resident", ROLES["resident"], (), name="resident"),
        "admin": ADMIN,
        "hub": system("test"),
    }
