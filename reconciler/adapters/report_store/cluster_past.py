"""A cluster over time, read back: which scans saw its entity whole, how many diffs each saw, where its diffs lie."""

from sqlite_utils import Database

from reconciler.adapters.report_store.problems import cluster_number, get_cluster
from reconciler.adapters.report_store.texts import to_time
from reconciler.core.causes.beginnings import ClusterInRun, ClusterPast, Scan

MOST_SCANS = 1000
SCANS_OF_ENTITY = """
    SELECT e.run_id, r.started_at FROM domain_runs first
    JOIN domain_runs p ON p.domain = first.domain AND p.config_digest = first.config_digest
    JOIN entity_runs e ON e.run_id = p.run_id AND e.domain = p.domain AND e.entity = :entity AND e.complete = 1
    JOIN runs r ON r.id = p.run_id AND r.mode = 'scan' AND r.status = 'completed'
    WHERE first.run_id = :first_run AND first.domain = :domain ORDER BY e.run_id DESC LIMIT :most
"""
TREND = """
    SELECT newest.id, newest.started_at, (
        SELECT COUNT(*) FROM sighting_clusters s WHERE s.run_id = newest.id AND s.cluster_id = :cluster
    ) FROM (
        SELECT r.id, r.started_at FROM domain_runs p JOIN runs r ON r.id = p.run_id
        WHERE p.domain = :domain AND r.mode = 'scan' AND r.status = 'completed' ORDER BY r.id DESC LIMIT :most
    ) newest ORDER BY newest.id
"""


def read_past(db: Database, name: str, *, runs: int) -> ClusterPast:
    """What the newest completed scans saw of the cluster; NotFound where there is none."""
    cluster, number = get_cluster(db, name), cluster_number(name)
    asked = {"domain": cluster.domain, "entity": cluster.entity, "first_run": cluster.first_run, "cluster": number}
    scans = db.execute(SCANS_OF_ENTITY, asked | {"most": MOST_SCANS})
    trend = db.execute(TREND, asked | {"most": runs})
    span = "SELECT COALESCE(MIN(diff_id), 0), COALESCE(MAX(diff_id), 0) FROM diff_clusters WHERE cluster_id = ?"
    lowest, highest = db.execute(span, [number]).fetchone()
    return ClusterPast(
        scans=tuple(Scan(run=run, at=to_time(at)) for run, at in scans),
        trend=tuple(ClusterInRun(run=run, at=to_time(at), diffs=diffs) for run, at, diffs in trend),
        lowest=lowest,
        highest=highest,
    )
