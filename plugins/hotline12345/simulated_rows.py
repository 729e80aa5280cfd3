"""An order of the simulated hotline, in its centre's dialect. Written from the field lists, not from the plugin."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from plugins.hotline12345.simulated_orders import WORDS, Order

__all__ = ["tell"]

EXCEL_BEGINS = datetime(1899, 12, 30, tzinfo=timezone(timedelta(hours=8)))
NOWHERE = ("火星街道办事处", "环形山社区")


def tell(order: Order, number: str | None) -> dict[str, Any]:
    """The row of this order, under this spelling of its number; None: the number is missing."""
    return DIALECTS[order.dialect](order, number)


def said(order: Order, field: str) -> str:
    """The dialect's word for what the order is."""
    name = getattr(order, field)
    words = WORDS[order.dialect, field]
    rare = {**WORDS.get((order.dialect, f"more {field}"), {}), **WORDS.get((order.dialect, "side"), {})}
    return words[name] if name in words else rare[name]


def names(order: Order) -> tuple[str, str]:
    """Street and community as people write them: with or without 办事处, sometimes only the street, or nonsense."""
    if order.placed == "nonsense":
        return NOWHERE
    if order.placed == "given":
        return "", ""
    street = order.street.name + "办事处" * (order.index % 2)
    return street, "" if order.placed in ("street name", "street") else order.community.name


def code(order: Order) -> str:
    given = order.community.code
    return {"given": given, "community": given, "street": order.street.code}.get(order.placed, "")


def address(order: Order) -> str:
    return f"{order.estate}{order.index % 30 + 1}号楼{order.index % 4 + 1}单元"


def reply(order: Order) -> str:
    if not order.done:
        return ""
    return order.result or f"经{order.topics[0].department}核实，已处理并回复市民。"


def handled(order: Order) -> datetime:
    return order.handled or order.submitted + timedelta(days=1, minutes=7)


def slashed(time: datetime) -> str:
    return f"{time.year}/{time.month}/{time.day} {time:%H:%M:%S}"


def levels(order: Order, prefixes: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(prefixes, order.topics[0].levels, strict=False))


def taian(order: Order, number: str | None) -> dict[str, Any]:
    street, community = names(order)
    return {
        "record_number": number,
        "psot_attr": said(order, "kind"),
        "note": order.content,
        "note4": f"+86 {order.caller_phone}" if order.index % 2 else order.caller_phone,
        "pss_caption": said(order, "status"),
        "area_code": code(order),
        "street_name": street,
        "community_name": community,
        "address": address(order),
        "di_ids": order.topics[0].department_id,
        "co_di_ids": "",
        "create_date": f"{order.submitted:%Y-%m-%d %H:%M:%S}",
        "expires": order.due_days,
        "handle_date": f"{handled(order):%Y-%m-%d %H:%M:%S}" if order.done else "",
        "note10": reply(order),
        "note6": said(order, "solved") if order.done else None,
    }


def orderlist(order: Order, number: str | None) -> dict[str, Any]:
    street, community = names(order)
    east, north = gcj02(order.longitude, order.latitude) if order.longitude else (0.0, 0.0)
    parts = ("levelOne", "levelTwo", "levelThree", "levelFour")
    row: dict[str, Any] = {
        "taskId": number,
        "wpSource": "12345来源",
        "title": order.title,
        "discription": order.content,
        "serviceType": said(order, "kind"),
        **levels(order, parts),
        "status": said(order, "status"),
        "isSendBack": int(order.status == "RETURNED" or (order.done and order.index % 3 == 0)),
        "isRebootFlow": "1" if order.status == "REWORK" else "0",
        "communityCode": code(order),
        "streetName": street,
        "communityName": community,
        "address": address(order),
        "coordx": f"{east:.8f}",
        "coordy": f"{north:.8f}",
        "deptName": order.topics[0].department,
        "executeDeptCode": order.topics[0].department_id,
        "orderTime": slashed(order.submitted),
        "solvingTime": slashed(handled(order)) if order.done else "",
        "endTime": slashed(handled(order) + timedelta(days=1)) if order.status == "CLOSED" else "",
        "replyPoin": reply(order),
        "banliResult_12345": said(order, "solved") if order.done else None,
        "publicSatisfaction": said(order, "satisfaction") if order.done else None,
        "reflectPerson": order.caller_name,
        "callNumber": order.caller_phone,
        "isSecret": "是" if order.confidential else "否",
        "syncTime": slashed(order.updated),
    }
    row |= pressed(order)
    if len(order.topics) > 1:
        row["problemList"] = [
            {"problemId": f"P{at}", "problemName": topic.title, **dict(zip(parts, topic.levels, strict=False))}
            for at, topic in enumerate(order.topics, 1)
        ]
    return row


def pressed(order: Order) -> dict[str, Any]:
    """Urging and supervision, where there was any."""
    urged = {"isUrge": "1", "urgeCount": order.urged} if order.urged else {}
    return {**urged, **({"isSupervise": "1"} if order.supervised else {})}


def wuye2024(order: Order, number: str | None) -> dict[str, Any]:
    return {
        "12345工单编号": number,
        "12345工单来源": "电话",
        "12345工单类型": said(order, "kind"),
        **levels(order, ("一级业务分类", "二级业务分类", "三级业务分类", "四级业务分类", "五级业务分类")),
        "12345内容描述": order.content,
        "12345诉求地址": address(order),
        "小区名称": order.estate,
        "街道": names(order)[0],
        "物业公司": "鄂尔多斯市某物业服务有限公司",
        "答复市民要点": order.result,
        "12345受理时间": serial(order.submitted),
    }


def wuye2026(order: Order, number: str | None) -> dict[str, Any]:
    street, community = names(order)
    return {
        "工单号": number,
        "诉求来源": "电话",
        "诉求类型": said(order, "kind"),
        **levels(order, ("一级分类", "二级分类", "三级分类", "四级分类", "五级分类")),
        "内容描述": order.content,
        "诉求地址": address(order),
        "所属街镇": street,
        "所属居委": community,
        "物业服务企业": "鄂尔多斯市某物业服务有限公司",
        "受理时间": str(serial(order.submitted)) if order.index % 2 else slashed(order.submitted),
    }


def fangshan(order: Order, number: str | None) -> dict[str, Any]:
    street, community = names(order)
    hidden = order.index % 5 == 0
    closed = order.submitted + timedelta(days=2)
    return {
        "工单编号": number,
        "标题": order.title,
        "主要内容": order.content,
        "工单类型": said(order, "kind"),
        "工单状态": said(order, "status"),
        "紧急程度": said(order, "urgency"),
        "问题分类": ";".join("->".join(topic.levels[:3]) for topic in order.topics),
        "标签": "七有五性",
        "被反映区": "东胜区",
        "街乡镇": street,
        "村/社区": community,
        "社区代码": code(order),
        "小区点位": address(order),
        "来电人": "保密" if hidden else order.caller_name,
        "来电人电话": "" if hidden else f"{order.caller_phone[:3]} {order.caller_phone[3:7]} {order.caller_phone[7:]}",
        "来电时间": f"{order.submitted:%Y年%m月%d日 %H:%M:%S}",
        "主办单位": order.topics[0].department,
        "工单性质": "主办",
        "办结时间": f"{closed:%Y年%m月%d日 %H:%M:%S}" if order.done else "",
        "回复内容": reply(order),
        "是否解决": said(order, "solved") if order.done else "",
        "是否满意": said(order, "satisfaction") if order.done else "未评价",
    }


def wuxi(order: Order, number: str | None) -> dict[str, Any]:
    due = order.submitted + timedelta(days=order.due_days)
    return {
        "workordercode": number,
        "ordersource": "12345",
        "workordertype": said(order, "kind"),
        "scene": order.topics[0].levels[0],
        "sendscene": order.topics[0].levels[1],
        "workordercontent": order.content,
        "place": address(order),
        "area": code(order) or "/".join(name for name in names(order) if name),
        "disposaldeptid": order.topics[0].department_id,
        "handlerid": "",
        "processlimited": f"{due.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "dispatchtime": f"{order.submitted:%Y%m%d%H%M%S}",
        "state": int(said(order, "status")),
    }


def shunde(order: Order, number: str | None) -> dict[str, Any]:
    return {"序号": order.index + 1, "工单编号": number, "标题": order.title, "内容": order.content}


DIALECTS: dict[str, Callable[[Order, str | None], dict[str, Any]]] = {
    "taian": taian,
    "orderlist": orderlist,
    "wuye2024": wuye2024,
    "wuye2026": wuye2026,
    "fangshan": fangshan,
    "wuxi": wuxi,
    "shunde": shunde,
}


def serial(time: datetime) -> float:
    """The time as Excel counts it: days since the end of 1899."""
    return round((time - EXCEL_BEGINS) / timedelta(days=1), 6)


def gcj02(longitude: float, latitude: float) -> tuple[float, float]:
    """The coordinates as Chinese maps shift them."""
    x, y, pi = longitude - 105, latitude - 35, math.pi
    wave = (20 * math.sin(6 * x * pi) + 20 * math.sin(2 * x * pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + wave
    north += (20 * math.sin(y * pi) + 40 * math.sin(y / 3 * pi)) * 2 / 3
    north += (160 * math.sin(y / 12 * pi) + 320 * math.sin(y * pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + wave
    east += (20 * math.sin(x * pi) + 40 * math.sin(x / 3 * pi)) * 2 / 3
    east += (150 * math.sin(x / 12 * pi) + 300 * math.sin(x / 30 * pi)) * 2 / 3
    slope = 1 - 0.00669342162296594323 * math.sin(latitude / 180 * pi) ** 2
    north = north * 180 / (6378245 * (1 - 0.00669342162296594323) / (slope * math.sqrt(slope)) * pi)
    east = east * 180 / (6378245 / math.sqrt(slope) * math.cos(latitude / 180 * pi) * pi)
    return longitude + east, latitude + north
