"""The five practices whole: of each a made-up district of the published size, and every row of it asked for."""

from collections import Counter
from typing import Any

from tests.hub.commands import Command

ROWS = {"fancheng": 20, "xiangyang": 19, "baohe": 20, "dongsheng": 22, "hudai": 13}


def test_94_of_94(command: Command) -> None:
    """One long test: everything after the first command looks at what that has built."""
    built: Any = command("demo", "--json")
    assert built.code == 0, built.err
    assert [one["source"] for one in built.json["sources"] if one["rejected"]] == []
    verified: Any = command("practices", "verify", "--json")
    found = verified.json
    assert [one for one in found if not one["ok"]] == []
    assert verified.code == 0
    assert Counter(practice for practice, _ in {(one["practice"], one["row"]) for one in found}) == ROWS
    assert {"practice", "row", "figure", "qualifier", "got", "ok"} <= found[0].keys()
    sizes = {(one["row"], one["figure"]): one["got"] for one in found}
    assert (sizes["F2-15", "members"], sizes["F2-18", "volunteers"]) == (15_013, 24_079)
    again: Any = command("demo", "--json")
    assert (again.json["created"], again.code) == (0, 0)
