"""Step 11: what each pruning took away of the sums over all runs, so that a total never falls."""

from reconciler.adapters.report_schema.step import Migration, only_grows

STEP = Migration(
    number=11,
    name="sums of pruned runs",
    statements=(
        """
        CREATE TABLE pruned_tallies (
            id INTEGER PRIMARY KEY REFERENCES prunings (id),
            tally TEXT NOT NULL
        ) STRICT
        """,
        *only_grows("pruned_tallies"),
    ),
)
