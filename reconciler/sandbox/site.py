"""Where a fault is planted: both stores, the rows that have one already, and the plainest recipes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
from bson import ObjectId
from pymongo.asynchronous.database import AsyncDatabase

from reconciler.errors import SandboxUnavailable
from reconciler.sandbox.faults import PlantedFault, PlantedRecord

CERTAINLY_LIVE = datetime(2044, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Both stores, and the rows that carry a fault already."""

    database: AsyncDatabase[dict[str, Any]]
    connection: "asyncpg.Connection[asyncpg.Record]"
    taken: set[UUID] = field(default_factory=set)

    async def take(self, fault: PlantedFault, *, table: str, where: str, key: str) -> list[asyncpg.Record]:
        """Return `records` whole rows that meet the condition and carry no fault, first keys first, and mark them."""
        query = f"select * from {table} where ({where}) and id <> all($1::uuid[]) order by {key} limit {fault.records}"
        rows = await self.connection.fetch(query, list(self.taken))
        if len(rows) < fault.records:
            raise SandboxUnavailable(
                f"the fault {fault.label} cannot be planted",
                expected=f"{fault.records} fitting rows of {table}",
                got=str(len(rows)),
                next_step="fill the sandbox with more records (5,000 are enough)",
            )
        self.taken.update(row["id"] for row in rows)
        return rows

    async def live(self, collection: str, path: str = "") -> list[Any]:
        """Return the ids of the documents in which a TTL record is live."""
        return await self.database[collection].distinct("_id", {f"{path}expiresAt": {"$gte": CERTAINLY_LIVE}})


Recipe = Callable[[Site, PlantedFault], Awaitable[list[PlantedRecord]]]


def column(table: str, change: str, where: str, *, key: str = "legacy_object_id") -> Recipe:
    """Return a recipe that changes columns of the target's rows."""

    async def recipe(site: Site, fault: PlantedFault) -> list[PlantedRecord]:
        rows = await site.take(fault, table=table, where=where, key=key)
        await site.connection.execute(
            f"update {table} set {change} where id = any($1::uuid[])", [row["id"] for row in rows]
        )
        return [found(fault, row[key]) for row in rows]

    return recipe


def missing(table: str, where: str) -> Recipe:
    """Return a recipe that deletes the target's rows."""

    async def recipe(site: Site, fault: PlantedFault) -> list[PlantedRecord]:
        rows = await site.take(fault, table=table, where=where, key="legacy_object_id")
        await site.connection.execute(f"delete from {table} where id = any($1::uuid[])", [row["id"] for row in rows])
        return [found(fault, row["legacy_object_id"]) for row in rows]

    return recipe


async def set_source(site: Site, collection: str, row: asyncpg.Record, values: dict[str, Any]) -> None:
    """Set fields of the document that a row belongs to."""
    await site.database[collection].update_one({"_id": ObjectId(row["legacy_object_id"])}, {"$set": values})


def found(fault: PlantedFault, key: str, *, path: str | None = None, is_prefix: bool = False) -> PlantedRecord:
    """Return the diff that the fault gives to the record with this key."""
    return PlantedRecord(
        label=fault.label,
        domain=fault.domain,
        entity=fault.entity,
        key=key,
        is_prefix=is_prefix,
        outcome=fault.outcome,
        path=path or fault.path,
        kind=fault.kind,
    )
