"""How each hotline names its fields, and what its words mean. Edit here when a column or a word is new: data only.

A row belongs to the dialect that knows most of its field names (at least LEAST_KNOWN of them). Where a header drifts,
its new name is added beside the old one: of the source names of one field the first that is filled counts. Those of
`category` and `names` are joined, from the larger to the smaller.

Decisions:
  title         where a dialect has none, the first sentence of the content
  satisfaction  基本满意 is UNDERSTANDING (as in hub's own list), 未评价 is "not rated"
  solved        部分解决 and 不办理退单 are "not solved"
  status        待受理 is RECEIVED (the hub has it), 待处置 IN_PROGRESS, 待督办 CALLBACK (supervision is a flag)
  assignee      of several main handlers the first; helpers (协办) are not read
  caller        confidential unless the row says otherwise in so many words
  updated_at    the record's `at`, no field: only what the source itself calls its last change
A word that stands nowhere here, nor in the setting words, makes its row a rejected record: better seen than guessed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

__all__ = ["BLANKS", "CALLER_COLUMN", "CALLER_FIELDS", "DIALECTS", "LEAST_KNOWN", "WORDS", "Dialect", "Issues", "Words"]

Words = Mapping[str, Mapping[str, str | None]]
Fields = Mapping[str, tuple[str, ...]]

LEAST_KNOWN = 3
NO_TIMES = {f"{day}{time}" for day in ("0000-00-00", "0001-01-01") for time in ("", " 00:00:00", "T00:00:00")}
BLANKS = frozenset({"", "-", "--", "—", "/", "null", "NULL", "None", "N/A"} | NO_TIMES)
NUMBER_PREFIXES = ("12345", "SH")
NUMBER_DIGITS = 12
"""A prefix is cut off only where at least so many digits follow: "12345" may also be the number itself."""
CALLER_FIELDS = ("caller_name", "caller_phone")
CALLER_COLUMN = re.compile(
    r"来电(人|号|电话)|诉求人|反映人|投诉人|联系|电话|手机|caller|contact|phone|mobile|tel$", re.I
)
"""Columns that are never shown in a rejected record, whether or not a dialect reads them."""
NAMELESS = frozenset({"保密", "匿名", "不详", "无", "市民", "未知"})
CATEGORY_ENDS = ("->", "→", ">", "/", "—")
ISSUE_ENDS = (";", "；", "\n")
HANDLER_ENDS = (",", "，", ";", "；", "、")
TITLE_ENDS = ("。", "！", "？", "\n", "；")
TITLE_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Issues:
    """A field that holds a list of rows, one for each matter of the order."""

    name: str
    key: str
    title: str
    category: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One system's names. `flags`: field -> status while that field is set and the order is not yet handled."""

    name: str
    fields: Fields
    words: Words = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)
    issues: Issues | None = None
    gcj02: bool = False
    known: frozenset[str] = frozenset()
    """Names without a meaning for the hub, by which the dialect is recognised all the same."""

    def understanding(self, words: Words) -> "Dialect":
        """The dialect with these words before its own."""
        if not words:
            return self
        fields = {**self.words, **words}
        return replace(self, words={name: {**self.words.get(name, {}), **words.get(name, {})} for name in fields})


WORDS: Words = {
    "kind": {
        **dict.fromkeys(("诉求", "诉求类"), "APPEAL"),
        **dict.fromkeys(("投诉", "投诉类", "投诉举报", "投诉举报类"), "COMPLAINT"),
        **dict.fromkeys(("咨询", "咨询类"), "CONSULTATION"),
        **dict.fromkeys(("求助", "求助类"), "HELP"),
        **dict.fromkeys(("建议", "建议类", "意见建议", "意见建议类", "意见"), "SUGGESTION"),
        **dict.fromkeys(("举报", "举报类", "控烟"), "REPORT"),
        **dict.fromkeys(("表扬", "表扬类", "感谢", "表扬感谢", "表扬感谢类"), "PRAISE"),
        **dict.fromkeys(("心愿", "微心愿"), "WISH"),
        **dict.fromkeys(("事件",), "EVENT"),
        **dict.fromkeys(("其他", "其他类", "其它"), "OTHER"),
    },
    "status": {
        **dict.fromkeys(("草稿",), "DRAFT"),
        **dict.fromkeys(("待受理", "受理", "已受理"), "RECEIVED"),
        **dict.fromkeys(("待补充",), "NEEDS_INFO"),
        **dict.fromkeys(("不予受理",), "REJECTED_SCOPE"),
        **dict.fromkeys(("立案", "预审", "待派遣"), "TRIAGED"),
        **dict.fromkeys(("已派遣", "派遣", "派单", "已派单", "已转派", "待处理"), "DISPATCHED"),
        **dict.fromkeys(("签收", "已签收"), "SIGNED"),
        **dict.fromkeys(("退单申请", "申请退单"), "RETURN_REQUESTED"),
        **dict.fromkeys(("退回", "已退回", "退单"), "RETURNED"),
        **dict.fromkeys(("待处置", "处置中", "办理中", "处理中"), "IN_PROGRESS"),
        **dict.fromkeys(("延期申请", "申请延期"), "EXTENSION_REQUESTED"),
        **dict.fromkeys(("已处置", "处置完成", "回复完成", "已办理"), "HANDLED"),
        **dict.fromkeys(("核查", "待核查", "待结案"), "VERIFIED"),
        **dict.fromkeys(("回访", "待回访", "待督办"), "CALLBACK"),
        **dict.fromkeys(("重办", "重新启动"), "REWORK"),
        **dict.fromkeys(("办结", "已办结", "结案", "已结案"), "CLOSED"),
        **dict.fromkeys(("归档", "已归档"), "ARCHIVED"),
    },
    "urgency": {
        **dict.fromkeys(("一般", "普通", "正常"), "NORMAL"),
        **dict.fromkeys(("紧急", "特急", "加急"), "URGENT"),
    },
    "satisfaction": {
        **dict.fromkeys(("非常满意",), "VERY_SATISFIED"),
        **dict.fromkeys(("满意",), "SATISFIED"),
        **dict.fromkeys(("基本满意", "理解"), "UNDERSTANDING"),
        **dict.fromkeys(("不满意", "非常不满意"), "DISSATISFIED"),
        **dict.fromkeys(("未评价",), None),
    },
    "solved": {
        **dict.fromkeys(("是", "解决", "已解决"), "YES"),
        **dict.fromkeys(("否", "未解决", "部分解决"), "NO"),
        **dict.fromkeys(("未回访",), None),
    },
    "caller_confidential": {
        **dict.fromkeys(("是", "1", "保密", "true", "True"), "YES"),
        **dict.fromkeys(("否", "0", "不保密", "false", "False"), "NO"),
    },
    "flag": {
        **dict.fromkeys(("是", "1", "true", "True"), "YES"),
        **dict.fromkeys(("否", "0", "false", "False"), "NO"),
    },
}

DIALECTS: tuple[Dialect, ...] = (
    Dialect(
        name="泰安 2025",
        fields={
            "number": ("record_number",),
            "content": ("note",),
            "kind": ("psot_attr",),
            "status": ("pss_caption",),
            "grid_code": ("area_code",),
            "names": ("street_name", "community_name"),
            "place": ("address",),
            "assignee": ("di_ids",),
            "submitted_at": ("create_date",),
            "due_days": ("expires",),
            "handled_at": ("handle_date",),
            "result": ("note10",),
            "solved": ("note6",),
            "caller_phone": ("note4",),
        },
        known=frozenset({"co_di_ids", "refuse_di_ids", "note1", "note3", "note5", "note8", "note11"}),
    ),
    Dialect(
        name="街道 OrderList",
        fields={
            "number": ("taskId",),
            "title": ("title",),
            "content": ("discription", "description"),
            "kind": ("serviceType",),
            "category": ("levelOne", "levelTwo", "levelThree", "levelFour"),
            "status": ("status",),
            "grid_code": ("communityCode",),
            "names": ("streetName", "communityName"),
            "place": ("address",),
            "longitude": ("coordx",),
            "latitude": ("coordy",),
            "assignee": ("deptName", "executeDeptCode"),
            "submitted_at": ("orderTime", "perCreateTime"),
            "handled_at": ("solvingTime",),
            "closed_at": ("endTime",),
            "result": ("replyPoin", "solvingResult"),
            "solved": ("banliResult_12345",),
            "satisfaction": ("publicSatisfaction",),
            "caller_name": ("reflectPerson",),
            "caller_phone": ("callNumber",),
            "caller_confidential": ("isSecret",),
            "updated_at": ("syncTime",),
        },
        words={
            "solved": {"0": "YES", "1": "NO", "2": "NO", "3": "NO"},
            "satisfaction": {"0": "DISSATISFIED", "1": "UNDERSTANDING", "2": "SATISFIED", "3": "VERY_SATISFIED"},
        },
        flags={"isSendBack": "RETURNED", "isRebootFlow": "REWORK"},
        issues=Issues("problemList", "problemId", "problemName", ("levelOne", "levelTwo", "levelThree", "levelFour")),
        gcj02=True,
        known=frozenset({"reportDept", "wpSource", "approach", "dispatchTime", "isUrge", "isJointHandle"}),
    ),
    Dialect(
        name="上海物业 2024",
        fields={
            "number": ("12345工单编号",),
            "content": ("12345内容描述",),
            "kind": ("12345工单类型",),
            "category": ("一级业务分类", "二级业务分类", "三级业务分类", "四级业务分类", "五级业务分类"),
            "names": ("街道",),
            "place": ("12345诉求地址", "小区地址", "小区名称"),
            "submitted_at": ("12345受理时间",),
            "result": ("答复市民要点",),
        },
        known=frozenset({"12345工单来源", "小区编号", "物业公司"}),
    ),
    Dialect(
        name="上海物业 2026",
        fields={
            "number": ("工单号", "12345工单号"),
            "content": ("内容描述",),
            "kind": ("诉求类型",),
            "category": ("一级分类", "二级分类", "三级分类", "四级分类", "五级分类"),
            "names": ("所属街镇", "所属居委"),
            "place": ("诉求地址", "小区名称"),
            "submitted_at": ("受理时间",),
            "result": ("答复要点",),
        },
        known=frozenset({"诉求来源", "小区编号", "物业服务企业"}),
    ),
    Dialect(
        name="北京房山",
        fields={
            "number": ("工单编号",),
            "title": ("标题",),
            "content": ("主要内容",),
            "kind": ("工单类型",),
            "category": ("问题分类",),
            "status": ("工单状态",),
            "urgency": ("紧急程度",),
            "grid_code": ("社区代码",),
            "names": ("街乡镇", "村/社区"),
            "place": ("小区点位", "企业名称"),
            "assignee": ("主办单位",),
            "submitted_at": ("来电时间",),
            "closed_at": ("办结时间",),
            "result": ("回复内容", "办理结果"),
            "solved": ("是否解决",),
            "satisfaction": ("是否满意",),
            "caller_name": ("来电人",),
            "caller_phone": ("来电人电话", "来电人账号"),
            "caller_confidential": ("是否保密",),
        },
        known=frozenset({"被反映区", "工单性质", "标签"}),
    ),
    Dialect(
        name="无锡生命线",
        fields={
            "number": ("workordercode",),
            "content": ("workordercontent",),
            "kind": ("workordertype",),
            "category": ("scene", "sendscene"),
            "status": ("state",),
            "grid_code": ("area",),
            "names": ("area",),
            "place": ("place",),
            "assignee": ("disposaldeptid",),
            "due_at": ("processlimited",),
        },
        words={
            "kind": {"0": "EVENT", "1": "EVENT", "2": "EVENT", "3": "EVENT", "4": "OTHER"},
            "status": {"0": "DISPATCHED", "1": "IN_PROGRESS", "2": "HANDLED"},
        },
        known=frozenset({"ordersource", "handlerid", "dispatchtime"}),
    ),
    Dialect(
        name="顺德导出",
        fields={"number": ("工单编号", "编号"), "title": ("标题",), "content": ("内容",)},
        known=frozenset({"序号"}),
    ),
)
