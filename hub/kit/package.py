"""A plugin as files: its code, its tests, its manifest; and what it says of itself once it is imported."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.errors import Invalid, NotFound

SECONDS = 20
SIMULATORS = ("simulator", "simulated")
"""How the files of a simulator are called, at the beginning."""
EXEMPT = re.compile(r"# exempt: ([a-z-]+) because (\S.*)")


@dataclass(frozen=True, slots=True)
class Source:
    """A file of Python."""

    path: Path
    text: str
    tree: ast.Module

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and full name of everything that it imports."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, one.name) for one in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield from ((node.lineno, f"{node.module}.{one.name}") for one in node.names)

    def calls(self) -> Iterator[tuple[int, str]]:
        """Line and name, as it is written, of everything that it calls."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                yield node.lineno, ast.unparse(node.func)


def simulates(source: Source) -> bool:
    """Whether it imports a file whose name is that of a simulator, however it writes that."""
    for node in ast.walk(source.tree):
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        names = [one.name for one in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if any(part.startswith(SIMULATORS) for name in (module, *names) for part in name.split(".")):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Package:
    """One plugin.

    root      where its project begins: the folder of pyproject.toml, or the one that holds the plugin
    module    how it is imported from there
    sources   its code; `tests`: the tests of its project
    manifest  pyproject.toml; empty where there is none
    readme    what stands in README.md, in its folder and at the root
    seen      what looking.py tells of it
    """

    root: Path
    module: str
    sources: list[Source]
    tests: list[Source]
    manifest: Mapping[str, Any]
    readme: str
    seen: Mapping[str, Any] = field(repr=False)

    @property
    def run(self) -> list[Source]:
        """Its code without the simulator, which the hub does not run, unless the plugin imports it."""
        own = [source for source in self.sources if not source.path.stem.startswith(SIMULATORS)]
        return self.sources if any(map(simulates, own)) else own

    @property
    def exempt(self) -> dict[str, str]:
        """The rules that its code asks to be spared, with the reason."""
        return {rule: reason for source in self.sources for rule, reason in EXEMPT.findall(source.text)}


def opened(path: Path) -> Package:
    """The plugin in this file, package or project. Raises NotFound, or Invalid where it cannot be made out."""
    path = path.resolve()
    if not path.exists():
        raise NotFound("plugin", path, "Name its file, its package or its project.")
    if path.is_dir() and not (path / "__init__.py").exists():
        path = _only_package(path)
    root = next((folder for folder in path.parents if (folder / "pyproject.toml").exists()), path.parent)
    module = ".".join(path.relative_to(root).with_suffix("").parts)
    inside = sorted(_own(path)) if path.is_dir() else [path]
    tests = sorted({*_own(root / "tests"), *path.parent.glob("test_*.py")})
    readmes = [folder / "README.md" for folder in {root, path if path.is_dir() else root}]
    return Package(
        root,
        module,
        [_parsed(file) for file in inside if "tests" not in file.relative_to(root).parts],
        [_parsed(file) for file in tests],
        _manifest(root),
        "\n".join(file.read_text(encoding="utf-8") for file in readmes if file.exists()),
        _seen(root, module),
    )


def _own(folder: Path) -> Iterator[Path]:
    """The Python files in it; what begins with a dot, as an environment does, holds what is not its own."""
    for file in folder.rglob("*.py"):
        if not any(part.startswith(".") for part in file.relative_to(folder).parts):
            yield file


def _only_package(project: Path) -> Path:
    """The package or file that its manifest names as a plugin."""
    named = _manifest(project).get("project", {}).get("entry-points", {}).get("lianshu.plugins", {})
    modules = sorted({str(target).partition(":")[0] for target in named.values()})
    if len(modules) != 1:
        found = f"several plugins ({', '.join(modules)})" if modules else "no plugin: no __init__.py, no pyproject.toml"
        raise Invalid(f"{project} holds {found}. Name the package or the file of one.")
    path = project.joinpath(*modules[0].split("."))
    if not path.is_dir():
        path = path.with_suffix(".py")
    if not path.exists():
        raise Invalid(f"pyproject.toml names {modules[0]}, and there is no {path}. Correct the entry point.")
    return path


def _manifest(root: Path) -> dict[str, Any]:
    file = root / "pyproject.toml"
    try:
        return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{file} cannot be read: {error}.") from error


def _parsed(file: Path) -> Source:
    try:
        text = file.read_text(encoding="utf-8")
        return Source(file, text, ast.parse(text))
    except (SyntaxError, UnicodeDecodeError, ValueError) as error:
        raise Invalid(f"{file} is no Python: {error}.") from error


def _seen(root: Path, module: str) -> dict[str, Any]:
    """What the imported plugin says of itself; `error` where it cannot be imported in time."""
    command = [sys.executable, "-m", "hub.kit.looking", str(root), module]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
        seen: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return {"error": f"The import did not end within {SECONDS} seconds."}
    except ValueError:
        return {"error": f"The import ended the process: {done.stderr.strip()[-300:] or done.returncode}"}
    return seen
