"""Imports and starts: the villages of a country into the hub, and the embedded PostgreSQL from nothing."""

import asyncio
import csv
import gzip
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from hub import postgres
from hub.db import Database
from hub.sync import registry
from hub.sync.run import run_source
from tests.bench.databases import fresh, plain

TABLES = ("provinces", "cities", "areas", "streets", "villages")
COUNTS = (31, 11, 9, 14, 15)


def made_up(folder: Path) -> Path:
    """A country as large as the real one: every division has as many parts as the average one there."""
    parents, widths, names = [""], (2, 2, 2, 3, 3), ("provinceCode", "cityCode", "areaCode", "streetCode")
    for table, count, width in zip(TABLES, COUNTS, widths, strict=True):
        codes = [f"{parent}{number:0{width}}" for parent in parents for number in range(11, 11 + count)]
        with gzip.open(folder / f"{table}.csv.gz", "wt", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["code", "name", *([names[TABLES.index(table) - 1]] if parents != [""] else [])])
            for code in codes:
                writer.writerow([code, f"第{code}号", *([code[: len(code) - width]] if parents != [""] else [])])
        parents = codes
    return folder


def rows(folder: Path) -> Iterator[tuple[str, str, str, str | None]]:
    """Every division: code, name, level, parent."""
    lengths = {2: "PROVINCE", 4: "CITY", 6: "DISTRICT", 9: "STREET", 12: "COMMUNITY"}
    for table in TABLES:
        path = next(folder.glob(f"{table}.csv*"))
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            for row in csv.DictReader(file):
                parents = [row[name] for name in ("streetCode", "areaCode", "cityCode", "provinceCode") if name in row]
                yield row["code"], row["name"], lengths[len(row["code"])], next(iter(parents), None)


async def bare(url: str, folder: Path) -> int:
    """The same columns by COPY into a staging table and INSERT ... SELECT ... ON CONFLICT, a level at a time."""
    connection = await asyncpg.connect(plain(url))
    async with connection.transaction():
        await connection.execute("CREATE TEMP TABLE staging (code text, name text, level text, parent text)")
        await connection.copy_records_to_table("staging", records=rows(folder))
        done = 0
        for level in ("PROVINCE", "CITY", "DISTRICT", "STREET", "COMMUNITY"):
            done += int((await connection.execute(MERGE, level)).split()[-1])
    await connection.close()
    return done


MERGE = """
INSERT INTO grids (id, code, name, level, parent_id, path, created_at, updated_at, revision)
SELECT gen_random_uuid(), s.code, s.name, s.level, p.id, coalesce(p.path, '') || s.code || '/', now(), now(), 1
FROM staging s LEFT JOIN grids p ON p.code = s.parent WHERE s.level = $1
ON CONFLICT (code) DO UPDATE SET name = excluded.name, parent_id = excluded.parent_id, path = excluded.path
"""


async def importing(url: str, folder: str) -> None:
    """The hub's own import, in a process of its own (`python -m tests.bench import URL FOLDER`)."""
    database, plugins = Database(url), registry.load()
    for _ in range(2):
        began = time.monotonic()
        run = await run_source(database, plugins, "divisions", started_by="bench", overrides={"path": folder})
        took = time.monotonic() - began
        usage = resource.getrusage(resource.RUSAGE_SELF)
        figures = {"records": run.records, "created": run.created, "unchanged": run.unchanged, "error": run.error}
        print(
            orjson.dumps(
                {
                    **figures,
                    "seconds": took,
                    "peak_mb": usage.ru_maxrss / 1024,
                    "cpu_seconds": usage.ru_utime + usage.ru_stime,
                }
            ).decode(),
            flush=True,
        )
    await database.close()


def measure_import(url: str, folder: Path) -> dict[str, Any]:
    own = asyncio.run(fresh(url, "bench_hub"))
    command = [sys.executable, "-m", "tests.bench", "import", own, str(folder)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    first, second = (orjson.loads(line) for line in lines)
    other = asyncio.run(fresh(url, "bench_bare"))
    began = time.monotonic()
    done = asyncio.run(bare(other, folder))
    bare_seconds = time.monotonic() - began
    assert done == first["created"], (done, first)
    return {
        "rows": done,
        "rows_per_second": done / first["seconds"],
        "bare_rows_per_second": done / bare_seconds,
        "of_bare": bare_seconds / first["seconds"],
        "again_rows_per_second": second["records"] / second["seconds"],
        "cpu_us_per_row": first["cpu_seconds"] / done * 1e6,
        "peak_mb": second["peak_mb"],
    }


def measure_start(folder: Path) -> dict[str, float]:
    figures = {}
    for name in ("cold_seconds", "warm_seconds"):
        began = time.monotonic()
        with postgres.running(folder):
            figures[name] = time.monotonic() - began
    return figures
