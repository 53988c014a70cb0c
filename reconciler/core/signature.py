"""Signatures of webhooks as Standard Webhooks has them: HMAC-SHA256 over id, time and body, one for each secret."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

PREFIX: Final = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64
VERSION: Final = "v1"
TOLERANCE: Final = timedelta(minutes=5)
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


def key_of(secret: str) -> bytes:
    """The key in `whsec_` and Base64. Raises ValueError for other forms, less than 24 or more than 64 bytes."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"{PREFIX} and Base64")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"{PREFIX} and Base64") from None
    if not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(f"{LEAST_BYTES} to {MOST_BYTES} bytes")
    return key


def headers(body: bytes, *, event_id: str, at: datetime, keys: Sequence[bytes]) -> dict[str, str]:
    """The three headers of one attempt; `at` is the time of the attempt, each key signs."""
    seconds = str(int(at.timestamp()))
    signatures = (f"{VERSION},{_sign(key, event_id=event_id, seconds=seconds, body=body)}" for key in keys)
    return {ID: event_id, TIMESTAMP: seconds, SIGNATURE: " ".join(signatures)}


def holds(body: bytes, *, given: Mapping[str, str], now: datetime, key: bytes) -> bool:
    """Whether one of the signatures is by this key over this body, not older or newer than five minutes."""
    seconds = given.get(TIMESTAMP, "")
    if (
        not seconds.isascii()
        or not seconds.isdigit()
        or abs(now.timestamp() - int(seconds)) > TOLERANCE.total_seconds()
    ):
        return False
    expected = f"{VERSION},{_sign(key, event_id=given.get(ID, ''), seconds=seconds, body=body)}"
    return any(hmac.compare_digest(expected.encode(), one.encode()) for one in given.get(SIGNATURE, "").split(" "))


def _sign(key: bytes, *, event_id: str, seconds: str, body: bytes) -> str:
    """Base64 of the MAC."""
    signed = b".".join((event_id.encode(), seconds.encode(), body))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
