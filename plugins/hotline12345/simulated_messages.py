"""What the simulated hotline sends by itself: orders, parts of orders with what changed, signed for the receiver."""

import hmac
import json
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from plugins.hotline12345.simulated_hotline import Hotline, stamp
from plugins.hotline12345.simulated_orders import WORDS, Order, moved, next_status, order
from plugins.hotline12345.simulated_rows import tell

__all__ = ["message", "signature"]

NEWS = ("status", "order", "urge", "callback", "supervise", "status")
PARTS = {
    ("taian", "status"): ("record_number", "pss_caption"),
    ("orderlist", "status"): ("taskId", "status", "isSendBack", "isRebootFlow", "syncTime"),
    ("orderlist", "urge"): ("taskId", "isUrge", "urgeCount", "syncTime"),
    ("orderlist", "supervise"): ("taskId", "isSupervise", "syncTime"),
    ("orderlist", "callback"): ("taskId", "banliResult_12345", "publicSatisfaction", "syncTime"),
    ("fangshan", "status"): ("工单编号", "工单状态"),
    ("fangshan", "callback"): ("工单编号", "是否解决", "是否满意"),
    ("wuxi", "status"): ("workordercode", "state"),
}
"""(dialect, what happened) -> the columns that are sent of it."""


def message(hotline: Hotline) -> bytes:
    """The next message: a minute later something happened to one order. The same seed gives the same messages."""
    news = NEWS[hotline.messages % len(NEWS)]
    hotline.messages += 1
    hotline.clock += timedelta(minutes=1)
    chance = Random(f"{hotline.seed}:message {hotline.messages}")
    open_ones = [known for known in hotline.orders.values() if happens(known, news)]
    if open_ones:
        changed = after(chance, chance.choice(open_ones), news)
    else:
        news, changed = "order", order(hotline.seed, len(hotline.orders))
    changed = moved(changed, changed.status, hotline.clock)
    hotline.add(changed)
    columns = PARTS.get((changed.dialect, news))
    row = {name: said for name, said in tell(changed, changed.number).items() if columns is None or name in columns}
    if "syncTime" in row and hotline.messages % 2:
        return json.dumps(row, ensure_ascii=False).encode()
    info = {"hasMore": False, "total": 1, "serverTime": stamp(hotline.clock)}
    wrapped: dict[str, Any] = {"success": True, "code": 10000, "message": "成功", "pageInfo": info, "resultData": [row]}
    return json.dumps(wrapped, ensure_ascii=False).encode()


def happens(known: Order, news: str) -> bool:
    """Whether this can happen to the order."""
    if (known.dialect, news) not in PARTS:
        return False
    return {"status": next_status(known) is not None, "callback": known.done}.get(news, not known.done)


def after(chance: Random, known: Order, news: str) -> Order:
    """The order once it has happened."""
    if news == "status":
        return replace(known, status=next_status(known))
    if news == "urge":
        return replace(known, urged=known.urged + 1)
    if news == "supervise":
        return replace(known, supervised=True)
    solved, satisfaction = (chance.choice([*WORDS[known.dialect, field]]) for field in ("solved", "satisfaction"))
    return replace(known, solved=solved, satisfaction=satisfaction)


def signature(key: str, scheme: str, timestamp: str, nonce: str, body: bytes) -> str:
    """The header that proves who sent the body: HMAC over time, nonce and body by SHA-256 or SM3."""
    signed = f"{timestamp}\n{nonce}\n".encode() + body
    return f"{scheme}={hmac.new(key.encode(), signed, scheme).hexdigest()}"
