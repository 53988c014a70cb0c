"""Signing in at an OpenID Connect issuer: discovery, a code with PKCE, state and nonce, and a checked ID token."""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import jwt
from aiohttp import ClientError, ClientSession, ClientTimeout, encode_basic_auth

from reconciler.adapters.hosts import is_loopback
from reconciler.adapters.signed_statements import LEEWAY_SECONDS, PUBLIC, Claims
from reconciler.app.ports import Clock
from reconciler.app.sign_in import Journey
from reconciler.core.access import Actor, Means
from reconciler.errors import NotSignedIn

DISCOVERY: Final = "/.well-known/openid-configuration"
ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
PATIENCE: Final = ClientTimeout(total=10)
LARGEST_ANSWER: Final = 256 * 1024
KNOWN_SECONDS: Final = 600.0
OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What the issuer knows of this service; `redirect_uri` is exactly the one registered there."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issuer:
    """What the issuer published, as of a monotonic time."""

    endpoints: Mapping[str, str]
    keys: jwt.PyJWKSet
    at: float


class OidcProvider:
    """An issuer that vouches for people. What it published is asked again every ten minutes."""

    def __init__(self, registration: Registration, *, claims: Claims, clock: Clock) -> None:
        self._registration = registration
        self._claims = claims
        self._clock = clock
        self._known: _Issuer | None = None

    async def begin(self) -> Journey:
        """Where to send somebody who wants to sign in, and what to remember until they are back."""
        issuer = await self._issuer()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._registration.client_id,
            "redirect_uri": self._registration.redirect_uri,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = issuer.endpoints["authorization_endpoint"]
        address = f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"
        return Journey(address=address, state=state, nonce=nonce, verifier=verifier)

    async def finish(self, code: str, journey: Journey) -> Actor:
        """Who came back with that code; NotSignedIn where the issuer's word does not hold or can't be had."""
        issuer, own = await self._issuer(), self._registration
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": own.redirect_uri,
            "code_verifier": journey.verifier,
        }
        headers = {}
        if own.client_secret:
            headers["Authorization"] = encode_basic_auth(quote_plus(own.client_id), quote_plus(own.client_secret))
        else:
            fields["client_id"] = own.client_id
        answer = await _asked("POST", issuer.endpoints["token_endpoint"], data=fields, headers=headers)
        return self._claims.actor(self._checked(answer.get("id_token"), issuer.keys, journey.nonce), Means.OIDC)

    def _checked(self, text: object, keys: jwt.PyJWKSet, nonce: str) -> Mapping[str, Any]:
        """The claims of an ID token that is the issuer's, for us, of now, and of this very sign-in."""
        own = self._registration
        try:
            token = str(text)
            key = keys[jwt.get_unverified_header(token).get("kid", "")]
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[one for one in PUBLIC if one == key.algorithm_name],
                issuer=own.issuer,
                audience=own.client_id,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub", "nonce"]},
            )
        except (jwt.PyJWTError, KeyError) as error:
            raise _refused(type(error).__name__) from None
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        party = claims.get("azp", None if several else own.client_id)
        if not compare_digest(str(claims["nonce"]).encode(), nonce.encode()) or party != own.client_id:
            raise _refused("one of another sign-in")
        return claims

    async def _issuer(self) -> _Issuer:
        """What the issuer publishes of itself, not older than ten minutes."""
        now = self._clock.monotonic()
        if self._known is not None and now - self._known.at < KNOWN_SECONDS:
            return self._known
        base = self._registration.issuer
        published = await _asked("GET", base.rstrip("/") + DISCOVERY)
        if published.get("issuer") != base:
            raise _refused("another issuer's configuration")
        endpoints = {name: _protected(str(published.get(name, ""))) for name in ENDPOINTS}
        try:
            keys = jwt.PyJWKSet.from_dict(await _asked("GET", endpoints["jwks_uri"]))
        except jwt.PyJWTError as error:
            raise _refused(type(error).__name__) from None
        self._known = _Issuer(endpoints=endpoints, keys=keys, at=now)
        return self._known


async def _asked(method: str, address: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as aiohttp takes it
    """The issuer's answer as a JSON object; NotSignedIn for anything else. No redirect is followed."""
    try:
        async with (
            ClientSession(timeout=PATIENCE) as http,
            http.request(method, address, allow_redirects=False, **more) as answer,
        ):
            if answer.status != OK:
                raise _refused(f"status {answer.status}")
            body = await answer.content.read(LARGEST_ANSWER)
            while not answer.content.at_eof():
                body += await answer.content.read(LARGEST_ANSWER)
                if len(body) > LARGEST_ANSWER:
                    raise _refused("too long an answer")
            found = json.loads(body)
    except (ClientError, TimeoutError, ValueError, RecursionError) as error:
        raise _refused(type(error).__name__) from None
    if not isinstance(found, dict):
        raise _refused("an answer of another shape")
    return found


def protected(address: str) -> bool:
    """Whether an address is behind TLS, or on this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


def _protected(address: str) -> str:
    """The endpoint itself; NotSignedIn for one without TLS."""
    if not protected(address):
        raise _refused("an endpoint without TLS")
    return address


def _refused(got: str) -> NotSignedIn:
    """What is said of an issuer's word that can't be had or does not hold; never its text."""
    return NotSignedIn(
        "the issuer's word on who you are does not hold",
        expected="an answer of the configured issuer, signed by it, for this sign-in",
        got=got,
        next_step="try again; if it stays so, check [access] and both clocks",
    )
