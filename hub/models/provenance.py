"""Who wrote a field last. No table: the log knows, and nothing can disagree with it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import FromClause, Text, case, column, func, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Mapped

from hub.models.base import Base
from hub.models.change import Change
from hub.models.source import Run, RunMode, Source

DERIVED = ("id", "created_at", "updated_at", "revision", "grid_path", "path", "request_id", "practice")
DOCS = {
    "field": "The field, as a plugin's record names it (字段).",
    "source": "The source that wrote it last, by name (数据源); empty: a person did.",
    "person": "The person who wrote it last, or the hub itself (操作者); empty: a source did.",
    "at": "When the source said so by its own clock, else when it was written (时间).",
}


def _last_words() -> FromClause:
    """For each row and field the last change that wrote it."""
    changes, runs, sources = Change.__table__, Run.__table__, Source.__table__
    keys = func.jsonb_object_keys(changes.c.patch).table_valued(column("name", Text), name="written")
    written = keys.render_derived().lateral()
    undone = runs.c.mode == RunMode.UNDO
    named = func.regexp_replace(written.c.name, "_id$", "", type_=Text)
    last = select(
        changes.c.entity_id,
        named.label("field"),
        case((undone, None), else_=sources.c.name).label("source"),
        changes.c.run_id,
        case((runs.c.id.is_(None), changes.c.actor), (undone, runs.c.started_by)).label("person"),
        func.coalesce(changes.c.said_at, changes.c.at).label("at"),
    )
    known = changes.join(written, true()).outerjoin(runs, runs.c.id == changes.c.run_id)
    known = known.outerjoin(sources, sources.c.id == runs.c.source_id)
    latest = (changes.c.entity_id, named, changes.c.position.desc(), changes.c.id.desc())
    shown = last.select_from(known).where(written.c.name.not_in(DERIVED)).order_by(*latest)
    found = shown.ext(distinct_on(changes.c.entity_id, named)).subquery("provenances")
    for name, words in DOCS.items():
        found.c[name].doc, found.c[name].info = words, {}  # type: ignore[attr-defined]  # as a table's columns have
    return found


class Provenance(Base):
    """Who wrote a field last: which source in which run, or which person (数据来源)."""

    __table__ = _last_words()
    __mapper_args__ = {"primary_key": [__table__.c.entity_id, __table__.c.field]}

    entity_id: Mapped[UUID]
    field: Mapped[str]
    source: Mapped[str | None]
    run_id: Mapped[UUID | None]
    person: Mapped[str | None]
    at: Mapped[datetime]
