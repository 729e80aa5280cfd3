"""What a kind of record is: which columns its fields become, what it names, how a row of it is known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from hub.models import Base, GridLevel
from hub.services.working_days import local_day
from hub.sync import values as reading

Values = dict[str, Any]

EVERY = "*"
"""Stands for all fields of a kind where rules name them."""

BY_KEY = ("id",)
"""The natural columns of a kind without any: a row is known by what its source calls it, and by nothing else."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A field that names another row by its code: it becomes `column`, and its place in the tree `path`.

    `needed` tells of the record's values whether it must wait until the row named is known. `tree`: what names must
    not be below what is named.
    """

    column: str
    target: type[Base]
    path: str | None = None
    by_name: bool = False
    tree: bool = True
    needed: Callable[[Values], bool] = lambda values: False


@dataclass(frozen=True, slots=True)
class Found:
    """The row that a reference means."""

    id: UUID
    path: str | None = None
    level: GridLevel | None = None


def _as_they_are(values: Values, row: Mapping[str, Any] | None, found: Mapping[str, Found], at: datetime) -> str | None:
    """No column follows from others."""
    return None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record.

    fields    field -> column, for scalars
    defaults  columns of a new row that the record does not say
    natural   the columns by which a row is known that no source has named yet
    required  fields without which no new row can be
    nested    field -> how it is read, for what becomes rows of its own
    living    fields of its course: whoever says them last is right, unless a rule says otherwise; of the others what a
              person wrote stays
    closing   what marks a row as gone
    reopening what unmarks it, when the source that said so has it again
    derive    fills in the columns that follow from others, in place; or the words of a refusal

    `closing` and `derive` are told the time: a stored plan is applied later, and must come out the same.
    """

    name: str
    model: type[Base]
    fields: Mapping[str, str]
    references: Mapping[str, Reference] = field(default_factory=dict)
    nested: Mapping[str, reading.Reader] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    natural: tuple[str, ...] = ("code",)
    required: tuple[str, ...] = ()
    living: frozenset[str] = frozenset()
    closing: Callable[[datetime], Values] = lambda at: {"closed_on": local_day(at)}
    reopening: Mapping[str, Any] = field(default_factory=lambda: {"closed_on": None})
    derive: Callable[[Values, Mapping[str, Any] | None, Mapping[str, Found], datetime], str | None] = _as_they_are

    @property
    def table(self) -> Table:
        return self.model.metadata.tables[self.model.__tablename__]

    @property
    def natural_references(self) -> list[tuple[str, type[Base]]]:
        """Those natural columns that are references: the field and the table it names. All or none are."""
        by_column = {reference.column: (name, reference.target) for name, reference in self.references.items()}
        return [by_column[column] for column in self.natural if column in by_column]

    def never_empty(self) -> dict[str, bool]:
        """Columns that hold something in every row -> whether a record that says "empty" is refused for it."""
        filled = {column.name for column in self.table.c if not column.nullable} | self.defaults.keys()
        names = {**self.fields, **{name: reference.column for name, reference in self.references.items()}}
        return {column: name in self.required for name, column in names.items() if column in filled | {*self.natural}}

    def names(self) -> dict[str, str]:
        """column -> field, for what a record can say."""
        scalars = {column: name for name, column in self.fields.items()}
        return scalars | {reference.column: name for name, reference in self.references.items()}

    def readers(self) -> dict[str, tuple[str, reading.Reader]]:
        """field -> column and how its values are read."""
        columns = self.table.c
        return {name: (column, reading.reader(columns[column])) for name, column in self.fields.items()}
