"""Stored diffs and clusters read back, a page at a time, and the notes that people make on clusters."""

import json
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from reconciler.adapters.report_store.auditing import append
from reconciler.adapters.report_store.recording import insert
from reconciler.adapters.report_store.texts import EMPTY, safe, to_micros, to_time
from reconciler.app.ports import ClusterCount, ClusterNote, DiffFilter, StoredDiff, StoredField
from reconciler.core.audit import Act
from reconciler.core.model import OPEN_STATES, DiffKind, DiffState, Outcome
from reconciler.errors import NotFound

PAGE = 500
Row = Mapping[str, Any]
SHOWN = (
    "d.id, s.run_id, d.domain, d.entity, d.key, d.locator, s.outcome, {state} AS state, "
    "d.first_seen_at, d.last_seen_at, d.first_run, s.cluster_id, s.fields, s.detail"
)
NOTED = "COALESCE(t.owner, '') AS owner, COALESCE(t.note, '') AS note, COALESCE(t.link, '') AS link"
NOTES = "LEFT JOIN cluster_notes t ON t.id = (SELECT MAX(id) FROM cluster_notes WHERE cluster_id = c.id)"
OPEN = "d.state IN ('unconfirmed', 'confirmed', 'regressed')"


def read_page(db: Database, wanted: DiffFilter, *, after: int, limit: int) -> list[StoredDiff]:
    """The first diffs that fit, above the id `after`."""
    query, parameters = page_query(wanted)
    rows = db.query(f"{query} LIMIT :limit", {**parameters, "after": after, "limit": limit})
    return [_diff(row) for row in rows]


def page_query(wanted: DiffFilter) -> tuple[str, dict[str, object]]:
    """A page's query without its LIMIT; walks by id a run's cluster, a cluster, a run, or all diffs by an index."""
    cluster = None if wanted.cluster is None else cluster_number(wanted.cluster)
    parameters: dict[str, object] = {
        "run": wanted.run,
        "cluster": cluster,
        "domain": wanted.domain,
        "entity": wanted.entity,
    }
    in_run = wanted.run is not None
    state = "s.state" if in_run else "d.state"
    diffs = "CROSS JOIN diffs d ON d.id = {}"
    last = "CROSS JOIN sightings s ON s.run_id = d.last_run AND s.diff_id = d.id"
    if in_run and cluster is not None:
        seen = "CROSS JOIN sightings s ON s.run_id = :run AND s.diff_id = d.id"
        walk = f"sighting_clusters c {diffs.format('c.diff_id')} {seen}"
        where, by = "c.run_id = :run AND c.cluster_id = :cluster", "c.diff_id"
    elif in_run:
        walk, where, by = f"sightings s {diffs.format('s.diff_id')}", "s.run_id = :run", "s.diff_id"
    elif cluster is not None:
        walk, where, by = f"diff_clusters c {diffs.format('c.diff_id')} {last}", "c.cluster_id = :cluster", "c.diff_id"
    else:
        walk, where, by = f"diffs d {_way(wanted)} {last}", OPEN if _only_open(wanted) else "1", "d.id"
    conditions = [where, f"{by} > :after", *_conditions(wanted, state)]
    query = f"SELECT {SHOWN.format(state=state)} FROM {walk} WHERE {' AND '.join(conditions)} ORDER BY {by}"
    return query, parameters


def _only_open(wanted: DiffFilter) -> bool:
    """Whether only diffs that are open are wanted, which have indexes of their own."""
    return bool(wanted.states) and OPEN_STATES.issuperset(wanted.states)


def _way(wanted: DiffFilter) -> str:
    """The index that all diffs are walked by in the order of their ids, so that nothing is sorted for a page."""
    if wanted.domain is not None:
        return "INDEXED BY open_diffs_of_domain" if _only_open(wanted) else "INDEXED BY diffs_of_domain"
    if len(wanted.states) == 1:
        return "INDEXED BY diffs_in_state"
    return "INDEXED BY open_diffs" if _only_open(wanted) else "NOT INDEXED"


def _conditions(wanted: DiffFilter, state: str) -> list[str]:
    """What else a diff must be. States are words of our own, so they may stand in the query.

    `+` keeps SQLite from an index that is not the way chosen: it would sort a million diffs for a page of fifty.
    """
    everything = wanted.run is None and wanted.cluster is None
    by_state = everything and wanted.domain is None and len(wanted.states) == 1
    states = ", ".join(f"'{DiffState(one).value}'" for one in wanted.states)
    return [
        *([f"{'' if everything else '+'}d.domain = :domain"] if wanted.domain is not None else []),
        *(["+d.entity = :entity"] if wanted.entity is not None else []),
        *([f"{'' if by_state else '+'}{state} IN ({states})"] if states else []),
    ]


def get_diff(db: Database, diff_id: int) -> StoredDiff:
    """The diff as its last run saw it, in its state of today; NotFound where there is none."""
    query = (
        f"SELECT {SHOWN.format(state='d.state')} FROM diffs d "
        "JOIN sightings s ON s.run_id = d.last_run AND s.diff_id = d.id WHERE d.id = ?"
    )
    for row in db.query(query, [diff_id]):
        return _diff(row)
    raise NotFound(f"diff {diff_id} does not exist", next_step="`reconciler diffs list`")


def _diff(row: Row) -> StoredDiff:
    return StoredDiff(
        id=row["id"],
        run=row["run_id"],
        domain=row["domain"],
        entity=row["entity"],
        key=row["key"],
        locator=row["locator"],
        outcome=Outcome(row["outcome"]),
        state=DiffState(row["state"]),
        first_seen_at=to_time(row["first_seen_at"]),
        last_seen_at=to_time(row["last_seen_at"]),
        first_run=row["first_run"],
        fields=() if row["fields"] == EMPTY else tuple(_field(one) for one in json.loads(row["fields"])),
        cluster=None if row["cluster_id"] is None else cluster_name(row["cluster_id"]),
        detail=row["detail"],
    )


def _field(stored: dict[str, Any]) -> StoredField:
    kind, cluster = DiffKind(stored.pop("kind")), cluster_name(stored.pop("cluster"))
    return StoredField(**stored, kind=kind, cluster=cluster)


def cluster_name(number: int) -> str:
    """How a cluster is shown: `K-7`."""
    return f"K-{number}"


def cluster_number(name: str) -> int:
    """The number in `K-7`; NotFound for anything else."""
    prefix, _, number = name.partition("-")
    if prefix.upper() != "K" or not number.isascii() or not number.isdigit() or len(number) > len(str(2**62)) - 1:
        raise NotFound(f"no cluster {name!r}", expected="a name like K-7", next_step="`reconciler clusters list`")
    return int(number)


def list_clusters(db: Database, *, run: int | None, domain: str | None) -> list[ClusterCount]:
    """Clusters, most diffs first: of one run with that run's counts, or of all open diffs."""
    if run is None:
        source = f"SELECT c.*, c.open_diffs AS diffs, {NOTED} FROM clusters c {NOTES} WHERE c.open_diffs > 0"
    else:
        source = (
            f"SELECT c.*, n.diffs, {NOTED} FROM (SELECT cluster_id, COUNT(*) AS diffs FROM sighting_clusters "
            f"WHERE run_id = :run GROUP BY cluster_id) n JOIN clusters c ON c.id = n.cluster_id {NOTES} WHERE 1"
        )
    narrowed = " AND c.domain = :domain" if domain is not None else ""
    rows = db.query(f"{source}{narrowed} ORDER BY diffs DESC, c.id", {"run": run, "domain": domain})
    return [_cluster(row) for row in rows]


def get_cluster(db: Database, name: str) -> ClusterCount:
    """The cluster with its open diffs, or where none is open with those of the last run that saw it."""
    query = f"""
        SELECT c.*, {NOTED}, CASE WHEN c.open_diffs > 0 THEN c.open_diffs ELSE (
            SELECT COUNT(*) FROM sighting_clusters s WHERE s.run_id = c.last_run AND s.cluster_id = c.id
        ) END AS diffs FROM clusters c {NOTES} WHERE c.id = ?
    """
    for row in db.query(query, [cluster_number(name)]):
        return _cluster(row)
    raise NotFound(f"cluster {name} does not exist", next_step="`reconciler clusters list`")


def _cluster(row: Row) -> ClusterCount:
    return ClusterCount(
        id=cluster_name(row["id"]),
        domain=row["domain"],
        entity=row["entity"],
        path=row["path"],
        kind=row["kind"],
        title=row["title"],
        cause=row["cause"],
        types=row["types"],
        diffs=row["diffs"],
        first_run=row["first_run"],
        last_run=row["last_run"],
        first_seen_at=to_time(row["first_seen_at"]),
        last_seen_at=to_time(row["last_seen_at"]),
        open=row["open_diffs"] > 0,
        owner=row["owner"],
        note=row["note"],
        link=row["link"],
    )


def note_cluster(db: Database, cluster_id: str, *, note: ClusterNote, act: Act) -> ClusterCount:
    """Stores what holds of a cluster from now on, and the act of noting it."""
    before = get_cluster(db, cluster_id)
    row = {
        "cluster_id": cluster_number(cluster_id),
        "owner": before.owner if note.owner is None else safe(note.owner),
        "note": before.note if note.note is None else safe(note.note),
        "link": before.link if note.link is None else safe(note.link),
        "actor": safe(act.actor.name),
        "at": to_micros(act.at),
    }
    insert(db, "cluster_notes", row)
    append(db, act)
    return get_cluster(db, cluster_id)
