"""Ids of the command line and of the graph mean the same, wherever one is taken."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
import typer

from hub.cli import ids
from hub.cli.answers import Exit
from hub.db import Database
from schema.ids import encode
from tests.hub.commands import Command
from tests.schema.api import Api
from tests.schema.city import ADMIN

ID = UUID("0198c0de-0000-7000-8000-000000000001")


@pytest.mark.parametrize("text", [str(ID), ID.hex, encode("Run", (ID,))])
def test_both_forms_are_read(text: str) -> None:
    assert (ids.read(text, "Run"), ids.read(text)) == (ID, ID)


@pytest.mark.parametrize("text", ["", "yesterday", "编号", encode("Rejected", (ID,)), encode("Run", (ID, ID))])
def test_what_is_no_id_of_a_run_is_said(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"is no id: give a UUID|is the id of a R"):
        ids.read(text, "Run")


def graph(database: Database, query: str) -> dict[str, list[dict[str, str]]]:
    async def ask() -> dict[str, list[dict[str, str]]]:
        own = Database(database.url.render_as_string(hide_password=False), pool_size=1)
        api = Api(own)
        try:
            data: dict[str, dict[str, list[dict[str, str]]]] = await api(query, ADMIN)
            return {name: found["nodes"] for name, found in data.items()}
        finally:
            await api.client.aclose()
            await own.close()

    return asyncio.run(ask())


def test_what_one_shows_the_other_takes(command: Command, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "grids.csv"
    file.write_text("code,name,level,parent\n150699,某区,district,\n15x,坏,street,150699\n", encoding="utf-8")
    plan = command("sync", "plan", "divisions", "--path", file, "--json").json
    (row, _) = command("sync", "show", plan["gid"], "--json").json["rows"]
    assert command("sync", "apply", plan["gid"], "--json").json["plan"] == plan["run"]
    shown = graph(
        database,
        """{ runs(first: 2) { nodes { id uuid mode plan(first: 1) { nodes { entityId } } } }
             rejectedRecords { nodes { id uuid } } grids { nodes { id code } } }""",
    )
    (of,) = [one for one in shown["runs"] if one["mode"] == "PLAN"]
    assert (of["id"], of["uuid"], of["plan"]) == (plan["gid"], plan["run"], {"nodes": [{"entityId": row["gid"]}]})
    assert shown["grids"] == [{"id": row["gid"], "code": "150699"}]
    (bad,) = command("sync", "rejected", "--run", command("sync", "history", "--json").json[0]["gid"], "--json").json[
        "rejected"
    ]
    assert shown["rejectedRecords"] == [{"id": bad["gid"], "uuid": bad["id"]}]
    assert command("sync", "ignore", shown["rejectedRecords"][0]["id"], "--reason", "x").code == Exit.DONE
    pin = command("rules", "pin", shown["grids"][0]["id"], "name", "--json").json
    assert [one["gid"] for one in command("rules", "list", "--json").json] == [pin["gid"]]
    assert command("rules", "forget", pin["gid"]).code == Exit.DONE
    assert command("sync", "log", plan["gid"], "--json").json["gid"] == plan["gid"]
    assert command("sync", "undo", bad["gid"]).code == Exit.MISUSED
