"""The ways in which a value can be written down, so that a search finds it however it leaked."""

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator
from urllib.parse import quote

SHORTEST_TELLING_PART = 9
HASHES = ("md5", "sha1", "sha256", "sha512", "blake2b", "blake2s", "sha3_256")


def spellings(value: str | bytes) -> set[bytes]:
    """Plain, in other cases, reversed, quoted, hex, base64 at each offset, compressed and hashed without a key."""
    raw = value.encode() if isinstance(value, str) else value
    found = {raw, raw[::-1], *_encoded(raw), *_hashed(raw)}
    if isinstance(value, str):
        found |= {text.encode() for text in _retold(value)}
        found |= {value.encode("utf-16-le"), value.encode("utf-16-be")}
        found |= {digest for text in (value.lower(), value.upper()) for digest in _hashed(text.encode())}
    return {one for one in found if len(one) >= SHORTEST_TELLING_PART}


def parts(value: str) -> set[bytes]:
    """Every run of some characters of the value: what a mask, a hunk or a prefix may not show."""
    windows = range(len(value) - SHORTEST_TELLING_PART + 1)
    return {value[at : at + SHORTEST_TELLING_PART].encode() for at in windows}


def _retold(value: str) -> Iterator[str]:
    yield from (value.lower(), value.upper(), value.title(), value.swapcase(), value[::-1], value[::-1].lower())
    yield from (quote(value, safe=""), json.dumps(value)[1:-1], ascii(value)[1:-1], value.replace(" ", ""))


def _encoded(raw: bytes) -> Iterator[bytes]:
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + raw)
        inner = text[4 if offset else 0 : -4]
        yield inner
        yield inner.replace(b"+", b"-").replace(b"/", b"_")
    yield base64.b32encode(raw).rstrip(b"=")
    yield base64.b85encode(raw)
    yield zlib.compress(raw)


def _hashed(raw: bytes) -> Iterator[bytes]:
    for name in HASHES:
        digest = hashlib.new(name, raw).digest()
        yield digest
        yield digest[:16].hex().encode()
        yield digest[:16].hex().upper().encode()
        yield base64.b64encode(digest)[:20]
        yield base64.urlsafe_b64encode(digest)[:20]
