"""The servers under measure: each a process of its own on a port of its own, and what /proc knows of it."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

ROOT, HERE = Path(__file__).parents[2], Path(__file__).parent
MODULES = HERE / "node_modules"
TICK = os.sysconf("SC_CLK_TCK")
START_SECONDS, STOP_SECONDS = 90, 15
NPM_CI = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


class NotHere(Exception):
    """The peer cannot be measured on this machine; the words say why."""


@dataclass(frozen=True)
class Server:
    """A process that listens."""

    pid: int
    port: int

    def memory(self) -> dict[str, float]:
        """Megabytes in memory: now, and at the most."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        told = dict(line.split(":", 1) for line in lines)
        return {"rss_mb": int(told["VmRSS"].split()[0]) / 1024, "peak_mb": int(told["VmHWM"].split()[0]) / 1024}


def cpu_seconds(root: int) -> float:
    """The processor time of a process and all below it, the dead ones that were waited for among them."""
    used: dict[int, int] = {}
    below: dict[int, list[int]] = {}
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                fields = (process / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            used[int(process.name)] = sum(map(int, fields[11:15]))  # utime, stime, and those of dead children
            below.setdefault(int(fields[1]), []).append(int(process.name))
    family = [root]
    for pid in family:
        family += below.get(pid, [])
    return sum(used.get(pid, 0) for pid in family) / TICK


def postmaster(data: Path) -> int:
    """The process above all backends of the PostgreSQL in this folder."""
    return int((data / "postmaster.pid").read_text().split("\n", 1)[0])


@contextmanager
def hub(url: str, home: Path, log: Path) -> Iterator[Server]:
    """The hub as it is shipped, without the worker."""
    command = (sys.executable, "-m", "hub", "serve", "--no-worker", "--no-example", "--port", "{port}")
    with _listening(command, {"HUB_DATABASE_URL": url, "HUB_HOME": str(home)}, log) as server:
        yield server


@contextmanager
def floor(url: str, log: Path) -> Iterator[Server]:
    """The hand-written statements."""
    command = (sys.executable, "-m", "tests.bench.floor", "{port}")
    with _listening(command, {"BENCH_DATABASE_URL": url}, log) as server:
        yield server


@contextmanager
def hotline(orders: int, log: Path) -> Iterator[Server]:
    """The simulated hotline with so many orders."""
    command = ("-m", "hub", "simulate", "hotline12345", "--orders", str(orders), "--port", "{port}")
    with _listening((sys.executable, *command), {}, log) as server:
        yield server


@contextmanager
def postgraphile(url: str, log: Path) -> Iterator[Server]:
    """PostGraphile, as in production. Raises NotHere."""
    parsed = make_url(url)
    env = {
        "PGHOST": str(parsed.query["host"]),
        "PGPORT": str(parsed.query["port"]),
        "PGDATABASE": str(parsed.database),
        "PGUSER": str(parsed.username),
        "PGPASSWORD": str(parsed.password),
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
    }
    with _listening((_node(), str(HERE / "postgraphile.mjs"), "{port}"), env, log) as server:
        yield server


def _node() -> str:
    """The node that is locked with the peer, both installed if need be. Raises NotHere."""
    installed, lock = MODULES / ".package-lock.json", HERE / "package-lock.json"
    if not (installed.exists() and installed.stat().st_mtime > lock.stat().st_mtime):
        if not (shutil.which("node") and shutil.which("npm")):
            raise NotHere("node is not here")
        print("Installing PostGraphile ...", file=sys.stderr)
        done = subprocess.run(NPM_CI, cwd=HERE, stdout=sys.stderr)
        if done.returncode:
            raise NotHere("npm failed")
    locked = MODULES / ".bin" / "node"
    if not locked.exists():
        raise NotHere("npm has no node for this machine")
    return str(locked)


@contextmanager
def _listening(command: tuple[str, ...], env: Mapping[str, str], log: Path) -> Iterator[Server]:
    """The process, from the moment it answers on its port until it has ended."""
    port = _free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            cwd=ROOT,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            _wait(process, port, log)
            yield Server(process.pid, port)
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"A server did not start: {process.args}\n{log.read_text(errors='replace')[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
