"""The databases under measure: made, filled with the hub's own demo, looked at for what to ask."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import make_url, text

import migrations
from hub.db import Database
from hub.services.requests import LEVELS
from tests.bench.servers import ROOT

ASKED = 200  # different parameters of a query
EACH_ALLIANCES = 20

REQUESTS = "SELECT id FROM requests ORDER BY md5(id::text) LIMIT $1"
COMMUNITIES = """
SELECT g.id, g.path, g.level FROM grids g JOIN requests r ON r.grid_id = g.id
WHERE r.closed_at IS NULL AND g.valid_to IS NULL AND g.level IN ('COMMUNITY', 'VILLAGE')
GROUP BY g.id HAVING count(*) >= 50 ORDER BY md5(g.code) LIMIT $1
"""
STREETS = """
SELECT g.code, g.path FROM grids g WHERE g.level IN ('STREET', 'TOWN')
AND EXISTS (SELECT FROM requests r WHERE r.grid_path >= g.path AND r.grid_path < left(g.path, -1) || '0')
ORDER BY md5(g.code) LIMIT $1
"""
ALLIANCES = "SELECT name, id::text FROM alliances ORDER BY name, id"
PEER = """
CREATE SCHEMA bench;
CREATE FUNCTION bench.request_tally(under text) RETURNS TABLE (status text, level text, count bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT status, level, count(*) FROM public.requests
    WHERE grid_path >= under AND grid_path < left(under, -1) || '0' GROUP BY status, level
$$;
"""


def plain(url: str) -> str:
    """The same URL for asyncpg alone."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def fresh(url: str, name: str) -> str:
    """A migrated database of its own."""
    server = Database(url, pool_size=1)
    async with server.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text(f'CREATE DATABASE "{name}"'))
    await server.close()
    own = make_url(url).set(database=name).render_as_string(hide_password=False)
    database = Database(own, pool_size=1)
    async with database.engine.begin() as connection:
        await connection.run_sync(migrations.upgrade)
    await database.close()
    return own


def command(*words: str, url: str, home: Path) -> str:
    """What a command of the hub says on stdout; its progress goes to the person."""
    env = {**os.environ, "HUB_DATABASE_URL": url, "HUB_HOME": str(home)}
    done = subprocess.run([sys.executable, "-m", "hub", *words], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"hub {' '.join(words)} failed: {done.stdout}")
    return done.stdout


def filled(url: str, name: str, requests: int, home: Path) -> str:
    """A database with a demo of so many requests, at rest: nothing is left to be vacuumed or written."""
    own = asyncio.run(fresh(url, name))
    command("db", "upgrade", url=own, home=home)
    print(f"Filling a hub with {requests:,} requests ...", file=sys.stderr)
    command("demo", "--requests", str(requests), url=own, home=home)
    asyncio.run(_settle(own))
    return own


async def _settle(url: str) -> None:
    connection = await asyncpg.connect(plain(url))
    await connection.execute(PEER)
    for statement in ("VACUUM (ANALYZE)", "CHECKPOINT"):
        await connection.execute(statement)
    await connection.close()


async def sample(url: str) -> dict[str, list[dict[str, Any]]]:
    """By query what to ask, the same for the same data. Cursors are still to be found."""
    connection = await asyncpg.connect(plain(url))
    found = {
        "Q1": [dict(row) for row in await connection.fetch(REQUESTS, ASKED)],
        "Q2": [dict(row) for row in await connection.fetch(COMMUNITIES, ASKED)],
        "Q4": [dict(row) for row in await connection.fetch(STREETS, ASKED)],
    }
    places = [tuple(row) for row in await connection.fetch(ALLIANCES)]
    await connection.close()
    starts = range(0, max(1, len(places) - EACH_ALLIANCES), max(1, len(places) // ASKED))
    found["Q3"] = [{"place": place, "floor": places[place]} for place in starts]
    found["Q5"] = [{**row, **asked(place), "level": level(row["level"])} for place, row in enumerate(found["Q2"])]
    return found


def asked(number: int) -> dict[str, str]:
    """What is submitted by Q5, all but the grid."""
    return {
        "title": f"路灯不亮 {number}",
        "content": "三号楼前的路灯已有两晚不亮。",
        "place": "三号楼前",
        "kind": "COMPLAINT",
        "channel": "WEB",
        "category": "市政设施/路灯",
        "urgency": "NORMAL",
    }


def level(grid: str) -> str:
    """The level of a request on a grid of this level, as the hub sets it."""
    return next((request.name for of, request in LEVELS.items() if of.name == grid), "DISTRICT")
