"""Step 4: access tokens, of which only use and revocation ever change, and the sessions that rest on them."""

from reconciler.adapters.report_schema.step import Migration

TOKENS = """
    CREATE TABLE tokens (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL CHECK (name <> ''),
        role TEXT NOT NULL CHECK (role IN ('viewer', 'investigator', 'operator', 'approver', 'admin')),
        digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 64),
        created_at INTEGER NOT NULL,
        created_by TEXT NOT NULL,
        expires_at INTEGER,
        last_used_at INTEGER,
        revoked_at INTEGER
    ) STRICT
"""
SESSIONS = """
    CREATE TABLE sessions (
        digest TEXT PRIMARY KEY CHECK (length(digest) = 64),
        token_id INTEGER REFERENCES tokens (id),
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        means TEXT NOT NULL,
        started_at INTEGER NOT NULL,
        seen_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
"""
KEPT = "CREATE TRIGGER tokens_kept BEFORE DELETE ON tokens BEGIN SELECT RAISE(ABORT, 'tokens: tokens are kept'); END"
AS_MADE = """
    CREATE TRIGGER tokens_as_made BEFORE UPDATE ON tokens
    WHEN NEW.id <> OLD.id OR NEW.name <> OLD.name OR NEW.role <> OLD.role OR NEW.digest <> OLD.digest
        OR NEW.created_at <> OLD.created_at OR NEW.created_by <> OLD.created_by
        OR NEW.expires_at IS NOT OLD.expires_at OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NOT OLD.revoked_at)
    BEGIN SELECT RAISE(ABORT, 'tokens: a token stays as it was made, and revoked'); END
"""

STEP = Migration(number=4, name="access tokens and sessions", statements=(TOKENS, SESSIONS, KEPT, AS_MADE))
