"""A plugin's class that says something of the wrong type, or is for another hub, is shown as broken with the reason."""

from typing import Any

import pytest
from pydantic import AnyHttpUrl, BaseModel

from hub import __version__
from hub.plugin import Plugin
from hub.sync.registry import Registry


class Form(BaseModel):
    """Where it is, and between which moments."""

    base_url: AnyHttpUrl = AnyHttpUrl("http://source.example")
    first: str = ""
    last: str = ""


def added(**parts: Any) -> Registry:
    known = Registry()
    known.add("it", type("P", (Plugin,), {"name": "p", "title": "p", "Config": Form, **parts}))
    return known


async def push(self: Any, change: Any) -> str:
    return "1"


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"name": 5}, "name of P is 5 and no text"),
        ({"title": ""}, "title of P is '' and no text"),
        ({"hub": "newest"}, "hub of P is 'newest' and no range of versions like '>=0.1,<1'"),
        ({"hub": 1}, "hub of P is 1 and no range of versions like '>=0.1,<1'"),
        ({"examples": "p"}, "examples of P is 'p' and no list of texts"),
        ({"examples": ("q",)}, "examples of P names q, and there is none"),
        ({"hosts": "base_url"}, "hosts of P is 'base_url' and no list of texts"),
        ({"hosts": ("url",)}, "hosts of P names url, and there is none"),
        ({"fixed_hosts": 5}, "fixed_hosts of P is 5 and no list of texts"),
        (
            {"fixed_hosts": ("https://x.example/a",)},
            "fixed_hosts of P names https://x.example/a: name hosts alone, without https:// and path",
        ),
        ({"period": ("first",)}, "period of P is ('first',) and no pair of its settings"),
        ({"period": ([], {})}, "period of P is ([], {}) and no pair of its settings"),
        ({"period": ("first", "end")}, "period of P is ('first', 'end') and no pair of its settings"),
        ({"pushes": frozenset({"request"})}, "pushes of P names kinds, and there is no push()"),
        ({"rules": {"request": "HUB"}}, "rules of P names 'request' and no pair like"),
        ({"rules": {("request", "*"): "MINE"}}, "rules of P says 'MINE' of ('request', '*') and not one of"),
        ({"rules": {("request", "*"): []}}, "rules of P says [] of ('request', '*') and not one of"),
        ({"graph": [5]}, "graph of P is no list of GraphFields"),
        ({"patience": "long"}, "patience of P is 'long' and no number of seconds"),
    ],
)
def test_a_part_of_the_wrong_type_is_told(parts: dict[str, Any], reason: str) -> None:
    known = added(**parts)
    assert known.plugins == {}
    ((name, told),) = known.broken
    assert (name, told[: len(reason)], told.endswith(": see hub/plugin.py.")) == ("it", reason, True)


def test_kinds_that_there_are_not_are_told() -> None:
    ((_, told),) = added(push=push, pushes=frozenset({"wish"})).broken
    assert told.startswith("pushes of P is frozenset({'wish'}) and no frozenset of kinds, which are grid, ")


def test_all_parts_may_be_there() -> None:
    rules = {("request", "status"): "SOURCE", ("request", "*"): "HUB"}
    more: dict[str, Any] = {"push": push, "pushes": frozenset({"request"}), "rules": rules, "patience": 1.5}
    known = added(
        hub=f"=={__version__}", hosts=["base_url"], fixed_hosts=["api.example"], period=("first", "last"), **more
    )
    assert (list(known.plugins), known.broken) == (["p"], [])


@pytest.mark.parametrize("range", ["<0.1", ">=1", "!=0.1.0"])
def test_a_plugin_for_another_hub_is_told_both_versions(range: str) -> None:
    known = added(hub=range)
    assert known.plugins == {}
    assert known.broken == [
        ("it", f"P works with the hub {range}, and this is {__version__}. Install another version of either.")
    ]
