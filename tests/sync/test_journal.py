"""The log of a run: how it began and ended, pages now and then, what was asked again, what was refused."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.db import Database
from hub.models import Run, RunNote
from hub.plugin import BadRecord, Page, SourceDown
from hub.sync.replaying import replay
from hub.sync.undo import undo
from tests.sync.sources import column, installed, organization, plugin, reached, run, told


async def log(database: Database, done: Run) -> list[str]:
    return await column(database, select(RunNote.words).where(RunNote.run_id == done.id).order_by(RunNote.id))


async def test_a_run_tells_its_beginning_pages_refusals_and_end(database: Database) -> None:
    bad = [BadRecord("row 2: no code, call 13812345678", "x", kind="organization"), BadRecord("y", "y")]
    done = await run(database, told([organization("A")], bad))
    assert await log(database, done) == [
        "APPLY, begun by test, at the beginning.",
        "Page 1: 1 of 3 records so far, 1 created, 0 updated, 0 closed, 0 rejected.",
        "Page 2: 3 of 3 records so far, 1 created, 0 updated, 0 closed, 2 rejected.",
        "Refused: 1 unreadable, 1 organization. The first: row 2: no code, call 138****5678",
        "DONE, after 2 pages and 3 records.",
    ]


async def test_a_thousand_pages_are_a_few_lines(database: Database) -> None:
    done = await run(database, told(*([] for _ in range(100))))
    said = [words.partition(":")[0] for words in (await log(database, done))[1:-1]]
    assert said == [f"Page {page}" for page in (1, 2, 4, 8, 16, 32, 64)]


async def test_a_run_that_fails_says_so_last(database: Database) -> None:
    done = await run(database, told([organization("A")], fails={1: SourceDown("away")}))
    assert (await log(database, done))[-1] == "FAILED, after 1 pages and 1 records. away"


async def test_what_was_asked_again_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [503, 429, 200]

    async def answer(_request: HTTPRequest) -> Response:
        status = answers.pop(0)
        return JSONResponse([], status, headers={"retry-after": "1"} if status == 429 else None)

    async def pull(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        assert (await self.http.get("http://city.example/orders")).status_code == 200
        yield Page([])

    reached(Starlette(routes=[Route("/orders", answer)]), monkeypatch)
    done = await run(database, installed(plugin(pull)))
    said = await log(database, done)
    assert said[1:3] == [
        "city.example answers 503: asked again.",
        "city.example answers 429: asked again in 1 s, as it says.",
    ]


async def test_replays_and_undos_have_a_log_too(database: Database) -> None:
    done = await run(database, told([organization("A"), organization("B", organization_kind="NOTHING")]))
    again = await replay(database, "told", started_by="王敏")
    assert (await log(database, again))[0].startswith("REPLAY, begun by 王敏, at its position 1")
    assert (again.expected, again.records) == (1, 1)
    back = await undo(database, done.id, started_by="test")
    assert (await log(database, back))[-1] == "DONE, after 1 pages and 1 records."
