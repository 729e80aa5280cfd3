"""How cities work: one YAML file for each practice. docs/practices.md shows how to write one.

A file is taken whole or not at all: what is wrong in it is told with its line, and the other files are read all the
same.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.plugin import BadRecord, Page, Plugin, Record, SourceBroken, SourceRefused
from plugins.practices.checks import faults
from plugins.practices.files import Unreadable, Where, Written, read
from plugins.practices.form import PracticeFile
from plugins.practices.records import records
from plugins.practices.words import told

__all__ = ["Practices"]

SHIPPED = Path(__file__).parent
AT_ONCE = 1_000
Items = list[Record | BadRecord]
KINDS = frozenset(
    {
        *("practice", "scheme", "scheme_item", "workflow", "workflow_step", "escalation", "catalogue_entry"),
        *("series", "rota"),
        *("feature", "figure", "indicator"),
    }
)


class Config(BaseModel):
    """实践文件的位置。"""

    model_config = ConfigDict(extra="forbid")

    path: Path = Field(SHIPPED, title="文件或文件夹", description="一个实践一个 .yaml 文件；文件夹则读其中全部")


class Unread(BadRecord):
    """A file of which nothing could be read."""


class Practices(Plugin[Config]):
    """Reads practices from files."""

    name = "practices"
    title = "城市治理实践"
    Config = Config
    presets = {"practices": {}}
    examples = ("practices",)
    hub = ">=0.1,<1"
    whole = KINDS
    rules = {(kind, "*"): "SOURCE" for kind in KINDS}

    async def pull(self, cursor: str | None) -> AsyncIterator[Page]:
        """Every file; of a folder all of them. What a file says replaces its own practice, and no other."""
        path = self.config.path
        found = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        if not found or not (path.is_dir() or path.is_file()):
            raise SourceRefused(f"{path}: there is no practice file (*.yaml). Set the setting path to one.")
        spoken = list(_each_once([(file, said(file)) for file in found]))
        total = sum(len(items) for _, items in spoken)
        if all(isinstance(item, Unread) for _, items in spoken for item in items):
            raise SourceBroken(
                " ".join(item.reason for _, items in spoken for item in items if isinstance(item, Unread))
            )
        for code, items in spoken:
            for first in range(0, len(items), AT_ONCE):
                page = Page(items[first : first + AT_ONCE], total=total)
                if code is not None and first + AT_ONCE >= len(items):
                    page = replace(page, complete=KINDS, within=frozenset({code}))
                yield page


def _each_once(files: Sequence[tuple[Path, Items]]) -> Iterator[tuple[str | None, Items]]:
    """What each file says, with the practice that it says everything of; None where it is refused."""
    first: dict[str, Path] = {}
    for path, items in files:
        practice = items[0]
        if isinstance(practice, BadRecord):
            yield None, items
        elif (other := first.setdefault(practice.key, path)) is path:
            yield practice.key, items
        else:
            words = f"practice.code: {practice.key} is the practice of {other.name}. Give it another code."
            yield None, [_bad(path, f"{practice.where.replace(':', ', line ')}: {words}")]


def said(path: Path) -> Items:
    """What a file says; or, of one in which something is wrong, that, and nothing else of it."""
    try:
        written = read(path)
        file = PracticeFile.model_validate(written.content)
    except Unreadable as error:
        return [_bad(path, f"{path.name}, {error}", unread=True)]
    except ValidationError as error:
        return [_bad(path, *(_told(written, where, what) for where, what in told(error)))]
    wrong = [_told(written, where, what) for where, what in faults(file)]
    return [_bad(path, *wrong)] if wrong else list(records(file, written))


def _told(written: Written, where: Where, what: str) -> str:
    place = ".".join(str(part) for part in where)
    return f"{written.path.name}, line {written.line(where)}: {place}{': ' if place else ''}{what}"


def _bad(path: Path, *lines: str, unread: bool = False) -> BadRecord:
    kind = Unread if unread else BadRecord
    return kind(" ".join(lines), {"file": path.name}, "practice", path.stem, where=path.name)
