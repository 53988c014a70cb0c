"""Reads entities from PostgreSQL: one snapshot a look, a cursor in merge order, references resolved in batches."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from reconciler.adapters.hosts import refuse_writers
from reconciler.adapters.postgres import catalogue, sql
from reconciler.adapters.postgres.connection import Connector, describe
from reconciler.adapters.postgres.invariants import check
from reconciler.adapters.postgres.rows import RowMaker
from reconciler.app.ports import EntityRead, StoreHealth
from reconciler.core.model import InvariantResult, RawRecord, RecordKey, Side
from reconciler.core.spec import EntitySpec, FieldKind, InvariantSpec, System
from reconciler.errors import ReadInterrupted

AT_ONCE = 500


class PostgresReader:
    """The target."""

    side = Side.TARGET

    def __init__(self, connector: Connector, *, system: System, allow_writable: bool) -> None:
        """`system` tells where referenced entities lie."""
        self._connector = connector
        self._system = system
        self._allow_writable = allow_writable

    async def health(self) -> StoreHealth:
        """Reaches the server; an account that can write is refused off this machine."""
        async with self._connector.connect(doing="the first look at the server") as connection:
            found = await describe(connection)
        writable: tuple[str, ...] = found["writable"]  # type: ignore[assignment]
        refuse_writers(self.side, writable, loopback=self._connector.address.loopback, allowed=self._allow_writable)
        return StoreHealth(
            side=self.side,
            version=str(found["version"]),
            identity=str(found["identity"]),
            role=str(found["role"]),
            writable=writable,
            clock_skew_seconds=float(found["skew"]),
        )  # type: ignore[arg-type]

    async def problems(self, entity: EntitySpec) -> Sequence[str]:
        """Whether tables and columns exist, of types that the rules take, the tables referred to among them."""
        async with self._connector.connect(doing="reading the catalogue") as connection:
            found = await catalogue.problems(connection, entity)
            for name in sorted({item.refers_to for item in entity.fields if item.refers_to}):
                other = self._system.entity(name)
                there = await catalogue.columns(connection, other.schema, other.table)
                lost = {other.row_id, other.legacy_column} - set(there)
                found += [
                    f"table {other.schema}.{other.table}, which entity {entity.name} refers to, has no column {column}"
                    for column in sorted(lost)
                ]
        return found

    @asynccontextmanager
    async def read(self, entity: EntitySpec) -> AsyncIterator[EntityRead]:
        """A look at the entity from one snapshot."""
        async with self._connector.snapshot(doing=f"reading {entity.table}") as connection:
            yield PostgresRead(connection, entity, system=self._system, batch=self._connector.limits.batch)

    async def fetch(self, entity: EntitySpec, *, keys: Sequence[RecordKey], ids: Sequence[str]) -> Sequence[RawRecord]:
        """Fresh reads of the rows with these keys, and of those with these ids."""
        found: dict[str, RawRecord] = {}
        async with self._connector.snapshot(doing=f"re-reading {entity.table}") as connection:
            maker = RowMaker(connection, entity, self._system)
            for at in range(0, len(keys), AT_ONCE):
                rows = await connection.fetch(
                    sql.by_keys(entity, self._system), self._first_parts(entity, keys[at : at + AT_ONCE])
                )
                found |= {record.id: record for record in await maker.records(rows)}
            for at in range(0, len(ids), AT_ONCE):
                rows = await connection.fetch(sql.by_ids(entity, self._system), list(ids[at : at + AT_ONCE]))
                found |= {record.id: record for record in await maker.records(rows)}
        return tuple(found.values())

    def _first_parts(self, entity: EntitySpec, keys: Sequence[RecordKey]) -> list[Any]:
        """The first part of each key, as the parameter takes it; a text that PostgreSQL can't hold has no row."""
        parts = [key.parts[0] for key in keys]
        if entity.field(entity.ordered_key[0]).kind is FieldKind.INTEGER:
            return parts
        return [text for text in map(str, parts) if "\0" not in text]

    async def check_invariant(self, entity: EntitySpec, invariant: InvariantSpec) -> InvariantResult:
        """Counts violations by one statement."""
        async with self._connector.snapshot(doing=f"checking {invariant.name}") as connection:
            return await check(connection, entity, invariant, system=self._system)

    async def known_legacy_ids(self, entity: EntitySpec, legacy_ids: Sequence[str]) -> frozenset[str]:
        """Which of these ids some row carries."""
        async with self._connector.snapshot(doing=f"resolving references to {entity.table}") as connection:
            rows = await connection.fetch(sql.known_legacy_ids(entity), list(legacy_ids))
        return frozenset(row[0] for row in rows)

    async def unresolved_gaps(self, table: str) -> Mapping[str, int]:
        """Unresolved gaps by domain."""
        schema, _, name = table.rpartition(".")
        async with self._connector.snapshot(doing=f"reading {table}") as connection:
            there = await catalogue.columns(connection, schema or "public", name)
            if not {"domain", "resolved_at"} <= set(there):
                raise ReadInterrupted(
                    f"table {schema or 'public'}.{name} (dual-write gaps)",
                    expected="columns domain and resolved_at",
                    got=", ".join(sorted(there)) or "no such table",
                    next_step='create it, or set [gaps] table = "" in config/service.toml',
                )
            rows = await connection.fetch(sql.unresolved_gaps(schema or "public", name))
        return {str(row["domain"]): int(row["n"]) for row in rows}

    async def orphans(self, entity: EntitySpec) -> Sequence[str]:
        """Child rows without a parent row."""
        found: list[str] = []
        async with self._connector.snapshot(doing=f"looking for orphans of {entity.table}") as connection:
            for item in entity.fields:
                if item.children:
                    found += [f"id:{row[0]}/{row[1]}" for row in await connection.fetch(sql.orphans(entity, item))]
        return found


class PostgresRead:
    """One look at an entity in PostgreSQL."""

    def __init__(self, connection: asyncpg.Connection, entity: EntitySpec, *, system: System, batch: int) -> None:
        """`connection` is inside the snapshot's transaction."""
        self._connection = connection
        self._entity = entity
        self._system = system
        self._batch = batch

    async def count(self) -> int:
        """How many rows there are in this snapshot."""
        return int(await self._connection.fetchval(sql.count(self._entity)))

    async def batches(self) -> AsyncIterator[Sequence[RawRecord]]:
        """All rows in merge order."""
        maker = RowMaker(self._connection, self._entity, self._system)
        cursor = await self._connection.cursor(sql.in_order(self._entity, self._system))
        while rows := await cursor.fetch(self._batch):
            yield await maker.records(rows)
