"""`hub targets`: a subscriber is added, told by a worker, looked at and decided about."""

import asyncio

from hub.cli.answers import Exit
from hub.db import Database
from hub.models import now
from hub.sync import outbox, sending
from hub.sync.sending import Sending
from plugins.webhook import Webhook
from tests.hub.commands import Command
from tests.sync.sources import installed

NOWHERE = ("--plugin", "webhook", "--set", "url=http://127.0.0.1:1/", "--set", "secret=demo-secret", "--all")


def work(url: str) -> None:
    """What a worker does in one turn, with the network as it is: nothing listens on port 1."""

    async def turn() -> None:
        database = Database(url)
        while await outbox.feed(database):
            pass
        at = now()
        for target in await sending.due(database, at):
            await sending.send(Sending(database, installed(Webhook), lambda: at), target)
        await database.close()

    asyncio.run(turn())


def test_a_target_is_added_told_and_looked_at(command: Command, database: Database) -> None:
    assert command("targets", "list").err.endswith("Nobody is told anything. `hub targets add` begins with it.\n")
    added = command("targets", "add", "shop", *NOWHERE, "--kinds", "grid", "--json")
    assert added.json == added.json | {"source": "shop", "status": "ACTIVE", "kinds": ["grid"], "known_only": False}
    command("sync", "run", "divisions")
    work(database.url.render_as_string(hide_password=False))
    (listed,) = command("targets", "list", "--json").json
    assert (listed["failures"], listed["waiting"]["RETRY"]) == (5, 5)
    found = command("targets", "deliveries", "shop", "--status", "retry", "--json").json
    first = found["deliveries"][0]
    assert (found["total"], first["kind"], first["action"], first["tries"]) == (5, "grid", "CREATED", 1)
    assert first["reason"].startswith("http://127.0.0.1:1/ does not answer: ")
    (attempt,) = command("targets", "show", first["id"], "--json").json["attempts"]
    assert (attempt["outcome"], attempt["response"]) == (first["reason"], None)
    assert attempt["request"]["method"] == "POST"
    assert "    POST http://127.0.0.1:1/" in command("targets", "show", first["id"]).out.splitlines()


def test_a_person_decides_about_targets_and_deliveries(command: Command, database: Database) -> None:
    command("targets", "add", "shop", *NOWHERE, "--kinds", "grid")
    command("sync", "run", "divisions")
    work(database.url.render_as_string(hide_password=False))
    assert command("targets", "pause", "shop", "--reason", "检修").out == "shop is paused.\n"
    assert command("targets", "list").out.splitlines()[-1] == "  检修"
    assert command("targets", "resume", "shop", "--json").json["status"] == "ACTIVE"
    first = command("targets", "deliveries", "shop", "--json").json["deliveries"][0]
    assert command("targets", "retry", first["id"], "--json").json["status"] == "READY"
    assert command("targets", "replay", first["id"]).out.endswith(f"{first['entity_id']} is sent again now.\n")
    skipped = command("targets", "skip", first["id"], "--reason", "不需要")
    assert (skipped.code, skipped.out) == (
        *(Exit.DONE, f"shop: created of grid {first['entity_id']} is skipped: 不需要.\n"),
    )
    again = command("targets", "retry", first["id"])
    assert (again.code, again.err) == (
        *(Exit.REFUSED, "hub: It is skipped already: replay it if it is to be sent once more.\n"),
    )


def test_what_makes_no_sense_is_refused(command: Command) -> None:
    assert command("targets", "add", "nowhere").code == Exit.REFUSED
    pulls = command("targets", "add", "divisions")
    assert (pulls.code, pulls.err) == (
        Exit.MISUSED,
        "hub: spreadsheet cannot be told anything: it has no push(). "
        "Those that can: exchange_db, hotline12345, open311, volunteers, webhook.\n",
    )
    assert command("targets", "add", "shop", "--set", "url=x").code == Exit.MISUSED
    assert command("targets", "add", "shop", *NOWHERE, "--kinds", "planet").code == Exit.MISUSED
    assert command("targets", "add", "shop", *NOWHERE, "--events", "DANCE").code == Exit.REFUSED
    assert command("targets", "pause", "shop").code == Exit.REFUSED
    assert command("targets", "deliveries", "--status", "lost").code == Exit.MISUSED
    assert command("targets", "show", "0199c0de-0000-7000-8000-000000000000").code == Exit.REFUSED
    assert command("targets", "list", "--json").json == []
