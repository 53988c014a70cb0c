"""Step 7: frozen evidence, requests among the decisions, approvals that are one, lapses noted once, and waivers."""

from reconciler.adapters.report_schema.step import Migration, append_only, only_grows

DECISIONS = (
    "DROP TRIGGER decisions_update_refused",
    "DROP TRIGGER decisions_delete_refused",
    "DROP TRIGGER decisions_insert_refused",
    "DROP INDEX decisions_of_domain",
    "ALTER TABLE decisions RENAME TO decisions_before",
    """
    CREATE TABLE decisions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        domain TEXT NOT NULL,
        action TEXT NOT NULL CHECK (action IN ('request', 'approve', 'reject', 'revoke')),
        evidence_digest TEXT NOT NULL,
        actor TEXT NOT NULL,
        comment TEXT NOT NULL,
        at INTEGER NOT NULL,
        entry INTEGER REFERENCES audit (id)
    ) STRICT
    """,
    """
    INSERT INTO decisions (id, domain, action, evidence_digest, actor, comment, at)
    SELECT id, domain, action, evidence_digest, actor, comment, at FROM decisions_before
    """,
    "DROP TABLE decisions_before",
    "CREATE INDEX decisions_of_domain ON decisions (domain, id)",
    *only_grows("decisions"),
    """
    CREATE TABLE evidence (
        digest TEXT PRIMARY KEY CHECK (digest LIKE 'sha256:%'),
        domain TEXT NOT NULL,
        text TEXT NOT NULL CHECK (text <> ''),
        at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE TRIGGER evidence_kept BEFORE DELETE ON evidence BEGIN SELECT RAISE(ABORT, 'evidence: it is kept'); END",
    append_only("evidence", "UPDATE", row="OLD", unless="1"),
    """
    CREATE TABLE approvals (
        evidence_digest TEXT NOT NULL REFERENCES evidence (digest),
        person TEXT NOT NULL,
        follows INTEGER NOT NULL,
        decision_id INTEGER NOT NULL UNIQUE REFERENCES decisions (id),
        PRIMARY KEY (evidence_digest, person, follows)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE lapses (
        id INTEGER PRIMARY KEY REFERENCES decisions (id),
        reason TEXT NOT NULL CHECK (reason <> ''),
        at INTEGER NOT NULL,
        entry INTEGER NOT NULL REFERENCES audit (id)
    ) STRICT
    """,
    *only_grows("lapses"),
)
WAIVERS = (
    """
    CREATE TABLE waivers (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        domain TEXT NOT NULL,
        check_name TEXT NOT NULL,
        reason TEXT NOT NULL CHECK (reason <> ''),
        until INTEGER NOT NULL,
        most INTEGER CHECK (most >= 0),
        asked_by TEXT NOT NULL CHECK (asked_by <> ''),
        asked_at INTEGER NOT NULL,
        entry INTEGER NOT NULL REFERENCES audit (id),
        CONSTRAINT ends_after_it_begins CHECK (until > asked_at)
    ) STRICT
    """,
    "CREATE INDEX waivers_of_domain ON waivers (domain, id)",
    *only_grows("waivers"),
    """
    CREATE TABLE waiver_confirmations (
        id INTEGER PRIMARY KEY REFERENCES waivers (id),
        actor TEXT NOT NULL CHECK (actor <> ''),
        at INTEGER NOT NULL,
        entry INTEGER NOT NULL REFERENCES audit (id)
    ) STRICT
    """,
    *only_grows("waiver_confirmations"),
    """
    CREATE TRIGGER waivers_take_two BEFORE INSERT ON waiver_confirmations
    WHEN EXISTS (SELECT 1 FROM waivers WHERE id = NEW.id AND lower(trim(asked_by)) = lower(trim(NEW.actor)))
    BEGIN SELECT RAISE(ABORT, 'waivers: a second person confirms'); END
    """,
    """
    CREATE TABLE waiver_endings (
        id INTEGER PRIMARY KEY REFERENCES waivers (id),
        actor TEXT NOT NULL CHECK (actor <> ''),
        comment TEXT NOT NULL,
        at INTEGER NOT NULL,
        entry INTEGER NOT NULL REFERENCES audit (id)
    ) STRICT
    """,
    *only_grows("waiver_endings"),
)

STEP = Migration(number=7, name="frozen evidence, requests, lapses and waivers", statements=(*DECISIONS, *WAIVERS))
