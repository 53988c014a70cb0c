"""Step 13: pauses of scheduled runs, and copies that were made of the database."""

from reconciler.adapters.report_schema.step import Migration, only_grows

STEP = Migration(
    number=13,
    name="pauses and backups",
    statements=(
        """
        CREATE TABLE schedule_pauses (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            domain TEXT NOT NULL,
            mode TEXT NOT NULL CHECK (mode IN ('scan', 'sample')),
            until INTEGER,
            reason TEXT NOT NULL CHECK (reason <> ''),
            actor TEXT NOT NULL CHECK (actor <> ''),
            at INTEGER NOT NULL
        ) STRICT
        """,
        "CREATE INDEX schedule_pauses_by_job ON schedule_pauses (domain, mode, id)",
        *only_grows("schedule_pauses"),
        "CREATE TABLE backups (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL) STRICT",
        *only_grows("backups"),
    ),
)
