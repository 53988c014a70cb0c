"""The connection to MongoDB: opened read-only in intent, bounded in time, proved by what the account may do."""

import time
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from bson.errors import BSONError
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import OperationFailure, PyMongoError

from reconciler.adapters import hosts
from reconciler.errors import ConfigurationError, ReadInterrupted, ReconcilerError, StoreRefused, StoreUnavailable

APPLICATION = "reconciler"
WRITES = frozenset({
    "insert", "update", "remove", "createCollection", "dropCollection", "createIndex", "dropIndex", "dropDatabase",
    "collMod", "renameCollectionSameDB", "convertToCapped", "bypassDocumentValidation", "anyAction",
})  # fmt: skip
NOT_ALLOWED = {13, 18}
PATIENCE_MS = 5000
UNCHECKED = ("tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames")
ROUTER = "isdbgrid"

Client = AsyncIOMotorClient[dict[str, Any]]


@asynccontextmanager
async def connect(
    uri: str, *, allowed_hosts: Sequence[str], timeout_ms: int
) -> AsyncIterator[tuple[Client, hosts.Address]]:
    """A client for the database named in the address; closed at the end. Nothing is sent before the first command."""
    address = hosts.parse("MONGODB_URI", uri, schemes=("mongodb",))
    hosts.require_allowed("MongoDB", address, allowed=allowed_hosts, encrypted=_encrypted(address))
    client = _client(uri, timeout_ms)
    try:
        yield client, address
    finally:
        client.close()


def _encrypted(address: hosts.Address) -> bool:
    """Whether the address asks for TLS with a checked certificate, without contradicting itself."""
    options = address.options
    asked = {options[name] for name in ("tls", "ssl") if name in options}
    unchecked = any(options.get(name, "false") != "false" for name in UNCHECKED)
    return asked == {"true"} and not unchecked and not address.doubled & {"tls", "ssl", *UNCHECKED}


def _client(uri: str, timeout_ms: int) -> Client:
    """The driver's client, with a bound on every wait; an option that the driver would only warn of is refused."""
    try:
        with warnings.catch_warnings(action="error", category=UserWarning):
            return AsyncIOMotorClient(
                uri, appname=APPLICATION, maxPoolSize=6, serverSelectionTimeoutMS=PATIENCE_MS,
                connectTimeoutMS=PATIENCE_MS, socketTimeoutMS=timeout_ms, waitQueueTimeoutMS=timeout_ms,
                retryReads=True, retryWrites=False,
            )  # fmt: skip
    except (PyMongoError, ValueError, TypeError, OSError, UserWarning) as problem:
        name = type(problem).__name__
        raise ConfigurationError(
            (f"MONGODB_URI: expected an address that MongoDB's driver reads, got one that it refuses ({name})",)
        ) from None


# -- errors ------------------------------------------------------------------------------------------------------------


@contextmanager
def told(doing: str, *, begun: bool = False) -> Iterator[None]:
    """Turns the driver's errors into ours; `begun` where a part of the answer may have come already."""
    try:
        yield
    except (PyMongoError, BSONError) as problem:
        raise failure(problem, doing=doing, begun=begun) from None


def failure(problem: PyMongoError | BSONError, *, doing: str, begun: bool = False) -> ReconcilerError:
    """A driver's error as ours: its class and code, never its text, which may carry values and addresses."""
    code = problem.code if isinstance(problem, OperationFailure) else None
    name = f"{type(problem).__name__}{f' {code}' if code is not None else ''}"
    if code in NOT_ALLOWED:
        return StoreUnavailable(
            f"MongoDB (source) refuses {doing}",
            expected="an account with the role `read` on the database",
            got=name,
            next_step="check user, password, authSource and database in MONGODB_URI, then `reconciler doctor`",
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


# -- what the server says of itself ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """A server as it describes itself; `skew` is in seconds, `members` are the hosts that the driver may connect to."""

    version: str
    role: str
    replica_set: str
    identity: str
    skew: float
    writable: tuple[str, ...]
    members: tuple[str, ...]


async def describe(client: Client, database: str) -> ServerFacts:
    """Version, role, identity, clock, members, and what the account could write; StoreRefused for a sharded cluster."""
    with told("the first look at the server"):
        before = time.time()
        hello = await client.admin.command("hello")
        between = (before + time.time()) / 2
        build = await client.admin.command("buildInfo")
        status = await client.admin.command("connectionStatus", showPrivileges=True)
        await client[database].list_collection_names()
    if hello.get("msg") == ROUTER:
        raise StoreRefused(
            "MongoDB (source) is a sharded cluster",
            expected="a replica set or a single server",
            got="mongos",
            next_step="point MONGODB_URI at an unsharded copy: sharded clusters are not supported",
        )
    replica_set = str(hello.get("setName", ""))
    return ServerFacts(
        version=str(build["version"]),
        role="primary" if hello.get("isWritablePrimary") else "secondary",
        replica_set=replica_set,
        identity=f"mongodb:{replica_set or 'standalone'}/{database}",
        skew=hello["localTime"].replace(tzinfo=UTC).timestamp() - between,
        writable=_writable(status["authInfo"], database),
        members=tuple(_host(member) for name in ("hosts", "passives") for member in hello.get(name, ())),
    )


def _host(member: str) -> str:
    """A set's member without its port."""
    return member.rpartition(":")[0].strip("[]").lower()


def _writable(info: Mapping[str, Any], database: str) -> tuple[str, ...]:
    """The write actions the account has on the database; without authentication everybody has them all."""
    if not info["authenticatedUsers"]:
        return ("everything: the server asks for no login",)
    found: set[str] = set()
    for privilege in info["authenticatedUserPrivileges"]:
        resource = privilege["resource"]
        if resource.get("anyResource") or resource.get("db") in ("", database):
            found |= WRITES & set(privilege["actions"])
    return tuple(sorted(found))
