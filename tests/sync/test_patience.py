"""What a stranger wrote may hang, block or refuse to be cancelled: the hub goes on."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel

from hub.db import Database
from hub.errors import Misconfigured
from hub.models import RunStatus
from hub.plugin import Page, Plugin
from hub.sync import patience, registry
from hub.sync.registry import Registry, load
from tests.sync.sources import counts, installed, organization, plugin, run, told

FOREVER = threading.Event()


async def cancelled(step: Any) -> None:
    await asyncio.Event().wait()


async def stubborn(step: Any) -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not step.patience:
                raise


@pytest.mark.parametrize("hang", [cancelled, stubborn])
async def test_a_page_that_never_comes_ends_the_run_and_not_the_hub(
    database: Database, monkeypatch: pytest.MonkeyPatch, hang: Any
) -> None:
    monkeypatch.setattr(patience, "GRACE", 0.05)

    async def pull(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        yield Page([organization("A")], cursor="1")
        await hang(type(self))
        yield Page([])

    stuck = plugin(pull, "stuck")
    stuck.patience = 0.05
    done = await run(database, installed(stuck), "stuck")
    assert (done.status, done.pages, counts(done)) == (RunStatus.FAILED, 1, {"created": 1})
    assert done.error == (
        "The plugin stuck was stopped: nothing came for 0.05 seconds. Its `patience` says how long it may."
    )
    assert (await run(database, told([organization("B")]))).status is RunStatus.DONE
    stuck.patience = 0


async def test_a_plugin_that_hangs_when_it_is_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "MAKING", 0.05)

    class Form(BaseModel):
        """Nothing to set."""

    class Hangs(Plugin[Form]):
        """Waits for something that never comes."""

        name, title, Config = "hangs", "hangs", Form

        def __init__(self, config: Form, http: httpx2.AsyncClient) -> None:
            FOREVER.wait()

    known = Registry()
    known.add("hangs", Hangs)
    with pytest.raises(Misconfigured, match=r"hangs does not start: TooLong: nothing came for 0\.05 seconds"):
        known.make("hangs", {}, httpx2.AsyncClient())


def test_a_module_that_hangs_when_it_is_imported_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "LOADING", 5.0)
    shipped = load()
    monkeypatch.setattr(registry, "LOADING", 0.5)
    (tmp_path / "stuck.py").write_text("from tests.sync.test_patience import FOREVER\nFOREVER.wait()\n")
    found = load(str(tmp_path))
    assert (found.plugins, found.broken) == (shipped.plugins, [("stuck", "TooLong: nothing came for 0.5 seconds")])


async def test_what_it_raises_itself_is_not_taken_for_too_long() -> None:
    async def fails() -> None:
        raise TimeoutError("mine")

    def falls() -> None:
        raise TimeoutError("mine")

    for result in await asyncio.gather(patience.awaited(fails, 5), return_exceptions=True):
        assert (type(result), str(result)) == (TimeoutError, "mine")
    with pytest.raises(TimeoutError, match=r"^mine$"):
        patience.called(falls, 5)
