"""Settings for one run: over the graph none that leads to a file, a secret, a program or another host."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, FilePath, SecretStr
from sqlalchemy import select

from hub import worker
from hub.db import Database
from hub.errors import Invalid
from hub.models import Organization, Run, RunStatus
from hub.plugin import Page, Plugin
from hub.sync.jobs import Job
from hub.sync.overriding import must_be_open
from hub.sync.registry import Registry
from hub.sync.sources import stored_source
from plugins.singer import Singer
from tests.sync.sources import installed, organization, rows, stored


class Login(BaseModel):
    """Who signs in."""

    password: SecretStr = SecretStr("")


class Settings(BaseModel):
    """One setting of each sort."""

    model_config = ConfigDict(extra="allow")
    number: int = 0
    url: str = "http://city.example"
    path: Path | None = None
    paths: list[FilePath] = Field(default_factory=list)
    login: Login | None = None


@pytest.fixture
def known() -> Registry:
    async def pull(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        yield Page([organization("A", name=f"{self.config.number} {self.config.path}", organization_kind="UNIT")])

    parts = {"name": "open", "title": "open", "Config": Settings, "presets": {"open": {}}, "hosts": ("url",)}
    return installed(type("Open", (Plugin,), {**parts, "pull": pull}))


GUARDED: dict[str, tuple[Any, str]] = {
    "url": ("http://evil.example", "it says whom the stored secrets are sent to"),
    "path": ("/etc/passwd", "it holds a path or a secret"),
    "paths": (["/etc/passwd"], "it holds a path or a secret"),
    "login": ({"password": "x"}, "it holds a path or a secret"),
    "Path": ("x", "open does not declare it"),
}


@pytest.mark.parametrize("name", GUARDED)
async def test_a_job_from_the_graph_fails_at_once_with_the_setting_named(
    database: Database, known: Registry, name: str
) -> None:
    await stored_source(database, known, "open")
    value, why = GUARDED[name]
    with pytest.raises(Invalid) as refused:
        await worker.carry_out(database, known, Job("open", "王敏", {"number": 3, name: value}))
    assert refused.value.field == "settings"
    words = f"settings: {name} is not set over the graph, as {why}. On the hub's machine: hub sync run --set {name}=…"
    assert await rows(database, select(Run.status, Run.error, Run.started_by)) == [(RunStatus.FAILED, words, "王敏")]
    assert await stored(database, Organization) == {}


async def test_other_settings_are_set_over_the_graph_and_all_on_the_machine(
    database: Database, known: Registry
) -> None:
    await worker.carry_out(database, known, Job("open", "王敏", {"number": 3}))
    assert (await stored(database, Organization))["A"]["name"] == "3 None"
    await worker.carry_out(database, known, Job("open", "hub sync run", {"path": "/tmp/x"}, trusted=True))
    assert (await stored(database, Organization))["A"]["name"] == "0 /tmp/x"


@pytest.mark.parametrize("name", ["tap", "also", "command", "config", "wheels"])
def test_what_runs_on_the_machine_is_guarded(name: str) -> None:
    with pytest.raises(Invalid, match=name):
        must_be_open(Singer, [name])
    must_be_open(Singer, ["page_size", "timezone"])
