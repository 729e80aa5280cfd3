"""Processes of others: their own group, little of our environment, their secrets in files, their words without secrets.

Whatever happens, the whole group is killed when it is no longer read.
"""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from hub.plugin import SourceBroken, SourceDown, SourceError, SourceRefused

__all__ = ["LIMIT", "Tap", "finished", "keep", "mask", "masks", "started"]

LIMIT = 32 << 20
CHUNK = 1 << 18
TAIL = 4_000
MASK = "***"
SHORTEST_SECRET = 4
PASSED_ON = re.compile(r"(PATH|LANG|LC_\w+|TZ|(https?|no)_proxy|SSL_CERT_\w+|REQUESTS_CA_BUNDLE)", re.IGNORECASE)
REFUSED = re.compile(
    r"\b40[13]\b|unauthori[sz]ed|forbidden|invalid (credentials|api.?key|token|password)|authentication failed"
    r"|access denied|permission denied",
    re.IGNORECASE,
)
LATER = re.compile(
    r"connection (refused|reset|aborted|error)|timed? ?out|temporar|unreachable|name or service not known"
    r"|name resolution|too many requests|\b(429|50[0234])\b",
    re.IGNORECASE,
)


def keep(path: Path, text: str) -> str:
    """Put the text into a new file that only its owner can read; its path as text."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    return str(path)


def masks(config: object) -> list[str]:
    """What must not be shown: every text and number of the settings, the longest first."""
    if isinstance(config, Mapping):
        config = list(config.values())
    if isinstance(config, list):
        return sorted({secret for part in config for secret in masks(part)}, key=len, reverse=True)
    known = config is None or isinstance(config, bool) or len(str(config)) < SHORTEST_SECRET
    return [] if known else [str(config)]


def mask(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


class Tap:
    """A process that runs: its lines, and how it ends. `rest` is what stood after its last line break."""

    def __init__(self, process: asyncio.subprocess.Process, name: str, secrets: Sequence[str]) -> None:
        self.rest = b""
        self._process, self._name, self._secrets = process, name, secrets
        self._said = b""
        self._draining = asyncio.create_task(self._drain(), name=f"stderr of {name}")

    async def lines(self, silence: float) -> AsyncIterator[bytes | None]:
        """Its lines; None for one that is longer than the limit. Raises SourceDown where it falls silent."""
        held, too_long = bytearray(), False
        while chunk := await self._chunk(silence):
            *ends, begun = chunk.split(b"\n")
            for end in ends:
                held += end
                yield None if too_long or len(held) > LIMIT else bytes(held)
                held.clear()
                too_long = False
            held += begun
            if len(held) > LIMIT:
                held.clear()
                too_long = True
        if too_long:
            yield None
        self.rest = bytes(held)

    async def _chunk(self, silence: float) -> bytes:
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(silence):
                return await self._process.stdout.read(CHUNK)
        except TimeoutError:
            raise SourceDown(f"{self._name} said nothing for {silence:g} s and was stopped.{self._tail()}") from None

    async def ended(self, patience: float) -> None:
        """Wait for its end. Raises the error that its exit code and its last words call for."""
        try:
            async with asyncio.timeout(patience):
                code = await self._process.wait()
        except TimeoutError:
            raise SourceDown(f"{self._name} closed its output, but did not end within {patience:g} s.") from None
        if code:
            await asyncio.wait([self._draining], timeout=1)
            raise self._failure(code)

    def _failure(self, code: int) -> SourceError:
        tail = self._tail()
        if code < 0:
            return SourceDown(f"{self._name} was killed by signal {-code}.{tail}")
        kind = SourceRefused if REFUSED.search(tail) else SourceDown if LATER.search(tail) else SourceBroken
        return kind(f"{self._name} ended with code {code}.{tail}")

    def _tail(self) -> str:
        words = mask(self._said.decode(errors="replace").strip(), self._secrets)[-TAIL:]
        return f" It said: {words}" if words else ""

    async def _drain(self) -> None:
        """Read stderr, so that it never blocks; the end of it is kept, and as much again: a secret cut in two shows."""
        assert self._process.stderr is not None
        while chunk := await self._process.stderr.read(CHUNK):
            self._said = (self._said + chunk)[-2 * TAIL :]

    async def kill(self) -> None:
        """End the process and all that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        self._draining.cancel()


@asynccontextmanager
async def started(
    command: Sequence[str], folder: Path, secrets: Sequence[str], *, trusted: bool = False
) -> AsyncIterator[Tap]:
    """The process while this is open. `folder` is its home, and it sees little of our environment, unless trusted."""
    if trusted:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    else:
        environment = {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
        environment |= {"HOME": str(folder), "TMPDIR": str(folder)}
    environment |= {"PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            cwd=folder,
            start_new_session=True,
            limit=CHUNK,
        )
    except OSError as error:
        raise SourceRefused(f"Cannot run {command[0]}: {error.strerror}. Correct the setting tap.") from error
    tap = Tap(process, Path(command[0]).name, secrets)
    try:
        yield tap
    finally:
        await tap.kill()


async def finished(
    command: Sequence[str], folder: Path, seconds: float, secrets: Sequence[str], *, trusted: bool = False
) -> bytes:
    """All that a process says until it ends well. Raises what Tap raises, and SourceBroken where it says too much."""
    said = bytearray()
    async with started(command, folder, secrets, trusted=trusted) as tap:
        async for line in tap.lines(seconds):
            said += (line or b"") + b"\n"
            if line is None or len(said) > LIMIT:
                raise SourceBroken(f"{Path(command[0]).name} said more than {LIMIT >> 20} MB where little was due.")
        await tap.ended(seconds)
        return bytes(said) + tap.rest
