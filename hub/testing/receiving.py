"""The contract of receive(): a message means the same whenever it comes, and one that means nothing is told.

Whether it was signed, in time and new is the hub's own affair.
"""

import pytest

from hub.plugin import BadRecord, Page, Record, SourceBroken, SourceError
from hub.testing.bench import Bench, Pulled, differences, held, words
from hub.testing.faults import LOGIN_PAGE
from hub.testing.knobs import Knobs

GARBAGE = (b"", b"\x00\xff\xfe", b"null", b"1", b'"text"', b"{}", b"[1]", b'{"a": [{}]}', LOGIN_PAGE.encode())


class Hearing(Knobs):
    """What the plugin makes of messages. GET /sim/messages gives them as text, in the order in which it sent them."""

    def test_a_message_is_understood(self, receiver: Bench) -> None:
        for message in self.messages(receiver):
            items = page(receiver, message).items
            assert [item for item in items if isinstance(item, Record)], f"{message!r} gave no record, but {items}"

    def test_a_message_that_comes_again_says_the_same(self, receiver: Bench) -> None:
        for message in self.messages(receiver):
            assert page(receiver, message) == page(receiver, message)

    def test_messages_out_of_order_end_the_same(self, receiver: Bench) -> None:
        pages = [page(receiver, message) for message in self.messages(receiver)]
        assert len(pages) > 1, "GET /sim/messages should give several messages about the same thing."
        backwards = held(Pulled(pages[::-1]))
        assert differences(backwards, held(Pulled(pages))) == [], "Say in Record.at when the source changed it."

    @pytest.mark.parametrize("body", GARBAGE, ids=lambda body: body[:12].decode("latin-1") or "nothing")
    def test_what_is_no_message_is_told(self, receiver: Bench, body: bytes) -> None:
        told_so(receiver, body)

    def test_a_message_that_was_cut_off_is_told(self, receiver: Bench) -> None:
        for message in self.messages(receiver):
            told_so(receiver, message[: len(message) // 2])

    def messages(self, bench: Bench) -> list[bytes]:
        return [message.encode() for message in bench.ask("GET", "/sim/messages")["messages"]]


def page(bench: Bench, message: bytes) -> Page:
    answer = bench.receive(message)
    assert isinstance(answer, Page), f"{message!r}: receive() should understand it, and raised {words(answer)}"
    return answer


def told_so(bench: Bench, body: bytes) -> None:
    answer = bench.receive(body)
    if isinstance(answer, SourceError):
        assert isinstance(answer, SourceBroken), f"{body!r}: raise SourceBroken; it was {words(answer)}"
        return
    bad = [item for item in answer.items if isinstance(item, BadRecord)]
    assert bad, f"{body!r} is no message: raise SourceBroken or give a BadRecord; it gave {answer.items}."
    assert len(bad) == len(answer.items)
