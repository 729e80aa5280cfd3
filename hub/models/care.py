"""Care labels: sensitive personal data, apart from everything else, and who looked at them.

The graph has no node of a label: so there is no filter, order, tally or export of it, and the log hides its values.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, SECRET, Entity, Term, ref


class CarePurpose(Term):
    """What a care label may be looked at for (查阅目的)."""

    VISIT = "A visit or help at home (走访帮扶)."
    EMERGENCY = "Danger to the person (紧急救助)."
    REVIEW = "To see whether it still holds (复核)."
    RIGHTS = "The person, or who speaks for them, asks (本人查询)."


class CareLabel(Entity):
    """How a person in need of care is classed (分类分色管理). Why that may be, stands in `basis` and `assessment`."""

    __tablename__ = "care_labels"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"), index=True, info=SECRET)
    scheme: Mapped[str] = mapped_column(info=SECRET, doc="Whose classes they are (分类方案).")
    label: Mapped[str] = mapped_column(info=SECRET, doc="The class or colour (类别, 颜色).")
    basis: Mapped[str] = mapped_column(info=SECRET, doc="By which right it is kept: consent, a duty by law (处理依据).")
    assessment: Mapped[str] = mapped_column(info=SECRET, doc="The number of the impact assessment (影响评估编号, PIA).")
    purpose: Mapped[str] = mapped_column(info=SECRET, doc="What it is kept for (处理目的).")
    until: Mapped[date] = mapped_column(info=SECRET, doc="The last day on which it holds (有效期至).")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)


class CareReveal(Entity):
    """Somebody looked at a person's care labels: who, when, what for (查阅记录). Nothing of the labels is in it."""

    __tablename__ = "care_reveals"

    person_id: Mapped[UUID] = ref("parties.id")
    by: Mapped[str] = mapped_column(doc="Who looked: the subject of the token (查阅人).")
    purpose: Mapped[CarePurpose] = mapped_column(doc="What for (查阅目的).")
    reason: Mapped[str] = mapped_column(doc="Why just then, in words (理由).")
    shown: Mapped[int] = mapped_column(info=SECRET, doc="How many labels were shown (条数).")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
