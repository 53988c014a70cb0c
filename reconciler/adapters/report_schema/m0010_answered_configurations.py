"""Step 10: who answers for a version of a domain's configuration, one person for each version."""

from reconciler.adapters.report_schema.step import Migration, only_grows

STEP = Migration(
    number=10,
    name="who answers for a configuration",
    statements=(
        """
        CREATE TABLE config_answers (
            id INTEGER PRIMARY KEY REFERENCES config_versions (id),
            actor TEXT NOT NULL CHECK (TRIM(actor) <> ''),
            comment TEXT NOT NULL CHECK (comment <> ''),
            at INTEGER NOT NULL,
            entry INTEGER NOT NULL REFERENCES audit (id)
        ) STRICT
        """,
        *only_grows("config_answers"),
    ),
)
