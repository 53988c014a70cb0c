"""Reads entities from PostgreSQL: a cursor in merge order, in one snapshot after another."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import asyncpg
from asyncpg.cursor import Cursor

from reconciler.adapters.hosts import refuse_writers
from reconciler.adapters.pieces import Cut, PiecedRead
from reconciler.adapters.postgres import catalogue, checksums, plans, sql
from reconciler.adapters.postgres.connection import BEGIN, Connector, told
from reconciler.adapters.postgres.invariants import check
from reconciler.adapters.postgres.rows import RowMaker
from reconciler.app.ports import EntityRead, StoreHealth
from reconciler.app.tellings import Unindexed
from reconciler.core.checksum.words import KeyRange
from reconciler.core.drift import FieldsSeen, Filled
from reconciler.core.model import InvariantResult, RawRecord, RecordKey, Side
from reconciler.core.spec import EntitySpec, FieldSpec, InvariantSpec, System
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
            found = await catalogue.describe(connection)
        loopback = self._connector.address.loopback
        refuse_writers(self.side, found.writable, loopback=loopback, allowed=self._allow_writable)
        return StoreHealth(
            side=self.side,
            version=found.version,
            identity=found.identity,
            role=found.role,
            writable=found.writable,
            clock_skew_seconds=found.skew,
            problems=found.problems,
            reads="snapshots, repeatable read, read only",
        )

    async def problems(self, entity: EntitySpec) -> Sequence[str]:
        """Whether tables and columns exist, of types that the rules take, the tables referred to among them."""
        async with self._connector.connect(doing="reading the catalogue") as connection:
            return await catalogue.problems(connection, entity, self._system)

    async def hints(self, entity: EntitySpec) -> Sequence[str]:
        """Which unique indexes are missing; a sentence each."""
        async with self._connector.connect(doing="reading the catalogue") as connection:
            return await catalogue.hints(connection, entity)

    async def fields_seen(self, entity: EntitySpec) -> FieldsSeen:
        """The columns of the entity's tables with their types, of child tables as `table.column`; rows are its own."""
        children = [one.children.table for one in entity.fields if one.children]
        async with self._connector.snapshot(doing=f"reading the columns of {entity.table}") as connection:
            rows = int(await connection.fetchval(sql.row_count(entity.schema, entity.table)))
            found: dict[str, dict[str, int]] = {}
            for table in (entity.table, *children):
                prefix = "" if table == entity.table else f"{table}."
                there = await catalogue.columns(connection, entity.schema, table)
                found |= {f"{prefix}{name}": {column.shown: rows} for name, column in there.items()}
        return FieldsSeen(looked_at=rows, types=found)

    async def filled(self, entity: EntitySpec, fields: Sequence[FieldSpec]) -> Filled:
        """How many rows have a value in each of these fields' columns."""
        columns = [field for field in fields if field.column]
        async with self._connector.snapshot(doing=f"counting values in {entity.table}") as connection:
            statement = sql.filled(entity, [field.column for field in columns])
            rows, *counts = [int(one) for one in await connection.fetchrow(statement) or (0,)]
            values = {field.path: count for field, count in zip(columns, counts, strict=False)}
            for field in fields:
                if field.children:
                    statement = sql.row_count(entity.schema, field.children.table)
                    values[field.path] = int(await connection.fetchval(statement))
        return Filled(rows=rows, values=values)

    @asynccontextmanager
    async def read(self, entity: EntitySpec) -> AsyncIterator[EntityRead]:
        """A look at the entity, from one snapshot after another over one connection."""
        doing, limits = f"reading {entity.table}", self._connector.limits
        async with self._connector.connection(doing=doing) as connection:
            with told(doing):
                bytewise = await catalogue.bytewise(connection, entity.schema, entity.table)
            ordered = sql.Ordered(entity, self._system, bytewise=bytewise)

            async def opened(seam: object | None) -> PostgresPiece:
                piece = PostgresPiece(connection, entity, self._system, ordered, seam=seam, size=limits.batch)
                await piece.begin()
                return piece

            look = PiecedRead(opened, longest=limits.snapshot_max)
            try:
                yield look
            finally:
                await look.close()

    async def fetch(self, entity: EntitySpec, *, keys: Sequence[RecordKey], ids: Sequence[str]) -> Sequence[RawRecord]:
        """Fresh reads of the rows with these keys, and of those with these ids."""
        asked = sql.by_keys(entity, self._system, [key.parts[0] for key in keys])
        asked.append((sql.by_ids(entity, self._system), sql.texts(ids)))
        questions = [(text, values[at : at + AT_ONCE]) for text, values in asked for at in _steps(values)]
        found: dict[str, RawRecord] = {}
        async with self._connector.snapshot(doing=f"re-reading {entity.table}") as connection:
            maker = RowMaker(connection, entity, self._system)
            for statement, values in questions:
                records = await maker.records(await connection.fetch(statement, values))
                found |= {record.id: record for record in records}
        return tuple(found.values())

    async def untellable(self, entity: EntitySpec) -> Sequence[str]:
        """Why this server can't tell the entity's rows, a phrase each."""
        async with self._connector.connect(doing="reading the catalogue") as connection:
            return await checksums.obstacles(connection, entity, self._system)

    async def about(self, entity: EntitySpec) -> int:
        """How many rows the planner goes by."""
        async with self._connector.connect(doing="reading the catalogue") as connection:
            return await catalogue.about(connection, entity)

    async def shape(self, entity: EntitySpec) -> str:
        """Which tables hold the entity and what it refers to, in which files, with which columns."""
        async with self._connector.connect(doing="reading the catalogue") as connection:
            return await catalogue.shape(connection, entity, self._system)

    async def unindexed(self, entity: EntitySpec, key_range: KeyRange | None = None) -> Sequence[Unindexed]:
        """Tables that a look-up by key, or a range of keys, makes the server read from end to end."""
        async with self._connector.snapshot(doing=f"asking for plans on {entity.table}") as connection:
            if key_range is None:
                return await plans.unindexed(connection, plans.of_lookup(entity, self._system))
            statement = (await checksums.statements(connection, entity, self._system, now_ms=0)).total(key_range)
            return await plans.unindexed(connection, plans.of_range(entity, self._system, statement))

    @asynccontextmanager
    async def tell(self, entity: EntitySpec, *, now_ms: int) -> AsyncIterator[checksums.PostgresTelling]:
        """Sums and hashes of the entity's ranges, over one connection."""
        doing = f"summing {entity.table}"
        async with self._connector.connection(doing=doing) as connection:
            with told(doing):
                telling = await checksums.statements(connection, entity, self._system, now_ms=now_ms)
            yield checksums.PostgresTelling(connection, telling, doing=doing)

    async def check_invariant(self, entity: EntitySpec, invariant: InvariantSpec) -> InvariantResult:
        """Counts violations by one statement."""
        async with self._connector.snapshot(doing=f"checking {invariant.name}") as connection:
            return await check(connection, entity, invariant, system=self._system)

    async def known_legacy_ids(self, entity: EntitySpec, legacy_ids: Sequence[str]) -> frozenset[str]:
        """Which of these ids some row carries."""
        wanted = sql.texts(legacy_ids)
        async with self._connector.snapshot(doing=f"resolving references to {entity.table}") as connection:
            rows = await connection.fetch(sql.known_legacy_ids(entity), wanted)
        return frozenset(row[0] for row in rows)

    async def tables_with(self, uuids: Sequence[str]) -> Mapping[str, str]:
        """Which of these UUIDs are the id of a row of some configured table, and of which."""
        wanted, found = [uuid for uuid in uuids if sql.is_uuid(uuid)], dict[str, str]()
        entities = {(one.schema, one.table): one for domain in self._system.domains for one in domain.entities}
        async with self._connector.snapshot(doing="looking for the rows that references lead to") as connection:
            for entity in entities.values():
                there = await catalogue.columns(connection, entity.schema, entity.table)
                if (column := there.get(entity.row_id)) is None or column.base != "uuid":
                    continue
                for at in range(0, len(wanted), AT_ONCE):
                    rows = await connection.fetch(sql.known_ids(entity), wanted[at : at + AT_ONCE])
                    found |= {str(row[0]): f"{entity.schema}.{entity.table}" for row in rows}
        return found

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
                    next_step="create it, or leave [gaps] table out of config/service.toml",
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


def _steps(values: Sequence[object]) -> range:
    """Where each question's values begin."""
    return range(0, len(values), AT_ONCE)


class PostgresPiece:
    """One snapshot's part of a look at an entity in PostgreSQL."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        entity: EntitySpec,
        system: System,
        ordered: sql.Ordered,
        *,
        seam: object | None,
        size: int,
    ) -> None:
        """`connection` is outside any transaction; `seam` is what the last `cut` gave; `size` is in rows."""
        self._connection = connection
        self._entity = entity
        self._ordered = ordered
        self._seam = seam if isinstance(seam, tuple) else None
        self._size = size
        self._maker = RowMaker(connection, entity, system)
        self._statements = ordered.rows(self._seam)
        self._cursor: Cursor[asyncpg.Record] | None = None
        self._last: object = None
        self._doing = f"reading {entity.table}"

    async def begin(self) -> None:
        """Takes the snapshot."""
        with told(self._doing):
            await self._connection.execute(BEGIN)

    async def count(self) -> int:
        """How many rows there are from the seam on."""
        return await self._count(None)

    async def batch(self) -> Sequence[RawRecord]:
        """The next rows, of one statement after the other."""
        with told(self._doing):
            while self._cursor or self._statements:
                cursor = self._cursor or await self._next_cursor()
                if rows := await cursor.fetch(self._size):
                    self._last = rows[-1][0]
                    return await self._maker.records(rows)
                self._cursor = None
        return ()

    async def _next_cursor(self) -> "Cursor[asyncpg.Record]":
        """A cursor over the next statement."""
        statement = self._statements.pop(0)
        self._cursor = await self._connection.cursor(statement.text, *statement.values)
        return self._cursor

    async def cut(self) -> Cut | None:
        """The place of the last row; None where its id does not name one row."""
        with told(self._doing):
            found = await self._connection.fetch(self._ordered.seam(), self._last)
            if len(found) != 1:
                return None
            seam = tuple(found[0])
            return Cut(seam=seam, counted=await self._count(seam))

    async def close(self) -> None:
        """Ends the transaction."""
        if not self._connection.is_closed():
            with told(self._doing):
                await self._connection.execute("rollback")

    async def _count(self, until: sql.Seam | None) -> int:
        """How many rows lie between two seams."""
        statement = self._ordered.count(self._seam, until)
        with told(f"counting {self._entity.table}"):
            return int(await self._connection.fetchval(statement.text, *statement.values))
