"""A 前置库 to develop against: a SQLite file with work orders that behave as in real ones.

    python -m plugins.exchange_db.simulator exchange.sqlite --orders 1000     makes it, and says with which settings
    python -m plugins.exchange_db.simulator exchange.sqlite --advance         five minutes later

`hub simulate exchange_db` makes one in a folder for temporary files, and shows at `/` with which settings it is read.
Hundreds of rows share one second, some stand there twice, some come late, one in a hundred has no number, some are
flagged as deleted. The same seed gives the same rows.
"""

import argparse
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

__all__ = ["advance", "build", "make", "settings", "truth"]

BEGIN = datetime(2026, 3, 1, 9)
STEP, LATENESS = timedelta(minutes=5), timedelta(minutes=8)
TOPICS = ("路灯不亮", "暖气不热", "垃圾未及时清运", "车辆占用消防通道", "夜间施工扰民")
STATES = ("01", "02", "03", "04")
GRIDS = ("150602012003", "150602001001", "150602002002", "")
TABLES = """
CREATE TABLE gd (
    gdbh TEXT, bt TEXT, nr TEXT, zt TEXT, sqdm TEXT, lxr TEXT, lxdh TEXT, sjsj TEXT, gxsj TEXT, sc INTEGER
);
CREATE INDEX gd_gxsj ON gd (gxsj, gdbh);
CREATE TABLE gd_jg (token TEXT PRIMARY KEY, gdbh TEXT, lsid TEXT, zt TEXT, jg TEXT, sj TEXT);
CREATE TABLE sj (xzsj TEXT, bs INTEGER);
"""


def settings(path: Path) -> dict[str, Any]:
    """The settings that read it and write results back."""
    words = {"01": "RECEIVED", "02": "DISPATCHED", "03": "IN_PROGRESS", "04": "CLOSED"}
    columns = {"gdbh": "number", "bt": "title", "nr": "content", "zt": "status", "sqdm": "grid", "sjsj": "submitted_at"}
    orders = {
        "table": "gd",
        "kind": "request",
        "key": "gdbh",
        "watermark": "gxsj",
        "columns": {**columns, "lxr": "caller_name", "lxdh": "caller_phone"},
        "constants": {"channel": "HOTLINE_12345", "kind": "HELP"},
        "words": {"status": words},
        "deleted": "sc",
    }
    told = {"token": "token", "key": "gdbh", "id": "lsid", "status": "zt", "result": "jg", "at": "sj"}
    results = {"table": "gd_jg", "columns": told, "words": {name: word for word, name in words.items()}}
    return {"url": f"sqlite:///{path.absolute()}", "tables": [orders], "results": results}


def build(orders: int = 500, seed: int = 1, path: Path | None = None) -> Starlette:
    """The file, new, and what is told of it: /sim/truth, /sim/effects and /sim/advance. `path`: where it is made."""
    path = path or Path(mkdtemp(prefix="lianshu-exchange-")) / "exchange.sqlite"
    make(path, orders, seed)

    async def home(request: Request) -> Response:
        return JSONResponse(settings(path))

    async def truth(request: Request) -> Response:
        return JSONResponse({"request": held(path)})

    async def effects(request: Request) -> Response:
        return JSONResponse({"effects": written(path)})

    async def advance(request: Request) -> Response:
        asked = json.loads(await request.body() or "{}")
        if not asked or not asked.keys() <= HAPPENS.keys():
            return JSONResponse({"error": f"one of {', '.join(HAPPENS)}"}, 400)
        touched = [key for what, count in asked.items() for key in happen(path, what, count)]
        return JSONResponse({"keys": {"request": touched}})

    return Starlette(
        routes=[
            Route("/", home),
            Route("/sim/truth", truth),
            Route("/sim/effects", effects),
            Route("/sim/advance", advance, methods=["POST"]),
        ]
    )


def happen(path: Path, what: str, count: int) -> list[str]:
    """Let it happen; the numbers of the orders to which it did."""
    with opened(path) as db:
        now = datetime.fromisoformat(db.execute("SELECT xzsj FROM sj").fetchone()[0])
        now += timedelta(days=count) if what == "days" else STEP
        first = int(db.execute("SELECT count(DISTINCT gdbh) FROM gd").fetchone()[0])
        touched = HAPPENS[what](db, now, first, count)
        db.execute("UPDATE sj SET xzsj = ?, bs = bs + 1", (stamp(now),))
    return touched


def late(db: sqlite3.Connection, now: datetime, first: int, count: int) -> list[str]:
    """New orders that are written minutes after their time."""
    return arrive(db, [now - LATENESS - timedelta(seconds=at) for at in range(count)], first)


def ties(db: sqlite3.Connection, now: datetime, first: int, count: int) -> list[str]:
    """New orders in one and the same second."""
    return arrive(db, [now] * count, first)


def duplicates(db: sqlite3.Connection, now: datetime, first: int, count: int) -> list[str]:
    """Orders that are closed, and stand there twice more: as they are, and as they were."""
    moved = [number(index) for index in range(min(first, count))]
    for one in moved:
        db.execute("INSERT INTO gd SELECT * FROM gd WHERE gdbh = ? LIMIT 1", (one,))
        latest = "rowid = (SELECT max(rowid) FROM gd WHERE gdbh = ?)"
        db.execute(f"UPDATE gd SET zt = '04', gxsj = ? WHERE {latest}", (stamp(now), one))
        db.execute(f"INSERT INTO gd SELECT * FROM gd WHERE {latest}", (one,))
    return moved


def days(db: sqlite3.Connection, now: datetime, first: int, count: int) -> list[str]:
    """So many days later, when one more comes in."""
    return arrive(db, [now], first)


HAPPENS = {"late": late, "ties": ties, "duplicates": duplicates, "days": days}


def arrive(db: sqlite3.Connection, times: list[datetime], first: int) -> list[str]:
    chance = Random(f"order {first}")
    for at, time in enumerate(times):
        put(db, order(chance, first + at, time))
    return [number(first + at) for at in range(len(times))]


def held(path: Path) -> dict[str, dict[str, str]]:
    """What a hub must hold once it has read everything: of each order its latest version."""
    words = settings(path)["tables"][0]["words"]["status"]
    with opened(path) as db:
        rows = db.execute("SELECT gdbh, bt, zt, sc FROM gd WHERE gdbh IS NOT NULL ORDER BY gxsj, rowid").fetchall()
    latest = {key: (title, state, gone) for key, title, state, gone in rows}
    return {key: {"title": title, "status": words[state]} for key, (title, state, gone) in latest.items() if not gone}


def written(path: Path) -> list[dict[str, Any]]:
    """The rows of the result table."""
    with opened(path) as db:
        rows = db.execute("SELECT token, gdbh, lsid, zt, jg, sj FROM gd_jg ORDER BY rowid").fetchall()
    return [dict(zip(("token", "gdbh", "lsid", "zt", "jg", "sj"), row, strict=True)) for row in rows]


def make(path: Path, orders: int, seed: int = 1) -> None:
    """Make the file, in place of one that is there."""
    path.unlink(missing_ok=True)
    chance = Random(seed)
    with opened(path) as db:
        db.executescript(TABLES)
        db.execute("INSERT INTO sj VALUES (?, 0)", (stamp(BEGIN),))
        for index in range(orders):
            put(db, order(chance, index, BEGIN - timedelta(seconds=(orders - index) // 300)))
        for index in range(orders // 20):  # once more, as it is
            db.execute("INSERT INTO gd SELECT * FROM gd WHERE gdbh = ?", (number(index * 20),))
        for _ in range(max(1, orders // 100)):
            put(db, (None, *order(chance, 0, BEGIN)[1:]))


def advance(path: Path) -> None:
    """Five minutes later: some orders moved on, one was deleted, two are new, and one of these comes late."""
    with opened(path) as db:
        text, step = db.execute("SELECT xzsj, bs FROM sj").fetchone()
        now, chance = datetime.fromisoformat(text) + STEP, Random(f"step {step}")
        count = int(db.execute("SELECT count(DISTINCT gdbh) FROM gd").fetchone()[0])
        moved = [number(chance.randrange(count)) for _ in range(max(1, count // 100))]
        db.executemany("UPDATE gd SET zt = '04', gxsj = ? WHERE gdbh = ?", [(stamp(now), one) for one in moved])
        gone = number(chance.randrange(count))
        db.execute("UPDATE gd SET sc = 1, gxsj = ? WHERE gdbh = ?", (stamp(now), gone))
        put(db, order(chance, count, now))
        put(db, order(chance, count + 1, now - LATENESS))
        db.execute("UPDATE sj SET xzsj = ?, bs = bs + 1", (stamp(now),))


def truth(path: Path) -> dict[str, int]:
    """What a hub must hold once it has read everything."""
    with opened(path) as db:
        rows, orders, gone = db.execute(
            "SELECT count(*), count(DISTINCT gdbh), count(DISTINCT CASE WHEN sc = 1 THEN gdbh END) FROM gd"
        ).fetchone()
        (bad,) = db.execute("SELECT count(*) FROM gd WHERE gdbh IS NULL").fetchone()
    return {"rows": rows, "orders": orders, "deleted": gone, "bad": bad}


def order(chance: Random, index: int, updated: datetime) -> tuple[Any, ...]:
    """A row, in the order of the columns."""
    topic, state, grid = chance.choice(TOPICS), chance.choice(STATES), chance.choice(GRIDS)
    caller = (f"示例{index}", f"1380000{index % 10_000:04d}")
    asked = updated - timedelta(hours=chance.randrange(48))
    return (number(index), topic, f"{topic}，请尽快处理", state, grid, *caller, stamp(asked), stamp(updated), 0)


def number(index: int) -> str:
    return f"QZ2026{index:08d}"


def stamp(time: datetime) -> str:
    return time.isoformat(sep=" ", timespec="seconds")


def put(db: sqlite3.Connection, row: tuple[Any, ...]) -> None:
    db.execute("INSERT INTO gd VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as db, db:
        yield db


def main() -> None:
    parser = argparse.ArgumentParser(description="A 前置库 in a SQLite file.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--orders", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--advance", action="store_true", help="five minutes later, instead of making it anew")
    given = parser.parse_args()
    if given.advance:
        advance(given.path)
    else:
        make(given.path, given.orders, given.seed)
    told = {"truth": truth(given.path), "settings": settings(given.path)}
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")


if __name__ == "__main__":
    main()
