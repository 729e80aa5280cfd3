"""A plugin reaches the hosts that it declares and no other."""

import httpx2
import pytest
from pydantic import AnyHttpUrl, BaseModel, SecretStr

from hub.plugin import Plugin, SourceRefused
from hub.sync.http import bounded, hosts


class Form(BaseModel):
    """Where it is."""

    base_url: AnyHttpUrl | None = AnyHttpUrl("http://source.example:8080/api")
    mirror: str = ""


class Caller(Plugin[Form]):
    """Asks whomever it is told to."""

    name, title, Config = "caller", "caller", Form
    hosts, fixed_hosts = ("base_url", "mirror"), ("API.example.org",)


@pytest.mark.parametrize("url", ["http://source.example/x", "https://api.example.org/", "http://m.example:1/"])
async def test_what_is_declared_is_reached_and_a_redirect_from_it_is_not(url: str) -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.host)
        return httpx2.Response(302, headers={"location": "http://evil.example/"})

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
        caller = bounded(client, Caller, Form(mirror="m.example:9"))
        assert (await caller.get(url)).status_code == 302
        with pytest.raises(SourceRefused, match=r"may not reach evil\.example"):
            await caller.get(url, follow_redirects=True)
    assert asked == [httpx2.URL(url).host] * 2


async def test_what_is_not_declared_is_refused_and_named() -> None:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _: httpx2.Response(200))) as client:
        with pytest.raises(SourceRefused) as error:
            await bounded(client, Caller, Form()).get("http://source.example.evil.org/")
    assert str(error.value) == (
        "The plugin caller may not reach source.example.evil.org: the setting base_url names source.example; "
        "the setting mirror names none. "
        "Correct the setting, or let the plugin declare the host in `hosts` or `fixed_hosts`."
    )


async def test_who_declares_nothing_reaches_nobody() -> None:
    hermit = type("Hermit", (Plugin,), {"name": "hermit", "title": "h", "Config": Form})
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _: httpx2.Response(200))) as client:
        with pytest.raises(SourceRefused, match=r"hermit may not reach source\.example: it declares no hosts"):
            await bounded(client, hermit, Form()).get("http://source.example/")


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        (None, set()),
        ("", set()),
        (AnyHttpUrl("https://A.example/x"), {"a.example"}),
        ("a.example/x", {"a.example"}),
        (SecretStr("https://key@a.example/hook"), {"a.example"}),
        (["http://a.example", "b.example:80"], {"a.example", "b.example"}),
        ({"one": "http://[::1]:8080/"}, {"::1"}),
        ("http://[::1", set()),
    ],
)
def test_the_hosts_of_a_setting(setting: object, named: set[str]) -> None:
    assert hosts(setting) == named
