"""Who may write a field: rules, pins, and what a source says that does not stand."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, Entity, Term, now, ref


class Rule(Term):
    """Whose word stands where a source and somebody else say different things of a field (归属规则)."""

    SOURCE = "The source's word stands, over people too (以来源为准)."
    HUB = "What a person wrote in the hub stays (以本系统为准); until then the source writes it."
    NEWEST = "Whoever said it last (以最新为准); a source that repeats itself says nothing new."


class Ownership(Entity):
    """A rule for a source, a kind of record and a field (字段归属). The most specific one counts."""

    __tablename__ = "ownerships"

    source_id: Mapped[UUID | None] = ref("sources.id", index=False)
    kind: Mapped[str] = mapped_column(doc="The kind of record (记录类型).")
    field: Mapped[str] = mapped_column(doc='The field, as a plugin\'s record names it (字段); "*": every field.')
    rule: Mapped[Rule] = mapped_column(doc="Whose word stands (归属规则).")
    note: Mapped[str | None] = mapped_column(doc="Why, in words (说明).")
    set_by: Mapped[str | None] = mapped_column(doc="Who decided so (设定人).")

    __table_args__ = (Index(None, "source_id", "kind", "field", unique=True, postgresql_nulls_not_distinct=True),)


class Pin(Entity):
    """A person holds a field of one row as it is: no source writes it, whatever the rules say (人工锁定)."""

    __tablename__ = "pins"

    entity: Mapped[str] = mapped_column(doc="The type of the row, as the graph calls it (对象类型).")
    entity_id: Mapped[UUID] = mapped_column()
    field: Mapped[str] = mapped_column(doc="The field, as a plugin's record names it (字段).")
    reason: Mapped[str | None] = mapped_column(doc="Why, in words (原因).")
    pinned_by: Mapped[str | None] = mapped_column(doc="Who holds it (锁定人).")
    until: Mapped[datetime | None] = mapped_column(doc="Until when (有效期); empty: until it is let go.")

    __table_args__ = (Index(None, "entity_id", "field", unique=True),)


class Withheld(Base):
    """What a source says of a field, and what does not stand in the hub, with the rule that decided (未采纳的值)."""

    __tablename__ = "withheld"

    entity_id: Mapped[UUID] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True, doc="The field (字段).")
    source_id: Mapped[UUID] = ref("sources.id", primary_key=True)
    run_id: Mapped[UUID] = mapped_column()
    value: Mapped[Any] = mapped_column(JSONB, nullable=True)
    rule: Mapped[str] = mapped_column(doc="The rule that decided, in words (判定规则); empty: it agrees.")
    said_at: Mapped[datetime | None] = mapped_column(doc="When the source said so, by its own clock (来源时间).")
    at: Mapped[datetime] = mapped_column(default=now, doc="When the hub heard it (接收时间).")


class Drift(Term):
    """What happens where a source says what its plugin does not expect (结构变化策略)."""

    EVOLVE = "An unknown field is kept beside the row (保留); a value that cannot be read: as QUARANTINE."
    FREEZE = "The run stops before anything of the page is written (停止)."
    DISCARD = "The field is left out, the rest of the record is taken (丢弃)."
    QUARANTINE = "The record waits as rejected until somebody decides (隔离)."


class DriftRule(Entity):
    """What happens for a source, a kind of record and a field (结构变化规则). The most specific one counts."""

    __tablename__ = "drift_rules"

    source_id: Mapped[UUID | None] = ref("sources.id", index=False)
    kind: Mapped[str] = mapped_column(doc='The kind of record (记录类型); "*": every kind.')
    field: Mapped[str] = mapped_column(doc='The field, as the source calls it (字段); "*": every field.')
    policy: Mapped[Drift] = mapped_column(doc="What happens (策略).")
    note: Mapped[str | None] = mapped_column(doc="Why, in words (说明).")
    set_by: Mapped[str | None] = mapped_column(doc="Who decided so (设定人).")

    __table_args__ = (Index(None, "source_id", "kind", "field", unique=True, postgresql_nulls_not_distinct=True),)


class Extra(Base):
    """What a source says of a row beyond what the hub knows, as received (附加字段)."""

    __tablename__ = "extras"

    entity_id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[UUID] = ref("sources.id", primary_key=True)
    fields: Mapped[dict[str, Any]] = mapped_column(doc="The fields and what they say (附加字段).")
    at: Mapped[datetime] = mapped_column(default=now, doc="When it was last said (接收时间).")
