"""The AccessLedger on SQLite: tokens and sessions by the digests of their texts, beside everything else."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from hmac import compare_digest

from sqlite_utils import Database

from reconciler.adapters.report_store.auditing import append
from reconciler.adapters.report_store.recording import insert
from reconciler.adapters.report_store.texts import safe, to_micros, to_time, to_time_or_none
from reconciler.adapters.report_store.threads import Readers, Writer, refuse_writing
from reconciler.app.sign_in import NewToken
from reconciler.core.access import Actor, Means, Role
from reconciler.core.audit import Act
from reconciler.core.tokens import ABSOLUTE, Session, Token
from reconciler.errors import NotFound, UsageError

TOKEN = "id, name, role, created_at, created_by, expires_at, last_used_at, revoked_at, digest"  # noqa: S105 - columns
LIVE = "name = ? COLLATE NOCASE AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"

TokenRow = tuple[int, str, str, int, str, int | None, int | None, int | None, str]


class SqliteAccessLedger:
    """Tokens and sessions in the report database. Every method raises ReportStoreError where the database fails."""

    def __init__(self, *, readers: Readers, writer: Writer | None) -> None:
        self._readers = readers
        self._writer = writer

    async def add_token(self, token: NewToken, act: Act) -> Token:
        """Keeps a token with the act that made it; UsageError where a live one has its name, in whatever case."""
        return await self._writing().write(partial(_add_token, token=token, act=act))

    async def revoke_token(self, name: str, *, act: Act) -> Token:
        """Revokes the live token of that name as of the act; NotFound where there is none."""
        return await self._writing().write(partial(_revoke_token, name=name, act=act))

    async def tokens(self) -> Sequence[Token]:
        """Every token ever made, newest first."""
        return await self._readers.read(_tokens)

    async def token_of(self, digest: str) -> Token | None:
        """The token whose text has that digest."""
        return await self._readers.read(partial(_token_of, digest=digest))

    async def note_use(self, token: Token, at: datetime) -> None:
        """Keeps when the token was used."""
        values = [to_micros(at), token.id]
        await self._writing().write(partial(_execute, "UPDATE tokens SET last_used_at = ? WHERE id = ?", values))

    async def start_session(self, session: Session) -> None:
        """Keeps a session; those that no longer hold at its start are let go."""
        await self._writing().write(partial(_start_session, session=session))

    async def session_of(self, digest: str) -> Session | None:
        """The session of that digest with its token as it is now."""
        return await self._readers.read(partial(_session_of, digest=digest))

    async def note_seen(self, digest: str, at: datetime) -> None:
        """Keeps when a session was used."""
        values = [to_micros(at), digest]
        await self._writing().write(partial(_execute, "UPDATE sessions SET seen_at = ? WHERE digest = ?", values))

    async def end_session(self, digest: str) -> None:
        """Lets a session go."""
        await self._writing().write(partial(_execute, "DELETE FROM sessions WHERE digest = ?", [digest]))

    def _writing(self) -> Writer:
        """The writer. Raises ReportStoreError where the database was opened to be read."""
        if self._writer is None:
            raise refuse_writing(self._readers.path)
        return self._writer


def _execute(statement: str, values: Sequence[object], db: Database) -> None:
    """One statement."""
    db.execute(statement, list(values))


def _add_token(db: Database, token: NewToken, act: Act) -> Token:
    """The row and its act."""
    if db.execute(f"SELECT 1 FROM tokens WHERE {LIVE}", [token.name, to_micros(token.created_at)]).fetchone():
        raise UsageError(
            f"token {token.name}",
            expected="a name that no live token has",
            got="one that is taken",
            next_step=f"`reconciler token revoke {token.name}`, or choose another name",
        )
    number = insert(
        db,
        "tokens",
        {
            "name": token.name,
            "role": token.role.value,
            "digest": token.digest,
            "created_at": to_micros(token.created_at),
            "created_by": safe(token.created_by),
            "expires_at": None if token.expires_at is None else to_micros(token.expires_at),
        },
    )
    append(db, act)
    return _token(db.execute(f"SELECT {TOKEN} FROM tokens WHERE id = ?", [number]).fetchone())


def _revoke_token(db: Database, name: str, act: Act) -> Token:
    """The mark on the row, and its act; sessions that rest on it fall with it."""
    at = to_micros(act.at)
    row = db.execute(f"SELECT {TOKEN} FROM tokens WHERE {LIVE}", [name, at]).fetchone()
    if row is None:
        raise NotFound(
            "no live token has that name",
            expected="one of `reconciler token list`",
            got=repr(name[:80]),
            next_step="`reconciler token list`",
        )
    db.execute("UPDATE tokens SET revoked_at = ? WHERE id = ?", [at, row[0]])
    db.execute("DELETE FROM sessions WHERE token_id = ?", [row[0]])
    append(db, act)
    return _token(db.execute(f"SELECT {TOKEN} FROM tokens WHERE id = ?", [row[0]]).fetchone())


def _tokens(db: Database) -> list[Token]:
    """All of them."""
    return [_token(row) for row in db.execute(f"SELECT {TOKEN} FROM tokens ORDER BY id DESC").fetchall()]


def _token_of(db: Database, digest: str) -> Token | None:
    """The row of that digest; compared once more in constant time."""
    row = db.execute(f"SELECT {TOKEN} FROM tokens WHERE digest = ?", [digest]).fetchone()
    return _token(row) if row is not None and compare_digest(row[-1], digest) else None


def _start_session(db: Database, session: Session) -> None:
    """The row, in the place of those that are over."""
    db.execute("DELETE FROM sessions WHERE started_at <= ?", [to_micros(session.started_at - ABSOLUTE)])
    insert(
        db,
        "sessions",
        {
            "digest": session.digest,
            "token_id": session.token.id if session.token else None,
            "name": safe(session.actor.name),
            "role": session.actor.role.value,
            "means": session.actor.means.value,
            "started_at": to_micros(session.started_at),
            "seen_at": to_micros(session.seen_at),
        },
    )


def _session_of(db: Database, digest: str) -> Session | None:
    """The session and its token."""
    columns = "token_id, name, role, means, started_at, seen_at"
    row = db.execute(f"SELECT {columns} FROM sessions WHERE digest = ?", [digest]).fetchone()
    if row is None:
        return None
    token_id, name, role, means, started_at, seen_at = row
    token = db.execute(f"SELECT {TOKEN} FROM tokens WHERE id = ?", [token_id]).fetchone() if token_id else None
    return Session(
        digest=digest,
        actor=Actor(name=name, role=Role(role), means=Means(means)),
        token=None if token is None else _token(token),
        started_at=to_time(started_at),
        seen_at=to_time(seen_at),
    )


def _token(row: TokenRow) -> Token:
    """A row as a token."""
    number, name, role, created_at, created_by, expires_at, last_used_at, revoked_at, _ = row
    return Token(
        id=number,
        name=name,
        role=Role(role),
        created_at=to_time(created_at),
        created_by=created_by,
        expires_at=to_time_or_none(expires_at),
        last_used_at=to_time_or_none(last_used_at),
        revoked_at=to_time_or_none(revoked_at),
    )
