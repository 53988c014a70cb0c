"""What append-only entities are remembered by: keys that once matched, and those a later scan did not see."""

from collections.abc import Sequence

from sqlite_utils import Database

from reconciler.adapters.report_store.texts import dump


def remember(db: Database, *, run_id: int, entity: str, matched: Sequence[str], seen: Sequence[str]) -> None:
    """Notes the keys that matched, and of those known already that they were seen, as of this run."""
    db.execute(
        "INSERT INTO remembered (entity, key, last_run) SELECT ?, value, ? FROM json_each(?) WHERE 1 "
        "ON CONFLICT (entity, key) DO UPDATE SET last_run = excluded.last_run",
        [entity, run_id, dump(list(matched))],
    )
    db.execute(
        "UPDATE remembered SET last_run = ? WHERE entity = ? AND key IN (SELECT value FROM json_each(?))",
        [run_id, entity, dump(list(seen))],
    )


def vanished(db: Database, *, run_id: int, entity: str, limit: int) -> tuple[int, list[str]]:
    """How many remembered keys this run did not see, and some of them."""
    where = "FROM remembered WHERE entity = ? AND last_run < ?"
    count = int(db.execute(f"SELECT COUNT(*) {where}", [entity, run_id]).fetchone()[0])
    keys = [row[0] for row in db.execute(f"SELECT key {where} ORDER BY key LIMIT ?", [entity, run_id, limit])]
    return count, keys
