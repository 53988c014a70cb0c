"""Step 5: how often declared rules applied, and the versions of each domain's configuration, which only grow."""

from reconciler.adapters.report_schema.step import Migration, only_grows

STEP = Migration(
    number=5,
    name="rules and versions of the configuration",
    statements=(
        "ALTER TABLE entity_runs ADD COLUMN ignored TEXT NOT NULL DEFAULT '{}'",
        "ALTER TABLE entity_runs ADD COLUMN tolerated TEXT NOT NULL DEFAULT '{}'",
        """
        CREATE TABLE config_versions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            domain TEXT NOT NULL,
            config_digest TEXT NOT NULL,
            policy_digest TEXT NOT NULL,
            rules TEXT NOT NULL,
            policy TEXT NOT NULL,
            first_seen_at INTEGER NOT NULL
        ) STRICT
        """,
        "CREATE INDEX config_versions_of_domain ON config_versions (domain, id)",
        *only_grows("config_versions"),
    ),
)
