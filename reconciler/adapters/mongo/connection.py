"""The connection to MongoDB: opened read-only in intent, bounded in time, proved by what the account may do."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import ConfigurationError as MongoConfigurationError
from pymongo.errors import OperationFailure, PyMongoError

from reconciler.adapters import hosts
from reconciler.errors import ConfigurationError, ReadInterrupted, ReconcilerError, StoreUnavailable

APPLICATION = "reconciler"
WRITES = frozenset({
    "insert", "update", "remove", "createCollection", "dropCollection", "createIndex", "dropIndex", "dropDatabase", "collMod",
    "renameCollectionSameDB", "convertToCapped", "bypassDocumentValidation", "anyAction",
})  # fmt: skip
NOT_ALLOWED = {13, 18}
PATIENCE_MS = 5000

Client = AsyncIOMotorClient[dict[str, Any]]


@asynccontextmanager
async def connect(
    uri: str, *, allowed_hosts: Sequence[str], timeout_ms: int
) -> AsyncIterator[tuple[Client, hosts.Address]]:
    """A client for the database named in the address; closed at the end. Nothing is sent before the first command."""
    address = hosts.parse("MONGODB_URI", uri, schemes=("mongodb",))
    hosts.require_allowed("MongoDB", address, allowed=allowed_hosts, encrypted=address.options.get("tls") == "true")
    try:
        client: Client = AsyncIOMotorClient(
            uri, appname=APPLICATION, maxPoolSize=6, serverSelectionTimeoutMS=PATIENCE_MS, connectTimeoutMS=PATIENCE_MS,
            socketTimeoutMS=timeout_ms, waitQueueTimeoutMS=timeout_ms, retryReads=True, retryWrites=False,
        )  # fmt: skip
    except (MongoConfigurationError, PyMongoError, ValueError, TypeError):
        raise ConfigurationError(
            ("MONGODB_URI: expected an address that MongoDB's driver reads, got one that it refuses",)
        ) from None
    try:
        yield client, address
    finally:
        client.close()


def failure(problem: PyMongoError, *, doing: str, begun: bool = False) -> ReconcilerError:
    """A driver's error as ours: its class and code, never its text, which may carry values and addresses."""
    code = problem.code if isinstance(problem, OperationFailure) else None
    name = f"{type(problem).__name__}{f' {code}' if code is not None else ''}"
    if code in NOT_ALLOWED:
        return StoreUnavailable(
            f"MongoDB (source) refuses {doing}",
            expected="an account with the role `read` on the database",
            got=name,
            next_step="check user and password in MONGODB_URI, then `reconciler doctor`",
        )
    if begun:
        return ReadInterrupted(
            f"MongoDB (source) stopped while {doing}",
            expected="the read to reach its end",
            got=name,
            next_step="run again; `reconciler doctor` tells whether the store answers",
        )
    return StoreUnavailable(
        f"MongoDB (source) can't be reached for {doing}",
        expected=f"an answer within {PATIENCE_MS // 1000} s",
        got=name,
        next_step="check that the server runs and MONGODB_URI names it, then `reconciler doctor`",
    )


async def describe(client: Client, database: str) -> dict[str, Any]:
    """Version, role, identity, clock skew in seconds, and what the account could write."""
    try:
        before = time.time()
        hello = await client.admin.command("hello")
        between = (before + time.time()) / 2
        build = await client.admin.command("buildInfo")
        status = await client.admin.command("connectionStatus", showPrivileges=True)
        await client[database].list_collection_names()
    except PyMongoError as problem:
        raise failure(problem, doing="the first look at the server") from None
    return {
        "version": str(build["version"]),
        "role": "primary" if hello.get("isWritablePrimary") else "secondary",
        "replica_set": str(hello.get("setName", "")),
        "identity": f"mongodb:{hello.get('setName', 'standalone')}/{database}",
        "skew": hello["localTime"].replace(tzinfo=UTC).timestamp() - between,
        "writable": _writable(status["authInfo"], database),
    }


def _writable(info: dict[str, Any], database: str) -> tuple[str, ...]:
    """The write actions the account has on the database; without authentication everybody has them all."""
    if not info["authenticatedUsers"]:
        return ("everything: the server asks for no login",)
    found = set()
    for privilege in info["authenticatedUserPrivileges"]:
        resource = privilege["resource"]
        if resource.get("anyResource") or resource.get("db") in ("", database):
            found |= WRITES & set(privilege["actions"])
    return tuple(sorted(found))
