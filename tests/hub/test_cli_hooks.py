"""hub hooks: the keys that sources sign with, and what they have pushed."""

import asyncio
import re
from pathlib import Path

from hub.cli.answers import Exit
from hub.db import Database
from hub.sync import receiving, registry
from tests.hub.commands import Command
from tests.sync.pushed import push

PUSHING = """import json
from pydantic import BaseModel
from hub.plugin import Page, Plugin, Record

class Nothing(BaseModel):
    any: int = 0

class Pushing(Plugin):
    name, title, presets = "pushing", "pushing", {"pushing": {}}
    Config = Nothing

    async def receive(self, body: bytes) -> Page:
        return Page([Record("organization", code, {"code": code, "name": code}) for code in json.loads(body)])
"""


def test_keys_of_a_source_are_made_listed_and_dropped(command: Command, tmp_path: Path) -> None:
    (tmp_path / "pushing.py").write_text(PUSHING, encoding="utf-8")
    first = command("hooks", "key", "pushing", HUB_PLUGINS=tmp_path)
    assert re.fullmatch(r"[\w-]{43}\n", first.out)
    assert re.match(r"The key \w{8} \(SHA256\) of pushing\. It is not shown again\.\n  POST /hooks/pushing ", first.err)
    second = command("hooks", "key", "pushing", "--sm3", "--json", HUB_PLUGINS=tmp_path).json
    assert (second["source"], second["algorithm"], len(second["key"])) == ("pushing", "SM3", 43)
    assert command("hooks", "key", "pushing", HUB_PLUGINS=tmp_path).code == Exit.REFUSED
    listed = command("hooks", "keys", "pushing", "--json")
    assert [(one["algorithm"], sorted(one)) for one in listed.json] == [
        (algorithm, ["algorithm", "created_at", "name"]) for algorithm in ("SHA256", "SM3")
    ]
    assert second["key"] not in listed.out + command("hooks", "keys", "pushing").out
    dropped = command("hooks", "drop", "pushing", second["name"], "--json").json
    assert dropped == {"source": "pushing", "dropped": second["name"], "left": [listed.json[0]["name"]]}
    assert command("hooks", "drop", "pushing", second["name"]).code == Exit.REFUSED
    assert command("hooks", "keys", "nowhere").code == command("hooks", "key", "nowhere").code == Exit.REFUSED
    assert command("hooks", "keys", "pushing").out.count("\n") == 1
    assert "has no receive()" in command("hooks", "key", "divisions").err


async def pushed(database: Database, body: bytes, *, then: Path | None = None) -> str:
    """Put a message where the door puts it; `then` a worker with the plugins of that folder reads what waits."""
    own = Database(database.url.render_as_string(hide_password=False))
    (id,) = await push(own, body)
    if then is not None:
        await receiving.receive(own, registry.load(str(then)), "pushing", started_by="test")
    await own.close()
    return str(id)


def test_messages_are_listed_shown_and_read_again(command: Command, database: Database, tmp_path: Path) -> None:
    (tmp_path / "pushing.py").write_text(PUSHING, encoding="utf-8")
    command("hooks", "key", "pushing", HUB_PLUGINS=tmp_path)
    assert command("hooks", "list", "pushing").out == "Nothing waits.\n"
    id = asyncio.run(pushed(database, b'{"not": ["a list"], 13800001234}'))
    (listed,) = command("hooks", "list", "pushing", "--json").json["messages"]
    assert (listed["id"], listed["status"], listed["tries"]) == (id, "WAITING", 0)
    assert command("hooks", "retry", id, HUB_PLUGINS=tmp_path).code == Exit.REFUSED
    asyncio.run(pushed(database, b"[]", then=tmp_path))
    again = command("hooks", "retry", id, HUB_PLUGINS=tmp_path)
    assert again.code == Exit.PARTLY
    assert again.err.startswith("  refused: The plugin pushing failed: JSONDecodeError: ")
    shown = command("hooks", "show", id)
    assert "status     REFUSED" in shown.out.splitlines()
    assert "13800001234" not in shown.out + command("hooks", "list", "pushing").out
    assert command("hooks", "show", id, "--body").out == '{"not": ["a list"], 13800001234}\n'
    (tmp_path / "pushing.py").write_text(PUSHING.replace("json.loads(body)", '["A"]'), encoding="utf-8")
    taken = command("hooks", "retry", id, "--json", HUB_PLUGINS=tmp_path)
    assert (taken.code, taken.json["status"], taken.json["tries"]) == (Exit.DONE, "TAKEN", 3)
    assert command("hooks", "list", "pushing", "--all", "--json").json["total"] == 2
    assert (
        command("hooks", "show", "00000000-0000-0000-0000-000000000000").code
        == command("hooks", "list", "nowhere").code
        == Exit.REFUSED
    )
