"""What all tables share: keys, vocabularies, times. Nothing here behaves."""

import enum
import os
import random
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as QuickUUID  # the driver's own: a uuid.UUID, made in half the time
from sqlalchemy import DateTime, Enum, ForeignKey, Index, MetaData, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Term(enum.Enum):
    """A closed vocabulary. The name is what is stored and shown; the value says what it means, English first."""


_chance = random.Random()
os.register_at_fork(after_in_child=_chance.seed)  # two processes never draw the same keys


def uuid7() -> UUID:
    """A key that grows with time (RFC 9562, version 7): milliseconds in 48 bits, their 4096th parts, 62 random bits."""
    stamp, rest = divmod(time.time_ns(), 1_000_000)
    high = stamp << 16 | 0x7000 | rest * 4096 // 1_000_000
    return QuickUUID((high << 64 | 1 << 63 | _chance.getrandbits(62)).to_bytes(16))


def now() -> datetime:
    return datetime.now(UTC)


def ref(target: str, *, index: bool = True, primary_key: bool = False, use_alter: bool = False) -> Mapped[Any]:
    """A column that names a row of another table, "grids.id"; indexed, because edges are walked both ways.

    `use_alter` breaks a circle of tables that name one another: the constraint is made last.
    """
    return mapped_column(
        ForeignKey(target, use_alter=use_alter), index=index and not primary_key, primary_key=primary_key
    )


def sparse(column: str) -> Index:
    """An index that knows only the rows which have a value: for columns that are mostly empty."""
    return Index(None, column, postgresql_where=text(f"{column} IS NOT NULL"))


PATH = Text(collation="C")
LISTED = {"listed": True}  # a column of JSON that holds a list, or nothing
SECRET = {"secret": True}  # the change log and the messages never show such a column


class Base(DeclarativeBase):
    """The registry of tables. Keys are UUIDv7; vocabularies are text with a CHECK; times carry their zone."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        str: Text(),
        Term: Enum(Term, native_enum=False, create_constraint=True, length=32),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[str]: JSONB(),
    }


class Entity(Base):
    """A noun with a life of its own: a key, its times and a revision that grows with every change."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    created_at: Mapped[datetime] = mapped_column(default=now, doc="When the hub first knew of it (创建时间).")
    updated_at: Mapped[datetime] = mapped_column(
        default=now, onupdate=now, doc="When it last changed in the hub (更新时间)."
    )
    revision: Mapped[int] = mapped_column(default=1, doc="Grows by one with every change (版本).")
