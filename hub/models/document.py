"""Papers of a practice, as data: cards, sheets and lists."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, Entity, Term, ref


class DocKind(Term):
    """What sort of paper it is (三卡两表一清单)."""

    CLEAR_CARD = "Card that makes clear what there is to be had (明白卡)."
    CONTACT_CARD = "Card that says whom to ask (联系卡)."
    RECORD_CARD = "Card that records what was done (纪实卡)."
    LOG_SHEET = "Sheet that logs (记录表)."
    RATING_SHEET = "Sheet that rates (评定表)."
    PROJECT_LIST = "List of projects (项目清单)."


class Document(Entity):
    """A card, a sheet or a list about a party or a project (三卡两表一清单). The practice decides what it holds."""

    __tablename__ = "documents"

    code: Mapped[str | None] = mapped_column(unique=True, doc="The code that others know it by (编码).")
    doc_kind: Mapped[DocKind] = mapped_column(doc="What sort of paper it is (类型).")
    title: Mapped[str] = mapped_column(doc="Its title (标题).")
    party_id: Mapped[UUID | None] = ref("parties.id")
    project_id: Mapped[UUID | None] = ref("projects.id")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
    fields: Mapped[dict[str, Any]] = mapped_column(
        default=dict, doc="What stands in it, by the names that the practice gives it (内容); may be empty."
    )
    public: Mapped[bool] = mapped_column(default=False, doc="Whether everybody may see it (是否公示).")
    practice: Mapped[str | None] = mapped_column(doc="The code of the practice it belongs to (实践).")
    issued_on: Mapped[date | None] = mapped_column(doc="The day it was made out (填写日期).")
