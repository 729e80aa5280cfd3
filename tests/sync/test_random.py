"""Random stories, told in random pages with random breaks: the hub ends as a simple dict says."""

import asyncio
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from hub.db import Database
from hub.models import Change, Link, Organization, RunStatus
from hub.plugin import Record, SourceDown
from hub.sync.registry import Registry
from tests.sync.sources import Items, column, gone, run, stored, told

KEYS = st.sampled_from("abcdefgh")
SAID = st.fixed_dictionaries(
    {"name": st.sampled_from(["一", "二", "三"])},
    optional={
        "description": st.sampled_from([None, "x", "y"]),
        "organization_kind": st.sampled_from([None, "MERCHANT", "OTHER"]),
        "parent": st.sampled_from([None, "root"]),
    },
)


@dataclass(frozen=True)
class Story:
    """What a source says in one run: pages, and before which of them it breaks off once."""

    pages: list[Items]
    breaks: int


@st.composite
def stories(draw: st.DrawFn) -> list[Story]:
    told_in_runs = []
    for _ in range(draw(st.integers(1, 3))):
        steps = draw(st.lists(st.tuples(KEYS, st.none() | SAID), max_size=20))
        size = draw(st.integers(1, 7))
        records = [gone("organization", key) if said is None else record(key, said) for key, said in steps]
        pages: list[Items] = [records[at : at + size] for at in range(0, len(records), size)]
        told_in_runs.append(Story(pages, draw(st.integers(0, len(pages)))))
    return told_in_runs


def record(key: str, said: dict[str, Any]) -> Record:
    return Record("organization", key, {"code": key, **said})


def model(told_in_runs: list[Story]) -> dict[str, dict[str, Any]]:
    """What a plain dict would hold."""
    rows: dict[str, dict[str, Any]] = {}
    for story in told_in_runs:
        for page in story.pages:
            for key, last in {str(item.key): item for item in page}.items():
                assert isinstance(last, Record)
                if last.deleted:
                    rows.get(key, {})["closed"] = True
                    continue
                new = {"description": None, "organization_kind": "OTHER", "parent": None}
                filled = {name: value for name, value in last.fields.items() if name != "organization_kind" or value}
                rows[key] = {**rows.get(key, new), **filled, "closed": False}
    return rows


async def holds(database: Database, prefix: str) -> dict[str, dict[str, Any]]:
    found = await stored(database, Organization)
    names = {row["id"]: code for code, row in found.items()}
    return {
        code.removeprefix(prefix): {
            "code": code.removeprefix(prefix),
            "name": row["name"],
            "description": row["description"],
            "organization_kind": row["organization_kind"].name,
            "parent": names.get(row["parent_id"]),
            "closed": row["closed_on"] is not None,
        }
        for code, row in found.items()
        if code.startswith(prefix)
    }


def prefixed(pages: list[Items], prefix: str) -> list[Items]:
    def own(item: Any) -> Record:
        fields = {**item.fields, **({"code": prefix + item.fields["code"]} if item.fields else {})}
        return Record(item.kind, prefix + item.key, fields, item.deleted)

    return [[own(item) for item in page] for page in pages]


async def live(database: Database, told_in_runs: list[Story], prefix: str) -> None:
    before: list[Items] = []
    for story in told_in_runs:
        pages = before + prefixed(story.pages, prefix)
        at = len(before) + story.breaks

        def source(**more: Any) -> Registry:
            return told(*pages, name=prefix, **more)  # noqa: B023 (used before the loop goes on)

        done = await run(database, source(fails={at: SourceDown("away")}), prefix)
        assert (done.status, done.rejected) == (RunStatus.FAILED, 0)
        done = await run(database, source(), prefix)
        assert (done.status, done.rejected, done.pages) == (RunStatus.DONE, 0, len(pages) - at)
        before = pages


async def test_the_hub_ends_as_a_dict_would(database: Database) -> None:
    await run(database, told([Record("organization", "root", {"code": "root", "name": "root"})], name="r"), "r")
    loop, number = asyncio.get_running_loop(), iter(range(10_000))

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(stories())
    def holds_always(told_in_runs: list[Story]) -> None:
        prefix = f"t{next(number)}."

        async def check() -> None:
            await live(database, told_in_runs, prefix)
            expected = model(told_in_runs)
            assert await holds(database, prefix) == expected
            assert await column(
                database, select(func.count()).select_from(Link).where(Link.key.startswith(prefix))
            ) == [len(expected)]

        asyncio.run_coroutine_threadsafe(check(), loop).result(60)

    await asyncio.to_thread(holds_always)
    created = select(Change.entity_id).where(Change.kind == "CREATED", Change.entity == "Organization")
    ids = await column(database, created)
    assert len(ids) == len(set(ids)) == len(await stored(database, Organization))
