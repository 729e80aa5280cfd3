"""What sources push, and the keys that they sign with, for those who may see sync.

A sender signs with one of the source's keys, of which there are at most two, so that one can follow the other:

    HMAC(key, timestamp + "\\n" + nonce + "\\n" + body)        the key as the text that it was given out as
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Invalid, NotFound
from hub.models import Arrival, ArrivalStatus, HookAlgorithm, Source, now
from hub.services import sources

MOST_KEYS = 2
WINDOW = timedelta(seconds=300)  # so far may the sender's clock be from ours
KEPT = timedelta(days=7)  # so long is known what was taken, by its nonce
KEPT_UNREAD = timedelta(days=90)  # so long what was refused, or is parked: a person may look at it
DIGESTS = {HookAlgorithm.SHA256: "sha256", HookAlgorithm.SM3: "sm3"}


@dataclass(frozen=True, slots=True)
class HookKey:
    """A key that a source signs with. `secret` is shown when it is made, and never again."""

    name: str
    algorithm: HookAlgorithm
    created_at: datetime
    secret: str = field(repr=False)

    def sign(self, timestamp: str, nonce: str, body: bytes) -> str:
        """The signature as it stands in the header: "sha256=" or "sm3=", then lower-case hexadecimal."""
        digest = DIGESTS[self.algorithm]
        signed = b"\n".join((timestamp.encode(), nonce.encode(), body))
        return f"{digest}={hmac.new(self.secret.encode(), signed, digest).hexdigest()}"


NOBODY = HookKey("", HookAlgorithm.SHA256, now(), secrets.token_urlsafe(32))


def visible(viewer: Viewer) -> Select[Arrival]:
    """What was pushed."""
    return sources.for_admins(viewer, Arrival)


def keys(kept: Sequence[Mapping[str, str]] | None) -> list[HookKey]:
    """The keys that a source's row keeps, the oldest first."""
    return [
        HookKey(one["name"], HookAlgorithm[one["algorithm"]], datetime.fromisoformat(one["created_at"]), one["secret"])
        for one in kept or ()
    ]


async def add_key(
    session: AsyncSession, viewer: Viewer, id: UUID, *, algorithm: HookAlgorithm = HookAlgorithm.SHA256
) -> HookKey:
    """A new key for what a source pushes (新建签名密钥): its secret is shown this once."""
    source = await _source(session, viewer, id)
    known = keys(source.keys)
    if len(known) >= MOST_KEYS:
        names = " and ".join(key.name for key in known)
        raise Conflict(f"{source.name} has two keys, {names}: drop the one that its sender no longer uses.")
    try:
        hashlib.new(DIGESTS[algorithm])
    except ValueError as error:
        raise Invalid(
            f"{algorithm.name} is not in this machine's OpenSSL: give SHA256, or another OpenSSL to Python.",
            field="algorithm",
        ) from error
    made = HookKey(secrets.token_hex(4), algorithm, now(), secrets.token_urlsafe(32))
    _keep(source, [*known, made])
    return made


async def drop_key(session: AsyncSession, viewer: Viewer, id: UUID, *, name: str) -> Source:
    """Drop a key (停用签名密钥): what is signed with it is refused from now on."""
    source = await _source(session, viewer, id)
    known = keys(source.keys)
    left = [key for key in known if key.name != name]
    if len(left) == len(known):
        raise NotFound("key", name, f"{source.name} has {', '.join(key.name for key in known) or 'none'}.")
    _keep(source, left)
    return source


async def retry(session: AsyncSession, viewer: Viewer, id: UUID) -> Arrival:
    """Read a message again (重读) that was refused, or that is parked: as soon as a worker comes to it."""
    viewer.must("sync:run")
    one = await session.scalar(visible(viewer).where(Arrival.id == id).with_for_update())
    if one is None:
        raise NotFound("message", id, "`hub hooks list` shows those of a source.")
    if one.status in (ArrivalStatus.TAKEN, ArrivalStatus.WAITING):
        raise Conflict(f"The message {id} is {one.status.name}: there is nothing to be read again.")
    if one.waits:
        one.status, one.again_at = ArrivalStatus.PARKED, now()
    else:
        one.status, one.reason = ArrivalStatus.WAITING, None
    return one


async def _source(session: AsyncSession, viewer: Viewer, id: UUID) -> Source:
    viewer.must("sync:run")
    source = await session.scalar(sources.visible(viewer).where(Source.id == id).with_for_update())
    if source is None:
        raise NotFound("source", id, "`hub sync status` lists those that there are.")
    return source


def _keep(source: Source, known: Iterable[HookKey]) -> None:
    source.keys = [
        {
            "name": key.name,
            "algorithm": key.algorithm.name,
            "created_at": key.created_at.isoformat(),
            "secret": key.secret,
        }
        for key in known
    ]


@dataclass(frozen=True, slots=True)
class Signed:
    """A message and how it is signed, as it came: nothing of it is believed yet."""

    timestamp: str
    nonce: str
    signature: str
    body: bytes = field(repr=False)

    def holds(self, known: Sequence[HookKey]) -> bool:
        """Whether one of these keys signed it, and just now. Takes as long for no key as for one."""
        mine = [key.sign(self.timestamp, self.nonce, self.body) for key in known or [NOBODY]]
        given = self.signature.encode()
        matches = [hmac.compare_digest(signature.encode(), given) for signature in mine]
        return any(matches) and bool(known) and abs(now() - self.signed_at) <= WINDOW

    @property
    def signed_at(self) -> datetime:
        """The sender's time; `timestamp` holds 1 to 10 digits."""
        return datetime.fromtimestamp(int(self.timestamp), tz=now().tzinfo)


async def take(session: AsyncSession, source_id: UUID, signed: Signed) -> UUID | None:
    """Keep a message that is sound: its id, or None where it is here already.

    Raises Conflict where another message has its nonce.
    """
    digest = hashlib.sha256(signed.body).hexdigest()
    values: dict[str, Any] = {"source_id": source_id, "nonce": signed.nonce, "body": signed.body, "sha256": digest}
    added = insert(Arrival).values(**values, signed_at=signed.signed_at)
    added = added.on_conflict_do_nothing(index_elements=[Arrival.source_id, Arrival.nonce])
    id: UUID | None = await session.scalar(added.returning(Arrival.id))
    if id is None:
        same = select(Arrival.sha256).where(Arrival.source_id == source_id, Arrival.nonce == signed.nonce)
        if await session.scalar(same) != digest:
            raise Conflict(f"The nonce {signed.nonce} came with another message before: take a fresh one for each.")
    return id


async def forget(session: AsyncSession) -> None:
    """Let go of what was taken so long ago that it cannot come again, and of what nobody has mended for long."""
    unread = (ArrivalStatus.REFUSED, ArrivalStatus.PARKED)
    for statuses, kept in (((ArrivalStatus.TAKEN,), KEPT), (unread, KEPT_UNREAD)):
        old = (Arrival.status.in_(statuses), Arrival.created_at < now() - kept)
        await session.execute(delete(Arrival).where(*old))
