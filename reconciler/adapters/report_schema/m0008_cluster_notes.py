"""Step 8: what people noted on clusters; the newest note holds, the ones before it stay."""

from reconciler.adapters.report_schema.step import Migration, only_grows

STEP = Migration(
    number=8,
    name="notes on clusters",
    statements=(
        """
        CREATE TABLE cluster_notes (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            cluster_id INTEGER NOT NULL REFERENCES clusters (id),
            owner TEXT NOT NULL,
            note TEXT NOT NULL,
            link TEXT NOT NULL,
            actor TEXT NOT NULL CHECK (actor <> ''),
            at INTEGER NOT NULL
        ) STRICT
        """,
        "CREATE INDEX cluster_notes_by_cluster ON cluster_notes (cluster_id, id)",
        *only_grows("cluster_notes"),
    ),
)
