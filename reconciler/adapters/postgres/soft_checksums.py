"""Statements that count, and list, the rows in which a rule changes a value, and what PostgreSQL answers to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from reconciler.core.checksum import sql, sql_soft
from reconciler.core.checksum.soft import SoftField, SoftRecord, SoftSum
from reconciler.core.checksum.words import FIELD
from reconciler.core.model import Side
from reconciler.core.spec import EntitySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Softened:
    """`keys` are expressions of the key's parts, `expired` whether a row has expired."""

    entity: EntitySpec
    keys: Sequence[str]
    expired: str
    types: sql.Types
    child_types: Mapping[str, sql.Types]

    def sums(self, rows: str) -> str:
        """A query with one row: by field how many rows there are, and the sum of their hashes."""
        places = range(len(SoftField.of(self.entity)))
        asked = ", ".join(f"count(h{at}), coalesce(sum(h{at}), 0)" for at in places)
        return f"select {asked} from {self._hashed(rows)}"

    def hashes(self, rows: str) -> str:
        """A query with the hashes of each such row, by field, and its key's parts."""
        places = range(len(SoftField.of(self.entity)))
        listed = ", ".join([*(f"h{at}" for at in places), *(f"k{at}" for at in range(len(self.keys)))])
        any_of_them = ", ".join(f"h{at}" for at in places)
        return f"select {listed} from {self._hashed(rows)} where coalesce({any_of_them}) is not null"

    def _hashed(self, rows: str) -> str:
        """A subquery with h and k: the hash by field, null where its rule changes nothing, and the key's parts."""
        fields = SoftField.of(self.entity)
        keys = [f"{part} as k{at}" for at, part in enumerate(self.keys)]
        texts = [f"{self._text(field)} as h{at}" for at, field in enumerate(fields)]
        found = f"(select {', '.join([*texts, *keys])} from {rows} offset 0) a"
        if not any(field.hashed for field in fields):
            return found
        names = [f"k{at}" for at in range(len(self.keys))]
        for step in (sql.hashed, sql.number):
            told = [f"{step(f'h{at}') if field.hashed else f'h{at}'} as h{at}" for at, field in enumerate(fields)]
            found = f"(select {', '.join([*told, *names])} from {found} offset 0) a"
        return found

    def _text(self, field: SoftField) -> str:
        """What is hashed of a field: key and raw value; 0 where nobody asks for it, null where nothing changes."""
        if Side.TARGET not in field.sides:
            return "null::bigint"
        changed = sql_soft.changed(self.entity, field.item, types=self.types, child_types=self.child_types)
        raw = sql_soft.raw(self.entity, field.item, types=self.types, child_types=self.child_types)
        keys = [f"coalesce({part}, '')" for part in self.keys]
        text = sql.concatenated([*keys, raw], FIELD) if field.hashed else "0::bigint"
        return f"case when not {self.expired} and {changed} then {text} end"


def read_sums(row: asyncpg.Record) -> list[SoftSum]:
    """What `sums` answered with, by field."""
    return [SoftSum(records=int(row[at]), total=int(row[at + 1])) for at in range(0, len(row), 2)]


def read_hashes(entity: EntitySpec, rows: Sequence[asyncpg.Record]) -> list[SoftRecord]:
    """What `hashes` answered with."""
    fields = len(SoftField.of(entity))
    return [SoftRecord(key=tuple(row)[fields:], hashes=tuple(row)[:fields]) for row in rows]
