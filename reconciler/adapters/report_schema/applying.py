"""The steps in their order, and applying those that a report database lacks."""

from sqlite_utils import Database

from reconciler.adapters.report_schema import (
    m0001_runs_and_decisions,
    m0002_audit,
    m0003_samples_and_cutover_marks,
    m0004_access,
    m0005_rules,
    m0006_schema_looks,
    m0007_evidence_and_waivers,
    m0008_cluster_notes,
    m0009_waived_results,
    m0010_answered_configurations,
    m0011_tallies,
    m0012_run_environments,
    m0013_pauses_and_backups,
    m0014_lists_by_domain_and_state,
    m0015_scanned_ranges,
    m0016_notices,
)
from reconciler.adapters.report_schema.step import Migration
from reconciler.errors import ReportStoreError

APPLICATION_ID = 0x72636E63
MIGRATIONS: tuple[Migration, ...] = (
    m0001_runs_and_decisions.STEP,
    m0002_audit.STEP,
    m0003_samples_and_cutover_marks.STEP,
    m0004_access.STEP,
    m0005_rules.STEP,
    m0006_schema_looks.STEP,
    m0007_evidence_and_waivers.STEP,
    m0008_cluster_notes.STEP,
    m0009_waived_results.STEP,
    m0010_answered_configurations.STEP,
    m0011_tallies.STEP,
    m0012_run_environments.STEP,
    m0013_pauses_and_backups.STEP,
    m0014_lists_by_domain_and_state.STEP,
    m0015_scanned_ranges.STEP,
    m0016_notices.STEP,
)
NEWEST = MIGRATIONS[-1].number


def schema_version(db: Database) -> int:
    """The number of the last migration applied; 0 of an empty database."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def require_known(db: Database, path: str) -> int:
    """The schema version of a report database. Raises ReportStoreError for another's database or a newer schema."""
    version = schema_version(db)
    application = int(db.execute("PRAGMA application_id").fetchone()[0])
    if application != APPLICATION_ID:
        raise ReportStoreError(
            f"{path} is no report database of reconciler",
            expected=f"application id {APPLICATION_ID:#x}",
            got=f"{application:#x}",
            next_step="move the file away or name another folder in RECONCILER_REPORTS",
        )
    if version > NEWEST:
        raise ReportStoreError(
            f"report database {path} has a newer schema than this reconciler knows",
            expected=f"schema {NEWEST} or older",
            got=f"schema {version}",
            next_step="use the reconciler that wrote it, or a newer one",
        )
    return version


def migrate(db: Database) -> tuple[str, ...]:
    """Applies what is missing, each step in a transaction of its own; returns the names of the steps applied."""
    applied = []
    for step in MIGRATIONS:
        db.execute("BEGIN IMMEDIATE")
        try:
            if schema_version(db) < step.number:
                for statement in step.statements:
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {step.number}")
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                applied.append(step.name)
            db.execute("COMMIT")
        except BaseException:
            db.rollback()
            raise
    return tuple(applied)
