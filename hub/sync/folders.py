"""The files of an operator's own plugins, in the folders that HUB_PLUGINS names.

a package          parks/__init__.py
a project          pyproject.toml names what it brings in lianshu.plugins, as `hub plugins new` writes it
a folder of these  and of loose files: letters.py, parks/, lianshu-trees/
"""

import tomllib
from pathlib import Path

GROUP = "lianshu.plugins"
EMPTY = "holds no plugin: neither a .py file, nor a package, nor a project whose pyproject.toml names one in " + GROUP


Fault = tuple[Path, str]
"""A folder or a file from which no plugin comes, and why."""


def files(folder: Path) -> tuple[list[Path], list[Fault]]:
    """The files that bring plugins, `__init__.py` of a package, and what is wrong."""
    if not folder.is_dir():
        return [], [(folder, "HUB_PLUGINS names it, but it is no folder.")]
    if (folder / "__init__.py").exists():
        return [folder / "__init__.py"], []
    found, faults = _of_project(folder)
    if not found and not faults:
        found = sorted([*folder.glob("*.py"), *folder.glob("*/__init__.py")])
        for manifest in sorted(folder.glob("*/pyproject.toml")):
            more, wrong = _of_project(manifest.parent)
            found, faults = found + more, faults + wrong
    if not found and not faults:
        faults = [(folder, f"HUB_PLUGINS names it, but it {EMPTY}.")]
    return found, faults


def _of_project(project: Path) -> tuple[list[Path], list[Fault]]:
    """The files that its manifest names, and what is wrong with it."""
    manifest, found = project / "pyproject.toml", dict[Path, None]()
    try:
        named = _named(manifest)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        return [], [(manifest, f"It cannot be read: {error}.")]
    for target in named:
        top = target.partition(":")[0].partition(".")[0]
        roots = (project, project / "src")
        files = [file for root in roots for file in (root / top / "__init__.py", root / f"{top}.py") if file.exists()]
        if not files:
            return [], [(manifest, f"It names {target}, and there is no {project / top}. Correct the entry point.")]
        found[files[0]] = None
    return list(found), []


def _named(manifest: Path) -> list[str]:
    """What it brings as plugins: "package.module:Class"."""
    told = tomllib.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    named = told.get("project", {}).get("entry-points", {}).get(GROUP, {})
    return sorted({str(target) for target in named.values()})
