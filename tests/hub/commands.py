"""`hub` for the tests: in this process for its answers, in a process of its own for signals and starts."""

import io
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import orjson

from hub.cli import main

Command = Callable[..., "Answer"]

OURS = re.compile(r"HUB_|PORT$|HOST$")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        """The one JSON value on stdout."""
        assert self.out.count("\n") == 1, self.out
        return orjson.loads(self.out)


def environment(**given: object) -> dict[str, str]:
    """The environment without settings of whoever runs the tests."""
    return {name: value for name, value in os.environ.items() if not OURS.match(name)} | {
        name: str(value) for name, value in given.items()
    }


def hub(*arguments: object, **given: object) -> Answer:
    """Run `hub` with these settings in this process."""
    out, err = io.StringIO(), io.StringIO()
    before = signal.getsignal(signal.SIGTERM)
    try:
        with (
            mock.patch.dict(os.environ, environment(**given), clear=True),
            mock.patch.object(sys, "argv", ["hub", *map(str, arguments)]),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            main()
    except SystemExit as end:
        return Answer(int(end.code or 0), out.getvalue(), err.getvalue())
    finally:
        signal.signal(signal.SIGTERM, before)
    raise AssertionError("main() always ends by exit")


@contextmanager
def fresh_home() -> Iterator[Path]:
    """A HUB_HOME that the database's own user can reach too, so that all of it stays there and goes with it."""
    with tempfile.TemporaryDirectory(prefix="lianshu-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made)


@dataclass(frozen=True, slots=True)
class Served:
    """A `hub serve` or `hub simulate` that listens."""

    process: "subprocess.Popen[str]"
    url: str
    said: str


@contextmanager
def running(*arguments: object, **given: object) -> Iterator[Served]:
    """A process that stays, from its address on stdout until SIGTERM."""
    command = [sys.executable, "-m", "hub", *map(str, arguments)]
    process = subprocess.Popen(
        command, env=environment(**given), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        said = ""
        for line in process.stdout:
            said += line
            if found := re.search(r"http://[\w.\[\]:]+", line):
                yield Served(process, found[0], said)
                break
        else:
            raise AssertionError(said + process.stderr.read())
    finally:
        process.terminate()
        process.communicate(timeout=30)


def divisions(folder: Path, *rows: str) -> Path:
    """A table of divisions with these rows."""
    file = folder / "divisions.csv"
    file.write_text("code,name,level,parent\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return file
