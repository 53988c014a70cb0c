"""What is known of both stores before anything is guessed: collections with sampled documents, tables, rows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.core.model import Raw

Document = Mapping[str, Raw]
Row = Mapping[str, Raw]
"""A row by column; a uuid is its text, a type that no rule takes is Opaque."""
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,62}")
COLLECTION = re.compile(r"(?!system\.)[^$\0\s][^$\0]{0,119}")
PUBLIC = "public"
TEXTS = frozenset({"text", "varchar", "bpchar", "citext", "name"})
WHOLE = frozenset({"int2", "int4", "int8"})
UUID = "uuid"
ID = "_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionFacts:
    """A collection with documents from both ends of `_id`.

    `ttl` are paths whose TTL index drops a document at that very time, `later_ttl` those that drop it some time after;
    `unique` are the paths of each unique index that holds without a condition.
    """

    name: str
    documents: tuple[Document, ...] = ()
    ttl: tuple[str, ...] = ()
    later_ttl: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """A column: its base type's name under domains and arrays; `scale` is that of a numeric, None where it has none."""

    name: str
    base: str
    is_array: bool = False
    is_enum: bool = False
    nullable: bool = True
    length: int | None = None
    scale: int | None = None

    @property
    def is_text(self) -> bool:
        """Whether it holds one text."""
        return not self.is_array and (self.base in TEXTS or self.is_enum)

    @property
    def is_whole(self) -> bool:
        """Whether it holds one whole number."""
        return not self.is_array and (self.base in WHOLE or (self.base == "numeric" and self.scale == 0))

    @property
    def is_uuid(self) -> bool:
        """Whether it holds one UUID."""
        return self.base == UUID and not self.is_array

    @property
    def shown(self) -> str:
        """The type in a word."""
        return f"{self.base}[]" if self.is_array else f"enum {self.base}" if self.is_enum else self.base


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueIndex:
    """A unique index; `condition` is the predicate of a partial one as the server spells it."""

    columns: tuple[str, ...]
    primary: bool = False
    condition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """A foreign key of one column; `table` is written as `TableFacts.label`."""

    column: str
    table: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """A table; `indexed` are the columns that an index begins with, `estimate` is about how many rows it has.

    `nameless` is how many columns it has that a configuration can't name.
    """

    schema: str
    name: str
    columns: tuple[ColumnFacts, ...]
    unique: tuple[UniqueIndex, ...] = ()
    foreign: tuple[ForeignKey, ...] = ()
    indexed: frozenset[str] = frozenset()
    estimate: int = 0
    readable: bool = True
    nameless: int = 0

    @property
    def label(self) -> str:
        """The table as a domain's file names it."""
        return self.name if self.schema == PUBLIC else f"{self.schema}.{self.name}"

    def column(self, name: str) -> ColumnFacts | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def row_id(self) -> str:
        """The column that tells rows apart by itself, empty where there is none."""
        whole = [index for index in self.unique if len(index.columns) == 1 and not index.condition]
        filled = [index for index in whole if not getattr(self.column(index.columns[0]), "nullable", True)]
        first = sorted(filled, key=lambda index: not index.primary)
        return first[0].columns[0] if first else ""


def nameable(table: TableFacts) -> TableFacts:
    """The table without the columns whose names can not stand in a configuration, and what rests on them."""
    strange = {column.name for column in table.columns if not IDENTIFIER.fullmatch(column.name)}
    return replace(
        table,
        columns=tuple(column for column in table.columns if column.name not in strange),
        unique=tuple(index for index in table.unique if not strange & set(index.columns)),
        foreign=tuple(one for one in table.foreign if one.column not in strange),
        nameless=len(strange),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyGuess:
    """What makes the key: the column that holds the `_id`, or paths with their columns, and the owner if `owned`."""

    legacy_column: str = ""
    paths: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    owned: bool = False
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where embedded records lie: the path in the documents of the table `parent`, and the column of the parent's id.

    `position` is the column of a child table's positions, empty where the records have a key of their own.
    """

    parent: str
    path: str
    many: bool
    link: str
    position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """A collection (or a place inside one) and a table that belong together, with records seen on both sides.

    `sampled` is how many records of the source were looked for.
    """

    collection: str
    table: TableFacts
    key: KeyGuess
    pairs: tuple[tuple[Document, Row], ...]
    documents: tuple[Document, ...]
    place: Place | None = None
    doubts: tuple[str, ...] = ()

    @property
    def sampled(self) -> int:
        """How many records of the source were looked for."""
        return len(self.documents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a UUID leads to: the label of the table whose row it is, and that row's legacy id where it has one."""

    table: str
    legacy_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What identifiers lead to: UUIDs to rows, ObjectIds (24 hex digits) to the collections that hold them."""

    rows: Mapping[str, Target]
    collections: Mapping[str, str]
