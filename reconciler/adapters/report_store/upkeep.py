"""Care for the report database itself: whether it is sound, a copy of it, and letting go of what is old."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from reconciler.adapters.private_files import create, draft_of, publish, refused
from reconciler.adapters.report_schema.applying import schema_version
from reconciler.adapters.report_store.tallies import keep_of_pruned
from reconciler.adapters.report_store.texts import dump, to_micros, to_time_or_none
from reconciler.app.housekeeping import Upkeep
from reconciler.errors import ReportStoreError

MOST_PROBLEMS = 20
MISCOUNTS = """
    SELECT 'open_counts: ' || COALESCE(k.domain, '') || ' ' || COALESCE(k.state, '')
    FROM open_counts k LEFT JOIN (SELECT domain, state, COUNT(*) AS n FROM diffs GROUP BY domain, state) d
        ON d.domain = k.domain AND d.state = k.state
    WHERE k.diffs <> COALESCE(d.n, 0)
    UNION ALL
    SELECT 'clusters: K-' || c.id
    FROM clusters c LEFT JOIN (
        SELECT l.cluster_id, COUNT(*) AS n FROM diff_clusters l JOIN diffs d ON d.id = l.diff_id
        WHERE d.state IN ('unconfirmed', 'confirmed', 'regressed') GROUP BY l.cluster_id
    ) o ON o.cluster_id = c.id
    WHERE c.open_diffs <> COALESCE(o.n, 0)
"""
KEPT = """
    SELECT id FROM runs WHERE status = 'running' OR started_at >= :cutoff
    UNION SELECT last_run FROM diffs WHERE state IN ('unconfirmed', 'confirmed', 'regressed')
    UNION SELECT MAX(r.id) FROM runs r JOIN domain_runs p ON p.run_id = r.id
        WHERE r.mode = 'scan' AND r.status = 'completed' GROUP BY p.domain
"""
# In the order that foreign keys ask for; a diff goes with the run that saw it last.
PRUNE = (
    "DELETE FROM sighting_clusters WHERE run_id IN (SELECT value FROM json_each(:runs))",
    "DELETE FROM sightings WHERE run_id IN (SELECT value FROM json_each(:runs))",
    "DELETE FROM scanned_ranges WHERE run_id IN (SELECT value FROM json_each(:runs))",
    "DELETE FROM entity_runs WHERE run_id IN (SELECT value FROM json_each(:runs))",
    "DELETE FROM run_environments WHERE run_id IN (SELECT value FROM json_each(:runs))",
    "DELETE FROM domain_runs WHERE run_id IN (SELECT value FROM json_each(:runs))",
    "DELETE FROM runs WHERE id IN (SELECT value FROM json_each(:runs))",
    """
    DELETE FROM diff_clusters WHERE diff_id IN (
        SELECT id FROM diffs WHERE last_run IN (SELECT value FROM json_each(:runs))
    )
    """,
)

STILL_LOOKED_AT = timedelta(days=1)
# What was given up or is on its way stays, and so does what totals, feeds and gates refer to.
PRUNE_NOTICES = (
    "DELETE FROM deliveries WHERE status = 'delivered' AND last_at < ?",
    """
    DELETE FROM events WHERE at < ? AND type <> 'reconciler.schedule.missed.v1'
        AND id NOT IN (SELECT event_id FROM deliveries)
        AND id NOT IN (SELECT event_id FROM standings WHERE event_id IS NOT NULL)
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How much a pruning let go."""

    runs: int
    diffs: int


def find_problems(db: Database) -> list[str]:
    """What is wrong with the database, a line each; nothing where it is sound."""
    integrity = [row[0] for row in db.execute(f"PRAGMA integrity_check({MOST_PROBLEMS})") if row[0] != "ok"]
    lost = db.execute("PRAGMA foreign_key_check").fetchall()
    foreign = [f"{table}: a row refers to no row of {parent}" for table, _, parent, _ in lost]
    miscounts = [f"{row[0]} is miscounted" for row in db.execute(MISCOUNTS)]
    return [*integrity, *foreign, *miscounts]


def back_up(db: Database, target: Path) -> None:
    """A whole copy with mode 0600 under a name that was free. Raises ReportStoreError."""
    draft = draft_of(target)
    try:
        create(draft)
        db.execute("VACUUM INTO ?", [str(draft)])
        published = publish(target, draft)
    except OSError as error:
        raise refused(error, f"backup {target} cannot be written") from None
    finally:
        draft.unlink(missing_ok=True)
    if not published:
        raise ReportStoreError(f"backup {target}", expected="a free name", got="a file", next_step="name another")


def note_backup(db: Database, *, at: datetime) -> None:
    """Notes that a copy was made."""
    db.execute("INSERT INTO backups (at) VALUES (?)", [to_micros(at)])


def describe(db: Database, *, path: Path) -> Upkeep:
    """The database as a file; a log that is not there has no size."""
    log = path.with_name(f"{path.name}-wal")
    backed_up, pruned = (
        to_time_or_none(db.execute(f"SELECT MAX(at) FROM {table}").fetchone()[0]) for table in ("backups", "prunings")
    )
    return Upkeep(
        path=str(path),
        bytes=path.stat().st_size,
        log_bytes=log.stat().st_size if log.exists() else 0,
        schema=schema_version(db),
        backed_up_at=backed_up,
        pruned_at=pruned,
    )


def prune(db: Database, *, older_than: datetime, at: datetime) -> Pruned:
    """Lets go of runs that started before `older_than`, and of diffs that none of the runs left has seen.

    Kept however old: running runs, each domain's newest completed scan, the last sighting of every open diff, decisions
    and rehearsals. No other door lets a sealed run be deleted; each opening stays noted in `prunings`.
    """
    parameters = {"cutoff": to_micros(older_than)}
    runs = [row[0] for row in db.execute(f"SELECT id FROM runs WHERE id NOT IN ({KEPT})", parameters)]
    door = db.execute("INSERT INTO prunings (older_than, at) VALUES (?, ?)", [to_micros(older_than), to_micros(at)])
    keep_of_pruned(db, pruning=int(door.lastrowid or 0), runs=runs)
    named = {"runs": dump(runs)}
    for statement in PRUNE:
        db.execute(statement, named)
    diffs = db.execute("DELETE FROM diffs WHERE last_run IN (SELECT value FROM json_each(:runs))", named).rowcount
    for statement in PRUNE_NOTICES:
        db.execute(statement, [to_micros(min(older_than, at - STILL_LOOKED_AT))])
    db.execute("UPDATE prunings SET finished = 1 WHERE id = ?", [door.lastrowid])
    return Pruned(runs=len(runs), diffs=diffs)


def shrink(db: Database) -> None:
    """Gives freed space back, so that nothing deleted can be read from the file or its log."""
    db.execute("VACUUM")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
