"""The embedded PostgreSQL: a cluster of our own with accounts and a port of its own, restartable on the same data."""

import asyncio
import os
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import asyncpg

from reconciler.errors import SandboxUnavailable
from reconciler.sandbox.binaries import PostgresBinaries, find_postgres
from reconciler.sandbox.processes import ChildUser, ServerProcess, free_port, not_started

WRITER = "sandbox_writer"
READER = "soak_reader"
START_ATTEMPTS = 4
_INITDB_TIMEOUT_S = 120.0
_NOBODY = ChildUser(uid=65534, gid=65534)
_INITDB_OPTIONS = (
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth=scram-sha-256",
    "--no-sync",
    "--no-instructions",
)
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "log_min_messages": "warning",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "dynamic_shared_memory_type": "posix" if sys.platform != "win32" else "windows",
}
_PROBE_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncio.TimeoutError)


class PostgresServer:
    """One PostgreSQL cluster; `stop` and `start` keep port, accounts and data."""

    def __init__(self, *, home: Path, log: Path) -> None:
        """Plan a cluster under `home` (or elsewhere, if root's stand-in may not go there) whose log is `log`."""
        self.port = 0
        self._user = _child_user()
        self._root = home / "postgres"
        self._log = log
        self._process = ServerProcess(name="postgres", log=log, user=self._user, stop_signals=_stop_signals())
        self._passwords = {WRITER: secrets.token_hex(16), READER: secrets.token_hex(16)}
        self._binaries: PostgresBinaries | None = None

    @property
    def pid(self) -> int | None:
        """The process id while the server runs, else None."""
        return self._process.pid

    def url(self, database: str, *, account: str = WRITER) -> str:
        """Return the connection string of one database for the writer or the reader."""
        return f"postgresql://{account}:{self._passwords[account]}@127.0.0.1:{self.port}/{database}"

    async def start(self) -> None:
        """Start the server and wait until it answers; the first time, also make the cluster and the accounts."""
        if self._process.is_running:
            return
        if self.port:
            await self._start_on(self.port)
            return
        self._binaries = self._prepare_folder()
        await self._initdb(self._binaries)
        await self._start_first()
        await self._execute(
            "postgres", f"create role {READER} login in role pg_read_all_data password '{self._passwords[READER]}'"
        )

    async def stop(self) -> None:
        """Stop the server, keeping its data; connections are cut off."""
        await self._process.stop()

    def stop_now(self) -> None:
        """Stop the server without an event loop."""
        self._process.stop_now()

    def remove(self) -> None:
        """Remove the cluster's files; the server must be stopped."""
        shutil.rmtree(self._root, ignore_errors=True)

    async def create_database(self, database: str) -> None:
        """Make an empty database in which the reader can make nothing, not even temporary tables."""
        await self._execute("postgres", f'create database "{database}"')
        await self._seal(database)

    async def clone_database(self, *, source: str, target: str) -> None:
        """Copy a database that nobody is connected to."""
        await self._execute("postgres", f'create database "{target}" template "{source}"')
        await self._seal(target)

    async def drop_database(self, database: str) -> None:
        """Drop the database, cutting off whoever is connected; no error if it is not there."""
        await self._execute("postgres", f'drop database if exists "{database}" with (force)')

    async def _seal(self, database: str) -> None:
        await self._execute(database, f'revoke temporary on database "{database}" from public')

    async def _execute(self, database: str, statement: str) -> None:
        connection = await asyncpg.connect(self.url(database))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _prepare_folder(self) -> PostgresBinaries:
        binaries = find_postgres()
        if self._user is not None and not _open_to_all(self._root.parent):
            self._root = Path(tempfile.mkdtemp(prefix="reconciler-sandbox-pg-"))
        self._root.mkdir(parents=True, mode=0o700, exist_ok=True)
        if self._user is None:
            return binaries
        os.chown(self._root, self._user.uid, self._user.gid)
        return (
            binaries if _open_to_all(binaries.postgres) else _copy_installation(binaries, into=self._root / "install")
        )

    async def _initdb(self, binaries: PostgresBinaries) -> None:
        secret = self._root / "writer"
        secret.write_text(self._passwords[WRITER])
        secret.chmod(0o600)
        if self._user is not None:
            os.chown(secret, self._user.uid, self._user.gid)
        settings = [f"--set={name}={value}" for name, value in _SETTINGS.items()]
        options = ["-U", WRITER, f"--pwfile={secret}", *_INITDB_OPTIONS, *settings]
        try:
            self._process.spawn((binaries.initdb, "-D", self._data, *options), cwd=self._root)
            end = await self._process.wait_ended(timeout_s=_INITDB_TIMEOUT_S)
        finally:
            secret.unlink()
        if end != "code 0":
            raise not_started("PostgreSQL", got=f"{end} from initdb", log=self._log)

    @property
    def _data(self) -> Path:
        return self._root / "data"

    async def _start_first(self) -> None:
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
        binaries = self._binaries or find_postgres()
        self._process.spawn((binaries.postgres, "-D", self._data, "-p", str(port)), cwd=self._root)
        try:
            await self._process.wait_ready(self._answers)
        except BaseException:
            await self._process.stop()
            raise

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self.url("postgres"), timeout=5)
            await connection.close()
        except _PROBE_ERRORS:
            return False
        return True


def _child_user() -> ChildUser | None:
    """Return the account to run as: PostgreSQL refuses to run as root."""
    return _NOBODY if sys.platform != "win32" and os.geteuid() == 0 else None


def _stop_signals() -> tuple[signal.Signals, ...]:
    """Return PostgreSQL's fast and immediate shutdown, or what Windows has."""
    return (signal.SIGTERM,) if sys.platform == "win32" else (signal.SIGINT, signal.SIGQUIT)


def _open_to_all(place: Path) -> bool:
    """Return whether any account may walk to the place, so that root's stand-in may."""
    return all(folder.stat().st_mode & 0o001 for folder in (place, *place.resolve().parents))


def _copy_installation(binaries: PostgresBinaries, *, into: Path) -> PostgresBinaries:
    shutil.copytree(binaries.postgres.parent.parent, into, symlinks=True)
    for place in (into, *into.rglob("*")):
        if not place.is_symlink():
            place.chmod(0o755)
    bin_folder = into / binaries.postgres.parent.name
    return PostgresBinaries(initdb=bin_folder / binaries.initdb.name, postgres=bin_folder / binaries.postgres.name)
