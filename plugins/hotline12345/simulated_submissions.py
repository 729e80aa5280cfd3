"""What is submitted to the simulated hotline about one of its orders: checked, applied, decided on later."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from math import ceil
from random import Random
from typing import Any

from plugins.hotline12345.simulated_orders import WORDS, Order, chain, moved, rows

__all__ = ["SUBMISSIONS", "Effect", "Refused", "Waiting", "decided", "judged"]

CHINA = timezone(timedelta(hours=8))
COLUMNS = {(row["dialect"], row["field"]): row["column"] for row in rows("simulator_answers.csv")}
REACHES = {
    "SIGN": ("SIGNED",),
    "ACCEPT": ("IN_PROGRESS",),
    "HANDLE": ("HANDLED",),
    "FEED_BACK": ("CALLBACK", "HANDLED"),
    "CLOSE": ("CLOSED", "VERIFIED", "HANDLED"),
}
"""A step -> the status that it leads to: the first that the order's dialect knows."""
PENDING = {"returns": "RETURN_REQUESTED", "extensions": "EXTENSION_REQUESTED"}
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Effect:
    """One submission that was taken: its token is known from then on."""

    token: str
    number: str
    what: str
    at: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A return or an extension that nobody has decided on yet. `was`: the status before."""

    index: int
    what: str
    was: str | None
    due_days: int


class Refused(Exception):
    """The submission is not taken: code and words of the hotline."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True, slots=True)
class Submission:
    """What was said of an order, in its dialect."""

    order: Order
    body: dict[str, Any]

    def text(self, field: str, *, needed: str = "") -> str:
        """What stands under this field's name; `needed`: what it is called in a refusal where it must be there."""
        column = COLUMNS.get((self.order.dialect, field)) or COLUMNS["plain", field]
        said = str(self.body.get(column) or "").strip() if self.body.get(column) != 0 else "0"
        if needed and not said:
            raise Refused(42201, f"{needed}（{column}）不能为空")
        if len(said) > LONGEST:
            raise Refused(42205, f"{column} 超过 {LONGEST} 字")
        return said

    def name(self, field: str, *, needed: str = "") -> str:
        """What the word under this field's name means; "" for nothing."""
        said = self.text(field, needed=needed)
        words = WORDS.get((self.order.dialect, field)) or WORDS["plain", field]
        meant = {word: name for name, word in words.items()}
        if said and said not in meant:
            raise Refused(42202, f"“{said}”不在可选用语内：{'、'.join(meant)}")
        return meant.get(said, "")

    def time(self, field: str) -> datetime | None:
        said = self.text(field)
        try:
            return datetime.strptime(said, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA) if said else None
        except ValueError:
            raise Refused(42206, f"时间“{said}”应为 2026-03-02 08:00:00") from None


def judged(order: Order, what: str, body: dict[str, Any]) -> tuple[Order, Waiting | None]:
    """The order after this submission, and what waits for a decision. Raises Refused."""
    if order.status in PENDING.values():
        raise Refused(42204, "申请正在审核，暂不能提交")
    if order.status == "CLOSED" and what != "evaluations":
        raise Refused(42203, "工单已办结")
    return SUBMISSIONS[what](Submission(order, body))


def accepted(said: Submission) -> tuple[Order, None]:
    """签收、接单"""
    step = said.name("step", needed="环节")
    if step not in ("SIGN", "ACCEPT"):
        raise Refused(42202, "环节应为签收或接单")
    return ahead(said.order, step), None


def handled(said: Submission) -> tuple[Order, None]:
    """办理结果"""
    result, time = said.text("result", needed="办理结果"), said.time("handled")
    solved = said.name("solved") or said.order.solved
    order = ahead(said.order, said.name("step", needed="环节"))
    return replace(order, result=result, handled=time or order.handled, solved=solved), None


def returned(said: Submission) -> tuple[Order, Waiting]:
    """退单申请"""
    said.text("reason", needed="退单理由")
    return pending(said.order, "returns", 0)


def extended(said: Submission) -> tuple[Order, Waiting]:
    """延期申请"""
    said.text("reason", needed="延期理由")
    until, days = said.time("until"), said.text("days")
    if until is None and not days.isdecimal():
        raise Refused(42201, "申请延期至（applyUntil）与申请天数（applyDays）不能都为空")
    due = said.order.due_days + int(days) if until is None else ceil((until - said.order.submitted) / timedelta(days=1))
    if due <= said.order.due_days:
        raise Refused(42207, "申请的期限不晚于现有期限")
    return pending(said.order, "extensions", due)


def evaluated(said: Submission) -> tuple[Order, None]:
    """评价"""
    satisfaction = said.name("satisfaction", needed="满意度")
    return replace(said.order, satisfaction=satisfaction, solved=said.name("solved") or said.order.solved), None


def merged(said: Submission) -> tuple[Order, None]:
    """并案、撤销并案"""
    step = said.name("step", needed="环节")
    if step not in ("MERGE", "UNMERGE"):
        raise Refused(42202, "环节应为并案或撤销并案")
    into = said.text("merged_into", needed="并入工单编号")
    if into == said.order.number:
        raise Refused(42208, "工单不能并入自身")
    if step == "UNMERGE" and said.order.merged_into != into:
        raise Refused(42209, f"工单并未并入 {into}")
    return replace(said.order, merged_into=into if step == "MERGE" else ""), None


SUBMISSIONS: dict[str, Callable[[Submission], tuple[Order, Waiting | None]]] = {
    "acceptances": accepted,
    "results": handled,
    "returns": returned,
    "extensions": extended,
    "evaluations": evaluated,
    "merges": merged,
}


def ahead(order: Order, step: str) -> Order:
    """The order where this step leads, unless it is there already or further."""
    steps = chain(order.dialect)
    status = next((status for status in REACHES[step] if status in steps), None)
    if status is None or order.status not in steps or steps.index(order.status) >= steps.index(status):
        return order
    return replace(order, status=status)


def pending(order: Order, what: str, due_days: int) -> tuple[Order, Waiting]:
    """The order while it waits for a decision; a dialect without a word for that does not show it."""
    shown = PENDING[what] if PENDING[what] in WORDS.get((order.dialect, "side"), ()) else order.status
    return replace(order, status=shown), Waiting(order.index, what, order.status, due_days)


def decided(seed: int, one: Waiting, order: Order, at: datetime) -> Order:
    """The order once the hotline has decided: granted or not, by the seed and the order's number."""
    granted = Random(f"{seed}:{one.what} {order.number}").random() < 0.6
    if one.what == "extensions":
        return replace(moved(order, one.was, at), due_days=one.due_days if granted else order.due_days)
    known = {*chain(order.dialect), *WORDS.get((order.dialect, "side"), ())}
    return moved(order, "RETURNED" if granted and "RETURNED" in known else one.was, at)
