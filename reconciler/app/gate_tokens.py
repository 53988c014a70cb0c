"""A gate's answer as claims to be signed, and judging claims that come back: only what is fresh and whole counts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from reconciler.app.documents import Document, gate_document
from reconciler.core.gate_values import Gate, GateVerdict
from reconciler.errors import TokenRefused, UsageError

ISSUER: Final = "reconciler"
LONGEST_LIFE: Final = timedelta(minutes=5)
CLOCKS_APART: Final = timedelta(seconds=60)
NONCE: Final = re.compile(r"[A-Za-z0-9._~-]{1,128}")


class Signer(Protocol):
    """Signs with a key that only this install has."""

    def signed(self, claims: Mapping[str, object]) -> str:
        """The claims as a compact JWS."""

    def public_keys(self) -> Document:
        """The key that signatures are proved with, as a JWK Set (RFC 7517)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a signed answer has to be about; None where anything will do. A nonce in the answer is never anything."""

    domain: str | None = None
    nonce: str | None = None


def nonce_of(text: str | None) -> str | None:
    """A nonce as it may be signed; UsageError for anything that is no short word."""
    if text is not None and not NONCE.fullmatch(text):
        raise UsageError("nonce", expected="1 to 128 of the characters A-Z a-z 0-9 . _ ~ -", got="something else")
    return text


def gate_claims(gate: Gate, *, asked_at: datetime, nonce: str | None = None) -> Document:
    """What is signed: the whole gate, from before its facts were read until it lapses, five minutes at most."""
    ends = min(gate.valid_until or asked_at + LONGEST_LIFE, asked_at + LONGEST_LIFE)
    return {
        "iss": ISSUER,
        "sub": gate.domain,
        "iat": int(asked_at.timestamp()),
        "exp": int(ends.timestamp()),
        "verdict": gate.verdict.value,
        "evidence_digest": gate.evidence_digest,
        "policy_digest": gate.policy_digest,
        "gate": gate_document(gate),
    } | ({"nonce": nonce} if nonce else {})


def judge_claims(claims: Mapping[str, object], *, now: datetime, expected: Expected) -> GateVerdict:
    """The verdict of claims whose signature holds; TokenRefused unless they are fresh and about what was expected."""
    issued, ends = _time(claims, "iat"), _time(claims, "exp")
    if claims.get("iss") != ISSUER:
        raise TokenRefused("the signed answer is no gate's", expected=f"iss {ISSUER}", got="another issuer")
    if not issued - CLOCKS_APART <= now < ends or ends - issued > LONGEST_LIFE:
        raise TokenRefused(
            "the signed answer is not fresh",
            expected=f"one that holds at {now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            got=f"one from {issued:%Y-%m-%dT%H:%M:%SZ} to {ends:%Y-%m-%dT%H:%M:%SZ}",
            next_step="ask the gate anew",
        )
    if expected.domain is not None and claims.get("sub") != expected.domain:
        raise TokenRefused("the signed answer is about another domain", expected=expected.domain, got="another")
    if claims.get("nonce") != expected.nonce:
        raise TokenRefused("the signed answer has another nonce", expected="the one that was asked with", got="another")
    try:
        return GateVerdict(str(claims.get("verdict")))
    except ValueError:
        raise TokenRefused("the signed answer has no verdict", expected="one of the gate's", got="another") from None


def _time(claims: Mapping[str, object], name: str) -> datetime:
    """A claim in seconds since 1970; TokenRefused where it is none."""
    seconds = claims.get(name)
    try:
        if isinstance(seconds, int) and not isinstance(seconds, bool):
            return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        pass
    raise TokenRefused("the signed answer tells no time", expected=f"{name} in seconds", got="something else")
