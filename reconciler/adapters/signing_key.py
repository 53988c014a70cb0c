"""The install's Ed25519 key that gate answers are signed with, and proving such signatures with its public half."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import OKPAlgorithm

from reconciler.adapters.private_files import create, draft_of, make_folder, publish, refused, tighten
from reconciler.errors import ReportStoreError, TokenRefused

NAME: Final = "signing.key"
ALGORITHM: Final = "EdDSA"
TYPE: Final = "gate+jwt"


class SigningKey:
    """The Signer of the install."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._public = _public(key)

    def signed(self, claims: Mapping[str, object]) -> str:
        """A compact JWS of type `gate+jwt`, with the key's thumbprint in its head."""
        head = {"kid": self._public["kid"], "typ": TYPE}
        return jwt.encode(dict(claims), self._key, algorithm=ALGORITHM, headers=head)

    def public_keys(self) -> dict[str, object]:
        """A JWK Set with the one key."""
        return {"keys": [self._public]}


def open_signing_key(folder: Path) -> SigningKey:
    """The key in `<folder>/signing.key`, made where it is missing. Raises ReportStoreError."""
    make_folder(folder)
    path = folder / NAME
    try:
        if not path.exists():
            draft = draft_of(path)
            create(
                draft,
                Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            )
            publish(path, draft)
    except OSError as error:
        raise refused(error, f"signing key {path} cannot be made") from None
    return read_signing_key(folder)


def read_signing_key(folder: Path) -> SigningKey:
    """The key in `<folder>/signing.key`; ReportStoreError where there is none that can be used."""
    path = folder / NAME
    try:
        tighten(path)
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise refused(error, f"signing key {path} cannot be read") from None
    except (ValueError, TypeError):
        raise _unusable(path) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable(path)
    return SigningKey(key)


def proved(token: str, keys: Mapping[str, object]) -> Mapping[str, object]:
    """The claims of a compact JWS that one of these keys signed; TokenRefused for anything else."""
    try:
        head = jwt.get_unverified_header(token)
        if head.get("alg") != ALGORITHM or head.get("typ") != TYPE:
            raise _refused("another type or algorithm")
        key = _key(keys, head.get("kid"))
        options: Any = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
        claims: Mapping[str, object] = jwt.decode(token, key, algorithms=[ALGORITHM], options=options)
    except (jwt.PyJWTError, ValueError, TypeError):
        raise _refused("one that does not hold") from None
    return claims


def _key(keys: Mapping[str, object], kid: object) -> Any:  # noqa: ANN401 - what the library's decode takes
    """The key of that name."""
    listed = keys.get("keys")
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and one.get("kid") == kid and one.get("kty") == "OKP":
            return OKPAlgorithm.from_jwk({name: one[name] for name in ("kty", "crv", "x") if name in one})
    raise _refused("the signature of a key that is not trusted")


def _public(key: Ed25519PrivateKey) -> dict[str, object]:
    """The public half as a JWK, named by its thumbprint (RFC 7638)."""
    jwk: dict[str, object] = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    spelled = json.dumps({name: jwk[name] for name in ("crv", "kty", "x")}, sort_keys=True, separators=(",", ":"))
    thumbprint = urlsafe_b64encode(hashlib.sha256(spelled.encode()).digest()).rstrip(b"=").decode()
    return jwk | {"kid": thumbprint, "use": "sig", "alg": ALGORITHM}


def _refused(got: str) -> TokenRefused:
    return TokenRefused(
        "the signed answer cannot be trusted",
        expected="the signature of a trusted key",
        got=got,
        next_step="ask the gate anew, and `reconciler gate --public-key` for the key",
    )


def _unusable(path: Path) -> ReportStoreError:
    return ReportStoreError(
        f"signing key {path}",
        expected="an Ed25519 key as PEM",
        got="something else",
        next_step="move it away: a new one is made, and pipelines have to be told of it",
    )
