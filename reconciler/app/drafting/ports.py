"""What drafting needs to know of the stores, as protocols; nothing of it is kept, shown or written."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from reconciler.core.drafting.facts import CollectionFacts, Row, TableFacts, Target


class SourceSchema(Protocol):
    """MongoDB, read-only."""

    async def collections(self, sample: int) -> Sequence[CollectionFacts]:
        """Every plain collection with about `sample` documents, from both ends of `_id`."""

    async def held(self, collection: str, ids: Sequence[str]) -> frozenset[str]:
        """Which of these ObjectIds (hex digits) the collection holds as `_id`."""


class TargetSchema(Protocol):
    """PostgreSQL, read-only."""

    async def tables(self) -> Sequence[TableFacts]:
        """Every table outside the system's schemas."""

    async def carried(self, table: TableFacts, column: str, values: Sequence[str]) -> Mapping[str, int]:
        """How many rows carry each of these texts in a column; texts that none carries are left out."""

    async def some(self, table: TableFacts, limit: int) -> Sequence[Row]:
        """Some rows."""

    async def rows(self, table: TableFacts, column: str, values: Sequence[str | int], limit: int) -> Sequence[Row]:
        """Rows whose column is one of these values, spelled as its type asks."""

    async def targets(self, table: TableFacts, row_id: str, legacy: str, uuids: Sequence[str]) -> Mapping[str, Target]:
        """Which of these UUIDs are rows of the table, with their legacy ids where it has such a column."""
