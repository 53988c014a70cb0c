"""Which hosts may be connected to, and what a connection string says, without ever repeating it."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from reconciler.core.model import Side
from reconciler.errors import ConfigurationError, StoreRefused

HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|[0-9a-f:.]+", re.ASCII)
SOCKET = re.compile(r"%2f|^/|\.sock", re.IGNORECASE)
LAST_PORT = 65_535
MOST_NAMED = 5


class Unreadable(Exception):
    """A connection string that can't be used; its text says what came, in words of ours only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The harmless parts of a connection string; `options` has lower-case names, `doubled` those that come twice."""

    hosts: tuple[str, ...]
    database: str
    options: Mapping[str, str]
    doubled: frozenset[str] = field(default=frozenset())

    @property
    def loopback(self) -> bool:
        """Whether every host is this machine itself."""
        return all(is_loopback(host) for host in self.hosts)


def parse(name: str, dsn: str, *, schemes: Sequence[str]) -> Address:
    """The address in the setting `name`; ConfigurationError without a word of it where it can't be read."""
    expected = f"{schemes[0]}://USER:PASSWORD@HOST:PORT/DATABASE, special characters of the password percent-encoded"
    try:
        return _address(dsn, schemes)
    except Unreadable as problem:
        raise ConfigurationError((f"{name}: expected {expected}, got {problem}",)) from None
    except ValueError:
        raise ConfigurationError((f"{name}: expected {expected}, got a text that is no such address",)) from None


def _address(dsn: str, schemes: Sequence[str]) -> Address:
    """The parts; ValueError or Unreadable where drivers could read the text in another way than we do."""
    parts = urlsplit(dsn)
    scheme, netloc = parts.scheme, parts.netloc
    if scheme == "mongodb+srv":
        raise Unreadable("mongodb+srv: its hosts come from DNS, where no allow-list can check them; name them here")
    if netloc.count("@") > 1:
        raise Unreadable("more than one @: that of a password is written %40")
    place = netloc.rpartition("@")[2]
    options = parse_qs(parts.query, keep_blank_values=True)
    if SOCKET.search(place) or (not place and "host" in options):
        raise Unreadable("a unix socket: only TCP hosts are connected to, such as 127.0.0.1")
    database = unquote(parts.path.removeprefix("/"))
    if scheme not in schemes or not database or set(database) & set("/\\\0") or parts.fragment:
        raise Unreadable("an address of another form")
    named = [(key.lower(), value) for key, values in options.items() for value in values]
    keys = [key for key, _ in named]
    return Address(
        hosts=tuple(_host(host) for host in place.split(",")),
        database=database,
        options=dict(named),
        doubled=frozenset(key for key in keys if keys.count(key) > 1),
    )


def _host(netloc: str) -> str:
    """A host without its port; ValueError where either is not one."""
    if netloc.startswith("["):
        host, _, rest = netloc[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        host, _, port = netloc.partition(":")
    host = host.lower()
    if not HOST.fullmatch(host) or (port and not (port.isascii() and port.isdigit() and int(port) <= LAST_PORT)):
        raise ValueError
    return host


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
    refuse_strangers(store, address.hosts, allowed=allowed)
    if not address.loopback and not encrypted:
        raise StoreRefused(
            f"{store} connection",
            expected="TLS with a checked certificate off this machine",
            got="a plain connection, or one that checks nothing",
            next_step="add tls=true (MongoDB) or sslmode=verify-full (PostgreSQL) to the address",
        )


def refuse_strangers(store: str, hosts: Sequence[str], *, allowed: Sequence[str]) -> None:
    """Refuses hosts that are not on the list."""
    known = {host.lower() for host in allowed}
    strangers = [host for host in hosts if host not in known]
    if strangers:
        raise StoreRefused(
            f"{store} host {', '.join(strangers[:MOST_NAMED])}",
            expected="a host of stores.allowed_hosts",
            got="one that is not on it",
            next_step="add the host to [stores] allowed_hosts in config/service.toml if it is the right one",
        )


def refuse_writers(side: Side, writable: Sequence[str], *, loopback: bool, allowed: bool) -> None:
    """Refuses an account that can write, unless it is on this machine or allowed by the configuration."""
    if writable and not loopback and not allowed:
        raise StoreRefused(
            f"the {side.value}'s account can write",
            expected="an account that can only read",
            got=", ".join(writable[:MOST_NAMED]),
            next_step="use an account with Mongo role `read` or PostgreSQL pg_read_all_data",
        )
