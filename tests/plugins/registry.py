"""The simulated registry of volunteers, and shortcuts to what the plugin makes of it."""

import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from starlette.applications import Starlette

from hub.plugin import BadRecord, Page, Record
from plugins.volunteers import Config, Volunteers
from plugins.volunteers.identity import GAP
from plugins.volunteers.simulated_registry import Registry

URL = "http://127.0.0.1:8915"
SETTINGS: dict[str, Any] = dict(Volunteers.presets["volunteers"])
FILES = {"hash_key": SETTINGS["hash_key"]}


@asynccontextmanager
async def volunteers(app: Any, **settings: Any) -> AsyncIterator[Volunteers]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=URL) as http:
        yield Volunteers(Config(**{**SETTINGS, **settings}), http)


async def pulled(app: Any, cursor: str | None = None, **settings: Any) -> list[Page]:
    async with volunteers(app, **settings) as source:
        return [page async for page in source.pull(cursor)]


async def read(path: Any, **settings: Any) -> list[Page]:
    """What the plugin makes of exported files."""
    async with httpx2.AsyncClient() as http:
        return [page async for page in Volunteers(Config(path=path, **{**FILES, **settings}), http).pull(None)]


def held(pages: list[Page]) -> dict[tuple[str, str], Record]:
    """The last word on each thing, as the hub would hold it: an older word never counts."""
    found: dict[tuple[str, str], Record] = {}
    for item in (item for page in pages for item in page.items):
        if isinstance(item, Record):
            other = found.get((item.kind, item.key))
            if other is None or other.at is None or item.at is None or item.at >= other.at:
                found[item.kind, item.key] = item
    return found


def said(pages: list[Page]) -> dict[tuple[str, str], Any]:
    """The same without where it stood: the fields, or None for what is gone."""
    return {key: None if record.deleted else (record.at, dict(record.fields)) for key, record in held(pages).items()}


def bad(pages: list[Page]) -> list[BadRecord]:
    return [item for page in pages for item in page.items if isinstance(item, BadRecord)]


def registry(app: Starlette) -> Registry:
    found: Registry = app.state.simulation.registry
    return found


def squeezed(text: str) -> str:
    """The text without gaps, wide digits made narrow: a number in it is found however it is written."""
    return GAP.sub("", unicodedata.normalize("NFKC", text)).upper()


def leaked(app: Starlette, text: str) -> list[str]:
    """The ID numbers of the registry's people that stand in the text."""
    plain = squeezed(text)
    return [number for number in registry(app).numbers() if squeezed(number) in plain]


async def post(app: Starlette, path: str, body: Any = None) -> Any:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=URL) as http:
        return (await http.post(path, json=body)).json()


async def get(app: Starlette, path: str) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=URL) as http:
        return await http.get(path)
