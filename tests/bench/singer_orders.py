"""The same orders through a Singer target for PostgreSQL, with its defaults. Runs in an environment of its own."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench import feed


def load(url: str, port: int) -> int:
    """One load of everything, as a tap would write it."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as config:
        json.dump({"sqlalchemy_url": url.replace("+asyncpg", "+psycopg2"), "default_target_schema": "public"}, config)
        config.flush()
        target = Path(sys.executable).with_name("target-postgres")
        process = subprocess.Popen(
            [target, "--config", config.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin is not None
        properties = {name: {"type": ["string", "null"]} for name in feed.COLUMNS} | {"key": {"type": "string"}}
        schema = {"type": "object", "properties": properties}
        write = process.stdin.write
        write(line({"type": "SCHEMA", "stream": "orders", "schema": schema, "key_properties": ["key"]}))
        rows = 0
        for page in feed.pages(port):
            for row in page:
                write(line({"type": "RECORD", "stream": "orders", "record": row}))
            rows += len(page)
        process.stdin.close()
        if process.wait():
            raise SystemExit("target-postgres failed")
    return rows


def line(message: object) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode() + b"\n"


if __name__ == "__main__":
    feed.measured(lambda: load(sys.argv[1], int(sys.argv[2])), 2)
