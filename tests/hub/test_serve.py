"""A served hub, as a process of its own: the first start, its doors, signals, and what a second start finds."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from websockets.sync.client import connect

from hub.db import Database
from tests.hub.commands import Served, environment, fresh_home, hub, running

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
COMMUNITIES = '{ grids(filter: {under: {code: "150602"}, level: COMMUNITY}) { totalCount } }'
CHANGES = "subscription { changes { cursor } }"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The HUB_HOME of this file's hub."""
    with fresh_home() as made:
        yield made


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[Served]:
    """The first start on a fresh machine."""
    with running("serve", HUB_HOME=home, PORT=0) as served:
        yield served


def ask(url: str, query: str) -> object:
    return httpx2.post(f"{url}/graphql", json={"query": query}, timeout=30).json()["data"]


def postmasters(home: Path) -> list[str]:
    """The command lines of database servers of this home."""
    listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if "postgres -D" in line and str(home) in line]


def test_the_first_start_loads_the_example_and_says_what_to_try(served: Served, home: Path) -> None:
    assert "divisions: 1,346 records: 1,346 created, 0 updated, 0 rejected" in served.said
    assert "example-requests:" in served.said
    assert ask(served.url, COMMUNITIES) == {"grids": {"totalCount": 79}}


def test_the_query_that_is_printed_can_be_pasted(served: Served) -> None:
    said = served.said
    for line in iter(served.process.stdout.readline, ""):
        said += line
        if "Stop" in line:
            break
    found = re.search(r"curl .*\n.*", said)
    assert found is not None
    pasted = subprocess.run(["/bin/sh", "-c", found[0]], capture_output=True, text=True, check=True)
    nodes = '[{"name":"吉劳庆社区"},{"name":"锦秀社区"},{"name":"航空社区"}]'
    data, _, more = pasted.stdout.partition(',"extensions":')
    assert data == f'{{"data":{{"grids":{{"totalCount":79,"nodes":{nodes}}}}}'
    assert json.loads(more[:-1])["executor"] == "engine"
    assert pasted.stdout in README


def test_it_is_alive_and_ready(served: Served) -> None:
    assert httpx2.get(f"{served.url}/healthz").json()["alive"] is True
    assert httpx2.get(f"{served.url}/readyz").json() == {"ready": True, "reasons": []}


def test_a_token_is_alone_on_the_last_line_and_opens_the_door(served: Served, home: Path) -> None:
    given = hub("token", "--as", "admin", HUB_HOME=home)
    token = given.out.splitlines()[-1]
    header = {"authorization": f"Bearer {token}"}
    answer = httpx2.post(f"{served.url}/graphql", json={"query": "{ viewer { known name } }"}, headers=header).json()
    assert (given.code, given.out) == (0, f"{token}\n")
    assert answer["data"] == {"viewer": {"known": True, "name": "admin by command"}}


def test_a_second_run_of_the_sample_changes_nothing_and_says_so(served: Served, home: Path) -> None:
    again = hub("sync", "run", "divisions", HUB_HOME=home)
    assert re.fullmatch(r"divisions: 1,346 records, nothing changed, in [\d.]+ s \([\d,]+ rows/s\)\n", again.out)
    assert again.code == 0


def test_two_serve_the_same_data(served: Served, home: Path) -> None:
    with running("serve", HUB_HOME=home, PORT=0) as second:
        assert ask(second.url, COMMUNITIES) == {"grids": {"totalCount": 79}}
        assert "example" not in second.said
    assert ask(served.url, COMMUNITIES) == {"grids": {"totalCount": 79}}


def test_a_busy_port_is_named_with_the_next_step(served: Served, home: Path) -> None:
    port = int(served.url.rpartition(":")[2])
    refused = hub("serve", HUB_HOME=home, PORT=port)
    assert refused.err == (
        f"hub: Port {port} is taken by another program. Stop that one, or choose another: PORT={port + 1}.\n"
    )
    assert refused.code == 2


def test_sigterm_ends_it_within_five_seconds_though_streams_are_open(served: Served, home: Path) -> None:
    address = served.url.replace("http", "ws") + "/graphql"
    stream = httpx2.Client(timeout=30)
    with (
        connect(address, subprotocols=["graphql-transport-ws"]) as websocket,  # type: ignore[list-item]
        stream.stream(
            "POST", f"{served.url}/graphql", json={"query": CHANGES}, headers={"accept": "text/event-stream"}
        ) as events,
    ):
        websocket.send('{"type": "connection_init"}')
        assert websocket.recv(timeout=10) == '{"type":"connection_ack","payload":{}}'
        assert events.headers["content-type"].startswith("text/event-stream")
        began = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(timeout=20) == 0
        assert time.monotonic() - began < 5.5
    assert postmasters(home) == []


def test_a_second_start_is_quick_and_keeps_the_data(served: Served, home: Path) -> None:
    served.process.wait(timeout=1)
    began = time.monotonic()
    with running("serve", HUB_HOME=home, PORT=0) as again:
        assert time.monotonic() - began < 10
        assert ask(again.url, COMMUNITIES) == {"grids": {"totalCount": 79}}
        assert "Loading" not in again.said
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(timeout=20) == 0


def test_a_signal_while_it_starts_leaves_nothing_behind(home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", "serve"], env=environment(HUB_HOME=home, PORT=0), stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 20
    while not postmasters(home) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said.decode().splitlines()[-1]) == (0, "Stopped.")
    assert postmasters(home) == []


def test_the_simulator_serves_on_loopback_and_stops() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with running("simulate", "hotline12345", "--orders", 3, "--seed", 7, "--port", port) as simulated:
        assert simulated.url == f"http://127.0.0.1:{port}"
        assert httpx2.get(f"{simulated.url}/").status_code == 200
        simulated.process.send_signal(signal.SIGTERM)
        assert simulated.process.wait(timeout=10) == 0


WEATHER = """from dataclasses import dataclass
from pydantic import BaseModel
from hub.plugin import GraphField, Plugin

@dataclass(frozen=True)
class Day:
    \"\"\"What a day is like (一天).\"\"\"
    words: str

async def today(rows):
    return [Day(f"sunny in {row['name']}") for row in rows]

async def broken(rows):
    return 1 / 0

FIELDS = {"on": "Grid", "needs": ("name",), "doc": "The weather of today (天气)."}

class Weather(Plugin):
    name = title = "weather"
    Config = type("Config", (BaseModel,), {})
    graph = (
        GraphField(name="today", type=Day, resolve=today, **FIELDS),
        GraphField(name="broken", type=Day, resolve=broken, **FIELDS),
        GraphField(name="today", type=str, resolve=today, **FIELDS),
    )
"""


def test_a_plugin_of_a_folder_adds_to_the_graph_and_breaks_nothing(database: Database, tmp_path: Path) -> None:
    (tmp_path / "weather.py").write_text(WEATHER, encoding="utf-8")
    given = {"HUB_DATABASE_URL": database.url.render_as_string(hide_password=False), "HUB_PLUGINS": tmp_path}
    clash = "Grid.weatherToday is there already: today of the plugin weather clashes with today of the plugin weather."
    assert hub("plugins", "--json", **given).json["broken"] == [{"name": "weather: Grid.today", "reason": clash}]
    (tmp_path / "grids.csv").write_text("code,name,level,parent\n150602,东胜区,DISTRICT,\n", encoding="utf-8")
    assert hub("db", "upgrade", **given).code == 0
    assert hub("sync", "run", "divisions", "--path", tmp_path / "grids.csv", **given).code == 0
    query = '{ grid(code: "150602") { weatherToday { words } weatherBroken { words } } }'
    with running("serve", "--no-worker", "--no-example", **given, HUB_HOME=tmp_path, PORT=0) as served:
        answer = httpx2.post(f"{served.url}/graphql", json={"query": query}, timeout=30).json()
    assert f"Not in the graph: weather: Grid.today: {clash}" in served.said
    assert answer["data"] == {"grid": {"weatherToday": {"words": "sunny in 东胜区"}, "weatherBroken": None}}
    assert [one["extensions"] for one in answer["errors"]] == [{"code": "PLUGIN_FAILED", "plugin": "weather"}]
    explained = hub("explain", "{ grids { nodes { weatherToday { words } } } }", **given)
    assert explained.code == 0, explained.err
