"""A Singer tap that gives `rows` orders, says its STATE after every `every` of them, and misbehaves as it is told.

It is run as a program of its own, so it imports nothing of ours. What it is told is packed, so that it is not taken for
secrets of its settings which happen to show in what it says.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PROPERTIES = {"id": {"type": "string"}, "title": {"type": "string"}, "updated_at": {"type": "string"}, "phone": {}}


def say(message: object) -> None:
    sys.stdout.write((message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)) + "\n")
    sys.stdout.flush()


def record(at: int) -> dict[str, Any]:
    row = {"id": f"S{at}", "title": f"路灯{at}", "updated_at": "2026-03-01T09:00:00Z", "phone": "13800001234"}
    return {"type": "RECORD", "stream": "orders", "record": row}


def state(at: int) -> dict[str, Any]:
    return {"type": "STATE", "value": {"bookmarks": {"orders": {"next": at}}}}


def misbehave(how: str, given: Any, config: dict[str, Any]) -> None:
    if how == "say":
        say(given)
    elif how == "huge":
        say("x" * (33 << 20))
    elif how == "half":
        sys.stdout.write(json.dumps(record(0))[:30])
        sys.stdout.flush()
    elif how == "cry":
        sys.stderr.write(f"{given} password={config.get('password')}\n")
    elif how == "flood":
        sys.stderr.write("noise " * 200_000)
    elif how == "exit":
        os._exit(given)
    elif how == "die":
        os.kill(os.getpid(), 9)
    elif how == "hang":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(given).write_text(f"{os.getpid()} {child.pid}")
        time.sleep(600)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--config", "--catalog", "--state"):
        parser.add_argument(name)
    parser.add_argument("--discover", action="store_true")
    given = parser.parse_args()
    config = json.loads(Path(given.config).read_text())
    config |= json.loads(base64.b64decode(config["plan"]))
    if note := config.get("note"):
        files = [Path(one) for one in sys.argv[1:] if Path(one).is_file()]
        seen = {"argv": sys.argv[1:], "environment": dict(os.environ), "modes": [one.stat().st_mode for one in files]}
        catalog = json.loads(Path(given.catalog).read_text()) if given.catalog else None
        Path(note).write_text(json.dumps({**seen, "catalog": catalog}))
    if given.discover:
        metadata = [{"breadcrumb": ["properties", name], "metadata": {}} for name in PROPERTIES]
        stream = {"tap_stream_id": "orders", "stream": "orders", "schema": {"properties": PROPERTIES}}
        say({"streams": [{**stream, "metadata": metadata}, {"tap_stream_id": "other", "schema": {}}]})
        return
    held = json.loads(Path(given.state).read_text()) if given.state else {}
    begin = held.get("bookmarks", {}).get("orders", {}).get("next", 0)
    say({"type": "SCHEMA", "stream": "orders", "schema": {"properties": PROPERTIES}, "key_properties": ["id"]})
    for at in range(begin, config["rows"]):
        for how, what in config.get("at", {}).get(str(at), {}).items():
            misbehave(how, what, config)
        say(record(at))
        if (every := config.get("every")) and (at + 1) % every == 0:
            say(state(at + 1))
    for how, what in config.get("end", {}).items():
        misbehave(how, what, config)


if __name__ == "__main__":
    main()
