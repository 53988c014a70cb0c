"""What PostgreSQL's catalogue says of all tables, and rows of them, for guessing a configuration; read-only."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from reconciler.adapters.hosts import refuse_writers
from reconciler.adapters.postgres import catalogue
from reconciler.adapters.postgres.connection import Connector
from reconciler.adapters.postgres.rows import AS_THEY_ARE
from reconciler.adapters.postgres.sql import quoted, table_name
from reconciler.core.drafting.facts import ColumnFacts, ForeignKey, Row, TableFacts, Target, UniqueIndex
from reconciler.core.model import JsonText, Opaque, Raw, Side

AT_ONCE = 5_000
JSON = ("json", "jsonb")
OURS = """
n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_toast%'
  and n.nspname not like 'pg\\_temp%' and c.relkind in ('r', 'p') and not c.relispartition
"""
TABLES = f"""
select c.oid, n.nspname as schema, c.relname as name, greatest(c.reltuples, 0)::bigint as estimate,
  pg_catalog.has_table_privilege(c.oid, 'SELECT') and pg_catalog.has_schema_privilege(n.oid, 'USAGE') as readable
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where {OURS} order by 2, 3
"""
COLUMNS = f"""
select a.attrelid as oid, a.attname as name, coalesce(b.typname, e.typname, t.typname) as base,
  e.typname is not null as is_array, coalesce(e.typtype, t.typtype)::text = 'e' as is_enum,
  not a.attnotnull as nullable,
  case when t.typtype = 'd' then t.typtypmod else a.atttypmod end as modifier
from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_type t on t.oid = a.atttypid
  left join pg_catalog.pg_type b on t.typtype = 'd' and b.oid = t.typbasetype
  left join pg_catalog.pg_type e on t.typcategory = 'A' and e.oid = t.typelem
where {OURS} and a.attnum > 0 and not a.attisdropped order by a.attrelid, a.attnum
"""
INDEXES = f"""
select i.indrelid as oid, i.indisunique as is_unique, i.indisprimary as is_primary,
  coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid), '') as condition,
  array(select a.attname::text from unnest(i.indkey::int2[]) with ordinality as k(number, place)
    left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
    where k.place <= i.indnkeyatts order by k.place) as columns
from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where {OURS} and i.indisvalid order by i.indrelid, i.indexrelid
"""
FOREIGN = f"""
select k.conrelid as oid, a.attname as name, m.nspname as other_schema, o.relname as other
from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
  join pg_catalog.pg_class o on o.oid = k.confrelid join pg_catalog.pg_namespace m on m.oid = o.relnamespace
where {OURS} and k.contype = 'f' and array_length(k.conkey, 1) = 1 order by k.conrelid, k.oid
"""
HEADER = 4
LONG = {"int2", "int4", "int8"}


class PostgresSchema:
    """The target's tables."""

    def __init__(self, connector: Connector, *, allow_writable: bool) -> None:
        """`connector` reads only; nothing is sent yet."""
        self._connector = connector
        self._allow_writable = allow_writable

    async def tables(self) -> Sequence[TableFacts]:
        """Every table outside the system's schemas; off this machine an account that can write is refused."""
        async with self._connector.connect(doing="reading the catalogue") as connection:
            found = await catalogue.describe(connection)
            refuse_writers(
                Side.TARGET, found.writable, loopback=self._connector.address.loopback, allowed=self._allow_writable
            )
            tables = await connection.fetch(TABLES)
            columns, indexes, foreign = [
                _by_table(await connection.fetch(text)) for text in (COLUMNS, INDEXES, FOREIGN)
            ]
        return [_table(row, columns, indexes, foreign) for row in tables]

    async def carried(self, table: TableFacts, column: str, values: Sequence[str]) -> Mapping[str, int]:
        """How many rows carry each of these texts."""
        name = quoted(column)
        statement = (
            f"select {name}::text, count(*) from {table_name(table.schema, table.name)}"
            f" where {name} = any($1::text[]) group by 1"
        )
        found: dict[str, int] = {}
        for part in _parts(values):
            found |= {row[0]: row[1] for row in await self._fetch(table, statement, part)}
        return found

    async def some(self, table: TableFacts, limit: int) -> Sequence[Row]:
        """Some rows."""
        return _rows(table, await self._fetch(table, f"{_select(table)} limit $1", limit))

    async def rows(self, table: TableFacts, column: str, values: Sequence[str | int], limit: int) -> Sequence[Row]:
        """Rows whose column is one of these values; values that its type can't hold are left out."""
        facts = table.column(column)
        kind, fitting = _parameter(facts, values) if facts else ("", [])
        if not fitting:
            return []
        name = f"{quoted(column)}::text" if facts and facts.is_enum else quoted(column)
        statement = f"{_select(table)} where {name} = any($1::{kind}[]) limit {int(limit)}"
        found: list[Row] = []
        for part in _parts(fitting):
            found += _rows(table, await self._fetch(table, statement, part))
        return found

    async def targets(self, table: TableFacts, row_id: str, legacy: str, uuids: Sequence[str]) -> Mapping[str, Target]:
        """Which of these UUIDs are rows of the table."""
        other = f"{quoted(legacy)}::text" if legacy else "null"
        statement = (
            f"select {quoted(row_id)}::text, {other} from {table_name(table.schema, table.name)}"
            f" where {quoted(row_id)} = any($1::uuid[])"
        )
        found: dict[str, Target] = {}
        for part in _parts([UUID(one) for one in uuids]):
            rows = await self._fetch(table, statement, part)
            found |= {row[0]: Target(table=table.label, legacy_id=row[1]) for row in rows}
        return found

    async def _fetch(self, table: TableFacts, statement: str, value: object) -> list[asyncpg.Record]:
        """The rows of one statement."""
        async with self._connector.snapshot(doing=f"reading {table.label}") as connection:
            return list(await connection.fetch(statement, value))


def _by_table(rows: Sequence[asyncpg.Record]) -> dict[int, list[asyncpg.Record]]:
    """Rows of the catalogue by the table that they are about."""
    found: dict[int, list[asyncpg.Record]] = {}
    for row in rows:
        found.setdefault(row["oid"], []).append(row)
    return found


def _table(
    row: asyncpg.Record,
    columns: Mapping[int, Sequence[asyncpg.Record]],
    indexes: Mapping[int, Sequence[asyncpg.Record]],
    foreign: Mapping[int, Sequence[asyncpg.Record]],
) -> TableFacts:
    """One table; an index on an expression is none that a configuration could name."""
    named = [one for one in indexes.get(row["oid"], ()) if one["columns"] and None not in one["columns"]]
    return TableFacts(
        schema=row["schema"],
        name=row["name"],
        columns=tuple(_column(one) for one in columns.get(row["oid"], ())),
        unique=tuple(
            UniqueIndex(columns=tuple(one["columns"]), primary=one["is_primary"], condition=one["condition"])
            for one in named
            if one["is_unique"]
        ),
        foreign=tuple(
            ForeignKey(
                column=one["name"], table=TableFacts(schema=one["other_schema"], name=one["other"], columns=()).label
            )
            for one in foreign.get(row["oid"], ())
        ),
        indexed=frozenset(one["columns"][0] for one in named),
        estimate=row["estimate"],
        readable=row["readable"],
    )


def _column(row: asyncpg.Record) -> ColumnFacts:
    """One column, its type's modifier read as length or scale."""
    base, modifier = row["base"], row["modifier"]
    given = modifier >= HEADER
    scale = (modifier - HEADER) & 0x7FF
    return ColumnFacts(
        name=row["name"],
        base=base,
        is_array=row["is_array"],
        is_enum=row["is_enum"],
        nullable=row["nullable"],
        length=modifier - HEADER if given and base in ("varchar", "bpchar") else None,
        scale=(scale ^ 1024) - 1024 if given and base == "numeric" else None,
    )


def _select(table: TableFacts) -> str:
    """A statement for whole rows."""
    columns = ", ".join(quoted(column.name) for column in table.columns)
    return f"select {columns} from {table_name(table.schema, table.name)}"


def _parameter(column: ColumnFacts, values: Sequence[str | int]) -> tuple[str, list[Any]]:
    """The type of a parameter that meets a column without a cast, and the values that it can hold."""
    if column.is_uuid:
        return "uuid", [UUID(one) for one in values if isinstance(one, str)]
    if column.is_whole:
        return "int8" if column.base in LONG else "numeric", [one for one in values if isinstance(one, int)]
    return "text", [one for one in values if isinstance(one, str) and "\0" not in one]


def _parts(values: Sequence[Any]) -> list[list[Any]]:
    """Values by the statement."""
    return [list(values[at : at + AT_ONCE]) for at in range(0, len(values), AT_ONCE)]


def _rows(table: TableFacts, rows: Sequence[asyncpg.Record]) -> list[Row]:
    """Rows by column, values as the core knows them."""
    return [
        {column.name: _plain(value, column) for column, value in zip(table.columns, row, strict=True)} for row in rows
    ]


def _plain(value: Any, column: ColumnFacts) -> Raw:  # noqa: ANN401 - any column value
    """A value as the core knows it; a UUID as its text."""
    if value is None:
        return None
    if column.base in JSON and not column.is_array:
        return JsonText(value)
    if isinstance(value, UUID):
        return str(value)
    return value if type(value) in AS_THEY_ARE else Opaque(type(value).__name__)
