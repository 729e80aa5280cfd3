"""How a city works, as data: its practice, the words and lists of it, its workflows, the figures it has published."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, Base, Entity, Term, now, ref, sparse, uuid7

ENDED = "The day from which it is no more (终止日期); empty: it holds."


class Practice(Entity):
    """A city's way of working, under its own name (实践)."""

    __tablename__ = "practices"

    code: Mapped[str] = mapped_column(unique=True, doc="Its code, as requests and other rows name it (实践代码).")
    name: Mapped[str] = mapped_column(doc="Whose it is: the district or town (地区).")
    title: Mapped[str] = mapped_column(doc="What it is called (名称).")
    description: Mapped[str | None] = mapped_column(doc="What it is about (简介).")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH)
    closed_on: Mapped[date | None] = mapped_column(doc=ENDED)
    demo: Mapped[dict[str, Any]] = mapped_column(
        default=dict, sort_order=1, doc="What a made-up district of its size consists of (示例数据说明)."
    )
    synthetic: Mapped[bool] = mapped_column(
        default=False, sort_order=1, doc="Whether its rows in this hub are made up (是否为示例数据)."
    )


class SchemeKind(Term):
    """What a scheme is a list of (名目类型)."""

    GOALS = "What it is for, and its principles (理念, 原则)."
    STANDARD = "What must be so everywhere (标准): 四化."
    CAMPAIGN = "A slogan with its parts (行动): 三亮一做."
    MILESTONES = "How it came about (历程)."
    POLICY = "Papers that it rests on (政策文件)."
    EXAMPLES = "Examples of good governance (善治典型)."
    PROGRAMME = "A plan for training or support (计划)."
    DRIVES = "Special drives (专项行动)."
    AWARDS = "Awards (评优)."
    CATEGORIES = "A classification of its own (分类)."
    COLOURS = "What its colours stand for (颜色管理)."
    DOCUMENTS = "Its cards, forms and lists (卡表清单)."
    DATASETS = "The kinds of data on its platform (信息类别)."
    GAPS = "Where it falls short (短板)."
    PATHS = "The ways in which matters come in (途径)."
    STYLES = "The ways in which it serves (方式)."
    ROLES = "The parts that people play (角色)."
    PLACES = "Its sorts of place (阵地)."
    OTHER = "Another list (其他)."


class Scheme(Entity):
    """A list that a practice goes by, under its own name (名目)."""

    __tablename__ = "schemes"

    code: Mapped[str] = mapped_column(unique=True, doc="Its code: the practice's, a dot and its own (代码).")
    practice: Mapped[str] = mapped_column(index=True, doc="The code of the practice (实践).")
    scheme_kind: Mapped[SchemeKind] = mapped_column(doc="What it is a list of (类型).")
    name: Mapped[str] = mapped_column(doc="What the practice calls it (名称).")
    description: Mapped[str | None] = mapped_column(doc="What it is about (说明).")
    expected: Mapped[int | None] = mapped_column(doc="How many items the practice says that there are (应有项数).")
    complete: Mapped[bool] = mapped_column(
        default=False, doc="Whether the sources name all of them (是否齐全): what they leave open is not made up."
    )
    closed_on: Mapped[date | None] = mapped_column(doc=ENDED)


class SchemeItem(Entity):
    """One thing on such a list (名目内容)."""

    __tablename__ = "scheme_items"

    code: Mapped[str] = mapped_column(unique=True, doc="Its code: the scheme's, a dot and its own (代码).")
    scheme_id: Mapped[UUID] = ref("schemes.id")
    position: Mapped[int] = mapped_column(doc="Its place on the list, from 1 (序号).")
    name: Mapped[str] = mapped_column(doc="What it is called (名称).")
    description: Mapped[str | None] = mapped_column(doc="What it means, where the source says so (释义).")
    year: Mapped[int | None] = mapped_column(doc="The year it belongs to (年份).")
    closed_on: Mapped[date | None] = mapped_column(doc=ENDED)


class WorkflowSubject(Term):
    """What goes through a workflow (流程对象)."""

    REQUEST = "A request (诉求)."
    PERSON = "A person on the way into a part, as stewards are (人员)."
    SERVICE = "A service that is being made better (服务事项)."
    TOPIC = "A topic of a meeting (议题)."
    OTHER = "Something else (其他)."


class Phase(Term):
    """What a step is, whatever a practice calls it (通用阶段)."""

    INTAKE = "It comes in (提出, 发现)."
    TRIAGE = "It is examined and sorted (梳理)."
    DISPATCH = "It is sent to somebody (派单, 交办)."
    ACCEPT = "Somebody takes it on (接单, 响应)."
    HANDLE = "It is done (办理)."
    SUPERVISE = "It is watched and urged (督办)."
    FEEDBACK = "Whoever asked is told (反馈)."
    EVALUATE = "It is judged (评价, 评议)."
    PUBLISH = "It is made public (公示)."
    ASSESS = "Those who did it are assessed (考核)."


class Workflow(Entity):
    """The steps in which a practice works, in its own words (流程)."""

    __tablename__ = "workflows"

    code: Mapped[str] = mapped_column(unique=True, doc="Its code: the practice's, a dot and its own (代码).")
    practice: Mapped[str] = mapped_column(index=True, doc="The code of the practice (实践).")
    name: Mapped[str] = mapped_column(doc="What the practice calls it (名称).")
    subject: Mapped[WorkflowSubject] = mapped_column(doc="What goes through it (对象).")
    description: Mapped[str | None] = mapped_column(doc="What it is for (说明).")
    closed_on: Mapped[date | None] = mapped_column(doc=ENDED)


class WorkflowStep(Entity):
    """One step of a workflow (流程环节)."""

    __tablename__ = "workflow_steps"

    code: Mapped[str] = mapped_column(unique=True, doc="Its code: the workflow's, a dot and its own (代码).")
    workflow_id: Mapped[UUID] = ref("workflows.id")
    position: Mapped[int] = mapped_column(doc="Its place in the workflow, from 1 (序号).")
    name: Mapped[str] = mapped_column(doc="What the practice calls it (环节名称).")
    phase: Mapped[Phase] = mapped_column(doc="What it is, whatever it is called (通用阶段).")
    actions: Mapped[list[str]] = mapped_column(
        default=list, doc="The actions on a request that are this step (对应操作); empty: those of its phase."
    )
    taken_by: Mapped[list[str]] = mapped_column(
        default=list,
        doc="Who may take it (办理主体): abilities, ASSIGNEE, SUBMITTER, CO_HANDLER, roles; empty: whoever may anyway.",
    )
    days: Mapped[int | None] = mapped_column(doc="How many working days it has (时限).")
    leads_to: Mapped[list[str]] = mapped_column(
        default=list, doc="The codes of the steps that may come next (后续环节); empty: it ends here."
    )
    closed_on: Mapped[date | None] = mapped_column(doc=ENDED)


class Rung(Term):
    """What happens to a request that is overdue (督办措施)."""

    URGE = "It is urged (催办)."
    SUPERVISE = "It is put under supervision (督办)."
    ESCALATE = "It is taken up a level (升级)."


class Escalation(Entity):
    """A rung of the ladder for what is overdue under a workflow (督办规则)."""

    __tablename__ = "escalations"

    code: Mapped[str] = mapped_column(unique=True, doc="Its code: the workflow's, a dot and its own (代码).")
    workflow_id: Mapped[UUID] = ref("workflows.id")
    days: Mapped[int] = mapped_column(doc="So many working days past the deadline (逾期工作日).")
    rung: Mapped[Rung] = mapped_column(doc="What then happens (措施).")
    closed_on: Mapped[date | None] = mapped_column(doc=ENDED)


class Procedure(Entity):
    """Something that is no request on its way through a workflow (办理过程)."""

    __tablename__ = "procedures"

    workflow_id: Mapped[UUID] = ref("workflows.id")
    step_id: Mapped[UUID] = ref("workflow_steps.id")
    title: Mapped[str] = mapped_column(doc="What it is about (事由).")
    party_id: Mapped[UUID | None] = ref("parties.id")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
    due_at: Mapped[datetime | None] = mapped_column(doc="Until when the step is to be taken (环节期限).")
    ended_at: Mapped[datetime | None] = mapped_column(doc="When its last step was taken (完结时间); empty: under way.")


class ProcedureStep(Base):
    """A step that was taken (办理记录)."""

    __tablename__ = "procedure_steps"

    procedure_id: Mapped[UUID] = mapped_column(ForeignKey("procedures.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    step_id: Mapped[UUID] = ref("workflow_steps.id", index=False)
    at: Mapped[datetime] = mapped_column(default=now, doc="When (时间).")
    actor_id: Mapped[UUID | None] = ref("parties.id", index=False)
    note: Mapped[str | None] = mapped_column(doc="What was said about it (说明).")

    __table_args__ = (sparse("actor_id"),)


class Feature(Entity):
    """One thing that a practice has published about itself (特色做法)."""

    __tablename__ = "features"

    code: Mapped[str] = mapped_column(unique=True, doc="Its code: the practice's, a dot and its row (代码).")
    practice: Mapped[str] = mapped_column(index=True, doc="The code of the practice (实践).")
    title: Mapped[str] = mapped_column(doc="What it is (内容).")
    scenario: Mapped[dict[str, Any]] = mapped_column(
        default=dict, doc="What is done to show it, where no number does, as JSON (验证情景)."
    )
    row: Mapped[str] = mapped_column(sort_order=1, doc="Its row in the practice's own list: F2-15 (条目).")
    closed_on: Mapped[date | None] = mapped_column(doc=ENDED)


class Qualifier(Term):
    """How a published number is meant (数量限定)."""

    EXACT = "Exactly so many (正好)."
    AT_LEAST = "No fewer (不少于)."
    OVER = "Over that (余, 多)."
    NEARLY = "Nearly that (近)."
    PERCENT = "A share, as a percentage (百分比)."


class Figure(Entity):
    """A number that a practice has published, and the query that shows it (公布数据)."""

    __tablename__ = "figures"

    code: Mapped[str] = mapped_column(unique=True, doc="Its code: the feature's, a dot and its own name (代码).")
    feature_id: Mapped[UUID] = ref("features.id")
    practice: Mapped[str] = mapped_column(index=True, doc="The code of the practice (实践).")
    name: Mapped[str] = mapped_column(doc="What is counted (指标).")
    value: Mapped[float] = mapped_column(doc="The number (数值).")
    unit: Mapped[str | None] = mapped_column(doc="What it is a number of (单位).")
    qualifier: Mapped[Qualifier] = mapped_column(doc="How it is meant (限定).")
    scope: Mapped[str | None] = mapped_column(doc="Of what, since when (口径).")
    said: Mapped[str] = mapped_column(doc="What was published, in a few words (公布内容).")
    query: Mapped[str] = mapped_column(doc="The GraphQL query that gives it (查询).")
    at: Mapped[str] = mapped_column(doc="Where in the answer it stands: organizations.totalCount (取值位置).")
    closed_on: Mapped[date | None] = mapped_column(doc=ENDED)


class Indicator(Entity):
    """A share that is worked out the same way everywhere (指标)."""

    __tablename__ = "indicators"

    code: Mapped[str] = mapped_column(unique=True, doc="Its code: the practice's, a dot and its own (代码).")
    practice: Mapped[str] = mapped_column(index=True, doc="The code of the practice (实践).")
    name: Mapped[str] = mapped_column(doc="What it is called (名称).")
    description: Mapped[str | None] = mapped_column(doc="What it tells (说明).")
    numerator: Mapped[dict[str, Any]] = mapped_column(doc="What is counted, as JSON (分子).")
    denominator: Mapped[dict[str, Any]] = mapped_column(default=dict, doc="Of what, as JSON; empty: a count (分母).")
    exclusions: Mapped[dict[str, Any]] = mapped_column(default=dict, doc="What is left out of both, as JSON (剔除).")
    period: Mapped[str | None] = mapped_column(
        doc="The assessment period: MONTH, QUARTER, YEAR, or from the 19th on: MONTH:19 (考核周期)."
    )
    closed_on: Mapped[date | None] = mapped_column(doc=ENDED)
