"""The entity that is measured: users and addresses that agree, in as many records as asked for."""

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from bson import ObjectId
from motor.motor_asyncio import AsyncIOMotorClient

DATABASE = "bench"
AT_ONCE = 10_000
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
COLUMNS = (
    "id", "legacy_object_id", "user_id", "label", "recipient_name", "line1", "line2", "city", "region", "postal_code",
    "country", "phone", "is_primary", "lng", "lat", "created_at", "updated_at",
)  # fmt: skip

SCHEMA = """
create table users (id uuid primary key, legacy_object_id varchar(24) unique);
create table addresses (
  id uuid primary key, legacy_object_id varchar(24) unique, user_id uuid, label text, recipient_name text, line1 text,
  line2 text, city text, region text, postal_code text, country char(2), phone text, is_primary boolean,
  lng double precision, lat double precision, created_at timestamptz, updated_at timestamptz
);
"""

SPOIL = """
update addresses set city = city || ' ' where id in (select id from addresses order by md5(id::text) limit $1)
"""


def pairs(records: int) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """(user, document, row) of each address; every user has one address, which is primary."""
    draw = random.Random(7)
    for number in range(records):
        address, user = ObjectId(f"65{number:022x}"), ObjectId(f"64{number:022x}")
        made = BEGIN + timedelta(milliseconds=draw.randrange(10**10))
        texts = {
            "label": "home",
            "recipientName": f"Person {number}",
            "line1": f"{number} Main Street",
            "line2": None,
            "city": draw.choice(("Tehran", "Berlin", "北京市", "دبی")),
            "region": "R",
            "postalCode": f"{number % 100_000:05d}",
            "country": "IR",
            "phone": f"+98{number:010d}",
        }
        lng, lat = draw.random() * 360 - 180, draw.random() * 180 - 90
        document: dict[str, Any] = {
            "_id": address,
            "userId": user,
            "isPrimary": True,
            "createdAt": made,
            "updatedAt": made,
            **texts,
        }
        document |= {"location": {"type": "Point", "coordinates": [lng, lat]}}
        row: dict[str, Any] = dict(
            zip(
                COLUMNS,
                (_uuid(address), str(address), _uuid(user), *texts.values(), True, lng, lat, made, made),
                strict=True,
            )
        )
        yield {"_id": user, "id": _uuid(user)}, document, row


def _uuid(key: ObjectId) -> uuid.UUID:
    """The UUID that stands for an ObjectId."""
    return uuid.uuid5(uuid.NAMESPACE_OID, str(key))


async def load(*, mongodb_uri: str, pg_url: str, records: int) -> None:
    """Fills users and addresses of both stores, a batch at a time."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongodb_uri)
    connection = await asyncpg.connect(pg_url)
    try:
        await connection.execute(SCHEMA)
        batch: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = []
        for pair in pairs(records):
            batch.append(pair)
            if len(batch) == AT_ONCE:
                await _write(client, connection, batch)
                batch = []
        if batch:
            await _write(client, connection, batch)
        await connection.execute("analyze")
    finally:
        await connection.close()
        client.close()


async def _write(
    client: AsyncIOMotorClient[dict[str, Any]],
    connection: asyncpg.Connection,
    batch: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]],
) -> None:
    """One batch into both stores."""
    database = client.get_database(DATABASE)
    await database["users"].insert_many([{"_id": user["_id"]} for user, _, _ in batch])
    await database["addresses"].insert_many([document for _, document, _ in batch])
    users = [(user["id"], str(user["_id"])) for user, _, _ in batch]
    await connection.copy_records_to_table("users", records=users, columns=["id", "legacy_object_id"])
    rows = [tuple(row.values()) for _, _, row in batch]
    await connection.copy_records_to_table("addresses", records=rows, columns=list(COLUMNS))


async def differ(*, pg_url: str, records: int) -> None:
    """Makes so many addresses differ in one field, spread over the whole table, and all others agree."""
    connection = await asyncpg.connect(pg_url)
    try:
        await connection.execute("update addresses set city = rtrim(city) where city like '% '")
        await connection.execute(SPOIL, records)
        await connection.execute("vacuum analyze addresses")
    finally:
        await connection.close()
