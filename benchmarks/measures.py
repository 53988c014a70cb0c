"""What is timed: the drain of both stores, the obvious loop, and reconciler's own scan."""

import io
import resource
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
from bson import ObjectId
from deepdiff import DeepDiff
from motor.motor_asyncio import AsyncIOMotorClient

from benchmarks.shop import DATABASE


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One row: wall and own CPU seconds, records of both sides together, peak memory of this process so far in MB."""

    name: str
    records: int
    wall: float
    cpu: float
    peak_mb: float

    @property
    def rate(self) -> float:
        """Records of both sides a second."""
        return self.records / self.wall


async def measured(name: str, work: Callable[[], Awaitable[int]]) -> Measure:
    """Times work that returns how many records it moved."""
    began, cpu = time.perf_counter(), time.process_time()
    records = await work()
    wall, used = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measure(name=name, records=records, wall=wall, cpu=used, peak_mb=peak)


async def drain(mongodb_uri: str, pg_url: str, records: int) -> int:
    """Moves every byte and decodes nothing: raw batches, and a binary COPY."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongodb_uri)
    connection = await asyncpg.connect(pg_url)
    try:
        async for _ in client.get_database(DATABASE)["addresses"].find_raw_batches({}):
            pass
        sink = io.BytesIO()
        await connection.copy_from_table("addresses", output=sink, format="binary")
    finally:
        await connection.close()
        client.close()
    return 2 * records


async def obvious(mongodb_uri: str, pg_url: str, records: int) -> int:
    """What one writes first: load documents, look each row up, DeepDiff the pair."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongodb_uri)
    connection = await asyncpg.connect(pg_url)
    seen = 0
    try:
        lookup = "select * from addresses where legacy_object_id = $1"
        async for document in client.get_database(DATABASE)["addresses"].find({}).limit(records):
            row = await connection.fetchrow(lookup, str(document["_id"]))
            source = {name: str(value) if isinstance(value, ObjectId) else value for name, value in document.items()}
            DeepDiff(source, dict(row or {}))
            seen += 1
    finally:
        await connection.close()
        client.close()
    return 2 * seen
