"""Step 3: what a sample drew of an entity, and the steps of the cutover that people marked as done."""

from reconciler.adapters.report_schema.step import Migration, only_grows

STATEMENTS = (
    "ALTER TABLE entity_runs ADD COLUMN sample TEXT NOT NULL DEFAULT ''",
    """
    CREATE TABLE cutover_marks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        step TEXT NOT NULL,
        done INTEGER NOT NULL CHECK (done IN (0, 1)),
        actor TEXT NOT NULL CHECK (actor <> ''),
        comment TEXT NOT NULL CHECK (comment <> ''),
        at INTEGER NOT NULL
    ) STRICT
    """,
    *only_grows("cutover_marks"),
)

STEP = Migration(number=3, name="what samples drew, and marks on the cutover", statements=STATEMENTS)
