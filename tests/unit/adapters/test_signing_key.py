"""The key that gate answers are signed with: made once, for its owner only, and nothing else proves an answer."""

import base64
import json
from pathlib import Path
from typing import Any

import jwt
import pytest

from reconciler.adapters.signing_key import SigningKey, open_signing_key, proved, read_signing_key
from reconciler.errors import ReportStoreError, TokenRefused

pytestmark = pytest.mark.unit

CLAIMS = {"iss": "reconciler", "sub": "address", "verdict": "no_go"}


def b64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def public_of(key: SigningKey) -> dict[str, str]:
    """The one key that is told."""
    listed: Any = key.public_keys()["keys"]
    (public,) = listed
    told: dict[str, str] = public
    return told


def test_the_key_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    first, again = open_signing_key(tmp_path), open_signing_key(tmp_path)

    assert first.public_keys() == again.public_keys()
    assert (tmp_path / "signing.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["signing.key"]
    (tmp_path / "signing.key").chmod(0o644)
    read_signing_key(tmp_path)
    assert (tmp_path / "signing.key").stat().st_mode & 0o777 == 0o600


def test_what_was_signed_is_proved(tmp_path: Path) -> None:
    key = open_signing_key(tmp_path)
    token = key.signed(CLAIMS)

    assert proved(token, key.public_keys()) == CLAIMS
    public = public_of(key)
    assert sorted(public) == ["alg", "crv", "kid", "kty", "use", "x"], "the private half is not among them"


def test_what_was_changed_or_signed_by_another_is_refused(tmp_path: Path) -> None:
    key, other = open_signing_key(tmp_path / "one"), open_signing_key(tmp_path / "two")
    keys = key.public_keys()
    head, body, signature = key.signed(CLAIMS).split(".")
    own = json.loads(base64.urlsafe_b64decode(head + "=="))
    public = public_of(key)
    forged = [
        "",
        "no token",
        f"{head}.{body}.",
        f"{head}.{b64(CLAIMS | {'verdict': 'go'})}.{signature}",
        f"{b64(own | {'alg': 'none'})}.{body}.",
        f"{b64(own | {'alg': 'HS256'})}.{body}.{signature}",
        f"{b64({'alg': 'EdDSA', 'kid': own['kid']})}.{body}.{signature}",
        f"{b64(own | {'kid': 'other'})}.{body}.{signature}",
        other.signed(CLAIMS),
        jwt.encode(CLAIMS, public["x"].encode(), algorithm="HS256", headers={"kid": own["kid"], "typ": "gate+jwt"}),
    ]
    for token in forged:
        with pytest.raises(TokenRefused):
            proved(token, keys)
    for strange in ({}, {"keys": None}, {"keys": [1, {"kid": own["kid"], "kty": "OKP", "crv": "Ed25519", "x": "?"}]}):
        with pytest.raises(TokenRefused):
            proved(key.signed(CLAIMS), strange)


def test_a_file_that_holds_no_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportStoreError):
        read_signing_key(tmp_path)
    (tmp_path / "signing.key").write_text("not a key", encoding="utf-8")
    with pytest.raises(ReportStoreError, match="Ed25519"):
        open_signing_key(tmp_path)
