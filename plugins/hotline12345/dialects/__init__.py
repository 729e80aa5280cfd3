"""How each hotline names its fields, and what its words mean: data, one TOML file for each dialect beside this one.

A row belongs to the dialect that knows most of its columns; of two that know as many, an admin's own comes first. How
to add one is in the plugin's README.md, what all share and the decisions behind it in common.toml.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from plugins.hotline12345.dialects.files import COMMON, EMPTY, SHIPPED, Issues, Push, Written, read

__all__ = [
    "BLANKS",
    "DIALECTS",
    "LEAST_KNOWN",
    "NAMELESS",
    "TITLE_LENGTH",
    "WORDS",
    "Dialect",
    "Words",
    "caller_columns",
    "is_caller",
    "known_columns",
    "load",
]

Words = Mapping[str, Mapping[str, str | None]]

BLANKS = frozenset(COMMON["everywhere"]["blanks"])
NAMELESS = frozenset(COMMON["everywhere"]["nameless"])
CALLER_COLUMN = re.compile(COMMON["everywhere"]["caller_columns"], re.I)
CALLER_FIELDS = ("caller_name", "caller_phone")
LEAST_KNOWN: int = COMMON["everywhere"]["least_known"]
TITLE_LENGTH: int = COMMON["everywhere"]["title_length"]


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """One system's names.

    fields  field -> columns, of which the first that is filled counts; those of `category` and `names` are joined
    words   field -> word -> its name in the hub, None for "not known"
    flags   column -> the status while it is set and the order is not yet handled
    known   columns without a meaning for the hub, by which the dialect is recognised all the same
    number  matches a number with its prefix; the first group is the number without it
    ends    what parts a cell: "category", "issues", "handlers", "title"
    """

    name: str
    fields: Mapping[str, tuple[str, ...]]
    words: Words
    flags: Mapping[str, str]
    issues: Issues | None
    gcj02: bool
    known: frozenset[str]
    times: Sequence[str]
    number: re.Pattern[str]
    ends: Mapping[str, re.Pattern[str]]
    push: Push

    def understanding(self, words: Words) -> "Dialect":
        """The dialect with an operator's words, whose meaning comes before its own."""
        fields = {**self.words, **words}
        return replace(self, words={name: {**self.words.get(name, {}), **words.get(name, {})} for name in fields})

    def word(self, field: str, name: str) -> str:
        """How the hub's name is written to the hotline: the first word that means it, else the name itself."""
        own = self.push.words.get(field, {})
        return own.get(name) or next((word for word, meant in self.words.get(field, {}).items() if meant == name), name)


def meanings(words: Mapping[str, Mapping[str, Iterable[str]]]) -> dict[str, dict[str, str | None]]:
    """field -> word -> name, from a file's field -> name -> words."""
    return {
        field: {word: None if name == EMPTY else name for name, words in names.items() for word in words}
        for field, names in words.items()
    }


WORDS: Words = meanings(COMMON["words"])


def dialect(written: Written) -> Dialect:
    """The dialect that a file describes."""
    own = meanings(written.words)
    columns = {name: (said,) if isinstance(said, str) else tuple(said) for name, said in written.fields.items()}
    prefixes = "|".join(map(re.escape, written.numbers.prefixes))
    return Dialect(
        name=written.name,
        fields=columns | {name: tuple(said) for name, said in written.joined.items()},
        words={field: {**own.get(field, {}), **rest(words, own.get(field, {}))} for field, words in WORDS.items()},
        flags=written.flags,
        issues=written.issues,
        gcj02=written.coordinates == "gcj02",
        known=frozenset(written.recognised_by),
        times=written.times,
        number=re.compile(rf"(?:{prefixes})?[-_:]?(\d{{{written.numbers.digits},}})"),
        ends={name: re.compile("|".join(map(re.escape, said)) or r"(?!)") for name, said in written.separators},
        push=written.push,
    )


def rest(words: Mapping[str, str | None], own: Mapping[str, str | None]) -> dict[str, str | None]:
    """The shared words that the dialect does not use in a sense of its own."""
    return {word: name for word, name in words.items() if word not in own}


@lru_cache(maxsize=64)
def known_columns(dialect: Dialect) -> frozenset[str]:
    """Every column that the dialect knows."""
    issues = [dialect.issues.column] if dialect.issues else []
    return dialect.known.union(dialect.flags, issues, *dialect.fields.values())


@lru_cache(maxsize=64)
def caller_columns(dialects: Sequence[Dialect]) -> frozenset[str]:
    """The columns in which one of these dialects names the caller."""
    return frozenset(name for one in dialects for field in CALLER_FIELDS for name in one.fields.get(field, ()))


def is_caller(column: str, columns: frozenset[str]) -> bool:
    """Whether the column is one of these, or named like one in which a caller stands."""
    return column in columns or CALLER_COLUMN.search(column) is not None


def load(folder: Path | None = None) -> tuple[Dialect, ...]:
    """The dialects of an admin's folder, then the shipped ones of other names. Raises ValueError as files.read does."""
    if folder is None:
        return DIALECTS
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise ValueError(f"{folder}: it holds no *.toml file. Copy one of {SHIPPED} there and change it.")
    own: dict[str, Dialect] = {}
    for file in files:
        written = read(file)
        if written.name in own:
            raise ValueError(
                f"{file.name}: name: another file there is called {written.name!r} too. Write another name."
            )
        own[written.name] = dialect(written)
    return (*own.values(), *(one for one in DIALECTS if one.name not in own))


DIALECTS = tuple(dialect(read(file)) for file in sorted(SHIPPED.glob("*.toml")) if file.name != "common.toml")
