"""Both embedded servers together: started on free ports in a temporary folder, stopped with it."""

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from reconciler.errors import SandboxUnavailable
from reconciler.sandbox import mongo_server, postgres_server
from reconciler.sandbox.mongo_server import MongoServer
from reconciler.sandbox.postgres_server import PostgresServer
from reconciler.sandbox.processes import stop_on_terminate

_DATABASE_NAME = re.compile(r"[a-z][a-z0-9_]{0,37}")


class Sandbox:
    """A running MongoDB and PostgreSQL of our own; made by `Sandbox.start`."""

    def __init__(self, *, home: Path, logs: Path) -> None:
        """Plan both servers under `home`, with `mongod.log` and `postgres.log` in `logs`; nothing starts yet."""
        self.folder = home
        self._mongo = MongoServer(data=home / "mongo", log=logs / "mongod.log")
        self._postgres = PostgresServer(home=home, log=logs / "postgres.log")

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path | None = None) -> AsyncIterator[Self]:
        """Run both servers while the context is open; their data is removed with it.

        `folder` (made if missing) receives the data in a new subfolder and keeps the logs; without it all is temporary.
        Raises SandboxUnavailable when a server is not installed or does not start.
        """
        stop_on_terminate()
        sandbox = cls(**_make_folders(folder))
        try:
            await sandbox._start_both()
            yield sandbox
        finally:
            await sandbox.close()

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of the servers that run, by the names `mongod` and `postgres`."""
        found = {"mongod": self._mongo.pid, "postgres": self._postgres.pid}
        return {name: pid for name, pid in found.items() if pid is not None}

    @property
    def ports(self) -> dict[str, int]:
        """The TCP ports on 127.0.0.1, by the names `mongod` and `postgres`."""
        return {"mongod": self._mongo.port, "postgres": self._postgres.port}

    def mongodb_uri(self, database: str) -> str:
        """Return the connection string of the account that may do anything."""
        return self._mongo.uri(_checked(database))

    def reader_mongodb_uri(self, database: str) -> str:
        """Return the connection string of `soak_reader`, who has the role `read` on each created database."""
        return self._mongo.uri(_checked(database), account=mongo_server.READER)

    def pg_url(self, database: str) -> str:
        """Return the connection string of the account that may do anything."""
        return self._postgres.url(_checked(database))

    def reader_pg_url(self, database: str) -> str:
        """Return the connection string of `soak_reader`, who is in `pg_read_all_data` and nothing else."""
        return self._postgres.url(_checked(database), account=postgres_server.READER)

    async def create_databases(self, name: str) -> None:
        """Make an empty database of this name in both stores, open to the reader."""
        await self._mongo.allow_reader(_checked(name))
        await self._postgres.create_database(name)

    async def clone_databases(self, *, source: str, target: str) -> None:
        """Copy a database in both stores; nobody may be connected to the PostgreSQL source meanwhile."""
        await asyncio.gather(
            self._mongo.clone_database(source=_checked(source), target=_checked(target)),
            self._postgres.clone_database(source=source, target=target),
        )

    async def drop_databases(self, name: str) -> None:
        """Drop the database of this name in both stores; no error if there is none."""
        await asyncio.gather(self._mongo.drop_database(_checked(name)), self._postgres.drop_database(name))

    async def start_mongo(self) -> None:
        """Start MongoDB again on its port with its data; nothing to do while it runs."""
        await self._mongo.start()

    async def stop_mongo(self) -> None:
        """Stop MongoDB, keeping port and data."""
        await self._mongo.stop()

    async def start_postgres(self) -> None:
        """Start PostgreSQL again on its port with its data; nothing to do while it runs."""
        await self._postgres.start()

    async def stop_postgres(self) -> None:
        """Stop PostgreSQL, keeping port and data."""
        await self._postgres.stop()

    async def close(self) -> None:
        """Stop both servers and remove their data; to be called once, by `start`."""
        await asyncio.shield(asyncio.to_thread(self._close_now))

    async def _start_both(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._mongo.start())
                group.create_task(self._postgres.start())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    def _close_now(self) -> None:
        self._mongo.stop_now()
        self._postgres.stop_now()
        self._postgres.remove()
        shutil.rmtree(self.folder, ignore_errors=True)


def _make_folders(folder: Path | None) -> dict[str, Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="reconciler-sandbox-", dir=folder)).resolve()
    home.chmod(0o711)  # the account that PostgreSQL runs as instead of root walks through it
    return {"home": home, "logs": folder.resolve() if folder else home}


def _checked(database: str) -> str:
    if not _DATABASE_NAME.fullmatch(database):
        raise SandboxUnavailable(
            "the sandbox cannot make this database",
            expected="a name of at most 38 characters from a-z, 0-9 and _ that starts with a letter",
            got=f"{len(database)} characters that do not fit",
            next_step="choose another name",
        )
    return database
