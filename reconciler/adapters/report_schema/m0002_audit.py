"""Step 2: the audit log, whose rows are numbered without a gap, chained, and never changed or pruned."""

from reconciler.adapters.report_schema.step import Migration, append_only

AUDIT = """
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL CHECK (actor <> ''),
        role TEXT NOT NULL CHECK (role <> ''),
        means TEXT NOT NULL CHECK (means <> ''),
        action TEXT NOT NULL CHECK (action <> ''),
        domain TEXT NOT NULL,
        verdict TEXT NOT NULL,
        evidence_digest TEXT NOT NULL,
        comment TEXT NOT NULL,
        previous TEXT NOT NULL,
        digest TEXT NOT NULL UNIQUE
    ) STRICT
"""
CHAINED = """
    CREATE TRIGGER audit_is_a_chain BEFORE INSERT ON audit
    WHEN NEW.id <> (SELECT COALESCE(MAX(id), 0) + 1 FROM audit)
        OR NEW.previous <> COALESCE((SELECT digest FROM audit ORDER BY id DESC LIMIT 1), NEW.previous)
    BEGIN SELECT RAISE(ABORT, 'audit: an entry follows the last one'); END
"""
KEPT = "CREATE TRIGGER audit_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit: entries are kept'); END"

STEP = Migration(
    number=2,
    name="the audit log",
    statements=(
        AUDIT,
        "CREATE INDEX audit_of_domain ON audit (domain, id)",
        CHAINED,
        KEPT,
        append_only("audit", "UPDATE", row="OLD", unless="1"),
    ),
)
