"""Stored runs read back: runs with their parts, a domain's history, and what people decided."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlite_utils import Database

from reconciler.adapters.report_store import deciding, pausing, versions
from reconciler.adapters.report_store.recording import OUTCOMES
from reconciler.adapters.report_store.texts import (
    dump,
    load_draw,
    load_invariants,
    load_mapping,
    load_schema,
    load_texts,
    to_micros,
    to_time,
    to_time_or_none,
)
from reconciler.app.ports import StoredRun
from reconciler.core.history import DomainHistory, DomainRun, Rehearsal
from reconciler.core.model import DiffState, EntitySummary, Mode, RunStatus
from reconciler.core.spec import DomainSpec
from reconciler.errors import NotFound

Row = Mapping[str, Any]
PARTS_KEPT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A domain's parts of runs since a time, newest first, as they were at a version of the database."""

    version: int
    since: datetime
    parts: tuple[DomainRun, ...]


class SealedParts:
    """Parts of sealed runs, which never change, kept in memory by run and domain; the oldest read go first.

    Beside them each connection's lists of a domain's parts, and the ids from which lists begin, good for as long as
    nobody has written anything.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[int, str], DomainRun] = {}
        self._listed: WeakKeyDictionary[Database, dict[str, Listed]] = WeakKeyDictionary()
        self._lowest: WeakKeyDictionary[Database, dict[tuple[int, datetime], int]] = WeakKeyDictionary()

    def listed(self, db: Database, domain: str, *, version: int, since: datetime) -> list[DomainRun] | None:
        """The domain's parts since a time, newest first; None where they have to be read."""
        found = self._listed.get(db, {}).get(domain)
        if found is None or found.version != version or found.since > since:
            return None
        return [part for part in found.parts if part.started_at >= since]

    def keep_list(self, db: Database, domain: str, listed: Listed) -> None:
        """Keeps a list for the next who asks through the same connection."""
        self._listed.setdefault(db, {})[domain] = listed

    def lowest(self, db: Database, *, version: int, since: datetime) -> int:
        """An id that no run started since then is below: the lowest of those started since the full hour before it."""
        hour = since.replace(minute=0, second=0, microsecond=0)
        known = self._lowest.get(db, {})
        if (version, hour) not in known:
            kept = {key: lowest for key, lowest in known.items() if key[0] == version}
            known = self._lowest[db] = kept | {(version, hour): _lowest_since(db, hour)}
        return known[version, hour]

    def get(self, key: tuple[int, str]) -> DomainRun | None:
        """The part, where it was read before."""
        return self._kept.get(key)

    def keep(self, part: DomainRun) -> None:
        """Keeps the part if its run has ended for good: one that was interrupted or failed may be resumed."""
        if part.status is not RunStatus.COMPLETED:
            return
        self._kept[part.run_id, part.domain] = part
        while len(self._kept) > PARTS_KEPT:
            self._kept.pop(next(iter(self._kept)), None)


def get_run(db: Database, sealed: SealedParts, run_id: int) -> StoredRun:
    """The run; NotFound where there is none."""
    found = _stored(db, sealed, db.query("SELECT * FROM runs WHERE id = ?", [run_id]))
    if not found:
        raise NotFound(f"run {run_id} does not exist", next_step="`reconciler runs list`")
    return found[0]


def list_runs(
    db: Database, sealed: SealedParts, *, domain: str | None, mode: Mode | None, before: int | None, limit: int
) -> list[StoredRun]:
    """Runs newest first, below the id `before`, with all their parts; of one domain and mode where they are named."""
    having = "AND EXISTS (SELECT 1 FROM domain_runs p WHERE p.run_id = runs.id AND p.domain = :domain)"
    rows = db.query(
        f"SELECT * FROM runs WHERE (:before IS NULL OR id < :before) AND (:mode IS NULL OR mode = :mode) "
        f"{having if domain is not None else ''} ORDER BY id DESC LIMIT :limit",
        {"before": before, "domain": domain, "mode": None if mode is None else mode.value, "limit": limit},
    )
    return _stored(db, sealed, rows)


def _stored(db: Database, sealed: SealedParts, rows: Iterable[Row]) -> list[StoredRun]:
    runs = list(rows)
    keys = list(
        db.execute(
            "SELECT run_id, domain FROM domain_runs WHERE run_id IN (SELECT value FROM json_each(?)) "
            "ORDER BY run_id, position",
            [dump([row["id"] for row in runs])],
        )
    )
    parts = defaultdict(list)
    for part in read_parts(db, sealed, keys):
        parts[part.run_id].append(part)
    return [_run(row, parts[row["id"]]) for row in runs]


def _run(row: Row, parts: Sequence[DomainRun]) -> StoredRun:
    return StoredRun(
        id=row["id"],
        mode=Mode(row["mode"]),
        status=RunStatus(row["status"]),
        seed=None if row["seed"] is None else int(row["seed"]),
        trigger=row["trigger"],
        started_at=to_time(row["started_at"]),
        finished_at=to_time_or_none(row["finished_at"]),
        config_digest=row["config_digest"],
        code_version=row["code_version"],
        domains=tuple(parts),
    )


def read_parts(db: Database, sealed: SealedParts, keys: Sequence[tuple[int, str]]) -> list[DomainRun]:
    """The parts of runs with these run ids and domains, in that order."""
    found = {key: part for key in keys if (part := sealed.get(key)) is not None}
    for part in _read_parts(db, [key for key in keys if key not in found]):
        found[part.run_id, part.domain] = part
        sealed.keep(part)
    return [found[key] for key in keys]


def _read_parts(db: Database, keys: Sequence[tuple[int, str]]) -> Iterable[DomainRun]:
    if not keys:
        return
    wanted = dump([list(key) for key in keys])
    chosen = "SELECT value ->> 0 AS run_id, value ->> 1 AS domain FROM json_each(?)"
    entities = defaultdict(list)
    for row in db.query(
        f"SELECT e.* FROM ({chosen}) w CROSS JOIN entity_runs e ON e.run_id = w.run_id AND e.domain = w.domain "
        "ORDER BY e.run_id, e.position",
        [wanted],
    ):
        entities[row["run_id"], row["domain"]].append(_entity(row))
    for row in db.query(
        "SELECT p.*, r.mode, r.status, r.started_at, r.code_version, r.identities, r.finished_at AS run_finished_at "
        f"FROM ({chosen}) w CROSS JOIN domain_runs p ON p.run_id = w.run_id AND p.domain = w.domain "
        "CROSS JOIN runs r ON r.id = p.run_id",
        [wanted],
    ):
        yield _part(row, entities[row["run_id"], row["domain"]])


def _part(row: Row, entities: Sequence[EntitySummary]) -> DomainRun:
    finished = row["finished_at"] if row["finished_at"] is not None else row["run_finished_at"]
    return DomainRun(
        run_id=row["run_id"],
        domain=row["domain"],
        mode=Mode(row["mode"]),
        status=RunStatus(row["status"]),
        started_at=to_time(row["started_at"]),
        finished_at=to_time_or_none(finished),
        config_digest=row["config_digest"],
        policy_digest=row["policy_digest"],
        code_version=row["code_version"],
        entities=tuple(entities),
        notes=load_texts(row["notes"]),
        gaps=row["gaps"],
        error=row["error"],
        canaries_planted=row["canaries_planted"],
        canaries_caught=row["canaries_caught"],
        identities=load_mapping(row["identities"]),
    )


def _entity(row: Row) -> EntitySummary:
    return EntitySummary(
        entity=row["entity"],
        source_records=row["source_records"],
        target_records=row["target_records"],
        seen=row["seen"],
        compared=row["compared"],
        outcomes={outcome: row[outcome.value] for outcome in OUTCOMES},
        cleared=row["cleared"],
        unconfirmed=row["unconfirmed"],
        coverage=row["coverage"],
        method=row["method"],
        complete=bool(row["complete"]),
        may_be_empty=bool(row["may_be_empty"]),
        invariants=load_invariants(row["invariants"]),
        softened=json.loads(row["softened"]),
        ignored=json.loads(row["ignored"]),
        tolerated=json.loads(row["tolerated"]),
        schema=load_schema(row["schema_look"]),
        notes=load_texts(row["notes"]),
        sample=load_draw(row["sample"]),
    )


def parts_since(db: Database, sealed: SealedParts, domain: str, since: datetime) -> list[DomainRun]:
    """The domain's parts of runs that started at or after `since`, newest first."""
    version = int(db.execute("PRAGMA data_version").fetchone()[0])  # moves when another connection has committed
    known = sealed.listed(db, domain, version=version, since=since)
    if known is not None:
        return known
    lowest = sealed.lowest(db, version=version, since=since)
    rows = db.execute(
        "SELECT p.run_id, p.domain FROM domain_runs p CROSS JOIN runs r ON r.id = p.run_id "
        "WHERE p.domain = ? AND p.run_id >= ? AND r.started_at >= ? ORDER BY p.run_id DESC",
        [domain, lowest, to_micros(since)],
    )
    found = read_parts(db, sealed, list(rows))
    sealed.keep_list(db, domain, Listed(version=version, since=since, parts=tuple(found)))
    return found


def _lowest_since(db: Database, since: datetime) -> int:
    """The lowest id of a run started since then; `+` has it looked for among those alone, not from the first run on."""
    query = "SELECT MIN(+id) FROM runs INDEXED BY runs_by_start WHERE started_at >= ?"
    return int(db.execute(query, [to_micros(since)]).fetchone()[0] or 0)


def read_history(db: Database, sealed: SealedParts, spec: DomainSpec, since: datetime) -> DomainHistory:
    """What the domain's gate looks at: the parts since then, and the newest scan and completed scan however old."""
    domain = spec.name
    runs = {part.run_id: part for part in parts_since(db, sealed, domain, since)}
    scans = {(run_id, domain) for run_id in _newest_scans(db, domain) if run_id not in runs}
    runs.update({part.run_id: part for part in read_parts(db, sealed, sorted(scans))})
    counts = dict(db.execute("SELECT state, diffs FROM open_counts WHERE domain = ?", [domain]))
    return DomainHistory(
        runs=tuple(runs[run_id] for run_id in sorted(runs, reverse=True)),
        open_confirmed=counts.get(DiffState.CONFIRMED, 0) + counts.get(DiffState.REGRESSED, 0),
        open_unconfirmed=counts.get(DiffState.UNCONFIRMED, 0),
        last_diff_at=_last_diff_at(db, domain),
        decisions=deciding.decisions_of(db, domain),
        rehearsals=_rehearsals(db, domain),
        waivers=deciding.waivers_of(db, domain),
        pauses=pausing.pauses(db, since=since, domain=domain),
        configured_by=versions.answered_by(db, spec),
    )


def _newest_scans(db: Database, domain: str) -> list[int]:
    """The run ids of the domain's newest scan and of its newest completed scan."""
    newest = (
        "SELECT p.run_id FROM domain_runs p JOIN runs r ON r.id = p.run_id "
        "WHERE p.domain = ? AND r.mode = 'scan' {} ORDER BY p.run_id DESC LIMIT 1"
    )
    found = [db.execute(newest.format(more), [domain]).fetchone() for more in ("", "AND r.status = 'completed'")]
    return [row[0] for row in found if row is not None]


def _last_diff_at(db: Database, domain: str) -> datetime | None:
    query = "SELECT MAX(last_diff_at) FROM domain_runs WHERE domain = ? AND last_diff_at IS NOT NULL"
    return to_time_or_none(db.execute(query, [domain]).fetchone()[0])


def _rehearsals(db: Database, domain: str) -> tuple[Rehearsal, ...]:
    """Oldest first."""
    query = "SELECT domain, minutes, comment, actor, at FROM rehearsals WHERE domain = ? ORDER BY id"
    return tuple(Rehearsal(**{**row, "at": to_time(row["at"])}) for row in db.query(query, [domain]))
