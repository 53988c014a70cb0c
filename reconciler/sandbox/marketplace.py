"""Fills both stores with the marketplace of a seed, in batches, so that memory does not grow with it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import asyncpg
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from reconciler.sandbox import elsewhere, payments, people, places, schema, settings, shops, trade
from reconciler.sandbox.plan import Plan
from reconciler.sandbox.world import Document, Made, Row, World

DEFAULT_RECORDS = 5_000
_BATCH = 2_000
_MAKERS: tuple[Callable[[World], Iterator[Made]], ...] = (
    people.users,
    people.telegram_links,
    people.telegram_sessions,
    people.temp_verifications,
    settings.config_settings,
    settings.config_setting_history,
    settings.categories,
    settings.level_configs,
    places.addresses,
    shops.shop_settings,
    shops.reviews,
    trade.purchase_requests,
    trade.seller_offers,
    payments.payments,
    payments.funds_ledger_entries,
    elsewhere.source_only,
    elsewhere.repaired_gaps,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FillSummary:
    """What was written: numbers by collection and by table, and what a clean comparison finds by entity.

    `out_of_scope` is an upper bound: each record outside the scope, on one side or both, counts once.
    """

    collections: dict[str, int]
    tables: dict[str, int]
    matched: dict[str, int]
    out_of_scope: dict[str, int]

    @property
    def records(self) -> int:
        """The number of records over all entities, in scope or not, and of documents that have no PostgreSQL side."""
        alone = sum(self.collections[name] for name in elsewhere.COLLECTIONS)
        return sum(self.matched.values()) + sum(self.out_of_scope.values()) + alone


async def fill(
    *, mongodb_uri: str, pg_url: str, database: str, seed: int, records: int = DEFAULT_RECORDS
) -> FillSummary:
    """Make the schema in the empty database of both stores and fill it with about `records` records that agree.

    The same seed and number give the same data. Raises what the drivers raise.
    """
    await schema.create_tables(pg_url=pg_url)
    await schema.create_collections(mongodb_uri=mongodb_uri, database=database)
    async with (
        AsyncMongoClient[Document](mongodb_uri, tz_aware=True) as client,
        asyncpg.create_pool(pg_url, min_size=1, max_size=2) as pool,
    ):
        loader = _Loader(database=client[database], pool=pool)
        await loader.load(World(seed=seed, plan=Plan.for_records(records)))
    await schema.create_table_indexes(pg_url=pg_url)
    await schema.create_collection_indexes(mongodb_uri=mongodb_uri, database=database)
    return loader.summary()


class _Loader:
    """Writes batches to both stores, one batch at most under way while the next is made."""

    def __init__(self, *, database: AsyncDatabase[Document], pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._database = database
        self._pool = pool
        self._counts: dict[str, Counter[str]] = {
            name: Counter() for name in ("collections", "tables", "matched", "out_of_scope")
        }

    async def load(self, world: World) -> None:
        """Write everything that the makers make."""
        writing: asyncio.Task[None] | None = None
        try:
            for maker in _MAKERS:
                made = maker(world)
                while batch := list(islice(made, _BATCH)):
                    if writing:
                        await writing
                    writing = asyncio.create_task(self._write(batch))
                    await asyncio.sleep(0)
            if writing:
                await writing
        finally:
            if writing and not writing.done():
                writing.cancel()

    def summary(self) -> FillSummary:
        """Return the numbers of what was written."""
        return FillSummary(
            collections={name: self._counts["collections"][name] for name in schema.COLLECTION_INDEXES},
            tables=dict(self._counts["tables"]),
            matched=dict(self._counts["matched"]),
            out_of_scope=dict(self._counts["out_of_scope"]),
        )

    async def _write(self, batch: Sequence[Made]) -> None:
        documents: dict[str, list[Document]] = {}
        rows: dict[str, list[Row]] = {}
        for made in batch:
            if made.document is not None:
                documents.setdefault(made.collection, []).append(made.document)
            for table, row in made.rows:
                rows.setdefault(table, []).append(row)
            self._counts["matched"].update(made.matched)
            self._counts["out_of_scope"].update(made.out_of_scope)
        self._counts["collections"].update({name: len(found) for name, found in documents.items()})
        self._counts["tables"].update({name: len(found) for name, found in rows.items()})
        await asyncio.gather(self._insert(documents), self._copy(rows))

    async def _insert(self, documents: dict[str, list[Document]]) -> None:
        for name, found in documents.items():
            await self._database[name].insert_many(found, ordered=False)

    async def _copy(self, rows: dict[str, list[Row]]) -> None:
        async with self._pool.acquire() as connection:
            for table, found in rows.items():
                columns: list[str] = list(found[0])
                records: list[tuple[Any, ...]] = [tuple(row[column] for column in columns) for row in found]
                await connection.copy_records_to_table(table, records=records, columns=columns)
