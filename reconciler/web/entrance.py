"""The ways in: a token, a session in exchange for one, a trusted proxy's word, or being on this very machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Final, Protocol

from aiohttp import hdrs, web

from reconciler.app.sign_in import Journey, SignIn
from reconciler.core.access import Actor, Means, Role
from reconciler.errors import NotSignedIn
from reconciler.web.origins import SAFE, Address, peer_address, plain

Network = IPv4Network | IPv6Network
COOKIE: Final = "reconciler"
HARDENED: Final = "__Host-reconciler"
PASSED_ON: Final = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


class Assertions(Protocol):
    """Reads what somebody trusted says of who asks."""

    def read(self, text: str) -> Actor:
        """The actor that a signed statement names; NotSignedIn where it does not hold."""


class IdentityProvider(Protocol):
    """An issuer that people sign in at."""

    async def begin(self) -> Journey:
        """Where to send somebody, and what to remember until they are back; NotSignedIn where it can't be asked."""

    async def finish(self, code: str, journey: Journey) -> Actor:
        """Who came back with that code; NotSignedIn where its word does not hold, AccessDenied without a role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy that vouches: the header it puts its statement in, and how that is read."""

    header: str
    assertions: Assertions


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What is open: `local` is who everyone is on loopback without signing in, `trusted` are addresses of proxies."""

    sign_in: SignIn
    local: Actor | None = None
    trusted: tuple[Network, ...] = ()
    proxy: Proxy | None = None
    provider: IdentityProvider | None = None

    def trusts(self, address: Address) -> bool:
        """Whether that address is a proxy of ours, whose word on who asked it counts."""
        return any(address in network for network in self.trusted)

    async def identify(self, request: web.Request) -> Actor | None:
        """Who asks, None where nobody signed in; NotSignedIn where what is shown does not hold.

        What is shown counts in this order and never falls through to the next: a token, a session, a proxy's statement.
        A proxy's header from anywhere else counts as not there.
        """
        shown = request.headers.getall(hdrs.AUTHORIZATION, [])
        if shown:
            return (await self.sign_in.recognise(_bearer(shown))).actor(Means.TOKEN)
        cookie = request.cookies.get(cookie_name(request))
        signed_in = await self.sign_in.resume(cookie, active=_by_a_person(request)) if cookie else None
        if signed_in is not None:
            return signed_in
        if self.proxy is not None and self.trusts(peer_address(request)):
            stated = request.headers.getall(self.proxy.header, [])
            if stated:
                return self.proxy.assertions.read(_only(stated))
        return self._local(request)

    def _local(self, request: web.Request) -> Actor | None:
        """The local administrator, unless somebody passed the request on: then it may come from anywhere."""
        if self.local is None:
            return None
        through = [name for name in PASSED_ON if name in request.headers]
        if through:
            raise NotSignedIn(
                "this request came through a proxy, while nobody has to sign in",
                expected="a request made on this machine",
                got=f"one with the header {through[0]}",
                next_step='set [access] mode to "token", "proxy" or "oidc" in config/service.toml',
            )
        return self.local


def local_admin(name: str) -> Actor:
    """Who everyone is on loopback where nothing is configured."""
    return Actor(name=name, role=Role.ADMIN, means=Means.LOOPBACK)


def cookie_name(request: web.Request) -> str:
    """The cookie's name: bound to the host and to TLS, except under a name of this machine, where there is no TLS."""
    return COOKIE if plain(request) else HARDENED


def _bearer(shown: Sequence[str]) -> str:
    """The token in the one Authorization header."""
    scheme, _, text = _only(shown).partition(" ")
    if scheme.lower() != "bearer":
        raise NotSignedIn("the header Authorization", expected="Bearer and a token", got="another scheme")
    return text.strip()


def _only(values: Sequence[str]) -> str:
    """The one value of a header; NotSignedIn where there are several, as readers may differ on which counts."""
    if len(values) != 1:
        raise NotSignedIn("a header that says who asks", expected="it once", got=f"it {len(values)} times")
    return values[0]


def _by_a_person(request: web.Request) -> bool:
    """Whether somebody went there: a page that brings itself up to date is no sign of anybody being there."""
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate" or request.method not in SAFE
