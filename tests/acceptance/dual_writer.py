"""A backend that dual-writes: MongoDB at once, PostgreSQL up to a second later."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import asyncpg
from bson import Decimal128, ObjectId
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from tests.acceptance.live import PATIENCE_S, Shop

MOST_LAG_S = 1.0
PAUSE_S = 0.02
WRITES_BEFORE_IT_COUNTS = 100
RELABEL = "update addresses set label = $2, updated_at = $3 where legacy_object_id = $1"
PREFER = (
    "update users set preferences = jsonb_build_object('seen', $2::int), updated_at = $3 where legacy_object_id = $1"
)
ADD_ADDRESS = (
    "insert into addresses (id, legacy_object_id, user_id, label, city, country, is_primary, created_at, updated_at) "
    "select gen_random_uuid(), $1, id, 'new', 'Gent', 'BE', false, $3, $3 from users where legacy_object_id = $2"
)
ADD_ENTRY = (
    "insert into funds_ledger_entries "
    "(id, legacy_object_id, payment_id, type, amount, currency, idempotency_key, created_at) "
    "select gen_random_uuid(), $1::varchar, id, 'fee', 12.5, 'USD', $1::varchar, $3 "
    "from payments where legacy_object_id = $2"
)
DELETE_ADDRESS = "delete from addresses where legacy_object_id = $1"


@dataclass(slots=True, kw_only=True)
class DualWriter:
    """Changes, adds and deletes records, each once in a few seconds, so that none is restless for long."""

    mongo: "AsyncDatabase[dict[str, Any]]"
    pool: "asyncpg.Pool[asyncpg.Record]"
    lag: random.Random = field(default_factory=lambda: random.Random(20))
    late: set["asyncio.Task[str]"] = field(default_factory=set)
    busy: asyncio.Event = field(default_factory=asyncio.Event)
    added: list[ObjectId] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def on(cls, shop: Shop) -> AsyncIterator[Self]:
        """A writer that is connected; at the end everything late is written."""
        async with (
            AsyncMongoClient[dict[str, Any]](shop.mongodb_uri, tz_aware=True) as client,
            asyncpg.create_pool(shop.pg_url, min_size=2, max_size=4) as pool,
        ):
            writer = cls(mongo=client[shop.name], pool=pool)
            yield writer
            await asyncio.gather(*writer.late)

    async def go_on(self, until: asyncio.Event) -> None:
        """Write until told to stop."""
        addresses, users, payments = [await self._ids(name) for name in ("addresses", "users", "payments")]
        owner = await self.mongo["addresses"].distinct("userId", {"isPrimary": True})
        number = 0
        while not until.is_set():
            now = datetime.now(UTC).replace(microsecond=0)
            await self._relabel(addresses[number % len(addresses)], number, now)
            await self._prefer(users[number % len(users)], number, now)
            match number % 6:
                case 0:
                    await self._add_address(owner[0], now)
                case 2:
                    await self._add_entry(payments[number % len(payments)], now)
                case 4 if len(self.added) > WRITES_BEFORE_IT_COUNTS // 6:
                    await self._delete_address(self.added.pop(0))
            number += 1
            if number == WRITES_BEFORE_IT_COUNTS:
                self.busy.set()
            await asyncio.sleep(PAUSE_S)

    async def _ids(self, collection: str) -> list[ObjectId]:
        return [document["_id"] async for document in self.mongo[collection].find().sort("_id")]

    async def _relabel(self, address: ObjectId, number: int, now: datetime) -> None:
        change = {"label": f"label {number}", "updatedAt": now}
        await self.mongo["addresses"].update_one({"_id": address}, {"$set": change})
        self._later(RELABEL, str(address), *change.values())

    async def _prefer(self, user: ObjectId, number: int, now: datetime) -> None:
        change = {"preferences": {"seen": number}, "updatedAt": now}
        await self.mongo["users"].update_one({"_id": user}, {"$set": change})
        self._later(PREFER, str(user), number, now)

    async def _add_address(self, user: ObjectId, now: datetime) -> None:
        new = ObjectId()
        document = {"userId": user, "label": "new", "city": "Gent", "country": "BE", "isPrimary": False}
        await self.mongo["addresses"].insert_one({"_id": new, **document, "createdAt": now, "updatedAt": now})
        self._later(ADD_ADDRESS, str(new), str(user), now)
        self.added.append(new)

    async def _add_entry(self, payment: ObjectId, now: datetime) -> None:
        new = ObjectId()
        document = {"paymentId": payment, "type": "fee", "amount": Decimal128("12.5"), "currency": "USD"}
        await self.mongo["fundsledgerentries"].insert_one(
            {"_id": new, **document, "idempotencyKey": str(new), "createdAt": now}
        )
        self._later(ADD_ENTRY, str(new), str(payment), now)

    async def _delete_address(self, address: ObjectId) -> None:
        await self.mongo["addresses"].delete_one({"_id": address})
        self._later(DELETE_ADDRESS, str(address))

    def _later(self, statement: str, *values: object) -> None:
        task = asyncio.create_task(self._after_a_while(statement, values))
        self.late.add(task)
        task.add_done_callback(self.late.discard)

    async def _after_a_while(self, statement: str, values: tuple[object, ...]) -> str:
        await asyncio.sleep(self.lag.uniform(0, MOST_LAG_S))
        status = await self.pool.execute(statement, *values)
        assert status.endswith(" 1"), "the dual write has to hit its row"
        return status


@contextmanager
def writing(shop: Shop) -> Iterator[None]:
    """A dual-writer at work on the shop while the context is open; afterwards both sides agree."""
    told_to_stop, busy = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with DualWriter.on(shop) as writer:
            writer.busy = busy
            await writer.go_on(told_to_stop)

    work = asyncio.run_coroutine_threadsafe(write(), shop.live.loop)
    try:
        shop.live.call(_either(busy, work))
        yield
    finally:
        shop.live.loop.call_soon_threadsafe(told_to_stop.set)
        work.result(PATIENCE_S)


@contextmanager
def restless_row(shop: Shop, key: str) -> Iterator[None]:
    """An address whose row differs from its document, time and again in another way."""
    told_to_stop = asyncio.Event()

    async def change() -> None:
        connection = await asyncpg.connect(shop.pg_url)
        number = 0
        while not told_to_stop.is_set():
            number += 1
            await connection.execute(
                "update addresses set label = $2 where legacy_object_id = $1", key, f"restless {number}"
            )
            await asyncio.sleep(PAUSE_S)
        await connection.close()

    work = asyncio.run_coroutine_threadsafe(change(), shop.live.loop)
    try:
        yield
    finally:
        shop.live.loop.call_soon_threadsafe(told_to_stop.set)
        work.result(PATIENCE_S)


async def _either(busy: asyncio.Event, work: Any) -> None:  # noqa: ANN401 - a concurrent future
    """Waits until the writer is busy, or has failed."""
    waiting = asyncio.create_task(busy.wait())
    await asyncio.wait({waiting, asyncio.wrap_future(work)}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
