"""Which hosts may be connected to, and what a connection string says, without ever repeating it."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from reconciler.core.model import Side
from reconciler.errors import ConfigurationError, StoreRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The harmless parts of a connection string."""

    hosts: tuple[str, ...]
    database: str
    options: dict[str, str]

    @property
    def loopback(self) -> bool:
        """Whether every host is this machine itself."""
        return all(is_loopback(host) for host in self.hosts)


def parse(name: str, dsn: str, *, schemes: Sequence[str]) -> Address:
    """The address in the setting `name`; ConfigurationError without a word of it where it can't be read."""
    expected = f"{schemes[0]}://USER:PASSWORD@HOST:PORT/DATABASE, special characters of the password percent-encoded"
    try:
        parts = urlsplit(dsn)
        hosts = tuple(_host(host) for host in parts.netloc.rpartition("@")[2].split(","))
        options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    except ValueError:
        raise ConfigurationError((f"{name}: expected {expected}, got a text that is no such address",)) from None
    database = unquote(parts.path.lstrip("/"))
    if parts.scheme not in schemes or not all(hosts) or not database or "/" in database:
        raise ConfigurationError((f"{name}: expected {expected}, got an address of another form",))
    return Address(hosts=hosts, database=database, options=options)


def _host(netloc: str) -> str:
    """A host without its port; ValueError where the port is no number."""
    if netloc.startswith("["):
        host, _, rest = netloc[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        host, _, port = netloc.partition(":")
    if port:
        int(port)
    return unquote(host).lower()


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_allowed(store: str, address: Address, *, allowed: Sequence[str], encrypted: bool) -> None:
    """Refuses hosts that are not on the list, and plain text off this machine."""
    strangers = [host for host in address.hosts if host not in allowed]
    if strangers:
        raise StoreRefused(
            f"{store} host {', '.join(strangers)}",
            expected="a host of stores.allowed_hosts",
            got="one that is not on it",
            next_step="add the host to [stores] allowed_hosts in config/service.toml if it is the right one",
        )
    if not address.loopback and not encrypted:
        raise StoreRefused(
            f"{store} connection",
            expected="TLS with a checked certificate off this machine",
            got="a plain connection",
            next_step="add tls=true (MongoDB) or sslmode=verify-full (PostgreSQL) to the address",
        )


def refuse_writers(side: Side, writable: Sequence[str], *, loopback: bool, allowed: bool) -> None:
    """Refuses an account that can write, unless it is on this machine or allowed by the configuration."""
    if writable and not loopback and not allowed:
        raise StoreRefused(
            f"the {side.value}'s account can write",
            expected="an account that can only read",
            got=", ".join(writable[:5]),
            next_step="use an account with Mongo role `read` or PostgreSQL pg_read_all_data",
        )
