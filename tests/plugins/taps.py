"""The example tap as a program and as a wheel, and shortcuts to what the singer plugin makes of it."""

import asyncio
import base64
import json
import sys
import zipfile
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx2

from hub.plugin import BadRecord, Page, Record, SourceError
from plugins.singer import Config, Singer

SCRIPT = Path(__file__).with_name("tap_example.py")
ORDERS = {"stream": "orders", "kind": "request", "fields": {"id": "number", "title": "title"}, "at": "updated_at"}


def program(folder: Path) -> str:
    """The tap as a program that can be run."""
    path = folder / "tap-example"
    path.write_text(f"#!{sys.executable}\n{SCRIPT.read_text(encoding='utf-8')}", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def wheel(folder: Path, version: str = "1.0") -> Path:
    """The tap as a wheel in that folder."""
    folder.mkdir(exist_ok=True)
    info = f"tap_example-{version}.dist-info"
    with zipfile.ZipFile(folder / f"tap_example-{version}-py3-none-any.whl", "w") as archive:
        archive.write(SCRIPT, "tap_example.py")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tap-example\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\ntap-example = tap_example:main\n")
        archive.writestr(f"{info}/RECORD", "")
    return folder


def plan(**told: Any) -> dict[str, Any]:
    """The settings of a tap that does as it is told, and its password."""
    return {"password": "hunter2", "plan": base64.b64encode(json.dumps(told).encode()).decode()}


def plugin(http: httpx2.AsyncClient, tap: str, told: dict[str, Any], **settings: Any) -> Singer:
    return Singer(Config.model_validate({"tap": tap, "config": plan(**told), "streams": [ORDERS], **settings}), http)


async def heard(
    tap: str, told: dict[str, Any], cursor: str | None = None, **settings: Any
) -> tuple[list[Page], SourceError | None]:
    """The pages, and how it ended."""
    found: list[Page] = []
    async with httpx2.AsyncClient() as http, aclosing(plugin(http, tap, told, **settings).pull(cursor)) as coming:
        try:
            async for page in coming:
                found.append(page)
        except SourceError as error:
            return found, error
    return found, None


async def items(tap: str, told: dict[str, Any], **settings: Any) -> list[Record | BadRecord]:
    found, error = await heard(tap, told, **settings)
    assert error is None
    return [item for page in found for item in page.items]


def keys(found: list[Page]) -> list[str | None]:
    return [item.key for page in found for item in page.items if isinstance(item, Record)]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def gone(file: Path) -> bool:
    """Whether the processes that the file names end within a moment."""
    return await soon(lambda: not any(alive(int(pid)) for pid in file.read_text().split()))


async def soon(happened: Callable[[], bool]) -> bool:
    """Whether it happens within 10 seconds."""
    for _ in range(200):
        if happened():
            return True
        await asyncio.sleep(0.05)
    return False


def written(file: Path) -> Callable[[], bool]:
    return lambda: file.exists() and len(file.read_text().split()) == 2
