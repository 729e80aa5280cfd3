"""Who is responsible for what: the catalogue that dispatching follows."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, Entity, ref, sparse


class CatalogueEntry(Entity):
    """A line of the catalogue of duties: for such requests on such a grid this party is responsible (职责清单条目).

    What stands now has a code. A former version is a row of its own, under what stands now.
    """

    __tablename__ = "catalogue_entries"

    code: Mapped[str | None] = mapped_column(
        unique=True, doc="The code that others know it by (编码); empty: a former version."
    )
    practice: Mapped[str | None] = mapped_column(
        doc="The code of the practice that it belongs to (实践); empty: every practice."
    )
    category: Mapped[str | None] = mapped_column(
        doc="For requests of this category and all below it, from the larger to the smaller, joined by '/' (分类); "
        "empty: every category.",
        index=True,
    )
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
    party_id: Mapped[UUID] = ref("parties.id")
    basis: Mapped[str | None] = mapped_column(doc="Which document says so (依据).")
    version: Mapped[int] = mapped_column(default=1, doc="Grows by one with every change (清单版本).")
    valid_from: Mapped[date | None] = mapped_column(doc="The first day on which it holds (生效日期).")
    valid_to: Mapped[date | None] = mapped_column(
        doc="The last day on which it holds (失效日期); empty: until it is changed."
    )
    current_id: Mapped[UUID | None] = ref("catalogue_entries.id", index=False)

    __table_args__ = (
        CheckConstraint("(code IS NULL) <> (current_id IS NULL)", name="catalogue_entries_known_or_former"),
        sparse("current_id"),
    )
