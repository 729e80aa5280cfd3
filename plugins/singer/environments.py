"""The virtual environment of a tap: made at first use, kept for the next run, one for each set of requirements."""

import asyncio
import fcntl
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hub.plugin import SourceDown, SourceError, SourceRefused
from plugins.singer.processes import finished

__all__ = ["executable", "requirement", "room"]

NAMED = re.compile(r"[A-Za-z0-9][\w.-]*")
READY = "ready"
CREDENTIALS = re.compile(r"//[^/@\s]+@")
NOISE = re.compile(r"\s*(\[notice\]|WARNING:|hint:)", re.IGNORECASE)


def requirement(text: str) -> str:
    """The text, which must not be an option of pip. Raises ValueError."""
    if Path(text).is_absolute() or NAMED.match(text):
        return text
    raise ValueError(f"{text!r} is neither a requirement like tap-jsonl==0.3.1 nor an absolute path")


def room(named: Path | None) -> Path:
    """Where environments are made: as named, below HUB_HOME, or in the user's cache."""
    if named is not None:
        return named
    if home := os.environ.get("HUB_HOME"):
        return Path(home).absolute() / "plugins" / "singer"
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "lianshu" / "singer"


async def executable(
    tap: str, also: Sequence[str], command: str, place: Path, *, wheels: Path | None, seconds: float
) -> Path:
    """The tap's program, installed if it is not yet. Raises SourceRefused with pip's last words."""
    if Path(tap).is_absolute():
        return Path(tap)
    wanted = [tap, *also]
    version = ".".join(map(str, sys.version_info[:2]))
    digest = hashlib.sha256("\n".join([version, str(wheels), *wanted]).encode()).hexdigest()[:16]
    folder = place / digest
    name = command or NAMED.match(tap)[0]  # type: ignore[index]  # the settings have seen to it
    if not (folder / READY).is_file():
        with _locked(folder):
            if not (folder / READY).is_file():
                await _install(wanted, folder, wheels, seconds)
    found = folder / "bin" / name
    if not found.is_file():
        shown = ", ".join(sorted(path.name for path in (folder / "bin").glob("tap*"))) or "none that begins with tap"
        raise SourceRefused(f"{tap} brings no command {name}, but: {shown}. Set command to its name.")
    return found


async def _install(wanted: Sequence[str], folder: Path, wheels: Path | None, seconds: float) -> None:
    offline = ["--no-index", "--find-links", str(wheels.absolute())] if wheels else []
    pip = [
        str(folder / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
        *offline,
    ]
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True, mode=0o700)
        async with asyncio.timeout(seconds):
            await finished([sys.executable, "-m", "venv", str(folder)], folder, seconds, [], trusted=True)
            await finished([*pip, "--", *wanted], folder, seconds, [], trusted=True)
        (folder / READY).touch()
    except TimeoutError:
        raise SourceRefused(
            f"{wanted[0]} was not installed within {seconds:g} s. Raise install_seconds, or set wheels."
        ) from None
    except OSError as error:
        raise SourceRefused(
            f"Cannot make {folder}: {error.strerror}. Set environments to a folder that is yours."
        ) from error
    except SourceError as error:
        raise SourceRefused(f"{', '.join(wanted)} cannot be installed: {_last(str(error))}") from error
    finally:
        if not (folder / READY).is_file():
            shutil.rmtree(folder, ignore_errors=True)


def _last(words: str) -> str:
    """The last line that says something, without anybody's credentials."""
    lines = [line for line in words.splitlines() if line.strip() and not NOISE.match(line)]
    return CREDENTIALS.sub("//***@", lines[-1].strip()) if lines else "pip said nothing."


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Alone with this environment. Raises SourceDown where another run is at it."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = folder.with_suffix(".lock").open("w")
    except OSError as error:
        raise SourceRefused(
            f"Cannot make {folder.parent}: {error.strerror}. Set environments to another folder."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SourceDown(f"Another run is installing into {folder}.", retry_after=30) from None
        yield
