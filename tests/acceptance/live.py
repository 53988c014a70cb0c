"""Both embedded servers in a thread of their own, and shops: filled databases that tests, sync and async, may spoil."""

import asyncio
import itertools
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import asyncpg
from bson import ObjectId
from pymongo import MongoClient
from pymongo.database import Database

from reconciler.sandbox.faults import PlantedRecord
from reconciler.sandbox.marketplace import FillSummary, fill
from reconciler.sandbox.planting import plant
from reconciler.sandbox.servers import Sandbox

T = TypeVar("T")
Document = dict[str, Any]
SEED, RECORDS = 7, 1_500
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A filled database that is only cloned, never touched."""

    name: str
    summary: FillSummary
    planted: tuple[PlantedRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A marketplace of one's own in both stores; `mongo` and `sql` may write, the `reader_*` addresses can't."""

    live: "LiveSandbox"
    name: str
    template: Template
    mongo: "Database[Document]"

    @property
    def summary(self) -> FillSummary:
        return self.template.summary

    @property
    def planted(self) -> tuple[PlantedRecord, ...]:
        return self.template.planted

    @property
    def mongodb_uri(self) -> str:
        return self.live.sandbox.mongodb_uri(self.name)

    @property
    def pg_url(self) -> str:
        return self.live.sandbox.pg_url(self.name)

    @property
    def reader_mongodb_uri(self) -> str:
        return self.live.sandbox.reader_mongodb_uri(self.name)

    @property
    def reader_pg_url(self) -> str:
        return self.live.sandbox.reader_pg_url(self.name)

    def sql(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """Rows of one statement, written or read as the account that may do anything."""
        return self.live.call(self._sql(statement, values))

    def value(self, statement: str, *values: object) -> Any:  # noqa: ANN401 - whatever the column holds
        """The first column of the first row."""
        return self.sql(statement, *values)[0][0]

    async def _sql(self, statement: str, values: Sequence[object]) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.pg_url)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    def sql_many(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        """Adds rows of one length to a table, in the order of its first columns."""
        self.live.call(self._sql_many(table, rows))

    async def _sql_many(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        connection = await asyncpg.connect(self.pg_url)
        try:
            marks = ", ".join(f"${place}" for place in range(1, len(rows[0]) + 1))
            await connection.executemany(f"insert into {table} values ({marks})", rows)  # noqa: S608 - the test's own names
        finally:
            await connection.close()

    def collections(self) -> list[str]:
        """The names of the collections, those of the server itself left out."""
        return [name for name in self.mongo.list_collection_names() if not name.startswith("system.")]

    @staticmethod
    def object_id(key: str) -> ObjectId:
        """The `_id` that a key of a report stands for."""
        return ObjectId(key)

    def copy_rows(self, table: str, *, of: "Shop") -> None:
        """Add all rows that another shop has in this table."""
        rows = of.sql(f"select to_jsonb(t)::text from {table} t")  # noqa: S608 - the test's own names
        for (row,) in rows:
            self.sql(f"insert into {table} select * from jsonb_populate_record(null::{table}, $1::jsonb)", row)  # noqa: S608

    def set_source(self, collection: str, key: str, **values: object) -> None:
        """Change top-level fields of the document with this ObjectId."""
        done = self.mongo[collection].update_one({"_id": ObjectId(key)}, {"$set": values})
        assert done.matched_count == 1

    def set_target(self, table: str, key: str, **values: object) -> None:
        """Change columns of the row with this legacy id."""
        changes = ", ".join(f"{column} = ${place}" for place, column in enumerate(values, start=2))
        statement = f"update {table} set {changes} where legacy_object_id = $1 returning id"  # noqa: S608 - the test's own names
        assert len(self.sql(statement, key, *values.values())) == 1

    def keys(self, table: str, *, where: str = "true") -> list[str]:
        """Legacy ids of a table's rows, in order."""
        rows = self.sql(
            f"select legacy_object_id from {table} where {where} order by legacy_object_id"  # noqa: S608 - the test's own names
        )
        return [row["legacy_object_id"] for row in rows]


@dataclass(slots=True)
class LiveSandbox:
    """The servers of a test session; `call` runs a coroutine in their event loop, from any other thread."""

    sandbox: Sandbox
    loop: asyncio.AbstractEventLoop
    _templates: dict[tuple[int, bool], Template] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """Both servers up, in a thread that ends with the context."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="sandbox")
        thread.start()
        try:
            context = Sandbox.start()
            sandbox = asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result(PATIENCE_S)
            try:
                yield cls(sandbox=sandbox, loop=loop)
            finally:
                asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result(PATIENCE_S)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine that runs beside the servers."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def template(self, *, seed: int = SEED, planted: bool = False) -> Template:
        """The template of a seed, filled once a session; with every fault of the demo if `planted`."""
        known = self._templates.get((seed, planted))
        if known is None:
            known = self._with_faults(seed) if planted else self._filled(seed)
            self._templates[seed, planted] = known
        return known

    @contextmanager
    def shop(self, template: Template) -> Iterator[Shop]:
        """A fresh clone of a template, dropped afterwards."""
        name = f"shop_{next(self._numbers)}"
        self.call(self.sandbox.clone_databases(source=template.name, target=name))
        with ExitStack() as stack:
            stack.callback(lambda: self.call(self.sandbox.drop_databases(name)))
            client: MongoClient[Document] = stack.enter_context(
                MongoClient(self.sandbox.mongodb_uri(name), tz_aware=True)
            )
            yield Shop(live=self, name=name, template=template, mongo=client[name])

    @contextmanager
    def empty_shop(self) -> Iterator[Shop]:
        """Databases without a table or a collection."""
        name = f"empty_{next(self._numbers)}"
        self.call(self.sandbox.create_databases(name))
        nothing = FillSummary(collections={}, tables={}, matched={}, out_of_scope={})
        with ExitStack() as stack:
            stack.callback(lambda: self.call(self.sandbox.drop_databases(name)))
            client: MongoClient[Document] = stack.enter_context(
                MongoClient(self.sandbox.mongodb_uri(name), tz_aware=True)
            )
            template = Template(name=name, summary=nothing, planted=())
            yield Shop(live=self, name=name, template=template, mongo=client[name])

    def _filled(self, seed: int) -> Template:
        name = f"seed_{seed}"
        self.call(self.sandbox.create_databases(name))
        summary = self.call(fill(**self._writers(name), database=name, seed=seed, records=RECORDS))
        return Template(name=name, summary=summary, planted=())

    def _with_faults(self, seed: int) -> Template:
        clean, name = self.template(seed=seed), f"seed_{seed}_planted"
        self.call(self.sandbox.clone_databases(source=clean.name, target=name))
        planted = self.call(plant(**self._writers(name), database=name))
        return Template(name=name, summary=clean.summary, planted=tuple(planted))

    def _writers(self, name: str) -> dict[str, str]:
        return {"mongodb_uri": self.sandbox.mongodb_uri(name), "pg_url": self.sandbox.pg_url(name)}
