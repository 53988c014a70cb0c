"""The fields and columns that scans came across, each with the run that saw it first and the one that saw it last."""

from collections.abc import Sequence
from datetime import datetime

from sqlite_utils import Database

from reconciler.adapters.report_store.texts import safe, to_micros, to_time
from reconciler.app.ports import StoredPath
from reconciler.core.schema_look import PathSeen

NOTE = """
INSERT INTO schema_paths (domain, entity, side, path, mentioned, count, looked_at, first_run, first_seen_at, last_run,
    last_seen_at)
VALUES (:domain, :entity, :side, :path, :mentioned, :count, :looked_at, :run, :at, :run, :at)
ON CONFLICT (domain, entity, side, path) DO UPDATE SET mentioned = excluded.mentioned, count = excluded.count,
    looked_at = excluded.looked_at, last_run = excluded.last_run, last_seen_at = excluded.last_seen_at
"""


def note(
    db: Database,
    *,
    run_id: int,
    domain: str,
    entity: str,
    mentioned: bool,
    paths: Sequence[PathSeen],
    at: datetime,
) -> None:
    """Notes what was seen in anything at all."""
    for one in paths:
        if one.count:
            row = {
                "domain": domain, "entity": entity, "side": one.side, "path": safe(one.path),
                "mentioned": int(mentioned), "count": one.count, "looked_at": one.looked_at, "run": run_id,
                "at": to_micros(at),
            }  # fmt: skip
            db.execute(NOTE, row)


def known(db: Database, *, domain: str) -> list[StoredPath]:
    """Everything ever seen of a domain."""
    rows = db.query("SELECT * FROM schema_paths WHERE domain = ? ORDER BY entity, side, path", [domain])
    return [
        StoredPath(
            entity=row["entity"],
            side=row["side"],
            path=row["path"],
            mentioned=bool(row["mentioned"]),
            count=row["count"],
            looked_at=row["looked_at"],
            first_run=row["first_run"],
            first_seen_at=to_time(row["first_seen_at"]),
            last_run=row["last_run"],
            last_seen_at=to_time(row["last_seen_at"]),
        )
        for row in rows
    ]
