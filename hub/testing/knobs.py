"""What an author tells the contract: the plugin and its simulator; all else has a default."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid5

import pytest
from starlette.types import ASGIApp

from hub.plugin import Change, Plugin
from hub.testing.bench import Bench

NEW: Mapping[str, Mapping[str, Any]] = {
    "request": {"number": "LS-1", "title": "路灯不亮", "status": "RECEIVED", "place": "滨河路 1 号"},
    "resource": {"code": "LS-1", "title": "会议室", "resource_kind": "VENUE"},
    "catalogue_entry": {"code": "LS-1", "party": "LS-2", "category": "市政/照明", "basis": "区权责清单"},
    "organization": {"code": "LS-1", "name": "滨河社区居委会"},
    "person": {"code": "LS-1", "name": "张三", "public": True},
    "alliance": {"code": "LS-1", "name": "滨河党建联盟"},
    "member": {"alliance": "LS-1", "party": "LS-2", "role": "成员"},
    "grid": {"code": "150602001", "name": "交通街道", "level": "STREET"},
}


def change(kind: str, **more: Any) -> Change:
    """A change to push: something new of this kind, unless `more` says otherwise."""
    given: dict[str, Any] = {
        "key": None,
        "id": str(uuid5(NAMESPACE_URL, kind)),
        "fields": NEW.get(kind, {}),
        "changed": frozenset[str](),
        "at": datetime(2026, 3, 2, tzinfo=UTC),
        "token": f"token-of-{kind}",
    }
    return Change(kind, **{**given, **more})


class Knobs:
    """Set on the class that inherits the contract.

    plugin           the class of the plugin
    simulator        `build(**options) -> ASGIApp`; None: it reads files, which `files()` writes
    over_http        whether the plugin asks the simulator by HTTP; a database or a program is not behind faults of HTTP
    options          for build(): a small world, so that every cursor can be tried
    settings         with which the plugin reaches the simulator, where the defaults do not
    small_pages      settings that make many pages of it
    broken_settings  settings that must be refused, with the name of the wrong one in the words
    lost_cursor      a cursor that the source no longer knows, or never did
    changes          what to push; by default something new of every kind in `pushes`
    """

    plugin: ClassVar[type[Plugin[Any]]]
    simulator: ClassVar[Callable[..., ASGIApp] | None] = None
    over_http: ClassVar[bool] = True
    options: ClassVar[Mapping[str, Any]] = {}
    settings: ClassVar[Mapping[str, Any]] = {}
    small_pages: ClassVar[Mapping[str, Any]] = {"page_size": 5}
    broken_settings: ClassVar[Sequence[Mapping[str, Any]]] = ()
    lost_cursor: ClassVar[str] = "¤ no cursor of this plugin"
    changes: ClassVar[Sequence[Change]] = ()

    def files(self, folder: Path) -> Mapping[str, Any]:
        """Write what the plugin reads into the folder; the settings that name it."""
        return {}

    def simulated(self, folder: Path) -> ASGIApp | None:
        """The simulator; one that simulates by files, as a database does, is told where it may write them."""
        build = type(self).simulator
        return build(**self.options) if build is not None else None

    def built(self, folder: Path) -> Bench:
        """Another one of the same."""
        app = self.simulated(folder)
        known = self.plugin.Config.model_fields
        small = {name: value for name, value in self.small_pages.items() if name in known}
        settings = {**self.settings, **self.files(folder)}
        return Bench(self.plugin, settings, app, small, over_http=self.over_http)

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Bench:
        """The plugin against a simulator of its own."""
        return self.built(tmp_path)

    @pytest.fixture
    def puller(self, bench: Bench) -> Bench:
        """The bench, for plugins that can be read from."""
        return having(bench, "pull")

    @pytest.fixture
    def simulating(self, puller: Bench) -> Bench:
        """The same, for those that ask a source which can be simulated."""
        if type(self).simulator is None:
            if self.over_http and (self.plugin.hosts or self.plugin.fixed_hosts):
                pytest.fail(f"{self.plugin.name} asks other hosts: give the contract its `simulator`.")
            pytest.skip(f"{self.plugin.name} asks no other host")
        return puller

    @pytest.fixture
    def networked(self, simulating: Bench) -> Bench:
        """The same, for those that ask it over HTTP."""
        if not self.over_http:
            pytest.skip(f"{self.plugin.name} does not ask over HTTP")
        return simulating

    @pytest.fixture
    def folder(self, puller: Bench, tmp_path: Path) -> Path:
        """Where the files are, for plugins that read files."""
        if not any(tmp_path.rglob("*")):
            pytest.skip(f"{self.plugin.name} reads no files: files() writes none")
        return tmp_path

    @pytest.fixture
    def all_pushed(self) -> Sequence[Change]:
        """Changes that the plugin takes: one of every kind, or those that the author names."""
        if not hasattr(self.plugin, "push"):
            pytest.skip(f"{self.plugin.name} has no push()")
        if not self.plugin.pushes:
            pytest.fail(f"{self.plugin.name} has push(), but names no kind in `pushes`.")
        if missing := self.plugin.pushes - {one.kind for one in self.changes} - NEW.keys():
            pytest.fail(f"Name in `changes` what {self.plugin.name} is pushed of {', '.join(sorted(missing))}.")
        return self.changes or [change(kind) for kind in sorted(self.plugin.pushes)]

    @pytest.fixture
    def pushed(self, all_pushed: Sequence[Change]) -> Change:
        """One of them, to be told by HTTP that goes wrong."""
        if not self.over_http:
            pytest.skip(f"{self.plugin.name} does not tell over HTTP")
        return all_pushed[0]

    @pytest.fixture
    def receiver(self, bench: Bench) -> Bench:
        """The bench, for plugins whose source sends by itself."""
        return having(bench, "receive")


def having(bench: Bench, verb: str) -> Bench:
    if not hasattr(bench.plugin, verb):
        pytest.skip(f"{bench.plugin.name} has no {verb}()")
    return bench
