"""SQL for an entity: constants of the configuration, every name quoted and qualified, values only as parameters."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from reconciler.core.spec import ChildTable, EntitySpec, FieldKind, FieldSpec, System

Seam = tuple[object, ...]
BYTES = ' collate "C"'
COMMENT = "/* reconciler read */ "
SMALLER = 2**63  # than this are all numbers of a bigint
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def quoted(name: str) -> str:
    """An identifier in quotes."""
    return '"' + name.replace('"', '""') + '"'


def table_name(schema: str, table: str) -> str:
    """A qualified table name."""
    return f"{quoted(schema)}.{quoted(table)}"


def of_table(entity: EntitySpec) -> str:
    """The entity's own table."""
    return table_name(entity.schema, entity.table)


# -- all rows in order -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with its parameters."""

    text: str
    values: Seam = ()


class Ordered:
    """Statements about the rows of an entity in merge order, which the row's own id makes total."""

    def __init__(self, entity: EntitySpec, system: System, *, bytewise: AbstractSet[str]) -> None:
        """`bytewise` are the columns whose own collation is that of bytes already, so that their indexes serve."""
        self._select = select(entity, system)
        self._from = f"{of_table(entity)} t{_owner_join(entity, system)}"
        keys = [key_expression(entity, system, path, bytewise=bytewise) for path in entity.ordered_key]
        self._order = [*keys, f"t.{quoted(entity.row_id)}"]
        self._row_id = self._order[-1]

    def rows(self, seam: Seam | None) -> list[Statement]:
        """The rows behind a seam: one statement after the other, so that each can walk an index."""
        order = f" order by {', '.join(self._order)}"
        if seam is None:
            return [Statement(self._select + order)]
        behind, first = self._behind(seam, 1), self._order[0]
        if seam[0] is None:
            return [Statement(f"{self._select} where {behind}{order}", _given(seam))]
        return [
            Statement(f"{self._select} where {first} >= $1 and ({behind}){order}", _given(seam)),
            Statement(f"{self._select} where {first} is null{order}"),
        ]

    def count(self, seam: Seam | None, until: Seam | None = None) -> Statement:
        """How many rows lie behind one seam and not behind another."""
        conditions, values = [], list(_given(seam or ()))
        if seam is not None:
            conditions.append(f"({self._behind(seam, 1)})")
        if until is not None:
            conditions.append(f"({self._behind(until, len(values) + 1)}) is not true")
            values += _given(until)
        if not conditions:
            return Statement(f"select count(*) from {self._from.partition(' t')[0]} t")
        return Statement(f"select count(*) from {self._from} where {' and '.join(conditions)}", tuple(values))

    def seam(self) -> str:
        """The place in the order of the row with the id $1."""
        return f"select {', '.join(self._order)} from {self._from} where {self._row_id} = $1"

    def _behind(self, seam: Seam, first: int) -> str:
        """The condition of lying behind a seam, nulls last; parameters are numbered from `first`."""
        expression, value = self._order[-len(seam)], seam[0]
        if value is None:
            return f"{expression} is null and ({self._behind(seam[1:], first)})" if seam[1:] else "false"
        rest = f" or ({expression} = ${first} and ({self._behind(seam[1:], first + 1)}))" if seam[1:] else ""
        return f"{expression} > ${first} or {expression} is null{rest}"


def _given(seam: Seam) -> Seam:
    """The parameters that stand for a seam: nulls are written out."""
    return tuple(value for value in seam if value is not None)


def select(entity: EntitySpec, system: System) -> str:
    """`select … from …` with the row's id in column 0 and the fields after it, in order.

    The owner's legacy id is joined where the key needs it.
    """
    fields = ", ".join(f"t.{quoted(item.column)}" if item.column else "null" for item in entity.fields)
    return f"{COMMENT}select t.{quoted(entity.row_id)}, {fields} from {of_table(entity)} t{_owner_join(entity, system)}"


def _owner_join(entity: EntitySpec, system: System) -> str:
    """The join that lets rows be ordered by their owner's legacy id."""
    if entity.embedded is None or not entity.owner_in_key:
        return ""
    owner = system.entity(entity.embedded.owner)
    return f" left join {of_table(owner)} o on o.{quoted(owner.row_id)} = t.{quoted(entity.embedded.column)}"


def key_expression(entity: EntitySpec, system: System, path: str, *, bytewise: AbstractSet[str] = frozenset()) -> str:
    """The SQL expression of a key's part; texts of any type are compared by their bytes."""
    item = entity.field(path)
    if item.kind is FieldKind.REFERENCE:
        return f"o.{quoted(system.entity(item.refers_to).legacy_column)}::text{BYTES}"
    column = f"t.{quoted(item.column)}"
    if item.kind is FieldKind.INTEGER or item.column in bytewise:
        return column
    return f"{column}::text{BYTES}"


# -- single rows -------------------------------------------------------------------------------------------------------


def by_keys(entity: EntitySpec, system: System, parts: Sequence[object]) -> list[tuple[str, list[object]]]:
    """Statements for the rows whose first key part is one of these, each with its values for $1.

    Numbers are asked for as the column's index has them; a text that PostgreSQL can't hold has no row.
    """
    path = entity.ordered_key[0]
    place = key_expression(entity, system, path).removesuffix(BYTES)
    asked = having(place, entity.field(path).kind, parts)
    return [(f"{select(entity, system)} where {which}", values) for which, values in asked]


def having(place: str, kind: FieldKind, parts: Sequence[object]) -> list[tuple[str, list[object]]]:
    """Conditions that a key's part at a place is one of these, each with its values for $1; an index can serve them."""
    if kind is FieldKind.INTEGER:
        small: list[object] = [part for part in parts if isinstance(part, int) and abs(part) < SMALLER]
        rest: list[object] = [part for part in parts if not (isinstance(part, int) and abs(part) < SMALLER)]
        return [(f"{place} = any($1::{of}[])", some) for of, some in (("bigint", small), ("numeric", rest)) if some]
    own = place.removesuffix("::text") + "::text"  # by the column's own collation, which is that of its index
    return [(f"{own} = any($1::text[]) and {own}{BYTES} = any($1::text[])", texts(parts))]


def by_ids(entity: EntitySpec, system: System) -> str:
    """Rows whose id, as text, is one of $1."""
    return f"{select(entity, system)} where t.{quoted(entity.row_id)}::text = any($1::text[])"


def references(entity: EntitySpec) -> str:
    """(id, legacy id) of the rows with these ids."""
    row_id, legacy = quoted(entity.row_id), quoted(entity.legacy_column)
    return f"select {row_id}, {legacy} from {of_table(entity)} where {row_id} = any($1::uuid[])"


def known_legacy_ids(entity: EntitySpec) -> str:
    """Which of these legacy ids are there."""
    column = quoted(entity.legacy_column)
    return f"select distinct {column} from {of_table(entity)} where {column} = any($1::text[])"


def known_ids(entity: EntitySpec) -> str:
    """Which of these ids rows have."""
    row_id = quoted(entity.row_id)
    return f"select {row_id} from {of_table(entity)} where {row_id} = any($1::uuid[])"


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID as PostgreSQL prints them."""
    return UUID_TEXT.fullmatch(text) is not None


def row_count(schema: str, table: str) -> str:
    """How many rows a table has."""
    return f"select count(*) from {table_name(schema, table)}"


def filled(entity: EntitySpec, columns: Sequence[str]) -> str:
    """How many rows there are, and how many have a value in each of these columns."""
    counts = "".join(f", count({quoted(column)})" for column in columns)
    return f"select count(*){counts} from {of_table(entity)}"


# -- child rows --------------------------------------------------------------------------------------------------------


def child_rows(entity: EntitySpec, children: ChildTable) -> str:
    """(parent, position, fields …) of the child rows of these parents; rows at one position in an order of their own.

    That order is the same at each reading, so that a difference stays the same while nothing changes.
    """
    fields = "".join(f", {quoted(item.column)}" for item in children.fields)
    parent, position = quoted(children.parent_column), quoted(children.position_column)
    table = table_name(entity.schema, children.table)
    return (
        f"select {parent}, {position}{fields} from {table} where {parent} = any($1::uuid[])"
        f" order by {parent}, {position}{''.join(f', {quoted(item.column)}::text{BYTES}' for item in children.fields)}"
    )


def orphans(entity: EntitySpec, item: FieldSpec) -> str:
    """(parent, position) of child rows whose parent row does not exist."""
    children = item.children
    if children is None:
        raise KeyError(item.path)
    parent = quoted(children.parent_column)
    table = table_name(entity.schema, children.table)
    return (
        f"select c.{parent}, c.{quoted(children.position_column)} from {table} c"
        f" where not exists (select from {of_table(entity)} t where t.{quoted(entity.row_id)} = c.{parent})"
        " order by 1, 2"
    )


def unresolved_gaps(schema: str, table: str) -> str:
    """(domain, count) of dual writes that failed and were not repaired."""
    return f"select domain, count(*) as n from {table_name(schema, table)} where resolved_at is null group by domain"


def texts(values: Sequence[object]) -> list[object]:
    """Values as texts, without those that PostgreSQL can't hold: no row has them."""
    return [text for text in map(str, values) if "\0" not in text]
