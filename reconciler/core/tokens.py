"""Access tokens and sessions: what a token's text looks like, what is kept of either, and how long it holds."""

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from reconciler.core.access import Actor, Means, Role

PREFIX: Final = "reconciler_"
SECRET_BYTES: Final = 32
TEXT: Final = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
IDLE: Final = timedelta(hours=1)
ABSOLUTE: Final = timedelta(hours=12)
COARSELY: Final = timedelta(minutes=1)


class TokenState(StrEnum):
    """Whether a token opens anything."""

    LIVE = "live"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token as it is kept: never its text. `last_used_at` is true to `COARSELY`; no `expires_at` is for ever."""

    id: int
    name: str
    role: Role
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> TokenState:
        """Whether it holds at that time."""
        if self.revoked_at is not None:
            return TokenState.REVOKED
        lapsed = self.expires_at is not None and self.expires_at <= now
        return TokenState.EXPIRED if lapsed else TokenState.LIVE

    def actor(self, means: Means) -> Actor:
        """Who acts with it."""
        return Actor(name=self.name, role=self.role, means=means)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A sign-in as it is kept: never its cookie. `token` is what it rests on, None where an issuer vouched."""

    digest: str
    actor: Actor
    token: Token | None
    started_at: datetime
    seen_at: datetime

    def holds(self, now: datetime) -> bool:
        """Whether it is neither too old nor too long unused, and what it rests on still stands."""
        young = self.started_at <= now < self.started_at + ABSOLUTE and now < self.seen_at + IDLE
        return young and (self.token is None or self.token.state(now) is TokenState.LIVE)


def text_of(secret: bytes) -> str:
    """The text of a token around 32 random bytes."""
    return PREFIX + base64.urlsafe_b64encode(secret).rstrip(b"=").decode()


def digest_of(text: str) -> str:
    """SHA-256 of a token or cookie, 64 hex digits: enough, as the text is random and long."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def stale(noted: datetime | None, now: datetime) -> bool:
    """Whether a note of the last use is old enough to be written again."""
    return noted is None or now - noted >= COARSELY
