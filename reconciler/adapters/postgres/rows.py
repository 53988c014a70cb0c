"""Rows to plain records: columns as the core knows them; references resolved and child rows gathered by the batch."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from reconciler.adapters.postgres import sql
from reconciler.core.model import (
    ChildRow,
    DanglingReason,
    DanglingReference,
    InfiniteInstant,
    Instant,
    JsonText,
    Opaque,
    Raw,
    RawRecord,
    ResolvedReference,
)
from reconciler.core.spec import ChildTable, EntitySpec, FieldKind, System

MOST_REMEMBERED = 200_000
AS_THEY_ARE = frozenset({
    type(None), str, bool, int, float, Decimal, bytes, list, tuple, Instant, InfiniteInstant, JsonText,
    ResolvedReference, DanglingReference,
})  # fmt: skip
Row = asyncpg.Record


class RowMaker:
    """Makes raw records of one entity's rows, within one snapshot: what a reference led to is remembered."""

    def __init__(self, connection: asyncpg.Connection, entity: EntitySpec, system: System) -> None:
        """`connection` must stay inside the snapshot's transaction."""
        self._connection = connection
        self._entity = entity
        self._system = system
        fields = list(enumerate(entity.fields))
        self._json = [place for place, item in fields if item.kind is FieldKind.JSON]
        self._references = [(place, system.entity(item.refers_to)) for place, item in fields if item.refers_to]
        self._children = [(place, item.children) for place, item in fields if item.children]
        self._resolved: dict[str, dict[UUID | None, Raw]] = defaultdict(lambda: {None: None})

    async def records(self, rows: Sequence[Row]) -> list[RawRecord]:
        """One record a row, in the same order."""
        whole = [list(row) for row in rows]
        ids = [values.pop(0) for values in whole]
        for place, entity in self._references:
            known = await self._resolve(entity, {values[place] for values in whole})
            for values in whole:
                values[place] = known[values[place]]
        for place, children in self._children:
            gathered = await self._gather(children, ids)
            for values, parent in zip(whole, ids, strict=True):
                values[place] = gathered.get(parent, ())
        pairs = zip(ids, whole, strict=True)
        return [RawRecord(id=str(row_id), values=plain(values, self._json)) for row_id, values in pairs]

    async def _resolve(self, entity: EntitySpec, uuids: set[UUID | None]) -> Mapping[UUID | None, Raw]:
        """What these UUIDs lead to, asked in one statement; null leads to null."""
        if len(self._resolved[entity.name]) > MOST_REMEMBERED:
            del self._resolved[entity.name]
        known = self._resolved[entity.name]
        wanted = [uuid for uuid in uuids if uuid not in known]
        if wanted:
            found = {row[0]: row[1] for row in await self._connection.fetch(sql.references(entity), wanted)}
            known |= {uuid: _reference(uuid, found) for uuid in wanted}
        return known

    async def _gather(self, children: ChildTable, parents: Sequence[UUID]) -> dict[UUID, tuple[ChildRow, ...]]:
        """The child rows of these parents."""
        json = [place for place, item in enumerate(children.fields) if item.kind is FieldKind.JSON]
        gathered: dict[UUID, list[ChildRow]] = defaultdict(list)
        for parent, position, *values in await self._child_rows(children, parents):
            gathered[parent].append(ChildRow(position=position, values=plain(values, json)))
        return {parent: tuple(rows) for parent, rows in gathered.items()}

    async def _child_rows(self, children: ChildTable, parents: Sequence[UUID]) -> list[list[Any]]:
        """Parent, position and values of child rows, their references resolved."""
        asked = sql.child_rows(self._entity, children)
        found = [list(row) for row in await self._connection.fetch(asked, list(parents))]
        for place, item in enumerate(children.fields, start=2):
            if item.refers_to:
                known = await self._resolve(self._system.entity(item.refers_to), {row[place] for row in found})
                for row in found:
                    row[place] = known[row[place]]
        return found


def _reference(uuid: UUID | None, found: Mapping[UUID | None, str | None]) -> Raw:
    """What a UUID leads to."""
    if uuid not in found:
        return DanglingReference(DanglingReason.NO_ROW, str(uuid))
    legacy = found[uuid]
    return DanglingReference(DanglingReason.NULL_LEGACY_ID, str(uuid)) if legacy is None else ResolvedReference(legacy)


def plain(values: list[Any], json: Sequence[int]) -> tuple[Raw, ...]:
    """A row's values as the core knows them; a driver's type that nobody planned for is named, not guessed at."""
    for place in json:
        if values[place] is not None:
            values[place] = JsonText(values[place])
    return tuple([value if value.__class__ in AS_THEY_ARE else Opaque(value.__class__.__name__) for value in values])
