"""The Chinese terms in the descriptions: English first, what people here call it in parentheses."""

import re

CHINESE = {  # of the nouns and vocabularies whose own words have none
    "AgreementKind": "协议类型",
    "AllianceKind": "联盟类型",
    "AltCode": "其他编码",
    "Change": "变更",
    "ChangeKind": "变更类型",
    "Channel": "来源渠道",
    "GridLevel": "网格层级",
    "OrganizationKind": "组织类型",
    "PartyType": "主体类型",
    "PlanAction": "计划动作",
    "PlanRow": "计划项",
    "PostRole": "岗位角色",
    "Provenance": "数据来源",
    "RejectedStatus": "处理状态",
    "RequestAction": "诉求操作",
    "RequestKind": "诉求类型",
    "RequestLevel": "办理层级",
    "RequestStatus": "诉求状态",
    "ResourceKind": "资源类型",
    "RunMode": "运行方式",
    "RunStatus": "任务状态",
    "Satisfaction": "满意度",
    "ScopeReason": "不予受理理由",
    "StationTier": "驿站类型",
    "TallyKey": "分组项",
    "TallyOf": "统计对象",
    "Urgency": "紧急程度",
}
IN_PARENTHESES = re.compile(r"\(([^(),]*[\u4e00-\u9fff][^(),]*)")
SENTENCE_END = re.compile(r"\.(?=\s|$)")


def chinese(description: str) -> str | None:
    """The first Chinese term in a description: 受理 of "Taken in (受理)."."""
    found = IN_PARENTHESES.search(description)
    return found and found[1].strip()


def bilingual(name: str, description: str) -> str:
    """The description of a noun or a vocabulary, with its Chinese term at the end of the first sentence."""
    if chinese(description) or name not in CHINESE:
        return description
    return SENTENCE_END.sub(f" ({CHINESE[name]}).", description, count=1)


def with_terms(description: str, *terms: str | None) -> str:
    """A sentence and, in parentheses, the terms that there are."""
    return f"{description} ({', '.join(term for term in terms if term)})."
