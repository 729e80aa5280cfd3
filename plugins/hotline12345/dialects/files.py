"""The shape of a dialect's file, and the words about what is wrong with one: the file, the key, what to write."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = ["COMMON", "EMPTY", "Issues", "Push", "Written", "read"]

EMPTY = "EMPTY"
SHIPPED = Path(__file__).parent
FIELDS = (
    *("number", "title", "content", "kind", "channel", "status", "urgency", "grid_code", "place", "longitude"),
    *("latitude", "assignee", "submitted_at", "due_at", "due_days", "handled_at", "closed_at", "result", "solved"),
    *("satisfaction", "supervised", "urged", "caller_name", "caller_phone", "caller_confidential", "updated_at"),
)
JOINED = ("category", "names")
HOW = {
    "name": 'name = "北京房山"',
    "recognised_by": 'recognised_by = ["标签", "工单性质"]',
    "coordinates": 'coordinates = "gcj02"',
    "times": 'times = ["%d.%m.%Y %H:%M"]',
    "fields": 'number = "工单编号", or content = ["主要内容", "内容"]: the first that is filled counts',
    "joined": 'category = ["一级分类", "二级分类"]: the larger first',
    "words": 'IN_PROGRESS = ["办理中", "处置中"]',
    "flags": 'isSendBack = "RETURNED"',
    "issues": 'column = "problemList", key = "problemId", title = "problemName", category = ["levelOne"]',
    "numbers": 'prefixes = ["12345"], digits = 12',
    "separators": 'category = ["->", "/"]',
    "push": 'HANDLE = "results" in paths, result = "note10" in columns, YES = "是" in words.solved',
}


class Part(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Issues(Part):
    """A column that holds a list of rows, one for each matter of the order."""

    column: str
    key: str
    title: str
    category: list[str]


class Numbers(Part):
    """What may stand before an order's number."""

    prefixes: list[str]
    digits: int = Field(ge=1)


class Separators(Part):
    """What parts the parts of one cell."""

    category: list[str]
    issues: list[str]
    handlers: list[str]
    title: list[str]


class Push(Part):
    """What the hotline is told: step -> where to; what the hub says -> the hotline's name for it; words to write."""

    time: str
    paths: dict[str, str]
    columns: dict[str, str]
    words: dict[str, dict[str, str]]


class Written(Part):
    """A dialect as its file says it, over what all dialects share."""

    name: str = Field(min_length=1)
    recognised_by: list[str] = []
    coordinates: Literal["wgs84", "gcj02"] = "wgs84"
    times: list[str] = []
    fields: dict[str, str | list[str]]
    joined: dict[str, list[str]] = {}
    words: dict[str, dict[str, list[str]]] = {}
    flags: dict[str, str] = {}
    issues: Issues | None = None
    numbers: Numbers
    separators: Separators
    push: Push


COMMON: Mapping[str, Any] = tomllib.loads((SHIPPED / "common.toml").read_text(encoding="utf-8"))


def read(file: Path) -> Written:
    """The dialect of this file. Raises ValueError with the file, the key and what to write instead."""
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(f"{file}: it cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{file.name}: it is no TOML in UTF-8: {error}. Copy one of {SHIPPED} and change it."
        ) from None
    shared = {name: COMMON[name] for name in ("numbers", "separators", "push")}
    try:
        written = Written.model_validate(over(said, shared))
    except ValidationError as error:
        raise ValueError(f"{file.name}: {misshapen(error)}") from None
    for problem in problems(written):
        raise ValueError(f"{file.name}: {problem}")
    return written


def over(own: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """The shared tables with what a file says laid over them, key by key."""
    both = {
        name: over(own[name], value) if isinstance(value, dict) and isinstance(own[name], dict) else own[name]
        for name, value in shared.items()
        if name in own
    }
    return {**shared, **own, **both}


def misshapen(error: ValidationError) -> str:
    """What is wrong with the shape, in words: the first that was found."""
    first = error.errors(include_url=False)[0]
    path = [part for part in map(str, first["loc"]) if part not in ("str", "list[str]")]
    table = Written if len(path) == 1 else tables().get(path[0])
    key = ".".join(path)
    if first["type"] == "extra_forbidden" and table is not None:
        return f"{key}: there is no such key. Write one of: {', '.join(table.model_fields)}."
    said = "it is missing" if first["type"] == "missing" else f"{first['input']!r} cannot stand there"
    return f"{key}: {said}. Write, for example, {HOW[path[0]]}."


def tables() -> dict[str, type[Part]]:
    """The keys that hold tables with keys of their own."""
    found = {}
    for name, field in Written.model_fields.items():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, Part):
                found[name] = kind
    return found


def problems(written: Written) -> Iterator[str]:
    """What is well written and makes no sense."""
    known = {field: [*names] for field, names in COMMON["words"].items()}
    yield from strange("fields", written.fields, FIELDS)
    if "number" not in written.fields:
        yield f"fields.number: it is missing. Write the column of the order's number: {HOW['fields']}."
    yield from strange("joined", written.joined, JOINED)
    yield from strange("words", written.words, known)
    for field, names in written.words.items():
        yield from strange(f"words.{field}", names, known[field])
        for word, times in Counter(word for words in names.values() for word in words).items():
            if times > 1:
                yield f"words.{field}: the word {word!r} stands {times} times. Write it once, where it belongs."
    for column, status in written.flags.items():
        yield from strange(f"flags.{column}", [status], known["status"])
    for key, form in (*(("times", form) for form in written.times), ("push.time", written.push.time)):
        if not reads_back(form):
            yield f"{key}: {form!r} is no way to write a time. Write, for example, {HOW['times']}."
    push = COMMON["push"]
    yield from strange("push.paths", written.push.paths, push["paths"])
    yield from strange("push.columns", written.push.columns, push["columns"])
    yield from strange("push.words", written.push.words, push["columns"])


def strange(key: str, names: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    """Words about each name that is not among the known ones."""
    known = list(known)
    for name in names:
        if name not in known:
            yield f"{key}: there is no {name!r}. Write one of: {', '.join(known)}."


def reads_back(form: str) -> bool:
    """Whether a time written in this form can be read again, and tells the day."""
    moment = datetime(2026, 1, 31, 9, 5, 3)
    try:
        return datetime.strptime(moment.strftime(form), form).date() == moment.date()
    except ValueError:
        return False
