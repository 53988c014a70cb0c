"""Proves a signed gate answer with pyjwt[crypto] alone: `verify_gate.py DOMAIN NONCE KEYS < answer`; 0 only at a go."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import jwt

LONGEST_LIFE = 300


def verdict(token: str, *, domain: str, nonce: str, keys: str) -> str:
    """The verdict of a token that one of the keys signed for this domain and nonce; an exception for any other."""
    head = jwt.get_unverified_header(token)
    (key,) = (one for one in jwt.PyJWKSet.from_json(keys).keys if one.key_id == head["kid"])
    if head.get("typ") != "gate+jwt":
        raise ValueError("no gate's answer")
    claims = jwt.decode(
        token,
        key.key,
        algorithms=["EdDSA"],
        issuer="reconciler",
        subject=domain,
        options={"require": ["iss", "sub", "iat", "exp"], "verify_iat": False},
    )
    issued, now = claims["iat"], datetime.now(UTC).timestamp()
    if claims.get("nonce") != nonce or claims["exp"] - issued > LONGEST_LIFE or issued > now + 60:
        raise ValueError("not the answer that was asked for")
    return str(claims["verdict"])


def main() -> int:
    """0 at go and flipped, 3 at anything else, an answer that cannot be proved among it."""
    domain, nonce, keys = sys.argv[1:]
    try:
        found = verdict(
            sys.stdin.read().strip(), domain=domain, nonce=nonce, keys=Path(keys).read_text(encoding="utf-8")
        )
    except (jwt.PyJWTError, ValueError, KeyError, TypeError, OSError) as error:
        sys.stderr.write(f"gate of {domain}: not proved ({type(error).__name__})\n")
        return 3
    sys.stdout.write(f"{json.dumps({'domain': domain, 'verdict': found})}\n")
    return 0 if found in ("go", "flipped") else 3


if __name__ == "__main__":
    sys.exit(main())
