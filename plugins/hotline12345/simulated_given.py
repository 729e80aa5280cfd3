"""What the simulated hotline is told to hold: requests, as its orders, each told in a dialect that has words for it.

Only what a request says is taken, the rest is made up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from hub.plugin import Record
from plugins.hotline12345.simulated_hotline import Hotline, Row
from plugins.hotline12345.simulated_orders import BEGIN, CHINA, DONE, WORDS, Division, Order, Topic, order

__all__ = ["hold"]

ABLE = ("orderlist", "taian", "fangshan")
"""The dialects that give the code of the place, and a status."""

SAID = ("kind", "status", "satisfaction")
CALLER, PLACE = "示例来电人", "示例小区"
VARIETY = 100
"""What requests do not say is taken from so many orders."""

made_up = lru_cache(VARIETY)(order)


def hold(hotline: Hotline, records: Iterable[Record]) -> None:
    """Take these requests in. Raises ValueError for what is none, or for what no dialect has a word."""
    for index, record in enumerate(records):
        if record.kind != "request":
            raise ValueError(f"record {index + 1}: a hotline holds requests, and no {record.kind}")
        known = given(hotline.seed, index, record)
        hotline.orders[index] = known
        hotline.numbers[known.number] = index
        hotline.put(f"{index:010d}", Row(known))


def given(seed: int, index: int, record: Record) -> Order:
    """The order of this request."""
    fields, made = record.fields, made_up(seed, index % VARIETY)
    dialect = spoken(index, record)
    submitted = moment(fields, "submitted_at") or BEGIN - timedelta(days=300) + timedelta(seconds=index)
    handled = moment(fields, "handled_at") or submitted + timedelta(days=1, minutes=7)
    code, title = str(fields.get("grid") or ""), str(fields.get("title") or made.title)
    status = fields.get("status") or made_word(dialect, "status")
    return replace(
        made,
        number=str(fields.get("number") or record.key),
        dialect=dialect,
        submitted=submitted,
        handled=handled,
        updated=max(submitted, handled if status in DONE else submitted),
        topics=(topic(made.topics[0], fields),),
        title=title,
        content=str(fields.get("content") or f"{title}。"),
        kind=fields.get("kind") or made_word(dialect, "kind"),
        status=status,
        urgency=fields.get("urgency") or "NORMAL",
        placed="given",
        street=Division(code[:9], "", ""),
        community=Division(code, "", code[:9]),
        estate=str(fields.get("place") or PLACE),
        longitude=float(fields.get("longitude") or 0),
        latitude=float(fields.get("latitude") or 0),
        index=index,
        caller_name=CALLER,
        caller_phone=f"199{index:08d}",
        solved={True: "YES", False: "NO"}[fields.get("solved") is not False],
        satisfaction=fields.get("satisfaction") or made_word(dialect, "satisfaction"),
        result=str(fields.get("result") or ""),
    )


def spoken(index: int, record: Record) -> str:
    """A dialect that has words for what the request says."""
    said = {name: record.fields[name] for name in SAID if record.fields.get(name) is not None}
    able = [dialect for dialect in ABLE if all(word in words(dialect, name) for name, word in said.items())]
    if not able:
        told = ", ".join(f"{name} {word}" for name, word in said.items())
        raise ValueError(f"record {index + 1} ({record.key}): no dialect has words for {told}")
    return able[index % len(able)]


def words(dialect: str, field: str) -> Mapping[str, str]:
    side = WORDS.get((dialect, "side"), {}) if field == "status" else {}
    return {**WORDS.get((dialect, field), {}), **WORDS.get((dialect, f"more {field}"), {}), **side}


def made_word(dialect: str, field: str) -> str:
    """What a request is that does not say it: the first that the dialect has a word for."""
    return next(iter(words(dialect, field)), "")


def topic(made: Topic, fields: Mapping[str, Any]) -> Topic:
    """What it is about, and whose it is."""
    levels = tuple(str(fields["category"]).split("/")) if fields.get("category") else made.levels
    whose = str(fields.get("assignee") or "")
    return replace(made, levels=levels, department=whose, department_id=whose)


def moment(fields: Mapping[str, Any], name: str) -> datetime | None:
    """A time that the request says; in China's zone, as the hotline has it."""
    said = fields.get(name)
    if said is None:
        return None
    found = said if isinstance(said, datetime) else datetime.fromisoformat(str(said))
    return found.astimezone(CHINA) if found.tzinfo else found.replace(tzinfo=CHINA)
