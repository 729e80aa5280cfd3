"""How plugins reach the network: a client that waits, retries and gives up by itself."""

import random
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx2
import stamina
from pydantic import BaseModel, SecretStr

from hub.plugin import Plugin, SourceRefused
from hub.sync import journal

ATTEMPTS, PATIENCE = 4, 60.0
LATER = frozenset({429, 502, 503, 504})


def client(transport: httpx2.AsyncBaseTransport | None = None) -> httpx2.AsyncClient:
    """A client whose reads are tried up to four times within a minute, honouring Retry-After. No redirects."""
    patient = Patient(transport or httpx2.AsyncHTTPTransport(verify=_trusted(), retries=0))
    return httpx2.AsyncClient(transport=patient, timeout=httpx2.Timeout(30.0), follow_redirects=False, trust_env=False)


def bounded(client: httpx2.AsyncClient, plugin: type[Plugin[Any]], config: BaseModel) -> httpx2.AsyncClient:
    """The client as this plugin gets it: it reaches the hosts that the plugin declares and no other.

    A request to another one raises SourceRefused. Whoever made `client` closes it.
    """
    fence = Fence(client, plugin, config)
    timeout, base = client.timeout, client.base_url
    return httpx2.AsyncClient(transport=fence, timeout=timeout, base_url=base, follow_redirects=False, trust_env=False)


class Fence(httpx2.AsyncBaseTransport):
    """Lets through to another client what goes to the hosts of a plugin."""

    def __init__(self, client: httpx2.AsyncClient, plugin: type[Plugin[Any]], config: BaseModel) -> None:
        self._client, self._plugin = client, plugin.name
        self._named = {name: sorted(hosts(getattr(config, name))) for name in plugin.hosts}
        self._open = hosts(list(plugin.fixed_hosts)).union(*self._named.values())

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.host not in self._open:
            settings = "; ".join(
                f"the setting {name} names {', '.join(of) or 'none'}" for name, of in self._named.items()
            )
            raise SourceRefused(
                f"The plugin {self._plugin} may not reach {request.url.host}: {settings or 'it declares no hosts'}. "
                "Correct the setting, or let the plugin declare the host in `hosts` or `fixed_hosts`."
            )
        return await self._client.send(request, stream=True)


def hosts(setting: object) -> set[str]:
    """The hosts in the value of a setting: an address, with or without its scheme, or several of them."""
    if setting is None or setting == "":
        return set()
    if isinstance(setting, Mapping):
        return hosts(list(setting.values()))
    if isinstance(setting, list | tuple | set | frozenset):
        return {host for one in setting for host in hosts(one)}
    address = str(setting.get_secret_value() if isinstance(setting, SecretStr) else setting)
    try:
        return {httpx2.URL(address if "//" in address else f"//{address}").host}
    except httpx2.InvalidURL:
        return set()


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted: read once, it takes 20 ms."""
    return httpx2.create_ssl_context(trust_env=False)


class _Later(Exception):
    """The answer says 'later'; kept so that the last one can be given to the plugin."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response


class Patient(httpx2.AsyncBaseTransport):
    """Tries reads again when the other side is away or says 'later'. Writes are never repeated blindly."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method not in ("GET", "HEAD"):
            return await self._inner.handle_async_request(request)
        try:
            async for attempt in stamina.retry_context(on=wait_for, attempts=ATTEMPTS, timeout=PATIENCE):
                with attempt:
                    response = await self._asked(request)
                    if response.status_code in LATER and attempt.num < ATTEMPTS and asked_wait(response) <= PATIENCE:
                        await response.aread()  # it may turn out to be the last
                        await response.aclose()
                        wait = f" in {asked_wait(response):.0f} s, as it says" if asked_wait(response) else ""
                        journal.say(f"{request.url.host} answers {response.status_code}: asked again{wait}.")
                        raise _Later(response)
                    return response
        except _Later as later:
            return later.response
        raise AssertionError("stamina ends with a value or an error")

    async def _asked(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await self._inner.handle_async_request(request)
        except httpx2.TransportError as error:
            journal.say(f"{request.url.host} does not answer: {type(error).__name__}.")
            raise

    async def aclose(self) -> None:
        await self._inner.aclose()


def wait_for(error: Exception) -> bool | float:
    """Whether and after how many seconds to try again."""
    if isinstance(error, _Later):
        return asked_wait(error.response) or True
    return isinstance(error, httpx2.TransportError)


def asked_wait(response: httpx2.Response) -> float:
    """Seconds of Retry-After, given as a number or as a date; 0 where it says nothing that can be read."""
    said = response.headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return float(said) + random.random() / 10
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
