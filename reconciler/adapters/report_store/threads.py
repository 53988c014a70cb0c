"""One thread that writes and a few that read, so that SQLite never keeps the event loop waiting."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database

from reconciler.adapters.report_store.failures import in_words, name_of
from reconciler.adapters.report_store.opening import connect_reader, connect_writer
from reconciler.errors import ReportStoreError

WRITES_WAITING = 32
READERS = 4

T = TypeVar("T")


class Writer:
    """The one thread that writes, in the order asked; whoever asks while too many wait, waits."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="report-writer")
        self._places = asyncio.Semaphore(WRITES_WAITING)
        self._db: Database | None = None

    async def write(self, work: Callable[[Database], T]) -> T:
        """Does the work in one transaction, durable when this returns; ReportStoreError keeps nothing of it."""
        async with self._places:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._transaction, work)

    async def alone(self, work: Callable[[Database], T]) -> T:
        """Does work that cannot stand in a transaction: a vacuum, a backup, a look at what was committed."""
        async with self._places:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, work)

    async def close(self) -> None:
        """Lets what waits be written, then closes the connection."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
        self._thread.shutdown()

    def _transaction(self, work: Callable[[Database], T]) -> T:
        def whole(db: Database) -> T:
            db.execute("BEGIN IMMEDIATE")
            try:
                result = work(db)
                db.execute("COMMIT")
            except BaseException:
                db.rollback()
                raise
            return result

        return self._guarded(whole)

    def _guarded(self, work: Callable[[Database], T]) -> T:
        with in_words(self.path):
            try:
                if self._db is None:
                    self._db = connect_writer(self.path)
                return work(self._db)
            except sqlite3.Error as error:
                if not name_of(error).startswith("SQLITE_CONSTRAINT"):
                    self._drop()
                raise

    def _drop(self) -> None:
        """Closes the connection; the next write opens another."""
        if self._db is not None:
            db, self._db = self._db, None
            db.close()


class Readers:
    """A few threads that read, each with its own connection, beside the writer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pool = ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="report-reader")
        self._own = threading.local()
        self._opened: list[Database] = []

    async def read(self, work: Callable[[Database], T]) -> T:
        """Does the work on one consistent look at the database. Raises ReportStoreError."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._look, work)

    async def close(self) -> None:
        """Waits for what is being read, then closes every connection."""
        await asyncio.to_thread(self._pool.shutdown)
        for db in self._opened:
            db.close()

    def _look(self, work: Callable[[Database], T]) -> T:
        with in_words(self.path):
            db = self._connection()
            try:
                db.execute("BEGIN")
                result = work(db)
                db.rollback()
            except BaseException:
                self._own.db = None
                db.close()
                raise
            return result

    def _connection(self) -> Database:
        db: Database | None = getattr(self._own, "db", None)
        if db is None:
            db = self._own.db = connect_reader(self.path)
            self._opened.append(db)
        return db


def refuse_writing(path: Path) -> ReportStoreError:
    """What is said to a write where the database was opened to be read."""
    return ReportStoreError(f"report database {path} was opened to be read only", next_step="open it for writing")
