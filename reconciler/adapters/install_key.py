"""The install's own key, and the keyed digests made with it."""

import hashlib
import hmac
import secrets
from pathlib import Path

from reconciler.adapters.private_files import create, draft_of, make_folder, publish, refused, tighten
from reconciler.errors import ReportStoreError

KEY_BYTES = 32
DIGEST_HEX_DIGITS = 32


class KeyedDigests:
    """The Redactor of the install: HMAC-SHA-256 under its key, cut to 128 bits."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def digest(self, text: str) -> str:
        """32 hex digits; lone surrogates count like any other character."""
        whole = hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        return whole[:DIGEST_HEX_DIGITS]


def open_install_key(folder: Path) -> KeyedDigests:
    """The key in `<folder>/install.key`, made from 32 random bytes where it is missing. Raises ReportStoreError."""
    path = folder / "install.key"
    make_folder(folder)
    try:
        if not path.exists():
            draft = draft_of(path)
            create(draft, secrets.token_bytes(KEY_BYTES))
            publish(path, draft)
        tighten(path)
        key = path.read_bytes()
    except OSError as error:
        raise refused(error, f"install key {path} cannot be read or made") from None
    if len(key) != KEY_BYTES:
        raise ReportStoreError(
            f"install key {path}",
            expected=f"{KEY_BYTES} bytes",
            got=f"{len(key)} bytes",
            next_step="restore it from a backup; with a new key, digests of old reports match no new ones",
        )
    return KeyedDigests(key)
