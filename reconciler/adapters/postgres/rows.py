"""Rows to plain records: columns as the core knows them, references resolved and child rows gathered a batch at a time."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
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
from reconciler.core.spec import ChildTable, EntitySpec, FieldKind, FieldSpec, System

MOST_REMEMBERED = 200_000
Row = asyncpg.Record


class RowMaker:
    """Makes raw records of one entity's rows, within one snapshot: what a reference led to is remembered."""

    def __init__(self, connection: asyncpg.Connection, entity: EntitySpec, system: System) -> None:
        """`connection` must stay inside the snapshot's transaction."""
        self._connection = connection
        self._entity = entity
        self._columns = [(place, item, converter(item)) for place, item in enumerate(entity.fields, start=1)]
        self._references = [
            (place, system.entity(item.refers_to))
            for place, item, _ in self._columns
            if item.kind is FieldKind.REFERENCE
        ]
        self._children = [(place, item.children) for place, item, _ in self._columns if item.children]
        self._resolved: dict[str, dict[UUID, Raw]] = defaultdict(dict)

    async def records(self, rows: Sequence[Row]) -> list[RawRecord]:
        """One record a row, in the same order."""
        for place, entity in self._references:
            await self._resolve(entity, {row[place] for row in rows})
        gathered = {place: await self._gather(children, [row[0] for row in rows]) for place, children in self._children}
        resolved = {place: self._resolved[entity.name] for place, entity in self._references}
        return [self._record(row, resolved, gathered) for row in rows]

    def _record(
        self,
        row: Row,
        resolved: Mapping[int, Mapping[UUID, Raw]],
        gathered: Mapping[int, Mapping[UUID, tuple[ChildRow, ...]]],
    ) -> RawRecord:
        """One row as a record."""
        values: list[Raw] = []
        for place, _, convert in self._columns:
            if place in gathered:
                values.append(gathered[place].get(row[0], ()))
            elif (value := row[place]) is None:
                values.append(None)
            else:
                values.append(resolved[place][value] if place in resolved else convert(value))
        return RawRecord(id=str(row[0]), values=tuple(values))

    async def _resolve(self, entity: EntitySpec, uuids: set[UUID | None]) -> None:
        """Learns what these UUIDs lead to."""
        known = self._resolved[entity.name]
        if len(known) > MOST_REMEMBERED:
            known.clear()
        wanted = [uuid for uuid in uuids if uuid is not None and uuid not in known]
        if not wanted:
            return
        found = {row[0]: row[1] for row in await self._connection.fetch(sql.references(entity), wanted)}
        known |= {uuid: _reference(uuid, found) for uuid in wanted}

    async def _gather(self, children: ChildTable, parents: Sequence[UUID]) -> dict[UUID, tuple[ChildRow, ...]]:
        """The child rows of these parents."""
        converters = [converter(item) for item in children.fields]
        gathered: dict[UUID, list[ChildRow]] = defaultdict(list)
        for row in await self._connection.fetch(sql.child_rows(self._entity, children), list(parents)):
            values = tuple(
                [None if value is None else convert(value) for convert, value in zip(converters, row[2:], strict=True)]
            )
            gathered[row[0]].append(ChildRow(position=row[1], values=values))
        return {parent: tuple(rows) for parent, rows in gathered.items()}


def _reference(uuid: UUID, found: Mapping[UUID, str | None]) -> Raw:
    """What a UUID leads to."""
    if uuid not in found:
        return DanglingReference(DanglingReason.NO_ROW, str(uuid))
    legacy = found[uuid]
    return DanglingReference(DanglingReason.NULL_LEGACY_ID, str(uuid)) if legacy is None else ResolvedReference(legacy)


def converter(item: FieldSpec) -> Callable[[Any], Raw]:
    """A function that makes a column's value plain; None is handled before."""
    if item.kind is FieldKind.JSON:
        return JsonText
    if item.kind is FieldKind.ARRAY:
        return list
    if item.kind is FieldKind.BYTES:
        return bytes
    return _as_it_is


PLAIN = (str, bool, int, float, Decimal, Instant, InfiniteInstant)


def _as_it_is(value: Any) -> Raw:  # noqa: ANN401 - any column value
    """A value that needs no change; a driver's type that nobody planned for is named, not guessed at."""
    if isinstance(value, PLAIN):
        return value
    return Opaque(type(value).__name__)
