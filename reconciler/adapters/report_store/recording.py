"""What a run writes: its start, its parts, its seal; each function runs inside a transaction of the writer."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlite_utils import Database

from reconciler.adapters.report_store.texts import (
    dump,
    dump_draw,
    dump_invariants,
    dump_mapping,
    dump_schema,
    dump_texts,
    load_mapping,
    safe,
    to_micros,
    to_time,
)
from reconciler.app.ports import RunStart
from reconciler.core.cutover import Mark
from reconciler.core.model import EntitySummary, Outcome, RunStatus
from reconciler.errors import NotFound, ReportStoreError, UsageError

OUTCOMES = tuple(Outcome)
ENTITY_COLUMNS = (
    "run_id", "position", "domain", "entity", "source_records", "target_records", "seen", "compared",
    *(outcome.value for outcome in OUTCOMES),
    "cleared", "unconfirmed", "coverage", "method", "complete", "may_be_empty", "invariants", "softened",
    "ignored", "tolerated", "schema_look", "notes", "finished_at", "sample",
)  # fmt: skip


def insert(db: Database, table: str, row: Mapping[str, object]) -> int:
    """Adds a row and returns its id."""
    marks = ", ".join(f":{name}" for name in row)
    cursor = db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", dict(row))
    return int(cursor.lastrowid or 0)


def start_run(db: Database, start: RunStart, *, process: str) -> int:
    """Notes the run as running, with a part for each domain; returns its id."""
    run_id = insert(
        db,
        "runs",
        {
            "mode": start.mode.value,
            "status": RunStatus.RUNNING.value,
            "seed": None if start.seed is None else str(start.seed),
            "trigger": safe(start.trigger),
            "started_at": to_micros(start.started_at),
            "config_digest": start.config_digest,
            "code_version": start.code_version,
            "identities": dump_mapping(start.identities),
            "process": process,
        },
    )
    for position, domain in enumerate(start.domains):
        digests = {"config_digest": start.config_digests[domain], "policy_digest": start.policy_digests[domain]}
        insert(db, "domain_runs", {"run_id": run_id, "position": position, "domain": domain, **digests})
    return run_id


def write_environment(db: Database, run_id: int, *, facts: Mapping[str, str]) -> None:
    """Notes what the run runs on; a resumed run says it again."""
    db.execute("INSERT OR REPLACE INTO run_environments VALUES (?, ?)", [run_id, dump_mapping(facts)])


def read_environment(db: Database, *, run_id: int) -> Mapping[str, str]:
    """What the run ran on; empty where nobody noted it."""
    row = db.execute("SELECT facts FROM run_environments WHERE run_id = ?", [run_id]).fetchone()
    return load_mapping(row[0]) if row else {}


def reopen_run(db: Database, run_id: int, *, process: str) -> None:
    """Makes a run that was interrupted, or failed before all domains were finished, a running one again."""
    row = db.execute("SELECT status FROM runs WHERE id = ?", [run_id]).fetchone()
    if row is None:
        raise NotFound(f"run {run_id} does not exist", next_step="`reconciler runs list`")
    broken = "SELECT EXISTS (SELECT 1 FROM domain_runs WHERE run_id = ? AND error <> '')"
    lost = row[0] == RunStatus.FAILED and db.execute(broken, [run_id]).fetchone()[0]
    if row[0] != RunStatus.INTERRUPTED and not lost:
        raise UsageError(
            f"run {run_id} can't be resumed",
            expected="an interrupted run",
            got=f"one that is {row[0]}",
            next_step="start a new run",
        )
    changes = "status = 'running', finished_at = NULL, process = ?"
    db.execute(f"UPDATE runs SET {changes} WHERE id = ?", [process, run_id])
    begun = "error = '', notes = '[]', finished_at = NULL"
    db.execute(f"UPDATE domain_runs SET {begun} WHERE run_id = ? AND error <> ''", [run_id])


def note_identities(db: Database, run_id: int, *, identities: Mapping[str, str]) -> None:
    """Stores which stores a run looks at, as soon as it has reached them."""
    db.execute("UPDATE runs SET identities = ? WHERE id = ?", [dump_mapping(identities), run_id])


def finished_domains(db: Database, *, run_id: int) -> frozenset[str]:
    """The domains whose part is stored whole."""
    rows = db.execute("SELECT domain FROM domain_runs WHERE run_id = ? AND finished_at IS NOT NULL", [run_id])
    return frozenset(name for (name,) in rows)


def require_running(db: Database, run_id: int) -> None:
    """Raises NotFound for a run that does not exist, ReportStoreError for one that is sealed."""
    row = db.execute("SELECT status FROM runs WHERE id = ?", [run_id]).fetchone()
    if row is None:
        raise NotFound(f"run {run_id} does not exist", next_step="`reconciler runs list`")
    if row[0] != RunStatus.RUNNING:
        raise ReportStoreError(
            f"run {run_id} is sealed", expected="status running", got=row[0], next_step="start another run"
        )


def write_entity(db: Database, run_id: int, *, domain: str, summary: EntitySummary, at: datetime) -> None:
    """Stores an entity's counts; the table's CHECKs refuse counts that do not add up."""
    position = db.execute("SELECT COUNT(*) FROM entity_runs WHERE run_id = ?", [run_id]).fetchone()[0]
    outcomes = {outcome.value: summary.outcomes[outcome] for outcome in OUTCOMES}
    row = {
        "run_id": run_id,
        "position": position,
        "domain": domain,
        "entity": summary.entity,
        "source_records": summary.source_records,
        "target_records": summary.target_records,
        "seen": summary.seen,
        "compared": summary.compared,
        **outcomes,
        "cleared": summary.cleared,
        "unconfirmed": summary.unconfirmed,
        "coverage": summary.coverage,
        "method": summary.method,
        "complete": int(summary.complete),
        "may_be_empty": int(summary.may_be_empty),
        "invariants": dump_invariants(summary.invariants),
        "softened": dump(dict(summary.softened)),
        "ignored": dump(dict(summary.ignored)),
        "tolerated": dump(dict(summary.tolerated)),
        "schema_look": dump_schema(summary.schema),
        "notes": dump_texts(summary.notes),
        "finished_at": to_micros(at),
        "sample": dump_draw(summary.sample),
    }
    updates = ", ".join(f"{name} = excluded.{name}" for name in ENTITY_COLUMNS if name != "position")
    marks = ", ".join(f":{name}" for name in ENTITY_COLUMNS)
    db.execute(
        f"INSERT INTO entity_runs ({', '.join(ENTITY_COLUMNS)}) VALUES ({marks}) "
        f"ON CONFLICT (run_id, domain, entity) DO UPDATE SET {updates}",
        row,
    )


def finish_domain(
    db: Database,
    run_id: int,
    *,
    domain: str,
    notes: Sequence[str],
    gaps: int | None,
    canaries: tuple[int, int],
    error: str,
    at: datetime,
) -> None:
    """Stores what ended a domain's part. Raises NotFound where the run has no such part."""
    planted, caught = canaries
    changed = db.execute(
        "UPDATE domain_runs SET notes = ?, gaps = ?, canaries_planted = ?, canaries_caught = ?, error = ?, "
        "finished_at = ? WHERE run_id = ? AND domain = ?",
        [dump_texts(notes), gaps, planted, caught, safe(error), to_micros(at), run_id, domain],
    ).rowcount
    require_part(changed, run_id, domain)


def require_part(found: object, run_id: int, domain: str) -> None:
    """Raises NotFound where a run has no part for the domain."""
    if not found:
        raise NotFound(f"run {run_id} has no part for domain {domain}", next_step="name a domain it began with")


def seal(db: Database, run_id: int, *, status: RunStatus, identities: Mapping[str, str], at: datetime) -> None:
    """Ends the run; the database itself refuses to complete what is not whole."""
    if status is RunStatus.RUNNING:
        raise ReportStoreError(f"run {run_id}", expected="a status that ends it", got=status.value)
    known = load_mapping(db.execute("SELECT identities FROM runs WHERE id = ?", [run_id]).fetchone()[0])
    db.execute(
        "UPDATE runs SET status = ?, finished_at = ?, identities = ? WHERE id = ?",
        [status.value, to_micros(at), dump_mapping({**known, **identities}), run_id],
    )


def require_sealed(db: Database, run_id: int, status: RunStatus) -> None:
    """Reads the seal back after the commit. Raises ReportStoreError where it is not there."""
    found = db.execute("SELECT status FROM runs WHERE id = ?", [run_id]).fetchone()
    if found is None or found[0] != status.value:
        raise ReportStoreError(
            f"run {run_id} was not saved", expected=f"status {status.value}", got=str(found and found[0]),
            next_step="`reconciler db check`",
        )  # fmt: skip


def add_mark(db: Database, mark: Mark) -> None:
    """Stores what somebody says of a step of the cutover."""
    row: dict[str, object] = {
        "step": mark.step,
        "done": int(mark.done),
        "actor": safe(mark.actor),
        "comment": safe(mark.comment),
        "at": to_micros(mark.at),
    }
    insert(db, "cutover_marks", row)


def marks(db: Database) -> list[Mark]:
    """Every mark, oldest first."""
    rows = db.execute("SELECT step, done, actor, comment, at FROM cutover_marks ORDER BY id")
    return [
        Mark(step=step, done=bool(done), actor=actor, comment=comment, at=to_time(at))
        for step, done, actor, comment, at in rows
    ]


def running_processes(db: Database) -> list[tuple[int, str]]:
    """The runs that are running, each with the token of its process."""
    rows = db.execute("SELECT id, process FROM runs WHERE status = 'running' ORDER BY id")
    return [(run_id, process) for run_id, process in rows]


def interrupt(db: Database, run_ids: Sequence[int], *, at: datetime) -> None:
    """Seals runs as interrupted, unless they ended meanwhile."""
    for run_id in run_ids:
        db.execute(
            "UPDATE runs SET status = 'interrupted', finished_at = ? WHERE id = ? AND status = 'running'",
            [to_micros(at), run_id],
        )
