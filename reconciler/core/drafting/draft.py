"""A configuration as it was guessed: domains, entities, fields and what is unsure of each, before it is written."""

from dataclasses import dataclass

from reconciler.core.drafting.kinds import Kind
from reconciler.core.model import Sensitivity


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftField:
    """A field; `refers_to` belongs to a reference, `children` to a child table, `seen` tells the path's BSON types."""

    path: str
    column: str
    kind: Kind
    sensitivity: Sensitivity
    refers_to: str = ""
    seen: str = ""
    doubts: tuple[str, ...] = ()
    children: "DraftChildren | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftChildren:
    """The child table of an embedded array."""

    table: str
    parent_column: str
    position_column: str
    fields: tuple[DraftField, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftUnique:
    """An invariant that a unique index speaks for; with `where`, a path that has to be true, at most one each."""

    name: str
    entity: str
    fields: tuple[str, ...]
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftEntity:
    """An entity; `key` is empty where it is the `_id`. `notes` are what is not compared, `doubts` what is unsure."""

    name: str
    collection: str
    table: str
    fields: tuple[DraftField, ...]
    key: tuple[str, ...] = ()
    row_id: str = "id"
    legacy_column: str = ""
    embedded: str = ""
    owner: str = ""
    owner_column: str = ""
    ttl: str = ""
    may_be_empty: bool = False
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unique: tuple[DraftUnique, ...] = ()

    @property
    def refers_to(self) -> frozenset[str]:
        """The entities that it names."""
        inner = [one for field in self.fields if field.children for one in field.children.fields]
        return frozenset({one.refers_to for one in (*self.fields, *inner)} - {""})


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftDomain:
    """A domain: entities, or the reason why it has none."""

    name: str
    title: str
    entities: tuple[DraftEntity, ...] = ()
    depends_on: tuple[str, ...] = ()
    not_comparable: str = ""
    collections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """All domains, the tables that belong to none (with the reason), and where dual writes that failed are noted."""

    domains: tuple[DraftDomain, ...]
    left_tables: tuple[tuple[str, str], ...] = ()
    gaps_table: str = ""
