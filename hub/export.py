"""Tables of what is in the hub, in the columns that an import takes: whoever reads one back changes nothing.

What is gone (closed, left) is not in them: a table says of each row that it is there.
"""

import asyncio
import csv
import enum
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from sqlalchemy import Select, case, func, or_, select

from hub.auth import Viewer, under
from hub.db import Database
from hub.errors import Invalid, Misconfigured
from hub.models import Alliance, Base, Claim, Grid, Member, Need, Party, Project, Request, Resource, Workflow
from hub.services import alliances, catalogue, grids, parties, practices, requests, resources
from hub.services.working_days import CHINA
from hub.sync.kind import Kind
from hub.sync.kinds import KINDS

__all__ = ["export"]

Cell = str | int | float | None
Add = Callable[[Iterable[Sequence[Cell]]], None]

PART = 1_000
HIDDEN = "***"
LAST_ROW, LONGEST_CELL = 1_048_576, 32_767
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
"""Text that a spreadsheet program may take for a formula, or that is marked as text already."""

VISIBLE: Mapping[str, Callable[[Viewer], Select[Any]]] = {
    "grid": grids.visible,
    "organization": parties.organizations,
    "person": parties.persons,
    "alliance": alliances.visible,
    "member": alliances.members,
    "report_in": parties.report_ins,
    "resource": resources.visible,
    "need": resources.needs,
    "project": resources.projects,
    "claim": resources.claims,
    "catalogue_entry": catalogue.standing,
    "request": requests.visible,
}
NAMED: Mapping[type[Base], Callable[[Viewer], Select[Any]]] = {
    Grid: grids.visible,
    Party: parties.visible,
    Alliance: alliances.visible,
    Resource: resources.visible,
    Need: resources.needs,
    Project: resources.projects,
    Request: requests.visible,
    Workflow: practices.workflows,
}


async def export(db: Database, viewer: Viewer, kind: str, file: Path, *, inside: str | None = None) -> int:
    """Write what the viewer sees of a kind into `file` (.csv or .xlsx), which is there whole or not at all.

    `inside` is the code of the grid in which it lies. One snapshot; gives the number of rows. Raises Misconfigured,
    NotFound, and Invalid for a text that no cell can hold.
    """
    if kind not in VISIBLE:
        raise Misconfigured(f"There is no table of a kind {kind}. There are: {', '.join(VISIBLE)}.")
    if file.suffix.lower() not in WRITERS:
        raise Misconfigured(f"{file.name}: name a file that ends in {' or '.join(WRITERS)}.")
    count = 0
    async with db.read() as session:
        path = (await grids.by_code(session, viewer, inside)).path if inside is not None else None
        wanted = _statement(KINDS[kind], viewer, path)
        with _whole(file) as part, WRITERS[file.suffix.lower()](part, kind) as add:
            add([list(wanted.selected_columns.keys())])
            found = await session.stream(wanted, execution_options={"yield_per": PART})
            async for rows in found.partitions():
                await asyncio.to_thread(add, [[_told(value) for value in row] for row in rows])
                count += len(rows)
    return count


def _statement(kind: Kind, viewer: Viewer, path: str | None) -> Select[Any]:
    """The fields of every row; of what it names the code, else the name, which an import leaves as it is."""
    model: Any = kind.model
    wanted = VISIBLE[kind.name](viewer)
    columns = [getattr(model, column).label(field) for field, column in kind.fields.items()]
    for field, reference in kind.references.items():
        target: Any = reference.target
        code = (target.number if target is Request else target.code).label("code")
        name = (target.name if hasattr(target, "name") else target.title).label("name")
        named = NAMED[target](viewer).with_only_columns(target.id, code, name).subquery()
        key = getattr(model, reference.column)
        wanted = wanted.outerjoin(named, named.c.id == key)
        columns.append(case((key.is_not(None), func.coalesce(named.c.code, named.c.name, HIDDEN))).label(field))
    for column, value in kind.reopening.items():
        if value is None and column not in kind.fields:
            wanted = wanted.where(getattr(model, column).is_(None))
    if path is not None and model is Member:
        wanted = wanted.where(Member.alliance_id.in_(select(Alliance.id).where(under(Alliance.grid_path, path))))
    elif path is not None and model is Claim:
        there = [select(one.id).where(under(one.grid_path, path)) for one in (Project, Request)]
        wanted = wanted.where(or_(Claim.project_id.in_(there[0]), Claim.request_id.in_(there[1])))
    elif path is not None:
        wanted = wanted.where(under(model.path if model is Grid else model.grid_path, path))
    return wanted.with_only_columns(*columns).order_by(model.path if model is Grid else model.id)


def _told(value: object) -> Cell:
    """The value as an import reads it; times in China's zone."""
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(CHINA).isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return "、".join(map(str, value))
    if isinstance(value, list):
        return "、".join(map(str, value)) or None
    return value if isinstance(value, (int, float)) or value is None else str(value)


@contextmanager
def _whole(file: Path) -> Iterator[Path]:
    """A file beside it, for our eyes only, that takes its place once all is written."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        part.touch(mode=0o600)
    except OSError as error:
        raise Misconfigured(f"Cannot write {part.parent}: {error.strerror}. Name a folder that is yours.") from error
    try:
        yield part
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _csv(part: Path, kind: str) -> Iterator[Add]:
    with part.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)

        def add(rows: Iterable[Sequence[Cell]]) -> None:
            writer.writerows([_guarded(cell) for cell in row] for row in rows)

        yield add


def _guarded(cell: Cell) -> Cell:
    """Text that might be taken for a formula gets an apostrophe; an import takes it off again."""
    return f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell


@contextmanager
def _workbook(part: Path, kind: str) -> Iterator[Add]:
    """Rows that do not fit into one sheet go on in the next."""
    with xlsxwriter.Workbook(str(part), {"constant_memory": True}) as book:
        sheet, row = book.add_worksheet(kind), 0
        header: Sequence[Cell] = ()

        def add(rows: Iterable[Sequence[Cell]]) -> None:
            nonlocal sheet, row, header
            for cells in rows:
                header = header or cells
                if row == LAST_ROW:
                    sheet, row = book.add_worksheet(), 0
                    _put(sheet, row, header, header)
                    row += 1
                _put(sheet, row, cells, header)
                row += 1

        yield add


def _put(sheet: Any, row: int, cells: Sequence[Cell], header: Sequence[Cell]) -> None:
    """Text as text, never as a formula or a link; numbers as such where none of their digits is lost."""
    for column, cell in enumerate(cells):
        if isinstance(cell, (int, float)) and float(f"{cell:.16G}") == cell:
            sheet.write_number(row, column, cell)
        elif cell is not None and sheet.write_string(row, column, str(cell)) < 0:
            raise Invalid(
                f"{header[0]} {cells[0]}: its {header[column]} has {len(str(cell)):,} characters, and a cell of a "
                f"workbook holds {LONGEST_CELL:,}. Export to a .csv file."
            )


WRITERS = {".csv": _csv, ".xlsx": _workbook}
