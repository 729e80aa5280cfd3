"""What no word of a run may tell: the secret settings of its plugin, and personal numbers."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, update

from hub.auth import Viewer
from hub.db import Database
from hub.errors import Misconfigured
from hub.models import Alert, Rejected, Run, RunNote, RunStatus, Source
from hub.models.base import now
from hub.plugin import BadRecord, Page, SourceDown
from hub.sync import journal, watching
from tests.sync.pushed import Pushing, push
from tests.sync.pushed import receive as receive_from
from tests.sync.sources import column, installed, plugin, rows, run

SECRET, NUMBER = "s/e=cret", "110101199003074514"
TALE = f"GET /orders?api_key={SECRET}&k=s%2Fe%3Dcret failed for {NUMBER} of +86 138-0000-1234"
TOLD = "GET /orders?api_key=***&k=*** failed for *** of +86 138****1234"


async def test_no_word_of_a_failed_run_tells_a_secret_or_a_personal_number(database: Database, hub: Viewer) -> None:
    async def pull(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        journal.say(TALE)
        yield Page([BadRecord(TALE, {"told": TALE}, kind="grid", key="A")], cursor="1")
        raise SourceDown(TALE)

    done = await run(database, installed(plugin(pull)), overrides={"secret": SECRET})
    assert (done.status, done.error) == (RunStatus.FAILED, TOLD)
    async with database.write(hub) as session:
        await watching.look(session, now())
    assert await column(database, select(Run.error)) == [TOLD]
    assert await column(database, select(Rejected.raw)) == [{"told": TOLD}]
    alerts = await column(database, select(Alert.words))
    lines = await column(database, select(RunNote.words).order_by(RunNote.id))
    assert (TOLD in lines, len(alerts)) == (True, 2)
    for words in (*alerts, *lines, *await column(database, select(Rejected.reason))):
        assert not [part for part in (SECRET, "s%2Fe", NUMBER, "0000") if part in words]


async def test_a_plugin_that_does_not_start_tells_no_secret(database: Database) -> None:
    async def pull(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        yield Page([])

    made = plugin(pull)

    def fails(self: Any, config: Any, http: httpx2.AsyncClient) -> None:
        raise OSError(TALE)

    made.__init__ = fails  # type: ignore[method-assign, assignment]
    with pytest.raises(Misconfigured) as refused:
        await run(database, installed(made), overrides={"secret": SECRET})
    assert str(refused.value) == f"The plugin told does not start: OSError: {TOLD}"


async def test_what_a_pushed_message_fails_with_tells_no_secret(database: Database) -> None:
    async def receive(self: Any, body: bytes) -> Page:
        raise SourceDown(TALE)

    known = installed(type("Leaking", (Pushing,), {"presets": {"pushing": {}}, "receive": receive}))
    await push(database, "anything")
    async with database.engine.begin() as connection:
        await connection.execute(update(Source).values(settings={"secret": SECRET}))
    done = await receive_from(database, known)
    assert done is not None
    assert await rows(database, select(Run.status, Run.error)) == [(RunStatus.FAILED, TOLD)]
