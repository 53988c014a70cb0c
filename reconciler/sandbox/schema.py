"""The empty marketplace: every collection and table with its indexes, made in both stores."""

from importlib.resources import files
from typing import Any

import asyncpg
from pymongo import ASCENDING, AsyncMongoClient, IndexModel

_TTL = {"expireAfterSeconds": 0}
COLLECTION_INDEXES: dict[str, tuple[IndexModel, ...]] = {
    "users": (
        IndexModel([("email", ASCENDING)], unique=True),
        IndexModel(
            [("telegramId", ASCENDING)], unique=True, partialFilterExpression={"telegramId": {"$type": "number"}}
        ),
    ),
    "telegramlinks": (IndexModel([("userId", ASCENDING)], unique=True),),
    "telegramsessions": (IndexModel([("expiresAt", ASCENDING)], **_TTL),),
    "tempverifications": (IndexModel([("expiresAt", ASCENDING)], **_TTL), IndexModel([("email", ASCENDING)])),
    "configsettings": (IndexModel([("key", ASCENDING)], unique=True),),
    "configsettinghistories": (IndexModel([("settingKey", ASCENDING), ("changedAt", ASCENDING)]),),
    "addresses": (IndexModel([("userId", ASCENDING)]),),
    "categories": (IndexModel([("slug", ASCENDING)], unique=True),),
    "levelconfigs": (IndexModel([("level", ASCENDING)], unique=True),),
    "shopsettings": (IndexModel([("sellerId", ASCENDING)], unique=True),),
    "reviews": (IndexModel([("sellerId", ASCENDING), ("createdAt", ASCENDING)]),),
    "purchaserequests": (IndexModel([("buyerId", ASCENDING)]),),
    "selleroffers": (IndexModel([("purchaseRequestId", ASCENDING)]),),
    "payments": (IndexModel([("purchaseRequestId", ASCENDING)]),),
    "fundsledgerentries": (
        IndexModel([("idempotencyKey", ASCENDING)], unique=True),
        IndexModel([("paymentId", ASCENDING)]),
    ),
    "requesttemplates": (),
    "deriveddestinations": (),
    "pointtransactions": (IndexModel([("userId", ASCENDING)]),),
    "referrals": (),
    "chats": (),
    "messages": (IndexModel([("chatId", ASCENDING)]),),
    "notifications": (IndexModel([("expiresAt", ASCENDING)], **_TTL),),
    "disputes": (),
    "blogposts": (),
    "contents": (),
}


async def create_schema(*, mongodb_uri: str, pg_url: str, database: str) -> None:
    """Make the whole empty marketplace, indexes included, in a database that is empty in both stores."""
    await create_tables(pg_url=pg_url)
    await create_table_indexes(pg_url=pg_url)
    await create_collections(mongodb_uri=mongodb_uri, database=database)
    await create_collection_indexes(mongodb_uri=mongodb_uri, database=database)


async def create_tables(*, pg_url: str) -> None:
    """Make the tables alone, for a fast load."""
    await _execute_file("tables.sql", pg_url=pg_url)


async def create_table_indexes(*, pg_url: str) -> None:
    """Make the tables' indexes and statistics, after the load."""
    await _execute_file("indexes.sql", pg_url=pg_url)
    await _execute("vacuum analyze", pg_url=pg_url)


async def create_collections(*, mongodb_uri: str, database: str) -> None:
    """Make the collections alone, also those that nothing will be written to."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri) as client:
        for name in COLLECTION_INDEXES:
            await client[database].create_collection(name)


async def create_collection_indexes(*, mongodb_uri: str, database: str) -> None:
    """Make the collections' indexes, after the load."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri) as client:
        for name, indexes in COLLECTION_INDEXES.items():
            if indexes:
                await client[database][name].create_indexes(list(indexes))


async def _execute_file(name: str, *, pg_url: str) -> None:
    await _execute(files("reconciler.sandbox").joinpath(name).read_text(encoding="utf-8"), pg_url=pg_url)


async def _execute(statements: str, *, pg_url: str) -> None:
    connection = await asyncpg.connect(pg_url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()
