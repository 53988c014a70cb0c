"""Signing in at a real OpenID Connect issuer on loopback, and everything that an issuer or a browser may get wrong."""

import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import ClientResponse, encode_basic_auth, web
from cryptography.hazmat.primitives.asymmetric import rsa
from yarl import URL

from reconciler.adapters.clock import SystemClock
from reconciler.adapters.oidc import OidcProvider, Registration
from reconciler.adapters.signed_statements import Claims
from reconciler.app.ports import AuditFilter
from reconciler.core.access import Means, Role
from reconciler.core.audit import AuditAction
from tests.acceptance.access.doors import Site, site

pytestmark = pytest.mark.acceptance

CLAIMS = Claims(name="email", groups="groups", roles={"release": Role.APPROVER})
CLIENT, SECRET, REDIRECT = "reconciler", "s3cret-of-the-client", "http://127.0.0.1/login/oidc/callback"
CALLBACK = "/login/oidc/callback"


@dataclass
class Issuer:
    """A small issuer that keeps to the protocol, but for what a test changes."""

    url: str = ""
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    changed: dict[str, Any] = field(default_factory=dict)
    published: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    asked: dict[str, dict[str, str]] = field(default_factory=dict)

    async def discovery(self, _request: web.Request) -> web.Response:
        endpoints = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }
        return web.json_response(endpoints | self.published)

    async def keys(self, _request: web.Request) -> web.Response:
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return web.json_response({"keys": [key | {"kid": "one", "use": "sig", "alg": "RS256"}]})

    async def authorize(self, request: web.Request) -> web.StreamResponse:
        """Lets everyone in at once."""
        assert request.query["redirect_uri"] == REDIRECT
        assert (request.query["client_id"], request.query["response_type"]) == (CLIENT, "code")
        assert request.query["code_challenge_method"] == "S256"
        code = f"code-{len(self.asked)}"
        self.asked[code] = dict(request.query)
        raise web.HTTPFound(URL(REDIRECT).with_query(code=code, state=request.query["state"]))

    async def token(self, request: web.Request) -> web.Response:
        fields = await request.post()
        asked = self.asked.pop(str(fields["code"]), None)
        if asked is None or request.headers["Authorization"] != encode_basic_auth(CLIENT, SECRET):
            return web.json_response({"error": "invalid_grant"}, status=400)
        digest = hashlib.sha256(str(fields["code_verifier"]).encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": CLIENT, "sub": "42", "iat": now, "exp": now + 300, "nonce": asked["nonce"],
            "email": "alice@shop.example", "groups": ["release"],
        }  # fmt: skip
        kept = {name: value for name, value in (claims | self.changed).items() if value is not None}
        key: Any = self.key if self.algorithm == "RS256" else None if self.algorithm == "none" else SECRET * 2
        return web.json_response({"id_token": jwt.encode(kept, key, self.algorithm, headers={"kid": "one"})})


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    one = Issuer()
    app = web.Application()
    app.add_routes(
        [
            web.get("/.well-known/openid-configuration", one.discovery),
            web.get("/keys", one.keys),
            web.get("/authorize", one.authorize),
            web.post("/token", one.token),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield one
    await runner.cleanup()


@pytest.fixture
async def guarded(issuer: Issuer, tmp_path: Path) -> AsyncIterator[Site]:
    registration = Registration(issuer=issuer.url, client_id=CLIENT, client_secret=SECRET, redirect_uri=REDIRECT)
    provider = OidcProvider(registration, claims=CLAIMS, clock=SystemClock())
    async with site(tmp_path / "reports", provider=provider) as opened:
        yield opened


async def left(guarded: Site, going_to: str = "/runs") -> str:
    """Where the issuer sends the browser back to, as a path of ours."""
    there = await guarded.asked("GET", "/login/oidc", params={"next": going_to})
    assert there.status == 303
    back = await guarded.asked("GET", there.headers["Location"])
    return f"{CALLBACK}?{URL(back.headers['Location']).query_string}"


async def came_back(guarded: Site, path: str) -> ClientResponse:
    return await guarded.asked("GET", path)


async def test_a_person_signs_in_at_the_issuer(guarded: Site) -> None:
    assert 'href="/login/oidc?next=/runs"' in await (await guarded.asked("GET", "/login?next=/runs")).text()
    answer = await came_back(guarded, await left(guarded, "/runs"))
    assert (answer.status, answer.headers["Location"]) == (303, "/runs")
    page = await (await guarded.asked("GET", "/runs")).text()
    assert "alice@shop.example" in page
    assert "approver" in page
    acts = [one.act for one in await guarded.store.audit(AuditFilter())]
    assert [(one.action, one.actor.name, one.actor.means) for one in acts] == [
        (AuditAction.SIGNED_IN, "alice@shop.example", Means.OIDC)
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"iss": "https://evil.example"},
        {"exp": int(time.time()) - 120},
        {"exp": None},
        {"sub": None},
        {"email": None},
        {"email_verified": False},
    ],
)
async def test_an_id_token_that_does_not_hold_lets_nobody_in(
    guarded: Site, issuer: Issuer, changed: dict[str, Any]
) -> None:
    issuer.changed = changed
    answer = await came_back(guarded, await left(guarded))
    assert answer.status == 401
    assert "reconciler" not in answer.cookies
    assert (await guarded.asked("GET", "/api/v1/overview")).status == 401


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
async def test_only_the_issuers_own_signature_counts(guarded: Site, issuer: Issuer, algorithm: str) -> None:
    issuer.algorithm = algorithm
    assert (await came_back(guarded, await left(guarded))).status == 401


async def test_a_signature_by_another_key_counts_for_nothing(guarded: Site, issuer: Issuer) -> None:
    path = await left(guarded)
    issuer.key = rsa.generate_private_key(65537, 2048)
    assert (await came_back(guarded, path)).status == 401


async def test_a_person_without_a_group_has_no_role(guarded: Site, issuer: Issuer) -> None:
    issuer.changed = {"groups": ["others"]}
    assert (await came_back(guarded, await left(guarded))).status == 403


async def test_nobody_comes_back_who_did_not_leave_or_twice(guarded: Site) -> None:
    path = await left(guarded)
    for wrong in (f"{CALLBACK}?code=code-0", f"{CALLBACK}?code=code-0&state=another", CALLBACK, path + "x"):
        guarded.clock.move(60)
        assert (await came_back(guarded, wrong)).status == 401
    assert (await came_back(guarded, path)).status == 303
    assert (await came_back(guarded, path)).status == 401


async def test_a_journey_is_tied_to_the_browser_that_began_it(guarded: Site) -> None:
    path = await left(guarded)
    guarded.http.cookie_jar.clear()
    assert (await came_back(guarded, path)).status == 401


async def test_a_journey_has_an_end(guarded: Site) -> None:
    path = await left(guarded)
    guarded.clock.move(601)
    assert (await came_back(guarded, path)).status == 401


@pytest.mark.parametrize(
    "published",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://evil.example/authorize"},
        {"token_endpoint": ""},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
async def test_an_issuer_that_publishes_nonsense_is_not_followed(
    guarded: Site, issuer: Issuer, published: dict[str, str]
) -> None:
    issuer.published = published
    answer = await guarded.asked("GET", "/login/oidc")
    assert answer.status == 401


async def test_an_issuer_that_is_away_lets_nobody_in_and_tokens_still_count(tmp_path: Path) -> None:
    registration = Registration(issuer="http://127.0.0.1:1", client_id=CLIENT, client_secret="", redirect_uri=REDIRECT)
    provider = OidcProvider(registration, claims=CLAIMS, clock=SystemClock())
    async with site(tmp_path / "reports", provider=provider) as guarded:
        assert (await guarded.asked("GET", "/login/oidc")).status == 401
        assert (await guarded.entered(await guarded.token(Role.VIEWER))).status == 303


async def test_without_an_issuer_there_is_no_way_to_one(tmp_path: Path) -> None:
    async with site(tmp_path / "reports") as guarded:
        assert (await guarded.asked("GET", "/login/oidc")).status == 404
        assert "/login/oidc" not in await (await guarded.asked("GET", "/login")).text()
