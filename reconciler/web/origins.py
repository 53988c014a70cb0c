"""Where a request comes from, and the words for it: its host, the address at the other end, an Origin that is ours."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

Address = IPv4Address | IPv6Address

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
MACHINES: Final = ("/api/", "/livez", "/readyz", "/metrics", "/badge", "/feed.atom")
FILES: Final = (".json", ".csv", ".md")
SAFE: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
NOWHERE: Final = IPv4Address(0)
DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def host_name(host: str) -> str:
    """The name in a Host header without its port, in lower case; empty where there is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "") if "@" not in host else ""
    except ValueError:
        return ""


def plain(request: web.Request) -> bool:
    """Whether it was made under a name that only this machine has, where there is no TLS."""
    return host_name(request.headers.get(hdrs.HOST, "")) in LOOPBACK


def for_machines(request: web.Request) -> bool:
    """Whether the address answers to programs: in JSON, or with a file."""
    return request.path.startswith(MACHINES) or request.path.endswith(FILES)


def same_origin(origin: str, request: web.Request) -> bool:
    """Whether an Origin is this server under the name it was asked by."""
    try:
        parts = urlsplit(origin)
        host = urlsplit(f"//{request.headers.get(hdrs.HOST, '')}")
        port = DEFAULT_PORTS[parts.scheme]
        return bool(host.hostname) and (parts.hostname, parts.port or port) == (host.hostname, host.port or port)
    except (ValueError, KeyError):
        return False


def peer_address(request: web.Request) -> Address:
    """Who is at the other end of the connection."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return _address(str(peer[0]), otherwise=NOWHERE) if peer else NOWHERE


def client_address(request: web.Request, *, trusts: Callable[[Address], bool]) -> Address:
    """The peer, or where that is a proxy of ours, the nearest address in X-Forwarded-For that is none."""
    address = peer_address(request)
    told = ",".join(request.headers.getall(hdrs.X_FORWARDED_FOR, [])).split(",")
    while told and trusts(address):
        address = _address(told.pop().strip(), otherwise=address)
    return address


def _address(text: str, *, otherwise: Address) -> Address:
    """An address; one of IPv4 as such where it is written as IPv6."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return otherwise
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address
