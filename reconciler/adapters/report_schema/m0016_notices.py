"""Step 16: events, how far was looked for them, what channels have heard, and deliveries with how they went."""

from reconciler.adapters.report_schema.step import Migration, append_only

EVENTS = (
    """
    CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        uid TEXT NOT NULL UNIQUE CHECK (uid <> ''),
        key TEXT NOT NULL UNIQUE CHECK (key <> ''),
        type TEXT NOT NULL CHECK (type LIKE 'reconciler.%'),
        domain TEXT NOT NULL,
        at INTEGER NOT NULL,
        facts TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX events_by_type ON events (type, id)",
    append_only("events", "UPDATE", row="OLD", unless="1"),
    append_only("events", "DELETE", row="OLD", unless="1"),
    """
    CREATE TABLE watermarks (
        subject TEXT PRIMARY KEY,
        reached TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    # What happened before this step is not told after it.
    "INSERT INTO watermarks SELECT 'audit', COALESCE(MAX(id), 0) FROM audit",
    "INSERT INTO watermarks SELECT 'runs', COALESCE(MAX(finished_at), 0) FROM runs",
    """
    CREATE TABLE standings (
        domain TEXT PRIMARY KEY,
        verdict TEXT NOT NULL,
        since INTEGER NOT NULL,
        event_id INTEGER REFERENCES events (id)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE cluster_standings (
        cluster_id INTEGER PRIMARY KEY REFERENCES clusters (id),
        open INTEGER NOT NULL CHECK (open IN (0, 1))
    ) STRICT
    """,
    "INSERT INTO cluster_standings SELECT id, open_diffs > 0 FROM clusters",
    """
    CREATE TABLE heard (
        channel TEXT NOT NULL,
        domain TEXT NOT NULL,
        verdict TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (channel, domain)
    ) STRICT, WITHOUT ROWID
    """,
)
DELIVERIES = (
    """
    CREATE TABLE deliveries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        event_id INTEGER NOT NULL REFERENCES events (id),
        channel TEXT NOT NULL CHECK (channel <> ''),
        status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'dead')),
        tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
        next_at INTEGER NOT NULL,
        last_at INTEGER,
        told TEXT NOT NULL DEFAULT '',
        UNIQUE (event_id, channel)
    ) STRICT
    """,
    "CREATE INDEX deliveries_pending ON deliveries (channel, id) WHERE status = 'pending'",
    "CREATE INDEX deliveries_of_channel ON deliveries (channel, status, last_at)",
    """
    CREATE TABLE delivery_counts (
        channel TEXT NOT NULL,
        result TEXT NOT NULL CHECK (result IN ('delivered', 'failed', 'dead')),
        count INTEGER NOT NULL CHECK (count >= 0),
        PRIMARY KEY (channel, result)
    ) STRICT, WITHOUT ROWID
    """,
)

STEP = Migration(number=16, name="events and their deliveries", statements=(*EVENTS, *DELIVERIES))
