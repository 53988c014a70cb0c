"""Sums and hashes of ranges of an entity, as PostgreSQL itself computes them."""

from collections.abc import Mapping, Sequence

import asyncpg

from reconciler.adapters.postgres import catalogue
from reconciler.adapters.postgres.connection import told
from reconciler.adapters.postgres.soft_checksums import Softened, read_sums
from reconciler.adapters.postgres.soft_checksums import read_hashes as read_soft_hashes
from reconciler.adapters.postgres.sql import Statement, having, of_table, quoted
from reconciler.core.checksum import sql
from reconciler.core.checksum.soft import SoftField, SoftRecord, SoftSum
from reconciler.core.checksum.words import (
    EVERYTHING,
    FIELD,
    PART_DIGITS,
    HashedRecord,
    KeyRange,
    RangeSum,
    keys_may_repeat,
)
from reconciler.core.model import RecordKey, Side
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec, System

OLDEST = 14  # extract() answers with a numeric since then
COMMENT = "/* reconciler checksum */ "


class Telling:
    """Statements that tell an entity's rows; what has expired by `now_ms` is left out of sums and hashes."""

    def __init__(
        self,
        entity: EntitySpec,
        system: System,
        *,
        now_ms: int,
        types: sql.Types,
        child_types: Mapping[str, sql.Types],
    ) -> None:
        """`types` are the base types of the table's columns, `child_types` those of its child tables."""
        self.entity = entity
        self._told = sql.told(entity, system, types=types, child_types=child_types)
        self._anchor = _anchor(entity, system)
        self._expired = _expired(entity, now_ms)
        self._repeating = bool(entity.ttl) or keys_may_repeat(entity)
        self._rest = len(entity.fields) - 1
        keys = sql.key_parts(entity, self._anchor)
        self._soft = Softened(entity=entity, keys=keys, expired=self._expired, types=types, child_types=child_types)

    def total(self, key_range: KeyRange, watched: Sequence[FieldSpec] = ()) -> Statement:
        """A statement with one row: the name of the part, which is empty, and what `_counted` counts."""
        return self._counted(key_range, watched, "''", "")

    def parts(self, key_range: KeyRange, watched: Sequence[FieldSpec]) -> Statement:
        """As `total`, a row for each part."""
        return self._counted(key_range, watched, _part(self._anchor), " group by p")

    def _counted(self, key_range: KeyRange, watched: Sequence[FieldSpec], part: str, grouped: str) -> Statement:
        """Part, records, how many of them have expired, the sum of the others' hashes, doubled keys, watched fields.

        Doubled keys are above 0 where rows share one; where none can have expired equal sums tell as much.
        """
        keys, extra, carried = self._keys() if self._repeating else ([], "", "")
        doubled = f"count(*) - count(distinct ({', '.join(keys)}))" if keys else "0"
        names = [f"w{place}" for place in range(len(watched))]
        holds = "".join(f", {_holds(self.entity, item)} as {name}" for item, name in zip(watched, names, strict=True))
        held = "".join(f", bool_or({name})" for name in names)
        carried += "".join(f", {name}" for name in names)
        if grouped:
            extra, carried, shown = f"{extra}, {part} as p", f"{carried}, p", "p"
        else:
            shown = part
        counted = f"count(*), count(*) filter (where x), sum(h) filter (where not x), {doubled}{held}"
        rows = self._hashed(_where(self._anchor, key_range), extra + holds, carried)
        return Statement(f"{COMMENT}select {shown}, {counted} from {rows}{grouped}", _bounds(key_range))

    def hashes(self, key_range: KeyRange, parts: Sequence[str] | None = None) -> Statement:
        """A statement with a row for each record: its id, its hash, whether it has expired, its key's parts."""
        which, values = _where(self._anchor, key_range), _bounds(key_range)
        if parts is not None:
            which += f"{' and' if which else ' where'} {_part(self._anchor)} = any(${len(values) + 1}::text[])"
            values = (*values, list(parts))
        return Statement(self._listed(which), values)

    def softened(self, key_range: KeyRange) -> Statement:
        """A statement that sums the rows in which a rule changes a value, field by field."""
        return Statement(f"{COMMENT}{self._soft.sums(self._rows(key_range))}", _bounds(key_range))

    def soft_hashes(self, key_range: KeyRange) -> Statement:
        """A statement that lists them."""
        return Statement(f"{COMMENT}{self._soft.hashes(self._rows(key_range))}", _bounds(key_range))

    def _rows(self, key_range: KeyRange) -> str:
        """The rows of a range with what they refer to."""
        return f"{of_table(self.entity)} t{self._told.tables}{_where(self._anchor, key_range)}"

    def hashes_of(self, keys: Sequence[RecordKey]) -> list[Statement]:
        """As `hashes`, of the rows with these keys."""
        item = self.entity.field(self.entity.ordered_key[0])
        place = self._anchor if item.kind is FieldKind.REFERENCE else f"t.{quoted(item.column)}"
        asked = having(place, item.kind, [key.parts[0] for key in keys])
        return [Statement(self._listed(f" where {which}"), (values,)) for which, values in asked]

    def examples(self, item: FieldSpec | None, limit: int, key_range: KeyRange) -> Statement:
        """As `hashes`, of some records, such as hold something in the field."""
        which = _where(self._anchor, key_range)
        if item is not None:
            which += f"{' and' if which else ' where'} {_holds(self.entity, item)}"
        return Statement(self._listed(f"{which} limit {limit:d}"), _bounds(key_range))

    def _listed(self, which: str) -> str:
        """What `hashes` asks, of the rows that a condition leaves."""
        keys, extra, carried = self._keys()
        extra += f", t.{quoted(self.entity.row_id)}::text as id"
        return f"{COMMENT}select id, h, x, {', '.join(keys)} from {self._hashed(which, extra, f'{carried}, id')}"

    def _keys(self) -> tuple[list[str], str, str]:
        """The names of the key's parts, their expressions as more columns, and those columns carried on."""
        parts = sql.key_parts(self.entity, self._anchor)
        names = [f"k{place}" for place in range(len(parts))]
        extra = "".join(f", {part} as {name}" for part, name in zip(parts, names, strict=True))
        return names, extra, "".join(f", {name}" for name in names)

    def _hashed(self, which: str, extra: str, carried: str = "") -> str:
        """A fenced subquery with h the hash and x whether a row has expired, and what else is asked of the row."""
        tables = f"{of_table(self.entity)} t{self._told.tables}{which}"
        rows = f"select {self._told.text} as e, {self._expired} as x{extra} from {tables} offset 0"
        sound = f"select {sql.checked('e', FIELD, self._rest)} as e, x{carried} from ({rows}) a offset 0"
        digests = f"select {sql.hashed('e')} as m, x{carried} from ({sound}) b offset 0"
        return f"(select {sql.number('m')} as h, x{carried} from ({digests}) c) d"


def _holds(entity: EntitySpec, item: FieldSpec) -> str:
    """The condition that a row's field holds something."""
    if item.children is None:
        return f"t.{quoted(item.column)} is not null"
    parent = f"c.{quoted(item.children.parent_column)} = t.{quoted(entity.row_id)}"
    return f"exists (select from {quoted(entity.schema)}.{quoted(item.children.table)} c where {parent})"


def _anchor(entity: EntitySpec, system: System) -> str:
    """The column that ranges are cut by: the legacy id of the row itself, or of its owner's row."""
    if entity.embedded is None:
        return f"t.{quoted(entity.legacy_column)}"
    place = entity.index(entity.embedded.owner)
    return f"r{place}.{quoted(system.entity(entity.embedded.owner).legacy_column)}"


def _expired(entity: EntitySpec, now_ms: int) -> str:
    """Whether a row has expired."""
    if not entity.ttl:
        return "false"
    column = f"t.{quoted(entity.field(entity.ttl).column)}"
    return f"(coalesce(isfinite({column}), false) and extract(epoch from {column}) * 1000 < {now_ms:d})"


def _part(anchor: str) -> str:
    """The name of the part that a row lies in."""
    return f"coalesce(right({anchor}::text, {PART_DIGITS:d}), '')"


def _where(anchor: str, key_range: KeyRange) -> str:
    """The condition of lying in a range."""
    if key_range.after is None:
        return f" where ({anchor} <= $1 or {anchor} is null)" if key_range.until else ""
    return f" where {anchor} > $1" + (f" and {anchor} <= $2" if key_range.until else "")


def _bounds(key_range: KeyRange) -> tuple[object, ...]:
    """The parameters of a range."""
    return tuple(digits for digits in (key_range.after, key_range.until) if digits is not None)


def read_sum(row: asyncpg.Record, watched: Sequence[FieldSpec]) -> RangeSum:
    """A row of a `total` or `parts` statement."""
    held = frozenset(item.path for place, item in enumerate(watched, start=5) if row[place])
    return RangeSum(records=int(row[1]), expired=int(row[2]), total=int(row[3] or 0), doubled=int(row[4]), held=held)


def read_hash(row: asyncpg.Record) -> HashedRecord:
    """A row of a `hashes` statement."""
    return HashedRecord(id=row[0], hash=row[1], expired=row[2], key=tuple(row[place] for place in range(3, len(row))))


class PostgresTelling:
    """What PostgreSQL says of ranges of an entity, one statement each."""

    def __init__(self, connection: asyncpg.Connection, telling: Telling, *, doing: str) -> None:
        """`connection` is outside any transaction."""
        self._connection = connection
        self._telling = telling
        self._doing = doing

    async def total(self, key_range: KeyRange, *, watched: Sequence[FieldSpec] = ()) -> RangeSum:
        """Count and sum of a range."""
        (row,) = await self._rows(self._telling.total(key_range, watched))
        return read_sum(row, watched)

    async def parts(self, key_range: KeyRange, *, watched: Sequence[FieldSpec] = ()) -> Mapping[str, RangeSum]:
        """Count and sum of each part of a range."""
        return {row[0]: read_sum(row, watched) for row in await self._rows(self._telling.parts(key_range, watched))}

    async def hashes(self, key_range: KeyRange, *, parts: Sequence[str] | None = None) -> Sequence[HashedRecord]:
        """Each record of a range, or of parts of it, with its hash."""
        return [read_hash(row) for row in await self._rows(self._telling.hashes(key_range, parts))]

    async def softened(self, key_range: KeyRange) -> Sequence[SoftSum]:
        """By soft field, the rows of a range in which its rule changes a value."""
        if not any(Side.TARGET in field.sides for field in SoftField.of(self._telling.entity)):
            return [SoftSum() for _ in SoftField.of(self._telling.entity)]
        (row,) = await self._rows(self._telling.softened(key_range))
        return read_sums(row)

    async def soft_hashes(self, key_range: KeyRange) -> Sequence[SoftRecord]:
        """Those rows, each with its hashes."""
        return read_soft_hashes(self._telling.entity, await self._rows(self._telling.soft_hashes(key_range)))

    async def hashes_of(self, keys: Sequence[RecordKey]) -> Sequence[HashedRecord]:
        """Each row with one of these keys, with its hash."""
        return [read_hash(row) for statement in self._telling.hashes_of(keys) for row in await self._rows(statement)]

    async def examples(
        self, item: FieldSpec | None, *, limit: int, key_range: KeyRange = EVERYTHING
    ) -> Sequence[HashedRecord]:
        """Some records, such as hold something in the field, with their hashes."""
        return [read_hash(row) for row in await self._rows(self._telling.examples(item, limit, key_range))]

    async def _rows(self, statement: Statement) -> Sequence[asyncpg.Record]:
        """The rows that a statement answers with."""
        with told(self._doing):
            return await self._connection.fetch(statement.text, *statement.values)


async def statements(connection: asyncpg.Connection, entity: EntitySpec, system: System, *, now_ms: int) -> Telling:
    """The statements for a table as it is today."""
    types = base_types(await catalogue.columns(connection, entity.schema, entity.table))
    child_types = {
        item.children.table: base_types(await catalogue.columns(connection, entity.schema, item.children.table))
        for item in entity.fields
        if item.children
    }
    return Telling(entity, system, now_ms=now_ms, types=types, child_types=child_types)


async def obstacles(connection: asyncpg.Connection, entity: EntitySpec, system: System) -> list[str]:
    """Why this server can't tell the entity's rows, a phrase each."""
    found = []
    if connection.get_server_version().major < OLDEST:
        found.append(f"PostgreSQL is older than {OLDEST}")
    if await connection.fetchval("select current_setting('server_encoding')") != "UTF8":
        found.append("the database's encoding is not UTF8")
    found += json_columns(entity.fields, base_types(await catalogue.columns(connection, entity.schema, entity.table)))
    for item in entity.fields:
        if item.children:
            there = base_types(await catalogue.columns(connection, entity.schema, item.children.table))
            found += json_columns(item.children.fields, there)
            if there.get(item.children.position_column) not in sql.WHOLE_TYPES:
                found.append(f"{item.children.table}.{item.children.position_column} is no integer")
    return [*found, *await _padded(connection, [system.entity(name) for name in entity.referred])]


async def _padded(connection: asyncpg.Connection, entities: Sequence[EntitySpec]) -> list[str]:
    """The legacy ids, of rows that are referred to, that are padded with blanks, which the join by itself would cut."""
    found = []
    for one in entities:
        there = base_types(await catalogue.columns(connection, one.schema, one.table))
        if there.get(one.legacy_column) == sql.PADDED_TYPE:
            found.append(f"{one.table}.{one.legacy_column} is a char(n)")
    return found


def base_types(columns: Mapping[str, catalogue.Column]) -> dict[str, str]:
    """Column names to the names of their base types."""
    return {name: column.base for name, column in columns.items()}


def json_columns(fields: Sequence[FieldSpec], types: sql.Types) -> list[str]:
    """Columns of type json, which keeps what its text was: only jsonb has one form for a value."""
    columns = [item.column for item in fields if item.kind is FieldKind.JSON]
    return [f"column {column} is json, not jsonb" for column in columns if types.get(column) != "jsonb"]
