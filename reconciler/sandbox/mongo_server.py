"""The embedded mongod: a one-node replica set with accounts, on a port of its own, restartable on the same data."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient, IndexModel, MongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import PyMongoError

from reconciler.errors import SandboxUnavailable
from reconciler.sandbox.binaries import find_mongod
from reconciler.sandbox.processes import ServerProcess, free_port, is_listening

ADMIN = "sandbox_admin"
READER = "soak_reader"
START_ATTEMPTS = 4
_PROBE_TIMEOUT_MS = 1_000
_COPY_BATCH = 2_000
_RAW: CodecOptions[Any] = CodecOptions(document_class=RawBSONDocument)
_OPTIONS = (
    "--bind_ip=127.0.0.1",
    "--wiredTigerCacheSizeGB=0.5",
    "--oplogSize=256",
    "--nounixsocket",
    "--quiet",
    "--setParameter=ttlMonitorEnabled=false",
    "--setParameter=diagnosticDataCollectionEnabled=false",
    "--setParameter=shutdownTimeoutMillisForSignaledShutdown=100",
)

Client = AsyncMongoClient[dict[str, Any]]


class MongoServer:
    """One mongod; `stop` and `start` keep port, accounts and data."""

    def __init__(self, *, data: Path, log: Path) -> None:
        """Plan a server whose files lie in `data` (made on the first start) and whose log is `log`."""
        self.port = 0
        self._data = data
        self._key = data / "keyfile"
        self._replica_set = f"sandbox-{secrets.token_hex(4)}"
        self._process = ServerProcess(name="mongod", log=log)
        self._passwords = {ADMIN: secrets.token_hex(16), READER: secrets.token_hex(16)}

    @property
    def pid(self) -> int | None:
        """The process id while the server runs, else None."""
        return self._process.pid

    def uri(self, database: str, *, account: str = ADMIN) -> str:
        """Return the connection string of one database for the admin or the reader."""
        return (
            f"mongodb://{account}:{quote(self._passwords[account])}@127.0.0.1:{self.port}/{database}"
            "?authSource=admin&directConnection=true"
        )

    async def start(self) -> None:
        """Start mongod and wait until it takes writes; the first time, also make the set and the accounts."""
        if self._process.is_running:
            return
        if self.port:
            await self._start_on(self.port)
            return
        await self._start_first()
        await self._create_accounts()

    async def stop(self) -> None:
        """Stop mongod, keeping its data."""
        await self._process.stop()

    def stop_now(self) -> None:
        """Stop mongod without an event loop."""
        self._process.stop_now()

    async def allow_reader(self, database: str) -> None:
        """Give the reader the role `read` on one database, and nothing else there."""
        await self._command("grantRolesToUser", READER, roles=[{"role": "read", "db": database}])

    async def clone_database(self, *, source: str, target: str) -> None:
        """Copy every collection of a database with its indexes, every document byte for byte."""
        async with Client(self.uri(target)) as client:
            names = await client[source].list_collection_names()
            await asyncio.gather(*(_copy_collection(client, source=source, target=target, name=name) for name in names))
        await self.allow_reader(target)

    async def drop_database(self, database: str) -> None:
        """Drop the database and the reader's way into it."""
        async with Client(self.uri(database)) as client:
            await client.drop_database(database)
        await self._command("revokeRolesFromUser", READER, roles=[{"role": "read", "db": database}])

    async def _start_first(self) -> None:
        self._data.mkdir(parents=True)
        self._key.write_text(secrets.token_hex(32))
        self._key.chmod(0o600)
        for attempt in range(1, START_ATTEMPTS + 1):
            self.port = free_port()
            try:
                await self._start_on(self.port)
            except SandboxUnavailable:
                if attempt == START_ATTEMPTS:
                    raise
            else:
                return

    async def _start_on(self, port: int) -> None:
        own = (f"--port={port}", f"--dbpath={self._data}", f"--keyFile={self._key}", f"--replSet={self._replica_set}")
        self._process.spawn((find_mongod(), *own, *_OPTIONS), cwd=self._data)
        try:
            await self._process.wait_ready(self._is_primary)
        except BaseException:
            await self._process.stop()
            raise

    async def _is_primary(self) -> bool:
        return is_listening(self.port) and await asyncio.to_thread(_is_primary, self.port, self._replica_set)

    async def _create_accounts(self) -> None:
        """Make the admin through mongod's exception for a first account from this host, then the reader as admin."""
        async with Client(f"mongodb://127.0.0.1:{self.port}/?directConnection=true") as client:
            await client.admin.command("createUser", ADMIN, pwd=self._passwords[ADMIN], roles=["root"])
        await self._command("createUser", READER, pwd=self._passwords[READER], roles=[])

    async def _command(self, name: str, value: str, **arguments: Any) -> None:  # noqa: ANN401 - whatever the command takes
        async with Client(self.uri("admin")) as client:
            await client.admin.command(name, value, **arguments)


def _is_primary(port: int, replica_set: str) -> bool:
    """Return whether our mongod takes writes, making its set of one if there is none yet.

    The name of the set tells it from another mongod that took the port meanwhile.

    A blocking client, because the asynchronous one leaves a socket behind when it is closed while it still connects.
    """
    try:
        with MongoClient[dict[str, Any]](
            host="127.0.0.1", port=port, directConnection=True, serverSelectionTimeoutMS=_PROBE_TIMEOUT_MS
        ) as client:
            hello = client.admin.command("hello")
            if hello.get("isreplicaset"):
                member = {"_id": 0, "host": f"127.0.0.1:{port}"}
                client.admin.command("replSetInitiate", {"_id": replica_set, "members": [member]})
            return bool(hello.get("isWritablePrimary")) and hello.get("setName") == replica_set
    except PyMongoError:
        return False


async def _copy_collection(client: Client, *, source: str, target: str, name: str) -> None:
    """Make the indexes while the copy is empty, which is quick, then copy the documents undecoded."""
    copy = client[target].get_collection(name, _RAW)
    await client[target].create_collection(name)
    indexes = [
        IndexModel(list(index.pop("key").items()), **index) async for index in _secondary_indexes(client[source][name])
    ]
    if indexes:
        await copy.create_indexes(indexes)
    documents = client[source].get_collection(name, _RAW).find(batch_size=_COPY_BATCH)
    while batch := await documents.to_list(_COPY_BATCH):
        await copy.insert_many(batch, ordered=False)


async def _secondary_indexes(collection: AsyncCollection[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    async for index in await collection.list_indexes():
        if index["name"] != "_id_":
            yield {key: value for key, value in index.items() if key != "v"}
