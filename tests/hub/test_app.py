"""The HTTP door: health, errors as JSON, who comes in, what is logged."""

import re
from datetime import timedelta
from io import StringIO
from pathlib import Path

import httpx2
import pytest
import structlog
from sqlalchemy import text

from hub import app, logs
from hub.auth import Viewer
from hub.db import Database
from hub.models import now
from hub.services import accounts
from schema.bus import Bus

ERROR = {"code", "message"}


async def token(database: Database, hub: Viewer, role: str = "admin", *, days: int = 1) -> dict[str, str]:
    async with database.write(hub) as session:
        expires = now() + timedelta(days=days)
        given = await accounts.give_token(session, hub, b"pepper", role=role, name="t", expires_at=expires)
    return {"authorization": f"Bearer {given}"}


async def test_it_lives_without_a_database(door: httpx2.AsyncClient) -> None:
    assert (await door.get("/healthz")).json()["alive"] is True


async def test_it_is_ready_with_its_tables_and_says_what_is_missing(
    door: httpx2.AsyncClient, database: Database
) -> None:
    assert (await door.get("/readyz")).json() == {"ready": True, "reasons": []}
    async with database.engine.begin() as connection:
        await connection.execute(text("DROP TABLE pgqueuer_log"))
    answer = await door.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert re.fullmatch(r"The database lacks \d+ steps\. Run: hub db upgrade\.", answer.json()["reasons"][0])


async def test_it_is_not_ready_when_the_database_is_gone() -> None:
    gone = Database("postgresql://nobody@127.0.0.1:1/none")
    assert await app.unready(gone) == ["The database does not answer. Is it running? `hub doctor` tells more."]
    await gone.close()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("DELETE", "/healthz", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/static/nothing.js", 404, "NOT_FOUND"),
        ("GET", "/attachments/rubbish", 400, "BAD_ID"),
    ],
)
async def test_a_wrong_address_is_refused_in_json(
    door: httpx2.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await door.request(method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert set(answer.json()["error"]) >= ERROR


async def test_the_application_stands_without_browser_assets(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "STATIC", tmp_path / "missing")
    transport = httpx2.ASGITransport(app.build(database, b"pepper", Bus(database.url)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://hub") as client:
        assert (await client.get("/healthz")).json()["alive"] is True
        assert (await client.get("/static/vendor/x.js")).status_code == 404


async def test_a_fault_says_its_number_and_nothing_of_its_cause(
    door: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_db: Database) -> list[str]:
        raise RuntimeError("王敏 13800000000")

    monkeypatch.setattr(app, "unready", fail)
    logs.set_up()
    written = StringIO()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(written))
    answer = await door.get("/readyz")
    number = answer.headers["x-request-id"]
    assert answer.status_code == 500
    assert answer.json()["error"] == {
        "code": "INTERNAL",
        "message": f"This is a fault of the hub. Please report it with the number {number}.",
    }
    assert number in written.getvalue()
    assert "test_app.py" in written.getvalue()
    assert "王敏" not in written.getvalue()
    structlog.reset_defaults()


async def test_every_answer_carries_the_headers_that_protect_it(door: httpx2.AsyncClient) -> None:
    for path in ("/healthz", "/nothing", "/graphql", "/static/nothing"):
        headers = (await door.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers


@pytest.mark.parametrize("every", [True, False])
async def test_the_log_has_a_line_a_request_where_it_is_wanted_and_no_token(database: Database, every: bool) -> None:
    built = app.build(database, b"pepper", Bus(database.url), every=every)
    header = {"authorization": "Bearer lh_000000000000_nonsense"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(built), base_url="http://hub") as client:
        with structlog.testing.capture_logs() as lines:
            await client.get("/healthz?name=王敏", headers=header)
    assert len(lines) == every
    for line in lines:
        assert (line["method"], line["path"], line["status"]) == ("GET", "/healthz", 200)
        assert header["authorization"].split()[1] not in str(line)
        assert "王敏" not in str(line)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("Basic dXNlcjpwYXNz", "The header Authorization is not understood."),
        ("Bearer", "The header Authorization is not understood."),
        ("Bearer lh_000000000000_nonsense", "The token is not known here."),
    ],
)
async def test_a_bad_token_is_refused(door: httpx2.AsyncClient, given: str, message: str) -> None:
    answer = await door.get("/attachments/x", headers={"authorization": given})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "UNAUTHENTICATED"
    assert answer.json()["error"]["message"].startswith(message)


async def test_an_old_token_is_refused(door: httpx2.AsyncClient, database: Database, hub: Viewer) -> None:
    answer = await door.get("/attachments/x", headers=await token(database, hub, days=-1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHENTICATED")
