"""A trusted proxy's statement of who asks, over HTTP: only signed, only fresh, only for us, only from its address."""

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reconciler.adapters.signed_statements import Claims, SignedStatements
from reconciler.core.access import Role
from reconciler.web.entrance import Proxy
from tests.acceptance.access.doors import Site, bearer, site

pytestmark = pytest.mark.acceptance

WHO = "/api/v1/overview"
HEADER = "X-Reconciler-Assertion"
KEY = "k" * 32
ISSUER, AUDIENCE = "https://proxy.example", "reconciler"
CLAIMS = Claims(name="email", groups="groups", roles={"release": Role.APPROVER, "all": Role.VIEWER})
HERE = (ip_network("127.0.0.0/8"),)
ELSEWHERE = (ip_network("10.0.0.0/8"),)


def vouching(key: str = KEY) -> Proxy:
    return Proxy(header=HEADER, assertions=SignedStatements(key=key, issuer=ISSUER, audience=AUDIENCE, claims=CLAIMS))


def statement(key: Any = KEY, algorithm: str = "HS256", **changed: Any) -> dict[str, str]:  # noqa: ANN401 - claims
    """The header with a statement that holds, but for what is changed; None takes a claim away."""
    now = int(time.time())
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 60, "email": "alice@shop.example",
        "email_verified": True, "groups": ["all", "release"],
    }  # fmt: skip
    kept = {name: value for name, value in (claims | changed).items() if value is not None}
    return {HEADER: jwt.encode(kept, key, algorithm=algorithm)}


@pytest.fixture
async def behind(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path / "reports", trusted=HERE, proxy=vouching()) as opened:
        yield opened


async def status(site: Site, headers: Any, path: str = WHO) -> int:  # noqa: ANN401 - headers
    return (await site.asked("GET", path, headers=headers)).status


async def test_a_statement_that_holds_lets_its_person_in(behind: Site) -> None:
    page = await (await behind.asked("GET", "/runs", headers=statement())).text()
    assert "alice@shop.example" in page
    assert "approver" in page
    assert await status(behind, {}) == 401


@pytest.mark.parametrize(
    "headers",
    [
        statement(key="x" * 32),
        statement(iss="https://evil.example"),
        statement(aud="another"),
        statement(exp=int(time.time()) - 120),
        statement(exp=None),
        statement(iat=None),
        statement(iss=None),
        statement(aud=None),
        statement(nbf=int(time.time()) + 3600),
        statement(email=None),
        statement(email="  "),
        statement(email=["alice"]),
        statement(email="a\nb"),
        statement(email_verified=False),
        statement(key=None, algorithm="none"),
        {HEADER: "alice@shop.example"},
        {HEADER: ""},
        [*statement().items(), *statement(email="eve@shop.example").items()],
    ],
)
async def test_a_statement_that_does_not_hold_lets_nobody_in(behind: Site, headers: Any) -> None:  # noqa: ANN401
    assert await status(behind, headers) == 401
    assert await status(behind, headers, "/livez") == 200


async def test_the_shared_key_is_no_licence_for_another_signature(tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    async with site(tmp_path / "reports", trusted=HERE, proxy=vouching(public)) as behind:
        assert await status(behind, statement(private, "ES256")) == 200
        assert await status(behind, statement(ec.generate_private_key(ec.SECP256R1()), "ES256")) == 401
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 60, "email": "eve", "groups": ["release"]}
        signed = b".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        forged = signed + b"." + encoded(hmac.digest(public.encode(), signed, "sha256"))
        assert await status(behind, {HEADER: forged.decode()}) == 401


def encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")


async def test_a_person_without_a_group_has_no_role(behind: Site) -> None:
    for groups in ([], ["others"], None, 7, [["release"]]):
        assert await status(behind, statement(groups=groups)) == 403
    page = await (await behind.asked("GET", "/runs", headers=statement(groups="all"))).text()
    assert "viewer" in page


async def test_from_another_address_a_statement_counts_for_nothing(tmp_path: Path) -> None:
    async with site(tmp_path / "reports", trusted=ELSEWHERE, proxy=vouching()) as guarded:
        assert await status(guarded, statement()) == 401
        assert await status(guarded, statement() | {"X-Forwarded-For": "10.0.0.1"}) == 401
        assert await status(guarded, bearer(await guarded.token(Role.VIEWER))) == 200


async def test_a_wrong_token_is_not_made_good_by_a_statement(behind: Site) -> None:
    assert await status(behind, statement() | bearer("wrong")) == 401


async def test_rations_are_by_the_client_behind_the_proxy(behind: Site) -> None:
    async def posts(forwarded: str, times: int) -> set[int]:
        headers = {"X-Forwarded-For": forwarded}
        return {(await behind.asked("POST", "/api/v1/nothing", headers=headers)).status for _ in range(times)}

    assert await posts("203.0.113.7", 100) == {401}
    assert await posts("198.51.100.1, 203.0.113.7", 1) == {429}
    assert await posts("203.0.113.8", 1) == {401}
    assert await posts("2001:db8::1", 100) == {401}
    assert await posts("2001:db8::2", 1) == {429}
