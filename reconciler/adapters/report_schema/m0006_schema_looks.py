"""Step 6: what each scan saw of both schemas, and the fields and columns that it came across."""

from reconciler.adapters.report_schema.step import Migration

STEP = Migration(
    number=6,
    name="looks at the schemas",
    statements=(
        "ALTER TABLE entity_runs ADD COLUMN schema_look TEXT NOT NULL DEFAULT 'null'",
        """
        CREATE TABLE schema_paths (
            domain TEXT NOT NULL,
            entity TEXT NOT NULL,
            side TEXT NOT NULL CHECK (side IN ('source', 'target')),
            path TEXT NOT NULL,
            mentioned INTEGER NOT NULL CHECK (mentioned IN (0, 1)),
            count INTEGER NOT NULL CHECK (count > 0),
            looked_at INTEGER NOT NULL CHECK (looked_at >= 0),
            first_run INTEGER NOT NULL,
            first_seen_at INTEGER NOT NULL,
            last_run INTEGER NOT NULL,
            last_seen_at INTEGER NOT NULL,
            PRIMARY KEY (domain, entity, side, path)
        ) STRICT, WITHOUT ROWID
        """,
    ),
)
