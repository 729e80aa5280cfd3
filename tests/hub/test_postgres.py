"""The embedded server, for real: every test starts its own in a short folder of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from hub import postgres
from hub.postgres import PostgresError
from tests.hub.servers import ROOT, eventually, hold, kill, owner, postmaster, processes, ready, served, sql


async def test_a_fresh_server_is_ready_for_sqlalchemy_and_has_chinese_trigrams(home: Path) -> None:
    with postgres.running(home) as server:
        assert sql(server, "create extension pg_trgm; select cardinality(show_trgm('中文数据'))") == "5"
        engine = create_async_engine(server.url)
        async with engine.connect() as connection:
            row = (await connection.execute(text("select current_database(), current_user"))).one()
        await engine.dispose()
    assert tuple(row) == ("lianshu", "lianshu")


def test_the_settings_suit_a_small_machine(home: Path) -> None:
    names = [
        "max_connections",
        "shared_buffers",
        "fsync",
        "timezone",
        "password_encryption",
        "shared_preload_libraries",
    ]
    with postgres.running(home) as server:
        found = [sql(server, f"show {name}") for name in names]
        locale = sql(server, "select datlocprovider, datlocale, pg_encoding_to_char(encoding) from pg_database")
        assert len(list((home / "postgres" / "log").glob("postgres-???.log"))) == 1
    assert found == ["100", "128MB", "on", "UTC", "scram-sha-256", ""]
    assert set(locale.splitlines()) == {"b|C.UTF-8|UTF8"}


def test_no_tcp_port_is_open(home: Path) -> None:
    with postgres.running(home) as server:
        tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
        inodes = {line.split()[9] for table in tables if table.exists() for line in table.read_text().splitlines()[1:]}
        opened = {os.readlink(file) for file in Path(f"/proc/{postmaster(server)}/fd").iterdir()}
        assert sql(server, "show listen_addresses") == ""
    assert not opened & {f"socket:[{inode}]" for inode in inodes}


def test_only_the_password_opens_the_server(home: Path) -> None:
    with postgres.running(home) as server:
        file = home / "postgres" / "password"
        assert (file.stat().st_mode & 0o777, file.read_text()) == (0o600, server.password)
        assert server.sockets.stat().st_mode & 0o777 == 0o700
        assert server.password not in repr(server)
        assert "password authentication failed" in sql(server, "select 1", PGPASSWORD="wrong")


def test_data_outlive_the_server(home: Path) -> None:
    with postgres.running(home) as server:
        sql(server, "create table kept as select 7 as number")
    assert not served(home / "postgres")
    with postgres.running(home) as server:
        assert sql(server, "select number from kept") == "7"


def test_the_last_to_leave_stops_it(home: Path) -> None:
    other = hold(home)
    _, first = ready(other)
    with postgres.running(home) as server, postgres.running(home) as again:
        assert (postmaster(server), server) == (first, again)
    assert served(home / "postgres")
    other.communicate()
    assert not served(home / "postgres")


def test_an_exit_inside_stops_it(home: Path) -> None:
    with pytest.raises(SystemExit), postgres.running(home):
        sys.exit(3)
    assert not served(home / "postgres")


def test_four_starters_at_once_share_one_server(home: Path) -> None:
    holders = [hold(home) for _ in range(4)]
    assert len({ready(holder) for holder in holders}) == 1
    for holder in holders:
        assert holder.stdin is not None
        holder.stdin.close()
        holder.stdin = None
    assert [(holder.communicate()[1], holder.returncode) for holder in holders] == [("", 0)] * 4
    assert not served(home / "postgres")


def test_a_killed_user_takes_the_server_along_even_after_ctrl_c(home: Path) -> None:
    holder = hold(home)
    data, _ = ready(holder)
    os.killpg(holder.pid, signal.SIGINT)
    assert not eventually(lambda: not served(data.parent), 1.5)
    kill(holder)
    assert eventually(lambda: not served(data.parent))


def test_a_killed_user_leaves_the_server_to_the_others(home: Path) -> None:
    killed, other = hold(home), hold(home)
    assert ready(killed) == ready(other)
    kill(killed)
    assert not eventually(lambda: not served(home / "postgres"), 2.5)
    kill(other)
    assert eventually(lambda: not served(home / "postgres"))


def test_a_killed_watcher_is_replaced_by_the_next_user(home: Path) -> None:
    with postgres.running(home):
        watchers = [process for process, command in processes(home.parent).items() if "-m hub.postgres" in command]
        assert len(watchers) == 1
        os.kill(watchers[0], signal.SIGKILL)
        assert eventually(lambda: watchers[0] not in processes(home.parent))
        holder = hold(home)
        data, _ = ready(holder)
    kill(holder)
    assert eventually(lambda: not served(data.parent))


def test_a_user_killed_during_the_first_start_harms_nothing(home: Path) -> None:
    holder = hold(home)
    assert eventually((home / "postgres" / "data.init" / "PG_VERSION").exists)
    kill(holder)
    with postgres.running(home) as server:
        assert sql(server, "select 1") == "1"


def test_what_an_interrupted_initdb_left_is_replaced(home: Path) -> None:
    leftover = home / "postgres" / "data.init" / "base"
    leftover.mkdir(parents=True)
    (home / "postgres").chmod(0o711)
    with postgres.running(home) as server:
        assert sql(server, "select 1") == "1"
    assert not leftover.parent.exists()


@pytest.mark.parametrize("zombie", [False, True], ids=["foreign process", "zombie"])
def test_a_stale_lock_file_naming_a_living_id_hinders_and_harms_nobody(home: Path, *, zombie: bool) -> None:
    with postgres.running(home) as server:
        files = [server.data / "postmaster.pid", server.sockets / f".s.PGSQL.{postgres.PORT}.lock"]
        contents = [file.read_text().partition("\n")[2] for file in files]
    uid = owner(server.data) if ROOT else None
    with subprocess.Popen(["sleep", "0" if zombie else "20"], user=uid, cwd="/") as foreign:
        assert not zombie or eventually(lambda: ") Z " in Path(f"/proc/{foreign.pid}/stat").read_text())
        for file, content in zip(files, contents, strict=True):
            file.write_text(f"{foreign.pid}\n{content}")
        with postgres.running(home) as server:
            assert postmaster(server) != foreign.pid
        assert [file.with_name(file.name + ".stale").exists() for file in files] == [True, True]
        assert zombie or foreign.poll() is None
        foreign.kill()


def test_a_server_started_by_hand_is_left_alone(home: Path) -> None:
    """Its id lives and works in our data: its lock file stays, we fail with a message, it goes on."""
    with postgres.running(home) as server:
        pass
    uid = owner(server.data) if ROOT else None
    data = str(server.data)
    command = [str(server.binaries / "postgres"), "-D", data, "-c", "listen_addresses=", "-k", data]
    with subprocess.Popen(command, user=uid, group=uid, extra_groups=[] if ROOT else None, stderr=-3) as byhand:
        assert eventually((server.data / ".s.PGSQL.5432").exists)
        began = time.monotonic()
        with pytest.raises(PostgresError, match=r'lock file "postmaster.pid" already exists'), postgres.running(home):
            pass
        assert (postmaster(server), byhand.poll()) == (byhand.pid, None)
        assert time.monotonic() - began > 10
        byhand.send_signal(signal.SIGINT)


def test_a_crashed_server_is_started_again(home: Path) -> None:
    with postgres.running(home) as server:
        sql(server, "create table kept as select 7 as number")
        first = postmaster(server)
        client = subprocess.Popen([server.binaries / "psql", "-c", "select pg_sleep(60)"], env=server.env(), stderr=-3)
        assert eventually(
            lambda: sql(server, "select count(*) from pg_stat_activity where query ~ '^select pg_s'") == "1"
        )
        os.kill(first, signal.SIGKILL)
        with postgres.running(home) as again:
            assert (sql(again, "select number from kept"), postmaster(again) != first) == ("7", True)
        assert client.wait(10) == 2


def test_a_path_too_long_for_a_socket_moves_it(home: Path) -> None:
    deep = home / ("中" * 30)
    with postgres.running(deep) as server:
        assert sql(server, "select 1") == "1"
        assert (str(server.sockets).startswith("/tmp/lianshu-"), server.sockets.stat().st_mode) == (True, 0o40700)
    server.sockets.rmdir()
    server.sockets.mkdir(mode=0o755)
    with pytest.raises(PostgresError, match=f"{server.sockets} is not a folder of user"), postgres.running(deep):
        pass
    server.sockets.rmdir()


def test_almost_any_character_may_be_in_the_path(home: Path) -> None:
    odd = home / "a 'b' %;&#*~"
    with postgres.running(odd) as server:
        assert (sql(server, "select 1"), server.data.parent.parent) == ("1", odd)
    with pytest.raises(PostgresError, match="choose a HUB_HOME without"), postgres.running(home / "$HOME"):
        pass
    assert not (home / "$HOME").exists()


def test_another_major_version_is_refused_and_kept(home: Path) -> None:
    with postgres.running(home) as server:
        pass
    version = server.data / "PG_VERSION"
    version.write_text("17\n")
    with (
        pytest.raises(PostgresError, match=r"was written by PostgreSQL 17, this is 18.*pg_dump"),
        postgres.running(home),
    ):
        pass
    assert version.read_text() == "17\n"


def test_damage_is_told_with_the_end_of_the_log(home: Path) -> None:
    with postgres.running(home) as server:
        pass
    (server.data / "global" / "pg_control").unlink()
    with pytest.raises(PostgresError, match=r"(?s)does not start in .*The end of .*pg_control"), postgres.running(home):
        pass
    assert not served(home / "postgres")


def test_a_home_that_cannot_be_made_is_told(home: Path) -> None:
    home.write_text("a file")
    with pytest.raises(PostgresError, match=r"out of reach: .*Not a directory"), postgres.running(home):
        pass
