"""Connections to PostgreSQL that can only read: session settings, codecs that lose nothing, errors without values."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import asyncpg

from reconciler.adapters import hosts
from reconciler.core.model import InfiniteInstant, Instant
from reconciler.errors import ConfigurationError, ReadInterrupted, ReconcilerError, StoreRefused, StoreUnavailable

PATIENCE = 5.0
CLOSING = 2.0
EPOCH_2000 = 946_684_800_000_000
INFINITIES = {2**63 - 1: InfiniteInstant("infinity"), -(2**63): InfiniteInstant("-infinity")}
SIGN_IN = ("28000", "28P01", "3D000")
NO_RIGHT = "42501"
DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, ValueError)
OPTIONS = frozenset({
    "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "sslpassword", "sslnegotiation",
    "ssl_min_protocol_version", "ssl_max_protocol_version", "target_session_attrs", "krbsrvname", "gsslib",
})  # fmt: skip
READ_ONLY = {
    "transaction_read_only": "on", "default_transaction_read_only": "on", "search_path": '""', "row_security": "off",
    "TimeZone": "UTC", "client_encoding": "UTF8",
}  # fmt: skip
SETTINGS_IN_FORCE = (
    "select current_setting(name) from unnest($1::text[]) with ordinality as t(name, place) order by place"
)
BEGIN = "begin isolation level repeatable read read only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How gently to read: rows a batch, the longest one statement may take, seconds that a snapshot is held."""

    batch: int = 1000
    statement_timeout_ms: int = 60_000
    snapshot_max: float = 60.0


class Connector:
    """Opens short-lived connections to the one database that PG_URL names."""

    def __init__(self, url: str, *, allowed_hosts: Sequence[str], limits: Limits) -> None:
        """Reads the address; nothing is sent yet."""
        self.address = hosts.parse("PG_URL", url, schemes=("postgresql", "postgres"))
        _refuse_options(self.address)
        encrypted = self.address.options.get("sslmode") == "verify-full" and "sslmode" not in self.address.doubled
        hosts.require_allowed("PostgreSQL", self.address, allowed=allowed_hosts, encrypted=encrypted)
        self._url = url
        self.limits = limits
        self._places = asyncio.Semaphore(4)

    @asynccontextmanager
    async def connect(self, *, doing: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection in a read-only state of mind; driver errors come out as ours."""
        async with self.connection(doing=doing) as connection:
            with told(doing):
                yield connection

    @asynccontextmanager
    async def connection(self, *, doing: str) -> AsyncIterator[asyncpg.Connection]:
        """The same for who tells driver errors apart from those of others."""
        async with self._places:
            connection = await self._open(doing)
            try:
                yield connection
            finally:
                await _close(connection)

    @asynccontextmanager
    async def snapshot(self, *, doing: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection inside one repeatable-read, read-only transaction."""
        async with self.connect(doing=doing) as connection:
            await connection.execute(BEGIN)
            yield connection
            await connection.execute("rollback")

    async def _open(self, doing: str) -> asyncpg.Connection:
        """Connects, sets the session up and installs the codecs."""
        connection = await self._connected(doing)
        try:
            with told(doing):
                await _require_read_only(connection)
                for name in ("timestamptz", "timestamp"):
                    await connection.set_type_codec(
                        name, schema="pg_catalog", encoder=_no_encoder, decoder=_instant, format="tuple"
                    )
        except BaseException:
            await _close(connection)
            raise
        return connection

    async def _connected(self, doing: str) -> asyncpg.Connection:
        """A bare connection."""
        try:
            return await asyncpg.connect(
                self._url,
                timeout=PATIENCE,
                command_timeout=self.limits.statement_timeout_ms / 1000 + PATIENCE,
                statement_cache_size=0,
                server_settings=self._settings(),
            )
        except (ValueError, asyncpg.InterfaceError) as problem:
            name = type(problem).__name__
            expected = "an address that PostgreSQL's driver takes; sslmode=verify-full needs sslrootcert=FILE too"
            raise ConfigurationError((f"PG_URL: expected {expected}, got one that it refuses ({name})",)) from None
        except (asyncpg.PostgresError, OSError) as problem:
            raise failure(problem, doing=doing) from None

    def _settings(self) -> dict[str, str]:
        """What every session is started with: it reads, waits for no lock, and sees every row or fails."""
        idle = int(self.limits.snapshot_max * 1000) + 120_000
        return {
            "application_name": "reconciler", "TimeZone": "UTC", "search_path": '""', "row_security": "off",
            "jit": "off", "client_encoding": "UTF8", "statement_timeout": str(self.limits.statement_timeout_ms),
            "lock_timeout": "1000", "idle_in_transaction_session_timeout": str(idle),
            "default_transaction_read_only": "on", "default_transaction_isolation": "repeatable read",
            "max_parallel_workers_per_gather": "0", "extra_float_digits": "1",
        }  # fmt: skip


def _refuse_options(address: hosts.Address) -> None:
    """Refuses what could lead elsewhere or undo the session's settings, by name and never by value."""
    strange = sorted(set(address.options) - OPTIONS)
    if strange:
        known = ", ".join(sorted(OPTIONS))
        names = ", ".join(name for name in strange if name.isidentifier()) or "another"
        raise ConfigurationError((f"PG_URL: expected no options after ? but {known}, got {names}",))


async def _require_read_only(connection: asyncpg.Connection) -> None:
    """Looks whether the session's settings are in force: a pooler between may have dropped them."""
    rows = await connection.fetch(SETTINGS_IN_FORCE, list(READ_ONLY))
    off = [name for (name, wanted), row in zip(READ_ONLY.items(), rows, strict=True) if row[0] != wanted]
    if off:
        raise StoreRefused(
            "PostgreSQL (target) did not take the session's settings",
            expected="a session that can only read",
            got=f"other values of {', '.join(off)}",
            next_step="point PG_URL at the server itself, not at a pooler",
        )


async def _close(connection: asyncpg.Connection) -> None:
    """Closes politely, or cuts a peer that no longer answers."""
    try:
        await connection.close(timeout=CLOSING)
    except DRIVER:
        connection.terminate()


# -- times -------------------------------------------------------------------------------------------------------------


def _no_encoder(value: object) -> object:
    """Times are only read."""
    raise TypeError(type(value).__name__)


def _instant(value: tuple[int]) -> Instant | InfiniteInstant:
    """Microseconds since 2000 as an instant; both infinities apart."""
    return INFINITIES.get(value[0]) or Instant(value[0] + EPOCH_2000)


# -- errors ------------------------------------------------------------------------------------------------------------


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Turns the driver's errors into ours, once a connection has been made."""
    try:
        yield
    except DRIVER as problem:
        raise failure(problem, doing=doing, begun=True) from None


def failure(problem: BaseException, *, doing: str, begun: bool = False) -> ReconcilerError:
    """A driver's error as ours: class and SQLSTATE, never its text, which may carry values and addresses."""
    state = getattr(problem, "sqlstate", None) or ""
    name = f"{type(problem).__name__}{f' {state}' if state else ''}"
    if state in SIGN_IN:
        return StoreUnavailable(
            f"PostgreSQL (target) refuses the login for {doing}",
            expected="user, password and database that exist",
            got=name,
            next_step="check PG_URL, then `reconciler doctor`",
        )
    if state == NO_RIGHT:
        return StoreUnavailable(
            f"PostgreSQL (target) refuses {doing}",
            expected="the right to read every row (role pg_read_all_data, and no row security that hides some)",
            got=name,
            next_step="grant pg_read_all_data (and BYPASSRLS where rows are secured), then `reconciler doctor`",
        )
    if begun:
        return ReadInterrupted(
            f"PostgreSQL (target) stopped while {doing}",
            expected="the read to reach its end",
            got=name,
            next_step="run again; `reconciler doctor` tells whether the store answers",
        )
    return StoreUnavailable(
        f"PostgreSQL (target) can't be reached for {doing}",
        expected=f"an answer within {PATIENCE:.0f} s",
        got=name,
        next_step="check that the server runs and PG_URL names it, then `reconciler doctor`",
    )
