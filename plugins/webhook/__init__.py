"""Webhooks: any subscriber is told what changes here, signed; another hub that tells us the same way is read.

A message is JSON: token, kind, key, id, action, event, changed, fields, deleted, at. Its signature is an HMAC over the
timestamp, a line feed, the nonce, a line feed and the body. The token is the same at every try.

Both sides call a thing by the same key: the one that the subscriber answers with, or the id of who told of it first.
"""

import hmac
import json
import secrets
import time
from collections.abc import Mapping
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, get_type_hints

import httpx2
from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr

from hub.plugin import (
    AllianceFields,
    BadRecord,
    Change,
    GridFields,
    Issue,
    MemberFields,
    OrganizationFields,
    Page,
    PersonFields,
    Plugin,
    Record,
    RequestFields,
    ResourceFields,
    SourceBroken,
    SourceDown,
    SourceRefused,
)

__all__ = ["Webhook", "signature"]

FIELDS = {
    "grid": frozenset(get_type_hints(GridFields)),
    "organization": frozenset(get_type_hints(OrganizationFields)),
    "person": frozenset(get_type_hints(PersonFields)),
    "alliance": frozenset(get_type_hints(AllianceFields)),
    "member": frozenset(get_type_hints(MemberFields)),
    "resource": frozenset(get_type_hints(ResourceFields)),
    "request": frozenset(get_type_hints(RequestFields)) - {"caller"},
}
THERE_ALREADY, LATER = 409, frozenset({408, 425, 429})
REFUSALS = {
    401: "does not accept the signature: check the secret",
    403: "does not let us in: check the secret, and ask the subscriber",
    404: "is not there: check the address",
    410: "is gone: the subscriber does not want to be told any more",
}


class Config(BaseModel):
    """Webhook 订阅方的设置。"""

    model_config = ConfigDict(extra="forbid")

    url: AnyHttpUrl = Field(title="接收地址", description="变更以 POST 发送到此地址")
    secret: SecretStr = Field(min_length=8, title="签名密钥", description="双方约定，用于 HMAC 签名，至少 8 个字符")
    algorithm: Literal["sha256", "sm3"] = Field("sha256", title="签名算法", description="HMAC-SHA-256 或 HMAC-SM3")


class Webhook(Plugin[Config]):
    """Tells a subscriber of every change, and reads what another hub tells in the same words."""

    name = "webhook"
    title = "Webhook 订阅与接收"
    Config = Config
    hub = ">=0.1,<1"
    hosts = ("url",)
    pushes = frozenset(FIELDS)
    rules = {(kind, "*"): "NEWEST" for kind in FIELDS}

    async def push(self, change: Change) -> str | BadRecord:
        """POST the change. What the subscriber had already is no error."""
        body, url = json.dumps(_message(change), ensure_ascii=False).encode(), str(self.config.url)
        try:
            response = await self.http.post(url, content=body, headers=self._headers(change.token, body))
        except httpx2.RequestError as error:
            raise SourceDown(f"{self._shown} does not answer: {error or type(error).__name__}.") from error
        status = response.status_code
        if response.is_success or status == THERE_ALREADY:
            return self._key(response) or change.key or change.id
        if status in LATER or status >= 500:
            raise SourceDown(f"{self._shown} answered {status}.", retry_after=_wait(response))
        if status in REFUSALS:
            raise SourceRefused(f"{self._shown} {REFUSALS[status]} ({status}).")
        if status < 400:
            raise SourceRefused(f"{self._shown} answered {status}, which leads elsewhere: set the address it leads to.")
        reason = f"{self._shown} refused it ({status}): {response.text[:300]}"
        return BadRecord(reason, body.decode(), change.kind, change.key)

    async def receive(self, body: bytes) -> Page:
        """What another hub tells: one message, one record."""
        try:
            said = json.loads(body)
        except ValueError as error:
            raise SourceBroken(f"The message is no JSON: {error}.") from None
        return Page(
            [_record(said) if isinstance(said, dict) else BadRecord("It is no JSON object.", str(said))], received=body
        )

    def _key(self, response: httpx2.Response) -> str | None:
        """What the subscriber says that it calls the thing; None where it does not speak of that."""
        written = response.text.strip()
        try:
            said = json.loads(written)
        except ValueError:
            if written.startswith("<"):
                raise SourceRefused(f"{self._shown} answered with a web page, perhaps a login page.") from None
            if written.startswith("{"):
                raise SourceDown(f"The answer of {self._shown} was cut off.") from None
            return None
        key = said.get("key") if isinstance(said, dict) else None
        return str(key) if isinstance(key, (str, int)) and str(key) else None

    @property
    def _shown(self) -> str:
        """The address, for people: what stands behind the path may be secret."""
        return str(httpx2.URL(str(self.config.url)).copy_with(userinfo=b"", query=None))

    def _headers(self, token: str, body: bytes) -> dict[str, str]:
        stamp, nonce, algorithm = str(int(time.time())), secrets.token_hex(16), self.config.algorithm
        signed = signature(self.config.secret.get_secret_value(), algorithm, stamp, nonce, body)
        return {
            "Content-Type": "application/json",
            "Idempotency-Key": token,
            "X-Hub-Timestamp": stamp,
            "X-Hub-Nonce": nonce,
            "X-Hub-Signature": f"{algorithm}={signed}",
        }


def signature(secret: str, algorithm: str, timestamp: str, nonce: str, body: bytes) -> str:
    """The HMAC of a message, in hex."""
    return hmac.new(secret.encode(), f"{timestamp}\n{nonce}\n".encode() + body, algorithm).hexdigest()


def _message(change: Change) -> dict[str, Any]:
    event = change.event
    told = (
        {"action": event.action, "at": event.at.isoformat(), "party": event.party, "note": event.note} if event else {}
    )
    plain = "DELETED" if change.deleted else "CREATED" if change.key is None else "UPDATED"
    return {
        "token": change.token,
        "kind": change.kind,
        "key": change.key,
        "id": change.id,
        "action": event.action if event else plain,
        "event": told | {"details": dict(event.details)} if event else None,
        "changed": sorted(change.changed),
        "fields": {name: _written(value) for name, value in change.fields.items()},
        "deleted": change.deleted,
        "at": change.at.isoformat(),
    }


def _written(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, tuple) and all(isinstance(part, Issue) for part in value):
        return [{"key": part.key, "title": part.title, "category": part.category} for part in value]
    return value


def _wait(response: httpx2.Response) -> float | None:
    """Retry-After in seconds, given as a number or as a date; None where it says nothing that can be read."""
    asked = response.headers.get("retry-after", "").strip()
    try:
        if asked.isascii() and asked.isdigit():
            return float(asked)
        sent = response.headers.get("date")
        begin = parsedate_to_datetime(sent).timestamp() if sent else time.time()
        return max(0.0, parsedate_to_datetime(asked).timestamp() - begin)
    except (ValueError, TypeError):
        return None


def _record(said: Mapping[str, Any]) -> Record | BadRecord:
    """The message as a record, known by the key that both sides use."""
    kind, key, fields = said.get("kind"), said.get("key") or said.get("id"), said.get("fields")
    where = f"message {said.get('token')}"
    if kind not in FIELDS or not isinstance(key, str) or not isinstance(fields, dict):
        known = ", ".join(FIELDS)
        return BadRecord(f"A message needs a kind (of {known}), an id and fields.", said, str(kind or ""), where=where)
    try:
        at = datetime.fromisoformat(str(said["at"])) if said.get("at") else None
        issues = tuple(Issue(**issue) for issue in fields.get("issues", ()))
    except (TypeError, ValueError) as error:
        return BadRecord(f"at or issues cannot be read: {error}.", said, str(kind), key, where)
    mine = {name: value for name, value in fields.items() if name in FIELDS[kind]} | (
        {"issues": issues} if issues else {}
    )
    more = {name: value for name, value in fields.items() if name not in FIELDS[kind] and name != "caller"}
    return Record(kind, key, mine, bool(said.get("deleted")), where, at, more)
