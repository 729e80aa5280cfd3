"""Tables to read, and shortcuts to what the spreadsheet plugin makes of them."""

import asyncio
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import openpyxl
import pytest

from hub.plugin import BadRecord, Page, Record, SourceBroken, SourceRefused
from plugins.spreadsheet import Config, Spreadsheet

GRIDS = "code,name\n11,北京市\n1101,市辖区\n110101,东城区\n"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def pages(path: Path | None, **settings: Any) -> list[Page]:
    async def run() -> list[Page]:
        async with httpx2.AsyncClient() as http:
            return [page async for page in Spreadsheet(Config(path=path, **settings), http).pull(None)]

    return asyncio.run(run())


def items(path: Path | None, **settings: Any) -> list[Record | BadRecord]:
    return [item for page in pages(path, **settings) for item in page.items]


def count(path: Path) -> int:
    """How many items there are, keeping none."""

    async def run() -> int:
        async with httpx2.AsyncClient() as http:
            return sum([len(page.items) async for page in Spreadsheet(Config(path=path), http).pull(None)])

    return asyncio.run(run())


def reasons(path: Path, **settings: Any) -> list[str]:
    return [item.reason for item in items(path, **settings) if isinstance(item, BadRecord)]


def fields(path: Path, **settings: Any) -> list[dict[str, Any]]:
    return [dict(item.fields) for item in items(path, **settings) if isinstance(item, Record)]


def broken(path: Path, **settings: Any) -> str:
    with pytest.raises(SourceBroken) as caught:
        items(path, **settings)
    return str(caught.value)


def refused(path: Path | None, **settings: Any) -> str:
    with pytest.raises(SourceRefused) as caught:
        items(path, **settings)
    return str(caught.value)


def save(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def save_workbook(path: Path, **sheets: Sequence[Any]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def save_parts(path: Path, rows: str, strings: str = "", before: str = "") -> Path:
    """A workbook written by hand, for what openpyxl never writes."""
    book = f'<Relationship Id="r1" Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/>'
    parts = (
        f'<Relationship Id="r1" Type="{LINKS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{LINKS}/sharedStrings" Target="sharedStrings.xml"/>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", f'<Relationships xmlns="{RELATIONS}">{book}</Relationships>')
        archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{RELATIONS}">{parts}</Relationships>')
        sheet = '<sheets><sheet name="村" sheetId="1" r:id="r1"/></sheets>'
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}">{sheet}</workbook>')
        archive.writestr("xl/sharedStrings.xml", f'{before}<sst xmlns="{MAIN}">{strings}</sst>')
        body = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        archive.writestr("xl/worksheets/sheet1.xml", body)
    return path
