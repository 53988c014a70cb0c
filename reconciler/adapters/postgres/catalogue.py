"""What tables and columns there are, and whether their types are ones that a field's rule takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from reconciler.adapters.postgres.sql import table_name
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec

COLUMNS = """
select a.attname as name, coalesce(b.typname, e.typname, t.typname) as base, e.typname is not null as is_array, t.typtype::text as kind
from pg_catalog.pg_attribute a
  join pg_catalog.pg_type t on t.oid = a.atttypid
  left join pg_catalog.pg_type b on t.typtype = 'd' and b.oid = t.typbasetype
  left join pg_catalog.pg_type e on t.typcategory = 'A' and e.oid = t.typelem
where a.attrelid = pg_catalog.to_regclass($1) and a.attnum > 0 and not a.attisdropped
"""
KIND = "select relkind::text from pg_catalog.pg_class where oid = pg_catalog.to_regclass($1)"
RELATIONS = {
    "v": "a view",
    "m": "a materialized view",
    "f": "a foreign table",
    "S": "a sequence",
    "i": "an index",
    "c": "a composite type",
}

TEXTS = ("text", "varchar", "bpchar", "citext", "name")
FITTING: Mapping[FieldKind, tuple[str, ...]] = {
    FieldKind.TEXT: TEXTS, FieldKind.CHAR: TEXTS, FieldKind.CI: TEXTS, FieldKind.LOWER: TEXTS, FieldKind.IDENTITY: TEXTS,
    FieldKind.INTEGER: ("int2", "int4", "int8", "numeric"), FieldKind.DECIMAL: ("numeric", "int2", "int4", "int8"),
    FieldKind.DOUBLE: ("float8",), FieldKind.BOOLEAN: ("bool",), FieldKind.INSTANT: ("timestamptz", "timestamp"),
    FieldKind.BYTES: ("bytea",), FieldKind.JSON: ("jsonb", "json"), FieldKind.REFERENCE: ("uuid",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A column's type: the base type's name under domains and arrays."""

    base: str
    is_array: bool
    is_enum: bool

    @property
    def shown(self) -> str:
        """The type in a word."""
        return f"{self.base}[]" if self.is_array else f"enum {self.base}" if self.is_enum else self.base


async def columns(connection: asyncpg.Connection, schema: str, table: str) -> dict[str, Column]:
    """The columns of a table by name; empty where there is no such table."""
    rows = await connection.fetch(COLUMNS, table_name(schema, table))
    return {row["name"]: Column(row["base"], row["is_array"], row["kind"] == "e") for row in rows}


async def problems(connection: asyncpg.Connection, entity: EntitySpec) -> list[str]:
    """What of an entity's tables and columns is missing or of another type, a sentence each."""
    found = await _table_problems(connection, entity, entity.table, [*_wanted(entity)])
    for item in entity.fields:
        if item.children:
            wanted = [(one.column, one) for one in item.children.fields]
            wanted += [(item.children.parent_column, None), (item.children.position_column, None)]
            found += await _table_problems(connection, entity, item.children.table, wanted)
    return found


def _wanted(entity: EntitySpec) -> Sequence[tuple[str, FieldSpec | None]]:
    """The columns of the entity's own table with their fields."""
    return [(entity.row_id, None), *((item.column, item) for item in entity.fields if item.column)]


async def _table_problems(
    connection: asyncpg.Connection, entity: EntitySpec, table: str, wanted: Sequence[tuple[str, FieldSpec | None]]
) -> list[str]:
    """One table's problems."""
    where = f"table {entity.schema}.{table} of entity {entity.name}"
    kind = await connection.fetchval(KIND, table_name(entity.schema, table))
    if kind is None:
        return [f"{where} does not exist"]
    if kind not in ("r", "p"):
        return [f"{where}: expected a table, got {RELATIONS.get(kind, 'another kind of relation')}"]
    there = await columns(connection, entity.schema, table)
    return [problem for name, item in wanted if (problem := _column_problem(where, name, item, there.get(name)))]


def _column_problem(where: str, name: str, item: FieldSpec | None, column: Column | None) -> str:
    """What is wrong with one column, empty if nothing."""
    if column is None:
        return f"{where} has no column {name}"
    if item is None:
        return ""
    is_array = item.kind is FieldKind.ARRAY
    kind = item.items or item.kind
    fits = column.is_array == is_array and (column.base in FITTING[kind] or (column.is_enum and FITTING[kind] is TEXTS))
    wanted = " or ".join(FITTING[kind])
    return (
        ""
        if fits
        else f"{where}, column {name}: expected {wanted}{'[]' if is_array else ''} for a field of kind {item.kind.value}, got {column.shown}"
    )


UNIQUE = """
select 1 from pg_catalog.pg_index i join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
where i.indrelid = pg_catalog.to_regclass($1) and i.indisunique and i.indnkeyatts = 1 and i.indpred is null and a.attname = $2
"""


async def is_unique(connection: asyncpg.Connection, schema: str, table: str, column: str) -> bool:
    """Whether a unique index without a condition holds the column alone."""
    return await connection.fetchval(UNIQUE, table_name(schema, table), column) is not None
