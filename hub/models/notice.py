"""What is posted for everybody, for a time."""

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, Entity, Term, ref


class NoticeKind(Term):
    """What is posted (公示类型)."""

    SERVICE_ITEMS = "What can be had (服务事项)."
    SCHEDULE = "When somebody comes (时间安排)."
    CONTACTS = "Whom to turn to, by consent (联系方式)."
    RESULT = "What came of something (结果公示)."


class PublicNotice(Entity):
    """Something that is posted for everybody, for a time (公示)."""

    __tablename__ = "public_notices"

    code: Mapped[str | None] = mapped_column(unique=True, doc="The code that others know it by (编码).")
    practice: Mapped[str | None] = mapped_column(doc="The code of the practice it belongs to (实践).")
    notice_kind: Mapped[NoticeKind] = mapped_column(doc="What is posted (公示类型).")
    title: Mapped[str] = mapped_column(doc="What it is about, in a line (标题).")
    text: Mapped[str | None] = mapped_column(doc="What it says (公示内容); no personal number.")
    basis: Mapped[str | None] = mapped_column(doc="By what right it is posted: a rule, a consent (公示依据).")
    station_id: Mapped[UUID | None] = ref("stations.id")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
    party_id: Mapped[UUID | None] = ref("parties.id")
    since: Mapped[date] = mapped_column(index=True, doc="The first day on which everybody sees it (公示开始).")
    until: Mapped[date] = mapped_column(index=True, doc="The last day (公示截止): afterwards it is hidden by itself.")
    closed_on: Mapped[date | None] = mapped_column(doc="The day it was taken down (撤下日期); empty: it runs.")
