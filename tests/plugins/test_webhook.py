"""The webhook plugin telling the simulated subscriber, over HTTP, and reading what another hub tells."""

import json
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from hub.plugin import BadRecord, Change, Event, Issue, SourceBroken, SourceDown, SourceRefused
from plugins.webhook import Config, Webhook, signature
from plugins.webhook.simulator import SECRET, Fault, Subscriber, build

URL = "http://subscriber/"
AT = datetime(2027, 1, 1, 8, tzinfo=UTC)
CHANGE = Change(
    kind="request",
    key=None,
    id="0199",
    fields={"number": "R1", "title": "路灯不亮", "submitted_at": AT, "issues": (Issue("1", "灯"),)},
    changed=frozenset({"title", "status"}),
    at=AT,
    token="t1",
    event=Event("DISPATCH", AT, "物业公司", "请办", {"days": 5}),
)


async def push(app: Any, change: Change = CHANGE, **settings: Any) -> str | BadRecord:
    config = Config(**{"url": URL, "secret": SECRET, **settings})
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)) as http:
        return await Webhook(config, http).push(change)


async def receive(body: bytes) -> Any:
    async with httpx2.AsyncClient() as http:
        (item,) = (await Webhook(Config(url=URL, secret=SECRET), http).receive(body)).items
        return item


def simulated(*faults: Fault) -> tuple[Starlette, Subscriber]:
    app = build()
    app.state.subscriber.faults.extend(faults)
    return app, app.state.subscriber


def answering(status: int, body: str = "", **headers: str) -> Starlette:
    answer = Response(body, status, {name.replace("_", "-"): value for name, value in headers.items()})
    return Starlette(routes=[Route("/", lambda request: answer, methods=["POST"])])


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        ("<!DOCTYPE html><form action='/login'>", SourceRefused, "answered with a web page, perhaps a login page"),
        ('{"key": "S-01', SourceDown, "was cut off"),
    ],
)
async def test_an_answer_that_is_none_is_told(body: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        await push(answering(200, body))


@pytest.mark.parametrize("body", ["", "ok", "7", "[]", "{}", '{"key": null}'])
async def test_a_subscriber_need_not_say_how_it_calls_the_thing(body: str) -> None:
    assert await push(answering(200, body)) == "0199"


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
async def test_a_message_is_signed_and_says_everything(algorithm: str) -> None:
    app, subscriber = simulated()
    assert await push(app, algorithm=algorithm) == "S-0199"
    assert subscriber.effects == {
        "t1": {
            "token": "t1",
            "kind": "request",
            "key": None,
            "id": "0199",
            "action": "DISPATCH",
            "deleted": False,
            "event": {
                "action": "DISPATCH",
                "at": AT.isoformat(),
                "party": "物业公司",
                "note": "请办",
                "details": {"days": 5},
            },
            "changed": ["status", "title"],
            "fields": {
                "number": "R1",
                "title": "路灯不亮",
                "submitted_at": AT.isoformat(),
                "issues": [{"key": "1", "title": "灯", "category": None}],
            },
            "at": AT.isoformat(),
        }
    }
    assert not subscriber.refused


def test_the_signature_is_the_hmac_of_time_nonce_and_body() -> None:
    assert signature("k" * 8, "sha256", "1", "n", b"{}") == (
        "d03a5928ff2e2d9245fd32e3f7251adde4a590bc6e692834abe739afb3653149"
    )


async def test_a_wrong_secret_is_refused_and_nothing_is_kept() -> None:
    app, subscriber = simulated()
    with pytest.raises(SourceRefused, match=r"^http://subscriber/ does not accept the signature: check .* \(401\)\.$"):
        await push(app, secret="another secret")
    assert (subscriber.effects, dict(subscriber.refused)) == ({}, {"signature": 1})


async def test_the_same_token_has_one_effect() -> None:
    app, subscriber = simulated(Fault("lost"))
    with pytest.raises(SourceDown, match="answered 502"):
        await push(app)
    assert await push(app) == "S-0199"
    assert (len(subscriber.log), len(subscriber.effects)) == (2, 1)


@pytest.mark.parametrize(
    ("body", "known", "key"),
    [('{"key": "X1"}', "K", "X1"), ("OK", "K", "K"), ("", None, "0199"), ("[1]", None, "0199")],
)
async def test_the_key_is_the_subscribers_the_known_one_or_our_id(body: str, known: str | None, key: str) -> None:
    change = Change("grid", known, "0199", {}, frozenset(), AT, "t")
    for status in (200, 201, 204, 409):
        assert await push(answering(status, body), change) == key


@pytest.mark.parametrize("status", [301, 401, 403, 404, 410])
async def test_a_subscriber_that_is_gone_or_refuses_us_stops_the_telling(status: int) -> None:
    with pytest.raises(SourceRefused, match=str(status)):
        await push(answering(status))


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_message_that_is_refused_is_a_bad_record(status: int) -> None:
    refused = await push(answering(status, "编号重复"))
    assert isinstance(refused, BadRecord)
    assert (refused.reason, refused.kind) == (f"{URL} refused it ({status}): 编号重复", "request")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
async def test_later_is_later_and_says_when(status: int) -> None:
    sent = format_datetime(AT, usegmt=True), format_datetime(AT + timedelta(seconds=90), usegmt=True)
    for headers, wait in (({"retry_after": "7"}, 7), ({"retry_after": sent[1], "date": sent[0]}, 90), ({}, None)):
        with pytest.raises(SourceDown) as caught:
            await push(answering(status, **headers))
        assert caught.value.retry_after == wait


async def test_no_answer_is_later() -> None:
    async def cut(_scope: Any, _receive: Any, _send: Any) -> None:
        raise httpx2.ReadError("cut")

    with pytest.raises(SourceDown, match="http://subscriber/ does not answer: cut"):
        await push(cut)


async def test_what_one_hub_tells_the_other_one_reads() -> None:
    app, subscriber = simulated()
    await push(app)
    record = await receive(json.dumps(subscriber.effects["t1"]).encode())
    assert (record.kind, record.key, record.at, record.deleted) == ("request", "0199", AT, False)
    assert record.fields == {**CHANGE.fields, "submitted_at": AT.isoformat()}


async def test_what_it_does_not_know_is_kept_apart_and_callers_are_left_out() -> None:
    said = {
        "kind": "grid",
        "id": "1",
        "fields": {"code": "1", "valid_to": str(date(2027, 1, 1)), "mayor": "甲", "caller": 1},
    }
    record = await receive(json.dumps(said).encode())
    assert (record.fields, record.extra) == ({"code": "1", "valid_to": "2027-01-01"}, {"mayor": "甲"})


@pytest.mark.parametrize(
    "body",
    [
        *(b"[]", b'"x"', b"{}", b'{"kind": "planet", "id": "1", "fields": {}}'),
        *(b'{"kind": "grid", "id": 1, "fields": {}}', b'{"kind": "grid", "id": "1", "fields": {}, "at": "soon"}'),
        b'{"kind": "request", "id": "1", "fields": {"issues": [1]}}',
    ],
)
async def test_a_message_that_makes_no_sense_is_a_bad_record(body: bytes) -> None:
    assert isinstance(await receive(body), BadRecord)


async def test_what_is_no_json_is_broken() -> None:
    with pytest.raises(SourceBroken, match="The message is no JSON"):
        await receive(b"<html>")


@pytest.mark.parametrize("wrong", [{"url": "ftp://x"}, {"secret": "short"}, {"algorithm": "md5"}, {"more": 1}])
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Config(**{"url": URL, "secret": SECRET, **wrong})
