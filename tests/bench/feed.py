"""The work orders as every subject of the bench gets them: pages over HTTP, rows of 25 texts. Standard library only."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, RemoteDisconnected
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any
from urllib.parse import urlencode

WIDTH = 25
KEYS = ("record_number", "taskId", "12345工单编号", "工单编号", "工单号", "workordercode", "编号", "序号")
COLUMNS = tuple(f"c{number}" for number in range(1, WIDTH + 1))
Row = dict[str, str | None]


def pages(port: int, limit: int = 1000) -> Iterator[list[Row]]:
    """Every page of the simulator's list, its rows flat."""
    connection, cursor = HTTPConnection("127.0.0.1", port, timeout=60), None
    while True:
        asked = urlencode({"limit": limit} | ({"cursor": cursor} if cursor else {}))
        try:
            answer = _answer(connection, asked)
        except RemoteDisconnected:  # who takes a page slowly finds the connection idle for too long
            answer = _answer(connection, asked)
        yield [flat(row) for row in answer["resultData"]]
        if not answer["pageInfo"]["hasMore"]:
            return
        cursor = answer["pageInfo"]["nextCursor"]


def _answer(connection: HTTPConnection, asked: str) -> Any:
    connection.request("GET", f"/api/workorders?{asked}", headers={"X-API-Key": "demo-key"})
    return json.loads(connection.getresponse().read())


def flat(row: dict[str, Any]) -> Row:
    """A key and 25 texts: the row's own columns in their order."""
    said = [None if value in (None, "") else str(value) for value in row.values()]
    said = [*said, *[None] * WIDTH][:WIDTH]
    key = next((str(row[name]) for name in KEYS if row.get(name)), said[0] or "")
    return {"key": "".join(filter(str.isdigit, key)), **dict(zip(COLUMNS, said, strict=True))}


def measured(load: Callable[[], int], loads: int) -> None:
    """Do it so often, each time when a line comes in; say what each took as a line of JSON."""
    for _ in range(loads):
        sys.stdin.readline()
        began, before = time.monotonic(), cpu()
        rows = load()
        took, used = time.monotonic() - began, cpu() - before
        peak = max(getrusage(who).ru_maxrss for who in (RUSAGE_SELF, RUSAGE_CHILDREN)) / 1024
        print(json.dumps({"rows": rows, "seconds": took, "cpu_seconds": used, "peak_mb": peak}), flush=True)


def cpu() -> float:
    """Processor seconds of this process and of its children that have ended."""
    return sum(used.ru_utime + used.ru_stime for used in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))
