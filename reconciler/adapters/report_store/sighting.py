"""How diffs are written: each sighting of a run, what it does to the diff's life, and the clusters it belongs to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from reconciler.adapters.report_store.life import CONFIRMED, GONE, sighted, state_after
from reconciler.adapters.report_store.recording import insert, require_part
from reconciler.adapters.report_store.texts import dump, dump_or_note, safe, to_micros
from reconciler.core.model import ClusterKey, DiffState, ReportedDiff, ReportedField

OPEN = "state IN ('unconfirmed', 'confirmed', 'regressed')"
# Locators are bound one by one: SQLite's JSON functions cut a text at a NUL, and then two locators would be one.
PARAMETERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Which run saw it, and when, in microseconds."""

    run_id: int
    micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is stored of a diff before this sighting."""

    id: int
    state: DiffState | None
    was_resolved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A diff of this run with its id, its state as this run saw it, and its state from now on."""

    diff: ReportedDiff
    id: int
    is_new: bool
    seen: DiffState
    state: DiffState


def record(db: Database, run_id: int, *, domain: str, entity: str, diffs: Sequence[ReportedDiff], at: datetime) -> None:
    """Stores the diffs as seen by this run; of several with one locator the last counts."""
    moment = Moment(run_id=run_id, micros=to_micros(at))
    by_locator = {safe(diff.locator): diff for diff in diffs}
    known = _known(db, domain, entity, list(by_locator))
    sightings = [_sighting(diff, known[locator]) for locator, diff in by_locator.items()]
    _write_diffs(db, domain, entity, sightings, moment)
    clusters = _cluster_ids(db, sightings, moment)
    _write_sightings(db, sightings, clusters, moment)
    _link_clusters(db, sightings, clusters, moment)
    _note_last_diff(db, domain, sightings, moment)


def resolve(
    db: Database, run_id: int, *, domain: str, entity: str, locators: Sequence[str] | None, at: datetime
) -> None:
    """Ends the open diffs of the entity that this run did not see: those at the locators, or all."""
    query = f"""
        UPDATE diffs SET
            state = CASE state WHEN 'unconfirmed' THEN 'cleared' ELSE 'resolved' END,
            resolved_at = CASE state WHEN 'unconfirmed' THEN resolved_at ELSE :at END
        WHERE domain = :domain AND entity = :entity AND {OPEN} {"" if locators is None else "AND locator = :locator"}
            AND NOT EXISTS (SELECT 1 FROM sightings s WHERE s.run_id = :run AND s.diff_id = diffs.id)
        """
    common = {"run": run_id, "domain": domain, "entity": entity, "at": to_micros(at)}
    if locators is None:
        db.execute(query, common)
    else:
        db.conn.executemany(query, [{**common, "locator": safe(locator)} for locator in locators])


def _known(db: Database, domain: str, entity: str, locators: list[str]) -> dict[str, Known]:
    """What is stored at each locator; a new id where nothing is."""
    known = {}
    for first in range(0, len(locators), PARAMETERS):
        chunk = locators[first : first + PARAMETERS]
        rows = db.execute(
            "SELECT locator, id, state, resolved_at FROM diffs "
            f"WHERE domain = ? AND entity = ? AND locator IN ({', '.join('?' * len(chunk))})",
            [domain, entity, *chunk],
        )
        for locator, diff_id, state, resolved_at in rows:
            known[locator] = Known(id=diff_id, state=DiffState(state), was_resolved=resolved_at is not None)
    last = db.execute("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'diffs'").fetchone()[0]
    new = [locator for locator in locators if locator not in known]
    return known | {
        locator: Known(id=last + number, state=None, was_resolved=False) for number, locator in enumerate(new, start=1)
    }


def _sighting(diff: ReportedDiff, known: Known) -> Sighting:
    seen = sighted(diff.state, was_resolved=known.was_resolved)
    return Sighting(
        diff=diff, id=known.id, is_new=known.state is None, seen=seen, state=state_after(known.state, seen)
    )  # fmt: skip


def _write_diffs(db: Database, domain: str, entity: str, sightings: Iterable[Sighting], moment: Moment) -> None:
    """Adds new diffs and moves the others on; what has cleared was not seen again."""
    at, run = moment.micros, moment.run_id
    new = [
        (one.id, domain, entity, safe(one.diff.locator), safe(one.diff.key), one.state.value, run, at, run, at)
        for one in sightings
        if one.is_new
    ]
    seen = [
        (safe(one.diff.key), one.state.value, at, at if one.seen not in GONE else 0, run, one.id)
        for one in sightings
        if not one.is_new
    ]
    db.conn.executemany(
        "INSERT INTO diffs (id, domain, entity, locator, key, state, first_run, first_seen_at, last_run, last_seen_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        new,
    )
    db.conn.executemany(
        "UPDATE diffs SET key = ?1, state = ?2, last_run = ?5, last_seen_at = MAX(last_seen_at, ?4), "
        "resolved_at = CASE WHEN ?2 = 'resolved' AND state <> 'resolved' THEN ?3 ELSE resolved_at END WHERE id = ?6",
        seen,
    )


def _cluster_ids(db: Database, sightings: Iterable[Sighting], moment: Moment) -> dict[ClusterKey, int]:
    """The id of every cluster that the sightings belong to; new ones are added, all are marked as seen now."""
    keys = dict.fromkeys(key for one in sightings for key in _keys(one.diff))
    return {key: _cluster_id(db, key, moment) for key in keys}


def _keys(diff: ReportedDiff) -> tuple[ClusterKey, ...]:
    """The clusters of a diff: of its fields, or its own."""
    own = (diff.cluster,) if diff.cluster is not None else ()
    return (*own, *(field.cluster for field in diff.fields))


def _cluster_id(db: Database, key: ClusterKey, moment: Moment) -> int:
    parts = [key.domain, key.entity, key.path, key.kind, key.types, key.cause]
    fingerprint = dump(parts)
    found = db.execute("SELECT id FROM clusters WHERE fingerprint = ?", [fingerprint]).fetchone()
    if found is None:
        row = dict(zip(("domain", "entity", "path", "kind", "types", "cause"), parts, strict=True))
        life = {"first_run": moment.run_id, "first_seen_at": moment.micros}
        last = {"last_run": moment.run_id, "last_seen_at": moment.micros}
        return insert(db, "clusters", {"fingerprint": fingerprint, "title": key.title, **row, **life, **last})
    db.execute(
        "UPDATE clusters SET last_run = ?, last_seen_at = MAX(last_seen_at, ?) WHERE id = ?",
        [moment.run_id, moment.micros, found[0]],
    )
    return int(found[0])


def _write_sightings(
    db: Database, sightings: Iterable[Sighting], clusters: Mapping[ClusterKey, int], moment: Moment
) -> None:
    rows = [
        (
            moment.run_id,
            one.id,
            one.diff.outcome.value,
            one.seen.value,
            moment.micros,
            None if one.diff.cluster is None else clusters[one.diff.cluster],
            dump([_field(field, clusters) for field in one.diff.fields]),
            safe(one.diff.detail),
        )
        for one in sightings
    ]
    db.conn.executemany(
        """
        INSERT INTO sightings (run_id, diff_id, outcome, state, seen_at, cluster_id, fields, detail)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (run_id, diff_id) DO UPDATE SET outcome = excluded.outcome, state = excluded.state,
            seen_at = excluded.seen_at, cluster_id = excluded.cluster_id, fields = excluded.fields,
            detail = excluded.detail
        """,
        rows,
    )


def _field(field: ReportedField, clusters: Mapping[ClusterKey, int]) -> dict[str, object]:
    """A field as it is stored; a value that JSON cannot say becomes null, with a note."""
    source, note = dump_or_note(field.source, field.note)
    target, note = dump_or_note(field.target, note)
    return {
        "path": field.path,
        "kind": field.kind.value,
        "source": source,
        "target": target,
        "redacted": None if field.redacted is None else field.redacted.value,
        "cluster": clusters[field.cluster],
        "note": note,
    }


def _link_clusters(
    db: Database, sightings: Iterable[Sighting], clusters: Mapping[ClusterKey, int], moment: Moment
) -> None:
    """Ties the diffs to the clusters of this sighting, and unties them from those of the sighting before."""
    wanted = {one.id: set() if one.seen in GONE else {clusters[key] for key in _keys(one.diff)} for one in sightings}
    ids = dump(list(wanted))
    db.execute(
        "DELETE FROM sighting_clusters WHERE run_id = ? AND diff_id IN (SELECT value FROM json_each(?))",
        [moment.run_id, ids],
    )
    db.conn.executemany(
        "INSERT INTO sighting_clusters (run_id, cluster_id, diff_id) VALUES (?, ?, ?)",
        [(moment.run_id, cluster, diff) for diff, linked in wanted.items() for cluster in sorted(linked)],
    )
    stored = set(
        db.execute(
            "SELECT cluster_id, diff_id FROM diff_clusters WHERE diff_id IN (SELECT value FROM json_each(?))", [ids]
        )
    )
    links = {(cluster, diff) for diff, linked in wanted.items() for cluster in linked}
    still = {(cluster, diff) for cluster, diff in stored if wanted[diff]}
    db.conn.executemany("DELETE FROM diff_clusters WHERE cluster_id = ? AND diff_id = ?", sorted(still - links))
    db.conn.executemany("INSERT INTO diff_clusters (cluster_id, diff_id) VALUES (?, ?)", sorted(links - stored))


def _note_last_diff(db: Database, domain: str, sightings: Iterable[Sighting], moment: Moment) -> None:
    """Keeps the time of the domain's last confirmed diff of this run, whatever becomes of the diff."""
    part = db.execute("SELECT 1 FROM domain_runs WHERE run_id = ? AND domain = ?", [moment.run_id, domain])
    require_part(part.fetchone(), moment.run_id, domain)
    if any(one.seen in CONFIRMED for one in sightings):
        db.execute(
            "UPDATE domain_runs SET last_diff_at = MAX(COALESCE(last_diff_at, ?1), ?1) "
            "WHERE run_id = ?2 AND domain = ?3",
            [moment.micros, moment.run_id, domain],
        )
