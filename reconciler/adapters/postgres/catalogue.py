"""What the server says of itself and of its tables: version, rights, clock, and whether columns fit their fields."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from reconciler.adapters.postgres.sql import table_name
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec, System
from reconciler.errors import StoreUnavailable

Wanted = Sequence[tuple[str, FieldSpec | None]]

# -- the server --------------------------------------------------------------------------------------------------------

DESCRIBE = """
select current_setting('server_version') as version, pg_catalog.pg_is_in_recovery() as standby,
  extract(epoch from pg_catalog.clock_timestamp())::float8 as clock,
  (select system_identifier::text from pg_catalog.pg_control_system()) as system,
  (select rolsuper from pg_catalog.pg_roles where rolname = current_user) as superuser,
  pg_catalog.current_database() as database, current_setting('server_encoding') as encoding
"""
WRITABLE = """
select distinct p.privilege
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace,
  unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) as p(privilege)
where c.relkind in ('r', 'p', 'f') and n.nspname not in ('pg_catalog', 'information_schema')
  and n.nspname not like 'pg\\_toast%'
  and (pg_catalog.has_table_privilege(c.oid, p.privilege)
    or (p.privilege in ('INSERT', 'UPDATE') and pg_catalog.has_any_column_privilege(c.oid, p.privilege)))
order by 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """A server as it describes itself; `skew` is in seconds."""

    version: str
    role: str
    identity: str
    skew: float
    writable: tuple[str, ...]
    problems: tuple[str, ...]


async def describe(connection: asyncpg.Connection) -> ServerFacts:
    """Version, role, identity, clock, and what the account could write."""
    before = time.time()
    row = await connection.fetchrow(DESCRIBE)
    between = (before + time.time()) / 2
    if row is None:
        raise StoreUnavailable("PostgreSQL (target) answered nothing", next_step="run again")
    writable = tuple(str(one["privilege"]) for one in await connection.fetch(WRITABLE))
    return ServerFacts(
        version=str(row["version"]),
        role="standby" if row["standby"] else "primary",
        identity=f"postgresql:{row['system']}/{row['database']}",
        skew=float(row["clock"]) - between,
        writable=("everything: the account is a superuser",) if row["superuser"] else writable,
        problems=() if row["encoding"] == "UTF8" else (f"PostgreSQL stores {row['encoding']}, not UTF8",),
    )


# -- tables and columns ------------------------------------------------------------------------------------------------

COLUMNS = """
select a.attname as name, coalesce(b.typname, e.typname, t.typname) as base, e.typname is not null as is_array,
  coalesce(b.typtype, e.typtype, t.typtype)::text as kind
from pg_catalog.pg_attribute a
  join pg_catalog.pg_type t on t.oid = a.atttypid
  left join pg_catalog.pg_type b on t.typtype = 'd' and b.oid = t.typbasetype
  left join pg_catalog.pg_type e on t.typcategory = 'A' and e.oid = t.typelem
where a.attrelid = pg_catalog.to_regclass($1) and a.attnum > 0 and not a.attisdropped
"""
KIND = "select relkind::text from pg_catalog.pg_class where oid = pg_catalog.to_regclass($1)"
NEAR = """
select n.nspname || '.' || c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and lower(c.relname) = lower($1) and n.nspname not in ('pg_catalog', 'information_schema')
order by 1 limit 1
"""
RELATIONS = {
    "v": "a view", "m": "a materialized view", "f": "a foreign table", "S": "a sequence", "i": "an index",
    "c": "a composite type",
}  # fmt: skip
TEXTS = ("text", "varchar", "bpchar", "citext", "name")
WHOLE = ("int2", "int4", "int8", "numeric")
FITTING: Mapping[FieldKind, tuple[str, ...]] = {
    FieldKind.TEXT: TEXTS, FieldKind.CHAR: TEXTS, FieldKind.CI: TEXTS, FieldKind.LOWER: TEXTS,
    FieldKind.IDENTITY: TEXTS, FieldKind.INTEGER: WHOLE, FieldKind.DECIMAL: WHOLE, FieldKind.DOUBLE: ("float8",),
    FieldKind.BOOLEAN: ("bool",), FieldKind.INSTANT: ("timestamptz", "timestamp"), FieldKind.BYTES: ("bytea",),
    FieldKind.JSON: ("jsonb", "json"), FieldKind.REFERENCE: ("uuid",),
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


async def problems(connection: asyncpg.Connection, entity: EntitySpec, system: System) -> list[str]:
    """What of an entity's tables, or of those it refers to, is missing or of another type, a sentence each."""
    found = await _table_problems(connection, entity, entity.table, _wanted(entity))
    for item in entity.fields:
        if item.children:
            wanted: Wanted = [
                *((one.column, one) for one in item.children.fields),
                (item.children.parent_column, None),
                (item.children.position_column, None),
            ]
            found += await _table_problems(connection, entity, item.children.table, wanted)
    for name in entity.referred:
        found += await _reference_problems(connection, entity, system.entity(name))
    return found


def _wanted(entity: EntitySpec) -> Wanted:
    """The columns of the entity's own table with their fields."""
    own: list[tuple[str, FieldSpec | None]] = [(item.column, item) for item in entity.fields if item.column]
    return [(entity.row_id, None), *own]


async def _table_problems(connection: asyncpg.Connection, entity: EntitySpec, table: str, wanted: Wanted) -> list[str]:
    """One table's problems."""
    where = f"table {entity.schema}.{table} of entity {entity.name}"
    kind = await connection.fetchval(KIND, table_name(entity.schema, table))
    if kind is None:
        near = await connection.fetchval(NEAR, table)
        return [f"{where} does not exist{f'; there is {near}' if near else ''}"]
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
    taken = FITTING[item.items or item.kind]
    if column.is_array == is_array and (column.base in taken or (column.is_enum and taken is TEXTS)):
        return ""
    expected = f"{' or '.join(taken)}{'[]' if is_array else ''}"
    return f"{where}, column {name}: expected {expected} for a field of kind {item.kind.value}, got {column.shown}"


async def _reference_problems(connection: asyncpg.Connection, entity: EntitySpec, other: EntitySpec) -> list[str]:
    """What resolving references to another entity lacks."""
    there = await columns(connection, other.schema, other.table)
    where = f"table {other.schema}.{other.table}, which entity {entity.name} refers to,"
    if not there:
        return [f"{where} does not exist"]
    return [f"{where} has no column {name}" for name in (other.row_id, other.legacy_column) if name not in there]


ABOUT = "select reltuples::bigint from pg_catalog.pg_class where oid = pg_catalog.to_regclass($1)"
SHAPE = """
select c.oid::text, pg_catalog.pg_relation_filenode(c.oid)::text, a.attname, a.atttypid::text, a.atttypmod::text,
  a.attcollation::text
from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid
where c.oid = pg_catalog.to_regclass($1) and a.attnum > 0 and not a.attisdropped
order by a.attnum
"""


async def about(connection: asyncpg.Connection, entity: EntitySpec) -> int:
    """The rows of the entity's table as of its last analysis; 0 before the first."""
    found = await connection.fetchval(ABOUT, table_name(entity.schema, entity.table))
    return max(0, int(found or 0))


async def shape(connection: asyncpg.Connection, entity: EntitySpec, system: System) -> str:
    """A digest of the entity's tables and those it refers to: which they are, in which files, with which columns."""
    own = [
        (entity.schema, table)
        for table in (entity.table, *(one.children.table for one in entity.fields if one.children))
    ]
    referred = [(other.schema, other.table) for other in map(system.entity, entity.referred)]
    known = [[list(row) for row in await connection.fetch(SHAPE, table_name(*one))] for one in (*own, *referred)]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


# -- indexes and collations --------------------------------------------------------------------------------------------

UNIQUE = """
select pg_catalog.array_agg(a.attname::text) as columns
from pg_catalog.pg_index i
  cross join lateral pg_catalog.unnest(i.indkey::int2[]) with ordinality k(number, place)
  join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
where i.indrelid = pg_catalog.to_regclass($1) and i.indisunique and i.indisvalid and i.indpred is null
  and k.place <= i.indnkeyatts
group by i.indexrelid, i.indnkeyatts
having pg_catalog.count(*) = i.indnkeyatts
"""
BYTEWISE = """
select a.attname
from pg_catalog.pg_attribute a
  join pg_catalog.pg_type t on t.oid = a.atttypid
  join pg_catalog.pg_collation c on c.oid = a.attcollation
  cross join lateral (
    select pg_catalog.to_jsonb(d) as own from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()
  ) d
where a.attrelid = pg_catalog.to_regclass($1) and a.attnum > 0 and t.typname in ('text', 'varchar')
  and c.collnamespace = 'pg_catalog'::regnamespace
  and (c.collname in ('C', 'POSIX', 'ucs_basic')
    or (c.collname = 'default' and coalesce(d.own ->> 'datlocprovider', 'c') = 'b')
    or (c.collname = 'default' and coalesce(d.own ->> 'datlocprovider', 'c') = 'c'
      and d.own ->> 'datcollate' in ('C', 'POSIX')))
"""


async def is_unique(connection: asyncpg.Connection, schema: str, table: str, columns: Sequence[str]) -> bool:
    """Whether a unique index without a condition holds nothing but some of the columns."""
    found = await connection.fetch(UNIQUE, table_name(schema, table))
    return any(set(row["columns"]) <= set(columns) for row in found)


async def bytewise(connection: asyncpg.Connection, schema: str, table: str) -> frozenset[str]:
    """The text columns whose own collation orders by bytes: their indexes give the merge order."""
    return frozenset(row[0] for row in await connection.fetch(BYTEWISE, table_name(schema, table)))


async def hints(connection: asyncpg.Connection, entity: EntitySpec) -> list[str]:
    """What works but should be better, a sentence each: without a unique index a key can come twice."""
    natural = [entity.field(path).column for path in entity.key]
    wanted = [
        (entity.table, natural if entity.natural_key else [entity.legacy_column]),
        (entity.table, [entity.row_id]),
    ]
    children = [item.children for item in entity.fields if item.children]
    wanted += [(one.table, [one.parent_column, one.position_column]) for one in children]
    return [
        f"table {entity.schema}.{table} of entity {entity.name} has no unique index on {' and '.join(names)}"
        for table, names in wanted
        if not await is_unique(connection, entity.schema, table, names)
    ]
