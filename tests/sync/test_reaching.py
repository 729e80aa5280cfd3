"""Sources that cannot be reached: a name that nobody knows, a door without TLS. The run fails in words."""

from typing import Any

import pytest

from hub.db import Database
from hub.models import Request, RunStatus
from hub.sync import registry
from plugins.hotline12345.simulator import build
from tests.plugins.hotlines import served
from tests.sync.sources import run, stored

SHIPPED = registry.load()


@pytest.mark.parametrize("way", ["https", "nobody", "closed"])
async def test_who_cannot_be_reached_in_safety_is_not_reached_at_all(database: Database, way: str) -> None:
    app, asked = build(3), list[str]()

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope.get("path", scope["type"]))
        await app(scope, receive, send)

    async with served(noting) as address:
        url = {
            "https": address.replace("http:", "https:"),
            "nobody": "http://hotline.invalid",
            "closed": "http://127.0.0.1:1",
        }[way]
        done = await run(database, SHIPPED, "hotline12345", overrides={"base_url": url})
    assert (done.status, [path for path in asked if path.startswith("/")]) == (RunStatus.FAILED, [])
    assert str(done.error).startswith(f"{url}/api/workorders does not answer: ")
    assert await stored(database, Request, "number") == {}
