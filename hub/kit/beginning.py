"""A new plugin, whole, from the files in template/: it runs and keeps the contract as it is written."""

import keyword
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template

from hub import __version__
from hub.errors import Conflict, Invalid

NAME = re.compile(r"[a-z][a-z0-9_]*")
TEMPLATES = Path(__file__).parent / "template"
FILES: Mapping[str, str] = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    "$package/__init__.py": "plugin.py.txt",
    "$package/py.typed": "",
    "$package/simulator.py": "simulator.py.txt",
    "tests/test_$name.py": "tests.py.txt",
    "tests/replies/items.json": "items.json.txt",
}


def begin(name: str, folder: Path) -> list[Path]:
    """Write the plugin `name` into `folder`, which must be empty or not there. The files that were written."""
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise Invalid(f"{name!r} cannot name a plugin: use small letters, digits and underscores, a letter first.")
    try:
        if folder.exists() and any(folder.iterdir()):
            raise Conflict(f"There is something in {folder}. Name an empty folder with --path.")
        return [_written(folder, where, template, _words(name)) for where, template in FILES.items()]
    except OSError as error:
        raise Conflict(
            f"Cannot write to {error.filename}: {error.strerror}. Name another folder with --path."
        ) from error


def _words(name: str) -> dict[str, str]:
    """What stands for what in the templates."""
    major, minor, *_ = __version__.split(".")
    return {
        "name": name,
        "Name": "".join(part.capitalize() for part in name.split("_")),
        "title": name.replace("_", " ").capitalize(),
        "package": f"lianshu_{name}",
        "distribution": f"lianshu-{name.replace('_', '-')}",
        "range": f">={major}.{minor},<{int(major) + 1}",
    }


def _written(folder: Path, where: str, template: str, words: Mapping[str, str]) -> Path:
    path = folder / Template(where).substitute(words)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = (TEMPLATES / template).read_text(encoding="utf-8") if template else ""
    path.write_text(Template(text).substitute(words), encoding="utf-8")
    return path
