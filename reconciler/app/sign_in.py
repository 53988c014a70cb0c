"""Who may come in: making, listing and revoking tokens, recognising their text, and sessions in exchange for them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from reconciler.app.ports import AuditLog, Clock
from reconciler.core.access import Actor, Means, Right, Role, require
from reconciler.core.audit import Act, AuditAction
from reconciler.core.tokens import NAME, SECRET_BYTES, TEXT, Session, Token, TokenState, digest_of, stale, text_of
from reconciler.errors import NotSignedIn, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token about to be kept, by the digest of its text."""

    name: str
    role: Role
    digest: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """Somebody's way to an issuer and back: where to send them, and what has to come back or be shown then."""

    address: str
    state: str
    nonce: str
    verifier: str


class AccessLedger(Protocol):
    """Keeps tokens and sessions; what changes a token is written together with its act, both or neither."""

    async def add_token(self, token: NewToken, act: Act) -> Token:
        """Keeps a token; UsageError where a live one has its name, in whatever case."""

    async def revoke_token(self, name: str, *, act: Act) -> Token:
        """Revokes the live token of that name as of the act; NotFound where there is none."""

    async def tokens(self) -> Sequence[Token]:
        """Every token ever made, newest first."""

    async def token_of(self, digest: str) -> Token | None:
        """The token whose text has that digest."""

    async def note_use(self, token: Token, at: datetime) -> None:
        """Keeps when the token was used."""

    async def start_session(self, session: Session) -> None:
        """Keeps a session; those that no longer hold at its start are let go."""

    async def session_of(self, digest: str) -> Session | None:
        """The session of that digest with its token as it is now."""

    async def note_seen(self, digest: str, at: datetime) -> None:
        """Keeps when a session was used."""

    async def end_session(self, digest: str) -> None:
        """Lets a session go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Tokens and sessions."""

    ledger: AccessLedger
    log: AuditLog
    clock: Clock

    async def create(self, name: str, *, role: Role, expires_in: timedelta | None, by: Actor) -> tuple[str, Token]:
        """Makes a token; its text is nowhere but in this answer. Raises AccessDenied, and UsageError for its name."""
        require(by, Right.ADMINISTER)
        if not NAME.fullmatch(name):
            raise UsageError("name of a token", expected="letters, digits and ._@- (64 at most)", got=repr(name[:80]))
        now, text = self.clock.now(), text_of(secrets.token_bytes(SECRET_BYTES))
        new = NewToken(
            name=name, role=role, digest=digest_of(text), created_at=now, created_by=by.name,
            expires_at=None if expires_in is None else now + expires_in,
        )  # fmt: skip
        until = "for ever" if new.expires_at is None else f"until {new.expires_at:%Y-%m-%d %H:%M} UTC"
        comment = f"{name}, {role.value}, {until}"
        act = Act(actor=by, action=AuditAction.TOKEN_CREATED, at=now, comment=comment)
        return text, await self.ledger.add_token(new, act)

    async def revoke(self, name: str, *, by: Actor) -> Token:
        """Ends a token, and every session that rests on it, at once. Raises AccessDenied and NotFound."""
        require(by, Right.ADMINISTER)
        act = Act(actor=by, action=AuditAction.TOKEN_REVOKED, at=self.clock.now(), comment=name)
        return await self.ledger.revoke_token(name, act=act)

    async def tokens(self) -> Sequence[Token]:
        """Every token, newest first."""
        return await self.ledger.tokens()

    async def recognise(self, text: str) -> Token:
        """The live token with this text; NotSignedIn, the same whatever is wrong with it."""
        token = await self.ledger.token_of(digest_of(text)) if TEXT.fullmatch(text) else None
        now = self.clock.now()
        if token is None or token.state(now) is not TokenState.LIVE:
            raise NotSignedIn(
                "the token does not hold",
                expected="a live token",
                got="one that is unknown, expired or revoked",
                next_step="ask an administrator for one: `reconciler token create`",
            )
        if stale(token.last_used_at, now):
            await self.ledger.note_use(token, now)
        return token

    async def start(self, actor: Actor, *, token: Token | None) -> str:
        """Starts a session of an actor and returns its cookie, which nobody could have known before."""
        cookie, now = secrets.token_urlsafe(SECRET_BYTES), self.clock.now()
        session = Session(digest=digest_of(cookie), actor=actor, token=token, started_at=now, seen_at=now)
        await self.ledger.start_session(session)
        await self.log.note_act(Act(actor=actor, action=AuditAction.SIGNED_IN, at=now))
        return cookie

    async def resume(self, cookie: str, *, active: bool) -> Actor | None:
        """Who is signed in with this cookie, None where it no longer holds; `active` puts off the end by disuse."""
        session, now = await self.ledger.session_of(digest_of(cookie)), self.clock.now()
        if session is None or not session.holds(now):
            return None
        if active and stale(session.seen_at, now):
            await self.ledger.note_seen(session.digest, now)
        return session.actor if session.token is None else session.token.actor(Means.SESSION)

    async def end(self, cookie: str) -> None:
        """Signs out."""
        await self.ledger.end_session(digest_of(cookie))
