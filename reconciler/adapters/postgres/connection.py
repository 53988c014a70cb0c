"""Connections to PostgreSQL that can only read: session settings, codecs that lose nothing, errors without values."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from reconciler.adapters import hosts
from reconciler.core.model import InfiniteInstant, Instant
from reconciler.errors import ConfigurationError, ReadInterrupted, ReconcilerError, StoreUnavailable

PATIENCE = 5.0
EPOCH_2000 = 946_684_800_000_000
INFINITY, MINUS_INFINITY = 2**63 - 1, -(2**63)
SIGN_IN = ("28000", "28P01", "3D000")
NO_RIGHT = "42501"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How gently to read: rows a batch, and the longest one statement may take in milliseconds."""

    batch: int = 1000
    statement_timeout_ms: int = 60_000


class Connector:
    """Opens short-lived connections to the one database that PG_URL names."""

    def __init__(self, url: str, *, allowed_hosts: Sequence[str], limits: Limits) -> None:
        """Reads the address; nothing is sent yet."""
        self.address = hosts.parse("PG_URL", url, schemes=("postgresql", "postgres"))
        encrypted = self.address.options.get("sslmode") in ("verify-full", "verify-ca")
        hosts.require_allowed("PostgreSQL", self.address, allowed=allowed_hosts, encrypted=encrypted)
        self._url = url
        self.limits = limits
        self._places = asyncio.Semaphore(4)

    @asynccontextmanager
    async def connect(self, *, doing: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection in a read-only state of mind; driver errors come out as ours."""
        async with self._places:
            connection = await self._open(doing)
            try:
                yield connection
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as problem:
                raise failure(problem, doing=doing, begun=True) from None
            finally:
                await _close(connection)

    @asynccontextmanager
    async def snapshot(self, *, doing: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection inside one repeatable-read, read-only transaction."""
        async with self.connect(doing=doing) as connection:
            await connection.execute("begin isolation level repeatable read read only")
            yield connection
            await connection.execute("rollback")

    async def _open(self, doing: str) -> asyncpg.Connection:
        """Connects, sets the session up and installs the codecs."""
        try:
            connection = await asyncpg.connect(
                self._url,
                timeout=PATIENCE,
                command_timeout=self.limits.statement_timeout_ms / 1000 + PATIENCE,
                statement_cache_size=0,
                server_settings=self._settings(),
            )
        except (ValueError, asyncpg.InterfaceError):
            raise ConfigurationError(
                ("PG_URL: expected an address that PostgreSQL's driver reads, got one that it refuses",)
            ) from None
        except (asyncpg.PostgresError, OSError, TimeoutError) as problem:
            raise failure(problem, doing=doing) from None
        for name in ("timestamptz", "timestamp"):
            await connection.set_type_codec(
                name, schema="pg_catalog", encoder=_no_encoder, decoder=_instant, format="tuple"
            )
        return connection

    def _settings(self) -> dict[str, str]:
        """What every session is started with: it reads, waits for no lock, and sees every row or fails."""
        return {
            "application_name": "reconciler", "TimeZone": "UTC", "search_path": "", "row_security": "off", "jit": "off",
            "client_encoding": "UTF8", "statement_timeout": str(self.limits.statement_timeout_ms), "lock_timeout": "1000",
            "idle_in_transaction_session_timeout": "120000", "default_transaction_read_only": "on",
            "default_transaction_isolation": "repeatable read", "max_parallel_workers_per_gather": "0", "extra_float_digits": "1",
        }  # fmt: skip


async def _close(connection: asyncpg.Connection) -> None:
    """Closes politely, or cuts a peer that no longer answers."""
    try:
        await connection.close(timeout=2)
    except (TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        connection.terminate()


def _no_encoder(value: object) -> object:
    """Times are only read."""
    raise TypeError(type(value).__name__)


def _instant(value: tuple[int]) -> Instant | InfiniteInstant:
    """Microseconds since 2000 as an instant; both infinities apart."""
    if value[0] == INFINITY:
        return InfiniteInstant("infinity")
    return InfiniteInstant("-infinity") if value[0] == MINUS_INFINITY else Instant(value[0] + EPOCH_2000)


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
            expected="the right to read (role pg_read_all_data)",
            got=name,
            next_step="grant pg_read_all_data to the account of PG_URL, then `reconciler doctor`",
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


DESCRIBE = """
select current_setting('server_version') as version, pg_catalog.pg_is_in_recovery() as standby,
  extract(epoch from pg_catalog.clock_timestamp())::float8 as clock, (select system_identifier::text from pg_catalog.pg_control_system()) as system,
  (select rolsuper from pg_catalog.pg_roles where rolname = current_user) as superuser, pg_catalog.current_database() as database
"""
WRITABLE = """
select distinct p.privilege from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace,
  unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) as p(privilege)
where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_toast%'
  and pg_catalog.has_table_privilege(c.oid, p.privilege)
order by 1
"""


async def describe(connection: asyncpg.Connection) -> dict[str, object]:
    """Version, role, identity, clock skew in seconds, and what the account could write."""
    before = time.time()
    row = await connection.fetchrow(DESCRIBE)
    between = (before + time.time()) / 2
    if row is None:
        raise StoreUnavailable("PostgreSQL (target) answered nothing", next_step="run again")
    writable = tuple(str(one["privilege"]) for one in await connection.fetch(WRITABLE))
    return {
        "version": row["version"], "role": "standby" if row["standby"] else "primary",
        "identity": f"postgresql:{row['system']}/{row['database']}", "skew": float(row["clock"]) - between,
        "writable": ("everything: the account is a superuser",) if row["superuser"] else writable,
    }  # fmt: skip
