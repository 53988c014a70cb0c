"""Step 15: the ranges that a scan has behind it, so that an interrupted run goes on there, after a lost store too."""

from reconciler.adapters.report_schema.step import Migration, append_only

REOPENED = """
    NEW.status = 'running' AND (OLD.status = 'interrupted' OR (OLD.status = 'failed' AND EXISTS (
        SELECT 1 FROM domain_runs WHERE run_id = OLD.id AND error <> ''
    )))
"""
STATEMENTS = (
    """
    CREATE TABLE scanned_ranges (
        run_id INTEGER NOT NULL,
        domain TEXT NOT NULL,
        entity TEXT NOT NULL,
        number INTEGER NOT NULL CHECK (number >= 0),
        after TEXT,
        until TEXT,
        shape TEXT NOT NULL,
        since INTEGER NOT NULL,
        at INTEGER NOT NULL,
        tally TEXT NOT NULL,
        looked_at TEXT NOT NULL,
        suspects TEXT NOT NULL,
        PRIMARY KEY (run_id, domain, entity, number),
        FOREIGN KEY (run_id, domain) REFERENCES domain_runs (run_id, domain),
        CONSTRAINT the_first_begins_at_the_start CHECK ((number = 0) = (after IS NULL))
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TRIGGER scanned_ranges_adjoin BEFORE INSERT ON scanned_ranges
    WHEN NEW.number > 0 AND NOT EXISTS (
        SELECT 1 FROM scanned_ranges
        WHERE run_id = NEW.run_id AND domain = NEW.domain AND entity = NEW.entity
            AND number = NEW.number - 1 AND until = NEW.after
    )
    BEGIN SELECT RAISE(ABORT, 'scanned_ranges: a range begins where the one before it ended'); END
    """,
    append_only("scanned_ranges", "UPDATE", row="OLD", unless="1"),
    "DROP TRIGGER runs_update_refused",
    append_only("runs", "UPDATE", row="OLD", unless=f"OLD.status <> 'running' AND NOT ({REOPENED})"),
)

STEP = Migration(number=15, name="ranges that scans have behind them", statements=STATEMENTS)
