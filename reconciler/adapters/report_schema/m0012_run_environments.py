"""Step 12: what a run ran on: host, versions and roles of both stores, how they were read."""

from reconciler.adapters.report_schema.step import Migration

STEP = Migration(
    number=12,
    name="environments of runs",
    statements=(
        """
        CREATE TABLE run_environments (
            run_id INTEGER PRIMARY KEY REFERENCES runs (id),
            facts TEXT NOT NULL
        ) STRICT
        """,
    ),
)
