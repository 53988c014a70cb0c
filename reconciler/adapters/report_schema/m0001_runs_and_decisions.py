"""Step 1: runs and what they found, clusters, decisions, rehearsals, flags, and the triggers that seal them."""

from reconciler.adapters.report_schema.step import Migration, append_only, only_grows

RUNS = (
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        mode TEXT NOT NULL CHECK (mode IN ('sample', 'scan', 'keys')),
        status TEXT NOT NULL CHECK (status IN ('running', 'completed', 'interrupted', 'failed')),
        seed TEXT,
        trigger TEXT NOT NULL,
        started_at INTEGER NOT NULL,
        finished_at INTEGER,
        config_digest TEXT NOT NULL,
        code_version TEXT NOT NULL,
        identities TEXT NOT NULL,
        process TEXT NOT NULL,
        CONSTRAINT finished_unless_running CHECK ((status = 'running') = (finished_at IS NULL))
    ) STRICT
    """,
    "CREATE INDEX runs_by_start ON runs (started_at)",
    "CREATE INDEX running_runs ON runs (id) WHERE status = 'running'",
    """
    CREATE TABLE domain_runs (
        run_id INTEGER NOT NULL REFERENCES runs (id),
        position INTEGER NOT NULL,
        domain TEXT NOT NULL,
        config_digest TEXT NOT NULL,
        policy_digest TEXT NOT NULL,
        notes TEXT NOT NULL DEFAULT '[]',
        gaps INTEGER CHECK (gaps >= 0),
        canaries_planted INTEGER NOT NULL DEFAULT 0,
        canaries_caught INTEGER NOT NULL DEFAULT 0,
        error TEXT NOT NULL DEFAULT '',
        last_diff_at INTEGER,
        finished_at INTEGER,
        PRIMARY KEY (run_id, domain),
        CONSTRAINT canaries_add_up CHECK (canaries_caught BETWEEN 0 AND canaries_planted)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX runs_of_domain ON domain_runs (domain, run_id)",
    "CREATE INDEX last_diffs ON domain_runs (domain, last_diff_at) WHERE last_diff_at IS NOT NULL",
    """
    CREATE TABLE entity_runs (
        run_id INTEGER NOT NULL,
        position INTEGER NOT NULL,
        domain TEXT NOT NULL,
        entity TEXT NOT NULL,
        source_records INTEGER NOT NULL CHECK (source_records >= 0),
        target_records INTEGER NOT NULL CHECK (target_records >= 0),
        seen INTEGER NOT NULL CHECK (seen >= 0),
        compared INTEGER NOT NULL CHECK (compared >= 0),
        matched INTEGER NOT NULL CHECK (matched >= 0),
        missing_in_target INTEGER NOT NULL CHECK (missing_in_target >= 0),
        extra_in_target INTEGER NOT NULL CHECK (extra_in_target >= 0),
        field_mismatch INTEGER NOT NULL CHECK (field_mismatch >= 0),
        key_defect INTEGER NOT NULL CHECK (key_defect >= 0),
        unreadable INTEGER NOT NULL CHECK (unreadable >= 0),
        out_of_scope INTEGER NOT NULL CHECK (out_of_scope >= 0),
        cleared INTEGER NOT NULL CHECK (cleared >= 0),
        unconfirmed INTEGER NOT NULL CHECK (unconfirmed >= 0),
        coverage REAL NOT NULL CHECK (coverage BETWEEN 0 AND 1),
        method TEXT NOT NULL CHECK (method IN ('stream', 'checksum', 'keys')),
        complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
        may_be_empty INTEGER NOT NULL CHECK (may_be_empty IN (0, 1)),
        invariants TEXT NOT NULL,
        softened TEXT NOT NULL,
        notes TEXT NOT NULL,
        finished_at INTEGER NOT NULL,
        PRIMARY KEY (run_id, domain, entity),
        FOREIGN KEY (run_id, domain) REFERENCES domain_runs (run_id, domain),
        CONSTRAINT outcomes_add_up_to_seen CHECK (
            seen = matched + missing_in_target + extra_in_target + field_mismatch
                + key_defect + unreadable + out_of_scope
        ),
        CONSTRAINT compared_is_matched_and_mismatched CHECK (compared = matched + field_mismatch),
        CONSTRAINT full_coverage_has_seen_all_that_the_stores_hold CHECK (
            coverage < 1 OR (complete = 1 AND seen >= source_records AND seen >= target_records)
        )
    ) STRICT, WITHOUT ROWID
    """,
)

DIFFS = (
    """
    CREATE TABLE diffs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        domain TEXT NOT NULL,
        entity TEXT NOT NULL,
        locator TEXT NOT NULL,
        key TEXT NOT NULL,
        state TEXT NOT NULL CHECK (
            state IN ('unconfirmed', 'confirmed', 'cleared', 'resolved', 'regressed', 'waived')
        ),
        first_run INTEGER NOT NULL,
        first_seen_at INTEGER NOT NULL,
        last_run INTEGER NOT NULL,
        last_seen_at INTEGER NOT NULL,
        resolved_at INTEGER,
        UNIQUE (domain, entity, locator)
    ) STRICT
    """,
    """
    CREATE INDEX open_diffs_of_domain ON diffs (domain, id) WHERE state IN ('unconfirmed', 'confirmed', 'regressed')
    """,
    "CREATE INDEX open_diffs ON diffs (id) WHERE state IN ('unconfirmed', 'confirmed', 'regressed')",
    """
    CREATE TABLE open_counts (
        domain TEXT NOT NULL,
        state TEXT NOT NULL,
        diffs INTEGER NOT NULL CHECK (diffs >= 0),
        PRIMARY KEY (domain, state)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE clusters (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        fingerprint TEXT NOT NULL UNIQUE,
        domain TEXT NOT NULL,
        entity TEXT NOT NULL,
        path TEXT,
        kind TEXT NOT NULL,
        types TEXT NOT NULL,
        cause TEXT NOT NULL,
        title TEXT NOT NULL,
        open_diffs INTEGER NOT NULL DEFAULT 0 CHECK (open_diffs >= 0),
        first_run INTEGER NOT NULL,
        first_seen_at INTEGER NOT NULL,
        last_run INTEGER NOT NULL,
        last_seen_at INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE sightings (
        run_id INTEGER NOT NULL REFERENCES runs (id),
        diff_id INTEGER NOT NULL REFERENCES diffs (id),
        outcome TEXT NOT NULL CHECK (
            outcome IN ('missing_in_target', 'extra_in_target', 'field_mismatch', 'key_defect', 'unreadable')
        ),
        state TEXT NOT NULL CHECK (
            state IN ('unconfirmed', 'confirmed', 'cleared', 'resolved', 'regressed', 'waived')
        ),
        seen_at INTEGER NOT NULL,
        cluster_id INTEGER REFERENCES clusters (id),
        fields TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (run_id, diff_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX sightings_of_diff ON sightings (diff_id, run_id)",
    """
    CREATE TABLE sighting_clusters (
        run_id INTEGER NOT NULL,
        cluster_id INTEGER NOT NULL REFERENCES clusters (id),
        diff_id INTEGER NOT NULL,
        PRIMARY KEY (run_id, cluster_id, diff_id),
        FOREIGN KEY (run_id, diff_id) REFERENCES sightings (run_id, diff_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX clusters_of_sighting ON sighting_clusters (run_id, diff_id)",
    """
    CREATE TABLE diff_clusters (
        cluster_id INTEGER NOT NULL REFERENCES clusters (id),
        diff_id INTEGER NOT NULL REFERENCES diffs (id),
        PRIMARY KEY (cluster_id, diff_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX clusters_of_diff ON diff_clusters (diff_id)",
)

PEOPLE = (
    """
    CREATE TABLE decisions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        domain TEXT NOT NULL,
        action TEXT NOT NULL CHECK (action IN ('approve', 'reject', 'revoke')),
        evidence_digest TEXT NOT NULL,
        actor TEXT NOT NULL,
        comment TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX decisions_of_domain ON decisions (domain, id)",
    """
    CREATE TABLE rehearsals (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        domain TEXT NOT NULL,
        minutes REAL NOT NULL CHECK (minutes >= 0),
        comment TEXT NOT NULL,
        actor TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX rehearsals_of_domain ON rehearsals (domain, id)",
    """
    CREATE TABLE prunings (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        older_than INTEGER NOT NULL,
        at INTEGER NOT NULL,
        finished INTEGER NOT NULL DEFAULT 0 CHECK (finished IN (0, 1))
    ) STRICT
    """,
)

MEMORY = (
    """
    CREATE TABLE remembered (
        entity TEXT NOT NULL,
        key TEXT NOT NULL,
        last_run INTEGER NOT NULL,
        PRIMARY KEY (entity, key)
    ) STRICT, WITHOUT ROWID
    """,
)

FLAGS = (
    """
    CREATE TABLE flag_changes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        domain TEXT NOT NULL,
        reads TEXT NOT NULL CHECK (reads IN ('mongo', 'postgres')),
        had_go INTEGER NOT NULL CHECK (had_go IN (0, 1)),
        origin TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX flag_changes_of_domain ON flag_changes (domain, id)",
)

OPEN = "('unconfirmed', 'confirmed', 'regressed')"
REOPENED = "OLD.status = 'interrupted' AND NEW.status = 'running'"


def _counting() -> tuple[str, ...]:
    """Triggers that keep `open_counts` and `clusters.open_diffs` true whoever writes."""
    count = """
        INSERT INTO open_counts (domain, state, diffs) VALUES (NEW.domain, NEW.state, 1)
        ON CONFLICT (domain, state) DO UPDATE SET diffs = diffs + 1;
    """
    uncount = "UPDATE open_counts SET diffs = diffs - 1 WHERE domain = OLD.domain AND state = OLD.state;"
    linked = f"EXISTS (SELECT 1 FROM diffs WHERE id = {{row}}.diff_id AND state IN {OPEN})"
    clusters_of = "WHERE id IN (SELECT cluster_id FROM diff_clusters WHERE diff_id = NEW.id)"
    return (
        f"CREATE TRIGGER count_diff AFTER INSERT ON diffs BEGIN {count} END",
        f"CREATE TRIGGER uncount_diff AFTER DELETE ON diffs BEGIN {uncount} END",
        f"""
        CREATE TRIGGER recount_diff AFTER UPDATE OF state ON diffs WHEN OLD.state <> NEW.state
        BEGIN {uncount} {count} END
        """,
        f"""
        CREATE TRIGGER open_clusters AFTER UPDATE OF state ON diffs
        WHEN OLD.state NOT IN {OPEN} AND NEW.state IN {OPEN}
        BEGIN UPDATE clusters SET open_diffs = open_diffs + 1 {clusters_of}; END
        """,
        f"""
        CREATE TRIGGER close_clusters AFTER UPDATE OF state ON diffs
        WHEN OLD.state IN {OPEN} AND NEW.state NOT IN {OPEN}
        BEGIN UPDATE clusters SET open_diffs = open_diffs - 1 {clusters_of}; END
        """,
        f"""
        CREATE TRIGGER link_cluster AFTER INSERT ON diff_clusters WHEN {linked.format(row="NEW")}
        BEGIN UPDATE clusters SET open_diffs = open_diffs + 1 WHERE id = NEW.cluster_id; END
        """,
        f"""
        CREATE TRIGGER unlink_cluster AFTER DELETE ON diff_clusters WHEN {linked.format(row="OLD")}
        BEGIN UPDATE clusters SET open_diffs = open_diffs - 1 WHERE id = OLD.cluster_id; END
        """,
    )


def _sealing() -> tuple[str, ...]:
    """Triggers that seal runs, keep what is sealed, and refuse to seal as completed what is not whole."""
    parts = ("domain_runs", "entity_runs", "sightings", "sighting_clusters")
    return (
        *(
            append_only(table, event, row=row)
            for table in parts
            for event, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD"))
        ),
        append_only("runs", "UPDATE", row="OLD", unless=f"OLD.status <> 'running' AND NOT ({REOPENED})"),
        append_only("runs", "DELETE", row="OLD", unless="1"),
        append_only("runs", "INSERT", row="NEW", unless="EXISTS (SELECT 1 FROM runs WHERE id = NEW.id)"),
        *(trigger for table in ("decisions", "rehearsals", "flag_changes") for trigger in only_grows(table)),
        """
        CREATE TRIGGER runs_start_running BEFORE INSERT ON runs WHEN NEW.status <> 'running'
        BEGIN SELECT RAISE(ABORT, 'runs: a run starts as running'); END
        """,
        """
        CREATE TRIGGER runs_sealed_whole BEFORE UPDATE OF status ON runs WHEN NEW.status = 'completed' BEGIN
            SELECT RAISE(ABORT, 'runs: a domain of the run is not finished') WHERE EXISTS (
                SELECT 1 FROM domain_runs WHERE run_id = NEW.id AND finished_at IS NULL
            );
            SELECT RAISE(ABORT, 'runs: a canary was missed') WHERE EXISTS (
                SELECT 1 FROM domain_runs WHERE run_id = NEW.id AND canaries_caught <> canaries_planted
            );
            SELECT RAISE(ABORT, 'runs: the diffs stored and the counts do not agree') WHERE EXISTS (
                SELECT 1 FROM entity_runs e LEFT JOIN (
                    SELECT d.domain, d.entity, COUNT(*) AS differing, SUM(s.state = 'unconfirmed') AS unconfirmed
                    FROM sightings s JOIN diffs d ON d.id = s.diff_id
                    WHERE s.run_id = NEW.id AND s.state NOT IN ('cleared', 'resolved')
                    GROUP BY d.domain, d.entity
                ) stored ON stored.domain = e.domain AND stored.entity = e.entity
                WHERE e.run_id = NEW.id AND (
                    COALESCE(stored.unconfirmed, 0) <> e.unconfirmed OR COALESCE(stored.differing, 0) <>
                    e.missing_in_target + e.extra_in_target + e.field_mismatch + e.key_defect + e.unreadable
                )
            );
            SELECT RAISE(ABORT, 'runs: diffs are stored of an entity that was not finished') WHERE EXISTS (
                SELECT 1 FROM sightings s
                JOIN diffs d ON d.id = s.diff_id
                JOIN domain_runs p ON p.run_id = s.run_id AND p.domain = d.domain AND p.error = ''
                WHERE s.run_id = NEW.id AND s.state NOT IN ('cleared', 'resolved') AND NOT EXISTS (
                    SELECT 1 FROM entity_runs e WHERE e.run_id = NEW.id AND e.domain = d.domain AND e.entity = d.entity
                )
            );
        END
        """,
    )


STEP = Migration(
    number=1,
    name="runs, diffs, clusters and decisions",
    statements=(*RUNS, *DIFFS, *PEOPLE, *MEMORY, *FLAGS, *_counting(), *_sealing()),
)
